"""Tracing: what is told of calls into a component and of its imports."""

from __future__ import annotations

from pathlib import Path

import pytest
from component_nodes import do, messaging, run, script, spec, until

from airssys_sdk.component import CallError
from airssys_sdk.runtime import ComponentFailed, Node, Traced
from airssys_sdk.runtime.components.bindings.imports import errors, types
from airssys_sdk.runtime.components.brief import brief
from airssys_sdk.wit.shapes import shape_of
from airssys_sdk.wit.values import Err, Ok

guest = pytest.mark.slow
together = pytest.mark.xdist_group("actor-guest")
LIFECYCLE = "airssys:core/component-lifecycle@1.0.0"
STORAGE = "airssys:core/storage@1.0.0"
SERVICES = "airssys:core/host-services@1.0.0"
MESSAGING = "airssys:core/host-messaging@1.0.0"


def of(traced: list[Traced], function: str) -> list[tuple[str, str | None]]:
    """Arguments and outcomes of the calls of one function."""
    return [(one.arguments, one.outcome) for one in traced if one.function == function]


def test_long_values_are_cut_short_and_say_how_long_they_are() -> None:
    assert brief(b"abc", shape_of(bytes)) == "[97, 98, 99]"
    assert brief(bytes(5000), shape_of(bytes)) == f"[{', '.join(['0'] * 16)}, ... (5000)]"
    assert brief("x" * 5000, shape_of(str)) == f'"{"x" * 80}"... (5000)'
    assert brief(["a"] * 9, shape_of(list[str])) == '["a", "a", "a", "a", "a", "a", "a", "a", ... (9)]'
    assert brief(("a", "b"), shape_of(tuple[str, str])) == '("a", "b")'


def test_what_is_short_reads_as_wave() -> None:
    component = types.ComponentId("a", "b", "\x1b[2J")
    written = '{namespace: "a", name: "b", instance: "\\u{1b}[2J"}'
    assert brief(component, shape_of(types.ComponentId)) == written
    error = errors.MessagingError_TargetNotFound(component)
    assert brief(error, shape_of(errors.MessagingError)) == f"target-not-found({written})"
    assert brief(errors.MessagingError_QueueFull(), shape_of(errors.MessagingError)) == "queue-full"
    metadata = types.MessageMetadata(None, component, types.Timestamp(1, 2), None)
    assert brief(metadata, shape_of(types.MessageMetadata)) == (
        f"{{reply-to: some({written}), timestamp: {{seconds: 1, nanoseconds: 2}}}}"
    )
    assert brief(types.LogLevel.WARN, shape_of(types.LogLevel)) == "warn"
    whole = shape_of(Ok[bytes] | Err[errors.StorageError])  # type: ignore[arg-type]
    assert brief(Ok(b""), whole) == "ok([])"
    assert brief(Err(errors.StorageError_QuotaExceeded()), whole) == "err(quota-exceeded)"


