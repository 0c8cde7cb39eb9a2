"""Deployments into a node that runs: what its process does when `airssys-sdk deploy` asks, and when files change."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from airssys_sdk.errors import AirssysError, UsageError
from airssys_sdk.manifest import load_manifest
from airssys_sdk.project import Project, build
from airssys_sdk.project.inputs import source_trees, wit_tree
from airssys_sdk.runtime import ComponentSpec, Deployed, Node
from airssys_sdk.runtime.nodes.wire import number_of, text_of

if TYPE_CHECKING:
    from airssys_sdk.cli.voice import Voice
    from airssys_sdk.runtime.nodes.control import Arguments, Control

LOOK = 0.3
"""Seconds between two looks at the files of a project; a change counts when the second look finds no other."""

Seen = frozenset[tuple[str, int, int]]

AsRun = Callable[[ComponentSpec], ComponentSpec]
"""Adds to a version what a System.toml says in place of its Component.toml, if one does."""


def admit(control: Control, node: Node, version: AsRun) -> None:
    """Let a node's control channel take deployments: `deploy`, `deploy-all`, `rollback`, `history`.

    Args:
        control: the channel.
        node: where they run.
        version: how a version runs here.
    """

    async def deploy(arguments: Arguments) -> object:
        wasm = Path(text_of(arguments, "wasm"))
        manifest = load_manifest(Path(text_of(arguments, "manifest")))
        component = text_of(arguments, "component")
        instance = str(node.resolve(component)).rpartition("/")[2]
        return told(await node.deploy(component, version(ComponentSpec(manifest, wasm, instance))))

    async def deploy_all(arguments: Arguments) -> object:
        manifest = load_manifest(Path(text_of(arguments, "manifest")))
        spec = version(ComponentSpec(manifest, Path(text_of(arguments, "wasm"))))
        deployed = await node.deploy_all(text_of(arguments, "component"), spec)
        return {"components": [told(one) for one in deployed]}

    async def rollback(arguments: Arguments) -> object:
        to = number_of(arguments, "to", 0, 1 << 31)
        return told(await node.rollback(text_of(arguments, "component"), to or None))

    async def history(arguments: Arguments) -> object:
        component = text_of(arguments, "component")
        versions = [dataclasses.asdict(record) for record in node.history(component)]
        return {"component": str(node.resolve(component)), "versions": versions}

    control.register("deploy", deploy, takes=("component", "wasm", "manifest"))
    control.register("deploy-all", deploy_all, takes=("component", "wasm", "manifest"))
    control.register("rollback", rollback, takes=("component", "to"))
    control.register("history", history, takes=("component",))


def told(deployed: Deployed) -> dict[str, object]:
    """A deployment for machines."""
    return {
        "component": str(deployed.component),
        "version": dataclasses.asdict(deployed.record),
        "previous": dataclasses.asdict(deployed.previous),
        "pause": deployed.pause,
        "seconds": deployed.seconds,
    }


@contextlib.contextmanager
def watching(
    node: Node, specs: Iterable[ComponentSpec], voice: Voice, version: AsRun
) -> Generator[None, None, None]:
    """Build and deploy the projects of components when their files change, for the time of a block.

    Args:
        node: where they run.
        specs: the components.
        voice: hears what is done.
        version: how a version runs here.

    Raises:
        UsageError: none of them is made by a project.
    """
    found = (_project_of(spec) for spec in specs)
    projects = list({project.folder: project for project in found if project is not None}.values())
    if not projects:
        raise UsageError(
            "there is nothing to watch: a component file has no sources", hint="run a project's folder"
        )
    # Looked at before anybody hears that changes count from now on.
    seen = [(project, _look(project)) for project in projects]
    tasks = [asyncio.ensure_future(_watch(node, project, built, voice, version)) for project, built in seen]
    names = ", ".join(project.name for project in projects)
    voice.say(f"watching {names}: changes are built and deployed")
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


def _project_of(spec: ComponentSpec) -> Project | None:
    """The project whose build the component is."""
    if not isinstance(spec.wasm, Path):
        return None
    try:
        project = Project.find(spec.wasm.absolute().parent)
    except AirssysError:
        return None
    return project if project.wasm.resolve() == spec.wasm.resolve() else None


async def _watch(node: Node, project: Project, built: Seen, voice: Voice, version: AsRun) -> None:
    while True:
        await asyncio.sleep(LOOK)
        now = await asyncio.to_thread(_look, project)
        if now == built:
            continue
        await asyncio.sleep(LOOK)  # an editor or a version control system may still be writing
        if await asyncio.to_thread(_look, project) != now:
            continue
        built = now  # what changes from here on, while it builds, is another change
        project = await _renew(node, project, voice, version)


async def _renew(node: Node, before: Project, voice: Voice, version: AsRun) -> Project:
    """Build a project and deploy it; what goes wrong is told, and the version that runs goes on."""
    try:
        project = await asyncio.to_thread(Project.load, before.folder)
        voice.say(f"{project.name}: building")
        await asyncio.to_thread(build, project)
        for one in [one for one in node.components() if _is_of(project, str(one))]:
            # Under the manifest that runs, unless the project's own has changed.
            same = project.manifest == before.manifest
            spec = version(ComponentSpec(project.manifest, project.wasm, one.instance))
            await node.deploy(one, project.wasm if same else spec)
    except AirssysError as error:
        voice.problem(f"a new version of {before.name}", error)
        return before
    return project


def _is_of(project: Project, component: str) -> bool:
    return component.startswith(f"{project.manifest.component.namespace}/{project.manifest.component.name}/")


def _look(project: Project) -> Seen:
    """The files that a build reads, by time and size; without those that it writes, and those that nobody can read."""
    found: set[tuple[str, int, int]] = set()
    files = [project.manifest_file]
    with contextlib.suppress(AirssysError):  # a folder is missing: the build says so
        for tree in (*source_trees(project), wit_tree(project)):
            files += [tree.root / file for file in tree.files]
    for file in files:
        if project.bindings in file.parents:
            continue
        with contextlib.suppress(OSError):
            status = file.stat()
            found.add((str(file), status.st_mtime_ns, status.st_size))
    return frozenset(found)
