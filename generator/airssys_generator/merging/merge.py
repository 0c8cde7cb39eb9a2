"""The steps of a merge: signatures, new methods and classes, marks on what left the WIT, and the imports all that needs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import libcst as cst

from .. import plan, render
from ..annotation import Annotation, flat, names_in, renamed
from ..guest.dialect import ASYNC_SUPPORT
from ..guest.options import WORLD_CLASS, WORLD_MODULE
from .authored import (
    Spelling,
    classes,
    comments_in,
    dotted,
    members,
    methods,
    planned_spelling,
    spelling_of,
    target_of,
)
from .insertion import with_future, with_imports
from .removal import without_imports
from .signatures import Signatures, kinds_of, signature, without_receiver

N = TypeVar("N", cst.FunctionDef, cst.ClassDef)

MARK = "# airssys-sdk: no longer in the WIT; remove it, or keep it for your own use."


class Merge:
    """One merge.

    Args:
        module: the author's module, closed by one more statement.
        planned: the skeleton that the WIT asks for now.
        previous: the signatures of the bindings of before; empty when unknown.
        current: the signatures of the bindings now, to compare with `previous`.
        paths: the dotted paths of what the bindings have now.
    """

    def __init__(
        self,
        module: cst.Module,
        planned: plan.Module,
        previous: Signatures,
        current: Signatures,
        paths: Collection[str],
    ) -> None:
        self.module = module
        self.planned = [item for item in planned.items if isinstance(item, plan.Class)]
        self.previous = previous
        self.current = current
        self.paths = paths
        self.spelling = spelling_of(module)
        self.handles = planned_spelling(planned.imports)
        self.own = {item.name for item in self.planned}
        self.has_future = self.spelling.local.get("annotations") == "__future__.annotations"
        self.needs_future = False

    def strangers(self) -> list[str]:
        """Classes of the author's own whose names the WIT needs since it changed: nothing says that they implement it."""
        present = classes(self.module)
        return [
            wanted.name
            for wanted in self.planned
            if self.previous
            and wanted.bases
            and wanted.name in present
            and wanted.name not in self.previous
            and wanted.name != WORLD_CLASS  # nobody calls a class of their own so
            and not _is_marked(present[wanted.name])
            and not self._derives_from_bindings(present[wanted.name])
        ]

    def _derives_from_bindings(self, cls: cst.ClassDef) -> bool:
        paths = (self.spelling.path(dotted(base.value)) for base in cls.bases)
        return any(path.partition(".")[0] == WORLD_MODULE for path in paths)

    def merged(self) -> str:
        """The text of the merged module, closed as it was."""
        present = classes(self.module)
        taken = self.spelling.bound | self.spelling.local.keys()
        changes: dict[cst.CSTNode, cst.CSTNode] = {}
        for wanted in self.planned:
            if wanted.name in present:
                cls = present[wanted.name]
                changed = self._class(cls, wanted)
                if changed is not cls:
                    changes[cls] = changed
        for name in self._left(present):
            changes[present[name]] = _marked(_with_marks(present[name], self.previous[name]))
        new = [
            self._new_class(wanted)
            for wanted in self.planned
            if wanted.name not in present and wanted.name not in taken
        ]
        module = self.module.visit(_Replacer(changes)) if changes else self.module
        if new:
            module = module.with_changes(body=_before_end(module.body, new))
        module = with_imports(module, self.spelling.needed)
        if self.needs_future and not self.has_future:
            module = with_future(module)
        return without_imports(module, self._leads_nowhere).code

    def _leads_nowhere(self, path: str) -> bool:
        """Whether a dotted path is one of bindings that is not there (any more)."""
        first = path.partition(".")[0]
        if first == ASYNC_SUPPORT:  # what is in it, no plan says
            return first not in self.paths
        return first == WORLD_MODULE and path not in self.paths

    def _left(self, present: Mapping[str, cst.ClassDef]) -> list[str]:
        """The classes of interfaces that are no longer exported."""
        wanted = {item.name for item in self.planned}
        return [
            name
            for name in self.previous
            if name in present and name not in wanted and not _is_marked(present[name])
        ]

    def _class(self, cls: cst.ClassDef, wanted: plan.Class) -> cst.ClassDef:
        hidden = frozenset(members(cls) | {function.name for function in wanted.functions})
        present = methods(cls)
        before = self.previous.get(wanted.name, {})
        now = self.current.get(wanted.name, {})
        changes: dict[cst.CSTNode, cst.CSTNode] = {}
        new: list[cst.FunctionDef] = []
        for function in wanted.functions:
            if function.name in present:
                node = present[function.name]
                same = function.name in before and before[function.name] == now.get(function.name)
                changed = self._method(node, function, hidden, same=same)
                if changed is not node:
                    changes[node] = changed
            elif function.name not in members(cls) and not (
                function.name in before and self._inherits(cls, wanted)
            ):
                new.append(self._new_method(function, hidden))
        if changes:
            replaced = cls.visit(_Replacer(changes))
            cls = replaced if isinstance(replaced, cst.ClassDef) else cls
        cls = _with_marks(cls, before.keys() - {function.name for function in wanted.functions})
        if _is_marked(cls):
            cls = _unmarked(cls)
        return _extended(cls, new) if new else cls

    def _inherits(self, cls: cst.ClassDef, wanted: plan.Class) -> bool:
        """Whether a class has bases of the author's, which may have its methods."""
        planned = {self._target(flat(base)) for base in wanted.bases}
        return any(self.spelling.path(dotted(base.value)) not in planned for base in cls.bases)

    def _target(self, name: str) -> str:
        """The dotted path that a name of the plan stands for."""
        first, dot, rest = name.partition(".")
        return target_of(self.handles[first]) + dot + rest if first in self.handles else name

    def _method(
        self, node: cst.FunctionDef, wanted: plan.Function, hidden: frozenset[str], *, same: bool
    ) -> cst.FunctionDef:
        """The method with the signature that the WIT asks for; `same`: it asks for what it asked before."""
        if _is_marked(node):
            node = _unmarked(node)
        if same or self._asked(wanted) == signature(node, self.spelling):
            return node
        parsed = self._function(render.function(self._spelled(wanted, hidden), 1))
        parts = (node.params, node.returns, node.whitespace_before_params, node.whitespace_before_colon)
        comments = [line for part in parts if part is not None for line in comments_in(part)]
        parameters = self._parameters(node, parsed)
        node = self._of_kind(node, parsed)
        return node.with_changes(
            asynchronous=node.asynchronous
            if node.asynchronous and parsed.asynchronous
            else parsed.asynchronous,
            params=parameters,
            returns=parsed.returns,
            whitespace_before_params=parsed.whitespace_before_params,
            whitespace_before_colon=parsed.whitespace_before_colon,
            leading_lines=[*node.leading_lines, *comments],
        )

    def _of_kind(self, node: cst.FunctionDef, parsed: cst.FunctionDef) -> cst.FunctionDef:
        """The method, static if the WIT's function is and only then."""
        kinds = kinds_of(node, self.spelling)
        if parsed.decorators and not kinds:
            return node.with_changes(decorators=[*node.decorators, *parsed.decorators])
        if kinds and not parsed.decorators:
            comments = [line for decorator in kinds.values() for line in comments_in(decorator)]
            return node.with_changes(
                decorators=[one for one in node.decorators if one not in kinds.values()],
                lines_after_decorators=[*comments, *node.lines_after_decorators],
            )
        return node

    def _parameters(self, node: cst.FunctionDef, parsed: cst.FunctionDef) -> cst.Parameters:
        """The parameters that the WIT asks for; the author's receiver stays if the function is of the kind that it was."""
        kinds = kinds_of(node, self.spelling)
        if "staticmethod" in kinds and parsed.decorators:
            return without_receiver(parsed.params)
        receiver, *others = parsed.params.params
        given = (*node.params.posonly_params, *node.params.params)
        if given and bool(parsed.decorators) == bool(kinds):
            receiver = receiver.with_changes(name=given[0].name, annotation=given[0].annotation)
        return parsed.params.with_changes(params=[receiver, *others])

    def _asked(self, function: plan.Function) -> str:
        """The signature that the WIT asks for, in the form of `signature`."""
        local = {name: target_of(imported) for name, imported in self.handles.items()}
        node = self._function(render.function(function, 1))
        return signature(node, Spelling(local, self.own))

    def _new_method(self, function: plan.Function, hidden: frozenset[str]) -> cst.FunctionDef:
        return self._function(render.function(self._spelled(function, hidden), 1))

    def _new_class(self, wanted: plan.Class) -> cst.ClassDef:
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


