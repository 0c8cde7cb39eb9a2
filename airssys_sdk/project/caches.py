"""The caches of this user: where they are, what they hold, and removing what was not used for long."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from ..component.engine import eviction
from ..component.engine.cache import cache_folder
from ..component.engine.eviction import Entry, Pruned
from ..errors import UsageError
from .build_cache import BuildCache


@dataclasses.dataclass(frozen=True, slots=True)
class UserCache:
    """A cache of this user.

    Attributes:
        name: `compiled` for native code, `build` for components.
        purpose: what is kept in it.
        folder: where.
        entries: what it holds.
    """

    name: Literal["compiled", "build"]
    purpose: str
    folder: Path
    entries: tuple[Entry, ...]
    _prune: Callable[[float], Pruned] = dataclasses.field(repr=False)

    def prune(self, unused_for: float) -> Pruned:
        """Remove what was not used for so many seconds; minus infinity is everything that no other process works on.

        Raises:
            UsageError: the folder is not a folder of this user's; a link to one is none.
        """
        try:
            status = self.folder.lstat()
        except FileNotFoundError:
            return Pruned(())
        except OSError as error:
            raise UsageError(
                f"the cache cannot be looked at: {error.strerror or error}", where=str(self.folder)
            ) from None
        if not stat.S_ISDIR(status.st_mode) or (os.name != "nt" and status.st_uid != os.geteuid()):
            raise UsageError(
                "this is no folder of yours, so nothing is removed from it",
                where=str(self.folder),
                hint="remove it by hand, or set AIRSSYS_CACHE_DIR to a folder of yours",
            )
        return self._prune(unused_for)


def user_caches() -> tuple[UserCache, ...]:
    """The caches in the user's cache folder.

    Raises:
        UsageError: the user has no home folder.
    """
    try:
        root = cache_folder()
    except RuntimeError as error:
        raise UsageError(str(error), hint="set AIRSSYS_CACHE_DIR to a folder of yours") from None
    code, built = root / "compiled", BuildCache(root)
    return (
        UserCache(
            "compiled",
            "native code of components",
            code,
            tuple(eviction.regular_files(code, eviction.CODE)),
            lambda unused_for: eviction.prune(code, unused_for),
        ),
        UserCache("build", "built components", built.folder, tuple(built.entries()), built.prune),
    )
