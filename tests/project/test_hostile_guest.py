"""Guests whose every name means something to Python or to componentize-py: built as projects, called by generated packages.

Each name is that of an interface that is imported and exported, of a function, a parameter, a record, a field, a case, a
label and a flag, of a resource, of methods and static functions, and of functions of the world itself. A guest passes
what it is given on to the import of the same name, and gives back what comes from there.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hostile_names import hostile_names

from airssys_generator import GenerationError, NamesFile, Options, generate, write_files
from airssys_generator.guest.linked import TAKEN
from airssys_sdk.component import Err
from airssys_sdk.project import Project, build, generate_project
from airssys_sdk.wit.names import camel, escape, snake
from airssys_sdk.wit.reader import find_world, read

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hostile")]

WORLD = "builtins:list/class"
ALL = hostile_names()
SPECIAL = ("class", "list", "object", "property", "typing")
"""The world, and interfaces that are not like the others."""

Refused = Mapping[str, Collection[str]]
REFUSED: Refused = {
    "interface": {
        *("abstractmethod", "auto", "classmethod", "dataclass", "isinstance", "not-implemented", "protocol"),
        "weakref",
    },
    "field": {"mro"},
    "function": {"abstractmethod", "componentize-py-runtime", "isinstance"},
    "parameter": {"componentize-py-runtime", "isinstance", "weakref"},
    "resource": {"not-implemented", "protocol"},
    "method": {"abstractmethod", "finalizer", "handle"},
    "static": {"abstractmethod", "classmethod"},
    "import": {"abstractmethod", "componentize-py-runtime", "isinstance"},
    "export": {"abstractmethod", "exports", *TAKEN & {*ALL}},
}
"""What componentize-py cannot have in some places; where it is refused, the reason is given."""


class Wit:
    """The text of a package, with or without what is refused."""

    def __init__(self, refused: Refused) -> None:
        self._refused = refused

    def names(self, kind: str) -> list[str]:
        """The names that can be of a kind."""
        return [name for name in ALL if name not in self._refused.get(kind, ())]

    @property
    def interfaces(self) -> list[str]:
        """The interfaces that are alike."""
        return [name for name in self.names("interface") if name not in SPECIAL]

    def of_interfaces(self) -> str:
        """A world of nothing but interfaces."""
        both = [*self.interfaces, "list", "object", "property", "only-types"]
        parts = [
            *(f"interface %{name} {{ {self._plain(name)} }}" for name in self.interfaces),
            f"interface %list {{ {self._calls()} }}",
            f"interface %typing {{ {self._values()} }}",
            f"interface %object {{ {self._resources()} }}",
            f"interface %property {{ {self._members()} }}",
            "interface logging { resource logger { constructor(logging: string); name: func() -> string; } }",
            "interface only-types { record %range { %range: u8 } }",
            "world %class {",
            *(f"import %{name}; export %{name};" for name in both),
            "export %typing; export logging;",
        ]
        return "\n".join(["package builtins:%list;", *parts, "}"])

    def of_functions(self) -> str:
        """A world of nothing but functions."""
        lines = [
            f"{word} %{name}: func({self._given(name, 'self')}: u8) -> result<u8, string>;"
            for word in ("import", "export")
            for name in self.names(word)
        ]
        return "\n".join(["package builtins:%list;", "world %class {", *lines, "}"])

    def _given(self, name: str, *taken: str) -> str:
        """A parameter of this name; of another, where it cannot have it."""
        return "%x" if name in taken or name in self._refused.get("parameter", ()) else f"%{name}"

    def _plain(self, name: str) -> str:
        """A record, and a function of the next name."""
        field = name if name in self.names("field") else "only"
        function = ALL[(ALL.index(name) + 1) % len(ALL)]
        function = function if function in {*self.names("function"), "isinstance"} else "only"
        given = self._given(name, "self")
        record = f"record %{name} {{ %{field}: list<u8>, another: s8 }}"
        return f"{record} %{function}: func({given}: %{name}) -> %{name};"

    def _calls(self) -> str:
        return " ".join(
            f"%{name}: func({self._given(name, 'self')}: u8) -> result<u8, string>;"
            for name in self.names("function")
        )

    def _values(self) -> str:
        fields = ", ".join(f"%{name}: list<tuple<string, u8>>" for name in self.names("field"))
        cases = ", ".join(f"%{name}(u32)" for name in ALL)
        labels = ", ".join(f"%{name}" for name in ALL)
        flags = [", ".join(f"%{name}" for name in ALL[at : at + 32]) for at in range(0, len(ALL), 32)]
        parameters = ", ".join(f"%{name}: option<bool>" for name in ALL if name != "self")
        return " ".join(
            [
                f"record %dict {{ {fields} }} %a-dict: func(%dict: %dict) -> %dict;",
                f"variant %bool {{ {cases} }} %a-bool: func(%bool: %bool) -> %bool;",
                f"enum %str {{ {labels} }} %a-str: func(%str: %str) -> %str;",
                *(
                    f"flags %set{at} {{ {some} }} %a-set{at}: func(%set: %set{at}) -> %set{at};"
                    for at, some in enumerate(flags)
                ),
                f"%print: func({parameters}) -> option<bool>;",
            ]
        )

    def _resources(self) -> str:
        methods = self.names("method")
        return " ".join(
            f"resource %{name} {{ constructor({self._given(name, 'self')}: string); "
            f"%{methods[(at + 1) % len(methods)]}: func() -> string; }}"
            for at, name in enumerate(self.names("resource"))
        )

    def _members(self) -> str:
        methods = (f"%{name}: func({self._given(name, 'self')}: u8) -> u8;" for name in self.names("method"))
        statics = (
            f"%{name}: static func({self._given(name, 'cls')}: u8) -> u8;" for name in self.names("static")
        )
        return f"resource texts {{ constructor(); {' '.join(methods)} }} resource numbers {{ {' '.join(statics)} }}"


PLACES = {
    "interfaces": """
        abstractmethod auto classmethod dataclass isinstance protocol weakref mro#mro.mro typing#dict.mro
        componentize-py-async-support#componentize-py-runtime
        componentize-py-runtime#componentize-py-types(componentize-py-runtime)
        list#abstractmethod list#componentize-py-runtime list#isinstance
        list#componentize-py-runtime(componentize-py-runtime) list#isinstance(isinstance)
        not-implemented not-implemented#not-implemented object#not-implemented object#protocol
        object#[method]filter.finalizer object#[method]globals.handle
        object#[constructor]componentize-py-runtime(componentize-py-runtime) object#[constructor]weakref(weakref)
        property#[method]texts.abstractmethod property#[method]texts.finalizer property#[method]texts.handle
        property#[method]texts.componentize-py-runtime(componentize-py-runtime)
        property#[static]numbers.abstractmethod property#[static]numbers.classmethod
        property#[static]numbers.componentize-py-runtime(componentize-py-runtime)
        """,
    "functions": """
        class#abs class#exit class#open class#pow class#raise class#round class#exports class#abstractmethod
        class#componentize-py-runtime class#isinstance class#componentize-py-runtime(componentize-py-runtime)
        class#isinstance(isinstance)
        """,
}


@pytest.mark.parametrize("kind", sorted(PLACES))
def test_a_guest_is_refused_for_what_componentize_py_cannot_have_and_for_nothing_else(
    kind: str, tmp_path: Path
) -> None:
    with pytest.raises(GenerationError) as caught:
        _read_and_generate(getattr(Wit({}), f"of_{kind}")(), tmp_path)
    assert {found.where for found in caught.value.diagnostics} == {
        f"builtins:list/{place}" for place in PLACES[kind].split()
    }
    _read_and_generate(getattr(Wit(REFUSED), f"of_{kind}")(), tmp_path)


def _read_and_generate(text: str, folder: Path) -> None:
    file = folder / "world.wit"
    file.write_text(text, "utf-8")
    resolve = read(file, world=WORLD)
    generate(resolve, find_world(resolve, WORLD), "guest")


# The guests and their hosts


@dataclasses.dataclass(frozen=True, slots=True)
class Guest:
    """A guest that is built.

    Attributes:
        package: its generated host package, imported.
        names: the Python names of its interfaces.
    """

    wit: Wit
    wasm: Path
    package: ModuleType
    names: NamesFile


def _guest(folder: Path, kept: Path, kind: str) -> Guest:
    wit = Wit(REFUSED)
    (folder / "wit").mkdir(parents=True)
    (folder / "wit" / "world.wit").write_text(getattr(wit, f"of_{kind}")(), "utf-8")
    (folder / "Component.toml").write_text(
        f'[component]\nnamespace = "test"\nname = "hostile"\nversion = "0.1.0"\nworld = "{WORLD}"\n\n'
        '[build]\napp = "hostile.component"\n'
    )
    project = Project.load(folder)
    generate_project(project)
    names = NamesFile.read(project.names)
    project.app_file.write_text(_passing_on(project.app_file.read_text("utf-8"), names), "utf-8")
    wasm = build(project, cache=kept / "hostile", precompile=False).path
    resolve = read(project.wit, world=WORLD)
    host = generate(resolve, find_world(resolve, WORLD), "host", Options(names=names))
    package = f"hostile_{kind}_host"
    write_files(host, folder / "hosts" / package)
    sys.path.insert(0, str(folder / "hosts"))
    try:
        return Guest(wit, wasm, importlib.import_module(package), names)
    finally:
        sys.path.remove(str(folder / "hosts"))


def _passing_on(text: str, names: NamesFile) -> str:
    """The skeleton with a body for every function: it calls the import of its name, if there is one."""

    def body(found: re.Match[str]) -> str:
        interface, _, function = found["place"].rpartition("#")
        module = names.imports.get(interface)
        kind, _, resource = function.rpartition("]")
        given = ", ".join(re.findall(r"(\w+):", found["parameters"]))
        host = f'__import__("wit_world.imports").imports.{module}'
        own = escape(camel(resource.partition(".")[0]))
        match kind:
            case "[constructor" if module is None:
                return f"self._given = {given}"
            case "[constructor":
                return f"self._inner = {host}.{own}({given})"
            case "[method" if module is None:
                return 'return __import__("logging").getLogger(self._given).name'
            case "[method":
                return f"return self._inner.{found['name']}({given})"
            case "[static":
                return f"return {host}.{own}.{found['name']}({given})"
            case _ if interface == WORLD:
                return f'return __import__("wit_world").{found["name"]}({given})'
            case _ if module is None:
                return f"return {given.partition(',')[0]}"
            case _:
                return f"return {host}.{found['name']}({given})"

    pattern = (
        r"    def (?P<name>\w+)\((?P<parameters>[^)]*)\)(?:(?!    def ).)*?"
        r'(?P<raise>raise [\w.]+\(\s*"(?P<place>[^"]*)"\s*\)\n)'
    )
    filled, count = re.subn(
        pattern,
        lambda found: found[0].removesuffix(found["raise"]) + body(found) + "\n",
        text,
        flags=re.DOTALL,
    )
    assert count == len(re.findall(r"^ +raise ", text, re.MULTILINE))
    return filled


class Host:
    """Implements whatever is imported: it answers with what it is given, and remembers what was called."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._interfaces = {module: interface.rpartition("/")[2] for interface, module in names.items()}
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._interfaces:
            return Interface(self.called, self._interfaces[name])
        return _answering(self.called, name)


