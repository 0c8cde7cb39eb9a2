"""A project: a folder with a Component.toml, and where everything in it stands."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from ..errors import UsageError
from ..manifest import MANIFEST_NAME, Manifest, find_manifest, load_manifest

_NO_PROJECT = "go into a project's folder, or make one with: airssys-sdk new NAME"
_SYSTEM = "airssys-sdk run takes a System.toml, and builds its projects"


@dataclasses.dataclass(frozen=True, slots=True)
class Project:
    """A component's project.

    Attributes:
        folder: the folder that holds the manifest, absolute.
        manifest: what the manifest says.
    """

    folder: Path
    manifest: Manifest

    @classmethod
    def find(cls, path: str | os.PathLike[str] = ".") -> Project:
        """The project that a folder or file belongs to: the nearest Component.toml, here or in a folder above.

        Raises:
            UsageError: there is none.
            ManifestError: it does not say what it must.
        """
        start = Path(path)
        if not start.exists():
            raise UsageError("there is no such file or folder", where=str(path))
        if start.name == MANIFEST_NAME and start.is_file():
            return cls.load(start.parent)
        manifest = find_manifest(start)
        if manifest is None:
            raise UsageError(
                f"no {MANIFEST_NAME} here or in a folder above",
                where=str(path),
                hint=_SYSTEM if start.name == "System.toml" else _NO_PROJECT,
            )
        return cls.load(manifest.parent)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Project:
        """The project in exactly this folder.

        Raises:
            ManifestError: the manifest is missing or does not say what it must.
        """
        root = Path(folder).absolute()
        return cls(root, load_manifest(root / MANIFEST_NAME))

    @property
    def name(self) -> str:
        """The component's name."""
        return self.manifest.component.name

    @property
    def app(self) -> str:
        """The module with the exported classes, such as `hello.component`."""
        return self.manifest.build.app

    @property
    def manifest_file(self) -> Path:
        """The project's Component.toml."""
        return self.folder / MANIFEST_NAME

    @property
    def wit(self) -> Path:
        """The folder (or file) with the WIT of the world."""
        return self.folder / self.manifest.build.wit

    @property
    def sources(self) -> tuple[Path, ...]:
        """The author's source folders, in the order of the guest's path."""
        return tuple(self.folder / folder for folder in self.manifest.build.source)

    @property
    def dependencies(self) -> tuple[Path, ...]:
        """Folders with packages of others, after the sources on the guest's path."""
        return tuple(self.folder / folder for folder in self.manifest.build.dependencies)

    @property
    def bindings(self) -> Path:
        """The generated bindings that type checkers and editors read."""
        return self.folder / "bindings"

    @property
    def names(self) -> Path:
        """The names file, checked in: which Python module stands for which interface."""
        return self.folder / "names.toml"

    @property
    def app_file(self) -> Path:
        """The file of the app module: the one that is there, else where it belongs, in the first source folder."""
        parts = self.app.split(".")
        candidates = [
            source.joinpath(*parts[:-1], *last)
            for source in self.sources
            for last in ((f"{parts[-1]}.py",), (parts[-1], "__init__.py"))
        ]
        return next((file for file in candidates if file.is_file()), candidates[0])

    @property
    def dist(self) -> Path:
        """The folder of build results."""
        return self.folder / "dist"

    @property
    def wasm(self) -> Path:
        """The component that a build makes."""
        return self.dist / f"{self.name}.wasm"

    def shown(self, path: Path) -> str:
        """A path of the project as its author reads it: relative to the project's folder where it lies inside."""
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)
