"""What authors do to a skeleton, as edits of its text."""

from __future__ import annotations

import ast
import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import libcst as cst
from hypothesis import strategies as st
from merge_modules import MARK, TOKEN, Method, Module

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Edit:
    """One edit.

    Attributes:
        kind: what is done, a key of `_KINDS`.
        at: at which of the places where it can be done.
        pick: in which of the ways in which it can be done.
    """

    kind: str
    at: int
    pick: int


def edits() -> st.SearchStrategy[list[Edit]]:
    """Some edits."""
    numbers = st.integers(0, 40)
    return st.lists(
        st.builds(Edit, st.sampled_from(sorted(_KINDS)), numbers, numbers), min_size=3, max_size=12
    )


class Author:
    """Does edits one after another. The lines that it writes have numbers, and it uses none of them twice."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def edit(self, text: str, edits: Sequence[Edit]) -> str:
        """The text after the edits, less those that find no place or make no valid Python of it."""
        last = text
        for edit in edits:
            edited = _KINDS[edit.kind](self, Module(text), edit)
            if edited is not None and _is_python(edited):
                text = edited
        return text if _is_kept(text) else last

    def written(self, lines: Sequence[str], indent: str, eol: str) -> list[str]:
        """Lines of a template: `§` becomes a number, a line that begins with `|` is not indented."""
        numbered = [re.sub("§", lambda _: f"mine_{next(self._numbers)}_", line) for line in lines]
        placed = [
            line[1:] if line.startswith("|") else f"{indent}{line}" if line else "" for line in numbered
        ]
        return [line + eol for line in placed]


Done: TypeAlias = str | None


def _is_python(text: str) -> bool:
    try:
        compile(text, "<module>", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _is_kept(text: str) -> bool:
    """Whether libcst can keep it: it refuses form feeds and some mixtures of tabs and spaces."""
    try:
        return cst.parse_module(text).code == text
    except cst.ParserSyntaxError:
        return False


# Code

_BODIES: Sequence[Sequence[str]] = (
    ["raise NotImplementedError('§')"],
    ["x = 1 ;  del x  # §", "raise   NotImplementedError(  '§'  )   "],
    [
        '"""Mine, § ."""',
        "",
        "# § a comment",
        "def inner( a:object )->object:  # §",
        "  return a  # §",
        "",
        "    # § deeper",
        "raise NotImplementedError(inner(1), '§')",
    ],
    [
        'text = """§',
        "|class Store(exports.Store):  # §",
        "|    def get(self, id: str) -> int:  # §",
        f"|{MARK}",
        '|"""  # §',
        "raise NotImplementedError(text)  # §",
    ],
    [
        "for _ in range(3): print('§')",
        "else: pass  # §",
        "|  # § to the left",
        "class get:  # §",
        "  def get(self) -> object: return 1  # §",
        "raise NotImplementedError  # §",
    ],
    [
        "with open('§') as a, \\",
        "            open('§') as b:",
        "  print(a,",
        "b)  # §",
        "",
        "",
        "raise NotImplementedError('é\\u202e §')  # \x85§\u2028",
    ],
    [
        "if not '§':",
        "\traise ValueError('§')",
        "elif '§': ...",
        "raise NotImplementedError(f'{1 + 1:>{3}} §')",
        "# § the end",
        "|# § behind the end",
    ],
    [
        "try: raise NotImplementedError('§')",
        "except* ValueError: pass  # §",
        "finally: print('§')",
        "raise NotImplementedError(lambda: (yield), '§')",
    ],
    [
        "async def get(self: object) -> None: ...  # §",
        "seen = [x for x in '§']; print(seen)",
        "global some_§; some_§ = 1",
        "raise NotImplementedError('§')",
    ],
)
_HELPERS: Sequence[Sequence[str]] = (
    ["# § a comment", ""],
    ["    # § indented", "", "", "# § and another   "],
    ["def NAME( a:int,b:int ) -> int:  # §", "    return a+b  # §"],
    [
        "class NAME:  # §",
        "  y = 2  # §",
        "",
        "  def get(self) -> str: return 'not ours'  # §",
        "  # § below",
    ],
    ["if True:  # §", "    NAME = {  'a' :1 }  # §"],
    ["import json as NAME  # §", "import   os, sys as sys_  # §"],
    ["NAME = '''§", "class Store:", MARK, "'''  # §"],
    ["for NAME in (1, 2):  # §", "\tpass  # §"],
    [
        "try:  # §",
        "    import tomllib as NAME  # §",
        "except ImportError:  # §",
        "    pass  # §",
    ],
    ["NAME = 1; NAME_ = 2  # §"],
    ["async def NAME() -> None:  # §", "\tawait NAME()  # §"],
    ["def _d§(name: int) -> int: return (  # §", "   name )  # §"],
    [MARK, "class NAME:  # §", "    ...  # §"],
    ["with open(__file__) as NAME:  # §", "    pass  # §"],
    ["[NAME, *_NAME] = [1, 2]  # §"],
    ["(", "NAME := 3  # §", ")"],
    ["match 1:  # §", "    case int(NAME) if False: ...  # §", "    case _: ...  # §"],
    ["while (", "NAME := False): ...  # §"],
)
_NAMES = (
    "helper",
    "kinds",
    "store",
    "exports",
    "builtins",
    "Some",
    "Ok",
    "Err",
    "wit_world",
    "_exports",
    "more",
)
"""What helpers are called, unless the module uses it: names that a merge may want for an import."""