@guest
@together
@pytest.mark.parametrize(
    "runtime", [{}, {"long": True}, {"profile": "plain"}, {"profile": "plain", "long": True}]
)
def test_calls_and_imports_are_told_in_the_terms_of_wit(actor_wasm: Path, runtime: dict[str, object]) -> None:
    traced: list[Traced] = []

    async def scenario() -> None:
        async with Node(trace=traced.append) as node:
            await node.start(spec(actor_wasm, runtime=runtime, permissions=messaging(send=["test/**"])))
            work = (["set", "key", "value"], ["get", "key"], ["get", "none"], ["send", "test/b/0", "x"])
            await do(node, "a", ["try", work])
            await do(node, "a", ["log", "warn", "careful\x1b[2J"])
            await node.ask("a", b"echoed\x00")

    run(scenario)
    assert {one.component for one in traced} == {"test/a/0"}
    assert [one.kind for one in traced if one.function.startswith(LIFECYCLE)] == ["call"] * 5
    [(config, started)] = of(traced, f"{LIFECYCLE}#initialize")
    assert config.startswith("{env-vars: [], resource-limits: {max-memory-bytes: ")
    assert started == "ok"
    assert of(traced, f"{LIFECYCLE}#shutdown") == [("", "ok")]
    echo = traced[-2]
    assert echo.arguments.startswith(
        '{sender: {namespace: "airssys", name: "host", instance: "0"}, payload: [101, '
    )
    assert echo.outcome == f"ok(some([{', '.join(map(str, b'echoed' + bytes(1)))}]))"
    assert str(echo).startswith(f"{LIFECYCLE}#handle-message({{sender: ")
    assert str(echo).endswith(" ms")
    assert of(traced, f"{STORAGE}#set") == [(f'"key", [{", ".join(map(str, b"value"))}]', "ok")]
    assert of(traced, f"{STORAGE}#get") == [
        ('"key"', f"ok(some([{', '.join(map(str, b'value'))}]))"),
        ('"none"', "ok(none)"),
    ]
    [(_, refused)] = of(traced, f"{MESSAGING}#send")
    assert refused == 'err(target-not-found({namespace: "test", name: "b", instance: "0"}))'
    assert of(traced, f"{SERVICES}#log") == [('warn, "careful\\u{1b}[2J", none', None)]
    assert all(one.kind == "import" for one in traced if not one.function.startswith(LIFECYCLE))


@guest
@together
def test_what_does_not_come_back_is_told_with_its_reason(actor_wasm: Path) -> None:
    traced: list[Traced] = []

    async def logged() -> bool:
        return any(one.function.endswith("#log") for one in traced)

    async def scenario() -> None:
        async with Node(trace=traced.append) as node:
            soon = {"shutdown": 0.0, "backoff": {"base": 0.001}}
            await node.start(spec(actor_wasm, "a", supervision=soon, limits={"deadline": 0.5}))
            with pytest.raises(ComponentFailed):
                await do(node, "a", ["fail", "on purpose"])
            for problem in (["crash", "on purpose\x1b[2J"], ["loop"], ["sleep", 60_000]):
                with pytest.raises(CallError):
                    await do(node, "a", problem)
            await node.start(spec(actor_wasm, "b", supervision=soon))
            await node.send("b", script(["log", "info", "it begins"], ["sleep", 60_000]))
            await until(logged)

    run(scenario)
    messages = [one for one in traced if one.function.endswith("#handle-message")]
    assert messages[0].outcome == 'err(runtime-error("on purpose"))'
    assert [one.outcome for one in messages[1:]] == [None] * 4
    reasons = [one.failure or "" for one in messages[1:]]
    assert "ValueError: on purpose" in reasons[0]
    assert "\x1b" not in reasons[0]
    assert "still running after 0.5 s" in reasons[1]
    assert "0.5 s" in reasons[2]
    assert reasons[3] == "it was given up"
    sleeping = next(one for one in traced if one.function == f"{SERVICES}#sleep-millis")
    assert sleeping.failure == "CancelledError"


@guest
@together
def test_an_import_that_waits_is_told_when_it_is_over(actor_wasm: Path) -> None:
    traced: list[Traced] = []

    async def scenario() -> None:
        async with Node(trace=traced.append) as node:
            await node.start(spec(actor_wasm))
            await do(node, "a", ["sleep", 20])

    run(scenario)
    [sleeping] = [one for one in traced if one.function == f"{SERVICES}#sleep-millis"]
    assert (sleeping.arguments, sleeping.failure) == ("20", None)
    assert sleeping.seconds >= 0.02


@guest
@together
def test_a_trace_that_raises_changes_nothing(actor_wasm: Path) -> None:
    def broken(_: Traced) -> None:
        raise ValueError("a watcher's mistake")

    async def scenario() -> None:
        async with Node(trace=broken) as node:
            await node.start(spec(actor_wasm))
            assert await do(node, "a", ["set", "key", "value"], ["get", "key"]) == "value"

    run(scenario)
