"""The host package: classes that call a component, Protocols that a host implements, and their types."""

from __future__ import annotations

from .package import plan_host

__all__ = ["plan_host"]
