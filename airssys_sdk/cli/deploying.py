"""Deployments into a node that runs: what its process does when `airssys-sdk deploy` asks, and when files change."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from airssys_sdk.errors import AirssysError, UsageError
from airssys_sdk.manifest import MANIFEST_NAME, load_manifest
from airssys_sdk.project import Project, build
from airssys_sdk.project.inputs import source_trees, wit_tree
from airssys_sdk.runtime import ComponentSpec, Deployed, Node
from airssys_sdk.runtime.nodes.wire import number_of, text_of

if TYPE_CHECKING:
    from airssys_sdk.cli.targets import Target
    from airssys_sdk.cli.voice import Voice
    from airssys_sdk.runtime.nodes.control import Arguments, Control

LOOK = 0.3
"""Seconds between two looks at the files of a project; a change counts when the second look finds no other."""

Seen = frozenset[tuple[str, int, int]]


def admit(control: Control, node: Node) -> None:
    """Let a node's control channel take deployments: `deploy`, `rollback`, `history`."""

    async def deploy(arguments: Arguments) -> object:
        wasm = Path(text_of(arguments, "wasm"))
        manifest = load_manifest(Path(text_of(arguments, "manifest")))
        component = text_of(arguments, "component")
        instance = str(node.resolve(component)).rpartition("/")[2]
        return told(await node.deploy(component, ComponentSpec(manifest, wasm, instance)))

    async def rollback(arguments: Arguments) -> object:
        to = number_of(arguments, "to", 0, 1 << 31)
        return told(await node.rollback(text_of(arguments, "component"), to or None))

    async def history(arguments: Arguments) -> object:
        component = text_of(arguments, "component")
        versions = [dataclasses.asdict(record) for record in node.history(component)]
        return {"component": str(node.resolve(component)), "versions": versions}

    control.register("deploy", deploy)
    control.register("rollback", rollback)
    control.register("history", history)


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
def watching(node: Node, targets: Sequence[Target], voice: Voice) -> Generator[None, None, None]:
    """Build and deploy the projects among the targets when their files change, for the time of a block.

    Raises:
        UsageError: none of them is a project.
    """
    projects = [Project.load(target.folder) for target in targets if _is_project(target)]
    if not projects:
        raise UsageError(
            "there is nothing to watch: a component file has no sources", hint="run a project's folder"
        )
    # Looked at before anybody hears that changes count from now on.
    seen = [(project, _look(project)) for project in projects]
    tasks = [asyncio.ensure_future(_watch(node, project, built, voice)) for project, built in seen]
    names = ", ".join(project.name for project in projects)
    voice.say(f"watching {names}: changes are built and deployed")
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


def _is_project(target: Target) -> bool:
    manifest = target.folder / MANIFEST_NAME
    return manifest.is_file() and target.spec.wasm == Project.load(target.folder).wasm


async def _watch(node: Node, project: Project, built: Seen, voice: Voice) -> None:
    while True:
        await asyncio.sleep(LOOK)
        now = await asyncio.to_thread(_look, project)
        if now == built:
            continue
        await asyncio.sleep(LOOK)  # an editor or a version control system may still be writing
        if await asyncio.to_thread(_look, project) != now:
            continue
        built = now  # what changes from here on, while it builds, is another change
        await _renew(node, project.folder, voice)


async def _renew(node: Node, folder: Path, voice: Voice) -> None:
    """Build a project and deploy it; what goes wrong is told, and the version that runs goes on."""
    try:
        project = await asyncio.to_thread(Project.load, folder)
        voice.say(f"{project.name}: building")
        await asyncio.to_thread(build, project)
        targets = [one for one in node.components() if _is_of(project, str(one))]
        for one in targets:
            instance = one.instance
            await node.deploy(one, ComponentSpec(project.manifest, project.wasm, instance))
    except AirssysError as error:
        voice.problem(f"a new version of {folder.name}", error)


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
