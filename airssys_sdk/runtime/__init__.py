"""Actors, mailboxes, supervisors, requests and events; and on top of them components as actors."""

from airssys_sdk.runtime.backoff import Backoff, Intensity, Policy
from airssys_sdk.runtime.context import Context, Terminated
from airssys_sdk.runtime.envelope import Envelope, Priority, ReplyTo
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

__all__ = [
    "IMMEDIATE",
    "INFINITY",
    "Actor",
    "ActorRef",
    "ActorSystem",
    "Backoff",
    "ChildSpec",
    "Context",
    "DeadLetter",
    "DeadReason",
    "Envelope",
    "EventStream",
    "Exit",
    "ExitKind",
    "Intensity",
    "MailboxOptions",
    "ManualClock",
    "Metrics",
    "OnCrash",
    "Pending",
    "Policy",
    "Priority",
    "ReplyTo",
    "Strategy",
    "SupervisorSpec",
    "Terminated",
    "behaviour",
]
