"""An author's module, read for merging: what it binds, how it spells the names of the bindings, what its classes have."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from ..plan import Import


@dataclasses.dataclass(slots=True)
class Spelling:
    """How a module names things: local names to the dotted paths they stand for.

    Attributes:
        local: what the imports bind, by local name.
        bound: every other name of the module itself.
        late: those of `local` that only type checkers see.
        needed: imports to add, as `local` and `spell` asked for them.
    """

    local: dict[str, str]
    bound: set[str]
    late: set[str] = dataclasses.field(default_factory=set[str])
    needed: list[Import] = dataclasses.field(default_factory=list[Import])

    def path(self, text: str) -> str:
        """The dotted path that a name written in the module stands for, `builtins.int` for an unbound `int`."""
        first, dot, rest = text.partition(".")
        if first in self.local:
            return self.local[first] + dot + rest
        return text if first in self.bound or not hasattr(builtins, first) else f"builtins.{text}"

    def spell(self, path: str, wanted: Import, hidden: frozenset[str], *, at_once: bool = False) -> str:
        """A name for a dotted path that is right inside a class.

        Args:
            path: what the name must stand for.
            wanted: the import to add if nothing in the module leads there. An import of less (a package of the module)
                does not count: it need not have loaded the module.
            hidden: the names that the class itself defines.
            at_once: whether the name is evaluated when the module is imported.
        """
        least = len(target_of(wanted))
        unusable = hidden | self.late if at_once else hidden
        for name, target in self.local.items():
            if name not in unusable and len(target) >= least and f"{path}.".startswith(f"{target}."):
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
    for_checkers = {
        inner
        for outer in module.body
        if isinstance(outer, cst.If) and dotted(outer.test).endswith("TYPE_CHECKING")
        for inner in _under(outer.body)
    }
    at_once: set[str] = set()
    for statement in statements(module.body):
        names = imported_names(statement, package)
        found.local |= names
        (found.late if statement in for_checkers else at_once).update(names)
    found.late -= at_once
    bound = bound_names(module)
    if package is None:
        found.bound |= bound
    else:
        found.local |= {name: f"{package}.{name}" for name in bound}
    return found


def imported_names(statement: cst.CSTNode, package: str | None = None) -> dict[str, str]:
    """What an import binds: local names to dotted paths; empty for other statements."""
    if isinstance(statement, cst.Import):
        paths = [(dotted(alias.name), _asname(alias)) for alias in statement.names]
        return {
            local or path.partition(".")[0]: path if local else path.partition(".")[0]
            for path, local in paths
        }
    if isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
        origin = _origin(statement, package)
        return {
            _asname(alias) or dotted(alias.name): f"{origin}.{dotted(alias.name)}"
            for alias in statement.names
        }
    return {}


def planned_spelling(imports: Sequence[Import]) -> Mapping[str, Import]:
    """The imports of a plan by the local name that they bind."""
    return {imported.alias or imported.name: imported for imported in imports}


def statements(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> Iterator[cst.CSTNode]:
    """The statements of a block, those under `if`, `try`, `with`, `match` and loops included."""
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
            case cst.Try() | cst.TryStar():
                for part in (statement, *statement.handlers, statement.orelse, statement.finalbody):
                    if part is not None:
                        yield from _under(part.body)
            case cst.With() | cst.For() | cst.While():
                yield from _under(statement.body)
            case cst.Match():
                for case in statement.cases:
                    yield from _under(case.body)
            case _:
                yield statement


def bound_names(node: cst.CSTNode) -> set[str]:
    """The names that a module or the body of a class binds, apart from imports."""
    found = _Bound()
    node.visit(found)
    return found.names


def members(cls: cst.ClassDef) -> set[str]:
    """Every name that a class body binds, by imports too."""
    imported = [name for statement in statements(cls.body.body) for name in imported_names(statement)]
    return bound_names(cls.body).union(imported)


def has_star_import(module: cst.Module) -> bool:
    """Whether names come into the module that it does not spell out."""
    return any(
        isinstance(statement, cst.ImportFrom) and isinstance(statement.names, cst.ImportStar)
        for statement in statements(module.body)
    )


def methods(cls: cst.ClassDef) -> dict[str, cst.FunctionDef]:
    """The methods of a class; of several with one name, the last."""
    return {node.name.value: node for node in every_method(cls)}


def every_method(cls: cst.ClassDef) -> list[cst.FunctionDef]:
    """The methods of a class, those that another of the same name hides or that stand in another branch included."""
    return [one for one in statements(cls.body.body) if isinstance(one, cst.FunctionDef)]


def classes(module: cst.Module) -> dict[str, cst.ClassDef]:
    """The classes of a module; of several with one name, the last."""
    return {node.name.value: node for node in every_class(module)}


def every_class(module: cst.Module) -> list[cst.ClassDef]:
    """The classes of a module, those that another of the same name hides or that stand in another branch included."""
    return [one for one in statements(module.body) if isinstance(one, cst.ClassDef)]


def aliases(module: cst.Module) -> dict[str, cst.ClassDef]:
    """Classes of the module by the other names that it gives them: `Stock = MyStock`."""
    present = classes(module)
    found: dict[str, cst.ClassDef] = {}
    for statement in statements(module.body):
        if isinstance(statement, cst.Assign) and (cls := present.get(dotted(statement.value))) is not None:
            found |= {
                dotted(one.target): cls for one in statement.targets if dotted(one.target) not in present
            }
    return found


def leading_lines(statement: cst.BaseStatement) -> list[cst.EmptyLine]:
    """The comments and blank lines above a statement."""
    return list(getattr(statement, "leading_lines", ()))


def comments_in(node: cst.CSTNode) -> list[cst.EmptyLine]:
    """The comments inside a node, each as a line of its own."""
    found: list[cst.EmptyLine] = []

    class _Collector(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:  # noqa: N802
            found.append(cst.EmptyLine(comment=node))

    node.visit(_Collector())
    return found


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


class _Bound(cst.CSTVisitor):
    """Collects the names that are bound in one scope."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Note what a node binds; what is inside functions and classes is bound elsewhere."""
        match node:
            case cst.FunctionDef() | cst.ClassDef():
                self.names.add(node.name.value)
                return False
            case cst.Lambda() | cst.Import() | cst.ImportFrom():
                return False
            case cst.AssignTarget() | cst.AnnAssign() | cst.AugAssign() | cst.NamedExpr() | cst.For():
                self._bind(node.target)
            case cst.AsName() | cst.MatchAs() | cst.MatchStar() | cst.TypeAlias():
                self._bind(node.name)
            case cst.MatchMapping():
                self._bind(node.rest)
            case _:
                pass
        return True

    def _bind(self, target: cst.BaseExpression | None) -> None:
        if isinstance(target, cst.Name):
            self.names.add(target.value)
        elif isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self._bind(element.value)


def _asname(alias: cst.ImportAlias) -> str | None:
    return None if alias.asname is None else dotted(alias.asname.name)
