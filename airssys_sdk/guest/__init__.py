"""What a guest may import as `airssys_sdk.guest`: pure Python, staged into every build, knows nothing of the host.

The types that a guest's world declares live in its own bindings, so the helpers here take them as they come.
"""

from __future__ import annotations

import json
from typing import Any, Protocol, cast


class WithConfigData(Protocol):
    """The `component-config` that `initialize` gets."""

    @property
    def config_data(self) -> bytes | None:
        """The `[config]` section of Component.toml as JSON, if there is one."""
        ...


def config(given: WithConfigData) -> dict[str, Any]:
    """The `[config]` section of Component.toml, as `initialize` gets it.

    Args:
        given: the argument of `initialize`.

    Returns:
        the section's keys and values; empty if the manifest has none.

    Raises:
        ValueError: the host sent something that is no JSON object.
    """
    if given.config_data is None:
        return {}
    values: dict[str, Any] | object = json.loads(given.config_data)
    if not isinstance(values, dict):
        raise ValueError(f"config-data holds a JSON {type(values).__name__}, not an object")
    return cast("dict[str, Any]", values)
