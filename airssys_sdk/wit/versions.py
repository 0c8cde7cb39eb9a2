"""Versions of interfaces: which of them may take each other's place."""

from __future__ import annotations

from collections.abc import Collection


def compatible(name: str, among: Collection[str]) -> str | None:
    """The name itself, or the one that differs from it in a compatible version only; None if neither is there.

    Args:
        name: an interface as components import and export it, `namespace:package/interface@version`.
        among: others.
    """
    if name in among:
        return name
    wanted = _track(name)
    return next((other for other in among if _track(other) == wanted), None)


def _track(name: str) -> tuple[str, str]:
    """An interface's name and what its compatible versions have in common: `1`, `0.2`; else the version itself."""
    path, _, version = name.partition("@")
    core = version.partition("+")[0]  # what follows is about the build, and may have hyphens
    if "-" in core or core.count(".") < 2:
        return path, version
    major, minor, _ = core.split(".", 2)
    if major != "0":
        return path, major
    return (path, f"0.{minor}") if minor != "0" else (path, version)
