"""A canonical picture of a model, made without the printer: what two readings are compared by.

It walks the fields of the dataclasses, so whatever the model holds is in the picture: docs, gates, order. A link to
something declared elsewhere shows as its path, after a check that the link is the declared object itself.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, cast

from airssys_sdk.wit.model import Interface, InterfaceItem, Package, Resolve, TypeDef, World


def picture(resolve: Resolve) -> Any:
    """The packages: the main one last, the others by name (their order is the reader's choice, not the text's)."""
    assert resolve.packages[-1] is resolve.main
    others = sorted(resolve.packages[:-1], key=lambda package: package.name)
    return [_whole(package) for package in [*others, resolve.main]]


def picture_without_order(resolve: Resolve) -> Any:
    """The same, with every list in one order: a component may mix types and uses in ways that text cannot."""
    return _sorted(picture(resolve))


def _sorted(value: Any) -> Any:
    items: Any = value
    if isinstance(value, list):
        return sorted((_sorted(item) for item in items), key=repr)
    if isinstance(value, tuple):
        return tuple(_sorted(item) for item in items)
    return value


def _whole(declared: Package | Interface | World | TypeDef | InterfaceItem) -> Any:
    return (
        type(declared).__name__,
        [
            (field.name, _value(getattr(declared, field.name), declared))
            for field in dataclasses.fields(declared)
        ],
    )


def _value(value: Any, holder: Any) -> Any:
    match value:
        case None | str() | bool() | int():
            return value
        case enum.Enum():
            return str(value)
        case Package():
            return f"package {value.name}"
        case TypeDef() if _declares(holder, value):
            return _whole(value)
        case TypeDef():
            assert value.owner.types[value.name] is value, "a link that leads nowhere"
            return f"type {value.path}"
        case Interface() | World() if isinstance(holder, Package):
            assert value.package is holder
            return _whole(value)
        case Interface() if isinstance(holder, InterfaceItem) and value.name is None:
            return _whole(value)
        case Interface() | World():
            return f"owner {value.path}"
        case Mapping():
            entries = cast("Mapping[str, Any]", value)
            return [(key, _value(item, holder)) for key, item in entries.items()]
        case tuple():
            return [_value(item, holder) for item in cast("Any", value)]
        case InterfaceItem():
            return _whole(value)
        case _:
            return (
                type(value).__name__,
                [(f.name, _value(getattr(value, f.name), value)) for f in dataclasses.fields(value)],
            )


def _declares(holder: Any, typedef: TypeDef) -> bool:
    return isinstance(holder, Interface | World) and typedef.owner is holder
