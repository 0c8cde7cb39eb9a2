"""What of a package's exports is another class for a supervised component: its resources, and what has one of them in it.

An instance's `Loan` has a `Book` whose methods return at once; a supervised component's has one whose methods are awaited. So
each is a class of its own, with its own annotations, from which the calls are made as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from .. import plan
from ..annotation import Annotation, names_in
from .names import HostNames

Place: TypeAlias = tuple[str, str]
"""A module's path, and the name of an item in it."""

_EXPORTS = "exports/"


class Twinned:
    """The items of `exports/` that have a twin.

    Args:
        modules: the modules of the package, planned.
        names: its names.

    Attributes:
        resources: those that are resources.
    """

    def __init__(self, modules: Sequence[plan.Module], names: HostNames) -> None:
        groups = names.of("exports", world=False)
        classes = {(group.module.path, names.classes[group]) for group in groups if group.has_class}
        self.resources = {
            (group.types.path, group.types.name_of(resource))
            for group in groups
            for resource in group.resources
        }
        self._places: set[Place] = set()
        self._close(
            {
                (module.path, item.name): (module, item)
                for module in modules
                if module.path.startswith(_EXPORTS)
                for item in module.items
                if (module.path, item.name) not in classes
            }
        )

    def place(self, module: plan.Module, name: str) -> Place | None:
        """Where that is declared what a module calls by this name; None if it has no twin."""
        found = _place(module, name)
        return found if found in self._places else None

    def within(self, module: plan.Module, function: plan.Function) -> bool:
        """Whether a function takes, gives or raises anything that has a twin."""
        annotations = [
            function.result,
            *(p.annotation for p in function.parameters if p.annotation is not None),
        ]
        names = [name for one in annotations for name in names_in(one)]
        names += [raised for call in function.decorators if (raised := raised_by(call)) is not None]
        return any(self.place(module, name) is not None for name in names)

    def of(self, module: plan.Module) -> Iterator[plan.Item]:
        """The items of a module that have a twin, in order."""
        return (item for item in module.items if (module.path, item.name) in self._places)

    def _close(self, items: dict[Place, tuple[plan.Module, plan.Item]]) -> None:
        """Find all that has a resource in it, through however many others."""
        users: dict[Place, list[Place]] = {}
        for place, (module, item) in items.items():
            for annotation in _annotations(item):
                for name in names_in(annotation):
                    found = _place(module, name)
                    if found in items:
                        users.setdefault(found, []).append(place)
                        if isinstance(item, plan.Alias) and _is_case(items[found][1]):
                            users.setdefault(place, []).append(found)  # a variant has all of its cases
        todo = [place for place in self.resources if place in items]
        while todo:
            place = todo.pop()
            if place not in self._places:
                self._places.add(place)
                todo += users.get(place, [])


def _place(module: plan.Module, name: str) -> Place:
    first, _, rest = name.strip('"').partition(".")
    for one in module.imports if rest else ():
        if (one.alias or one.name) == first and one.package == ".":
            return f"{_EXPORTS}{one.name}.py", rest
    return module.path, first


def raised_by(call: plan.Call) -> str | None:
    """The error class that a function's marker names."""
    for argument in call.arguments or ():
        if isinstance(argument, str) and argument.startswith("raises="):
            return argument.removeprefix("raises=")
    return None


def _annotations(item: plan.Item) -> Iterable[Annotation]:
    match item:
        case plan.Class(bases=bases, fields=fields):
            return [*bases, *(field.annotation for field in fields)]
        case plan.Alias(value=value):
            return [value]
        case _:
            return []


def _is_case(item: plan.Item) -> bool:
    return isinstance(item, plan.Class) and any(
        call.callee.rpartition(".")[2] == "case" for call in item.decorators
    )
