"""What can go wrong between actors: refused messages, failed answers, supervisors that gave up."""

from __future__ import annotations

from airssys_sdk.errors import AirssysError, UsageError


class MailboxFull(AirssysError):
    """The target's mailbox has no room; the message was not accepted."""


class ActorStopped(AirssysError):
    """The target has stopped for good; nothing will answer."""


class ActorNotFound(UsageError):
    """No actor has this name."""


class NameTaken(UsageError):
    """A live actor has this name already."""


class MessageError(AirssysError):
    """Raise it (or a subclass) from `receive` to fail one message only: the actor goes on, its supervisor hears nothing.

    Whoever asked gets this error; a plain message is counted as failed, logged and reported as an event.
    """


class MessageExpired(AirssysError):
    """The message waited longer than its time to live."""


class MessageKilled(AirssysError):
    """The actor was killed in the middle of this message."""


class RequestTimeout(AirssysError, TimeoutError):
    """No answer came in time; one that comes later is counted and dropped."""


class IntensityExceeded(AirssysError):
    """A child was restarted too often; its supervisor gave up (`__cause__` is the child's last error)."""


class Unwell(AirssysError):
    """An actor failed so many health checks that its life ends, or one had no answer in time."""


class StartFailed(AirssysError):
    """An actor did not start (`__cause__` says why)."""
