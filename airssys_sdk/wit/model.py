"""The model of WIT: packages, worlds, interfaces, functions and types, frozen and fully linked.

A link is the object itself: no ids, no names that need a second look-up. Objects compare by identity; two readings
of the same text are compared through `airssys_sdk.wit.printer`. The constructs are those of the component model's
WIT specification (component-model, design/mvp/WIT.md).
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import TypeAlias


class Primitive(enum.Enum):
    """The types that need no declaration."""

    BOOL = "bool"
    S8 = "s8"
    U8 = "u8"
    S16 = "s16"
    U16 = "u16"
    S32 = "s32"
    U32 = "u32"
    S64 = "s64"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"
    CHAR = "char"
    STRING = "string"
    ERROR_CONTEXT = "error-context"


@dataclasses.dataclass(frozen=True, slots=True)
class Stability:
    """The feature gates of an item: `@since(version)`, `@unstable(feature)`, `@deprecated(version)`."""

    since: str | None = None
    unstable: str | None = None
    deprecated: str | None = None


STABLE = Stability()


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ListType:
    """`list<element>`."""

    element: Type


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FixedLengthList:
    """`list<element, length>`."""

    element: Type
    length: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class MapType:
    """`map<key, value>`."""

    key: Type
    value: Type


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class OptionType:
    """`option<payload>`."""

    payload: Type


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ResultType:
    """`result<ok, err>`; either side may be absent."""

    ok: Type | None
    err: Type | None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TupleType:
    """`tuple<...>`."""

    elements: tuple[Type, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class StreamType:
    """`stream<element>`, or `stream` without element type."""

    element: Type | None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FutureType:
    """`future<payload>`, or `future` without payload type."""

    payload: Type | None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Handle:
    """`own<resource>` (written as the plain name) or `borrow<resource>`. `resource` may be an alias of one."""

    resource: TypeDef
    borrowed: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field of a record."""

    name: str
    type: Type
    docs: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A case of a variant (with an optional payload)."""

    name: str
    payload: Type | None
    docs: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Label:
    """A case of an enum, or one of flags."""

    name: str
    docs: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Record:
    """`record { ... }`."""

    fields: tuple[Field, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """`variant { ... }`."""

    cases: tuple[Case, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Enum:
    """`enum { ... }`."""

    cases: tuple[Label, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Flags:
    """`flags { ... }`."""

    flags: tuple[Label, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """`resource`; its functions stand in the owner's `functions` and point back with `FunctionKind` and `resource`."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Alias:
    """`type name = target`, or a `use`: then the target is a declaration of another interface or world."""

    target: Type


Declaration: TypeAlias = Record | Variant | Enum | Flags | Resource | Alias


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class TypeDef:
    """A named type of an interface or world.

    Attributes:
        name: the WIT name; for a `use ... as`, the new one.
        declaration: what the name stands for.
        owner: the interface or world that declares it.
        external_id: the text of `@external-id(...)`.
    """

    name: str
    declaration: Declaration
    owner: Interface | World
    docs: str | None = None
    stability: Stability = STABLE
    external_id: str | None = None

    @property
    def used_from(self) -> TypeDef | None:
        """The declaration that a `use` brought here; None for a type of this owner's own."""
        if isinstance(self.declaration, Alias) and isinstance(self.declaration.target, TypeDef):
            target = self.declaration.target
            if target.owner is not self.owner:
                return target
        return None

    @property
    def path(self) -> str:
        """The place of the declaration, `namespace:package/interface@version#type`."""
        return f"{self.owner.path}#{self.name}"

    def __repr__(self) -> str:
        return f"<type {self.path}>"


Anonymous: TypeAlias = (
    ListType
    | FixedLengthList
    | MapType
    | OptionType
    | ResultType
    | TupleType
    | StreamType
    | FutureType
    | Handle
)
Type: TypeAlias = Primitive | TypeDef | Anonymous


class FunctionKind(enum.Enum):
    """How a function is called."""

    FREESTANDING = "freestanding"
    METHOD = "method"
    STATIC = "static"
    CONSTRUCTOR = "constructor"


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """A function's parameter. A method's first one is `self`, a borrowed handle."""

    name: str
    type: Type


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of an interface or world.

    Attributes:
        name: the full name on the wire, such as `get`, `[method]cursor.next` or `[constructor]cursor`.
        item: the name as it is written in the resource or interface, such as `get` or `next`.
        resource: the resource that a method, static or constructor belongs to.
        is_async: declared `async func`.
        external_id: the text of `@external-id(...)`.
    """

    name: str
    item: str
    kind: FunctionKind
    resource: TypeDef | None
    parameters: tuple[Parameter, ...]
    result: Type | None
    is_async: bool = False
    docs: str | None = None
    stability: Stability = STABLE
    external_id: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Interface:
    """An interface of a package, or one written inline in a world.

    Attributes:
        name: its name in the package; None for an inline one.
        inline: the place of an inline one, `namespace:package/world@version/name`; None where no world is known that has it.
    """

    name: str | None
    package: Package
    types: Mapping[str, TypeDef]
    functions: Mapping[str, Function]
    docs: str | None = None
    stability: Stability = STABLE
    inline: str | None = None

    @property
    def path(self) -> str:
        """The full name, `namespace:package/interface@version`; for an inline one its place in the world."""
        return self.package.member(self.name) if self.name else self.inline or self.package.name

    def __repr__(self) -> str:
        return f"<interface {self.path}>"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class InterfaceItem:
    """An interface that a world imports or exports.

    Attributes:
        name: the plain name where the world gives one (`import x: interface {...}`), else None: the interface's own path counts.
        external_id: the text of `@external-id(...)`.
    """

    name: str | None
    interface: Interface
    docs: str | None = None
    stability: Stability = STABLE
    external_id: str | None = None

    @property
    def wire_name(self) -> str:
        """The name of the instance in a component: the plain name or the interface's path."""
        return self.name or self.interface.path


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class World:
    """A world: what a component imports and exports. Order is the order of the text."""

    name: str
    package: Package
    types: Mapping[str, TypeDef]
    imported_interfaces: tuple[InterfaceItem, ...]
    exported_interfaces: tuple[InterfaceItem, ...]
    imported_functions: Mapping[str, Function]
    exported_functions: Mapping[str, Function]
    docs: str | None = None
    stability: Stability = STABLE

    @property
    def path(self) -> str:
        """The full name, `namespace:package/world@version`."""
        return self.package.member(self.name)

    def __repr__(self) -> str:
        return f"<world {self.path}>"


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Package:
    """A WIT package.

    Attributes:
        name: with the version where there is one, `namespace:package@version`.
    """

    namespace: str
    title: str
    version: str | None
    interfaces: Mapping[str, Interface]
    worlds: Mapping[str, World]
    docs: str | None = None

    @property
    def name(self) -> str:
        """The full name, `namespace:title@version`."""
        return f"{self.namespace}:{self.title}" + (f"@{self.version}" if self.version else "")

    def member(self, name: str) -> str:
        """The full name of an interface or world of this package."""
        return f"{self.namespace}:{self.title}/{name}" + (f"@{self.version}" if self.version else "")

    def __repr__(self) -> str:
        return f"<package {self.name}>"


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Resolve:
    """Everything that one source pulled in.

    Attributes:
        main: the package that the source itself declares (for a component, a package that stands for it).
        packages: all packages, dependencies first, `main` last.
    """

    main: Package
    packages: tuple[Package, ...]

    def __repr__(self) -> str:
        return f"<resolve of {self.main.name}>"
