"""The schema of Component.toml: frozen models with units parsed and defaults filled in.

A field's `description` says what is expected; it is what an error message shows.
"""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from airssys_sdk.errors import UsageError
from airssys_sdk.manifest.explaining import EXPLAINED
from airssys_sdk.manifest.ids import MOST_NAME, NAME, ComponentId
from airssys_sdk.manifest.units import parse_duration, parse_size
from airssys_sdk.topics import pattern_levels

MOST_READY = 1000
"""How many instances of a component may be kept ready."""

FROM_FILE: dict[str, bool] = {"from_file": True}
"""Validation context of a manifest that is read: sizes and times must carry a unit. Python code gives bytes and seconds."""


def _size(value: object, info: ValidationInfo) -> object:
    return parse_size(value) if isinstance(value, str) else _only_in_code(value, info)


def _duration(value: object, info: ValidationInfo) -> object:
    return parse_duration(value) if isinstance(value, str) else _only_in_code(value, info)


def _shutdown(value: object, info: ValidationInfo) -> object:
    named = {"immediate": 0.0, "infinity": math.inf}
    return named[value] if isinstance(value, str) and value in named else _duration(value, info)


def _on_crash(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return _only_in_code(value, info)
    if value in {"dead-letter", "drop"}:
        return {"action": value}
    if match := re.fullmatch(r"retry:(\d{1,6})", value, re.ASCII):
        return {"action": "retry", "retries": int(match[1])}
    raise ValueError(f"{value!r} does not fit")


def _pattern(value: str) -> str:
    try:
        pattern_levels(value)
    except UsageError as error:
        raise PydanticCustomError(EXPLAINED, "{reason}", {"reason": error.message}) from None
    return value


def _only_in_code(value: object, info: ValidationInfo) -> object:
    if info.context is FROM_FILE:
        raise ValueError(f"{value!r} does not fit")
    return value


def _name(value: str) -> str:
    if len(value) > MOST_NAME or not NAME.fullmatch(value):
        raise ValueError(f"{value!r} does not fit")
    return value


Size = Annotated[int, BeforeValidator(_size), Field(gt=0, description='a size such as "64MiB"')]
Duration = Annotated[
    float, BeforeValidator(_duration), Field(gt=0, description='a time such as "30s" or "100ms", up to 8784h')
]
Shutdown = Annotated[
    float,
    BeforeValidator(_shutdown),
    Field(ge=0, description='a time such as "5s", "immediate" or "infinity"'),
]
Policy = Annotated[
    Literal["permanent", "transient", "temporary"],
    Field(description='"permanent", "transient" or "temporary"'),
]
Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)]
Folder = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]
Features = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9-]*$")], ...], Field(strict=False)
]
Folders = Annotated[tuple[Folder, ...], Field(strict=False)]
Name = Annotated[
    str, Field(description=f"lowercase letters, digits and single hyphens between them, {MOST_NAME} at most")
]
Count = Annotated[int, Field(ge=1, description="a whole number from 1")]


