"""The component {{ cookiecutter.name }}: answers each message with a greeting.

The runtime calls these methods one at a time. What stands in `self` lives until the component stops or crashes; what
must live longer goes into storage (`from wit_world.imports import storage`).
"""

from airssys_sdk import guest
from wit_world import exports
from wit_world.exports.component_lifecycle import ComponentMetadata
from wit_world.imports import host_services
from wit_world.imports.types import ComponentConfig, ComponentMessage, HealthStatus, LogLevel


class ComponentLifecycle(exports.ComponentLifecycle):
    def __init__(self) -> None:
        self.greeting = "hello"

    def initialize(self, config: ComponentConfig) -> None:
        """Get ready; `config` carries the [config] section of Component.toml."""
        self.greeting = guest.config(config).get("greeting", self.greeting)

    def handle_message(self, msg: ComponentMessage) -> bytes | None:
        """Deal with one message; what is returned is the answer."""
        host_services.log(LogLevel.INFO, f"{len(msg.payload)} bytes from {msg.sender.name}", None)
        return f"{self.greeting}, {msg.payload.decode(errors='replace')}".encode()

    def handle_callback(self, msg: ComponentMessage) -> None:
        """Deal with the answer to a request of our own; this component makes none."""

    def metadata(self) -> ComponentMetadata:
        """Say what this component is."""
        return ComponentMetadata(
            name="{{ cookiecutter.name }}",
            version="0.1.0",
            description={{ cookiecutter.description | tojson }},
            author={{ cookiecutter.author | tojson }},
            license={{ cookiecutter.license | tojson }},
            supported_operations=[],
            stateful=False,
        )

    def health(self) -> HealthStatus:
        """Say how this component is."""
        return HealthStatus.HEALTHY

    def shutdown(self) -> None:
        """Put things in order before the end."""
