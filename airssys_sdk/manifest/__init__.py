"""Component.toml and System.toml as typed values: read, checked, with units parsed and defaults filled in.

`load_manifest` reads a Component.toml, `parse_manifest` its text; `load_system` reads a System.toml with the manifests that it names. What stands here says what an author asked for; whether a
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
from airssys_sdk.manifest.system import SystemComponent, SystemManifest, SystemSupervisor
from airssys_sdk.manifest.system_reading import SYSTEM_NAME, load_system
from airssys_sdk.manifest.units import format_duration, format_size, parse_duration, parse_size

__all__ = [
    "MANIFEST_NAME",
    "SYSTEM_NAME",
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
    "SystemComponent",
    "SystemManifest",
    "SystemSupervisor",
    "find_manifest",
    "format_duration",
    "format_size",
    "load_manifest",
    "load_system",
    "parse_duration",
    "parse_manifest",
    "parse_size",
]
