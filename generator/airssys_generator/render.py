"""From plan to text: Jinja2 templates for what a file says, helpers here for where its lines break."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from airssys_sdk.resources import data_folder

from .annotation import INDENT, WIDTH, flat, inside, parameter, result, value
from .annotation import field as wrapped_field
from .docs import comment, docstring
from .plan import (
    Alias,
    Argument,
    Call,
    Class,
    Field,
    Function,
    Import,
    Item,
    Mapping,
    Module,
    Parameter,
    Tuple,
)

if TYPE_CHECKING:
    from jinja2 import Environment


def render(module: Module, target: Literal["host", "guest"]) -> str:
    """The text of a module, formatted."""
    return _environment().get_template(f"{target}/{module.template}.py.j2").render(module=module)


def function(planned: Function, indent: int) -> str:
    """The text of a function or method."""
    return str(_items().function(planned, indent)).rstrip("\n") + "\n"


def item(planned: Item) -> str:
    """The text of an item of a module."""
    return str(_items().item(planned)).strip("\n") + "\n"


def _items() -> Any:
    return _environment().get_template("shared/items.j2").module


@functools.cache  # compiled templates: the same for every module of a run
def _environment() -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  (Python source, not HTML; text from the WIT goes through `docs`)
    )
    filters: dict[str, Callable[..., Any]] = environment.filters
    filters.update(
        alias=alias_lines,
        class_header=class_header,
        comment=comment,
        decorator=decorator,
        docstring=docstring,
        field=field_lines,
        imports=import_lines,
        signature=signature,
    )
    return environment


def import_lines(imports: Iterable[Import]) -> str:
    """The import statements, one group a paragraph."""
    lines: list[str] = []
    before: int | None = None
    for group, statement in _statements(imports):
        if before is not None and group != before:
            lines.append("")
        lines.append(statement)
        before = group
    return "\n".join(lines)


def decorator(call: Call, indent: int) -> str:
    """`@name(arguments)`."""
    pad = INDENT * indent
    if call.arguments is None:
        return f"{pad}@{call.callee}"
    line = f"{pad}@{call.callee}({', '.join(map(_argument, call.arguments))})"
    if len(line) <= WIDTH:
        return line
    comma = "," if len(call.arguments) > 1 else ""
    arguments = "\n".join(_broken_argument(argument, indent + 1, comma) for argument in call.arguments)
    return f"{pad}@{call.callee}(\n{arguments}\n{pad})"


def class_header(planned: Class) -> str:
    """`class Name(Base):`."""
    bases = ", ".join(map(flat, planned.bases))
    line = f"class {planned.name}({bases}):" if bases else f"class {planned.name}:"
    if len(line) <= WIDTH or not bases:
        return line
    lines = [
        line for base in planned.bases for line in inside(base, 1, "," if len(planned.bases) > 1 else "")
    ]
    return "\n".join([f"class {planned.name}(", *lines, "):"])


def field_lines(planned: Field, indent: int) -> str:
    """`name: annotation`, and the value if it has one."""
    lines = wrapped_field(indent, f"{planned.name}: ", planned.annotation)
    return "\n".join(lines) + ("" if planned.value is None else f" = {planned.value}")


def alias_lines(planned: Alias) -> str:
    """`Name: typing.TypeAlias = annotation`."""
    return "\n".join(value(f"{planned.name}: {planned.marker} = ", planned.value))


def signature(function: Function, indent: int, after: str = ":") -> str:
    """`def name(parameters) -> result:`, with what follows on the same line."""
    pad = INDENT * indent
    parameters = ", ".join(map(_parameter, function.parameters))
    define = f"{'async ' * function.is_async}def {function.name}("
    line = f"{pad}{define}{parameters}) -> {flat(function.result)}{after}"
    if len(line) <= WIDTH:
        return line
    if not function.parameters:
        return "\n".join(result(indent, f"{define}) -> ", function.result, after, first=True))
    lines = [f"{pad}{define}"]
    for planned in function.parameters:
        lines += _parameter_lines(planned, indent + 1)
    lines += result(indent, ") -> ", function.result, after, first=False)
    return "\n".join(lines)


def _parameter(planned: Parameter) -> str:
    annotation = "" if planned.annotation is None else f": {flat(planned.annotation)}"
    default = "" if planned.default is None else f" = {planned.default}"
    return f"{planned.name}{annotation}{default}"


def _parameter_lines(planned: Parameter, indent: int) -> list[str]:
    if planned.annotation is None or planned.default is not None:
        return [f"{INDENT * indent}{_parameter(planned)},"]
    return parameter(indent, f"{planned.name}: ", planned.annotation)


def _argument(argument: Argument) -> str:
    if isinstance(argument, Mapping):
        return "{" + ", ".join(_pairs(argument)) + "}"
    if isinstance(argument, Tuple):
        comma = "," if len(argument.names) == 1 else ""
        return f"{argument.keyword}=({', '.join(argument.names)}{comma})"
    return argument


def _broken_argument(argument: Argument, indent: int, comma: str) -> str:
    pad = INDENT * indent
    line = f"{pad}{_argument(argument)}{comma}"
    if len(line) <= WIDTH or isinstance(argument, str):
        return line
    if isinstance(argument, Tuple):
        names = "\n".join(f"{pad}{INDENT}{name}," for name in argument.names)
        return f"{pad}{argument.keyword}=(\n{names}\n{pad}){comma}"
    pairs = "\n".join(f"{pad}{INDENT}{pair}," for pair in _pairs(argument))
    return f"{pad}{{\n{pairs}\n{pad}}}{comma}"


def _pairs(mapping: Mapping) -> Iterator[str]:
    return (f'"{key}": "{text}"' for key, text in mapping.items)


def _statements(imports: Iterable[Import]) -> Iterator[tuple[int, str]]:
    together: dict[tuple[str, bool], list[Import]] = {}
    for number, wanted in enumerate(imports):
        key = (wanted.package, True) if wanted.package and wanted.alias is None else (str(number), False)
        together.setdefault(key, []).append(wanted)
    for members in together.values():
        first = members[0]
        group = first.group
        if first.package is None:
            yield group, f"import {_as(first)}"
            continue
        line = f"from {first.package} import {', '.join(map(_as, members))}"
        if len(line) <= WIDTH:
            yield group, line
        else:
            yield (
                group,
                "\n".join([f"from {first.package} import (", *(f"{INDENT}{_as(m)}," for m in members), ")"]),
            )


def _as(wanted: Import) -> str:
    return wanted.name if wanted.alias is None else f"{wanted.name} as {wanted.alias}"
