"""Adding imports to an author's module where the linter would sort them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import libcst as cst

from ..plan import Import, order
from .authored import comments_in, dotted, leading_lines


def with_imports(module: cst.Module, needed: Sequence[Import]) -> cst.Module:
    """The module with more imports at its top."""
    for wanted in needed:
        module = _with_import(module, wanted)
    return module


def with_future(module: cst.Module) -> cst.Module:
    """The module with `from __future__ import annotations` at its top."""
    body = list(module.body)
    first = body[0]
    place = int(
        _is_docstring(first, 0) and isinstance(first, cst.SimpleStatementLine) and len(first.body) == 1
    )
    line = cst.SimpleStatementLine([_statement(Import("__future__", "annotations", None))])
    if place:
        line = line.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    elif not _blanks(lines := leading_lines(body[0])):
        body[0] = body[0].with_changes(leading_lines=[cst.EmptyLine(indent=False), *lines])
    body.insert(place, line)
    return module.with_changes(body=body)


def _with_import(module: cst.Module, wanted: Import) -> cst.Module:
    body = list(module.body)
    places = [place for place, statement in enumerate(body) if _imports_of(statement)]
    block = _leading_block(body, places)
    for place in block:
        joined = _joined(body[place], wanted)
        if joined is not None:
            body[place] = joined
            return module.with_changes(body=body)
    line = cst.SimpleStatementLine([_statement(wanted)])
    after = [place for place in block if _order(_imports_of(body[place])[0]) > _order(wanted)]
    if not block:
        return _first(module, line)
    if after:
        place = after[0]
        following = body[place]
        same = _order(_imports_of(following)[0])[0] == _order(wanted)[0]
        if same or place == block[0]:
            lines = leading_lines(following)
            blanks = _blanks(lines)
            line = line.with_changes(leading_lines=lines[:blanks])
            apart = [] if same else [cst.EmptyLine(indent=False)]
            body[place] = following.with_changes(leading_lines=[*apart, *lines[blanks:]])
        else:
            line = line.with_changes(leading_lines=_separator(body[place - 1], wanted))
        body.insert(place, line)
    else:
        last = block[-1]
        line = line.with_changes(leading_lines=_separator(body[last], wanted))
        body.insert(last + 1, line)
    return module.with_changes(body=body)


def _leading_block(body: Sequence[cst.BaseStatement], places: Sequence[int]) -> list[int]:
    """The imports that stand together at the top, `from __future__` apart."""
    block: list[int] = []
    for place in places:
        first = _imports_of(body[place])[0]
        if first.package == "__future__":
            continue
        if block and place != block[-1] + 1:
            break
        block.append(place)
    return block


def _first(module: cst.Module, line: cst.SimpleStatementLine) -> cst.Module:
    """Below the docstring and `from __future__`, when the module has no other imports."""
    body = list(module.body)
    place = 0
    while place < len(body) and (_is_docstring(body[place], place) or _is_future(body[place])):
        place += 1
    if place:
        line = line.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    elif body:
        lines = leading_lines(body[0])
        blanks = _blanks(lines)
        body[0] = body[0].with_changes(leading_lines=lines[blanks:] or [cst.EmptyLine(indent=False)] * 2)
    body.insert(place, line)
    return module.with_changes(body=body)


def _joined(statement: cst.BaseStatement, wanted: Import) -> cst.SimpleStatementLine | None:
    """A `from package import ...` of the same package with one name more."""
    if (
        wanted.package is None
        or wanted.alias is not None
        or not isinstance(statement, cst.SimpleStatementLine)
    ):
        return None
    node = statement.body[0]
    if (
        not isinstance(node, cst.ImportFrom)
        or isinstance(node.names, cst.ImportStar)
        or len(statement.body) > 1
    ):
        return None
    found = _imports_of(statement)
    if {one.package for one in found} != {wanted.package} or any(one.alias for one in found):
        return None
    if comments_in(statement.with_changes(leading_lines=())):  # which name they are about is not known
        return None
    names = list(node.names)
    place = sum(_order(one) < _order(wanted) for one in found)
    comma: cst.Comma | cst.MaybeSentinel = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if node.lpar is not None and len(names) > 1:
        comma = names[0].comma
    alias = cst.ImportAlias(cst.Name(wanted.name))
    if place < len(names):
        names.insert(place, alias.with_changes(comma=comma))
    else:
        last = names[-1]
        names[-1] = last.with_changes(comma=comma)
        names.append(alias.with_changes(comma=last.comma))
    return statement.with_changes(body=[node.with_changes(names=names)])


def _imports_of(statement: cst.BaseStatement) -> list[Import]:
    if not isinstance(statement, cst.SimpleStatementLine) or not statement.body:
        return []
    node = statement.body[0]
    if isinstance(node, cst.Import):
        return [Import(None, dotted(alias.name), _asname(alias)) for alias in node.names]
    if isinstance(node, cst.ImportFrom):
        package = "." * len(node.relative) + ("" if node.module is None else dotted(node.module))
        if isinstance(node.names, cst.ImportStar):
            return [Import(package, "*", None)]
        return [Import(package, dotted(alias.name), _asname(alias)) for alias in node.names]
    return []


def _asname(alias: cst.ImportAlias) -> str | None:
    return None if alias.asname is None else dotted(alias.asname.name)


def _order(imported: Import) -> tuple[object, ...]:
    root = (imported.package or imported.name).split(".")[0]
    group = 2 if not root else 0 if root in sys.stdlib_module_names else 1
    return (group, *order(imported)[1:])


def _statement(wanted: Import) -> cst.Import | cst.ImportFrom:
    alias = f" as {wanted.alias}" if wanted.alias else ""
    text = (
        f"from {wanted.package} import {wanted.name}{alias}"
        if wanted.package
        else f"import {wanted.name}{alias}"
    )
    parsed = cst.parse_statement(text)
    if isinstance(parsed, cst.SimpleStatementLine) and isinstance(
        parsed.body[0], cst.Import | cst.ImportFrom
    ):
        return parsed.body[0]
    raise ValueError(f"not an import: {text}")


def _separator(before: cst.BaseStatement, wanted: Import) -> list[cst.EmptyLine]:
    """A blank line where a new paragraph of imports begins."""
    same = _order(_imports_of(before)[0])[0] == _order(wanted)[0]
    return [] if same else [cst.EmptyLine(indent=False)]


def _blanks(lines: Sequence[cst.EmptyLine]) -> int:
    count = 0
    while count < len(lines) and lines[count].comment is None:
        count += 1
    return count


def _is_docstring(statement: cst.BaseStatement, place: int) -> bool:
    return (
        place == 0
        and isinstance(statement, cst.SimpleStatementLine)
        and isinstance(statement.body[0], cst.Expr)
        and isinstance(statement.body[0].value, cst.SimpleString | cst.ConcatenatedString)
    )


def _is_future(statement: cst.BaseStatement) -> bool:
    imports = _imports_of(statement)
    return bool(imports) and imports[0].package == "__future__"
