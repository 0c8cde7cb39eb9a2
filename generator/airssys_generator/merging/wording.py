"""What the plan asks for, as nodes in the words of an author's module: its names, its line ends, its indentation."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection

import libcst as cst

from .. import plan, render
from ..annotation import Annotation, flat, names_in, renamed
from .authored import Spelling, planned_spelling, target_of
from .signatures import signature

_ANY = plan.Import(None, "typing", None)


class Wording:
    """Writes functions and classes of a plan for an author's module.

    Args:
        module: the author's module.
        spelling: how it names things; gets the imports that what is written needs.
        planned: the skeleton that the WIT asks for.

    Attributes:
        needs_future: whether what was written names classes of the module that may stand below it.
    """

    def __init__(self, module: cst.Module, spelling: Spelling, planned: plan.Module) -> None:
        self.module = module
        self.spelling = spelling
        self.handles = planned_spelling(planned.imports)
        self.own = {item.name for item in planned.items if isinstance(item, plan.Class)}
        self.has_future = spelling.local.get("annotations") == "__future__.annotations"
        self.needs_future = False

    def asked(self, function: plan.Function) -> str:
        """The signature that the WIT asks for, in the form of `signature`."""
        local = {name: target_of(imported) for name, imported in self.handles.items()}
        node = self._function(render.function(function, 1))
        return signature(node, Spelling(local, self.own))

    def method(self, function: plan.Function, hidden: frozenset[str]) -> cst.FunctionDef:
        """A method; `hidden` are the names that its class defines."""
        return self._function(render.function(self._spelled(function, hidden), 1))

    def cls(self, wanted: plan.Class) -> cst.ClassDef:
        """A class."""
        hidden = frozenset(function.name for function in wanted.functions)
        spelled = dataclasses.replace(
            wanted,
            bases=tuple(self._annotation(base, frozenset(), at_once=True) for base in wanted.bases),
            functions=tuple(self._spelled(function, hidden) for function in wanted.functions),
        )
        node = cst.parse_module(self._laid_out(render.item(spelled))).body[0]
        if not isinstance(node, cst.ClassDef):
            raise TypeError(f"not a class: {wanted.name}")
        return node

    def bases(self, wanted: plan.Class) -> list[cst.Arg]:
        """What a class derives from."""
        spelled = [self._annotation(base, frozenset(), at_once=True) for base in wanted.bases]
        return [cst.Arg(cst.parse_expression(flat(base))) for base in spelled]

    def paths_of_bases(self, wanted: plan.Class) -> set[str]:
        """The dotted paths of what a class derives from."""
        return {self._target(flat(base)) for base in wanted.bases}

    def anything(self, hidden: Collection[str]) -> str:
        """How the module calls `typing.Any`, for an annotation."""
        return self.spelling.spell("typing.Any", _ANY, frozenset(hidden), at_once=not self.has_future)

    def _target(self, name: str) -> str:
        """The dotted path that a name of the plan stands for."""
        first, dot, rest = name.partition(".")
        return target_of(self.handles[first]) + dot + rest if first in self.handles else name

    def _spelled(self, function: plan.Function, hidden: frozenset[str]) -> plan.Function:
        """The function with the names by which the author's module knows things."""
        error = self.spelling.builtin("NotImplementedError", hidden)
        return dataclasses.replace(
            function,
            decorators=tuple(
                dataclasses.replace(call, callee=self._name(call.callee, hidden))
                for call in function.decorators
            ),
            parameters=tuple(
                dataclasses.replace(
                    parameter,
                    annotation=None
                    if parameter.annotation is None
                    else self._annotation(parameter.annotation, hidden),
                )
                for parameter in function.parameters
            ),
            result=self._annotation(function.result, hidden),
            body=(f"raise {error}({function.body[0].partition('(')[2]}", *function.body[1:]),
        )

    def _annotation(
        self, annotation: Annotation, hidden: frozenset[str], *, at_once: bool = False
    ) -> Annotation:
        names = {name: self._name(name, hidden, at_once=at_once) for name in names_in(annotation)}
        return renamed(annotation, names)

    def _name(self, name: str, hidden: frozenset[str], *, at_once: bool = False) -> str:
        first, dot, rest = name.partition(".")
        if first in self.handles and target_of(self.handles[first]) != "builtins":
            imported = self.handles[first]
            at_once = at_once or not self.has_future
            return self.spelling.spell(target_of(imported) + dot + rest, imported, hidden, at_once=at_once)
        if name in ("None", "()"):
            return name
        if name in self.own:
            self.needs_future = True
            return name
        return self.spelling.builtin(rest or first, hidden)

    def _function(self, text: str) -> cst.FunctionDef:
        """A method's node from its text, which is indented by one level."""
        cls = cst.parse_module(self._laid_out(f"class _:\n{text}")).body[0]
        if isinstance(cls, cst.ClassDef) and isinstance(cls.body.body[0], cst.FunctionDef):
            return cls.body.body[0]
        raise ValueError(f"not a method: {text}")

    def _laid_out(self, text: str) -> str:
        """The text with the line ends and the indentation of the author's module."""
        indent = self.module.default_indent
        text = re.sub(r"^( {4})+", lambda found: indent * (len(found[0]) // 4), text, flags=re.MULTILINE)
        return text.replace("\n", self.module.default_newline)
