"""A node's numbers through the real libraries: scraped over HTTP, parsed, and collected by OpenTelemetry's SDK."""

from __future__ import annotations

import asyncio
import importlib
import socket
import sys
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from component_nodes import do, run, spec
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from airssys_sdk.errors import AirssysError, UsageError
from airssys_sdk.extras import ExtraMissing
from airssys_sdk.runtime import Node
from airssys_sdk.runtime.metrics import opentelemetry, prometheus

guest = pytest.mark.slow
together = pytest.mark.xdist_group("actor-guest")


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The samples of Prometheus's text by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(text: str, name: str, **labels: str) -> float:
    return samples(text)[name, frozenset(labels.items())]


async def scrape(address: tuple[str, int]) -> str:
    def get() -> str:
        with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/metrics", timeout=60) as answer:
            text: str = answer.read().decode()
            return text

    return await asyncio.to_thread(get)


@guest
@together
def test_a_scrape_tells_what_each_component_did(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node(measure_memory=True) as node, prometheus.serving(node, "127.0.0.1", 0) as address:
            await node.start(spec(actor_wasm, "a", limits={"storage": 1000}))
            await node.start(spec(actor_wasm, "b", runtime={"profile": "plain"}))
            await do(node, "a", ["set", "key", "value"])
            await do(node, "a", ["spin", 1000])
            await do(node, "b", ["try", [["send", "test/a/0", "x"]]])
            text = await scrape(address)
            first, second = {"component": "test/a/0"}, {"component": "test/b/0"}
            assert of(text, "airssys_messages_handled_total", **first) == 2
            assert of(text, "airssys_messages_handled_total", **second) == 1
            assert of(text, "airssys_denials_total", **second) == 1
            assert of(text, "airssys_storage_used_bytes", **first) == 8
            assert of(text, "airssys_storage_quota_bytes", **first) == 1000
            assert of(text, "airssys_component_state", airssys_component_state="running", **first) == 1
            assert of(text, "airssys_component_state", airssys_component_state="down", **first) == 0
            assert of(text, "airssys_node_messages_total", outcome="handled") == 3
            assert of(text, "airssys_node_up") == 1
            assert of(text, "airssys_node_components") == 2
            for name, count in (("queueing_seconds", 2), ("handling_seconds", 2), ("fuel", 2)):
                whole = f"airssys_message_{name}"
                assert of(text, f"{whole}_count", **first) == count
                assert of(text, f"{whole}_bucket", le="+Inf", **first) == count
                assert of(text, f"{whole}_sum", **first) > 0
            assert ("airssys_message_fuel_count", frozenset(second.items())) not in samples(text)
            if sys.platform.startswith("linux"):
                assert of(text, "airssys_component_memory_bytes", **first) > 1_000_000
                assert of(text, "process_resident_memory_bytes") > 1_000_000

    run(scenario)


@guest
@together
def test_the_buckets_of_a_scrape_rise_and_add_up_to_the_snapshot(actor_wasm: Path) -> None:
    async def scenario() -> None:
        async with Node() as node:
            await node.start(spec(actor_wasm))
            for _ in range(20):
                await do(node, "a", ["count"])
            registry = CollectorRegistry()
            registry.register(prometheus.collector(node))
            text = generate_latest(registry).decode()
            seen = node.metrics_snapshot().components[0].handling
            buckets = [
                value
                for (name, labels), value in samples(text).items()
                if name == "airssys_message_handling_seconds_bucket"
            ]
            assert len(buckets) == len(seen.counts)
            assert buckets == sorted(buckets)
            assert buckets[-1] == seen.count == 20
            assert [families.name for families in parse_openmetrics(generate_openmetrics(registry).decode())]

    run(scenario)


def test_a_node_that_has_stopped_is_down_and_a_scrape_of_it_does_not_fail() -> None:
    async def scenario() -> None:
        node = Node()
        registry = CollectorRegistry()
        async with node:
            registry.register(prometheus.collector(node))
            assert of(generate_latest(registry).decode(), "airssys_node_up") == 1
        assert samples(generate_latest(registry).decode()) == {("airssys_node_up", frozenset()): 0.0}
        collected.append(registry)

    collected: list[CollectorRegistry] = []
    run(scenario)
    seen: list[float] = []
    later = threading.Thread(
        target=lambda: seen.append(of(generate_latest(collected[0]).decode(), "airssys_node_up"))
    )
    later.start()
    later.join()
    assert seen == [0], "also from another thread, when the loop is gone"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.org", ""])  # noqa: S104
def test_metrics_are_served_on_the_loopback_interface_only(host: str) -> None:
    async def scenario() -> None:
        async with Node() as node:
            with pytest.raises(UsageError, match="loopback"):
                async with prometheus.serving(node, host, 0):
                    pass

    run(scenario)


def test_a_port_that_is_taken_is_told() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            async with Node() as node:
                with pytest.raises(AirssysError, match="cannot be served"):
                    async with prometheus.serving(node, "127.0.0.1", taken.getsockname()[1]):
                        pass

    run(scenario)


def test_a_server_leaves_no_thread_and_its_port_behind() -> None:
    async def scenario() -> None:
        async with Node() as node:
            there = threading.active_count()
            async with prometheus.serving(node, "127.0.0.1", 0) as (_, port):
                await scrape(("127.0.0.1", port))
            left = [one for one in threading.enumerate() if "asyncio" not in one.name]
            assert len(left) <= there
            with pytest.raises(OSError, match="refused"):
                await scrape(("127.0.0.1", port))

    run(scenario)


def test_an_exporter_without_a_running_loop_is_refused() -> None:
    with pytest.raises(UsageError, match="no running event loop"):
        prometheus.collector(Node())


def points(reader: InMemoryMetricReader) -> dict[tuple[str, frozenset[tuple[str, object]]], float]:
    """What was collected, by the instrument's name and the attributes."""
    data = reader.get_metrics_data()
    assert data is not None
    found: dict[tuple[str, frozenset[tuple[str, object]]], float] = {}
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    assert isinstance(point, NumberDataPoint)
                    attributes: Mapping[str, object] = point.attributes or {}
                    found[metric.name, frozenset(attributes.items())] = point.value
    return found


@guest
@together
def test_opentelemetry_observes_what_each_component_did(actor_wasm: Path) -> None:
    async def scenario() -> None:
        reader = InMemoryMetricReader()
        provider = MeterProvider([reader])
        async with Node() as node:
            watching = opentelemetry.instrument(node, provider.get_meter("test"))
            await node.start(spec(actor_wasm))
            await do(node, "a", ["set", "key", "value"])
            await do(node, "a", ["sleep", 20])
            seen = await asyncio.to_thread(points, reader)
            mine = ("airssys.component.id", "test/a/0")
            assert seen["airssys.messages", frozenset({mine, ("airssys.message.outcome", "handled")})] == 2
            assert seen["airssys.messages", frozenset({mine, ("airssys.message.outcome", "failed")})] == 0
            assert seen["airssys.storage.used", frozenset({mine})] == 8
            assert seen["airssys.mailbox.depth", frozenset({mine})] == 0
            assert seen["airssys.message.fuel", frozenset({mine})] > 0
            assert seen["airssys.message.handling.count", frozenset({mine})] == 2
            assert seen["airssys.message.handling.time", frozenset({mine})] >= 0.02
            assert seen["airssys.message.handling.quantile", frozenset({mine, ("quantile", 0.99)})] >= 0.02
            assert seen["airssys.node.uptime", frozenset()] > 0
            assert points(reader).keys() == seen.keys(), "also on the thread of the loop"
            watching.close()
            assert reader.get_metrics_data() is None
        provider.shutdown()

    run(scenario)


@pytest.mark.parametrize(
    ("module", "package", "name"),
    [("prometheus", "prometheus_client", "metrics"), ("opentelemetry", "opentelemetry", "otel")],
)
def test_an_extra_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, package: str, name: str
) -> None:
    whole = f"airssys_sdk.runtime.metrics.{module}"
    for loaded in [one for one in sys.modules if one == package or one.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, whole)
    with pytest.raises(ExtraMissing) as raised:
        importlib.import_module(whole)
    assert raised.value.hint == f"pip install 'airssys-sdk[{name}]'"
