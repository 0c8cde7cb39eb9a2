"""Names of bindings that are not there any more: where an author's module has them, and marked code without them."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Iterator, Mapping

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from ..guest.dialect import ASYNC_SUPPORT
from ..guest.options import WORLD_MODULE
from .authored import Spelling, dotted, every_method, imported_names, members, methods
from .marks import is_marked
from .placing import replaced, without_bases


class Bindings:
    """What the bindings have.

    Args:
        modules: for each module, by its dotted path, the names in it.
    """

    def __init__(self, modules: Mapping[str, frozenset[str]]) -> None:
        self._modules = modules

    def lack(self, path: str) -> bool:
        """Whether a dotted path is one of bindings, and nothing is there."""
        root = path.partition(".")[0]
        if root == ASYNC_SUPPORT:  # what is in it, no plan says
            return root not in self._modules
        if root != WORLD_MODULE:
            return False
        module, rest = root, path.split(".")[1:]
        while rest and f"{module}.{rest[0]}" in self._modules:
            module = f"{module}.{rest.pop(0)}"
        return bool(rest) and not rest[0].startswith("__") and rest[0] not in self._modules.get(module, ())


def detached(
    cls: cst.ClassDef,
    spelling: Spelling,
    bindings: Bindings,
    anything: Callable[[], str],
    coming: Collection[str] | None,
) -> cst.ClassDef:
    """A class whose marked parts need nothing that is gone.

    A marked class loses bases that left the bindings; in the signatures of marked methods and of all methods of a marked
    class, types that left them, and classes that the author has removed, become `typing.Any`. Bodies are the author's.

    Args:
        cls: the class.
        spelling: how its module names things.
        bindings: what is there.
        anything: gives the module's name for `typing.Any` in this class.
        coming: the classes that the module gets; None if it also gets names that it does not spell out.
    """

    def gone(name: str) -> bool:
        if coming is None or bindings.lack(spelling.path(name)):
            return bindings.lack(spelling.path(name))
        first = name.partition(".")[0]
        there = spelling.bound | spelling.local.keys() | members(cls) | {*coming}
        return first not in there and not hasattr(builtins, first)

    whole = is_marked(cls)
    changes: dict[cst.CSTNode, cst.CSTNode] = {}
    last = methods(cls)
    for node in every_method(cls):
        if whole or is_marked(last[node.name.value]):
            visitor = _Anything(gone, anything)
            for part in (node.params, node.returns):
                after = part.visit(visitor) if part is not None else None
                if part is not None and isinstance(after, cst.CSTNode) and after is not part:
                    changes[part] = after
    cls = replaced(cls, changes)
    return without_bases(cls, lambda base: bindings.lack(spelling.path(dotted(base.value)))) if whole else cls


def uses(module: cst.Module, spelling: Spelling, bindings: Bindings) -> list[tuple[int, str]]:
    """Where a module has names of bindings that are gone: line and dotted path, each once for a line."""
    if not any(True for _ in _gone(module, spelling, bindings)):
        return []
    wrapper = MetadataWrapper(module)
    lines = wrapper.resolve(PositionProvider)
    found = _gone(wrapper.module, spelling, bindings)
    return sorted({(lines[node].start.line, path) for node, path in found})


def _gone(module: cst.Module, spelling: Spelling, bindings: Bindings) -> Iterator[tuple[cst.CSTNode, str]]:
    reader = _Reader(spelling)
    module.visit(reader)
    return ((node, path) for node, path in reader.found if bindings.lack(path))


class _Reader(cst.CSTVisitor):
    """Collects dotted paths that a module imports or reads, with their nodes."""

    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        self.spelling = Spelling(dict(spelling.local), spelling.bound)
        self.found: list[tuple[cst.CSTNode, str]] = []
        self._annotations = 0

    def visit_Annotation(self, node: cst.Annotation) -> None:  # noqa: N802
        """In an annotation, strings are read as well."""
        self._annotations += 1

    def leave_Annotation(self, original_node: cst.Annotation) -> None:  # noqa: N802
        """Leave it."""
        self._annotations -= 1

    def visit_SimpleString(self, node: cst.SimpleString) -> None:  # noqa: N802
        """Read a string of an annotation."""
        inner = _parsed(node) if self._annotations else None
        if inner is not None:
            reader = _Reader(self.spelling)
            inner.visit(reader)
            self.found += [(node, path) for _, path in reader.found]

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: N802
        """Note what is imported, in functions too."""
        self.spelling.local |= {**imported_names(node), **self.spelling.local}
        self.found += [(alias, dotted(alias.name)) for alias in node.names]
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        """Note what is imported, and from where."""
        self.spelling.local |= {**imported_names(node), **self.spelling.local}
        package = "" if node.relative or node.module is None else dotted(node.module)
        if isinstance(node.names, cst.ImportStar):
            self.found.append((node, package))
        else:
            self.found += [(alias, f"{package}.{dotted(alias.name)}") for alias in node.names]
        return False

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        """Note a dotted name, which is read as a whole."""
        text = dotted(node)
        if text:
            self.found.append((node, self.spelling.path(text)))
        return not text


class _Anything(cst.CSTTransformer):
    """Writes `typing.Any` for types that are gone, in annotations."""

    def __init__(self, gone: Callable[[str], bool], anything: Callable[[], str]) -> None:
        super().__init__()
        self.gone = gone
        self.anything = anything

    def leave_Annotation(self, original_node: cst.Annotation, updated_node: cst.Annotation) -> cst.Annotation:  # noqa: N802
        """Replace what is gone in an annotation, in one that is a string too."""
        expression = updated_node.annotation
        if isinstance(expression, cst.SimpleString):
            inner = _parsed(expression)
            found = None if inner is None else inner.visit(_AnythingInside(self))
            if isinstance(found, cst.BaseExpression) and found is not inner:
                code = cst.Module([]).code_for_node(found)
                return updated_node.with_changes(annotation=cst.SimpleString(repr(code)))
            return updated_node
        return updated_node.with_changes(annotation=expression.visit(_AnythingInside(self)))


class _AnythingInside(cst.CSTTransformer):
    def __init__(self, outer: _Anything) -> None:
        super().__init__()
        self.outer = outer

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        """A dotted name is looked at as a whole."""
        return not dotted(node)

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Replace a dotted name."""
        return self._anything(original_node, updated_node)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        """Replace a plain name."""
        return self._anything(original_node, updated_node)

    def _anything(
        self, original: cst.Name | cst.Attribute, updated: cst.Name | cst.Attribute
    ) -> cst.BaseExpression:
        text = dotted(original)
        if text and self.outer.gone(text):
            return cst.parse_expression(self.outer.anything())
        return updated


def _parsed(expression: cst.SimpleString) -> cst.BaseExpression | None:
    text = expression.evaluated_value
    try:
        return cst.parse_expression(text) if isinstance(text, str) else None
    except cst.ParserSyntaxError:
        return None
