"""From the JSON of wasm-tools to the model: every number becomes the object that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar, cast

from ..errors import ValidationError
from ._text import shortened
from .model import (
    STABLE,
    Alias,
    Anonymous,
    Case,
    Declaration,
    Enum,
    Field,
    FixedLengthList,
    Flags,
    Function,
    FunctionKind,
    FutureType,
    Handle,
    Interface,
    InterfaceItem,
    Label,
    ListType,
    MapType,
    OptionType,
    Package,
    Parameter,
    Primitive,
    Record,
    Resolve,
    Resource,
    ResultType,
    Stability,
    StreamType,
    TupleType,
    Type,
    TypeDef,
    Variant,
    World,
)

Json: TypeAlias = dict[str, Any]
Fill: TypeAlias = Callable[[], None]
T = TypeVar("T")

_PRIMITIVES = {primitive.value: primitive for primitive in Primitive}
_FUNCTION_KINDS: Mapping[str, tuple[FunctionKind, bool]] = {
    "freestanding": (FunctionKind.FREESTANDING, False),
    "async-freestanding": (FunctionKind.FREESTANDING, True),
    "method": (FunctionKind.METHOD, False),
    "async-method": (FunctionKind.METHOD, True),
    "static": (FunctionKind.STATIC, False),
    "async-static": (FunctionKind.STATIC, True),
    "constructor": (FunctionKind.CONSTRUCTOR, False),
}


class ReadError(ValidationError):
    """A source holds no WIT that can be read, or something in it that this version does not know."""


def link(answer: Json, source: str, main: str | None = None) -> Resolve:
    """The model of one answer of `wasm-tools component wit --json`.

    Args:
        answer: the decoded JSON.
        source: what the answer is about, for errors.
        main: the name of the package that the source itself declares; None for the last one.

    Raises:
        ReadError: the answer holds a construct that is not known, or is not of the known form.
    """
    try:
        return _Linker(answer, source).resolve(main)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ReadError(
            f"the answer of wasm-tools has an unknown form ({type(error).__name__}: {error})",
            where=source,
            hint="this version of wasm-tools may be too new or too old: run `airssys-sdk doctor`",
        ) from error


class _Linker:
    """Makes the objects that others point to first, with empty mappings, and then fills the mappings."""

    def __init__(self, answer: Json, source: str) -> None:
        self._answer = answer
        self._source = source
        self._packages: list[Package] = []
        self._interfaces: list[Interface] = []
        self._worlds: list[World] = []
        self._types: dict[int, TypeDef | Anonymous] = {}
        self._inline: dict[int, str] = {}

    def resolve(self, main: str | None) -> Resolve:
        fill_packages = [self._package(raw) for raw in self._answer["packages"]]
        self._inline = self._inline_places()
        fill_interfaces = [self._interface(at, raw) for at, raw in enumerate(self._answer["interfaces"])]
        fill_worlds = [self._world(raw) for raw in self._answer["worlds"]]
        for fill in (*fill_packages, *fill_interfaces, *fill_worlds):
            fill()
        if not self._packages:
            raise ReadError("the source holds no package", where=self._source)
        last = next((p for p in self._packages if p.name == main), self._packages[-1])
        return Resolve(last, (*(p for p in self._packages if p is not last), last))

    def _package(self, raw: Json) -> Fill:
        interfaces: dict[str, Interface] = {}
        worlds: dict[str, World] = {}
        path, _, version = str(raw["name"]).partition("@")
        namespace, _, title = path.partition(":")
        self._packages.append(
            Package(
                namespace,
                title,
                version or None,
                MappingProxyType(interfaces),
                MappingProxyType(worlds),
                _docs(raw),
            )
        )

        def fill() -> None:
            interfaces.update((name, _at(self._interfaces, at)) for name, at in raw["interfaces"].items())
            worlds.update((name, _at(self._worlds, at)) for name, at in raw["worlds"].items())

        return fill

    def _inline_places(self) -> dict[int, str]:
        """Where the interfaces without a name of their own are written: in the first world that has them."""
        places: dict[int, str] = {}
        for raw in self._answer["worlds"]:
            path = _at(self._packages, raw["package"]).member(raw["name"])
            for key, item in (*raw["imports"].items(), *raw["exports"].items()):
                if "interface" in item:
                    places.setdefault(item["interface"]["id"], f"{path}/{key}")
        return places

    def _interface(self, at: int, raw: Json) -> Fill:
        types: dict[str, TypeDef] = {}
        functions: dict[str, Function] = {}
        package = _at(self._packages, raw["package"])
        inline = None if raw["name"] else self._inline.get(at)
        place = package.member(raw["name"]) if raw["name"] else inline or package.name
        interface = Interface(
            raw["name"],
            package,
            MappingProxyType(types),
            MappingProxyType(functions),
            _docs(raw),
            _stability(raw, place),
            inline,
        )
        self._interfaces.append(interface)

        def fill() -> None:
            types.update((name, self._typedef(at, interface.path)) for name, at in raw["types"].items())
            for name, function in raw["functions"].items():
                functions[name] = self._function(function, f"{interface.path}#{name}")

        return fill

    def _world(self, raw: Json) -> Fill:
        types: dict[str, TypeDef] = {}
        sides: dict[str, tuple[list[InterfaceItem], dict[str, Function]]] = {
            "imports": ([], {}),
            "exports": ([], {}),
        }
        package = _at(self._packages, raw["package"])
        path = package.member(raw["name"])
        for side, (interfaces, _) in sides.items():
            for key, item in raw[side].items():
                place = f"{path}#{key}"
                word, body = _tagged(item, place)
                if word == "interface":
                    interfaces.append(self._interface_item(key, body, place))
                elif word not in ("type", "function"):
                    raise _unknown("item of a world", word, place)
        world = World(
            raw["name"],
            package,
            MappingProxyType(types),
            tuple(sides["imports"][0]),
            tuple(sides["exports"][0]),
            MappingProxyType(sides["imports"][1]),
            MappingProxyType(sides["exports"][1]),
            _docs(raw),
            _stability(raw, path),
        )
        self._worlds.append(world)

        def fill() -> None:
            for side, (_, functions) in sides.items():
                for key, item in raw[side].items():
                    if "type" in item:
                        types[key] = self._typedef(item["type"], path)
                    elif "function" in item:
                        functions[key] = self._function(item["function"], f"{path}#{key}")

        return fill

    def _interface_item(self, key: str, raw: Json, place: str) -> InterfaceItem:
        # The key of an interface that the world does not name itself is made up: `interface-3`. A plain name can
        # look the same, but then no interface stands at that place under that name.
        interface = _at(self._interfaces, raw["id"])
        named = interface.name is None or key != f"interface-{raw['id']}"
        return InterfaceItem(
            key if named else None, interface, _docs(raw), _stability(raw, place), raw.get("external_id")
        )

    def _function(self, raw: Json, place: str) -> Function:
        word, of = _tagged(raw["kind"], place)
        if word not in _FUNCTION_KINDS:
            raise _unknown("kind of function", word, place)
        meaning, is_async = _FUNCTION_KINDS[word]
        resource = None if of is None else self._typedef(of, place)
        name = str(raw["name"])
        item = name.rpartition("]")[2]
        if resource is not None and meaning is not FunctionKind.CONSTRUCTOR:
            item = item.partition(".")[2]
        return Function(
            name,
            item,
            meaning,
            resource,
            tuple(Parameter(p.get("name", ""), self._type(p["type"], place)) for p in raw["params"]),
            self._optional(raw.get("result"), place),
            is_async,
            _docs(raw),
            _stability(raw, place),
            raw.get("external_id"),
        )

    def _type(self, raw: int | str, place: str) -> Type:
        if isinstance(raw, int):
            return self._types.get(raw) or self._new_type(raw, place)
        if raw not in _PRIMITIVES:
            raise _unknown("primitive type", raw, place)
        return _PRIMITIVES[raw]

    def _optional(self, raw: int | str | None, place: str) -> Type | None:
        return None if raw is None else self._type(raw, place)

    def _typedef(self, at: int, place: str) -> TypeDef:
        found = self._type(at, place)
        if not isinstance(found, TypeDef):
            raise ReadError("a type without a name stands where a declared one must", where=place)
        return found

    def _new_type(self, at: int, place: str) -> TypeDef | Anonymous:
        raw: Json = self._answer["types"][at]
        made = self._anonymous(raw["kind"], place) if raw["name"] is None else self._declared(raw)
        self._types[at] = made
        return made

    def _declared(self, raw: Json) -> TypeDef:
        side, at = _tagged(raw["owner"], str(raw["name"]))
        owner: Interface | World = _at(self._interfaces, at) if side == "interface" else _at(self._worlds, at)
        place = f"{owner.path}#{raw['name']}"
        return TypeDef(
            raw["name"],
            self._declaration(raw["kind"], place),
            owner,
            _docs(raw),
            _stability(raw, place),
            raw.get("external_id"),
        )

    def _declaration(self, raw: Any, place: str) -> Declaration:
        word, body = _tagged(raw, place)
        match word:
            case "resource":
                return Resource()
            case "record":
                return Record(
                    tuple(Field(f["name"], self._type(f["type"], place), _docs(f)) for f in body["fields"])
                )
            case "variant":
                return Variant(
                    tuple(Case(c["name"], self._optional(c["type"], place), _docs(c)) for c in body["cases"])
                )
            case "enum":
                return Enum(tuple(Label(c["name"], _docs(c)) for c in body["cases"]))
            case "flags":
                return Flags(tuple(Label(f["name"], _docs(f)) for f in body["flags"]))
            case "type":
                return Alias(self._type(body, place))
            case _:
                return Alias(self._anonymous(raw, place))

    def _anonymous(self, raw: Any, place: str) -> Anonymous:
        word, body = _tagged(raw, place)
        match word:
            case "list":
                return ListType(self._type(body, place))
            case "fixed-length-list":
                return FixedLengthList(self._type(body[0], place), body[1])
            case "map":
                return MapType(self._type(body[0], place), self._type(body[1], place))
            case "option":
                return OptionType(self._type(body, place))
            case "result":
                return ResultType(self._optional(body["ok"], place), self._optional(body["err"], place))
            case "tuple":
                return TupleType(tuple(self._type(element, place) for element in body["types"]))
            case "stream":
                return StreamType(self._optional(body, place))
            case "future":
                return FutureType(self._optional(body, place))
            case "handle":
                return self._handle(body, place)
            case _:
                raise _unknown("kind of type", word, place)

    def _handle(self, raw: Any, place: str) -> Handle:
        word, resource = _tagged(raw, place)
        if word not in ("own", "borrow"):
            raise _unknown("kind of handle", word, place)
        return Handle(self._typedef(resource, place), borrowed=word == "borrow")


def _stability(raw: Json, place: str) -> Stability:
    if "stability" not in raw:
        return STABLE
    word, body = _tagged(raw["stability"], place)
    match word:
        case "stable":
            return Stability(since=body["since"], deprecated=body.get("deprecated"))
        case "unstable":
            return Stability(unstable=body["feature"], deprecated=body.get("deprecated"))
        case "unknown":
            return STABLE
        case _:
            raise _unknown("feature gate", word, place)


def _at(items: list[T], number: int) -> T:
    return items[number]


def _docs(raw: Json) -> str | None:
    docs: Json | None = raw.get("docs")
    return docs.get("contents") if docs else None


def _tagged(raw: Any, place: str) -> tuple[str, Any]:
    """A construct's word and what stands under it: wasm-tools writes `"resource"` and `{"list": "u8"}`."""
    if isinstance(raw, str):
        return raw, None
    if isinstance(raw, dict):
        for word, body in cast("Json", raw).items():
            return word, body
    raise _unknown("construct", str(cast("object", raw)), place)


def _unknown(what: str, word: str, place: str) -> ReadError:
    return ReadError(
        f"this version of the SDK does not know the {what} '{shortened(word)}'",
        where=place,
        hint="update airssys-sdk, or leave the construct out of the WIT",
    )
