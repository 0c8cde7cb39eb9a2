"""The steps of a merge: signatures, new methods and classes, marks on what left the WIT, and the imports all that needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from .. import plan
from ..guest.options import WORLD_CLASS, WORLD_MODULE
from .authored import (
    aliases,
    classes,
    dotted,
    every_class,
    every_method,
    has_star_import,
    members,
    methods,
    spelling_of,
)
from .gone import Bindings, detached, uses
from .insertion import with_future, with_imports
from .marks import is_marked, marked, unmarked, unmarked_among, with_marks
from .outcome import Change, Kind
from .parameters import Left, left_behind, replacements
from .placing import Replacer, before_end, extended, replaced, with_bases, without_bases
from .removal import names_in_signature, without_imports
from .signatures import STATIC, Signatures, definitions, is_overload, is_property, kinds_of, signature
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
        elsewhere: classes and methods of which the WIT asks something else now, and that are none in the module that could
            be brought up: imported, inherited, assigned, or properties.
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
        self.present = {**classes(module), **aliases(module)}
        self.waiting: list[str] = []
        self.overloaded: list[str] = []
        self.elsewhere: list[str] = []
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
            if self.is_property(node) or required_names(node, static=static) != asked[1:]:
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
            if (
                wanted.name not in self.present
                and not self._is_missing(wanted)
                and self._is_changed(wanted.name)
            ):
                self.elsewhere.append(wanted.name)
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
                for node in definitions(cls, function.name, self.spelling):
                    changed = self._method(node, function, wanted, hidden, hiding=names - there)
                    if changed is not node:
                        changes[node] = changed
                every = [one for one in every_method(cls) if one.name.value == function.name]
                if any(one in changes for one in every) and any(
                    is_overload(one, self.spelling) for one in every
                ):
                    self.overloaded.append(f"{wanted.name}.{function.name}")
            elif function.name not in there and not self._inherits(cls, wanted, function.name):
                new.append(self.wording.method(function, hidden))
                self._note("added", f"{wanted.name}.{function.name}")
                continue
            found = any(definitions(one, function.name, self.spelling) for one in self._twins(wanted.name))
            if not found and self._is_changed(wanted.name, function.name):
                self.elsewhere.append(f"{wanted.name}.{function.name}")
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

    def is_property(self, node: cst.ClassDef | cst.FunctionDef) -> bool:
        """Whether something in the module is read like an attribute, however much it looks like a method."""
        return isinstance(node, cst.FunctionDef) and is_property(node, self.spelling)

    def _is_changed(self, cls: str, method: str | None = None) -> bool:
        """Whether the WIT asks for something else than before, as far as it is known what it asked for."""
        before, now = self.previous.get(cls, {}), self.current.get(cls, {})
        same = before == now if method is None else before.get(method) == now.get(method)
        return bool(self.previous) and not same

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
            bases = self._twins(path)  # a class may derive from one of its own name, which stood there before
            if not bases and known_before:
                return True
            if any(name in members(one) or self._inherits(one, wanted, name, seen | {path}) for one in bases):
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
        afresh = bool(hiding & names_in_signature(node))
        names = {one.name for one in wanted.parameters}
        asked, mine = self.wording.asked(wanted), signature(bare(node, names), self.spelling)
        was_static = (before or "").startswith(STATIC)
        if not (was_static or asked.startswith(STATIC)):  # that it is static is the author's choice
            mine = mine.removeprefix(STATIC)
        if not afresh and (same or asked == mine):
            return node
        changed = updated(node, self.wording.method(wanted, hidden), self.spelling, was_static=was_static)
        if node.asynchronous and not wanted.is_async and awaits(node):
            self.waiting.append(f"{cls.name}.{wanted.name}")
        if changed.deep_equals(node):
            return node
        self._note("updated", f"{cls.name}.{wanted.name}")
        if gone := replacements(node, changed):
            self._parameters.setdefault((cls.name, wanted.name), {}).update(gone)
        return changed

    def _note(self, kind: Kind, name: str) -> None:
        change = Change(kind, name)
        if change not in self.changes:
            self.changes.append(change)
