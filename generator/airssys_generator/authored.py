"""An author's module, read for merging: what it binds, how it spells the names of the bindings, what its classes have."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from .plan import Import


@dataclasses.dataclass(slots=True)
class Spelling:
    """How a module names things: local names to the dotted paths they stand for.

    Attributes:
        local: what the imports bind, by local name.
        bound: every other name of the module itself.
        needed: imports to add, as `local` and `spell` asked for them.
    """

    local: dict[str, str]
    bound: set[str]
    needed: list[Import] = dataclasses.field(default_factory=list[Import])

    def path(self, text: str) -> str:
        """The dotted path that a name written in the module stands for, `builtins.int` for an unbound `int`."""
        first, dot, rest = text.partition(".")
        if first in self.local:
            return self.local[first] + dot + rest
        return text if first in self.bound or not hasattr(builtins, first) else f"builtins.{text}"

    def spell(self, path: str, wanted: Import, hidden: frozenset[str]) -> str:
        """A name for a dotted path that is right inside a class.

        Args:
            path: what the name must stand for.
            wanted: the import to add if nothing in the module leads there. An import of less (a package of the module)
                does not count: it need not have loaded the module.
            hidden: the names that the class itself defines.
        """
        least = len(target_of(wanted))
        for name, target in self.local.items():
            if name not in hidden and len(target) >= least and f"{path}.".startswith(f"{target}."):
                return name + path[len(target) :]
        taken = self.local.keys() | self.bound | hidden
        handle = wanted.alias or wanted.name
        while handle in taken:
            handle = f"_{handle}" if not handle.startswith("_") else f"{handle}_"
        added = dataclasses.replace(wanted, alias=None if handle == wanted.name else handle)
        self.needed.append(added)
        self.local[handle] = target_of(added)
        return handle + path[len(self.local[handle]) :]

    def builtin(self, name: str, hidden: frozenset[str]) -> str:
        """A name for a builtin: the plain one where nothing hides it."""
        if name not in hidden and name not in self.bound and self.local.get(name, name) == name:
            return name
        return self.spell(f"builtins.{name}", Import(None, "builtins", None), hidden)


def target_of(imported: Import) -> str:
    """The dotted path that an import's local name stands for."""
    return f"{imported.package}.{imported.name}" if imported.package else imported.name


def spelling_of(module: cst.Module, package: str | None = None) -> Spelling:
    """How a module names things.

    Args:
        module: an author's module, or a package of the bindings.
        package: the dotted name of that package, so that relative imports and its own names are found.
    """
    found = Spelling({}, set())
    for statement in statements(module.body):
        if isinstance(statement, cst.Import):
            for alias in statement.names:
                path = dotted(alias.name)
                local = _asname(alias)
                found.local[local or path.partition(".")[0]] = path if local else path.partition(".")[0]
        elif isinstance(statement, cst.ImportFrom):
            if isinstance(statement.names, cst.ImportStar):
                continue
            origin = _origin(statement, package)
            for alias in statement.names:
                found.local[_asname(alias) or dotted(alias.name)] = f"{origin}.{dotted(alias.name)}"
        elif package is None:
            found.bound |= bound_names(statement)
        else:
            found.local |= {name: f"{package}.{name}" for name in bound_names(statement)}
    return found


def planned_spelling(imports: Sequence[Import]) -> Mapping[str, Import]:
    """The imports of a plan by the local name that they bind."""
    return {imported.alias or imported.name: imported for imported in imports}


def statements(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> Iterator[cst.CSTNode]:
    """The statements of a block, those under `if`, `try` and `with` included."""
    for statement in body:
        match statement:
            case cst.SimpleStatementLine():
                yield from statement.body
            case cst.If():
                yield from _under(statement.body)
                branch: cst.If | cst.Else | None = statement.orelse
                while branch is not None:
                    yield from _under(branch.body)
                    branch = branch.orelse if isinstance(branch, cst.If) else None
            case cst.Try():
                for part in (statement, *statement.handlers, statement.orelse, statement.finalbody):
                    if part is not None:
                        yield from _under(part.body)
            case cst.With():
                yield from _under(statement.body)
            case _:
                yield statement


def bound_names(statement: cst.CSTNode) -> set[str]:
    """The names that a statement binds, apart from imports."""
    match statement:
        case cst.FunctionDef() | cst.ClassDef():
            return {statement.name.value}
        case cst.Assign():
            return {name for target in statement.targets for name in _targets(target.target)}
        case cst.AnnAssign() | cst.AugAssign():
            return _targets(statement.target)
        case cst.TypeAlias():
            return {statement.name.value}
        case _:
            return set()


def members(cls: cst.ClassDef) -> set[str]:
    """Every name that a class body binds."""
    return {name for statement in statements(cls.body.body) for name in bound_names(statement)}


def methods(cls: cst.ClassDef) -> dict[str, cst.FunctionDef]:
    """The methods of a class; of several with one name, the last."""
    return {
        statement.name.value: statement
        for statement in statements(cls.body.body)
        if isinstance(statement, cst.FunctionDef)
    }


def classes(module: cst.Module) -> dict[str, cst.ClassDef]:
    """The classes of a module; of several with one name, the last."""
    return {
        statement.name.value: statement
        for statement in statements(module.body)
        if isinstance(statement, cst.ClassDef)
    }


def dotted(node: cst.BaseExpression) -> str:
    """The text of a name or of attributes of one; empty for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr.value}" if before else ""
    return ""


def _origin(statement: cst.ImportFrom, package: str | None) -> str:
    """Where a `from ... import` takes names from."""
    module = "" if statement.module is None else dotted(statement.module)
    dots = len(statement.relative)
    if not dots or package is None:
        return "." * dots + module
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - dots + 1], *([module] if module else [])])


def _under(body: cst.BaseSuite) -> Iterator[cst.CSTNode]:
    return statements(body.body)


def _targets(node: cst.BaseExpression) -> set[str]:
    if isinstance(node, cst.Name):
        return {node.value}
    if isinstance(node, cst.Tuple | cst.List):
        return {name for element in node.elements for name in _targets(element.value)}
    return set()


def _asname(alias: cst.ImportAlias) -> str | None:
    return None if alias.asname is None else dotted(alias.asname.name)
