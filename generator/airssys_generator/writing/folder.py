"""Writing generated files: compare, refuse what is not ours, then replace everything at once."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path, PureWindowsPath

from airssys_sdk.errors import UsageError
from airssys_sdk.wit._text import printable

from ..generate import MARK
from ..guest.dialect import ASYNC_SUPPORT
from ..guest.options import WORLD_MODULE
from .differences import unified

_SUFFIX = ".airssys-new"
_NAMES = "names.toml"
_HOST_FOLDERS = frozenset({"imports", "exports"})
_GUEST_FOLDERS = frozenset({WORLD_MODULE, ASYNC_SUPPORT})
_IGNORED = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".DS_Store"})
_SHOWN = 10


class OutputError(UsageError):
    """The files cannot be written where they should go."""


class ForeignFilesError(OutputError):
    """The output folder holds files that the generator did not write; it neither overwrites them nor mixes with them.

    Attributes:
        files: those files.
    """

    def __init__(self, files: Collection[Path], out: Path) -> None:
        shown = [str(file) for file in sorted(files)]
        more = f"\n  and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        super().__init__(
            "the output folder has files that airssys-sdk did not generate",
            where=str(out),
            details="\n".join(f"  {printable(file)}" for file in shown[:_SHOWN]) + more,
            hint="give another folder, or move these files away",
        )
        self.files = tuple(sorted(files))


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What writing changed, or would change.

    Attributes:
        written: files that are new or have another text.
        removed: generated files that are no longer part of the output.
        diff: with `check`, from what is there to what should be, as a unified diff; empty when everything is up to date.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    diff: str = ""

    @property
    def up_to_date(self) -> bool:
        """Whether there was nothing to change."""
        return not self.written and not self.removed


def write_files(
    files: Mapping[str, str], out: Path, *, check: bool = False, authored: Collection[str] = ()
) -> Outcome:
    """Bring a folder to the state that was generated.

    Every file is first written beside its place, then all are moved into place and stale ones are removed: an
    interrupt leaves either the old package or the new one.

    Args:
        files: the text of each file by its path in the folder.
        out: the folder; it need not exist.
        check: only say what would change.
        authored: paths among `files` that belong to the user (a merged skeleton). With any, the folder is shared with the
            user: only the subfolders of generated files must be free of foreign files, and nothing else is looked at.

    Raises:
        ForeignFilesError: the folder holds files that were not generated.
        OutputError: the folder cannot be read or written, or a path leads out of it.
    """
    check_output(out)
    for path in (*files, *authored):
        if path.startswith("/") or PureWindowsPath(path).anchor or ".." in PureWindowsPath(path).parts:
            raise OutputError(
                f"{printable(path)!r} leads out of the folder",
                where=printable(str(out)),
                hint="give paths in the folder, with '/' between their parts",
            )
    try:
        old = _existing(files, out, authored)
        written = tuple(path for path, text in files.items() if old.get(path) != text.encode())
        removed = tuple(path for path in old if path not in files)
        if check:
            return Outcome(written, removed, "".join(_diffs(old, files, written, removed)))
        if written or removed:
            _replace({out / path: files[path].encode() for path in written}, [out / path for path in removed])
    except OSError as error:
        place = printable(str(_place(error, out)))
        raise OutputError(
            f"cannot write the generated files: {error.strerror or error}", where=place
        ) from error
    return Outcome(written, removed)


def _place(error: OSError, out: Path) -> Path:
    """The file or folder that an error is about; for one that was being written, the place it was meant for."""
    path = out if error.filename is None else Path(str(error.filename))
    return path.with_name(path.name[1:].removesuffix(_SUFFIX)) if path.name.endswith(_SUFFIX) else path


def check_output(out: Path) -> None:
    """Refuse an output folder that can never be one; `write_files` does it too, but only when all else is known.

    Raises:
        OutputError: it is a file or lies below one, or it is a link to nothing.
    """
    try:
        place = next(place for place in (out, *out.parents) if place.exists() or place.is_symlink())
        if place.is_dir():
            return
        missing = not place.exists()
    except OSError as error:
        raise OutputError(
            f"the output folder cannot be reached: {error.strerror or error}", where=printable(str(out))
        ) from error
    relation = "is" if place == out else "lies below"
    what = "a link to nothing" if missing else "a file"
    raise OutputError(
        f"the output folder {relation} {what}", where=printable(str(place)), hint="give another folder"
    )


def _existing(files: Mapping[str, str], out: Path, authored: Collection[str]) -> dict[str, bytes]:
    """The files of ours that are there, and those of the author's that will be replaced."""
    found: dict[str, bytes] = {}
    foreign: list[Path] = []
    owned = {path.split("/")[0] for path in files if "/" in path and path not in authored}
    owned |= _GUEST_FOLDERS if authored else _HOST_FOLDERS
    looked_at = {path for path in (*files, *authored) if path.split("/")[0] not in owned} | owned
    for path in _walk(out, sorted(looked_at) if authored else _names(out)):
        name = path.relative_to(out).as_posix()
        if path.name.endswith(_SUFFIX):
            continue
        if path.is_symlink() or not path.is_file():
            foreign.append(path)
            continue
        content = path.read_bytes()
        # The names file is part of the input: it has been read, and what stands in it stays, whoever wrote it.
        if name in authored or (name == _NAMES and name in files) or _is_generated(name, content, owned):
            found[name] = content
        else:
            foreign.append(path)
    foreign += [out / path for path in files if (out / path).is_dir()]
    if foreign:
        raise ForeignFilesError(foreign, out)
    return dict(sorted(found.items()))


