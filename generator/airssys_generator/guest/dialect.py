"""How a guest's code says WIT types: the plain Python types that componentize-py gives and takes."""

from __future__ import annotations

from collections.abc import Iterable

from airssys_sdk.wit.model import FutureType, ListType, Primitive, Record, StreamType, Type, TypeDef

from .. import plan
from ..annotation import Annotation, Generic, Name
from ..draft import ModuleDraft
from ..walk import anonymous, dealiased

SUPPORT = "componentize_py_types"
"""The module of `Ok`, `Err` and `Some`."""

ASYNC_SUPPORT = "componentize_py_async_support"
"""The package of what componentize-py adds to asyncio."""

_SCALARS = {
    Primitive.BOOL: "bool",
    Primitive.F32: "float",
    Primitive.F64: "float",
    Primitive.CHAR: "str",
    Primitive.STRING: "str",
}
_ALIASED_BYTES = (
    "A list of an alias of `u8` is a `list[int]` here, not `bytes`: so componentize-py passes it."
)


class GuestDialect:
    """Plain Python types, as componentize-py gives and takes them."""

    aliases = False

    def primitive(self, module: ModuleDraft, primitive: Primitive) -> Annotation:
        """`int`, `float`, `bool`, `str`."""
        return Name(self.builtin(module, _SCALARS.get(primitive, "int")))

    def builtin(self, module: ModuleDraft, name: str) -> str:
        """The plain name unless something in the module has it."""
        return module.handles.builtin(name)

    def support(self, module: ModuleDraft, name: str) -> str:
        """`Ok`, `Err` and `Some` of componentize-py."""
        return module.handles.package(SUPPORT, name, name)

    def handle(self, module: ModuleDraft, resource: Annotation, *, borrowed: bool) -> Annotation:
        """`Cursor`, own or borrowed."""
        return resource

    def stream(
        self, module: ModuleDraft, wit_type: StreamType | FutureType, payload: Annotation
    ) -> Annotation:
        """`StreamReader[T]`, `FutureReader[T]`; of bytes, `ByteStreamReader`."""
        return end(module, wit_type, payload, "Reader")

    def is_bytes(self, element: Type) -> bool:
        """`list<u8>` and `list<s8>` as they are written; not through an alias."""
        return element in (Primitive.U8, Primitive.S8)

    def docs(self, docs: str | None, types: Iterable[Type]) -> str | None:
        """With a note where a type is not what one expects."""
        return with_note(docs, types)

    def decorators(
        self, module: ModuleDraft, wit_type: TypeDef, case: str | None = None
    ) -> tuple[plan.Call, ...]:
        """A record and a case are dataclasses."""
        if case is None and not isinstance(wit_type.declaration, Record):
            return ()
        return (plan.Call(f"{module.handles.module('dataclasses')}.dataclass"),)


def end(
    module: ModuleDraft, wit_type: StreamType | FutureType, payload: Annotation, which: str
) -> Annotation:
    """One end of a stream or future, `Reader` or `Writer`."""
    kind, place = ("Stream", "streams") if isinstance(wit_type, StreamType) else ("Future", "futures")
    if isinstance(wit_type, StreamType) and wit_type.element in (Primitive.U8, Primitive.S8):
        name = f"ByteStream{which}"
        return Name(module.handles.package(f"{ASYNC_SUPPORT}.{place}", name, name))
    name = f"{kind}{which}"
    return Generic(module.handles.package(f"{ASYNC_SUPPORT}.{place}", name, name), (payload,))


def _has_aliased_bytes(types: Iterable[Type]) -> bool:
    return any(
        isinstance(part, ListType)
        and isinstance(part.element, TypeDef)
        and dealiased(part.element) is Primitive.U8
        for wit_type in types
        for part in anonymous(dealiased(wit_type))
    )


def with_note(docs: str | None, types: Iterable[Type]) -> str | None:
    """The documentation of something that names these types, with a note where they are not what one expects."""
    return _joined(docs, _ALIASED_BYTES) if _has_aliased_bytes(types) else docs and docs.rstrip()


def _joined(docs: str | None, note: str) -> str:
    return f"{docs.rstrip()}\n\n{note}" if docs else note
