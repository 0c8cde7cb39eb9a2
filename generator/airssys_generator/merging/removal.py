"""Removing imports of bindings that are gone, once nothing in an author's module uses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from .authored import comments_in, dotted, leading_lines


def without_imports(module: cst.Module, leads_nowhere: Callable[[str], bool]) -> cst.Module:
    """The module without those imports at its top that lead nowhere and that nothing uses; their comments stay.

    Args:
        module: an author's module, closed by a statement that is no import.
        leads_nowhere: whether there is nothing at a dotted path.
    """
    if not any(leads_nowhere(path) for statement in module.body for _, path in _imports(statement)):
        return module
    used = used_names(module)
    body: list[cst.BaseStatement] = []
    above: list[cst.EmptyLine] = []
    for statement in module.body:
        gone = [
            alias for alias, path in _imports(statement) if leads_nowhere(path) and _local(alias) not in used
        ]
        left, comments = _without(statement, gone) if gone else (statement, [])
        above = _joined(above, [*leading_lines(statement), *comments])
        if left is not None:
            body.append(left if above == leading_lines(left) else left.with_changes(leading_lines=above))
            above = []
    return module.with_changes(body=body)


def _imports(statement: cst.BaseStatement) -> list[tuple[cst.ImportAlias, str]]:
    """What a line imports: each alias with its dotted path."""
    found: list[tuple[cst.ImportAlias, str]] = []
    for one in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
        if isinstance(one, cst.Import):
            found += [(alias, dotted(alias.name)) for alias in one.names]
        elif isinstance(one, cst.ImportFrom) and not isinstance(one.names, cst.ImportStar):
            package = "." * len(one.relative) + (dotted(one.module) if one.module else "")
            found += [(alias, f"{package}.{dotted(alias.name)}") for alias in one.names]
    return found


def _local(alias: cst.ImportAlias) -> str:
    """The name under which an import is used; for `import a.b` that is all of it."""
    return dotted(alias.asname.name) if alias.asname else dotted(alias.name)


def _without(
    statement: cst.BaseStatement, gone: Sequence[cst.ImportAlias]
) -> tuple[cst.BaseStatement | None, list[cst.EmptyLine]]:
    """A line without some imports, None if nothing is left; and the comments that it loses."""
    body: list[cst.BaseSmallStatement] = []
    comments: list[cst.EmptyLine] = []
    for one in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
        if not isinstance(one, cst.Import | cst.ImportFrom) or isinstance(one.names, cst.ImportStar):
            body.append(one)
            continue
        left = [alias for alias in one.names if alias not in gone]
        if not left:
            comments += comments_in(one)
        elif len(left) < len(one.names):
            comments += [line for alias in one.names if alias in gone for line in comments_in(alias)]
            if not isinstance(one, cst.ImportFrom) or one.lpar is None:
                left[-1] = left[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            body.append(one.with_changes(names=left))
        else:
            body.append(one)
    if not body:
        return None, comments_in(statement.with_changes(leading_lines=()))
    body[-1] = body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    return statement.with_changes(body=body), comments


def _joined(above: list[cst.EmptyLine], lines: list[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """The lines of a statement that went, and those of the next: blank ones are not added up."""
    if any(line.comment is not None for line in above):
        return [*above, *lines]
    blank = next((place for place, line in enumerate(lines) if line.comment is not None), len(lines))
    return [*above, *lines[blank:]] if blank < len(above) else lines


def used_names(node: cst.CSTNode) -> set[str]:
    """The names that are read somewhere below a node, dotted ones with all that they begin with."""
    found = _Used()
    node.visit(found)
    return found.names


def names_in_signature(node: cst.FunctionDef) -> set[str]:
    """The names that a method's signature reads."""
    return used_names(node.params) | (used_names(node.returns) if node.returns is not None else set[str]())


class _Used(cst.CSTVisitor):
    """Collects the names that are read, dotted ones with all that they begin with."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Note a name; what follows a dot or is only written is none."""
        match node:
            case cst.Import() | cst.ImportFrom():
                return False
            case cst.Name():
                self._use(node.value)
            case cst.Attribute():
                if path := dotted(node):
                    self._use(path)
                else:
                    node.value.visit(self)
                return False
            case cst.Arg():
                node.value.visit(self)
                return False
            case cst.Param():
                for part in (node.annotation, node.default):
                    if part is not None:
                        part.visit(self)
                return False
            case cst.SimpleString():
                self._read(node.raw_value)
            case _:
                pass
        return True

    def _read(self, text: str) -> None:
        """A text may be an annotation: then it is an expression."""
        try:
            cst.parse_expression(text).visit(self)
        except cst.ParserSyntaxError:
            return

    def _use(self, path: str) -> None:
        while path:
            self.names.add(path)
            path = path.rpartition(".")[0]