class Section(BaseModel):
    """A table with fixed keys; any other is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Component(Section):
    """[component]: who it is."""

    namespace: Name
    name: Name
    version: str = Field(
        pattern=r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$",
        description='a version such as "1.2.0"',
    )
    description: str = Field(default="", description="a text")
    authors: Texts = Field(default=(), description='a list of texts, such as ["Ada <ada@example.org>"]')
    license: str = Field(default="", description='a licence expression such as "MIT"')
    world: str = Field(
        pattern=r"^([a-z0-9-]+:[a-z0-9-]+/)?[A-Za-z][A-Za-z0-9-]*(@\d+\.\d+\.\d+[0-9A-Za-z.+-]*)?$",
        description='a world such as "airssys:core/runtime-host@1.0.0" or "library"',
    )

    @field_validator("namespace", "name")
    @classmethod
    def _named(cls, value: str) -> str:
        return _name(value)


class Build(Section):
    """[build]: how the component is made from its sources. Paths are relative to the manifest's folder.

    `app` is the module with the exported classes; without it, `<name>.component` with the name in snake case.
    """

    app: str = Field(
        default="",
        pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)*$",
        description='a Python module such as "word_count.component"',
    )
    source: Folders = Field(default=("src",), min_length=1, description='a list of folders such as ["src"]')
    wit: Folder = Field(default="wit", description='a folder such as "wit"')
    features: Features = Field(default=(), description='a list of names such as ["forecast"]')
    dependencies: Folders = Field(default=(), description='a list of folders such as ["wheels"]')
    wasi: Literal["p2", "stub"] = Field(default="p2", description='"p2" or "stub"')


class MessagingPermissions(Section):
    """[permissions.messaging]: patterns of component ids."""

    send: Texts = Field(default=(), description='a list of patterns such as ["example/store/*"]')
    request: Texts = Field(default=(), description='a list of patterns such as ["example/store/*"]')
    broadcast: Texts = Field(default=(), description='a list of patterns such as ["example/store/*"]')


class StoragePermissions(Section):
    """[permissions.storage]: patterns of keys of other components."""

    read: Texts = Field(default=(), description='a list of patterns such as ["/example/shared/*/**"]')
    write: Texts = Field(default=(), description='a list of patterns such as ["/example/shared/*/**"]')


class FilesystemPermissions(Section):
    """[permissions.filesystem]: patterns of absolute paths."""

    read: Texts = Field(default=(), description='a list of patterns such as ["/data/in/**"]')
    write: Texts = Field(default=(), description='a list of patterns such as ["/data/out/**"]')
    delete: Texts = Field(default=(), description='a list of patterns such as ["/data/out/**"]')
    list: Texts = Field(default=(), description='a list of patterns such as ["/data/in"]')


class NetworkPermissions(Section):
    """[permissions.network]: patterns of `host:port`."""

    outbound: Texts = Field(default=(), description='a list of patterns such as ["api.example.org:443"]')
    inbound: Texts = Field(default=(), description='a list of patterns such as ["localhost:8080"]')


class ProcessPermissions(Section):
    """[permissions.process]: patterns of commands."""

    spawn: Texts = Field(default=(), description='a list of patterns such as ["/usr/bin/git"]')


class Permissions(Section):
    """[permissions]: what the component asks for; everything is denied by default."""

    messaging: MessagingPermissions = MessagingPermissions()
    storage: StoragePermissions = StoragePermissions()
    filesystem: FilesystemPermissions = FilesystemPermissions()
    network: NetworkPermissions = NetworkPermissions()
    process: ProcessPermissions = ProcessPermissions()

    def requested(self) -> dict[str, tuple[str, ...]]:
        """Everything asked for: `section.action` (such as `messaging.send`) to its patterns, without the empty ones."""
        return {
            f"{section}.{action}": patterns
            for section, actions in self
            for action, patterns in actions
            if patterns
        }


class Subscriptions(Section):
    """[subscriptions]: what the component gets of what is published."""

    topics: Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], Field(strict=False)] = Field(
        default=(), description='a list of patterns of topics such as ["orders.*"]'
    )


class Limits(Section):
    """[limits]: sizes in bytes, times in seconds; fuel and deadline count per message."""

    memory: Size = Field(
        default=256 * 1024**2,
        ge=64 * 1024,
        le=4 * 1024**3,
        description='a size from "64KiB" to "4GiB", such as "64MiB"',
    )
    fuel: Count | None = Field(default=None, le=2**63, description="a whole number from 1 to 2^63")
    deadline: Duration = 30.0
    storage: Size = 50 * 1024**2
    mailbox: Count = 1000


class Runtime(Section):
    """[runtime]: how calls are scheduled."""

    profile: Literal["metered", "plain"] = Field(default="metered", description='"metered" or "plain"')
    long: bool = Field(default=False, description="true or false")
    pool: int = Field(default=1, ge=0, le=MOST_READY, description=f"a whole number from 0 to {MOST_READY}")
    durable: bool = Field(default=False, description="true or false")


class Intensity(Section):
    """How many restarts a supervisor allows within a time (seconds)."""

    restarts: int = Field(default=3, ge=0, description="a whole number from 0")
    within: Duration = 60.0


class Backoff(Section):
    """How long a supervisor waits before a restart: `min(base * factor ** n, max)` seconds, give or take the jitter's share."""

    base: Duration = 0.1
    factor: float = Field(default=2.0, ge=1, allow_inf_nan=False, description="a number from 1")
    max: Duration = 30.0
    jitter: float = Field(default=0.0, ge=0, le=1, description="a number from 0 to 1")


class Health(Section):
    """How often a component is asked for its health (seconds), and how many failures in a row restart it."""

    interval: Duration = 30.0
    timeout: Duration = 5.0
    threshold: Count = 3


class OnCrash(Section):
    """What becomes of the message that crashed its component."""

    action: Literal["dead-letter", "retry", "drop"] = "dead-letter"
    retries: int = 0

    def __str__(self) -> str:
        return f"retry:{self.retries}" if self.action == "retry" else self.action


class Supervision(Section):
    """[supervision]: what happens when the component ends. Times in seconds.

    `shutdown` is 0 for "immediate" and infinite for "infinity". `health` is None unless the manifest asks for checks.
    """

    policy: Policy = "transient"
    shutdown: Shutdown = 5.0
    intensity: Intensity = Field(
        default=Intensity(), description='a table such as { restarts = 3, within = "60s" }'
    )
    backoff: Backoff = Field(
        default=Backoff(), description='a table such as { base = "100ms", factor = 2.0, max = "30s" }'
    )
    health: Health | None = Field(default=None, description='a table such as { interval = "30s" }')
    on_crash: Annotated[OnCrash, BeforeValidator(_on_crash)] = Field(
        default=OnCrash(), description='"dead-letter", "retry:N" or "drop"'
    )


class Manifest(Section):
    """A whole Component.toml.

    `config` is free; `config_data` gives it as the guest gets it.
    """

    component: Component
    build: Build = Build()
    permissions: Permissions = Permissions()
    subscriptions: Subscriptions = Subscriptions()
    limits: Limits = Limits()
    runtime: Runtime = Runtime()
    supervision: Supervision = Supervision()
    config: dict[str, Any] = Field(default={}, description="a table of values that JSON can hold")

    @model_validator(mode="after")
    def _app(self) -> Self:
        if self.build.app:
            return self
        app = f"{self.component.name.replace('-', '_')}.component"
        return self.model_copy(update={"build": self.build.model_copy(update={"app": app})})

    def id(self, instance: str = "0") -> ComponentId:
        """The id of one instance of the component."""
        return ComponentId(self.component.namespace, self.component.name, instance)

    def config_data(self) -> bytes | None:
        """[config] as JSON in UTF-8, as `initialize` gets it; None without one."""
        if not self.config:
            return None
        return json.dumps(self.config, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
