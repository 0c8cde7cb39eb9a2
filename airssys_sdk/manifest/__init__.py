"""Component.toml as typed values: read, checked, with units parsed and defaults filled in.

`load_manifest` reads a file, `parse_manifest` a text. What stands here says what an author asked for; whether a
node enforces it is the node's to say.
"""

from airssys_sdk.manifest.errors import ManifestError, Problem
from airssys_sdk.manifest.ids import ComponentId
from airssys_sdk.manifest.model import (
    Backoff,
    Build,
    Component,
    Health,
    Intensity,
    Limits,
    Manifest,
    OnCrash,
    Permissions,
    Runtime,
    Subscriptions,
    Supervision,
)
from airssys_sdk.manifest.reading import MANIFEST_NAME, find_manifest, load_manifest, parse_manifest
from airssys_sdk.manifest.units import format_duration, format_size, parse_duration, parse_size

__all__ = [
    "MANIFEST_NAME",
    "Backoff",
    "Build",
    "Component",
    "ComponentId",
    "Health",
    "Intensity",
    "Limits",
    "Manifest",
    "ManifestError",
    "OnCrash",
    "Permissions",
    "Problem",
    "Runtime",
    "Subscriptions",
    "Supervision",
    "find_manifest",
    "format_duration",
    "format_size",
    "load_manifest",
    "parse_duration",
    "parse_manifest",
    "parse_size",
]
