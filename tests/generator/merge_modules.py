"""An author's module and where its parts stand, read without the reader that the merge has."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

MARK = "# airssys-sdk: no longer in the WIT; remove it, or keep it for your own use."
TOKEN = re.compile(r"mine_\d+_")
"""Every line that an edit writes has one of these, and no two have the same."""

Method: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Signatures: TypeAlias = Mapping[str, Mapping[str, str]]


class Module:
    """The text of a module, its tree, and where things stand. Lines are counted from 0 and have their ends."""

    def __init__(self, text: str) -> None:
        self.text = text
        *whole, last = text.split("\n")
        self.lines = [*(f"{line}\n" for line in whole), *([last] if last else [])]
        self.tree = ast.parse(text)
        self.eol = "\r\n" if "\r\n" in text else "\n"

    @functools.cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        """The tokens, comments among them."""
        return list(tokenize.generate_tokens(io.StringIO(self.text, newline="").readline))

    @property
    def classes(self) -> list[ast.ClassDef]:
        """The classes of the module, those under `if` included."""
        return [node for node in _statements(self.tree.body) if isinstance(node, ast.ClassDef)]

    @property
    def skeleton_classes(self) -> list[ast.ClassDef]:
        """The classes that no edit wrote."""
        return [node for node in self.classes if node.name[0].isupper() and not node.name.startswith("Base")]

    @property
    def methods(self) -> list[tuple[ast.ClassDef, Method]]:
        """The methods of the skeleton's classes that no edit wrote, each with its class."""
        pairs = [(cls, node) for cls in self.skeleton_classes for node in cls.body]
        return [
            (cls, node) for cls, node in pairs if isinstance(node, Method) and not TOKEN.search(node.name)
        ]

    @property
    def imports(self) -> list[ast.Import | ast.ImportFrom]:
        """The imports, those under `if` and `try` included."""
        return [node for node in _statements(self.tree.body) if isinstance(node, ast.Import | ast.ImportFrom)]

    def lines_of(self, node: ast.stmt) -> list[str]:
        """The lines of a statement, less its decorators."""
        return self.lines[node.lineno - 1 : node.end_lineno]

    def indent(self, node: ast.stmt) -> str:
        """What a statement's line begins with."""
        line = self.lines[node.lineno - 1]
        return line[: len(line) - len(line.lstrip())]

    def head(self, node: Method | ast.ClassDef) -> tuple[int, int, int]:
        """Where a head stands: the line of `def` or `class`, the line of the colon and the column behind it."""
        depth = 0
        for token in self.tokens:
            if token.start < (node.lineno, node.col_offset) or token.type != tokenize.OP:
                continue
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and depth == 0:
                return node.lineno - 1, token.end[0] - 1, token.end[1]
        raise ValueError(f"no end: {node.name}")

    def signature(self, node: Method) -> str:
        """The text from `def` to the colon."""
        first, last, column = self.head(node)
        text = "".join([*self.lines[first:last], self.lines[last][:column]])
        return text[len(self.indent(node)) :]

    def body(self, node: Method) -> str:
        """The text behind the colon."""
        _, last, column = self.head(node)
        return "".join([self.lines[last][column:], *self.lines[last + 1 : node.end_lineno]])

    def first(self, node: ast.ClassDef | Method) -> int:
        """The line of the first decorator, or of the definition."""
        return min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1

    def start(self, node: ast.ClassDef | Method) -> int:
        """The line of the first comment that stands directly above it, or above its mark."""
        at = min(
            [self.first(node), *(line for line in self._above(node) if self.lines[line].strip() == MARK)]
        )
        while at and self.lines[at - 1].lstrip().startswith("#"):
            at -= 1
        return at

    def marked(self) -> list[ast.ClassDef | Method]:
        """The classes and methods that have the mark above them, with nothing but comments between."""
        comments = (token for token in self.tokens if token.type == tokenize.COMMENT)
        marks = {token.start[0] - 1 for token in comments if token.string.rstrip() == MARK}
        nodes = (*self.classes, *(method for _, method in self.methods))
        return [node for node in nodes if marks & {*self._above(node)}]

    def _above(self, node: ast.ClassDef | Method) -> Iterator[int]:
        at = self.first(node) - 1
        while at >= 0 and (not (line := self.lines[at].strip()) or line.startswith("#")):
            yield at
            at -= 1


def signatures(text: str) -> Signatures:
    """What the signature of each method of each class says, however it is spelled: dotted paths, and no receiver."""
    module = Module(text)
    names = imported(module)
    return {
        cls.name: {node.name: _said(node, names) for node in cls.body if isinstance(node, Method)}
        for cls in module.classes
    }


def imported(module: Module) -> Mapping[str, str]:
    """What the imports bind, by local name: dotted paths."""
    names: dict[str, str] = {}
    for node in module.imports:
        before = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for one in node.names:
            local = one.asname or (one.name if before else one.name.partition(".")[0])
            names[local] = before + one.name if one.asname or before else local
    return names


def bases(cls: ast.ClassDef, module: Module) -> list[str]:
    """What a class derives from, as dotted paths."""
    names = imported(module)
    return [_annotation(base, names) for base in cls.bases]


def without_marked(text: str) -> str:
    """The module after the author has removed what the merge has marked."""
    while found := (module := Module(text)).marked():
        node = found[0]
        first, last = module.first(node), node.end_lineno or 0
        while module.lines[first].strip() != MARK:
            first -= 1
        parents = (parent for parent in ast.walk(module.tree) if parent is not module.tree)
        alone = any(getattr(parent, "body", None) == [node] for parent in parents)
        left = [f"{module.indent(node)}pass{module.eol}"] * alone
        text = "".join([*module.lines[:first], *left, *module.lines[last:]])
    return text


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, part, []))


def _said(node: Method, names: Mapping[str, str]) -> str:
    kinds = {_annotation(one, names) for one in node.decorator_list} & {"classmethod", "staticmethod"}
    parameters = [*node.args.posonlyargs, *node.args.args][0 if "staticmethod" in kinds else 1 :]
    shown = ", ".join(f"{one.arg}: {_annotation(one.annotation, names)}" for one in parameters)
    words = ["static"] * bool(kinds) + ["async"] * isinstance(node, ast.AsyncFunctionDef)
    return f"{' '.join([*words, 'def'])}({shown}) -> {_annotation(node.returns, names)}"


def _annotation(node: ast.expr | None, names: Mapping[str, str]) -> str:
    if node is None:
        return "nothing"
    resolved = _Resolver(names).visit(ast.parse(ast.unparse(node), mode="eval").body)
    return ast.unparse(resolved).replace("builtins.", "")


class _Resolver(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.names.get(node.id, node.id))

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, str):
            return node
        return self.visit(ast.parse(node.value, mode="eval").body)
