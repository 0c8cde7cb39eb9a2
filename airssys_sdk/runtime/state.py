"""Where in its life an actor is, how well it is, and how a life ended."""

from __future__ import annotations

import dataclasses
import enum


class State(enum.Enum):
    """Where in its life an actor is."""

    STARTING = "starting"
    RUNNING = "running"
    BUSY = "busy"
    """Running, in the middle of a message whose handler has returned something unfinished."""
    STOPPING = "stopping"
    """The life comes to its end; what may take time is under way."""
    DOWN = "down"
    """No life: waits for the restart, for the supervisor's decision, or for the end."""
    ENDED = "ended"
    """Gone for good."""


# For the hot paths: up to Python 3.11, looking a member up in its class runs Python code.
STARTING, RUNNING, BUSY, STOPPING, DOWN, ENDED = State


class HealthStatus(enum.Enum):
    """What an actor says of itself."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """It works, but not as it should. Neither counts as a failure nor forgives those before."""
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"
    """It was not asked yet, or cannot tell."""


class ExitKind(enum.Enum):
    """How a life ended."""

    NORMAL = "normal"
    """The actor itself had done its work."""
    SHUTDOWN = "shutdown"
    """It was told to stop, or its supervisor stops or restarts it with others."""
    FAILED = "failed"
    """It crashed, or did not start."""
    KILLED = "killed"
    """It did not stop in time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Exit:
    """The end of a life, with the error behind it if it failed."""

    kind: ExitKind
    error: Exception | None = None

    @property
    def abnormal(self) -> bool:
        """Whether a transient child restarts after this."""
        return self.kind in (ExitKind.FAILED, ExitKind.KILLED)

    def __str__(self) -> str:
        return self.kind.value if self.error is None else f"{self.kind.value} ({describe(self.error)})"


NORMAL = Exit(ExitKind.NORMAL)
SHUTDOWN = Exit(ExitKind.SHUTDOWN)
KILLED = Exit(ExitKind.KILLED)


def describe(error: BaseException) -> str:
    """One line about an error; its text may come from a guest, so control characters do not pass."""
    lines = str(error).splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
