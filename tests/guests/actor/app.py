"""A guest whose behaviour is chosen by the message: a script of operations in JSON, the last one's value is the answer.

A payload that is no JSON list is echoed. `config-data` may hold scripts for `initialize`, `health` and `shutdown`; with
`record`, callbacks are counted in storage under their correlation ids and not kept in memory.
"""

import json
from typing import Any

import wit_world
from componentize_py_types import Err
from wit_world.exports import component_lifecycle
from wit_world.imports import errors, host_messaging, host_services, storage, types

CALLBACKS: list[list[Any]] = []
ON_CALLBACK: dict[str, list[Any]] = {}
STATE: dict[str, Any] = {
    "count": 0,
    "config": None,
    "shutdown": [],
    "health": [["value", "healthy"]],
    "record": False,
}


def target(name: str) -> types.ComponentId:
    return types.ComponentId(*name.split("/"))


def named(component: types.ComponentId) -> str:
    return f"{component.namespace}/{component.name}/{component.instance}"


def description(error: object) -> list[Any]:
    value = getattr(error, "value", None)
    return [
        type(error).__name__.split("_", 1)[1],
        named(value) if isinstance(value, types.ComponentId) else value,
    ]


def run(script: list[Any]) -> Any:
    value = None
    for operation, *arguments in script:
        value = OPERATIONS[operation](*arguments)
    return value


def attempt(script: list[Any]) -> Any:
    try:
        return run(script)
    except Err as error:
        return description(error.value)


def request(name: str, payload: str, timeout: int, then: list[Any] | None = None) -> str:
    correlation = host_messaging.request(target(name), payload.encode(), timeout)
    if then is not None:
        ON_CALLBACK[correlation] = then
    return correlation


def fail(text: str) -> None:
    raise Err(errors.WasmError_RuntimeError(text))


def refuse(text: str) -> None:
    raise Err(errors.ComponentError_InitializationFailed(text))


def crash(text: str) -> None:
    raise ValueError(text)


def loop() -> None:
    while True:
        pass


def spin(rounds: int) -> int:
    total = 0
    for number in range(rounds):
        total += number
    return total


def grow(size: int) -> int:
    return len(bytearray(size))


def count() -> int:
    STATE["count"] += 1
    return STATE["count"]


def add(key: str, number: int) -> int:
    total = int(storage.get(key) or b"0") + number
    storage.set(key, str(total).encode())
    return total


def repeat(rounds: int, script: list[Any]) -> None:
    for _ in range(rounds):
        run(script)


def usage() -> list[int]:
    used = storage.usage()
    return [used.used_bytes, used.quota_bytes, used.key_count]


def set_health(script: list[Any]) -> None:
    STATE["health"] = script


def look_up(name: str) -> list[str]:
    info = host_services.get_component_metadata(target(name))
    return [named(info.id), info.name, info.version, info.health]


def log(level: str, text: str, context: list[list[str]] | None = None) -> None:
    pairs = None if context is None else [(key, value) for key, value in context]
    host_services.log(types.LogLevel[level.upper()], text, pairs)


def clock() -> list[int]:
    moment = host_services.current_time()
    return [moment.seconds, moment.nanoseconds, host_services.current_time_millis()]


def note(key: str, text: str) -> None:
    before = storage.get(key) or b""
    storage.set(key, before + text.encode() + b" ")


def read(key: str) -> str | None:
    value = storage.get(key)
    return None if value is None else value.decode()


OPERATIONS = {
    "add": add,
    "broadcast": lambda names, text: host_messaging.broadcast(
        [target(name) for name in names], text.encode()
    ),
    "callbacks": lambda: CALLBACKS,
    "cancel": host_messaging.cancel_request,
    "clock": clock,
    "config": lambda: STATE["config"],
    "count": count,
    "crash": crash,
    "delete": storage.delete,
    "each": lambda scripts: [run(script) for script in scripts],
    "exists": storage.exists,
    "fail": fail,
    "get": read,
    "grow": grow,
    "health": set_health,
    "keys": storage.list_keys,
    "list": lambda: sorted(named(component) for component in host_services.list_components()),
    "log": log,
    "look-up": look_up,
    "loop": loop,
    "note": note,
    "print": print,
    "repeat": repeat,
    "refuse": refuse,
    "request": request,
    "self": lambda: named(host_messaging.self_id()),
    "send": lambda name, text: host_messaging.send(target(name), text.encode()),
    "set": lambda key, text: storage.set(key, text.encode()),
    "sleep": host_services.sleep_millis,
    "spin": spin,
    "try": attempt,
    "usage": usage,
    "value": lambda value: value,
}


class ComponentLifecycle(wit_world.exports.ComponentLifecycle):
    def initialize(self, config: types.ComponentConfig) -> None:
        data = json.loads(config.config_data or b"{}")
        limits = config.resource_limits
        STATE["config"] = {
            "env": config.env_vars,
            "data": data,
            "limits": [limits.max_memory_bytes, limits.max_execution_time_ms, limits.max_fuel],
        }
        for hook in ("shutdown", "health", "record"):
            STATE[hook] = data.get(hook, STATE[hook])
        run(data.get("initialize", []))

    def handle_message(self, msg: types.ComponentMessage) -> bytes | None:
        if not msg.payload.startswith(b"["):
            return msg.payload
        script = json.loads(msg.payload)
        if script == ["who"]:
            about = msg.metadata
            reply_to = None if about.reply_to is None else named(about.reply_to)
            return json.dumps(
                [
                    named(msg.sender),
                    about.correlation_id,
                    reply_to,
                    about.content_type,
                    about.timestamp.seconds,
                ]
            ).encode()
        value = run(script)
        return None if value is None else json.dumps(value).encode()

    def handle_callback(self, msg: types.ComponentMessage) -> None:
        correlation = msg.metadata.correlation_id or ""
        if STATE["record"]:
            add(correlation, 1)
            return
        CALLBACKS.append([correlation, named(msg.sender), msg.metadata.content_type, msg.payload.decode()])
        run(ON_CALLBACK.pop(correlation, []))

    def metadata(self) -> component_lifecycle.ComponentMetadata:
        return component_lifecycle.ComponentMetadata(
            "Actor", "1.2.3", "Does what it is told", "Tests", "MIT", ["everything"], True
        )

    def health(self) -> types.HealthStatus:
        return types.HealthStatus[run(STATE["health"]).upper()]

    def shutdown(self) -> None:
        run(STATE["shutdown"])
