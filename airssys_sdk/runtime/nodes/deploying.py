"""How a node's components change while they run: deploy another version, roll back to an earlier one."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...component import Component
from ...component.engine.cache import OnCompile
from ...errors import AirssysError, UsageError
from ...manifest import ComponentId
from ...security import Grants
from ..components.deployment import Deployed, DeploymentFailed, deploy
from ..components.entry import Entry
from ..components.spec import ComponentSpec
from ..components.version import Hosted, Reason, Version
from ..events import EventStream
from .hosting import Hosting


class Deployments:
    """The deployments of one node.

    Args:
        hosting: its components.
        events: where the outcomes are published.
    """

    def __init__(self, hosting: Hosting, events: EventStream) -> None:
        self._hosting = hosting
        self._events = events
        self._retiring: set[asyncio.Task[Any]] = set()
        self._under_way: set[asyncio.Task[Deployed]] = set()
        self._stopped = False

    async def deploy(self, entry: Entry, spec: ComponentSpec, on_compile: OnCompile | None) -> Deployed:
        """Let another version take over; see `Node.deploy`."""
        hosted = entry.hosted
        spec.check(typed=hosted.version.supervised is not None)
        grants = spec.grants
        if spec.id != hosted.id:
            raise UsageError(
                f"the new version is {spec.id}, and what runs is {hosted.id}",
                hint="a version has the namespace, name and instance of what it replaces; start another component otherwise",
            )
        with _Deploying(hosted):
            code = await self._hosting.load(spec, on_compile)
            return await self._take_over(entry, spec, grants, code, "deploy", None)

    async def deploy_all(
        self, entries: Sequence[Entry], spec: ComponentSpec | Path | bytes, on_compile: OnCompile | None
    ) -> list[Deployed]:
        """Let another version of several components take over, one after the other; see `Node.deploy_all`."""
        deployed: list[Deployed] = []
        before: list[tuple[Entry, Version]] = []
        try:
            for entry in entries:
                own = as_spec(entry, spec) if isinstance(spec, Path | bytes) else spec
                before.append((entry, entry.hosted.version))
                deployed.append(
                    await self.deploy(entry, dataclasses.replace(own, instance=entry.id.instance), on_compile)
                )
        except BaseException as error:
            taking_back = asyncio.ensure_future(self._take_back(before))
            # To its end, however often whoever waits is cancelled: versions that are mixed are what nobody asked for.
            cancelled = await _ended(taking_back, cancel=False)
            back = taking_back.result()
            if cancelled is not None and not isinstance(error, asyncio.CancelledError):
                raise cancelled from error
            if isinstance(error, DeploymentFailed):
                raise _half_way(error, back) from error
            raise
        return deployed

    async def _take_back(
        self, before: Sequence[tuple[Entry, Version]]
    ) -> list[tuple[ComponentId, Exception | None]]:
        """Let the versions of before take over again where others have, the last first; what came of each."""
        back: list[tuple[ComponentId, Exception | None]] = []
        for entry, version in reversed(before):
            if self._stopped:
                break
            if entry.hosted.version is version:
                continue
            try:
                await self.rollback(entry, version.record.number)
            except AirssysError as error:
                back.append((entry.id, error))
            else:
                back.append((entry.id, None))
        return back

    async def rollback(self, entry: Entry, to: int | None) -> Deployed:
        """Let an earlier version take over again; see `Node.rollback`."""
        hosted = entry.hosted
        kept = {version.record.number: version for version in hosted.kept}
        running = hosted.version.record
        if to is None:
            earlier = [version for version in hosted.kept if version.record.digest != running.digest]
            earlier = earlier or [version for version in hosted.kept if version is not hosted.version]
            wanted = earlier[-1] if earlier else None
        else:
            wanted = kept.get(to)
        if wanted is None or wanted is hosted.version:
            others = ", ".join(str(number) for number in kept if number != running.number)
            raise UsageError(
                f"{hosted.id} has no earlier version{'' if to is None else f' {to}'} to go back to",
                hint=f"versions whose code is kept: {others or 'only the one that runs'}",
            )
        with _Deploying(hosted):
            spec, back_to = wanted.spec, wanted.record.number
            return await self._take_over(entry, spec, spec.grants, wanted.component, "rollback", back_to)

    async def abandon(self) -> None:
        """Give up the deployments that are under way: the node stops."""
        self._stopped = True
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    async def settled(self) -> None:
        """Wait for versions that still stop, after the actors have."""
        if self._retiring:
            await asyncio.wait(set(self._retiring))

    async def _take_over(
        self,
        entry: Entry,
        spec: ComponentSpec,
        grants: Grants,
        code: Component,
        reason: Reason,
        back_to: int | None,
    ) -> Deployed:
        hosted = entry.hosted
        old = hosted.version
        outbox = old.outbox.successor(grants, spec.manifest.limits.mailbox)
        number = hosted.history[-1].number + 1
        version = self._hosting.version(spec, grants, code, outbox, old.supervised, number, reason, back_to)
        task = asyncio.ensure_future(
            deploy(hosted, version, entry.ref, self._hosting.child_spec, self._events)
        )
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        cancelled = await _ended(task, cancel=True)
        try:
            deployed = task.result()
        except BaseException as error:
            self._hosting.leave(version)
            if isinstance(error, asyncio.CancelledError) and self._stopped:
                raise DeploymentFailed("the node stops", where=str(hosted.id)) from None
            raise
        self._hosting.leave(old)
        self._retiring |= hosted.retiring
        for task in hosted.retiring:
            task.add_done_callback(self._retiring.discard)
        if cancelled is not None:  # too late: the version has taken over
            raise cancelled
        return deployed


async def _ended(task: asyncio.Task[Any], *, cancel: bool) -> asyncio.CancelledError | None:
    """Wait for the end of a task, which may be cancelled if the caller is; how the caller was."""
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
            if cancel:
                task.cancel()
    return cancelled


def as_spec(entry: Entry, code: Path | bytes) -> ComponentSpec:
    """Other code under the manifest of the version that runs."""
    return dataclasses.replace(entry.hosted.version.spec, wasm=code)


def _half_way(
    error: DeploymentFailed, back: Sequence[tuple[ComponentId, Exception | None]]
) -> DeploymentFailed:
    """What became of the others when one of several did not get the new version."""
    if not back:
        return error
    mended = [str(one) for one, failed in back if failed is None]
    told = f"{error.message}; back at the version of before: {', '.join(mended) or 'none'}"
    stuck = [f"{one} ({failed})" for one, failed in back if failed is not None]
    if stuck:
        told = f"{told}; still at the new one: {', '.join(stuck)}"
    return DeploymentFailed(told, where=error.where, details=error.details, hint=error.hint)


@dataclasses.dataclass(slots=True)
class _Deploying:
    """One deployment of a component at a time."""

    hosted: Hosted

    def __enter__(self) -> None:
        if self.hosted.deploying:
            raise DeploymentFailed(
                "another deployment of the component is under way",
                where=str(self.hosted.id),
                hint="wait until it has ended",
            )
        self.hosted.deploying = True

    def __exit__(self, *_: object) -> None:
        self.hosted.deploying = False
