"""What a component needs of a host's object: planned once for a component and a world, asked of every instance's host.

What must be there is read from the world's Protocols, what is done from the object; what the component does not import is not
asked for. Everything is checked before the component is instantiated, and all that is missing is named at once.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ...wit.shapes import Signature
from ...wit.versions import compatible
from ..codec.imports import ImportCodec
from ..errors import LinkError, printable
from ..running.handles import HostType
from ..running.wasi import is_wasi
from ..signatures.check import PlainFunction
from ..signatures.handles import refused
from .asking import Asked, Group, Method, Problem, all_of
from .declared import Declared, declared
from .imports import ImportedFunction, Imports, is_known, methods_of

if TYPE_CHECKING:
    from .linking import Link
    from .loaded import Component

NEEDED = "the Protocols in the generated package's imports folder say what is needed"
"""The hint for whoever did not implement all of it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """What an interface, or the world itself, imports, ready to be defined in a linker.

    Attributes:
        interface: its name in the component; None for the world itself.
        functions: by WIT name the codec, and the slot of the implementation among an instance's functions.
        resources: by WIT name the Protocol.
        bulk: whether these are the forms of functions with lists of numbers as text.
    """

    interface: str | None
    functions: Mapping[str, tuple[ImportCodec, int]]
    resources: Mapping[str, type[Any]] = dataclasses.field(default_factory=dict[str, type[Any]])
    bulk: bool = False

    @property
    def has_resources(self) -> bool:
        """Whether it declares resources, or has functions that take or give any."""
        return bool(self.resources) or any(codec.handles for codec, _ in self.functions.values())

    def where(self, name: str) -> str:
        """What errors call one of its items."""
        return f"{self.interface}#{name}" if self.interface else name


class Plan:
    """How a component is linked to hosts of a world.

    Attributes:
        definitions: what a linker must define.
        has_resources: whether resources cross the boundary.
        types: the types of the host's resources, by Protocol.
        links: the linkers that were made so far, by which functions suspend.
    """

    def __init__(self, component: Component, imports: Imports) -> None:
        self._where = str(component.path) if component.path else None
        self._refuse_unknown(component, imports)
        self.links: dict[tuple[bool, ...], Link] = {}
        self._metered = component.metered
        self._slots = 0
        read = declared(component)
        definitions = list[Definition]()
        self._groups = [*self._read(read, imports, definitions)]
        self._problems = [*_bulk_forms(read, definitions)]
        self._all = None if self._problems else all_of(self._groups)
        self.has_resources = any(step.has_resources for step in definitions)
        protocols = dict.fromkeys(p for step in definitions for p in step.resources.values())
        self.types: Mapping[type[Any], HostType] = {
            p: HostType(number, methods_of(p)) for number, p in enumerate(protocols, 1)
        }
        self._fixed = list[Callable[..., Any]]()
        self.definitions: Sequence[Definition] = [self._refusing(step) for step in definitions]

    def implementations(self, host: object) -> tuple[Sequence[Callable[..., Any]], tuple[bool, ...]]:
        """What a host implements: the functions by slot, and for each whether it may suspend the guest.

        The attributes of the host are looked up once, now.

        Raises:
            LinkError: the host lacks something, or the component imports a function with another type.
        """
        given = None if self._all is None else self._all(host)
        if given is not None:
            return [*given[0], *self._fixed], given[1]
        functions, suspends, problems = list[Callable[..., Any]](), list[bool](), list[str]()
        for group in self._groups:
            group.ask(host, functions, suspends, problems, metered=self._metered)
        problems += self._problems
        if problems:
            raise LinkError(
                "the host does not implement what the component imports",
                where=self._where,
                details="\n".join(f"- {problem}" for problem in problems),
                hint=NEEDED,
            )
        return [*functions, *self._fixed], tuple(suspends)

    def _refuse_unknown(self, component: Component, imports: Imports) -> None:
        read = declared(component)
        unknown = [
            name
            for name in component.import_names
            if not is_wasi(name) and not is_known(name, read, imports) and not read.is_types_only(name)
        ]
        if unknown:
            raise LinkError(
                "the component was built for another world: it imports what this one does not have",
                where=self._where,
                details="\n".join(f"- {printable(name)}" for name in unknown),
                hint="generate the package again for the component's own world",
            )

    def _read(self, component: Declared, imports: Imports, into: list[Definition]) -> Iterator[Group]:
        """What is asked of the host, in the order of the component's imports; what to define goes into a list."""
        for name in component.imports:
            if is_wasi(name) or not is_known(name, component, imports):
                continue
            resources, problems = _resources(component, name, imports)
            if component.is_interface(name):
                known = compatible(name, imports.interfaces)
                interface = None if known is None else imports.interfaces[known]
                functions: Mapping[str, ImportedFunction] = {} if interface is None else interface.functions
                steps, defined = self._steps(name, component.imported_interface(name), functions, imports)
                into.append(Definition(name, defined, resources))
                if interface is None:
                    yield Group(name, None, "", steps, problems)
                else:
                    role, needed = f"its '{interface.attribute}'", bool(interface.functions)
                    yield Group(name, interface.attribute, role, steps, problems, needed=needed)
            elif component.imported_resources(name):
                into.append(Definition(None, {}, resources))
                yield Group(None, None, "", (), problems)
            else:
                types = {name: component.imported_function(name)}
                steps, defined = self._steps(None, types, imports.functions, imports)
                into.append(Definition(None, defined))
                yield Group(None, None, "the host object", steps)

    def _steps(
        self,
        interface: str | None,
        types: Mapping[str, PlainFunction],
        functions: Mapping[str, ImportedFunction],
        imports: Imports,
    ) -> tuple[Sequence[Asked | Problem], Mapping[str, tuple[ImportCodec, int]]]:
        steps, defined = list[Asked | Problem](), dict[str, tuple[ImportCodec, int]]()
        for name, function_type in types.items():
            path = f"{interface}#{name}" if interface else name
            known = functions.get(name) or imports.method(interface, name)
            found = None if known is None else known.codec.difference(function_type)
            if known is None:
                steps.append(Problem(f"{printable(path)}: the host's package does not know this function"))
            elif found is not None:
                text = f"{printable(path)}: the component was built for another version of it: {found}"
                steps.append(Problem(text))
            else:
                if known.resource is None:
                    steps.append(Asked(path, known, known.attribute))
                else:
                    steps.append(
                        Asked(path, known, method=None if known.resource else Method(known.attribute))
                    )
                defined[name] = known.codec, self._slots
                self._slots += 1
        return steps, defined

    def _refusing(self, step: Definition) -> Definition:
        """The definition, with functions that take or give resources of the engine's own replaced by such that end the call."""
        functions = dict(step.functions)
        for name, (codec, _) in functions.items():
            if any(handle.cls not in self.types for handle in codec.handles):
                where = step.where(name)
                slot = self._slots + len(self._fixed)
                functions[name] = ImportCodec(Signature(where, (), None, raises=False)), slot
                self._fixed.append(_refusal(where))
        return dataclasses.replace(step, functions=functions)


