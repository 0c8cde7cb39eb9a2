"""What happened on a node, in numbers."""

from __future__ import annotations

import dataclasses

from ..messages.outcomes import Metrics


@dataclasses.dataclass(frozen=True, slots=True)
class Counters:
    """What happened on a node so far.

    Attributes:
        messages: what became of all messages; those of supervisors are none.
        restarts: lives of components that followed another one.
        denials: what components asked for without permission.
        late: answers that came after their request was over.
        unrouted: what was published and nobody had subscribed to.
    """

    messages: Metrics
    restarts: int
    denials: int
    late: int
    unrouted: int = 0