def _walk(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """What is there under these names, and everything below them."""
    for path in (folder / name for name in names):
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, _names(path))
        elif path.exists() or path.is_symlink():
            yield path


def _names(folder: Path) -> list[str]:
    return sorted({path.name for path in folder.iterdir()} - _IGNORED) if folder.exists() else []


def _is_generated(name: str, content: bytes, owned: Collection[str]) -> bool:
    """Whether a file was generated for this folder; what lies elsewhere below it was generated for another one."""
    top, inside, _ = name.partition("/")
    if inside and top not in owned:
        return False
    if name.rsplit("/", 1)[-1] == "py.typed":
        return not content
    return content.startswith(f"# {MARK}".encode())


def _diffs(
    old: Mapping[str, bytes], files: Mapping[str, str], written: Collection[str], removed: Collection[str]
) -> Iterator[str]:
    for path in sorted({*written, *removed}):
        before, after = old.get(path, b"").decode("utf-8", "replace"), files.get(path, "")
        from_, to = (path if path in old else "/dev/null"), (path if path in files else "/dev/null")
        lines = list(unified(before, after, from_, to))
        yield from lines or [f"--- {from_}\n", f"+++ {to}\n"]  # an empty file comes or goes


def _replace(files: Mapping[Path, bytes], stale: Collection[Path]) -> None:
    staged: dict[Path, Path] = {}
    made: list[Path] = []
    try:
        for path, content in files.items():
            for folder in _missing(path.parent):
                folder.mkdir(exist_ok=True)
                made.append(folder)
            staged[path] = path.with_name(f".{path.name}{_SUFFIX}")
            staged[path].write_bytes(content)
            if path.exists():  # who may read or run it is the author's decision
                staged[path].chmod(stat.S_IMODE(path.stat().st_mode))
    except BaseException:
        _discard(staged.values(), made)
        raise
    try:
        _commit(staged, stale)
    except KeyboardInterrupt:
        _commit(staged, stale)
        raise
    except OSError:
        _discard(staged.values(), ())
        raise


def _commit(staged: Mapping[Path, Path], stale: Collection[Path]) -> None:
    """Move everything into place; done a second time, it finishes what an interrupt left."""
    for path, new in staged.items():
        with contextlib.suppress(FileNotFoundError):
            os.replace(new, path)  # noqa: PTH105  (an `os.replace` that was done before raises, and that is all)
    for path in stale:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # only if nothing else is in it


def _missing(folder: Path) -> list[Path]:
    """Of a folder and those above it the ones that are not there, outermost first."""
    return [place for place in (*reversed(folder.parents), folder) if not place.exists()]


def _discard(files: Collection[Path], folders: Collection[Path]) -> None:
    """Remove what was begun. What cannot be removed stays: the error that led here says more than another one."""
    for path in files:
        with contextlib.suppress(OSError):
            path.unlink()
    for path in reversed([*folders]):
        with contextlib.suppress(OSError):
            path.rmdir()
