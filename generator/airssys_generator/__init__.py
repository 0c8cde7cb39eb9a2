"""From a WIT world to typed Python: host packages, guest bindings, the skeleton of a guest's code."""

from .errors import Diagnostic, ForeignFilesError, GenerationError
from .generate import Files, generate, skeleton
from .guest import componentize_options
from .namesfile import NamesFile, NamesFileError
from .options import Options, Target

__all__ = [
    "Diagnostic",
    "Files",
    "ForeignFilesError",
    "GenerationError",
    "NamesFile",
    "NamesFileError",
    "Options",
    "Target",
    "componentize_options",
    "generate",
    "skeleton",
]
