"""Actors, mailboxes, supervisors, requests and events; and on top of them components as actors."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from .actors.broker import TopicCounts, Topics, TopicSubscription
from .actors.context import Context, Terminated
from .actors.pool import PoolRef
from .actors.ref import ActorRef
from .actors.routing import Routing
from .actors.spec import (
    IMMEDIATE,
    INFINITY,
    Actor,
    ChildSpec,
    OnCrash,
    PoolSpec,
    Strategy,
    SupervisorSpec,
    behaviour,
)
from .actors.system import ActorSystem
from .actors.takeover import Takeover
from .errors import (
    ActorNotFound,
    ActorStopped,
    MailboxFull,
    MessageError,
    NameTaken,
    RequestTimeout,
    StartFailed,
    Unwell,
)
from .events import DeadLetter, DeadReason, EventStream, HealthChecked, HookFailed, Unrouted
from .messages.envelope import Envelope, Priority, ReplyTo
from .messages.mailbox import MailboxOptions
from .messages.outcomes import Metrics
from .messages.pending import Pending
from .scheduling.timers import ManualClock
from .state import Exit, ExitKind, HealthStatus
from .supervision.backoff import Backoff, Intensity, Policy
from .supervision.health import Health

if TYPE_CHECKING:
    from .components.deployment import Deployed, DeploymentFailed, DeploymentRefused
    from .components.failures import ComponentFailed, Unhealthy, WritesLost
    from .components.spec import ComponentSpec, NotEnforced
    from .components.tracing import Traced
    from .components.version import VersionRecord
    from .metrics.histogram import HistogramSnapshot
    from .metrics.snapshot import ComponentSnapshot, NodeSnapshot, StorageUse
    from .nodes.counters import Counters
    from .nodes.node import Node
    from .nodes.system_spec import GroupSpec, SystemSpec

_LAZY = {
    "ComponentFailed": "components.failures",
    "ComponentSnapshot": "metrics.snapshot",
    "ComponentSpec": "components.spec",
    "Counters": "nodes.counters",
    "Deployed": "components.deployment",
    "DeploymentFailed": "components.deployment",
    "DeploymentRefused": "components.deployment",
    "GroupSpec": "nodes.system_spec",
    "HistogramSnapshot": "metrics.histogram",
    "Node": "nodes.node",
    "NodeSnapshot": "metrics.snapshot",
    "NotEnforced": "components.spec",
    "StorageUse": "metrics.snapshot",
    "SystemSpec": "nodes.system_spec",
    "Traced": "components.tracing",
    "Unhealthy": "components.failures",
    "VersionRecord": "components.version",
    "WritesLost": "components.failures",
}
"""What needs manifests, storage and the engine; it comes in when it is first used."""

__all__ = [
    "IMMEDIATE",
    "INFINITY",
    "Actor",
    "ActorNotFound",
    "ActorRef",
    "ActorStopped",
    "ActorSystem",
    "Backoff",
    "ChildSpec",
    "ComponentFailed",
    "ComponentSnapshot",
    "ComponentSpec",
    "Context",
    "Counters",
    "DeadLetter",
    "DeadReason",
    "Deployed",
    "DeploymentFailed",
    "DeploymentRefused",
    "Envelope",
    "EventStream",
    "Exit",
    "ExitKind",
    "GroupSpec",
    "Health",
    "HealthChecked",
    "HealthStatus",
    "HistogramSnapshot",
    "HookFailed",
    "Intensity",
    "MailboxFull",
    "MailboxOptions",
    "ManualClock",
    "MessageError",
    "Metrics",
    "NameTaken",
    "Node",
    "NodeSnapshot",
    "NotEnforced",
    "OnCrash",
    "Pending",
    "Policy",
    "PoolRef",
    "PoolSpec",
    "Priority",
    "ReplyTo",
    "RequestTimeout",
    "Routing",
    "StartFailed",
    "StorageUse",
    "Strategy",
    "SupervisorSpec",
    "SystemSpec",
    "Takeover",
    "Terminated",
    "TopicCounts",
    "TopicSubscription",
    "Topics",
    "Traced",
    "Unhealthy",
    "Unrouted",
    "Unwell",
    "VersionRecord",
    "WritesLost",
    "behaviour",
]


if not TYPE_CHECKING:  # or else every name would be there for type checkers, also one that is misspelt

    def __getattr__(name: str) -> Any:
        module = _LAZY.get(name)
        if module is None:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__]
            )
        value = getattr(importlib.import_module(f".{module}", __name__), name)
        globals()[name] = value
        return value
