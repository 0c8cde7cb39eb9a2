"""Opening a component with generated classes: what they import, and whether it exports what they call."""

from __future__ import annotations

import dataclasses
import inspect
import weakref
from typing import TYPE_CHECKING, Any

from ...wit.annotations import MARKER, InterfaceMarker, ResourceMarker, WorldMarker
from ..errors import LinkError, printable
from .declared import declared
from .imports import NO_IMPORTS, ImportedFunction, Imports, read_imports, read_methods
from .planning import Plan, plan_of
from .resources import functions_of, resources_of
from .worlds import LazyCall, World, interfaces_of, marker_of

if TYPE_CHECKING:
    from .loaded import Component


def plan(world: type[World], protocol: type[Any] | None, component: Component) -> Plan:
    """How a component is linked to hosts of a world; it is made once.

    Args:
        world: the generated class.
        protocol: the Protocol of its imports; None if it has none.
        component: the component.

    Raises:
        LinkError: the component lacks an export of the world, or imports what neither WASI nor the world has.
    """
    found = world.__wit_plans__.get(component)
    if found is None:
        _check(world, component)
        found = world.__wit_plans__[component] = plan_of(component, _imports_of(world, protocol))
    return found


def _imports_of(world: type[World], protocol: type[Any] | None) -> Imports:
    """What a world imports, as its Protocol and its marker say."""
    found = _IMPORTS.get(world)
    if found is None:
        found = _IMPORTS[world] = _read(world, protocol)
    return found


def _read(world: type[World], protocol: type[Any] | None) -> Imports:
    found = NO_IMPORTS if protocol is None else read_imports(protocol)
    marker = getattr(world, MARKER, None)
    if not isinstance(marker, WorldMarker) or not marker.resources:
        return found
    resources = {marker_of(resource, ResourceMarker).name: resource for resource in marker.resources}
    methods = dict[str, ImportedFunction]()
    for name, resource in resources.items():
        methods |= read_methods(resource, name.rpartition("#")[0])
    return dataclasses.replace(found, resources=resources, methods=methods, world=marker.name)


# Codecs of methods are compiled on first use and serve every instance.
_IMPORTS: weakref.WeakKeyDictionary[type[World], Imports] = weakref.WeakKeyDictionary()


def _check(world: type[World], loaded: Component) -> None:
    """Refuse a component that lacks an export of a world."""
    component = declared(loaded)
    missing = list[str]()
    for interface in interfaces_of(world).values():
        name = marker_of(interface, InterfaceMarker).name
        functions = component.exported_interface(name)
        if functions is None:
            missing.append(name)
            continue
        wanted = _functions(interface)
        for resource in resources_of(interface).values():
            wanted += functions_of(resource)
        missing += [f"{name}#{wit}" for wit in wanted if wit not in functions]
    missing += [wit for wit in _functions(world) if component.exported_function(wit) is None]
    if missing:
        known = sorted(name for name in component.exports if name != "exports")
        raise LinkError(
            f"the component lacks exports of the world {marker_of(world, WorldMarker).name}",
            where=str(loaded.path) if loaded.path else None,
            details="\n".join(
                [
                    *(f"- it does not export {name}" for name in missing),
                    *(f"- it exports {printable(name)}" for name in known),
                ]
            ),
            hint="build the component for this world, or generate the package for the component's own world",
        )


def _functions(cls: type[Any]) -> list[str]:
    """The WIT names of the functions of a generated class."""
    members = (member for _, member in inspect.getmembers_static(cls))
    return [getattr(member.stub, MARKER).name for member in members if isinstance(member, LazyCall)]
