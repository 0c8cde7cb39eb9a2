"""Optional parts: packages that the SDK does without until somebody asks for what needs them."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from .errors import ToolMissingError


class ExtraMissing(ToolMissingError):
    """Something needs an extra of this package that is not installed."""


@contextlib.contextmanager
def extra(name: str, *packages: str, purpose: str) -> Generator[None, None, None]:
    """Import the packages of an extra in a `with` block.

    Args:
        name: the extra, as pyproject.toml calls it.
        packages: the import names that come with it.
        purpose: what needs it, in a few words.

    Raises:
        ExtraMissing: one of the packages is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in packages:
            raise
        raise ExtraMissing(
            f"{purpose} needs the extra {name!r}, which is not installed",
            hint=f"pip install 'airssys-sdk[{name}]'",
        ) from error
