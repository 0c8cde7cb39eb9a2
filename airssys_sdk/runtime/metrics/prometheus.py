"""A node's numbers for Prometheus: a collector for a registry, and a server on the loopback interface.

Needs the extra `metrics`. Names follow Prometheus: base units, `_total` for what only grows.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import math
from collections.abc import AsyncGenerator, Iterable, Sequence

from ...errors import AirssysError, UsageError
from ...extras import extra
from ..state import State
from .histogram import HistogramSnapshot
from .reading import Measured, Reading
from .snapshot import ComponentSnapshot, NodeSnapshot

with extra("metrics", "prometheus_client", purpose="exporting metrics to Prometheus"):
    from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
        Metric,
        StateSetMetricFamily,
    )
    from prometheus_client.registry import Collector

_OUTCOMES = {
    "handled": "Messages whose handler returned",
    "failed": "Messages whose handler failed, which somebody was told",
    "dead_lettered": "Messages that became dead letters, but for expired ones",
    "expired": "Messages that waited longer than their time to live",
    "dropped": "Messages that crashed their component and were dropped",
    "kept": "Messages that stay in the durable mailbox of a component that has ended",
    "refused": "Messages that were not accepted, as the mailbox was full or closed",
}
"""Fields of `Metrics` that only grow, and what they count."""


def collector(node: Measured) -> NodeCollector:
    """A collector to register with a `CollectorRegistry`; make it where the node runs, it may be scraped on any thread.

    Raises:
        UsageError: no event loop runs here.
    """
    return NodeCollector(Reading(node))


class NodeCollector(Collector):
    """Takes a snapshot of a node for each scrape; what it makes of it are the families below."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def describe(self) -> Iterable[Metric]:
        """Nothing: the node may not answer when the collector is registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """All families; `airssys_node_up` alone, as 0, if the node has stopped or does not answer."""
        snapshot = self._reading()
        yield GaugeMetricFamily("airssys_node_up", "Whether the node answers", float(snapshot is not None))
        if snapshot is not None:
            yield from _of_node(snapshot)
            yield from _of_components(snapshot.components)


@contextlib.asynccontextmanager
async def serving(node: Measured, host: str, port: int) -> AsyncGenerator[tuple[str, int], None]:
    """Serve the node's numbers, and those of the process, over HTTP while a block runs.

    Args:
        node: the node, running on this loop.
        host: a loopback address; whoever can reach it can read the ids of all components.
        port: 0 for any that is free.

    Yields:
        The address.

    Raises:
        UsageError: the host is no loopback address.
        AirssysError: the address cannot be used.
    """
    require_loopback(host)
    registry = CollectorRegistry()
    registry.register(collector(node))
    ProcessCollector(registry=registry)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise AirssysError(
            f"metrics cannot be served: {error.strerror or error}",
            where=f"{host}:{port}",
            hint="name another port, or 0 for any that is free",
        ) from error
    try:
        yield host, server.server_port
    finally:
        # Not on this thread: a scrape in progress waits for it.
        await asyncio.to_thread(server.shutdown)
        await asyncio.to_thread(thread.join)
        server.server_close()


def require_loopback(host: str) -> None:
    """Refuse an address that other machines can reach.

    Raises:
        UsageError: it is no loopback address.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UsageError(
            f"metrics are served on the loopback interface only, and {host!r} is not on it",
            hint="use 127.0.0.1, and put a proxy with access control before it where others shall read",
        )


def _of_node(snapshot: NodeSnapshot) -> Iterable[Metric]:
    yield GaugeMetricFamily("airssys_node_uptime_seconds", "How long the node has run", snapshot.uptime)
    yield GaugeMetricFamily(
        "airssys_node_components", "Components that run or restart", len(snapshot.components)
    )
    messages = CounterMetricFamily(
        "airssys_node_messages", "Messages of all components, also ended ones, by outcome", labels=["outcome"]
    )
    for outcome in _OUTCOMES:
        messages.add_metric([outcome], getattr(snapshot.messages, outcome))
    yield messages
    yield CounterMetricFamily("airssys_node_restarts", "Restarts of components", snapshot.restarts)
    yield CounterMetricFamily("airssys_node_denials", "Denied permissions", snapshot.denials)
    yield CounterMetricFamily("airssys_node_late_answers", "Answers that came too late", snapshot.late)
    dead = CounterMetricFamily("airssys_node_dead_letters", "Dead letters by reason", labels=["reason"])
    for reason, count in snapshot.dead_letters.items():
        dead.add_metric([reason], count)
    yield dead


def _of_components(components: Sequence[ComponentSnapshot]) -> Iterable[Metric]:
    for outcome, meaning in _OUTCOMES.items():
        yield _counter(
            f"airssys_messages_{outcome}",
            meaning,
            [(one.id, getattr(one.messages, outcome)) for one in components],
        )
    yield _counter("airssys_component_restarts", "Restarts", [(one.id, one.restarts) for one in components])
    yield _counter("airssys_denials", "Denied permissions", [(one.id, one.denials) for one in components])
    yield _counter(
        "airssys_late_answers", "Answers that came too late", [(one.id, one.late) for one in components]
    )
    yield _gauge(
        "airssys_mailbox_depth", "Messages that wait", [(one.id, one.messages.depth) for one in components]
    )
    yield _gauge(
        "airssys_messages_in_progress",
        "Messages in handlers",
        [(one.id, one.messages.in_progress) for one in components],
    )
    yield _gauge(
        "airssys_open_requests",
        "Requests without an answer yet",
        [(one.id, one.open_requests) for one in components],
    )
    yield _gauge(
        "airssys_component_memory_bytes", "Linear memory now", [(one.id, one.memory) for one in components]
    )
    yield _gauge(
        "airssys_component_memory_limit_bytes",
        "What each linear memory may have",
        [(one.id, one.memory_limit) for one in components],
    )
    yield _gauge(
        "airssys_storage_used_bytes",
        "Keys and values kept",
        [(one.id, None if one.storage is None else one.storage.used) for one in components],
    )
    yield _gauge(
        "airssys_storage_quota_bytes",
        "What may be kept",
        [(one.id, None if one.storage is None else one.storage.quota) for one in components],
    )
    states = StateSetMetricFamily("airssys_component_state", "Where in its life it is", labels=["component"])
    for one in components:
        states.add_metric([one.id], {state.value: one.state is state for state in State})
    yield states
    yield _histogram(
        "airssys_message_queueing_seconds",
        "Time from sending to handling",
        [(one.id, one.queueing) for one in components],
    )
    yield _histogram(
        "airssys_message_handling_seconds",
        "Time from handling to the outcome",
        [(one.id, one.handling) for one in components],
    )
    yield _histogram("airssys_message_fuel", "Units of work", [(one.id, one.fuel) for one in components])


def _counter(name: str, meaning: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=["component"])
    for component, value in values:
        family.add_metric([component], value)
    return family


def _gauge(name: str, meaning: str, values: Iterable[tuple[str, float | None]]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=["component"])
    for component, value in values:
        if value is not None:
            family.add_metric([component], value)
    return family


def _histogram(name: str, meaning: str, values: Iterable[tuple[str, HistogramSnapshot | None]]) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=["component"])
    for component, seen in values:
        if seen is None:
            continue
        buckets: list[tuple[str, float]] = []
        below = 0
        for bound, count in zip((*seen.bounds, math.inf), seen.counts, strict=True):
            below += count
            buckets.append(("+Inf" if bound == math.inf else repr(bound), below))
        family.add_metric([component], buckets, seen.total)
    return family
