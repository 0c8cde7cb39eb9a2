"""The counter: keeps a count per word in storage, so that a crash loses nothing but the message that caused it."""

import json
from collections import Counter

from wit_world import exports
from wit_world.exports.component_lifecycle import ComponentMetadata
from wit_world.imports import host_messaging, storage
from wit_world.imports.types import ComponentConfig, ComponentMessage, HealthStatus

REPORT = b"\x00report"
CAUGHT_UP = b"\x00caught up?"
POISON = "poisonpill"


def stored_count(word: str) -> int:
    """How often the word was counted so far."""
    stored = storage.get(word)
    return 0 if stored is None else int(stored)


class ComponentLifecycle(exports.ComponentLifecycle):
    """Counts; holds nothing in memory between two messages."""

    def initialize(self, config: ComponentConfig) -> None:
        pass

    def handle_message(self, msg: ComponentMessage) -> bytes | None:
        if msg.payload == REPORT:
            return json.dumps({key: stored_count(key) for key in storage.list_keys(None)}).encode()
        if msg.payload == CAUGHT_UP:
            return b"yes"
        words: list[str] = json.loads(msg.payload)
        for word, times in Counter(words).items():
            storage.set(word, str(stored_count(word) + times).encode())
        if POISON in words:
            # The words of this line are already stored, and still they will not count: what a message writes is
            # kept only when its handler returns.
            raise RuntimeError("this line cannot be counted")
        host_messaging.send(msg.sender, b"counted")
        return None

    def handle_callback(self, msg: ComponentMessage) -> None:
        pass

    def metadata(self) -> ComponentMetadata:
        return ComponentMetadata(
            name="counter",
            version="1.0.0",
            description="Counts words",
            author="AirsSys SDK",
            license="Apache-2.0 OR MIT",
            supported_operations=[],
            stateful=False,
        )

    def health(self) -> HealthStatus:
        return HealthStatus.HEALTHY

    def shutdown(self) -> None:
        pass