class Interface:
    """One of the imported interfaces."""

    def __init__(self, called: list[str], name: str) -> None:
        self._called = called
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name[0].isupper():
            named = f"{self._name}.{name}"
            # Every class has a function `mro`, which is found first.
            own = {"mro": staticmethod(_answering(self._called, f"{named}.mro"))} if name == "Numbers" else {}
            return Answering(name, (Given,), own, called=self._called, named=named)
        return _answering(self._called, f"{self._name}.{name}")


class Answering(type):
    """A class that has every static function."""

    def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any], **more: Any) -> Any:
        made = super().__new__(cls, name, bases, space)
        made.called, made.named = more.get("called", []), more.get("named", "")
        return made

    def __init__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any], **more: Any) -> None:
        super().__init__(name, bases, space)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _answering(cls.called, f"{cls.named}.{name}")


class Given(metaclass=Answering):
    """A resource of the host's."""

    def __init__(self, *given: object) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _answering(type(self).called, f"{type(self).named}.{name}", *self._given)


def _answering(called: list[str], name: str, *given: object) -> Any:
    def call(*arguments: Any) -> Any:
        called.append(name)
        (answer,) = (*arguments, *given)
        if answer == 13:
            raise Err(name)
        return answer

    return call


@pytest.fixture(scope="module")
def of_interfaces(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Guest:
    return _guest(tmp_path_factory.mktemp("hostile") / "interfaces", kept, "interfaces")


@pytest.fixture(scope="module")
def running(of_interfaces: Guest) -> Iterator[tuple[Any, Host]]:
    """The component of interfaces, and its host."""
    host = Host(of_interfaces.names.imports)
    with of_interfaces.package.Class.load(of_interfaces.wasm, imports=host) as component:
        yield component, host


def _types(guest: Guest, interface: str) -> Any:
    module = guest.names.exports[f"builtins:list/{interface}"]
    return importlib.import_module(f"{guest.package.__name__}.exports.{module}")


def test_every_name_is_that_of_an_interface_with_a_record_and_a_function(
    of_interfaces: Guest, running: tuple[Any, Host]
) -> None:
    component, host = running
    for name in of_interfaces.wit.interfaces:
        types = _types(of_interfaces, name)
        exported = getattr(component, of_interfaces.names.exports[f"builtins:list/{name}"])
        record = getattr(types, escape(camel(name)))
        (function,) = [key for key in vars(type(exported)) if key[0].islower()]
        value = record(name.encode(), -5)
        assert getattr(exported, function)(value) == value
        assert host.called[-1] == f"{name}.{function}"


def test_every_name_is_that_of_a_function_and_of_its_parameter(
    of_interfaces: Guest, running: tuple[Any, Host]
) -> None:
    component, host = running
    for name in of_interfaces.wit.names("function"):
        function = escape(snake(name))
        assert getattr(component.list, function)(5) == 5
        assert host.called[-1] == f"list.{function}"
        with pytest.raises(Err) as caught:
            getattr(component.list, function)(13)
        assert caught.value.value == f"list.{function}"


def test_every_name_is_that_of_a_field_a_case_a_label_a_flag_and_a_parameter(
    of_interfaces: Guest, running: tuple[Any, Host]
) -> None:
    component, _ = running
    types, exported = _types(of_interfaces, "typing"), component.typing
    fields = [escape(snake(name)) for name in of_interfaces.wit.names("field")]
    assert [field.name for field in dataclasses.fields(types.Dict)] == fields
    record = types.Dict(**{field: [(field, at)] for at, field in enumerate(fields)})
    assert exported.a_dict(record) == record
    for at, case in enumerate(typing.get_args(types.Bool)):
        assert case.__name__ == f"Bool_{escape(camel(ALL[at]))}"
        assert exported.a_bool(case(at)) == case(at)
    assert len(types.Str) == len(ALL)
    for label in types.Str:
        assert exported.a_str(label) is label
    flags = [(at, flag) for at in range(len(ALL) // 32 + 1) for flag in getattr(types, f"Set{at}")]
    assert len(flags) == len(ALL)
    for at, flag in flags:
        assert getattr(exported, f"a_set{at}")(flag) == flag
    parameters = inspect.signature(exported.print).parameters
    assert {*parameters} == {escape(snake(name)) for name in ALL if name != "self"}
    for first in (None, True, False):
        assert exported.print(first, *[None] * (len(parameters) - 1)) is first


def test_every_name_is_that_of_a_resource(of_interfaces: Guest, running: tuple[Any, Host]) -> None:
    component, host = running
    wit = of_interfaces.wit
    methods = wit.names("method")
    for at, name in enumerate(wit.names("resource")):
        method = escape(snake(methods[(at + 1) % len(methods)]))
        cls = escape(camel(name))
        with getattr(component.object, cls)(name) as made:
            assert getattr(made, method)() == name
        assert host.called[-1] == f"object.{cls}.{method}"


def test_every_name_is_that_of_a_method_and_of_a_static_function(
    of_interfaces: Guest, running: tuple[Any, Host]
) -> None:
    component, host = running
    with component.property.Texts() as made:
        for name in of_interfaces.wit.names("method"):
            function = escape(snake(name))
            assert getattr(made, function)(7) == 7
            assert host.called[-1] == f"property.Texts.{function}"
    for name in of_interfaces.wit.names("static"):
        function = escape(snake(name))
        assert getattr(component.property.Numbers, function)(7) == 7
        assert host.called[-1] == f"property.Numbers.{function}"


def test_a_resource_leaves_the_class_of_the_same_name_in_pythons_own_module(
    running: tuple[Any, Host],
) -> None:
    component, _ = running
    with component.logging.Logger("given") as made:
        assert made.name() == "given"


def test_every_name_is_that_of_a_function_of_the_world_itself(
    tmp_path_factory: pytest.TempPathFactory, kept: Path
) -> None:
    guest = _guest(tmp_path_factory.mktemp("hostile") / "functions", kept, "functions")
    host = Host({})
    with guest.package.Class.load(guest.wasm, imports=host) as component:
        for name in {*guest.wit.names("import")} & {*guest.wit.names("export")}:
            function = escape(snake(name))
            assert getattr(component, function)(5) == 5
            assert host.called[-1] == function


def test_what_no_function_of_a_world_can_be_called_are_the_functions_of_the_libraries(
    of_interfaces: Guest,
) -> None:
    found: set[str] = set()
    for module in _core_modules(of_interfaces.wasm.read_bytes()):
        sections = [*_sections(module)]
        if any(kind == 0 and b"dylink.0" in body[:12] for kind, body in sections):
            found |= {name for kind, body in sections if kind == 7 for name in _exported_functions(body)}
    assert {name for name in found if re.fullmatch(r"[a-z][a-z0-9]*", name)} == TAKEN


def _core_modules(binary: bytes) -> Iterator[bytes]:
    """The core modules in a component, those of components inside included."""
    for kind, body in _sections(binary):
        if kind == 1:
            yield body
        elif kind == 4:
            yield from _core_modules(body)


def _sections(binary: bytes) -> Iterator[tuple[int, bytes]]:
    at = 8
    while at < len(binary):
        size, start = _number(binary, at + 1)
        yield binary[at], binary[start : start + size]
        at = start + size


def _exported_functions(section: bytes) -> Iterator[str]:
    count, at = _number(section, 0)
    for _ in range(count):
        size, at = _number(section, at)
        name, kind = section[at : at + size].decode(), section[at + size]
        if kind == 0:
            yield name
        _, at = _number(section, at + size + 1)


def _number(binary: bytes, at: int) -> tuple[int, int]:
    """A number in LEB128, and where the next byte is."""
    number = shift = 0
    while True:
        byte = binary[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
