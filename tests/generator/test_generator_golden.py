"""The emitted code for small worlds, checked in to be read. `python tests/generator/refresh_golden.py` renews it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from generator_worlds import Source, golden_folder, golden_sources, golden_worlds

from airssys_generator import Target

ALL = golden_sources()
BOTH = [(source, target) for source in ALL for target in source.targets]


@pytest.mark.parametrize(("source", "target"), BOTH, ids=lambda one: getattr(one, "name", one))
def test_the_output_for_a_golden_world_is_what_is_checked_in(source: Source, target: Target) -> None:
    folder = golden_folder(source) / target
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    there = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}
    assert source.generate(target) == there


@pytest.mark.parametrize(
    "source", [one for one in ALL if "host" in one.targets], ids=lambda source: source.name
)
def test_a_golden_host_package_imports_and_every_function_has_a_signature(source: Source) -> None:
    folder = golden_folder(source)
    _python(
        """
        import host, importlib, inspect, pkgutil
        from airssys_sdk.wit.annotations import MARKER, FunctionMarker, ResourceMarker
        from airssys_sdk.wit.shapes import signature_of
        names = ["host", *(m.name for m in pkgutil.walk_packages(host.__path__, "host."))]
        count = 0
        for module in map(importlib.import_module, names):
            for cls in [value for value in vars(module).values() if inspect.isclass(value)]:
                resource = cls if isinstance(getattr(cls, MARKER, None), ResourceMarker) else None
                for _, member in inspect.getmembers(cls):
                    member = getattr(member, "__func__", member)
                    if isinstance(getattr(member, MARKER, None), FunctionMarker):
                        signature_of(member, resource)
                        count += 1
        assert count
        """,
        folder,
    )


@pytest.mark.parametrize("source", golden_worlds("host"), ids=lambda source: source.name)
def test_importing_a_host_package_loads_nothing_that_only_calls_need(source: Source) -> None:
    _python(
        """
        import host, sys
        ours = {name.removeprefix("airssys_sdk.") for name in sys.modules if name.startswith("airssys_sdk.")}
        assert ours <= {
            "component", "component.errors", "component.hosting", "component.hosting.resources",
            "component.hosting.worlds", "errors", "wit", "wit.annotations", "wit.values",
        }, ours
        assert "wasmtime" not in sys.modules
        """,
        golden_folder(source),
    )


@pytest.mark.parametrize("source", golden_worlds("guest"), ids=lambda source: source.name)
def test_a_golden_guest_imports_and_its_functions_say_which_is_missing(source: Source) -> None:
    _python(
        """
        import asyncio, component, inspect
        classes = [c for c in vars(component).values() if inspect.isclass(c) and c.__module__ == "component"]
        assert classes
        for cls in classes:
            for name, member in vars(cls).items():
                function = getattr(member, "__func__", member)
                if not inspect.isfunction(function) or function.__qualname__ != f"{cls.__name__}.{name}":
                    continue
                if name[:2] == "__" and name != "__init__":
                    continue
                try:
                    found = function(*range(len(inspect.signature(function).parameters)))
                    if inspect.iscoroutine(found):
                        asyncio.run(found)
                except NotImplementedError as error:
                    assert "#" in str(error), name
                else:
                    raise SystemExit(f"{name} does something")
        """,
        golden_folder(source) / "guest",
    )


def _python(code: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", textwrap.dedent(code)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
