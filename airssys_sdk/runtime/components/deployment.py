"""Deployment while messages come in: a new version gets ready beside the old one and takes over between two messages."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import AirssysError
from ...manifest import ComponentId
from ..actors.spec import ChildSpec
from ..errors import StartFailed
from ..state import describe
from .lives import Life, life_of, nowhere
from .version import Hosted, Version, VersionRecord

if TYPE_CHECKING:
    from ...services.messaging import Letter
    from ..actors.ref import ActorRef
    from ..actors.takeover import Takeover
    from ..events import EventStream


class DeploymentFailed(StartFailed):
    """A new version did not take over; the one of before goes on."""


@dataclasses.dataclass(frozen=True, slots=True)
class Deployed:
    """A version of a component has taken over; also published as an event.

    Attributes:
        component: which.
        record: the version that runs now.
        previous: the one that ran before.
        pause: seconds in which no message was handled, beyond the message in progress.
        seconds: from the beginning of its start to the takeover.
    """

    component: ComponentId
    record: VersionRecord
    previous: VersionRecord
    pause: float
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class DeploymentRefused:
    """Event: a version of a component was not taken; `record.error` says why."""

    component: ComponentId
    record: VersionRecord


async def deploy(
    hosted: Hosted,
    version: Version,
    ref: ActorRef[Letter],
    child: Callable[[Hosted, Version, Callable[[], Life]], ChildSpec[Letter]],
    events: EventStream,
) -> Deployed:
    """Let another version of a component take over.

    It is initialized beside the old one and must not be unhealthy. Then it takes over name, mailbox and open requests between
    two messages, and the old one shuts down. What it wrote before that is stored at the takeover, or forgotten.

    Args:
        hosted: the component.
        version: the new one.
        ref: the component's actor.
        child: makes what the supervisor is told, from the component, the version and what makes its lives.
        events: where the outcome is published.

    Raises:
        DeploymentFailed: it did not get ready, is unhealthy, or the component ended first. Nothing has changed.
    """
    began = time.monotonic()
    life = life_of(hosted, version, nowhere)
    try:
        await life.prepare()
        takeover = await _taken(hosted, version, life, ref, child)
    except BaseException as error:
        life.discard()
        version.outbox.abandon()
        hosted.version.area.apply()
        if isinstance(error, Exception):
            raise _refused(hosted, version, error, events) from _cause(error)
        raise
    deployed = Deployed(
        hosted.id,
        version.record,
        hosted.kept[-2].record,
        takeover.pause,
        time.monotonic() - began,
    )
    if events.wanted:
        events.publish(deployed)
    return deployed


async def _taken(
    hosted: Hosted,
    version: Version,
    life: Life,
    ref: ActorRef[Letter],
    child: Callable[[Hosted, Version, Callable[[], Life]], ChildSpec[Letter]],
) -> Takeover:
    prepared: list[Life] = [life]

    def factory() -> Life:
        return prepared.pop() if prepared else life_of(hosted, version, nowhere)

    replacing = asyncio.ensure_future(ref.replace(child(hosted, version, factory)))
    replacing.add_done_callback(lambda done: _adopt(hosted, version, done))
    try:
        return await asyncio.shield(replacing)
    except asyncio.CancelledError:
        replacing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            return await replacing  # it has happened already: then it counts
        raise


def _adopt(hosted: Hosted, version: Version, done: asyncio.Task[Takeover]) -> None:
    """The version runs, if it does."""
    if done.cancelled() or done.exception() is not None:
        return
    hosted.version = version
    hosted.kept.append(version)
    hosted.history.append(version.record)
    version.outbox.take_over()
    if hosted.on_version is not None:
        hosted.on_version()
    retired = done.result().retired
    if retired is not None:
        hosted.retiring.add(retired)
        retired.add_done_callback(hosted.retiring.discard)


def _refused(hosted: Hosted, version: Version, error: Exception, events: EventStream) -> DeploymentFailed:
    cause = _cause(error)
    text = getattr(cause, "message", None) or describe(cause)
    record = dataclasses.replace(version.record, error=text)
    hosted.history.append(record)
    if events.wanted:
        events.publish(DeploymentRefused(hosted.id, record))
    running = hosted.version.record
    return DeploymentFailed(
        f"version {record.number} ({record.version}) did not take over, "
        f"{running.number} ({running.version}) goes on: {text}",
        where=str(hosted.id),
        details=cause.details if isinstance(cause, AirssysError) else None,
        hint=cause.hint if isinstance(cause, AirssysError) else None,
    )


def _cause(error: Exception) -> Exception:
    """What went wrong in the new version itself."""
    cause = error.__cause__
    return cause if isinstance(error, StartFailed) and isinstance(cause, Exception) else error
