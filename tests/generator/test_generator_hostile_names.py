"""A world whose every name is a Python builtin, a keyword, or a name that emitted code uses itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from generator_worlds import put, world_of
from hostile_names import hostile_names

from airssys_generator import GenerationError, generate, skeleton


def _world(names: list[str]) -> str:
    """Each name as a field, a case, a label, a flag, a parameter, a type and a function."""
    no_self = [name for name in names if name != "self"]
    fields = ", ".join(f"%{name}: list<tuple<string, u8>>" for name in names)
    cases = ", ".join(f"%{name}(u32)" for name in names)
    labels = ", ".join(f"%{name}" for name in names)
    flags = ", ".join(f"%{name}" for name in names[:32])
    types = "\n".join(f"  record %{name} {{ %{name}: list<u8>, another: s8 }}" for name in names)
    parameters = ", ".join(f"%{name}: option<bool>" for name in no_self)
    functions = "\n".join(
        f"  %{name}: func(%{name}: list<f32>) -> result<t-{name}, string>;" for name in no_self
    )
    uses = ", ".join(f"%{name} as t-{name}" for name in names)
    return f"""
    package a:b;
    interface kinds {{
      record a-record {{ {fields} }}
      variant a-variant {{ {cases} }}
      enum an-enum {{ {labels} }}
      flags a-flags {{ {flags} }}
      a-function: func({parameters}) -> option<list<string>>;
    }}
    interface %list {{
    {types}
    }}
    interface %result {{ use %list.{{{uses}}};
    {functions}
    }}
    interface %enum {{ use %list.{{%list as l, %str}}; %list: func(s: %str) -> l; %types: func(%str: %str) -> u8; }}
    interface types {{ use %list.{{%list, %str}}; record %own {{ a: %str }} types: func(o: %own) -> %list; }}
    world %builtins {{
      import kinds; export kinds; import %list; export %list; import %result; export %result; import %enum; export %enum; import types; export types;
      import %property: func() -> string; import %int: func(%wit: u8) -> bool;
      export %str: func(%typing: string) -> result<u8>; export %float: func(%imports: list<u8>) -> f32;
    }}
    """


@pytest.mark.slow
def test_names_that_mean_something_to_python_break_nothing_on_either_side(
    tmp_path: Path, mypy_cache: Path
) -> None:
    host, guest = tmp_path / "host", tmp_path / "guest"
    names = [name for name in hostile_names() if name != "not-implemented"]
    resolve, world = world_of(_world(hostile_names()), tmp_path)
    with pytest.raises(GenerationError, match="hides Python's own 'NotImplemented'") as refused:
        generate(resolve, world, "host")
    assert {found.where for found in refused.value.diagnostics} == {"a:b/list#not-implemented"}
    resolve, world = world_of(_world(names), tmp_path)
    put(dict(generate(resolve, world, "host")), host / "package")
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "guest")
    hidden = {re.findall(r"[a-z-]+", found.where)[-1] for found in caught.value.diagnostics}
    # What breaks componentize-py's own modules.
    assert hidden == {"abstractmethod", "componentize-py-runtime", "isinstance", "mro"}
    resolve, world = world_of(_world([name for name in names if name not in hidden]), tmp_path)
    put({**generate(resolve, world, "guest"), "component.py": skeleton(world)}, guest)
    for folder, python in ((host, "3.11"), (guest, "3.14")):
        (folder / "pyrightconfig.json").write_text(
            json.dumps({"typeCheckingMode": "strict", "pythonVersion": python})
        )
        _run(["ruff", "format", "--isolated", "--no-cache", "--diff", "."], folder)
        _run(["ruff", "check", "--isolated", "--no-cache", "."], folder)
        _run(["mypy", "--strict", "--python-version", python, f"--cache-dir={mypy_cache}", "."], folder)
        _run(["basedpyright", "--project", ".", "--pythonpath", sys.executable], folder)
    _run(["python", "-B", "-W", "error", "-c", CHECK], host)
    _run(
        ["python", "-B", "-W", "error", "-c", "import component; component.Result(); component.WitWorld()"],
        guest,
    )


def test_no_import_of_a_module_hides_a_builtin(tmp_path: Path) -> None:
    text = "interface %list { record item { id: u8 } f: func(items: list<item>) -> item; } world w { export %list; }"
    resolve, world = world_of(f"package a:b; {text}", tmp_path)
    assert "from wit_world.exports import list as _list\n" in skeleton(world)
    assert "def f(self, items: list[_list.Item]) -> _list.Item:" in skeleton(world)
    bindings = generate(resolve, world, "guest")["wit_world/exports/__init__.py"]
    assert "def f(self, items: builtins.list[_list.Item]) -> _list.Item:" in bindings


def test_no_import_of_a_module_hides_the_module_of_exports_that_has_its_name(tmp_path: Path) -> None:
    text = "interface i { record r { a: u8 } resource s { f: func(r: r); } g: func(r: r); } world w { import i; export i; }"
    resolve, world = world_of(f"package a:b; {text}", tmp_path)
    assert "class S(i.S):" in skeleton(world)
    assert "from wit_world.exports import i\n" in skeleton(world)
    bindings = generate(resolve, world, "guest")["wit_world/exports/__init__.py"]
    assert "from ..imports import i as _i\n" in bindings


def test_a_type_of_the_world_hides_no_builtin_where_the_package_brings_it_in(tmp_path: Path) -> None:
    text = "package a:b; world w { record not-implemented-error { a: u8 } export f: func(e: not-implemented-error); }"
    resolve, world = world_of(text, tmp_path)
    package = generate(resolve, world, "host")["__init__.py"]
    assert "from .types import NotImplementedError as NotImplementedError\n" in package
    assert "        raise builtins.NotImplementedError\n" in package


CHECK = """
import inspect, package
from package.imports import kinds, result as interface
from package.exports import result as exported
from airssys_sdk.wit.shapes import shape_of, signature_of
names = {field.name for field in shape_of(kinds.ARecord).fields}
assert len(names) > 120 and {"class", "int", "not-implemented-error", "wit"} <= names
assert {case.name for case in shape_of(kinds.AVariant).cases} == names
for cls in (interface.Result, exported.Result):
    for name, member in vars(cls).items():
        if hasattr(member, "__wit__") or hasattr(member, "stub"):
            signature_of(getattr(cls, name))
"""


def _run(command: list[str], folder: Path) -> None:
    program = str(Path(sys.executable).with_name(command[0]))
    done = subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
