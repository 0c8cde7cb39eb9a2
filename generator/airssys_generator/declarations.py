"""The types of a world as classes and annotations, in the dialect of the target."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

from airssys_sdk.wit.model import (
    Alias as AliasDeclaration,
)
from airssys_sdk.wit.model import (
    Enum,
    Flags,
    FutureType,
    Handle,
    ListType,
    MapType,
    OptionType,
    Primitive,
    Record,
    Resource,
    ResultType,
    StreamType,
    TupleType,
    Type,
    TypeDef,
    Variant,
)
from airssys_sdk.wit.model import (
    Field as RecordField,
)
from airssys_sdk.wit.names import shouty

from .annotation import NONE, Annotation, Generic, Name, flat, quoted, union
from .draft import Homes, ModuleDraft, case_name, field_name
from .gates import documented
from .plan import Alias, Call, Class, Field, Item, Member
from .walk import dealiased, in_order, named


class Dialect(Protocol):
    """What differs between the targets."""

    aliases: bool
    """Whether `type x = y` has a name of its own."""

    def primitive(self, module: ModuleDraft, primitive: Primitive) -> Annotation:
        """A primitive's annotation."""
        ...

    def builtin(self, module: ModuleDraft, name: str) -> str:
        """A builtin's name."""
        ...

    def support(self, module: ModuleDraft, name: str) -> str:
        """The name of `Ok`, `Err` or `Some`."""
        ...

    def handle(self, module: ModuleDraft, resource: Annotation, *, borrowed: bool) -> Annotation:
        """A resource, own or borrowed."""
        ...

    def stream(
        self, module: ModuleDraft, wit_type: StreamType | FutureType, payload: Annotation
    ) -> Annotation:
        """The readable end of a stream or future."""
        ...

    def is_bytes(self, element: Type) -> bool:
        """Whether a list of this element is `bytes`."""
        ...

    def decorators(self, module: ModuleDraft, wit_type: TypeDef, case: str | None = None) -> tuple[Call, ...]:
        """The decorators of the class of a type, or of a variant's case."""
        ...

    def docs(self, docs: str | None, types: Iterable[Type]) -> str | None:
        """The documentation of a class that holds values of these types."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Types:
    """Annotations and classes for the types of a package.

    Attributes:
        homes: where each declaration lives.
        dialect: the target's.
        private: modules whose handles of other modules always begin with an underscore.
        instead: what a module calls a declaration instead of its own name; None for the name.
    """

    homes: Homes
    dialect: Dialect
    private: frozenset[ModuleDraft] = frozenset()
    instead: Callable[[ModuleDraft, TypeDef], str | None] | None = None
    _found_below: dict[ModuleDraft, set[TypeDef]] = dataclasses.field(
        default_factory=dict["ModuleDraft", "set[TypeDef]"], init=False, repr=False, compare=False
    )

    def annotation(self, module: ModuleDraft, wit_type: Type) -> Annotation:
        """The annotation of a type, as it is written in a module."""
        match wit_type:
            case Primitive():
                return self.dialect.primitive(module, wit_type)
            case TypeDef():
                return self._named(module, wit_type)
            case ListType(element):
                if self.dialect.is_bytes(element):
                    return Name(self.dialect.builtin(module, "bytes"))
                return Generic(self.dialect.builtin(module, "list"), (self.annotation(module, element),))
            case MapType(key, value):
                pair = self.annotation(module, key), self.annotation(module, value)
                return Generic(self.dialect.builtin(module, "dict"), pair)
            case OptionType(payload):
                return self._option(module, payload)
            case ResultType(ok, err):
                return union(self._side(module, "Ok", ok), self._side(module, "Err", err))
            case StreamType() | FutureType():
                return self.dialect.stream(module, wit_type, self._payload(module, wit_type))
            case Handle(resource, borrowed):
                return self.dialect.handle(module, self._named(module, resource), borrowed=borrowed)
            case TupleType(elements):
                arguments = tuple(self.annotation(module, element) for element in elements)
                return Generic(self.dialect.builtin(module, "tuple"), arguments or (Name("()"),))
            case _:
                raise TypeError(f"{wit_type!r} cannot be planned")  # `unsupported` has found it before

    def _payload(self, module: ModuleDraft, wit_type: StreamType | FutureType) -> Annotation:
        return self.optional(
            module, wit_type.element if isinstance(wit_type, StreamType) else wit_type.payload
        )

    def optional(self, module: ModuleDraft, wit_type: Type | None) -> Annotation:
        """The annotation of a type that may be absent, which is None."""
        return NONE if wit_type is None else self.annotation(module, wit_type)

    def eager(self, module: ModuleDraft, wit_type: Type) -> Annotation:
        """The annotation of a type where it is evaluated at once; quoted where it needs a resource further down."""
        annotation = self.annotation(module, wit_type)
        if self._names_any(wit_type, self._below(module)):
            return Name(quoted(flat(annotation)))
        return annotation

    def items(self, module: ModuleDraft) -> tuple[list[Item], list[Item]]:
        """The classes and aliases of the declarations that live in a module, less the resources.

        Returns:
            those that stand above the resources, and those below: aliases that name one.
        """
        below = self._below(module)
        sides: tuple[list[Item], list[Item]] = [], []
        for wit_type in in_order(module.types):
            if not isinstance(wit_type.declaration, Resource):
                sides[wit_type in below].extend(self._declaration(module, wit_type))
        return sides

    def _below(self, module: ModuleDraft) -> set[TypeDef]:
        """The resources of a module and, where aliases are emitted, those that name one, directly or through each other."""
        if module not in self._found_below:
            below = self._found_below[module] = set(module.resources)
            for wit_type in in_order(module.types) if self.dialect.aliases else ():
                declaration = wit_type.declaration
                if isinstance(declaration, AliasDeclaration) and self._names_any(declaration.target, below):
                    below.add(wit_type)
        return self._found_below[module]

    def _names_any(self, wit_type: Type, found: Collection[TypeDef]) -> bool:
        return any(self.homes.of(name)[1] in found for name in named(wit_type))

    def _named(self, module: ModuleDraft, wit_type: TypeDef) -> Annotation:
        if isinstance(wit_type.declaration, AliasDeclaration) and not self.dialect.aliases:
            return self.annotation(module, dealiased(wit_type))
        home, origin = self.homes.of(wit_type)
        instead = None if self.instead is None else self.instead(module, origin)
        if instead is not None:
            return Name(instead)
        return Name(module.reference(home, private=module in self.private) + home.name_of(origin))

    def _option(self, module: ModuleDraft, payload: Type) -> Annotation:
        inner = self.annotation(module, payload)
        if isinstance(dealiased(payload), OptionType):
            inner = Generic(self.dialect.support(module, "Some"), (inner,))
        return union(inner, NONE)

    def _side(self, module: ModuleDraft, name: str, payload: Type | None) -> Annotation:
        return Generic(self.dialect.support(module, name), (self.optional(module, payload),))

    def _declaration(self, module: ModuleDraft, wit_type: TypeDef) -> Iterator[Item]:
        name = module.name_of(wit_type)
        match wit_type.declaration:
            case Record(fields):
                planned = tuple(self._field(module, field) for field in fields)
                yield Class(
                    name,
                    (),
                    self.dialect.decorators(module, wit_type),
                    planned,
                    docs=self.dialect.docs(documented(wit_type), [field.type for field in fields]),
                )
            case Enum(labels) | Flags(labels):
                is_flags = isinstance(wit_type.declaration, Flags)
                yield Class(
                    name,
                    (Name(f"{module.handles.module('enum')}.{'Flag' if is_flags else 'Enum'}"),),
                    self.dialect.decorators(module, wit_type),
                    members=tuple(
                        Member(shouty(label.name), f"1 << {place}" if is_flags else str(place), label.docs)
                        for place, label in enumerate(labels)
                    ),
                    docs=documented(wit_type),
                )
            case Variant():
                yield from self._variant(module, wit_type, wit_type.declaration)
            case AliasDeclaration(target):
                value = self.annotation(module, target)
                yield Alias(name, self._alias_marker(module), value, documented(wit_type))
            case _:
                raise TypeError(f"{wit_type.path} cannot be planned")  # `unsupported` has found it before

    def _field(self, module: ModuleDraft, field: RecordField) -> Field:
        name = field_name(field.name)
        # `dataclass` would take `type.mro`, which every class has, for the default of a field of that name.
        value = f"{module.handles.module('dataclasses')}.field()" if name == "mro" else None
        return Field(name, self.annotation(module, field.type), field.docs, value)

    def _variant(self, module: ModuleDraft, wit_type: TypeDef, variant: Variant) -> Iterator[Item]:
        for case in variant.cases:
            fields = () if case.payload is None else (Field("value", self.annotation(module, case.payload)),)
            decorators = self.dialect.decorators(module, wit_type, case.name)
            yield Class(
                case_name(wit_type, case.name),
                (),
                decorators,
                fields,
                docs=self.dialect.docs(case.docs, filter(None, [case.payload])),
            )
        cases = union(*(Name(case_name(wit_type, case.name)) for case in variant.cases))
        yield Alias(module.name_of(wit_type), self._alias_marker(module), cases, documented(wit_type))

    def _alias_marker(self, module: ModuleDraft) -> str:
        return f"{module.handles.module('typing')}.TypeAlias"
