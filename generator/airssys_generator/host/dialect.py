"""How a host's code says WIT types: annotations that carry them, classes with markers."""

from __future__ import annotations

from collections.abc import Iterable

from airssys_sdk.wit.model import (
    Enum,
    Flags,
    FutureType,
    Interface,
    Primitive,
    Record,
    StreamType,
    Type,
    TypeDef,
)
from airssys_sdk.wit.names import shouty
from airssys_sdk.wit.shapes import kebab

from .. import plan
from ..annotation import Annotation, Generic, Name, quoted
from ..draft import ModuleDraft, field_name
from ..walk import dealiased


class HostDialect:
    """Annotations that carry their WIT type, classes with markers."""

    aliases = True

    def primitive(self, module: ModuleDraft, primitive: Primitive) -> Annotation:
        """`wit.U32`; `bool` and `str` say it themselves."""
        if primitive in (Primitive.BOOL, Primitive.STRING):
            return Name(self.builtin(module, "bool" if primitive is Primitive.BOOL else "str"))
        return Name(f"{support(module)}.{primitive.value.capitalize()}")

    def builtin(self, module: ModuleDraft, name: str) -> str:
        """Always through the handle, so that a field may be called `str`."""
        return f"{module.handles.module('builtins')}.{name}"

    def support(self, module: ModuleDraft, name: str) -> str:
        """`wit.Ok`."""
        return f"{support(module)}.{name}"

    def handle(self, module: ModuleDraft, resource: Annotation, *, borrowed: bool) -> Annotation:
        """`Cursor`, or `wit.Borrow[Cursor]`."""
        return Generic(f"{support(module)}.Borrow", (resource,)) if borrowed else resource

    def stream(
        self, module: ModuleDraft, wit_type: StreamType | FutureType, payload: Annotation
    ) -> Annotation:
        """Nothing: they are refused before anything is planned."""
        raise TypeError(f"{wit_type!r} cannot be planned for a host")

    def is_bytes(self, element: Type) -> bool:
        """`list<u8>`, also through an alias of `u8`."""
        return dealiased(element) is Primitive.U8

    def docs(self, docs: str | None, types: Iterable[Type]) -> str | None:
        """As the WIT has it."""
        return docs

    def decorators(
        self, module: ModuleDraft, wit_type: TypeDef, case: str | None = None
    ) -> tuple[plan.Call, ...]:
        """The marker, and the dataclass where it is one."""
        if case is not None:
            return plan.Call(f"{support(module)}.case", (_path(wit_type), quoted(case))), _dataclass(module)
        match wit_type.declaration:
            case Record(fields):
                members = _unusual((field_name(field.name), field.name) for field in fields)
                return plan.Call(f"{support(module)}.record", (_path(wit_type), *members)), _dataclass(module)
            case Enum(labels):
                marker = "enumeration"
            case Flags(labels):
                marker = "flags"
            case _:
                return ()
        members = _unusual((shouty(label.name), label.name) for label in labels)
        return (plan.Call(f"{support(module)}.{marker}", (_path(wit_type), *members)),)


def _path(wit_type: TypeDef) -> str:
    """The name in a marker; of an inline interface no component keeps the world, so that the package stands for it."""
    owner = wit_type.owner
    inline = isinstance(owner, Interface) and owner.name is None
    return quoted(f"{owner.package.name}#{wit_type.name}" if inline else wit_type.path)


def support(module: ModuleDraft) -> str:
    """The handle of `airssys_sdk.component`."""
    return module.handles.package("airssys_sdk", "component", "wit")


def _dataclass(module: ModuleDraft) -> plan.Call:
    return plan.Call(f"{module.handles.module('dataclasses')}.dataclass", ("slots=True",))


def _unusual(members: Iterable[tuple[str, str]]) -> tuple[plan.Mapping, ...]:
    """The WIT names that the kebab rule does not give back."""
    items = tuple((python, wit) for python, wit in members if kebab(python) != wit)
    return (plan.Mapping(items),) if items else ()
