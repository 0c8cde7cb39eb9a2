"""What became of messages, in numbers."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Metrics:
    """What became of the messages of one actor name (or of a whole system), counted in messages.

    Every accepted message is in exactly one of these: handled, failed, dead_lettered, expired, dropped, kept, in_progress,
    depth.

    Attributes:
        handled: `receive` returned.
        failed: `receive` failed and that was told or logged (`MessageError`, or a crash under `ask`).
        dead_lettered: kept as dead letters, but for expired ones.
        expired: kept as dead letters because their time to live was over.
        dropped: crashed the actor, whose `on_crash` says to drop such a message.
        kept: waited when the actor ended for good, and stay in its durable mailbox for the next one.
        refused: not accepted: the mailbox was full or closed.
        in_progress: in a handler that has not finished.
        depth: waiting.
        last_activity: the time (`time.monotonic()`) of the last turn; 0.0 before the first.
    """

    handled: int = 0
    failed: int = 0
    dead_lettered: int = 0
    expired: int = 0
    dropped: int = 0
    kept: int = 0
    refused: int = 0
    in_progress: int = 0
    depth: int = 0
    last_activity: float = 0.0

    @property
    def received(self) -> int:
        """How many messages were accepted."""
        ended = self.handled + self.failed + self.dead_lettered + self.expired + self.dropped + self.kept
        return ended + self.in_progress + self.depth

    def __add__(self, other: Metrics) -> Metrics:
        """Sum of the counts, later of the times."""
        return Metrics(
            self.handled + other.handled,
            self.failed + other.failed,
            self.dead_lettered + other.dead_lettered,
            self.expired + other.expired,
            self.dropped + other.dropped,
            self.kept + other.kept,
            self.refused + other.refused,
            self.in_progress + other.in_progress,
            self.depth + other.depth,
            max(self.last_activity, other.last_activity),
        )
