"""What a node is told about a component: its manifest, its file, which instance it is."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ...component import Limits
from ...errors import UsageError, ValidationError
from ...manifest import ComponentId, Manifest
from ...manifest.ids import NAME
from ...security import Capability, Grants
from ..actors.spec import OnCrash
from ..supervision.backoff import Backoff, Intensity, Policy
from ..supervision.health import Health

WORLD: Final = "airssys:core/runtime-host@1.0.0"
"""The world whose components a node supervises."""

_WORLD_NAMES = {WORLD, "airssys:core/runtime-host", "runtime-host"}


class NotEnforced(ValidationError):
    """A manifest asks for something that this version does not enforce; running it anyway would be a silent lie."""


@dataclasses.dataclass(frozen=True, slots=True)
class ComponentSpec:
    """A component to start on a node.

    Attributes:
        manifest: what its author asked for.
        wasm: the component, a file or its bytes.
        instance: which of several copies it is; the last part of its id.
        environment: pairs that reach `initialize` as `env-vars`. Nothing of the host's own environment does.
        sources: folders of the guest and the author's folders in their place, for tracebacks: `{"/0": "src"}`.
    """

    manifest: Manifest
    wasm: Path | bytes
    instance: str = "0"
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    @property
    def id(self) -> ComponentId:
        """Its id, `namespace/name/instance`."""
        return self.manifest.id(self.instance)

    def check(self, *, typed: bool = False) -> None:
        """Refuse what a node does not enforce, and worlds that it does not run.

        Args:
            typed: whether it is run through the generated package of its world, whichever that is.

        Raises:
            NotEnforced: the manifest has such a key; `where` names it.
            ValidationError: the component is made for another world.
            UsageError: the instance is no name.
        """
        manifest = self.manifest
        if not NAME.fullmatch(self.instance):
            raise UsageError(
                f"{self.instance!r} cannot name an instance",
                where=str(manifest.id("0")),
                hint="use lowercase letters, digits and single hyphens between them",
            )
        if typed:
            self._check_typed()
        elif manifest.component.world not in _WORLD_NAMES:
            raise ValidationError(
                f"a node runs components of the world {WORLD}, and this one is made for {manifest.component.world}",
                where="component.world",
                hint="run it through its generated package with Node.start_world, or call it with: "
                "airssys-sdk call FILE 'function(...)'",
            )
        enforced = {capability.value for capability in Capability}
        for key in manifest.permissions.requested():
            if key not in enforced:
                raise _not_enforced(f"permissions.{key}")
        if manifest.runtime.profile == "plain":
            for key in ("fuel", "deadline"):
                if key in manifest.limits.model_fields_set:
                    raise NotEnforced(
                        "the profile 'plain' has no limits on fuel and time",
                        where=f"limits.{key}",
                        hint="use the profile 'metered', or remove the limit",
                    )

    def _check_typed(self) -> None:
        """Refuse what means nothing to a component whose host is not the node.

        Raises:
            NotEnforced: the manifest has such a key.
        """
        runtime, topics = self.manifest.runtime, self.manifest.subscriptions.topics
        for key, there in (
            ("runtime.durable", runtime.durable),
            ("runtime.pool", runtime.pool > 1),
            ("subscriptions.topics", topics),
        ):
            if there:
                raise NotEnforced(
                    "only components of the world airssys:core/runtime-host have it",
                    where=key,
                    hint="remove the key",
                )

    @property
    def grants(self) -> Grants:
        """The permissions, compiled.

        Raises:
            PatternError: a pattern is malformed; `where` names its key.
        """
        requested = self.manifest.permissions.requested()
        return Grants({capability: requested.get(capability.value, ()) for capability in Capability})

    @property
    def limits(self) -> Limits:
        """What an instance may use."""
        asked, metered = self.manifest.limits, self.manifest.runtime.profile == "metered"
        return Limits(
            fuel=asked.fuel if metered else None,
            deadline=asked.deadline if metered else None,
            memory=asked.memory,
        )

    @property
    def policy(self) -> Policy:
        """Which ends are followed by a restart."""
        return Policy(self.manifest.supervision.policy)

    @property
    def intensity(self) -> Intensity:
        """How many restarts are accepted."""
        asked = self.manifest.supervision.intensity
        return Intensity(asked.restarts, asked.within)

    @property
    def backoff(self) -> Backoff:
        """How long restarts wait."""
        asked = self.manifest.supervision.backoff
        return Backoff(asked.base, asked.factor, asked.max, asked.jitter)

    @property
    def health(self) -> Health | None:
        """How its health is watched; None: not at all."""
        asked = self.manifest.supervision.health
        return None if asked is None else Health(asked.interval, asked.timeout, asked.threshold)

    @property
    def on_crash(self) -> OnCrash:
        """What becomes of a message that crashed the component."""
        asked = self.manifest.supervision.on_crash
        return OnCrash(asked.retries, keep=asked.action != "drop")

    @property
    def shutdown(self) -> float:
        """Seconds for an orderly stop; 0 for none, `math.inf` for any time."""
        seconds = self.manifest.supervision.shutdown
        return math.inf if math.isinf(seconds) else seconds


def _not_enforced(key: str) -> NotEnforced:
    return NotEnforced(
        "this version does not enforce it, so it must not be in the manifest of a component that runs",
        where=key,
        hint="remove the key, or wait for a version that enforces it",
    )
