"""What the signatures of methods say, in a form that can be compared however they are spelled."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from .authored import Spelling, classes, dotted, every_method, methods, spelling_of

STATIC = "static "
"""How the signature of a static function begins."""

_PROPERTIES = frozenset({"abc.abstractproperty", "builtins.property", "functools.cached_property"})

Signatures = Mapping[str, Mapping[str, str]]
"""For each class, for each method: its signature with every name as a dotted path."""


def read_signatures(modules: Mapping[str, cst.Module], authors: Mapping[tuple[str, str], str]) -> Signatures:
    """What the Protocols of bindings say, by the author's class that implements each.

    Args:
        modules: modules of the bindings by their path.
        authors: the author's class for a resource's Protocol, by the path of its module and its name there. Of modules
            that are no packages, only these count.
    """
    found: dict[str, Mapping[str, str]] = {}
    for path, module in modules.items():
        is_package = path.endswith("/__init__.py")
        package = path.removesuffix("/__init__.py") if is_package else path.rpartition("/")[0]
        spelling = spelling_of(module, package.replace("/", "."))
        for name, cls in classes(module).items():
            # The Protocol of an interface without functions stands for no class of the author's.
            author = authors.get((path, name), name if is_package and methods(cls) else None)
            if author is not None:
                found[author] = {m: signature(node, spelling) for m, node in methods(cls).items()}
    return found


def signature(node: cst.FunctionDef, spelling: Spelling) -> str:
    """A method's signature in a form that does not depend on how names are imported or lines broken.

    The receiver is not part of it, and a static function may be a `classmethod` or a `staticmethod`.
    """
    kinds = kinds_of(node, spelling)
    bare = node.with_changes(
        params=node.params if "staticmethod" in kinds else without_receiver(node.params),
        decorators=(),
        body=cst.SimpleStatementSuite([cst.Pass()]),
        leading_lines=(),
        lines_after_decorators=(),
    )
    resolved = bare.visit(_Resolver(spelling))
    code = cst.Module([resolved]).code if isinstance(resolved, cst.FunctionDef) else ""
    return STATIC * bool(kinds) + "".join(code.split()).replace(",)", ")").replace(",]", "]")


def kinds_of(node: cst.FunctionDef, spelling: Spelling) -> dict[str, cst.Decorator]:
    """The decorators that make a method static, by their plain names."""
    paths = {spelling.path(dotted(one.decorator)): one for one in node.decorators}
    return {
        name: paths[path] for name in ("classmethod", "staticmethod") if (path := f"builtins.{name}") in paths
    }


def is_overload(node: cst.FunctionDef, spelling: Spelling) -> bool:
    """Whether a method only says one more signature of the one below it."""
    paths = {spelling.path(dotted(one.decorator)) for one in node.decorators}
    return not paths.isdisjoint({"typing.overload", "typing_extensions.overload"})


def is_property(node: cst.FunctionDef, spelling: Spelling) -> bool:
    """Whether what looks like a method is read like an attribute."""
    name = node.name.value
    of_it = {f"{name}.{part}" for part in ("getter", "setter", "deleter")}
    written = {dotted(one.decorator) for one in node.decorators}
    return bool(written & of_it or _PROPERTIES & {spelling.path(one) for one in written})


def definitions(cls: cst.ClassDef, name: str, spelling: Spelling) -> list[cst.FunctionDef]:
    """The methods of one name that may be called: overloads are for type checkers only, and properties are none."""
    found = [one for one in every_method(cls) if one.name.value == name]
    if any(is_property(one, spelling) for one in found):
        return []
    return [one for one in found if one is found[-1] or not is_overload(one, spelling)]


def without_receiver(parameters: cst.Parameters) -> cst.Parameters:
    """The parameters behind `self` or `cls`."""
    if len(parameters.posonly_params) > 1:
        return parameters.with_changes(posonly_params=parameters.posonly_params[1:])
    if parameters.posonly_params:
        return parameters.with_changes(posonly_params=(), posonly_ind=cst.MaybeSentinel.DEFAULT)
    return parameters.with_changes(params=parameters.params[1:])


class _Resolver(cst.CSTTransformer):
    """Writes every dotted name as the path that it stands for, all on one line; strings are read as annotations."""

    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        self.spelling = spelling

    def leave_Annotation(self, original_node: cst.Annotation, updated_node: cst.Annotation) -> cst.Annotation:  # noqa: N802
        """Resolve an annotation."""
        return updated_node.with_changes(annotation=_resolved(updated_node.annotation, self.spelling))

    def leave_ParenthesizedWhitespace(  # noqa: N802
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.BaseParenthesizableWhitespace:
        """Inside parentheses, comments go as well."""
        return cst.SimpleWhitespace("")

    def leave_SimpleWhitespace(  # noqa: N802
        self, original_node: cst.SimpleWhitespace, updated_node: cst.SimpleWhitespace
    ) -> cst.BaseParenthesizableWhitespace:
        """A backslash at the end of a line goes."""
        return cst.SimpleWhitespace(" " if updated_node.value else "")


class _Names(cst.CSTTransformer):
    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        self.spelling = spelling

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        """An attribute is resolved as a whole."""
        return False

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Resolve a dotted name."""
        text = dotted(original_node)
        return _path(self.spelling.path(text)) if text else updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        """Resolve a plain name."""
        if original_node.value == "None":
            return updated_node
        return _path(self.spelling.path(original_node.value))


def _path(path: str) -> cst.Name:
    """A dotted path as one node, only to compare: a middle dot is allowed in identifiers."""
    return cst.Name("_" + path.replace(".", "\N{MIDDLE DOT}"))


def _resolved(expression: cst.BaseExpression, spelling: Spelling) -> cst.BaseExpression:
    if isinstance(expression, cst.SimpleString):
        text = expression.evaluated_value
        if isinstance(text, str):
            try:
                expression = cst.parse_expression(text)
            except cst.ParserSyntaxError:
                return expression
    found = expression.visit(_Names(spelling))
    return found if isinstance(found, cst.BaseExpression) else expression
