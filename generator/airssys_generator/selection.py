"""What of a world or package is generated: its functions and types, less what the target supplies itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from airssys_sdk.wit.model import Function, InterfaceItem, Package, TypeDef, World
from airssys_sdk.wit.uses import reach

from .errors import Diagnostic, GenerationError
from .options import Target
from .unsupported import unsupported
from .walk import declared, reached, signature


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """The part of a world that is generated.

    Attributes:
        world: the world itself.
        imports: imported interfaces, in order; those that the engine links only if their types are needed.
        exports: exported interfaces, in order.
        types: the declarations to emit, those of the world itself included.
        package: for a package without a world, the package; `world` then stands for importing all of its interfaces.
    """

    world: World
    imports: tuple[InterfaceItem, ...]
    exports: tuple[InterfaceItem, ...]
    types: frozenset[TypeDef]
    package: Package | None = None

    @property
    def where(self) -> str:
        """The path of the world or package."""
        return self.world.path if self.package is None else self.package.name

    def own(self, item: InterfaceItem | World) -> list[TypeDef]:
        """The selected declarations of an interface or of the world."""
        owner = item.interface if isinstance(item, InterfaceItem) else item
        return [wit_type for wit_type in owner.types.values() if wit_type in self.types]

    def imported(self) -> Iterator[tuple[str, Function]]:
        """Every imported function, with its path."""
        return self._functions(self.imports, self.world.imported_functions)

    def exported(self) -> Iterator[tuple[str, Function]]:
        """Every exported function, with its path."""
        return self._functions(self.exports, self.world.exported_functions)

    def _functions(
        self, items: Iterable[InterfaceItem], own: Mapping[str, Function]
    ) -> Iterator[tuple[str, Function]]:
        for item in items:
            yield from (
                (place(item, function.name), function) for function in item.interface.functions.values()
            )
        yield from ((f"{self.world.path}#{function.name}", function) for function in own.values())


def select(world: World, target: Target) -> Selection:
    """Choose what is generated, and refuse what cannot be.

    Raises:
        GenerationError: with every place of the world that the target cannot do.
    """
    selection, linked = _chosen(world, target)
    _refuse(selection, target, linked)
    return _with_needed(selection, linked)


def select_anyway(world: World, target: Target) -> Selection:
    """Choose what would be generated if the target could do all of it, to tell the names that it would have."""
    return _with_needed(*_chosen(world, target))


def _chosen(world: World, target: Target) -> tuple[Selection, tuple[InterfaceItem, ...]]:
    """What is generated but for the imports that the engine links, and these."""
    imports, linked = _imports(world, target)
    exports = tuple(item for item in world.exported_interfaces if not _is_internal(item, target))
    own = [wit_type for item in (*imports, *exports) for wit_type in item.interface.types.values()]
    own += world.types.values()
    functions = [f for item in (*imports, *exports) for f in item.interface.functions.values()]
    functions += [*world.imported_functions.values(), *world.exported_functions.values()]
    needed = reached([*own, *(wit_type for function in functions for wit_type in signature(function))])
    types = {declared(wit_type) for wit_type in needed} | {
        wit_type for wit_type in own if wit_type.used_from is None
    }
    return Selection(world, imports, exports, frozenset(types)), linked


def _with_needed(selection: Selection, linked: tuple[InterfaceItem, ...]) -> Selection:
    needed = tuple(item for item in linked if selection.own(item))
    return dataclasses.replace(selection, imports=(*selection.imports, *needed))


def select_package(package: Package) -> Selection:
    """Choose every interface of a package, and those of others whose types they use.

    Raises:
        GenerationError: the package has no interface, or something in them cannot be generated for a host.
    """
    if not package.interfaces:
        raise GenerationError(
            "the package has no interface",
            [Diagnostic(package.name, "package", "only worlds are in it", "name one of them with --world")]
            if package.worlds
            else [],
            where=package.name,
        )
    own = dict.fromkeys(package.interfaces.values())
    others = sorted(reach(own).keys() - own.keys(), key=lambda interface: interface.path)
    items = tuple(InterfaceItem(None, interface) for interface in (*others, *own))
    types = frozenset(
        wit_type for item in items for wit_type in item.interface.types.values() if wit_type.used_from is None
    )
    world = World(package.title, package, {}, items, (), {}, {}, package.docs)
    selection = Selection(world, items, (), types, package)
    declarations = [(wit_type.path, wit_type) for item in items for wit_type in selection.own(item)]
    # Nothing links these functions, so an asynchronous one is as good as any.
    _raise(unsupported("host", declarations, (), selection.imported()), "host", selection)
    return selection


def place(item: InterfaceItem, function: str) -> str:
    """The path of an interface's function, `namespace:package/interface@version#function`."""
    return f"{item.wire_name}#{function}"


def is_linked(item: InterfaceItem) -> bool:
    """Whether the engine links this import itself: WASI 0.2, but for HTTP."""
    package = item.interface.package
    is_wasi = package.namespace == "wasi" and package.title != "http"
    return item.name is None and is_wasi and (package.version or "").startswith("0.2.")


def _imports(world: World, target: Target) -> tuple[tuple[InterfaceItem, ...], tuple[InterfaceItem, ...]]:
    if target == "guest":
        return world.imported_interfaces, ()
    linked = tuple(item for item in world.imported_interfaces if is_linked(item))
    return tuple(item for item in world.imported_interfaces if item not in linked), linked


def _is_internal(item: InterfaceItem, target: Target) -> bool:
    """Whether an export is the one that componentize-py adds to every guest for itself."""
    return target == "host" and item.name == "exports" and list(item.interface.functions) == ["init"]


def _refuse(selection: Selection, target: Target, linked: tuple[InterfaceItem, ...]) -> None:
    everything = dataclasses.replace(selection, imports=(*selection.imports, *linked))
    owners: tuple[InterfaceItem | World, ...] = (*everything.imports, *everything.exports, selection.world)
    types = [(wit_type.path, wit_type) for owner in owners for wit_type in selection.own(owner)]
    _raise(unsupported(target, types, selection.imported(), selection.exported()), target, selection)


def _raise(found: list[Diagnostic], target: Target, selection: Selection) -> None:
    if found:
        what = "world" if selection.package is None else "package"
        count = "one place" if len(found) == 1 else f"{len(found)} places"
        raise GenerationError(
            f"the {what} cannot be generated for the {target} yet, because of {count}",
            found,
            where=selection.where,
        )
