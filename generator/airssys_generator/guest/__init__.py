"""A guest's bindings, and the skeleton of its code."""

from __future__ import annotations

from .options import componentize_options
from .package import GuestPlan, plan_guest

__all__ = ["GuestPlan", "componentize_options", "plan_guest"]
