"""Asking a host's object for what a component needs, and saying what is missing."""

from __future__ import annotations

import dataclasses
import inspect
import operator
import types
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from ..errors import printable
from ..running.suspend import is_suspending
from .imports import ImportedFunction


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A function that an instance's host must give.

    Attributes:
        path: what errors call it.
        known: the attribute that implements it.
        attribute: the same if it belongs to no resource, else empty.
        method: what implements a method of a resource; nothing is asked of the host then.
    """

    path: str
    known: ImportedFunction
    attribute: str = ""
    method: Method | None = None

    def other(self, holder: object, role: str) -> Any:
        """The implementation, or what is wrong with it, for all that is not simply an attribute that can be called."""
        known, implementation, path = self.known, holder, printable(self.path)
        if known.resource is not None:
            implementation, role = getattr(holder, known.resource, None), f"'{known.resource}' of {role}"
            if implementation is None:
                return Problem(f"{path}: {_who(holder)} has no class '{known.resource}'")
            if known.attribute == "__call__":
                if not callable(implementation):
                    return Problem(f"{path}: {role} ({_who(implementation)}) cannot be called")
                return implementation
        implementation, owner = getattr(implementation, known.attribute, None), implementation
        if implementation is None:
            return Problem(f"{path}: {role} ({_who(owner)}) has no method '{known.attribute}'")
        if not callable(implementation):
            return Problem(f"{path}: '{known.attribute}' of {role} ({_who(owner)}) cannot be called")
        return implementation


class Problem(str):
    """What is wrong with a component or its host."""

    __slots__ = ()


class Group:
    """What one object of the host's must give.

    Args:
        interface: the interface that it implements, None for functions of the world itself.
        attribute: where the host has it; None if it is the host itself.
        role: what errors call it.
        steps: the functions, and what is wrong whatever the host gives.
        first: what is wrong with its resources.
        needed: whether it must be there.

    Attributes:
        simple: its attribute, and what gets all functions from the object, if they are nothing but attributes of it.
    """

    __slots__ = ("_attribute", "_first", "_interface", "_needed", "_role", "_steps", "simple")

    def __init__(
        self,
        interface: str | None,
        attribute: str | None,
        role: str,
        steps: Sequence[Asked | Problem],
        first: Sequence[Problem] = (),
        *,
        needed: bool = False,
    ) -> None:
        self._interface = interface
        self._attribute = attribute
        self._role = role
        self._steps = steps
        self._first = first
        self._needed = needed
        simple = [step.attribute for step in steps if isinstance(step, Asked) and step.attribute]
        self.simple = None if first or len(simple) < len(steps) else _getter(attribute, simple)

    def ask(
        self,
        host: object,
        functions: list[Callable[..., Any]],
        suspends: list[bool],
        problems: list[str],
        *,
        metered: bool,
    ) -> None:
        """Append what the host gives, whether each may suspend the guest, and what is wrong."""
        holder = host if self._attribute is None else getattr(host, self._attribute, None)
        problems += self._first
        if holder is None and self._needed:
            path = printable(self._interface or "")
            problems.append(f"{path}: {_who(host)} has no attribute '{self._attribute}'")
            return
        for step in self._steps:
            if isinstance(step, Problem):
                problems.append(step)
                continue
            found = step.method or (step.attribute and getattr(holder, step.attribute, None))
            if not callable(found):
                found = step.other(holder, self._role)
            if isinstance(found, Problem):
                problems.append(found)
                continue
            functions.append(found)
            # Whether a method of a resource is an `async def`, only the object knows that it is called on.
            suspends.append(is_suspending(found) if step.method is None else metered)


Given: TypeAlias = tuple[Sequence[Callable[..., Any]], tuple[bool, ...]]
"""Functions, and for each whether it may suspend the guest."""


def all_of(groups: Sequence[Group]) -> Callable[[object], Given | None] | None:
    """What gets at once what all groups must give; None if these are not attributes alone.

    Nearly always they are, and every instance asks. It gives None if a host lacks something: the groups know what that is.
    """
    steps = list[tuple[str | None, Getter]]()
    for group in groups:
        if group.simple is None:
            return None
        steps.append(group.simple)

    def get(host: object) -> Given | None:
        found = list[Callable[..., Any]]()
        try:
            for attribute, functions in steps:
                found += functions(host if attribute is None else getattr(host, attribute))
        except AttributeError:
            return None
        suspends = _all_suspending(found)
        return None if suspends is None else (found, suspends)

    return get


Getter: TypeAlias = Callable[[object], Sequence[Any]]
"""Gets some attributes of an object."""


def _getter(attribute: str | None, attributes: Sequence[str]) -> tuple[str | None, Getter]:
    """Where a host has an object, and what gets all of these attributes of it, in C."""
    if not attributes:
        return None, lambda _: ()  # the host may lack an object that nothing is asked of
    if len(attributes) == 1:
        get = operator.attrgetter(attributes[0])
        return attribute, lambda holder: (get(holder),)
    return attribute, operator.attrgetter(*attributes)


def _all_suspending(functions: Sequence[Any]) -> tuple[bool, ...] | None:
    """For each whether it may suspend the guest, or None if one cannot be called.

    This is `is_suspending`, with fewer steps for methods and functions without any mark.
    """
    found = list[bool]()
    for function in functions:
        plain = function.__func__ if isinstance(function, types.MethodType) else function
        if isinstance(plain, types.FunctionType) and not plain.__dict__:
            found.append(bool(plain.__code__.co_flags & _COROUTINE))
        elif not callable(function):
            return None
        else:
            found.append(is_suspending(function))
    return tuple(found)


_COROUTINE: Final = inspect.CO_COROUTINE


class Method:
    """Calls a method of whatever object the guest names; whether that is an `async def`, only the object knows."""

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    def __call__(self, receiver: Any, *arguments: Any) -> Any:
        """Call it."""
        return getattr(receiver, self.attribute)(*arguments)


class FromMapping(types.SimpleNamespace):
    """A host whose attributes come from a mapping.

    Attributes:
        unused: keys of the mapping that mean nothing of the component.
    """

    unused: Sequence[str] = ()


def _who(host: object) -> str:
    if isinstance(host, FromMapping):
        return "the mapping"
    return "None" if host is None else f"an object of class {type(host).__qualname__}"
