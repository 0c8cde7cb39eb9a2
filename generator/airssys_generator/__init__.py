"""From a WIT world to typed Python: host packages, guest bindings, the skeleton of a guest's code."""

from __future__ import annotations

from . import plan
from .errors import Diagnostic, GenerationError
from .generate import Files, generate, skeleton
from .guest import componentize_options
from .hooks import Hook
from .merging import Change, Merged, merge_skeleton, previous_bindings
from .namesfile import NamesFile, NamesFileError
from .options import Options, Target
from .pointing import misspelt
from .reading import module_text
from .writing import ForeignFilesError, Outcome, OutputError, check_output, write_files

__all__ = [
    "Change",
    "Diagnostic",
    "Files",
    "ForeignFilesError",
    "GenerationError",
    "Hook",
    "Merged",
    "NamesFile",
    "NamesFileError",
    "Options",
    "Outcome",
    "OutputError",
    "Target",
    "check_output",
    "componentize_options",
    "generate",
    "merge_skeleton",
    "misspelt",
    "module_text",
    "plan",
    "previous_bindings",
    "skeleton",
    "write_files",
]
