"""How a node's components come and go: loaded, supervised, made ready beforehand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Generator, Iterable
from typing import Any, Literal

from ...component import Component, Supervised
from ...component.engine.cache import Cache, OnCompile
from ...errors import ValidationError
from ...manifest import ComponentId
from ...security import AuditLog, Grants
from ...services.eventually import settle
from ...services.letters import Letters
from ...services.logs import ComponentLog
from ...services.messaging import Letter, Outbox
from ...services.storage import Storage
from ...services.transactions import Area
from ..actors.ref import ActorRef
from ..actors.spec import ChildSpec, SupervisorSpec
from ..actors.system import ActorSystem
from ..components.calls import Lanes
from ..components.directory import Directory
from ..components.entry import Entry
from ..components.lives import Life, life_of
from ..components.pool import Pools, Watching
from ..components.post import PostOffice
from ..components.spec import ComponentSpec
from ..components.version import Hosted, Reason, Version, VersionRecord
from ..errors import ActorStopped, NameTaken, StartFailed
from ..messages.envelope import Envelope
from ..messages.mailbox import MailboxOptions
from ..supervision.backoff import Policy

_log = logging.getLogger("airssys.runtime")


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
        watching: what is to be seen of the components.
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
        watching: Watching,
    ) -> None:
        self._system = system
        self._directory = directory
        self._storage = storage
        self._lanes = lanes
        self._audit = audit
        self._incarnation = incarnation
        self._overflow: Literal["error", "block"] = overflow
        self._cache = cache
        self._watching = watching
        self._pools = Pools(system.loop, watching)
        self._letters = Letters(storage)
        self._post = PostOffice(system, directory)
        self._starts = 0
        self._starting: set[ComponentId] = set()

    async def start(
        self,
        spec: ComponentSpec,
        on_compile: OnCompile | None,
        supervised: Supervised[Any] | None = None,
    ) -> ComponentId:
        """Start a component; see `Node.start` and `Node.start_world`."""
        spec.check(typed=supervised is not None)
        _ = spec.grants
        with self.starting([spec.id]):
            hosted = self.host(spec, await self.load(spec, on_compile), supervised)
            await self._supervise(hosted)
        return hosted.id

    @contextlib.contextmanager
    def starting(self, components: Iterable[ComponentId]) -> Generator[None, None, None]:
        """Keep the ids of components that start from others.

        Raises:
            NameTaken: one of them is in use.
            StartFailed: the node stops meanwhile.
        """
        kept = set(components)
        for component in kept:
            if component in self._starting or self._directory.lists(component):
                raise NameTaken(
                    f"a component {component} runs on this node already",
                    hint="give the other one another instance, or deploy it as a new version",
                )
        self._starting |= kept
        try:
            yield
        except ActorStopped as error:
            where = ", ".join(map(str, kept))
            raise StartFailed("the node stops, and starts nothing any more", where=where) from error
        finally:
            self._starting -= kept

    def host(self, spec: ComponentSpec, code: Component, supervised: Supervised[Any] | None = None) -> Hosted:
        """What belongs to a component that is about to start; `leave` its version if it does not begin."""
        grants = spec.grants
        self._starts += 1  # another component of this id may have made requests
        outbox = Outbox(
            spec.id,
            grants=grants,
            post=self._post,
            audit=self._audit,
            prefix=f"{self._incarnation}.{self._starts}",
            most_open=spec.manifest.limits.mailbox,
        )
        version = self.version(spec, grants, code, outbox, supervised, 1, "start")
        log = ComponentLog(spec.id)
        hosted = Hosted(spec.id, version, log, self._directory, self._lanes, self._letters)
        hosted.trace, hosted.measure_memory = self._watching.trace, self._watching.memory
        hosted.history.append(version.record)
        hosted.kept.append(version)
        return hosted

    async def child(self, hosted: Hosted, supervisor: ActorRef[Any] | None = None) -> ChildSpec[Letter]:
        """What a supervisor is told about a component that starts; from its first life on, the directory lists it.

        Args:
            hosted: the component.
            supervisor: one that has no other child, and stops with it.
        """
        version, directory = hosted.version, self._directory
        left_over = await settle(self._letters.load(hosted.id)) if hosted.durable else []
        if not hosted.durable and (waiting := await settle(self._letters.waiting(hosted.id))):
            _log.warning(
                "%s is not durable now: %d messages stay in its durable mailbox until it is again",
                hosted.id,
                waiting,
            )

        def appear(ref: ActorRef[Any]) -> None:
            if directory.lists(hosted.id):
                return
            entry = Entry(hosted, ref, supervisor)
            directory.add(entry)
            ref.on_end(lambda _: self.leave(hosted.version))
            for kept in left_over:
                entry.put(Envelope(kept.letter, kept.letter.sender), kept)

        return self.child_spec(hosted, version, lambda: life_of(hosted, version, appear))

    def close(self) -> None:
        """Free the instances that are ready, and put the durable mailboxes in order; nothing starts any more."""
        self._pools.close()
        self._letters.close()

    async def load(self, spec: ComponentSpec, on_compile: OnCompile | None) -> Component:
        """The compiled code of a component; compiling it takes seconds.

        Raises:
            InvalidComponent: there is no such file, or it is no component.
        """
        return await asyncio.to_thread(
            Component.open,
            spec.wasm,
            profile=spec.manifest.runtime.profile,
            cache=self._cache,
            on_compile=on_compile,
            bulk=spec.limits.bulk,
        )

    def version(
        self,
        spec: ComponentSpec,
        grants: Grants,
        code: Component,
        outbox: Outbox,
        supervised: Supervised[Any] | None,
        number: int,
        reason: Reason,
        back_to: int | None = None,
    ) -> Version:
        """A version that may begin lives from now on; `leave` it when it begins no more."""
        return Version(
            VersionRecord(number, spec.manifest.component.version, code.digest, reason, time.time(), back_to),
            spec,
            code,
            Area(self._storage, spec.id, spec.manifest.limits.storage, grants),
            outbox,
            self._pools.join(spec, code) if supervised is None else None,
            supervised,
        )

    def leave(self, version: Version) -> None:
        """No life of this version can begin any more."""
        if version.pool is not None:
            self._pools.leave(version.spec, version.component)

    def child_spec(self, hosted: Hosted, version: Version, factory: Callable[[], Life]) -> ChildSpec[Letter]:
        """What a supervisor is told about a version, from what makes its lives."""
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
        system, version = self._system, hosted.version
        supervising = f"{hosted.id} (supervisor)"
        left = system.find(supervising)
        if left is not None:
            await left.stop()  # of an earlier component with this id, which has ended
        # When it gives its component up, that component is gone and nothing else.
        supervisor: ActorRef[Any] = system.spawn(
            SupervisorSpec(name=supervising, policy=Policy.TEMPORARY, shutdown=version.spec.shutdown)
        )
        await supervisor.ready()
        ref: ActorRef[Any] = system.spawn(await self.child(hosted, supervisor), under=supervisor)
        try:
            await ref.ready()
        except StartFailed as failed:
            await supervisor.stop()
            error = not_started(hosted.id, failed)
            raise error from error.__cause__


def not_started(component: ComponentId, failed: StartFailed) -> Exception:
    """Why a component did not start, with the cause of that."""
    error = failed.__cause__ or failed
    if isinstance(error, ValidationError):
        return error
    why = str(getattr(error, "message", error))
    told = StartFailed(
        f"the component did not start: {why.removeprefix(f'{component} did not start: ')}",
        where=str(component),
        details=getattr(error, "details", None),
        hint=getattr(error, "hint", None),
    )
    told.__cause__ = error
    return told