class _Replacer(cst.CSTTransformer):
    """Puts other nodes in the place of some."""

    def __init__(self, changes: Mapping[cst.CSTNode, cst.CSTNode]) -> None:
        super().__init__()
        self.changes = changes

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Do not look into what will be replaced."""
        return node not in self.changes

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]  # it narrows: no removals
        """Replace."""
        return self.changes.get(original_node, updated_node)


def _before_end(body: Sequence[cst.BaseStatement], new: Sequence[cst.ClassDef]) -> list[cst.BaseStatement]:
    """The statements with new classes as the last ones but one, below whatever the module ends with."""
    end = body[-1]
    above = list(end.leading_lines) if isinstance(end, cst.SimpleStatementLine) else []
    blank = cst.EmptyLine(indent=False)
    for cls in new:
        missing = 2 - _trailing_blanks(above) if above or len(body) > 1 or cls is not new[0] else 0
        body = [*body[:-1], cls.with_changes(leading_lines=[*above, *[blank] * missing]), end]
        above = []
    return [*body[:-1], end.with_changes(leading_lines=[])]


def _trailing_blanks(lines: Sequence[cst.EmptyLine]) -> int:
    """How many blank lines the lines end with, at most two."""
    count = 0
    while count < min(2, len(lines)) and lines[-1 - count].comment is None:
        count += 1
    return count


def _is_marked(node: cst.FunctionDef | cst.ClassDef) -> bool:
    return any(_is_mark(line) for line in node.leading_lines)


def _is_mark(line: cst.EmptyLine) -> bool:
    return line.comment is not None and line.comment.value.rstrip() == MARK


def _with_marks(cls: cst.ClassDef, left: Collection[str]) -> cst.ClassDef:
    """The class with marks on methods that left the WIT."""
    changes: dict[cst.CSTNode, cst.CSTNode] = {
        node: _marked(node) for name, node in methods(cls).items() if name in left and not _is_marked(node)
    }
    replaced = cls.visit(_Replacer(changes)) if changes else cls
    return replaced if isinstance(replaced, cst.ClassDef) else cls


def _marked(node: N) -> N:
    return node.with_changes(leading_lines=[*node.leading_lines, cst.EmptyLine(comment=cst.Comment(MARK))])


def _unmarked(node: N) -> N:
    return node.with_changes(leading_lines=[line for line in node.leading_lines if not _is_mark(line)])


def _extended(cls: cst.ClassDef, new: Sequence[cst.FunctionDef]) -> cst.ClassDef:
    """The class with methods at its end, below whatever comments it ends with."""
    suite = cls.body
    if isinstance(suite, cst.IndentedBlock):
        block = suite
    else:
        header = (
            suite.trailing_whitespace
            if isinstance(suite, cst.SimpleStatementSuite)
            else cst.TrailingWhitespace()
        )
        line = cst.SimpleStatementLine(list(suite.body))  # type: ignore[arg-type]  # a suite on one line has small statements only
        block = cst.IndentedBlock([line], header=header)
    first = new[0].with_changes(leading_lines=[*block.footer, cst.EmptyLine(indent=False)])
    rest = [function.with_changes(leading_lines=[cst.EmptyLine(indent=False)]) for function in new[1:]]
    return cls.with_changes(body=block.with_changes(body=[*block.body, first, *rest], footer=()))
