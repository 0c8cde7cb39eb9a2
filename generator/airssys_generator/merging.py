"""The steps of a merge: signatures, new methods and classes, marks on what left the WIT, and the imports all that needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TypeVar

import libcst as cst

from . import plan, render
from .annotation import Annotation, names_in, renamed
from .authored import (
    Spelling,
    bound_names,
    classes,
    dotted,
    members,
    methods,
    planned_spelling,
    spelling_of,
    statements,
    target_of,
)
from .insertion import with_imports

N = TypeVar("N", cst.FunctionDef, cst.ClassDef)

MARK = "# airssys-sdk: no longer in the WIT; remove it, or keep it for your own use."

Signatures = Mapping[str, Mapping[str, str]]
"""For each class, for each method: its signature with every name as a dotted path."""


def read_signatures(modules: Mapping[str, cst.Module], authors: Mapping[tuple[str, str], str]) -> Signatures:
    """What the Protocols of bindings say, by the author's class that implements each.

    Args:
        modules: modules of the bindings by their path.
        authors: the author's class for a resource's Protocol, by the path of its module and its name there. Of modules
            that are no packages, only these count.
    """
    found: dict[str, Mapping[str, str]] = {}
    for path, module in modules.items():
        is_package = path.endswith("/__init__.py")
        package = path.removesuffix("/__init__.py") if is_package else path.rpartition("/")[0]
        spelling = spelling_of(module, package.replace("/", "."))
        for name, cls in classes(module).items():
            author = authors.get((path, name), name if is_package else None)
            if author is not None:
                found[author] = {m: signature(node, spelling) for m, node in methods(cls).items()}
    return found


def signature(node: cst.FunctionDef, spelling: Spelling) -> str:
    """A method's signature in a form that does not depend on how names are imported or lines broken."""
    bare = node.with_changes(
        decorators=(),
        body=cst.SimpleStatementSuite([cst.Pass()]),
        leading_lines=(),
        lines_after_decorators=(),
    )
    resolved = bare.visit(_Resolver(spelling))
    code = cst.Module([resolved]).code if isinstance(resolved, cst.FunctionDef) else ""
    return "".join(code.split()).replace(",)", ")").replace(",]", "]")


