"""Bringing an author's module up to the WIT: what the author wrote stays byte for byte."""

from __future__ import annotations

from .skeleton import merge_skeleton, previous_bindings

__all__ = ["merge_skeleton", "previous_bindings"]