_MEMBERS: Sequence[Sequence[str]] = (
    ["def own_§(self, a:object=1)->object: return a  # §", ""],
    ["own_§ = 1  # §", "# § about the next", "@property  # §", "def odd_§(self) -> object: return '§'"],
    ["class Inner_§: pass", "if True:", "  inner_§ = [ 1,", "2]  # §"],
)
_COMMENTS: Sequence[Sequence[str]] = (
    ["# § a comment"],
    ["", "# §", "", "# § two   "],
    ["  # § odd\u2028", "    "],
)
_DECORATORS: Sequence[Sequence[str]] = (
    ["@traced  # §"],
    ["@named(  # §", "    '§',", ")  # §", "# § between"],
    ["@  (traced)  # §", "@named('§')  # §"],
)
_PREAMBLE = (
    "import   typing  # §",
    "",
    "F_ = typing.TypeVar('F_')  # §",
    "",
    "def traced(method: F_) -> F_:  # §",
    "    return method  # §",
    "def named(name: str) -> typing.Callable[[F_], F_]: return lambda method: method  # §",
)


def _body(author: Author, module: Module, edit: Edit) -> Done:
    """A method gets another body."""
    found = _chosen(module.methods, edit.at)
    if found is None:
        return None
    _, node = found
    _, last, column = module.head(node)
    lines = _BODIES[edit.pick % len(_BODIES)]
    indent = module.indent(node) + ("    ", "\t", "  ", "         ")[edit.at % 4]
    new = author.written(lines, indent, module.eol)
    head = module.lines[last][:column]
    new = [f"{head}  {new[0].lstrip()}"] if len(new) == 1 and edit.at % 2 else [head + module.eol, *new]
    return "".join([*module.lines[:last], *new, *module.lines[node.end_lineno :]])


def _comment(author: Author, module: Module, edit: Edit) -> Done:
    """A comment above a class or method, below decorators, at the end of a class or of the module."""
    places = [(len(module.lines), "")]
    for cls in module.skeleton_classes:
        inside = module.indent(cls) + "    "
        places += [(module.start(cls), module.indent(cls)), (cls.end_lineno or 0, inside)]
        if cls.body[0].lineno > cls.lineno:
            places.append((cls.lineno, inside))
    for _, node in module.methods:
        places += [(module.start(node), module.indent(node)), (node.lineno - 1, module.indent(node))]
    at, indent = places[edit.at % len(places)]
    return _put(author, module, at, _COMMENTS[edit.pick % len(_COMMENTS)], indent)


def _helper(author: Author, module: Module, edit: Edit) -> Done:
    """Code between the classes, which binds a name that the module does not use."""
    used = {*re.findall(r"\w+", module.text)}
    free = [name for name in _NAMES if not {name, f"_{name}", f"{name}_"} & used]
    free = free or [f"helper_{len(module.text)}"]
    name = free[edit.pick % len(free)]
    lines = [line.replace("NAME", name) for line in _HELPERS[edit.at % len(_HELPERS)]]
    starts = [module.start(cls) for cls in module.classes if not module.indent(cls)]
    return _put(author, module, [len(module.lines), *starts][edit.pick % (len(starts) + 1)], lines)


def _member(author: Author, module: Module, edit: Edit) -> Done:
    """A method or attribute of the author's own."""
    found = _chosen(module.methods, edit.at)
    if found is None:
        return None
    lines = _MEMBERS[edit.pick % len(_MEMBERS)]
    return _put(author, module, module.start(found[1]), lines, module.indent(found[1]))


