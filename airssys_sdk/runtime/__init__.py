"""Actors, mailboxes, supervisors, requests and events; and on top of them components as actors."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from airssys_sdk.runtime.backoff import Backoff, Intensity, Policy
from airssys_sdk.runtime.context import Context, Terminated
from airssys_sdk.runtime.envelope import Envelope, Priority, ReplyTo
from airssys_sdk.runtime.errors import (
    ActorNotFound,
    ActorStopped,
    MailboxFull,
    MessageError,
    NameTaken,
    RequestTimeout,
    StartFailed,
)
from airssys_sdk.runtime.events import DeadLetter, DeadReason, EventStream
from airssys_sdk.runtime.mailbox import MailboxOptions, Metrics
from airssys_sdk.runtime.pending import Pending
from airssys_sdk.runtime.ref import ActorRef
from airssys_sdk.runtime.spec import (
    IMMEDIATE,
    INFINITY,
    Actor,
    ChildSpec,
    OnCrash,
    Strategy,
    SupervisorSpec,
    behaviour,
)
from airssys_sdk.runtime.state import Exit, ExitKind
from airssys_sdk.runtime.system import ActorSystem
from airssys_sdk.runtime.timers import ManualClock

if TYPE_CHECKING:
    from airssys_sdk.runtime.component_actor import ComponentFailed, WritesLost
    from airssys_sdk.runtime.component_spec import ComponentSpec, NotEnforced
    from airssys_sdk.runtime.node import Counters, Node

_LAZY = {
    "ComponentFailed": "component_actor",
    "ComponentSpec": "component_spec",
    "Counters": "node",
    "Node": "node",
    "NotEnforced": "component_spec",
    "WritesLost": "component_actor",
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
    "ComponentSpec",
    "Context",
    "Counters",
    "DeadLetter",
    "DeadReason",
    "Envelope",
    "EventStream",
    "Exit",
    "ExitKind",
    "Intensity",
    "MailboxFull",
    "MailboxOptions",
    "ManualClock",
    "MessageError",
    "Metrics",
    "NameTaken",
    "Node",
    "NotEnforced",
    "OnCrash",
    "Pending",
    "Policy",
    "Priority",
    "ReplyTo",
    "RequestTimeout",
    "StartFailed",
    "Strategy",
    "SupervisorSpec",
    "Terminated",
    "WritesLost",
    "behaviour",
]


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value
