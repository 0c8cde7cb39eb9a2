"""Names that were changed by hand in the names file, carried into the author's module.

Imports lead to where things are now, under the names by which the module knows them; only the author's classes get other
names, and with them whatever names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import libcst as cst
from libcst.metadata import GlobalScope, MetadataWrapper, PositionProvider, ScopeProvider

from .. import plan
from .authored import classes, dotted, spelling_of
from .wording import Wording


class Taken(Exception):
    """A new name stands for something else in the author's module.

    Attributes:
        line: where it is used first.
        old: the class that would be called so.
        new: the name.
    """

    def __init__(self, line: int, old: str, new: str) -> None:
        super().__init__(new)
        self.line = line
        self.old = old
        self.new = new


def with_moved_paths(module: cst.Module, moved: Mapping[str, str]) -> cst.Module:
    """The module whose imports and dotted names lead to what has other names in the bindings now."""
    return module.visit(_Mover(module, moved)) if moved else module


def classes_of_resources(module: cst.Module, planned: plan.Module) -> Mapping[str, str]:
    """The author's classes for resources that have other names now: each is known by what it derives from."""
    wording = Wording(module, spelling_of(module), planned)
    present = classes(module)
    found: dict[str, str] = {}
    for wanted in planned.items:
        if not isinstance(wanted, plan.Class) or not wanted.bases:
            continue
        bases = wording.paths_of_bases(wanted)
        derived = [
            name
            for name, cls in present.items()
            if bases & {wording.spelling.path(dotted(base.value)) for base in cls.bases}
        ]
        if len(derived) == 1 and derived[0] != wanted.name:
            found[derived[0]] = wanted.name
    bound = wording.spelling.bound | wording.spelling.local.keys()
    while taken := {old for old, new in found.items() if new in bound and new not in found}:
        # A class that has the name already, whatever it derives from, is the author's choice.
        found = {old: new for old, new in found.items() if old not in taken}
    return found


def with_renamed_classes(module: cst.Module, names: Mapping[str, str]) -> cst.Module:
    """The module with other names for some of its classes, wherever it names them.

    Raises:
        Taken: one of the new names is used for something else.
    """
    names = {old: new for old, new in names.items() if old in classes(module)}
    if not names:
        return module
    wrapper = MetadataWrapper(module)
    lines, scopes = wrapper.resolve(PositionProvider), wrapper.resolve(ScopeProvider)
    for node in _names(wrapper.module):
        for old, new in names.items():
            if node.value == new and new not in names:
                raise Taken(lines[node].start.line, old, new)
    top = next(scope for scope in scopes.values() if isinstance(scope, GlobalScope))
    changes: dict[cst.CSTNode, str] = {}
    for old, new in names.items():
        for assignment in top[old]:
            bound: object = getattr(assignment, "node", None)
            if isinstance(bound, cst.ClassDef):
                bound = bound.name
            if isinstance(bound, cst.Name):
                changes[bound] = new
            changes |= {access.node: new for access in assignment.references}
    return wrapper.module.visit(_Renamer(changes, names))


def _names(module: cst.Module) -> Iterator[cst.Name]:
    found: list[cst.Name] = []

    class _Collector(cst.CSTVisitor):
        def visit_Name(self, node: cst.Name) -> None:  # noqa: N802
            found.append(node)

        def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
            node.value.visit(self)
            return False

    module.visit(_Collector())
    return iter(found)


class _Renamer(cst.CSTTransformer):
    """Gives nodes other names: names, attributes of them, and strings that are annotations; also entries of `__all__`."""

    def __init__(self, changes: Mapping[cst.CSTNode, str], names: Mapping[str, str]) -> None:
        super().__init__()
        self.changes = changes
        self.names = names
        self.in_all = False

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:  # noqa: N802
        """Rename."""
        new = self.changes.get(original_node)
        return updated_node if new is None else updated_node.with_changes(value=new)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:  # noqa: N802
        """Rename what an attribute is of."""
        new = self.changes.get(original_node)
        if new is None or not isinstance(updated_node.value, cst.Name):
            return updated_node
        return updated_node.with_changes(value=updated_node.value.with_changes(value=new))

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        """Look for `__all__`."""
        self.in_all = any(dotted(target.target) == "__all__" for target in node.targets)

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:  # noqa: N802
        """Leave it."""
        self.in_all = False
        return updated_node

    def leave_SimpleString(  # noqa: N802
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        """Rename in an annotation, or an entry of `__all__`."""
        text = updated_node.value
        if self.in_all and updated_node.raw_value in self.names:
            return updated_node.with_changes(
                value=text.replace(updated_node.raw_value, self.names[updated_node.raw_value])
            )
        if original_node not in self.changes:
            return updated_node
        pattern = "|".join(map(re.escape, self.names))
        return updated_node.with_changes(
            value=re.sub(rf"(?<![\w.])({pattern})\b", lambda found: self.names[found[0]], text)
        )


class _Mover(cst.CSTTransformer):
    """Lets imports and dotted names lead to what has another path now."""

    def __init__(self, module: cst.Module, moved: Mapping[str, str]) -> None:
        super().__init__()
        self.moved = moved
        self.local = dict(spelling_of(module).local)

    def leave_ImportFrom(  # noqa: N802
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        """Import from where it is now, under the name that it had."""
        if (
            isinstance(updated_node.names, cst.ImportStar)
            or updated_node.relative
            or updated_node.module is None
        ):
            return updated_node
        package = dotted(updated_node.module)
        if package in self.moved:
            return updated_node.with_changes(module=_expression(self.moved[package]))
        names = [self._alias(package, alias) for alias in updated_node.names]
        return updated_node.with_changes(names=names)

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:  # noqa: N802
        """The same for a whole module."""
        names = [
            alias.with_changes(name=_expression(self.moved[dotted(alias.name)]))
            if dotted(alias.name) in self.moved
            else alias
            for alias in updated_node.names
        ]
        return updated_node.with_changes(names=names)

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: N802
        """What is imported is no dotted name that is read."""
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        """What is imported is no dotted name that is read."""
        return False

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        """A dotted name is looked at as a whole."""
        return not dotted(node)

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Lead a dotted name to where things are now."""
        text = dotted(original_node)
        first, _, rest = text.partition(".")
        target = self.local.get(first)
        if not text or target is None:
            return updated_node
        parts = f"{target}.{rest}".split(".")
        known = len(target.split("."))
        for end in range(len(parts), known, -1):
            new = self.moved.get(".".join(parts[:end]))
            if new is not None:
                return _expression(".".join([first, *new.split(".")[known:], *parts[end:]]))
        return updated_node

    def _alias(self, package: str, alias: cst.ImportAlias) -> cst.ImportAlias:
        name = dotted(alias.name)
        new = self.moved.get(f"{package}.{name}")
        if new is None:
            return alias
        last = new.rpartition(".")[2]
        asname = alias.asname or cst.AsName(
            cst.Name(name),
            whitespace_before_as=cst.SimpleWhitespace(" "),
            whitespace_after_as=cst.SimpleWhitespace(" "),
        )
        return alias.with_changes(name=cst.Name(last), asname=asname)


def _expression(path: str) -> cst.Attribute | cst.Name:
    found = cst.parse_expression(path)
    if not isinstance(found, cst.Attribute | cst.Name):
        raise TypeError(f"no dotted name: {path}")
    return found
