"""The name of a component in a system: namespace, name and instance."""

from __future__ import annotations

import dataclasses
import re

from airssys_sdk.errors import UsageError

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a namespace, a name and an instance may look like: lowercase letters, digits and single hyphens."""

MOST_NAME = 64
"""Characters of a name in a manifest; ids are names of files and actors, too."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class ComponentId:
    """Who a component is; written `namespace/name/instance`."""

    namespace: str
    name: str
    instance: str = "0"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}/{self.instance}"

    @classmethod
    def parse(cls, text: str) -> ComponentId:
        """Read `namespace/name/instance`, or `namespace/name` for instance 0.

        Raises:
            UsageError: the text is something else.
        """
        parts = text.split("/")
        if len(parts) not in {2, 3} or not all(NAME.fullmatch(part) for part in parts):
            raise UsageError(
                f"{text!r} is not the id of a component",
                hint="write namespace/name/instance, such as example/word-count/0",
            )
        return cls(*parts)