def _decorator(author: Author, module: Module, edit: Edit) -> Done:
    """A decorator, which the author defines."""
    if "F_" not in module.text:
        module = Module(_put(author, module, _end_of_imports(module), _PREAMBLE))
    found = _chosen(module.methods, edit.at)
    if found is None:
        return None
    lines = _DECORATORS[edit.pick % len(_DECORATORS)]
    return _put(author, module, module.first(found[1]), lines, module.indent(found[1]))


def _base(author: Author, module: Module, edit: Edit) -> Done:
    """A base class of the author's beside that of the bindings."""
    whole = [
        cls for cls in module.skeleton_classes if cls.bases and _header(module, cls).rstrip().endswith("):")
    ]
    cls = _chosen(whole, edit.at)
    if cls is None or f"class Base{cls.name}" in module.text:
        return None
    head, _, tail = _header(module, cls).rstrip().removesuffix("):").partition("(")
    ways = (
        [f"{head}(Base{cls.name}, {tail}):"],
        [f"{head}(  # §", f"    Base{cls.name},  # §", f"  {tail},  # §", "):"],
        [f"{head}({tail}, Base{cls.name} ) : # §"],
    )
    new = author.written(ways[edit.pick % len(ways)], "", module.eol)
    changed = Module("".join([*module.lines[: cls.lineno - 1], *new, *module.lines[cls.lineno :]]))
    base = (f"class Base{cls.name}:  # §", "    def setting(self) -> object: return 1  # §", "", "")
    return _put(author, changed, _end_of_imports(changed), base)


def _docstring(author: Author, module: Module, edit: Edit) -> Done:
    """The docstring of the module or of a class is written anew, or removed."""
    owners: list[ast.Module | ast.ClassDef] = [module.tree, *module.skeleton_classes]
    owner = owners[edit.at % len(owners)]
    first = owner.body[0] if owner.body else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return None
    ways = (["'''Mine, §.'''"], ["# § instead", "'§';  '§'"], ["pass  # §"], [])
    new = author.written(ways[edit.pick % len(ways)], module.indent(first), module.eol)
    return "".join([*module.lines[: first.lineno - 1], *new, *module.lines[first.end_lineno :]])


# Order and layout


def _order_of_methods(author: Author, module: Module, edit: Edit) -> Done:
    """A method moves before the one above it."""
    groups = ([node for node in cls.body if isinstance(node, Method)] for cls in module.skeleton_classes)
    pairs = [pair for nodes in groups for pair in itertools.pairwise(nodes)]
    pair = _chosen(pairs, edit.at)
    return None if pair is None else _swapped(module, *pair)


def _order_of_classes(author: Author, module: Module, edit: Edit) -> Done:
    """A class moves before the one above it."""
    nodes = [cls for cls in module.skeleton_classes if not module.indent(cls)]
    pair = _chosen([*itertools.pairwise(nodes)], edit.at)
    return None if pair is None else _swapped(module, *pair)


def _swapped(module: Module, one: ast.ClassDef | Method, other: ast.ClassDef | Method) -> str:
    """The text with two definitions swapped, each with the comments directly above it."""
    lines = _closed(module)
    a, b, c, d = module.start(one), one.end_lineno, module.start(other), other.end_lineno
    return "".join([*lines[:a], *lines[c:d], *lines[b:c], *lines[a:b], *lines[d:]])


def _under(author: Author, module: Module, edit: Edit) -> Done:
    """A class moves under an `if`."""
    cls = _chosen([cls for cls in module.skeleton_classes if not module.indent(cls)], edit.at)
    if cls is None:
        return None
    first, last = module.start(cls), cls.end_lineno or 0
    inside = [f"  {line}" if line.strip() else line for line in module.lines[first:last]]
    new = author.written(["if len('§'):"], "", module.eol)
    return "".join([*module.lines[:first], *new, *inside, *module.lines[last:]])


def _one_line(author: Author, module: Module, edit: Edit) -> Done:
    """A class without members stands on one line."""
    empty = [
        cls for cls in module.skeleton_classes if len(cls.body) == 1 and isinstance(cls.body[0], ast.Pass)
    ]
    cls = _chosen(empty, edit.at)
    if cls is None or cls.body[0].lineno != cls.lineno + 1 or TOKEN.search("".join(module.lines_of(cls))):
        return None
    new = author.written([f"{_header(module, cls).rstrip()} pass  # §"], "", module.eol)
    return "".join([*module.lines[: cls.lineno - 1], *new, *module.lines[cls.end_lineno :]])


