"""Giving an author's method the signature that the WIT asks for, with what the author added to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TypeAlias

import libcst as cst

from .authored import Spelling, comments_in, dotted, leading_lines
from .signatures import kinds_of, without_receiver

_Slot: TypeAlias = cst.Param | cst.ParamStar


def updated(
    node: cst.FunctionDef, asked: cst.FunctionDef, spelling: Spelling, *, was_static: bool
) -> cst.FunctionDef:
    """The method with another signature; its receiver, decorators, body and further parameters stay.

    Further parameters are `*args`, `**kwargs`, those behind `*`, and those with a default that the WIT does not have. A
    default of one that it has stays if only such follow it. A method that takes whatever it is given, `*args` and
    `**kwargs` and nothing else, goes on doing so: its body hands them on. A body that awaits stays in an `async def`. Type comments go
    with the signature that they are part of.

    Args:
        node: the method.
        asked: the method that the WIT asks for.
        spelling: how the module names things.
        was_static: whether the WIT's function was static before; else the author made it so.
    """
    stays_static = not asked.decorators and not was_static
    node = _without_type_comment(node)
    parts = (node.params, node.returns, node.whitespace_before_params, node.whitespace_before_colon)
    comments = [line for part in parts if part is not None for line in comments_in(part)]
    comments = [line for line in comments if not _is_type(line.comment)]
    if _takes_anything(node, spelling) and bool(asked.decorators) == bool(kinds_of(node, spelling)):
        parameters = node.params
    else:
        parameters = _with_further(_parameters(node, asked, spelling, stays_static=stays_static), node)
    kept = {id(line.comment) for line in comments_in(parameters)}
    comments = [line for line in comments if id(line.comment) not in kept]
    if not stays_static:
        node = _of_kind(node, asked, spelling)
    asynchronous = asked.asynchronous
    if node.asynchronous and (asynchronous or awaits(node)):
        asynchronous = node.asynchronous
    return node.with_changes(
        asynchronous=asynchronous,
        params=parameters,
        returns=asked.returns,
        whitespace_before_params=asked.whitespace_before_params,
        whitespace_before_colon=asked.whitespace_before_colon,
        leading_lines=[*node.leading_lines, *comments],
    )


def awaits(node: cst.FunctionDef) -> bool:
    """Whether a function's own body can only stand in an `async def`."""
    found = _Awaits()
    node.body.visit(found)
    return found.found


