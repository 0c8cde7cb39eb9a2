"""Bringing an author's module up to the WIT: what the author wrote stays byte for byte."""

from __future__ import annotations

from .outcome import Change, Merged
from .skeleton import merge_skeleton, previous_bindings

__all__ = ["Change", "Merged", "merge_skeleton", "previous_bindings"]
