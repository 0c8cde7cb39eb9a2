"""Reading System.toml with the manifests that it names: every mistake is found and explained where it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from airssys_sdk.manifest.errors import ManifestError, Problem
from airssys_sdk.manifest.explaining import Location, dotted, explain, nearest, paths, place, show
from airssys_sdk.manifest.ids import MOST_NAME, NAME, ComponentId
from airssys_sdk.manifest.locate import keys
from airssys_sdk.manifest.model import FROM_FILE, Manifest
from airssys_sdk.manifest.reading import MANIFEST_NAME, is_folder, load_manifest, read_text, read_toml
from airssys_sdk.manifest.system import OVERRIDES, SystemComponent, SystemManifest, SystemSupervisor, over
from airssys_sdk.manifest.system_model import ComponentSection, SupervisorSection, SystemFile

SYSTEM_NAME = "System.toml"
MOST_DEEP = 100
"""How many supervisors may stand below one another."""

_NAME = f"a name of lowercase letters, digits and single hyphens between them, {MOST_NAME} at most"


def load_system(path: Path) -> SystemManifest:
    """Read a System.toml, and the Component.toml of each of its components.

    Paths in it are relative to its folder.

    Args:
        path: the file, or the folder that holds a `System.toml`.

    Raises:
        ManifestError: it cannot be read, is no TOML, breaks the schema, names a supervisor or file that is not there, lets
            supervisors stand below each other in a circle, or has two components with one id; or one of the
            Component.toml files is wrong.
    """
    file = path / SYSTEM_NAME if is_folder(path) else path
    text = read_text(file, f"name a {SYSTEM_NAME}, or the folder that holds one")
    data = read_toml(text, str(file))
    lines = tuple(text.splitlines())
    try:
        written = SystemFile.model_validate(data, context=FROM_FILE)
    except ValidationError as error:
        problems = tuple(_advised(problem) for problem in explain(error, SystemFile, text, data))
        raise ManifestError(str(file), problems, lines) from None
    found = [*_misnamed(written, text), *_misplaced(written, text)]
    if found := found or list(_circles(written, text)):
        raise ManifestError(str(file), tuple(found), lines)
    return _Reader(file, text, lines, written).read()


def _advised(problem: Problem) -> Problem:
    """What people mean by no instances, and by a key of Component.toml."""
    if problem.key.endswith(".instances") and problem.message.endswith("got 0"):
        return dataclasses.replace(problem, hint="remove the component's table to run none of it")
    if problem.message == "unknown key" and problem.key.startswith("components."):
        name = problem.key.rpartition(".")[2]
        elsewhere = next((path for path in paths(Manifest) if path[-1] == name), None)
        if elsewhere is not None and all(path[-1] != name for path in paths(SystemFile)):
            other = f"{', '.join(OVERRIDES[:-1])} and {OVERRIDES[-1]}"
            hint = f"`{dotted(elsewhere)}` belongs in {MANIFEST_NAME}; a system changes only its {other}"
            return dataclasses.replace(problem, hint=hint)
    return problem


def _misnamed(written: SystemFile, text: str) -> Iterator[Problem]:
    named: list[tuple[Location, str]] = [(("system", "name"), written.system.name)]
    named += [(("supervisors", name), name) for name in written.supervisors]
    named += [(("components", name), name) for name in written.components]
    for location, name in named:
        if len(name) > MOST_NAME or not NAME.fullmatch(name):
            yield place(text, location, f"expected {_NAME}, got {show(name)}")


def _misplaced(written: SystemFile, text: str) -> Iterator[Problem]:
    """Supervisors that are named and not there."""
    for location, under in _unders(written):
        if under in written.supervisors:
            continue
        known = list(written.supervisors)
        if close := nearest(under, known):
            hint = f"the nearest supervisor is `{close}`"
        else:
            hint = f"supervisors are {', '.join(known)}" if known else "the file has no [supervisors.NAME]"
        message = f"there is no supervisor {show(under)}"
        yield place(text, location, message, f"{hint}; without `under` it stands below the root")


def _unders(written: SystemFile) -> Iterator[tuple[Location, str]]:
    for name, supervisor in written.supervisors.items():
        if supervisor.under is not None:
            yield ("supervisors", name, "under"), supervisor.under
    for name, component in written.components.items():
        if component.under is not None:
            yield ("components", name, "under"), component.under


def _circles(written: SystemFile, text: str) -> Iterator[Problem]:
    """Supervisors that stand below themselves, each circle once, or too deep."""
    told: set[str] = set()
    for name in written.supervisors:
        way: list[str] = []
        at: str | None = name
        while at is not None and at not in way and len(way) <= MOST_DEEP:
            way.append(at)
            at = written.supervisors[at].under
        if len(way) > MOST_DEEP:
            message = f"stands below more than {MOST_DEEP} others"
            yield place(text, ("supervisors", name), message, "let it stand nearer to the root")
            return
        if at is None or told.intersection(way):
            continue
        circle = way[way.index(at) :]
        told.update(circle)
        chain = " under ".join([*circle, at])
        yield place(
            text,
            ("supervisors", at, "under"),
            f"supervisors stand below each other in a circle: {chain}",
            "remove `under` of one of them, so that it stands below the root",
        )


class _Reader:
    """From what is written to what it stands for: files are read and paths are resolved."""

    def __init__(self, file: Path, text: str, lines: tuple[str, ...], written: SystemFile) -> None:
        self._file = file
        self._text = text
        self._lines = lines
        self._written = written
        self._problems: list[Problem] = []
        self._broken: list[ManifestError] = []

    def read(self) -> SystemManifest:
        """Everything, or what is wrong with it.

        Raises:
            ManifestError: a file is missing or wrong, or two components have one id.
        """
        components = {
            name: component
            for name, section in self._written.components.items()
            if (component := self._component(name, section)) is not None
        }
        self._find_twins(components)
        if self._problems:
            raise ManifestError(str(self._file), tuple(self._problems), self._lines)
        if self._broken:
            raise self._broken[0]
        system = self._written.system
        return SystemManifest(
            file=self._file,
            name=system.name,
            storage=None if system.storage is None else self._file.parent / system.storage,
            strategy=system.strategy,
            intensity=system.intensity,
            children=self._children(None, components, _order(self._text)),
        )

    def _component(self, name: str, section: ComponentSection) -> SystemComponent | None:
        at: Location = ("components", name, "manifest")
        file = self._file.parent / section.manifest
        if is_folder(file):
            file /= MANIFEST_NAME
        try:
            there = file.exists()
        except OSError as error:
            self._problem(at, f"cannot be looked for: {error.strerror}", "name a file that is there")
            return None
        if not there:
            hint = f"a path is relative to the folder of {self._file.name}; `airssys-sdk new NAME` makes a project"
            self._problem(at, f"there is no {file}", hint)
            return None
        try:
            manifest = load_manifest(file)
        except ManifestError as error:
            error.add_note(f"{self._where(at)} names it")
            self._broken.append(error)
            return None
        found = self._wasm(name, section, file, manifest)
        if found is None:
            return None
        wasm, project = found
        return SystemComponent(
            name=name,
            manifest=over(manifest, section),
            manifest_file=file,
            wasm=wasm,
            project=project,
            instances=section.instances,
            environment=section.environment,
            overridden=frozenset(_given(section)),
            section=section,
            where=self._where(("components", name)),
        )

    def _wasm(
        self, name: str, section: ComponentSection, file: Path, manifest: Manifest
    ) -> tuple[Path, Path | None] | None:
        at: Location = ("components", name, "wasm")
        if section.wasm is None:
            if file.name == MANIFEST_NAME:
                return file.parent / "dist" / f"{manifest.component.name}.wasm", file.parent
            hint = f"name the component; only projects with a {MANIFEST_NAME} are built"
            self._problem(at, f"is missing, and {file.name} belongs to no project", hint)
            return None
        wasm = self._file.parent / section.wasm
        try:
            if wasm.is_file():
                return wasm, None
        except OSError as error:
            self._problem(at, f"cannot be looked for: {error.strerror}", "name a file that is there")
            return None
        hint = "remove the key, and `airssys-sdk run` builds the project of the manifest"
        self._problem(at, f"there is no file {wasm}", hint)
        return None

    def _find_twins(self, components: Mapping[str, SystemComponent]) -> None:
        seen: dict[ComponentId, str] = {}
        for name, component in components.items():
            first = seen.setdefault(component.ids[0], name)
            if first != name:
                self._problem(
                    ("components", name, "manifest"),
                    f"a component {component.ids[0]} is there already: `{dotted(('components', first))}`",
                    "give `instances` to one of them, or give them manifests with names of their own",
                )

    def _children(
        self,
        under: str | None,
        components: Mapping[str, SystemComponent],
        order: Mapping[tuple[str, str], int],
    ) -> tuple[SystemSupervisor | SystemComponent, ...]:
        """What stands below a supervisor, in the order of the file."""
        written = self._written
        here: list[tuple[int, SystemSupervisor | SystemComponent]] = [
            (order.get(("components", name), 0), component)
            for name, component in components.items()
            if written.components[name].under == under
        ]
        here += [
            (
                order.get(("supervisors", name), 0),
                _supervisor(name, section, self._children(name, components, order)),
            )
            for name, section in written.supervisors.items()
            if section.under == under
        ]
        return tuple(child for _, child in sorted(here, key=lambda one: one[0]))

    def _problem(self, at: Location, message: str, hint: str) -> None:
        self._problems.append(place(self._text, at, message, hint))

    def _where(self, at: Location) -> str:
        """File, line and key of a place."""
        problem = place(self._text, at, "")
        return f"{self._file}:{problem.line}: {problem.key}"


def _supervisor(
    name: str, section: SupervisorSection, children: tuple[SystemSupervisor | SystemComponent, ...]
) -> SystemSupervisor:
    return SystemSupervisor(
        name=name,
        strategy=section.strategy,
        policy=section.policy,
        intensity=section.intensity,
        backoff=section.backoff,
        shutdown=section.shutdown,
        children=children,
    )


def _order(text: str) -> dict[tuple[str, str], int]:
    """Where supervisors and components stand in a text, counted from its beginning."""
    found: dict[tuple[str, str], int] = {}
    for number, (path, _) in enumerate(keys(text)):
        if len(path) > 1:
            found.setdefault((path[0], path[1]), number)
    return found


def _given(section: ComponentSection) -> Iterator[str]:
    """The keys that the system says in place of Component.toml."""
    for table in OVERRIDES:
        for key in getattr(section, table).model_fields_set:
            yield f"{table}.{key}"