class Merge:
    """One merge.

    Args:
        module: the author's module, closed by one more statement.
        planned: the skeleton that the WIT asks for now.
        previous: the signatures of the bindings of before; empty when unknown.
        current: the signatures of the bindings now, to compare with `previous`.
    """

    def __init__(
        self, module: cst.Module, planned: plan.Module, previous: Signatures, current: Signatures
    ) -> None:
        self.module = module
        self.planned = [item for item in planned.items if isinstance(item, plan.Class)]
        self.previous = previous
        self.current = current
        self.spelling = spelling_of(module)
        self.handles = planned_spelling(planned.imports)

    def merged(self) -> str:
        """The text of the merged module, closed as it was."""
        present = classes(self.module)
        taken = {name for statement in statements(self.module.body) for name in bound_names(statement)}
        changes: dict[cst.CSTNode, cst.CSTNode] = {}
        for wanted in self.planned:
            if wanted.name in present:
                cls = present[wanted.name]
                changed = self._class(cls, wanted)
                if changed is not cls:
                    changes[cls] = changed
        for name in self._left(present):
            changes[present[name]] = _marked(present[name])
        new = [
            self._new_class(wanted)
            for wanted in self.planned
            if wanted.name not in present and wanted.name not in taken | self.spelling.local.keys()
        ]
        if not changes and not new:
            return self.module.code
        module = self.module.visit(_Replacer(changes))
        if new:
            module = module.with_changes(body=_before_end(module.body, new))
        return with_imports(module, self.spelling.needed).code

    def _left(self, present: Mapping[str, cst.ClassDef]) -> list[str]:
        """The classes of interfaces that are no longer exported."""
        wanted = {item.name for item in self.planned}
        return [
            name
            for name, functions in self.previous.items()
            if functions and name in present and name not in wanted and not _is_marked(present[name])
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
            elif function.name not in members(cls) and not (function.name in before and len(cls.bases) > 1):
                new.append(self._new_method(function, hidden))
        asked = {function.name for function in wanted.functions}
        for name in before:
            if name in present and name not in asked and not _is_marked(present[name]):
                changes[present[name]] = _marked(present[name])
        if changes:
            replaced = cls.visit(_Replacer(changes))
            cls = replaced if isinstance(replaced, cst.ClassDef) else cls
        if _is_marked(cls):
            cls = _unmarked(cls)
        return _extended(cls, new) if new else cls

    def _method(
        self, node: cst.FunctionDef, wanted: plan.Function, hidden: frozenset[str], *, same: bool
    ) -> cst.FunctionDef:
        """The method with the signature that the WIT asks for; `same`: it asks for what it asked before."""
        if _is_marked(node):
            node = _unmarked(node)
        if same or self._asked(wanted) == signature(node, self.spelling):
            return node
        parsed = _function(render.signature(self._spelled(wanted, hidden), 1, ": ..."))
        comments = [
            line.with_changes(indent=True, whitespace=cst.SimpleWhitespace("")) for line in _comments(node)
        ]
        return node.with_changes(
            params=parsed.params,
            returns=parsed.returns,
            whitespace_before_params=parsed.whitespace_before_params,
            whitespace_before_colon=parsed.whitespace_before_colon,
            leading_lines=[*node.leading_lines, *comments],
        )

    def _asked(self, function: plan.Function) -> str:
        """The signature that the WIT asks for, in the form of `signature`."""
        local = {name: target_of(imported) for name, imported in self.handles.items()}
        node = _function(render.signature(function, 1, ": ..."))
        return signature(node, Spelling(local, set()))

    def _new_method(self, function: plan.Function, hidden: frozenset[str]) -> cst.FunctionDef:
        return _function(render.function(self._spelled(function, hidden), 1))

    def _new_class(self, wanted: plan.Class) -> cst.ClassDef:
        hidden = frozenset(function.name for function in wanted.functions)
        spelled = dataclasses.replace(
            wanted,
            bases=tuple(self._annotation(base, frozenset()) for base in wanted.bases),
            functions=tuple(self._spelled(function, hidden) for function in wanted.functions),
        )
        node = cst.parse_module(render.item(spelled)).body[0]
        if not isinstance(node, cst.ClassDef):
            raise TypeError(f"not a class: {wanted.name}")
        return node

    def _spelled(self, function: plan.Function, hidden: frozenset[str]) -> plan.Function:
        """The function with the names by which the author's module knows things."""
        error = self.spelling.builtin("NotImplementedError", hidden)
        return dataclasses.replace(
            function,
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

    def _annotation(self, annotation: Annotation, hidden: frozenset[str]) -> Annotation:
        return renamed(annotation, {name: self._name(name, hidden) for name in names_in(annotation)})

    def _name(self, name: str, hidden: frozenset[str]) -> str:
        first, dot, rest = name.partition(".")
        if first in self.handles and target_of(self.handles[first]) != "builtins":
            imported = self.handles[first]
            return self.spelling.spell(target_of(imported) + dot + rest, imported, hidden)
        if name in ("None", "()"):
            return name
        return self.spelling.builtin(rest or first, hidden)


class _Resolver(cst.CSTTransformer):
    """Writes every dotted name as the path that it stands for; strings are read as annotations."""

    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        self.spelling = spelling

    def leave_Annotation(self, original_node: cst.Annotation, updated_node: cst.Annotation) -> cst.Annotation:  # noqa: N802
        """Resolve an annotation."""
        return updated_node.with_changes(annotation=_resolved(original_node.annotation, self.spelling))


class _Names(cst.CSTTransformer):
    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        self.spelling = spelling

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        """An attribute is resolved as a whole."""
        return False

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Resolve a dotted name."""
        text = dotted(original_node)
        return _path(self.spelling.path(text)) if text else updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        """Resolve a plain name."""
        if original_node.value == "None":
            return updated_node
        return _path(self.spelling.path(original_node.value))


def _path(path: str) -> cst.Name:
    """A dotted path as one node, only to compare: a middle dot is allowed in identifiers."""
    return cst.Name("_" + path.replace(".", "\N{MIDDLE DOT}"))


def _resolved(expression: cst.BaseExpression, spelling: Spelling) -> cst.BaseExpression:
    if isinstance(expression, cst.SimpleString):
        text = expression.evaluated_value
        if isinstance(text, str):
            try:
                expression = cst.parse_expression(text)
            except cst.ParserSyntaxError:
                return expression
    found = expression.visit(_Names(spelling))
    return found if isinstance(found, cst.BaseExpression) else expression


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


def _function(text: str) -> cst.FunctionDef:
    """A method's node from its text, which is indented by one level."""
    cls = cst.parse_module(f"class _:\n{text}\n").body[0]
    if isinstance(cls, cst.ClassDef) and isinstance(cls.body.body[0], cst.FunctionDef):
        return cls.body.body[0]
    raise ValueError(f"not a method: {text}")


def _comments(node: cst.FunctionDef) -> list[cst.EmptyLine]:
    """The comments inside a signature, which a new one has no place for."""
    found: list[cst.EmptyLine] = []

    class _Collector(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:  # noqa: N802
            found.append(cst.EmptyLine(comment=node))

    for part in (node.params, node.returns, node.whitespace_before_params, node.whitespace_before_colon):
        if part is not None:
            part.visit(_Collector())
    return found


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
    return any(line.comment is not None and line.comment.value == MARK for line in node.leading_lines)


def _marked(node: cst.FunctionDef | cst.ClassDef) -> cst.CSTNode:
    return node.with_changes(leading_lines=[*node.leading_lines, cst.EmptyLine(comment=cst.Comment(MARK))])


def _unmarked(node: N) -> N:
    lines = [line for line in node.leading_lines if line.comment is None or line.comment.value != MARK]
    return node.with_changes(leading_lines=lines)


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
