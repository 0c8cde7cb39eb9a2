"""Files and a folder: compare them, show how they differ, make the folder the same, all or nothing."""

from __future__ import annotations

from .differences import unified
from .folder import ForeignFilesError, Outcome, OutputError, check_output, write_files

__all__ = ["ForeignFilesError", "Outcome", "OutputError", "check_output", "unified", "write_files"]
