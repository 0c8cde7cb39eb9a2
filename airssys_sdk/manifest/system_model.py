"""The schema of System.toml, as it is written; `system` has it with the manifests of its components."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from airssys_sdk.manifest.model import (
    Backoff,
    Folder,
    Intensity,
    Limits,
    Name,
    Policy,
    Runtime,
    Section,
    Shutdown,
    Supervision,
)

MOST_INSTANCES = 10_000

StrategyName = Annotated[
    Literal["one-for-one", "one-for-all", "rest-for-one"],
    Field(description='"one-for-one", "one-for-all" or "rest-for-one"'),
]
VariableName = Annotated[str, Field(min_length=1, pattern=r"^[^\x00=]*$")]
Variable = Annotated[str, Field(pattern=r"^[^\x00]*$")]
_INTENSITY = 'a table such as { restarts = 3, within = "60s" }'
_UNDER = "the name of a supervisor"


class SystemSection(Section):
    """[system]: the supervisor at the root, and where all components keep their state."""

    name: Name
    storage: Folder | None = Field(default=None, description='a file such as ".airssys/shop.db"')
    strategy: StrategyName = "one-for-one"
    intensity: Intensity | None = Field(default=None, description=_INTENSITY)


class SupervisorSection(Section):
    """[supervisors.NAME]: another supervisor."""

    strategy: StrategyName = "one-for-one"
    under: str | None = Field(default=None, description=_UNDER)
    intensity: Intensity = Field(default=Intensity(), description=_INTENSITY)
    backoff: Backoff = Field(
        default=Backoff(), description='a table such as { base = "100ms", factor = 2.0, max = "30s" }'
    )
    policy: Policy = "permanent"
    shutdown: Shutdown = 5.0


class ComponentSection(Section):
    """[components.NAME]: one component, in one or more instances.

    What stands in `supervision`, `limits` and `runtime` takes the place of the same keys of its Component.toml.
    """

    manifest: Folder = Field(description="the path of a Component.toml, or of the folder that holds it")
    wasm: Folder | None = Field(default=None, description='a file such as "dist/hello.wasm"')
    instances: int = Field(
        default=1, ge=1, le=MOST_INSTANCES, description=f"a whole number from 1 to {MOST_INSTANCES}"
    )
    under: str | None = Field(default=None, description=_UNDER)
    environment: dict[VariableName, Variable] = Field(
        default={}, description='a table of texts such as { LANGUAGE = "en" }, without NUL'
    )
    supervision: Supervision = Supervision()
    limits: Limits = Limits()
    runtime: Runtime = Runtime()


class SystemFile(Section):
    """A whole System.toml."""

    system: SystemSection
    supervisors: dict[str, SupervisorSection] = Field(
        default={}, description="a table [supervisors.NAME] for each supervisor"
    )
    components: dict[str, ComponentSection] = Field(
        min_length=1, description="a table [components.NAME] for each component, one at least"
    )
