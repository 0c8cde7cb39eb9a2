"""The guest that is measured: it gives back what it is sent, and asks its host for the next number."""

import wit_world
from wit_world import exports
from wit_world.exports import component_lifecycle
from wit_world.imports import counting, types


class ComponentLifecycle(exports.ComponentLifecycle):
    def initialize(self, config: types.ComponentConfig) -> None:
        pass

    def handle_message(self, msg: types.ComponentMessage) -> bytes | None:
        return msg.payload

    def handle_callback(self, msg: types.ComponentMessage) -> None:
        pass

    def metadata(self) -> component_lifecycle.ComponentMetadata:
        raise NotImplementedError

    def health(self) -> types.HealthStatus:
        raise NotImplementedError

    def shutdown(self) -> None:
        pass


class WitWorld(wit_world.WitWorld):
    def ask(self, times: int) -> int:
        number = 0
        for _ in range(times):
            number = counting.next(number)
        return number

    def spin(self, times: int) -> int:
        """What `ask` does besides asking."""
        number = 0
        for _ in range(times):
            number = number
        return number