def _line_ends(author: Author, module: Module, edit: Edit) -> Done:
    """Those of Windows, or of both systems, or of Unix."""
    lines = [line.removesuffix("\n").removesuffix("\r") for line in module.lines]
    ends = (("\n", "\n"), ("\r\n", "\r\n"), ("\r\n", "\n"), ("\n", "\r\n"))[edit.pick % 4]
    at = edit.at * 3
    text = "".join([*(line + ends[0] for line in lines[:at]), *(line + ends[1] for line in lines[at:])])
    return text if module.text.endswith("\n") else text.removesuffix(ends[0]).removesuffix(ends[1])


def _tabs(author: Author, module: Module, edit: Edit) -> Done:
    """Tabs in the place of spaces."""
    return re.sub(r"^( {4})+", lambda found: "\t" * (len(found[0]) // 4), module.text, flags=re.MULTILINE)


def _trailing_space(author: Author, module: Module, edit: Edit) -> Done:
    """Spaces at the end of a line."""
    at = edit.at * 7 % len(module.lines)
    line = module.lines[at].rstrip("\r\n")
    space = "  \t"[: 1 + edit.pick % 3]
    return "".join([*module.lines[:at], line + space, module.lines[at][len(line) :], *module.lines[at + 1 :]])


def _end(author: Author, module: Module, edit: Edit) -> Done:
    """The end of the module: no line end, or more than one."""
    text = module.text
    return (text.rstrip("\r\n"), text + module.eol * 3, text + "   ", text + "\f" + module.eol)[edit.pick % 4]


def _delete(author: Author, module: Module, edit: Edit) -> Done:
    """A method or class goes."""
    nodes = [*module.skeleton_classes, *(method for _, method in module.methods)]
    node = _chosen(nodes, edit.at)
    if node is None:
        return None
    return "".join([*module.lines[: module.start(node)], *module.lines[node.end_lineno :]])


# Spelling


def _signature(author: Author, module: Module, edit: Edit) -> Done:
    """A signature is spelled or broken in another way."""
    found = _chosen(module.methods, edit.at)
    if found is None:
        return None
    _, node = found
    first, last, column = module.head(node)
    before, _, rest = module.signature(node).replace("\r\n", "\n").partition("(")
    ways = (
        f"{before} ({rest}",
        f"{before.replace(' ', '   ')}(  # §\n  {rest}",
        f"{before}(\n\n    # §\n    {rest[:-1]}  :",
        re.sub(r"(?<=: )(\w+)(?=[,)])", r"'\1'", f"{before}({rest}"),
        f"{before}({rest[:-1]}\\\n :",
    )
    new = "".join(author.written(ways[edit.pick % len(ways)].split("\n"), "", module.eol))
    new = module.indent(node) + new.removesuffix(module.eol) + module.lines[last][column:]
    return "".join([*module.lines[:first], new, *module.lines[last + 1 :]])


def _receiver(author: Author, module: Module, edit: Edit) -> Done:
    """`self` has another name, and may be for positions only."""
    named = [node for _, node in module.methods if [one.arg for one in node.args.args][:1] == ["self"]]
    return _in_signature(module, named, edit.at, r"\bself\b", ("this", "me, /")[edit.pick % 2])


def _static(author: Author, module: Module, edit: Edit) -> Done:
    """`staticmethod` in the place of `classmethod`."""
    found = [
        (node, one)
        for _, node in module.methods
        for one in node.decorator_list
        if ast.unparse(one) == "classmethod" and node.args.args
    ]
    pair = _chosen(found, edit.at)
    if pair is None:
        return None
    node, decorator = pair
    line = module.lines[decorator.lineno - 1]
    module.lines[decorator.lineno - 1] = line.replace("classmethod", "staticmethod")
    return _in_signature(module, [node], 0, r"\bcls\b(\s*,\s*)?", "")


def _in_signature(module: Module, nodes: Sequence[Method], at: int, pattern: str, new: str) -> Done:
    node = _chosen(nodes, at)
    if node is None:
        return None
    first, last, _ = module.head(node)
    text = re.sub(pattern, new, "".join(module.lines[first : last + 1]), count=1)
    return "".join([*module.lines[:first], text, *module.lines[last + 1 :]])


def _future(author: Author, module: Module, edit: Edit) -> Done:
    """Annotations that nobody evaluates."""
    if "__future__" in module.text:
        return None
    first = module.tree.body[0] if module.tree.body else None
    at = (first.end_lineno or 0) if isinstance(first, ast.Expr) else 0
    return _put(author, module, at, ["from __future__ import annotations  # §"])


def _import(author: Author, module: Module, edit: Edit) -> Done:
    """An import of the bindings is spelled in another way, and with it what it binds."""
    plain = [
        node
        for node in module.tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").partition(".")[0] == "wit_world"
        and not any(one.asname for one in node.names)
        and not TOKEN.search("".join(module.lines_of(node)))
    ]
    node = _chosen(plain, edit.at)
    if node is None:
        return None
    names, of = [one.name for one in node.names], node.module
    other = [f"{name} as {name}_x" for name in names]
    respelling: Sequence[Sequence[str]] = (
        [f"from {of} import {one}  # §" for one in other],
        [f"import {of}.{one}  # §" for one in other],
        [f"from {of} import (  # §", *(f"  {one},  # §" for one in other), ")"],
        [f"import os; from {of} import {', '.join(other)}"],
        [
            *("import typing", "if typing.TYPE_CHECKING:"),
            *(f"  from {of} import {one}  # §" for one in other),
            *("else:", *(f"  import {of}.{one}  # §" for one in other)),
        ],
    )
    keeping: Sequence[Sequence[str]] = (
        [f"import {of}.{name}, {of}  # §" for name in names],
        [f"from {of} import {', '.join(names)}  # §"],
        [f"from {of} import (", *(f"    {name},  # §" for name in names), "    # §", ")"],
        ["if '§':", *(f"  from {of} import {name}" for name in names)],
        ["try: # §", *(f"  from {of} import {name}" for name in names), "finally: pass  # §"],
    )
    ways = (*respelling, *keeping)
    pick = edit.pick % len(ways)
    new = author.written(ways[pick], "", module.eol)
    first, last = node.lineno - 1, node.end_lineno or 0
    spelled = {name: f"{name}_x" for name in names} if pick < len(respelling) else {}
    if pick == len(respelling):
        spelled = {name: f"{of}.{name}" for name in names}
    lines = _respelled(module, spelled) if spelled else module.lines
    return "".join([*lines[:first], *new, *lines[last:]])


def _respelled(module: Module, spelled: Mapping[str, str]) -> list[str]:
    """The lines with other names for modules, in the signatures of methods and the bases of classes."""
    lines = [*module.lines]
    heads = [module.head(node) for _, node in module.methods]
    changed = {at for first, last, _ in heads for at in range(first, last + 1)}
    changed |= {at for cls in module.skeleton_classes for at in range(cls.lineno - 1, cls.body[0].lineno)}
    pattern = re.compile(rf"(?<![\w./#])({'|'.join(map(re.escape, spelled))})\.(?=[A-Z])")
    for at in changed:
        lines[at] = pattern.sub(lambda found: f"{spelled[found[1]]}.", lines[at])
    return lines


# Places


def _chosen(items: Sequence[T], at: int) -> T | None:
    return items[at % len(items)] if items else None


def _header(module: Module, cls: ast.ClassDef) -> str:
    return module.lines[cls.lineno - 1]


def _closed(module: Module) -> list[str]:
    """The lines, the last one with a line end."""
    *lines, last = module.lines
    return [*lines, last if last.endswith("\n") else last + module.eol]


def _put(author: Author, module: Module, at: int, new: Sequence[str], indent: str = "") -> str:
    lines = _closed(module) if module.lines else []
    return "".join([*lines[:at], *author.written(new, indent, module.eol), *lines[at:]])


def _end_of_imports(module: Module) -> int:
    at = 0
    for node in module.tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom) and not (at == 0 and isinstance(node, ast.Expr)):
            break
        at = node.end_lineno or 0
    return at


_KINDS: Mapping[str, Callable[[Author, Module, Edit], Done]] = {
    "base": _base,
    "body": _body,
    "comment": _comment,
    "decorator": _decorator,
    "delete": _delete,
    "docstring": _docstring,
    "end": _end,
    "future": _future,
    "helper": _helper,
    "import": _import,
    "line ends": _line_ends,
    "member": _member,
    "one line": _one_line,
    "order of classes": _order_of_classes,
    "order of methods": _order_of_methods,
    "receiver": _receiver,
    "signature": _signature,
    "static": _static,
    "tabs": _tabs,
    "trailing space": _trailing_space,
    "under": _under,
}
