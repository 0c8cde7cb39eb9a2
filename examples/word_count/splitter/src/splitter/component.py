"""The splitter: cuts each line that the host sends into words and passes them to the counter."""

import json
import re

from wit_world import exports
from wit_world.exports.component_lifecycle import ComponentMetadata
from wit_world.imports import host_messaging
from wit_world.imports.types import ComponentConfig, ComponentId, ComponentMessage, HealthStatus

COUNTER = ComponentId("example", "counter", "0")
REPORT = b"\x00report"
WORD = re.compile(r"[^\W\d_]+")


class ComponentLifecycle(exports.ComponentLifecycle):
    """Splits; remembers how many lines it passed on and how many the counter confirmed."""

    def __init__(self) -> None:
        self.sent = 0
        self.confirmed = 0

    def initialize(self, config: ComponentConfig) -> None:
        pass

    def handle_message(self, msg: ComponentMessage) -> bytes | None:
        if msg.sender == COUNTER:
            self.confirmed += 1
        elif msg.payload == REPORT:
            return json.dumps({"sent": self.sent, "confirmed": self.confirmed}).encode()
        elif words := [word.lower() for word in WORD.findall(msg.payload.decode())]:
            host_messaging.send(COUNTER, json.dumps(words).encode())
            self.sent += 1
        return None

    def handle_callback(self, msg: ComponentMessage) -> None:
        pass

    def metadata(self) -> ComponentMetadata:
        return ComponentMetadata(
            name="splitter",
            version="1.0.0",
            description="Splits lines into words",
            author="AirsSys SDK",
            license="Apache-2.0 OR MIT",
            supported_operations=[],
            stateful=True,
        )

    def health(self) -> HealthStatus:
        return HealthStatus.HEALTHY

    def shutdown(self) -> None:
        pass
