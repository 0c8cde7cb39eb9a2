"""Capabilities, grants and the audit log: what a component may do, decided without knowing what a component is."""

from .audit import AuditLog, AuditRecord, AuditSink, JsonLinesSink, LoggingSink
from .grants import Capability, Grant, Grants
from .pattern import Pattern, PatternError

__all__ = [
    "AuditLog",
    "AuditRecord",
    "AuditSink",
    "Capability",
    "Grant",
    "Grants",
    "JsonLinesSink",
    "LoggingSink",
    "Pattern",
    "PatternError",
]
