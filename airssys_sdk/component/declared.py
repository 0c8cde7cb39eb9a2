"""What a component declares: the functions it imports and exports, with the engine's own types.

Names of interfaces carry versions, and a component may have been built with another one that is compatible: the engine
then links `demo:shop/clock@1.2.0` for `demo:shop/clock@1.3.1`, and so do the look-ups here.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from wasmtime.component import FuncType

    from .loaded import Component

Functions: TypeAlias = "Mapping[str, FuncType]"


class Declared:
    """The functions of one component.

    Attributes:
        imports: the names of what it imports, interfaces and functions.
        exports: the names of what it exports, interfaces and functions.
    """

    def __init__(self, component: Component) -> None:
        self._engine: Any = component.engine.raw
        declared = component.raw.type
        self._imports: Mapping[str, Any] = declared.imports(self._engine)
        self._exports: Mapping[str, Any] = declared.exports(self._engine)
        self.imports: Collection[str] = self._imports.keys()
        self.exports: Collection[str] = self._exports.keys()

    def imported_interface(self, name: str) -> Functions:
        """The functions of the interface imported under exactly this name."""
        return self._functions(self._imports[name])

    def is_types_only(self, name: str) -> bool:
        """Whether the import of this name is an interface of plain types, which nobody has to implement."""
        from wasmtime.component import ComponentInstanceType, ResourceType

        instance = self._imports[name].ty
        if not isinstance(instance, ComponentInstanceType):
            return False
        items = [item.ty for item in instance.exports(self._engine).values()]
        return not any(isinstance(item, ResourceType) or _function(item) is not None for item in items)

    def exported_interface(self, name: str) -> Functions | None:
        """The functions of an exported interface, by a compatible name; None if there is none."""
        found = compatible(name, self.exports)
        return None if found is None else self._functions(self._exports[found])

    def imported_function(self, name: str) -> FuncType:
        """The function that the component's world imports under this name."""
        found: FuncType = self._imports[name].ty
        return found

    def exported_function(self, name: str) -> FuncType | None:
        """The function that the component's world exports under this name; None if there is none."""
        found = self._exports.get(name)
        return None if found is None else _function(found.ty)

    def _functions(self, extern: Any) -> Functions:
        from wasmtime.component import ComponentInstanceType

        instance = extern.ty
        if not isinstance(instance, ComponentInstanceType):
            return {}
        found = {name: _function(item.ty) for name, item in instance.exports(self._engine).items()}
        return {name: function for name, function in found.items() if function is not None}


def declared(component: Component) -> Declared:
    """What a component declares, read once for each loaded component."""
    found = _READ.get(component)
    if found is None:
        found = _READ[component] = Declared(component)
    return found


def compatible(name: str, among: Collection[str]) -> str | None:
    """The name itself, or the one that differs from it in a compatible version only; None if neither is there."""
    if name in among:
        return name
    track = _track(name)
    return next((other for other in among if _track(other) == track), None)


def _track(name: str) -> tuple[str, str]:
    """An interface's name and what its compatible versions have in common: `1.x`, `0.2.x`; else the version itself."""
    path, _, version = name.partition("@")
    if "-" in version or version.count(".") < 2:
        return path, version
    major, minor, _ = version.split("+")[0].split(".", 2)
    if major != "0":
        return path, major
    return (path, f"0.{minor}") if minor != "0" else (path, version)


def _function(item: Any) -> FuncType | None:
    from wasmtime.component import FuncType

    return item if isinstance(item, FuncType) else None


# Reading types takes about a millisecond, and they cannot change.
_READ: weakref.WeakKeyDictionary[Component, Declared] = weakref.WeakKeyDictionary()
