"""Classes whose names were changed by hand in the names file: the author's classes take them over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import libcst as cst

from .. import plan
from .authored import bound_names, classes, dotted, imported_names, spelling_of, statements
from .signatures import Signatures
from .wording import Wording


def renamed_classes(
    module: cst.Module,
    planned: plan.Module,
    known: Collection[str],
    previous: Signatures,
    current: Signatures,
) -> Mapping[str, str]:
    """The names of author's classes that have another name now, by the old one.

    The class of an interface is known by its functions: the names file no longer has its name, and one with the same functions
    has come. The class of a resource is known by its base.

    Args:
        module: the author's module.
        planned: the skeleton that the WIT asks for now.
        known: the classes of all interfaces and resources that the names file has, also of those that left the WIT.
        previous: the signatures of the bindings of before.
        current: the signatures of the bindings now.
    """
    present = classes(module)
    wanted = [item for item in planned.items if isinstance(item, plan.Class)]
    wording = Wording(module, spelling_of(module), planned)
    bound = present.keys() | wording.spelling.bound | wording.spelling.local.keys()
    missing = [item for item in wanted if item.name not in bound]
    names = {item.name for item in wanted}
    left = [name for name in present if name in previous and name not in names and name not in known]
    found: dict[str, str] = {}
    for item in missing:
        same = [
            name
            for name in left
            if item.name not in previous and previous[name].keys() == current.get(item.name, {}).keys()
        ]
        bases = wording.paths_of_bases(item)
        derived = [
            name
            for name, cls in present.items()
            if name not in names
            and item.name in previous
            and bases & {wording.spelling.path(dotted(base.value)) for base in cls.bases}
        ]
        if len(same) == 1 or len(derived) == 1:
            found[(same or derived)[0]] = item.name
    return found if len({*found.values()}) == len(found) else {}


def renamed_module(module: cst.Module, names: Mapping[str, str]) -> cst.Module:
    """The module with other names for some of its classes, wherever it names them."""
    return module.visit(_Renamer(names))


class _Renamer(cst.CSTTransformer):
    """Renames what is bound in the module itself; what functions and inner classes bind under the same name stays."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self.names = names
        self.hidden: list[set[str]] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        """What a function binds hides the classes in it."""
        self._enter(node.body, [*_parameters(node.params)])

    def leave_FunctionDef(  # noqa: N802
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        """Leave the scope."""
        self.hidden.pop()
        return updated_node

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """The attribute itself keeps its name."""
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:  # noqa: N802
        """So does a keyword of a call."""
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> cst.Param:  # noqa: N802
        """And a parameter."""
        return updated_node.with_changes(name=original_node.name)

    def leave_ImportAlias(  # noqa: N802
        self, original_node: cst.ImportAlias, updated_node: cst.ImportAlias
    ) -> cst.ImportAlias:
        """And what is imported."""
        return original_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:  # noqa: N802
        """Rename."""
        name = original_node.value
        if name not in self.names or any(name in scope for scope in self.hidden):
            return updated_node
        return updated_node.with_changes(value=self.names[name])

    def _enter(self, body: cst.BaseSuite, parameters: Sequence[str]) -> None:
        imported = [name for statement in statements(body.body) for name in imported_names(statement)]
        self.hidden.append({*bound_names(body), *imported, *parameters})


def _parameters(parameters: cst.Parameters) -> list[str]:
    every = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
    return [one.name.value for one in every]
