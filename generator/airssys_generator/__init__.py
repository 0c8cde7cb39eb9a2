"""From a WIT world to typed Python: host packages, guest bindings, the skeleton of a guest's code."""

from __future__ import annotations

from .errors import Diagnostic, GenerationError
from .generate import Files, generate, skeleton
from .guest import componentize_options
from .merge import merge_skeleton, previous_bindings
from .namesfile import NamesFile, NamesFileError
from .options import Options, Target
from .write import ForeignFilesError, Outcome, OutputError, write_files

__all__ = [
    "Diagnostic",
    "Files",
    "ForeignFilesError",
    "GenerationError",
    "NamesFile",
    "NamesFileError",
    "Options",
    "Outcome",
    "OutputError",
    "Target",
    "componentize_options",
    "generate",
    "merge_skeleton",
    "previous_bindings",
    "skeleton",
    "write_files",
]
