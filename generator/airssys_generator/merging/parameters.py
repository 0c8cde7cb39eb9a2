"""Where the body of a method still has parameters that its signature had before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import libcst as cst
from libcst.metadata import (
    Access,
    BuiltinScope,
    GlobalScope,
    MetadataWrapper,
    PositionProvider,
    ScopeProvider,
)

from .authored import every_class, every_method


@dataclasses.dataclass(frozen=True, slots=True)
class Left:
    """A parameter that a method's body reads, and that the method does not have any more.

    Attributes:
        line: where it is read.
        method: `Class.method`.
        name: the parameter.
        now: the parameter that stands in its place now, if one came and nothing else did.
    """

    line: int
    method: str
    name: str
    now: str | None


def parameter_names(node: cst.FunctionDef) -> list[str]:
    """The names of all parameters."""
    given = node.params
    stars = (given.star_arg, given.star_kwarg)
    named = [one.name.value for one in stars if isinstance(one, cst.Param)]
    all_others = (*given.posonly_params, *given.params, *given.kwonly_params)
    return [*(one.name.value for one in all_others), *named]


def replacements(before: cst.FunctionDef, after: cst.FunctionDef) -> dict[str, str | None]:
    """The parameters that a method has lost, each with the one in its place, if only the name can have changed."""
    had, got = parameter_names(before), parameter_names(after)
    same_place = {old: new for old, new in zip(had, got, strict=False) if old not in got and new not in had}
    swapped = len(had) == len(got)
    return {name: same_place.get(name) if swapped else None for name in had if name not in got}


def left_behind(
    module: cst.Module, lost: Mapping[tuple[str, str], Mapping[str, str | None]]
) -> Iterator[Left]:
    """Where bodies read parameters that are gone, each parameter once on a line.

    Args:
        module: the author's module, merged.
        lost: for each class and method, what `replacements` gives.
    """
    wrapper = MetadataWrapper(module)
    lines = wrapper.resolve(PositionProvider)
    scopes = {one for one in wrapper.resolve(ScopeProvider).values() if one is not None}
    reads: dict[cst.CSTNode, Access] = {one.node: one for scope in scopes for one in scope.accesses}
    for cls in every_class(wrapper.module):
        for method in every_method(cls):
            gone = lost.get((cls.name.value, method.name.value), {})
            found: dict[tuple[int, str], None] = {}
            for node in _nodes(method.body) if gone else ():
                if node in reads and (name := _name(node)) in gone and not _is_bound(reads[node]):
                    found[lines[node].start.line, name] = None
            for line, name in found:
                yield Left(line, f"{cls.name.value}.{method.name.value}", name, gone[name])


def _is_bound(access: Access) -> bool:
    """Whether something between the method and the place binds the name that is read there."""
    return any(not isinstance(one.scope, GlobalScope | BuiltinScope) for one in access.referents)


def _name(node: cst.CSTNode) -> str:
    """The name that is read at a node, which may be an attribute of it."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


def _nodes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """All nodes from one on down."""
    yield node
    for child in node.children:
        yield from _nodes(child)