class _Awaits(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Look for what only an `async def` may have; functions inside are others."""
        if isinstance(node, cst.FunctionDef | cst.Lambda | cst.ClassDef):
            return False
        if isinstance(node, cst.Await):
            self.found = True
        elif isinstance(node, cst.For | cst.With | cst.CompFor):
            self.found |= node.asynchronous is not None
        return not self.found


def bare(node: cst.FunctionDef, names: Collection[str]) -> cst.FunctionDef:
    """The method without what a caller may leave out, to compare it with what the WIT asks for.

    Args:
        node: the method.
        names: the parameters that the WIT asks for.
    """
    given = node.params
    first = _without_defaults(given.posonly_params, names)
    parameters = given.with_changes(
        posonly_params=first,
        posonly_ind=given.posonly_ind if first else cst.MaybeSentinel.DEFAULT,
        params=_without_defaults(given.params, names),
        star_arg=cst.MaybeSentinel.DEFAULT,
        kwonly_params=(),
        star_kwarg=None,
    )
    return node.with_changes(params=parameters)


def required_names(node: cst.FunctionDef, *, static: bool) -> list[str]:
    """The names of the parameters that a caller must give, without the receiver."""
    given = [*node.params.posonly_params, *node.params.params]
    return [one.name.value for one in (given if static else given[1:]) if one.default is None]


def _of_kind(node: cst.FunctionDef, asked: cst.FunctionDef, spelling: Spelling) -> cst.FunctionDef:
    """The method, static if the WIT's function is and only then."""
    kinds = kinds_of(node, spelling)
    if asked.decorators and not kinds:
        return node.with_changes(decorators=[*node.decorators, *asked.decorators])
    if kinds and not asked.decorators:
        comments = [line for decorator in kinds.values() for line in comments_in(decorator)]
        return node.with_changes(
            decorators=[one for one in node.decorators if one not in kinds.values()],
            lines_after_decorators=[*comments, *node.lines_after_decorators],
        )
    return node


def _takes_anything(node: cst.FunctionDef, spelling: Spelling) -> bool:
    """Whether a method takes `*args` and `**kwargs` of any type, and nothing else by name."""
    given = node.params
    rest = (given.star_arg, given.star_kwarg)
    named = (*given.posonly_params, *given.params, *given.kwonly_params)
    receivers = 0 if "staticmethod" in kinds_of(node, spelling) else 1
    return len(named) == receivers and all(
        isinstance(one, cst.Param)
        and (
            one.annotation is None
            or spelling.path(dotted(one.annotation.annotation)) in ("typing.Any", "builtins.object")
        )
        for one in rest
    )


def _without_type_comment(node: cst.FunctionDef) -> cst.FunctionDef:
    """The method without a comment that is its signature: behind the colon, or alone in the first line of the body."""
    block = node.body
    if not isinstance(block, cst.IndentedBlock):
        return node
    if _is_type(block.header.comment):
        bare = block.header.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
        return node.with_changes(body=block.with_changes(header=bare))
    lines = leading_lines(block.body[0])
    first = next((line for line in lines if line.comment is not None), None)
    if first is None or not _is_type(first.comment):
        return node
    body = block.body[0].with_changes(leading_lines=[line for line in lines if line is not first])
    return node.with_changes(body=block.with_changes(body=[body, *block.body[1:]]))


def _is_type(comment: cst.Comment | None) -> bool:
    """Whether a comment says a type to type checkers."""
    return comment is not None and re.match(r"#\s*type:(?!\s*ignore\b)", comment.value) is not None


def _parameters(
    node: cst.FunctionDef, asked: cst.FunctionDef, spelling: Spelling, *, stays_static: bool
) -> cst.Parameters:
    """The parameters that the WIT asks for; the author's receiver stays if the function is of the kind that it was."""
    kinds = kinds_of(node, spelling)
    if "staticmethod" in kinds and (asked.decorators or stays_static):
        return without_receiver(asked.params)
    receiver, *others = asked.params.params
    given = (*node.params.posonly_params, *node.params.params)
    if given and (stays_static or bool(asked.decorators) == bool(kinds)):
        receiver = receiver.with_changes(name=given[0].name, annotation=given[0].annotation)
    return asked.params.with_changes(params=[receiver, *others])


def _with_further(asked: cst.Parameters, node: cst.FunctionDef) -> cst.Parameters:
    """Parameters of the WIT, with defaults and further parameters of the author's."""
    given = node.params
    taken = {one.name.value for one in asked.params}
    own = [one for one in (*given.posonly_params, *given.params) if one.default is not None]
    defaults = {one.name.value: one for one in own}
    further = [_plain(one) for one in own if one.name.value not in taken]
    kept: list[cst.Param] = []
    for one in reversed(asked.params):
        mine = defaults.get(one.name.value)
        if mine is None:  # a parameter without default may not follow one with
            break
        kept.append(one.with_changes(default=mine.default, equal=cst.AssignEqual()))
    positional = [*asked.params[: len(asked.params) - len(kept)], *reversed(kept), *further]
    star = given.star_arg
    if isinstance(star, cst.Param):
        star = cst.MaybeSentinel.DEFAULT if star.name.value in taken else _plain(star)
    named = [_plain(one) for one in given.kwonly_params if one.name.value not in taken]
    if isinstance(star, cst.ParamStar):
        star = star.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        star = star if named else cst.MaybeSentinel.DEFAULT
    rest = given.star_kwarg
    rest = None if rest is None or rest.name.value in taken else _plain(rest)
    if len(positional) > len(asked.params) or star is not cst.MaybeSentinel.DEFAULT or named or rest:
        positional, star, named, rest = _laid_out(asked.params, positional, star, named, rest)
    return asked.with_changes(params=positional, star_arg=star, kwonly_params=named, star_kwarg=rest)


def _laid_out(
    asked: Sequence[cst.Param],
    positional: Sequence[cst.Param],
    star: _Slot | cst.MaybeSentinel,
    named: Sequence[cst.Param],
    rest: cst.Param | None,
) -> tuple[list[cst.Param], _Slot | cst.MaybeSentinel, list[cst.Param], cst.Param | None]:
    """All parameters with the commas and line breaks that those of the WIT have."""
    last = asked[-1].comma
    between = asked[0].comma if len(asked) > 1 else cst.MaybeSentinel.DEFAULT
    count = len(positional) + (star is not cst.MaybeSentinel.DEFAULT) + len(named) + (rest is not None)
    commas = iter([between] * (count - 1) + [last])
    placed = [one.with_changes(comma=next(commas)) for one in positional]
    if isinstance(star, cst.Param | cst.ParamStar):
        comma = next(commas)
        fixed = comma if isinstance(comma, cst.Comma) or isinstance(star, cst.Param) else star.comma
        star = star.with_changes(comma=fixed)
    behind = [one.with_changes(comma=next(commas)) for one in named]
    rest = None if rest is None else rest.with_changes(comma=next(commas))
    return placed, star, behind, rest


def _without_defaults(parameters: Sequence[cst.Param], names: Collection[str]) -> list[cst.Param]:
    asked = [one for one in parameters if one.default is None or one.name.value in names]
    return [_plain(one.with_changes(default=None, equal=cst.MaybeSentinel.DEFAULT)) for one in asked]


def _plain(parameter: cst.Param) -> cst.Param:
    return parameter.with_changes(
        comma=cst.MaybeSentinel.DEFAULT, whitespace_after_param=cst.SimpleWhitespace("")
    )
