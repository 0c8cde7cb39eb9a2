"""How a node's components come, change and go: load, supervise, deploy, roll back."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from typing import Any, Literal

from ...component import Component
from ...component.engine.cache import Cache, OnCompile
from ...errors import UsageError, ValidationError
from ...manifest import ComponentId
from ...security import AuditLog, Grants
from ...services.eventually import settle
from ...services.letters import Letters
from ...services.logs import ComponentLog
from ...services.messaging import Letter, Outbox
from ...services.storage import Storage
from ..actors.ref import ActorRef
from ..actors.spec import ChildSpec, SupervisorSpec
from ..actors.system import ActorSystem
from ..components.actor import ComponentActor
from ..components.calls import Lanes
from ..components.deployment import Deployed, DeploymentFailed, deploy
from ..components.directory import Directory, Entry
from ..components.pool import Pools
from ..components.spec import ComponentSpec
from ..components.version import Hosted, Reason, Version, VersionRecord
from ..errors import NameTaken, StartFailed
from ..messages.envelope import Envelope
from ..messages.mailbox import MailboxOptions
from ..supervision.backoff import Policy


class Hosting:
    """The components of one node.

    Args:
        system: its actors.
        directory: who runs.
        storage: what they store.
        lanes: where their calls run.
        audit: where denials are recorded.
        incarnation: unique to this life of the node.
        overflow: what Python callers meet at a full mailbox.
        cache: where compiled components are kept; None for the user's cache folder.
    """

    def __init__(
        self,
        system: ActorSystem,
        directory: Directory,
        storage: Storage,
        lanes: Lanes,
        *,
        audit: AuditLog,
        incarnation: str,
        overflow: Literal["error", "block"],
        cache: Cache | None,
    ) -> None:
        self._system = system
        self._directory = directory
        self._storage = storage
        self._lanes = lanes
        self._audit = audit
        self._incarnation = incarnation
        self._overflow: Literal["error", "block"] = overflow
        self._cache = cache
        self._pools = Pools(system.loop)
        self._letters = Letters(storage)
        self._starts = 0
        self._starting: set[ComponentId] = set()
        self._retiring: set[asyncio.Task[Any]] = set()
        self._deployments: set[asyncio.Task[Deployed]] = set()
        self._stopped = False

    async def start(self, spec: ComponentSpec, on_compile: OnCompile | None) -> ComponentId:
        """Start a component; see `Node.start`."""
        spec.check()
        grants = spec.grants
        component = spec.id
        self.refuse_taken(component)
        self._starting.add(component)
        try:
            code = await self._load(spec, on_compile)
            self._starts += 1  # another component of this id may have made requests
            outbox = Outbox(
                component,
                grants=grants,
                post=self._directory,
                audit=self._audit,
                prefix=f"{self._incarnation}.{self._starts}",
                most_open=spec.manifest.limits.mailbox,
            )
            version = self._version(spec, grants, code, outbox, 1, "start")
            log = ComponentLog(component)
            hosted = Hosted(component, version, log, self._directory, self._lanes, self._letters)
            hosted.history.append(version.record)
            hosted.kept.append(version)
            await self._supervise(hosted)
        finally:
            self._starting.discard(component)
        return component

    def refuse_taken(self, component: ComponentId) -> None:
        """Refuse an id that is in use.

        Raises:
            NameTaken: a component with this id, or a pool, runs or starts.
        """
        if component in self._starting or self._directory.lists(component):
            raise NameTaken(
                f"a component {component} runs on this node already",
                hint="give the other one another instance, or deploy it as a new version",
            )

    async def deploy(self, entry: Entry, spec: ComponentSpec, on_compile: OnCompile | None) -> Deployed:
        """Let another version take over; see `Node.deploy`."""
        hosted = entry.hosted
        spec.check()
        grants = spec.grants
        if spec.id != hosted.id:
            raise UsageError(
                f"the new version is {spec.id}, and what runs is {hosted.id}",
                hint="a version has the namespace, name and instance of what it replaces; start another component otherwise",
            )
        with _Deploying(hosted):
            code = await self._load(spec, on_compile)
            return await self._take_over(entry, spec, grants, code, "deploy", None)

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
        for task in self._deployments:
            task.cancel()
        if self._deployments:
            await asyncio.wait(set(self._deployments))

    async def stop(self) -> None:
        """Wait for versions that still stop, after the actors have; then free what is ready."""
        if self._retiring:
            await asyncio.wait(set(self._retiring))
        self._pools.close()

    async def _load(self, spec: ComponentSpec, on_compile: OnCompile | None) -> Component:
        return await asyncio.to_thread(
            Component.open,
            spec.wasm,
            profile=spec.manifest.runtime.profile,
            cache=self._cache,
            on_compile=on_compile,
            bulk=spec.limits.bulk,
        )

    def _version(
        self,
        spec: ComponentSpec,
        grants: Grants,
        code: Component,
        outbox: Outbox,
        number: int,
        reason: Reason,
        back_to: int | None = None,
    ) -> Version:
        return Version(
            VersionRecord(number, spec.manifest.component.version, code.digest, reason, time.time(), back_to),
            spec,
            code,
            self._storage.area(spec.id, quota=spec.manifest.limits.storage, grants=grants),
            outbox,
            self._pools.join(spec, code),
        )

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
        version = self._version(spec, grants, code, outbox, number, reason, back_to)
        task = asyncio.ensure_future(deploy(hosted, version, entry.ref, self._child, self._system.events))
        self._deployments.add(task)
        try:
            deployed = await task
        except BaseException as error:
            task.cancel()
            self._pools.leave(spec, code)
            if isinstance(error, asyncio.CancelledError) and self._stopped:
                raise DeploymentFailed("the node stops", where=str(hosted.id)) from None
            raise
        finally:
            self._deployments.discard(task)
        version.pool.fill()
        self._pools.leave(old.spec, old.component)
        self._retiring |= hosted.retiring
        for task in hosted.retiring:
            task.add_done_callback(self._retiring.discard)
        return deployed

    def _child(
        self, hosted: Hosted, version: Version, factory: Callable[[], ComponentActor]
    ) -> ChildSpec[Letter]:
        spec = version.spec
        return ChildSpec(
            factory,
            name=str(hosted.id),
            policy=spec.policy,
            shutdown=spec.shutdown,
            intensity=spec.intensity,
            backoff=spec.backoff,
            mailbox=MailboxOptions(spec.manifest.limits.mailbox, self._overflow),
            on_crash=spec.on_crash,
            health=spec.health,
        )

    async def _supervise(self, hosted: Hosted) -> None:
        """Start the component below a supervisor of its own and wait for its first life."""
        version, system, directory = hosted.version, self._system, self._directory
        spec, name = version.spec, str(hosted.id)
        supervising = f"{name} (supervisor)"
        left = system.find(supervising)
        if left is not None:
            await left.stop()  # of an earlier component with this id, which has ended
        # When it gives its component up, that component is gone and nothing else.
        supervisor: ActorRef[Any] = system.spawn(
            SupervisorSpec(name=supervising, policy=Policy.TEMPORARY, shutdown=spec.shutdown)
        )
        await supervisor.ready()
        left_over = await settle(self._letters.load(hosted.id)) if hosted.durable else []

        def appear(ref: ActorRef[Any]) -> None:
            if directory.lists(hosted.id):
                return
            entry = Entry(hosted, ref, supervisor)
            directory.add(entry)
            for kept in left_over:
                entry.put(Envelope(kept.letter, kept.letter.sender), kept)

        child = self._child(hosted, version, lambda: ComponentActor(hosted, version, appear))
        ref: ActorRef[Any] = system.spawn(child, under=supervisor)
        ref.on_end(lambda _: self._pools.leave(hosted.version.spec, hosted.version.component))
        try:
            await ref.ready()
        except StartFailed as failed:
            await supervisor.stop()
            error = failed.__cause__ or failed
            if isinstance(error, ValidationError):
                raise error from None
            raise StartFailed(
                f"the component did not start: {getattr(error, 'message', error)}",
                where=name,
                details=getattr(error, "details", None),
                hint=getattr(error, "hint", None),
            ) from error
        version.pool.fill()


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
