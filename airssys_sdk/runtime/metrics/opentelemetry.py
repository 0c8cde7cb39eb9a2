"""A node's numbers for OpenTelemetry: observable instruments of a meter. Needs the extra `otel`.

OpenTelemetry has no histogram that is observed, and recording each message would cost more than handling it. So times
are told as sums and counts, which only grow, and as quantiles over all messages so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...extras import extra
from .histogram import HistogramSnapshot
from .reading import Measured, Reading
from .snapshot import ComponentSnapshot, NodeSnapshot

with extra("otel", "opentelemetry", purpose="exporting metrics to OpenTelemetry"):
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

_COMPONENT = "airssys.component.id"
_OUTCOME = "airssys.message.outcome"
_OUTCOMES = ("handled", "failed", "dead_lettered", "expired", "dropped", "kept", "refused")
_QUANTILES = (0.5, 0.9, 0.99)
_ONE_COLLECTION = 0.1
"""Seconds for which all instruments of one collection see the same snapshot."""

_Values = Iterable[tuple[float | None, dict[str, str | float]]]


class Instrumentation:
    """The instruments of one node. A meter keeps its instruments for ever; once closed, they observe nothing."""

    def __init__(self, reading: Reading) -> None:
        self._reading: Reading | None = reading

    def close(self) -> None:
        """Observe nothing more."""
        self._reading = None

    def observing(
        self, values: Callable[[NodeSnapshot], _Values]
    ) -> Sequence[Callable[[CallbackOptions], Iterable[Observation]]]:
        """The callbacks of an instrument that tells these values; None among them is not told."""

        def observe(_: CallbackOptions) -> Iterable[Observation]:
            snapshot = None if self._reading is None else self._reading()
            if snapshot is None:
                return []
            return [
                Observation(value, attributes) for value, attributes in values(snapshot) if value is not None
            ]

        return [observe]


def instrument(node: Measured, meter: Meter) -> Instrumentation:
    """Let a meter observe a node; call it where the node runs, it may be collected on any thread.

    Args:
        node: the node.
        meter: such as `opentelemetry.metrics.get_meter("my.program")`.

    Returns:
        What ends it.

    Raises:
        UsageError: no event loop runs here.
    """
    made = Instrumentation(Reading(node, keep=_ONE_COLLECTION))
    counter, gauge = meter.create_observable_counter, meter.create_observable_gauge
    amount = meter.create_observable_up_down_counter
    counter("airssys.messages", made.observing(_messages), "{message}", "Messages by what became of them")
    counter(
        "airssys.component.restarts",
        made.observing(lambda node: _each(node, lambda one: one.restarts)),
        "{restart}",
        "Lives that followed another one",
    )
    counter(
        "airssys.denials",
        made.observing(lambda node: _each(node, lambda one: one.denials)),
        "{denial}",
        "What was asked for without permission",
    )
    counter(
        "airssys.late_answers",
        made.observing(lambda node: _each(node, lambda one: one.late)),
        "{answer}",
        "Answers that came after their request was over",
    )
    counter("airssys.dead_letters", made.observing(_dead_letters), "{message}", "Dead letters by reason")
    amount(
        "airssys.mailbox.depth",
        made.observing(lambda node: _each(node, lambda one: one.messages.depth)),
        "{message}",
        "Messages that wait",
    )
    amount(
        "airssys.component.memory",
        made.observing(lambda node: _each(node, lambda one: one.memory)),
        "By",
        "Linear memory",
    )
    amount(
        "airssys.storage.used",
        made.observing(
            lambda node: _each(node, lambda one: None if one.storage is None else one.storage.used)
        ),
        "By",
        "Keys and values kept",
    )
    counter(
        "airssys.message.fuel",
        made.observing(lambda node: _each(node, lambda one: None if one.fuel is None else one.fuel.total)),
        "{unit}",
        "Units of work",
    )
    _times(made, meter, "queueing", "from sending to handling", lambda one: one.queueing)
    _times(made, meter, "handling", "from handling to the outcome", lambda one: one.handling)
    gauge(
        "airssys.node.uptime",
        made.observing(lambda node: [(node.uptime, {})]),
        "s",
        "How long the node has run",
    )
    return made


def _times(
    made: Instrumentation,
    meter: Meter,
    name: str,
    meaning: str,
    of: Callable[[ComponentSnapshot], HistogramSnapshot],
) -> None:
    """The instruments of one histogram."""
    meter.create_observable_counter(
        f"airssys.message.{name}.time",
        made.observing(lambda node: _each(node, lambda one: of(one).total)),
        "s",
        f"Time {meaning}, of all messages together",
    )
    meter.create_observable_counter(
        f"airssys.message.{name}.count",
        made.observing(lambda node: _each(node, lambda one: of(one).count)),
        "{message}",
        f"Messages whose time {meaning} was measured",
    )
    meter.create_observable_gauge(
        f"airssys.message.{name}.quantile",
        made.observing(
            lambda node: [
                (of(one).quantile(share), {_COMPONENT: one.id, "quantile": share})
                for one in node.components
                for share in _QUANTILES
            ]
        ),
        "s",
        f"Time {meaning} that this share of all messages did not exceed",
    )


def _each(node: NodeSnapshot, value: Callable[[ComponentSnapshot], float | None]) -> _Values:
    return [(value(one), {_COMPONENT: one.id}) for one in node.components]


def _messages(node: NodeSnapshot) -> _Values:
    return [
        (getattr(one.messages, outcome), {_COMPONENT: one.id, _OUTCOME: outcome})
        for one in node.components
        for outcome in _OUTCOMES
    ]


def _dead_letters(node: NodeSnapshot) -> _Values:
    return [(count, {"airssys.reason": reason}) for reason, count in node.dead_letters.items()]
