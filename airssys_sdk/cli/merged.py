"""Telling the author what generating did to the module with their code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airssys_sdk.cli.text import safe_line

if TYPE_CHECKING:
    from airssys_generator import Merged
    from airssys_sdk.cli.session import Session

_SAID = {
    "renamed": "renamed {}, as names.toml says",
    "added": "added {}; write what it does",
    "updated": "updated the signature of {}",
    "marked": "marked {}, which left the WIT",
    "unmarked": "took the mark from {}, which is in the WIT again",
}
_MOST = 10


def tell_merged(session: Session, file: str, merged: Merged | None, *, err: bool = False) -> None:
    """Say what was added, updated and marked, and warn of what uses bindings that are gone.

    Args:
        session: where it is said.
        file: the author's module, as it is shown.
        merged: what came of the merge; None if there was none.
        err: say it on standard error, as a note.
    """
    if merged is None:
        return
    for kind, said in _SAID.items():
        names = [change.name for change in merged.changes if change.kind == kind]
        if names:
            text = f"{safe_line(file)}: {said.format(safe_line(', '.join(names)))}"
            session.styled([("note: " * err, None), (text, None)], err=err)
    for found in merged.lost[:_MOST]:
        session.styled([("warning: ", "yellow"), (safe_line(str(found)), None)], err=True)
    if len(merged.lost) > _MOST:
        session.note(f"and {len(merged.lost) - _MOST} more places")
