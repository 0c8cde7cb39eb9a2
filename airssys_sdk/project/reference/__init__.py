"""Documentation of WIT for people: one HTML page, and a Markdown file for each package."""

from __future__ import annotations

from .writing import Format, document

__all__ = ["Format", "document"]
