"""The steps of a merge: signatures, new methods and classes, marks on what left the WIT, and the imports all that needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from .. import plan
from ..guest.options import WORLD_CLASS, WORLD_MODULE
from .authored import (
    classes,
    dotted,
    every_class,
    every_method,
    has_star_import,
    members,
    methods,
    spelling_of,
    statements,
)
from .gone import Bindings, detached, uses
from .insertion import with_future, with_imports
from .marks import is_marked, marked, unmarked, unmarked_among, with_marks
from .outcome import Change, Kind
from .parameters import Left, left_behind, replacements
from .placing import Replacer, before_end, extended, replaced, with_bases, without_bases
from .removal import used_names, without_imports
from .signatures import Signatures, kinds_of, signature
from .updating import awaits, bare, required_names, updated
from .wording import Wording


class Merge:
    """One merge.

    Args:
        module: the author's module, closed by one more statement.
        planned: the skeleton that the WIT asks for now.
        previous: the signatures of the bindings of before; empty when unknown.
        current: the signatures of the bindings now, to compare with `previous`.
        bindings: what the bindings have now.
        renamed: classes that got other names, by the old one; the module has the new ones.

    Attributes:
        changes: what was done, once `merged` has been asked for.
        waiting: methods that stay `async def` although the WIT's function is none, since their bodies await.
        overloaded: methods with another signature now, whose overloads are as the author wrote them.
    """

    def __init__(
        self,
        module: cst.Module,
        planned: plan.Module,
        previous: Signatures,
        current: Signatures,
        bindings: Bindings,
        renamed: Mapping[str, str],
    ) -> None:
        self.module = module
        self.planned = [item for item in planned.items if isinstance(item, plan.Class)]
        self.previous = previous
        self.current = current
        self.bindings = bindings
        self.spelling = spelling_of(module)
        self.wording = Wording(module, self.spelling, planned)
        self.present = {**classes(module), **_aliases(module)}
        self.waiting: list[str] = []
        self.overloaded: list[str] = []
        self._parameters: dict[tuple[str, str], dict[str, str | None]] = {}
        self.renamed = {new: old for old, new in renamed.items()}
        self.changes = [Change("renamed", f"{old} -> {new}") for old, new in renamed.items()]

    def strangers(self) -> Iterator[tuple[cst.ClassDef | cst.FunctionDef, str]]:
        """What is the author's own and has a name that the WIT needs since it changed, as `Class` or `Class.method`.

        Nothing says that such a class implements the WIT. A method may have been written ahead of the WIT; it is the
        author's own if a caller must give it other parameters.
        """
        for wanted in self.planned if self.previous else ():
            cls = self.present.get(wanted.name)
            if cls is None:
                continue
            if wanted.name in self.previous or is_marked(cls):
                yield from self._strange_methods(cls, wanted)
            elif wanted.bases and wanted.name != WORLD_CLASS and not self._derives_from_bindings(cls):
                yield cls, wanted.name  # but nobody calls a class of their own like the world's

    def _strange_methods(
        self, cls: cst.ClassDef, wanted: plan.Class
    ) -> Iterator[tuple[cst.FunctionDef, str]]:
        before = self.previous.get(wanted.name, {})
        present = methods(cls)
        for function in wanted.functions:
            node = present.get(function.name)
            if node is None or function.name in before or is_marked(node):
                continue
            static = "staticmethod" in kinds_of(node, self.spelling)
            asked = [one.name for one in function.parameters]
            if required_names(node, static=static) != asked[1:]:
                yield node, f"{wanted.name}.{function.name}"

    def _derives_from_bindings(self, cls: cst.ClassDef) -> bool:
        paths = (self.spelling.path(dotted(base.value)) for base in cls.bases)
        return any(path.partition(".")[0] == WORLD_MODULE for path in paths)

    def merged(self) -> cst.Module:
        """The merged module, closed as it was."""
        changes: dict[cst.CSTNode, cst.CSTNode] = {}
        for wanted in self.planned:
            for cls in self._twins(wanted.name):
                changes[cls] = self._class(cls, wanted)
        for name in self._left():
            self._note("marked", name)
            for cls in self._twins(name):
                changes[cls] = marked(with_marks(cls, self.previous[name].keys()))
        for cls in every_class(self.module):
            now = changes.get(cls, cls)
            if isinstance(now, cst.ClassDef):
                changes[cls] = self._detached(now)
        changes = {cls: changed for cls, changed in changes.items() if changed is not cls}
        new = [self.wording.cls(wanted) for wanted in self.planned if self._is_missing(wanted)]
        for cls in new:
            self._note("added", cls.name.value)
        module = self.module.visit(Replacer(changes)) if changes else self.module
        if new:
            module = module.with_changes(body=before_end(module.body, new))
        module = with_imports(module, self.spelling.needed)
        if self.wording.needs_future and not self.wording.has_future:
            module = with_future(module)
        return without_imports(module, self.bindings.lack)

    def lost(self, merged: cst.Module) -> list[tuple[int, str]]:
        """Where the author's code still has names of bindings that are gone: lines and dotted paths."""
        return uses(merged, self.spelling, self.bindings)

    def left(self, merged: cst.Module) -> list[Left]:
        """Where bodies read parameters that their methods do not have any more."""
        return list(left_behind(merged, self._parameters)) if self._parameters else []

    def _twins(self, name: str) -> list[cst.ClassDef]:
        """The classes that may stand for one of the WIT: several in branches of an `if`, say."""
        last = self.present.get(name)
        if last is None:
            return []
        same = [one for one in every_class(self.module) if one.name.value == last.name.value]
        return same if last in same else [last]

    def _is_missing(self, wanted: plan.Class) -> bool:
        """Whether the module lacks a class. What it imports with a star may have those that the WIT asked for before."""
        if wanted.name in self.spelling.bound or wanted.name in self.spelling.local:
            return False
        is_new = bool(self.previous) and wanted.name not in self.previous
        return is_new or not has_star_import(self.module)

    def _left(self) -> list[str]:
        """The classes of interfaces that are no longer exported."""
        wanted = {item.name for item in self.planned}
        return [
            name
            for name in self.previous
            if name in self.present and name not in wanted and not is_marked(self.present[name])
        ]

    def _class(self, cls: cst.ClassDef, wanted: plan.Class) -> cst.ClassDef:
        names = {function.name for function in wanted.functions}
        there = members(cls)
        hidden = frozenset(there | names)
        present = methods(cls)
        before = self.previous.get(wanted.name, {})
        changes: dict[cst.CSTNode, cst.CSTNode] = {}
        new: list[cst.FunctionDef] = []
        for function in wanted.functions:
            if function.name in present:
                for node in self._definitions(cls, function.name):
                    changed = self._method(node, function, wanted, hidden, hiding=names - there)
                    if changed is not node:
                        changes[node] = changed
                if self._is_changed(cls, function.name, changes):
                    self.overloaded.append(f"{wanted.name}.{function.name}")
            elif function.name not in there and not self._inherits(cls, wanted, function.name):
                new.append(self.wording.method(function, hidden))
                self._note("added", f"{wanted.name}.{function.name}")
        cls = replaced(cls, changes)
        left = before.keys() - names
        for name in unmarked_among(cls, left):
            self._note("marked", f"{wanted.name}.{name}")
        cls = with_marks(cls, left)
        if wanted.name in self.renamed:
            cls = self._attached(without_bases(cls, self._is_gone), wanted)
        if is_marked(cls):
            self._note("unmarked", wanted.name)
            cls = self._attached(unmarked(cls), wanted)
        return extended(cls, new) if new else cls

    def _definitions(self, cls: cst.ClassDef, name: str) -> list[cst.FunctionDef]:
        """The methods of one name that may be called; overloads are for type checkers only."""
        found = [one for one in every_method(cls) if one.name.value == name]
        return [one for one in found if one is found[-1] or not self._is_overload(one)]

    def _is_changed(self, cls: cst.ClassDef, name: str, changes: Mapping[cst.CSTNode, cst.CSTNode]) -> bool:
        """Whether a method with overloads gets another signature."""
        found = [one for one in every_method(cls) if one.name.value == name]
        return any(map(self._is_overload, found)) and any(one in changes for one in found)

    def _is_overload(self, node: cst.FunctionDef) -> bool:
        paths = (self.spelling.path(dotted(one.decorator)) for one in node.decorators)
        return any(path in ("typing.overload", "typing_extensions.overload") for path in paths)

    def _is_gone(self, base: cst.Arg) -> bool:
        return self.bindings.lack(self.spelling.path(dotted(base.value)))

    def _attached(self, cls: cst.ClassDef, wanted: plan.Class) -> cst.ClassDef:
        """The class with the bases that it lost when its interface left the WIT."""
        planned = self.wording.paths_of_bases(wanted)
        if planned & {self.spelling.path(dotted(base.value)) for base in cls.bases}:
            return cls
        return with_bases(cls, self.wording.bases(wanted), self.module.default_indent)

    def _detached(self, cls: cst.ClassDef) -> cst.ClassDef:
        hidden = members(cls)
        coming = None if has_star_import(self.module) else {wanted.name for wanted in self.planned}
        return detached(cls, self.spelling, self.bindings, lambda: self.wording.anything(hidden), coming)

    def _inherits(
        self, cls: cst.ClassDef, wanted: plan.Class, name: str, seen: frozenset[str] = frozenset()
    ) -> bool:
        """Whether a class has a method from a base of the author's.

        What a base in another module has is not known: it may have what the WIT asked for before.
        """
        planned = self.wording.paths_of_bases(wanted)
        paths = {self.spelling.path(dotted(base.value)) for base in cls.bases} - planned - seen
        known_before = name in self.previous.get(wanted.name, {})
        for path in sorted(paths):
            base = self.present.get(path)
            if base is None:
                if known_before:
                    return True
            elif name in members(base) or self._inherits(base, wanted, name, seen | {path}):
                return True
        return False

    def _method(
        self,
        node: cst.FunctionDef,
        wanted: plan.Function,
        cls: plan.Class,
        hidden: frozenset[str],
        *,
        hiding: set[str],
    ) -> cst.FunctionDef:
        """The method with the signature that the WIT asks for.

        Args:
            node: the method as it is.
            wanted: what the WIT asks for.
            cls: the class that it asks it of.
            hidden: the names that the class defines.
            hiding: those of them that are new: they may hide what the signature says.
        """
        before = self.previous.get(cls.name, {}).get(wanted.name)
        same = before is not None and before == self.current.get(cls.name, {}).get(wanted.name)
        if is_marked(node):
            self._note("unmarked", f"{cls.name}.{wanted.name}")
            node = unmarked(node)
        afresh = bool(hiding & _names_in_signature(node))
        names = {one.name for one in wanted.parameters}
        if not afresh and (same or self.wording.asked(wanted) == signature(bare(node, names), self.spelling)):
            return node
        self._note("updated", f"{cls.name}.{wanted.name}")
        if node.asynchronous and not wanted.is_async and awaits(node):
            self.waiting.append(f"{cls.name}.{wanted.name}")
        changed = updated(node, self.wording.method(wanted, hidden), self.spelling)
        if gone := replacements(node, changed):
            self._parameters.setdefault((cls.name, wanted.name), {}).update(gone)
        return changed

    def _note(self, kind: Kind, name: str) -> None:
        change = Change(kind, name)
        if change not in self.changes:
            self.changes.append(change)


def _aliases(module: cst.Module) -> dict[str, cst.ClassDef]:
    """Classes of the module by the other names that it gives them: `Stock = MyStock`."""
    present = classes(module)
    found: dict[str, cst.ClassDef] = {}
    for statement in statements(module.body):
        if isinstance(statement, cst.Assign) and (cls := present.get(dotted(statement.value))) is not None:
            found |= {
                dotted(one.target): cls for one in statement.targets if dotted(one.target) not in present
            }
    return found


def _names_in_signature(node: cst.FunctionDef) -> set[str]:
    return used_names(node.params) | (used_names(node.returns) if node.returns is not None else set[str]())