def plan_of(component: Component, imports: Imports) -> Plan:
    """The plan of a component and a world; it is made once.

    Raises:
        LinkError: the component imports what neither WASI nor the world has.
    """
    plans = _PLANS.get(component)
    found = None if plans is None else plans.get(imports)
    if found is None:
        # Of two threads that come first, both go on with the plan of one.
        plans = _PLANS.setdefault(component, weakref.WeakKeyDictionary())
        found = plans.setdefault(imports, Plan(component, imports))
    return found


def _bulk_forms(component: Declared, definitions: list[Definition]) -> Iterator[Problem]:
    """Add what a composed component imports in addition: the same functions with lists of numbers as text."""
    known = dict[str, dict[str, tuple[ImportCodec, int]]]()
    for step in definitions:
        known.setdefault(step.interface or "", {}).update(step.functions)
    for interface, functions in known.items():
        forms = dict[str, tuple[ImportCodec, int]]()
        for name, function_type in component.bulk(interface or None, imported=True).items():
            if name not in functions:
                continue  # the world lacks it, which the plan says already
            codec, slot = functions[name]
            found = codec.bulk.difference(function_type)
            if found is not None:
                yield Problem(f"{printable(name)}: its adapter has another type: {found}")
            forms[name] = codec.bulk, slot
        if forms:
            definitions.append(Definition(interface, forms, bulk=True))


def _resources(
    component: Declared, name: str, imports: Imports
) -> tuple[Mapping[str, type[Any]], Sequence[Problem]]:
    found, problems = dict[str, type[Any]](), list[Problem]()
    for resource, (owner, original) in component.imported_resources(name).items():
        protocol = imports.resource(owner, original)
        if protocol is None:
            path = printable(f"{owner or name}#{original}")
            problems.append(Problem(f"{path}: the host's package does not know this resource"))
        else:
            found[resource] = protocol
    return found, problems


def _refusal(where: str) -> Callable[..., NoReturn]:
    def refuse(*_: object) -> NoReturn:
        raise refused(where, "the function takes or gives resources that are the engine's")

    return refuse


_PLANS: weakref.WeakKeyDictionary[Component, weakref.WeakKeyDictionary[Imports, Plan]] = (
    weakref.WeakKeyDictionary()
)
