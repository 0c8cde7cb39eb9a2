"""Writes what stands in a module of a host package as the twin beside it must say it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .. import plan
from ..annotation import Name, names_in, renamed
from .twinned import Twinned, raised_by

FOLDER = "actors"
_TYPES = "_types_"
"""How a twin's module calls the one that it is a twin of; no name of the WIT ends and begins like this."""


class Twinning:
    """Rewrites items of a module, and collects what the twin's module imports for them.

    Args:
        source: the module.
        name: its name in `exports/`; None for the package itself.
        folder: where it stands.
        twinned: what has a twin.
    """

    def __init__(self, source: plan.Module, name: str | None, folder: str, twinned: Twinned) -> None:
        self._source = source
        self._twinned = twinned
        self._local = {item.name for item in source.items}
        self._handles = {one.alias or one.name: one for one in source.imports}
        self._name = name
        self._folder = folder
        self._used: set[str] = set()
        self._taken: set[str] = set()
        self._beside: set[str] = set()

    def handle(self, base: object) -> str:
        """The handle of `airssys_sdk.component`, from a base class that is its."""
        text = base.text if isinstance(base, Name) else ""
        found = text.partition(".")[0]
        self._used.add(found)
        return found

    def support(self, base: object, name: str) -> str:
        """Another class of `airssys_sdk.component`."""
        return f"{self.handle(base)}.{name}"

    def free(self, name: str) -> str:
        """A name that the module does not have yet; from now on it does."""
        while name in self._local or name in self._handles:
            name += "_"
        self._local.add(name)
        return name

    def unused(self, handle: str) -> str:
        """A handle that nothing which was written so far needs."""
        while handle in self._used or handle in self._taken:
            handle += "_"
        return handle

    def take(self, *names: str) -> None:
        """Import names of the package itself."""
        self._taken |= {*names}

    def awaited(self, function: plan.Function, *, marked: bool = False) -> plan.Function:
        """A function, awaited.

        Args:
            function: the function.
            marked: whether it says which one of the WIT it is: its calls are made from what it says here.
        """
        wanted = {"deprecated", "function"} if marked else {"deprecated"}
        kept = tuple(
            self._call(one) for one in function.decorators if one.callee.rpartition(".")[2] in wanted
        )
        for line in function.body:
            self._used.add(line.removeprefix("raise ").partition(".")[0])
        return dataclasses.replace(
            function,
            parameters=tuple(
                one
                if one.annotation is None
                else dataclasses.replace(one, annotation=self._said(one.annotation))
                for one in function.parameters
            ),
            result=self._said(function.result),
            decorators=kept,
            is_async=True,
        )

    def alias(self, item: plan.Alias) -> plan.Alias:
        """An alias of a type, with the twins of what it has in it."""
        self._used.add(item.marker.partition(".")[0])
        return dataclasses.replace(item, value=self._said(item.value))

    def class_(self, item: plan.Class) -> plan.Class:
        """The class of a type, with the twins of what it has in it."""
        return dataclasses.replace(
            item,
            bases=tuple(map(self._said, item.bases)),
            decorators=tuple(map(self._call, item.decorators)),
            fields=tuple(
                dataclasses.replace(one, annotation=self._said(one.annotation)) for one in item.fields
            ),
        )

    def module(
        self, path: str, items: Sequence[plan.Item], header: tuple[str, ...], docs: str
    ) -> plan.Module:
        """The module of a twin, with the imports that it needs."""
        imports = [self._led(one) for handle, one in self._handles.items() if handle in self._used]
        imports.append(plan.Import("__future__", "annotations", None))
        imports += [plan.Import("..", name, None) for name in self._taken]
        imports += [plan.Import(".", name, _beside(name)) for name in self._beside]
        if self._name is not None and _TYPES in self._used:
            imports.append(plan.Import("..exports", self._name, _TYPES))
        ordered = sorted(dict.fromkeys(imports), key=plan.order)
        return plan.Module(path, header, docs, tuple(ordered), tuple(items))

    def _call(self, call: plan.Call) -> plan.Call:
        self._used.add(call.callee.partition(".")[0])
        raised = raised_by(call)
        if raised is None or call.arguments is None:
            return call
        (said,) = names_in(self._said(Name(raised)))
        return plan.Call(call.callee, (*call.arguments[:-1], f"raises={said}"))

    def _said(self, annotation: plan.Annotation) -> plan.Annotation:
        renames: dict[str, str] = {}
        for name in names_in(annotation):
            first, _, rest = name.partition(".")
            place = self._twinned.place(self._source, name)
            if place is not None and place[0] != self._source.path:
                beside = place[0].removeprefix("exports/").removesuffix(".py")
                self._beside.add(beside)
                renames[name] = f"{_beside(beside)}.{rest}"
            elif place is not None:
                continue
            elif first in self._handles:
                self._used.add(first)
            elif first in self._local and self._name is None:
                self._taken.add(first)
            elif first in self._local:
                self._used.add(_TYPES)
                renames[name] = f"{_TYPES}.{name}"
        return renamed(annotation, renames)

    def _led(self, one: plan.Import) -> plan.Import:
        """An import as it must be in `actors/`."""
        package = one.package
        if package is None or not package.startswith(".") or package.startswith(".."):
            return one
        rest = package[1:]
        middle = f"{self._folder}.{rest}" if self._folder and rest else self._folder or rest
        return dataclasses.replace(one, package=f"..{middle}")


def _beside(name: str) -> str:
    """How a twin's module calls another one; as `_TYPES`."""
    return f"_actors_{name}_"
