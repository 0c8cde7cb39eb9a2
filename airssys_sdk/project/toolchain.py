"""componentize-py in a process of its own: staged inputs in, a component out, its errors made readable."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import BuildError, ToolMissingError
from ..wit._keywords import specifier
from .exports import ExportedClass
from .guest_errors import explain
from .guest_mends import Mends
from .inputs import Tree, inside_tree
from .mended_wit import mended_wit
from .process import run_child

_PACKAGE = "componentize_py"
_RUNNER = Path(__file__).with_name("_componentize.py")
_MAIN = "_airssys_main"


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """Everything that one run of componentize-py needs.

    Attributes:
        app: the author's module.
        world: the world, as the WIT names it.
        wit: the WIT, as a copy of its own.
        features: the `@unstable` features of it that are shown.
        path: the folders of the guest's path, in order; copies of their own, because the build may write into them.
        exports: what the app module must have.
        options: names of modules, as componentize-py's command takes them: `--world-module X`,
            `--import-interface-name A=B`, `--export-interface-name A=B`.
        stub_wasi: replace every WASI import with a trap.
        mends: what to put right in componentize-py's modules.
    """

    app: str
    world: str
    wit: Tree
    features: tuple[str, ...]
    path: tuple[Tree, ...]
    exports: tuple[ExportedClass, ...]
    options: tuple[str, ...]
    stub_wasi: bool
    mends: Mends


def componentize(job: Job, work: Path) -> Path:
    """Build a component.

    Args:
        job: what to build.
        work: an empty folder; everything that the build writes stays below it.

    Returns:
        the component, below `work`.

    Raises:
        BuildError: the guest's sources are at fault, or componentize-py cannot build them; `details` holds the
            guest's traceback or what the tool said.
        ToolMissingError: componentize-py is not installed.
    """
    arguments = _stage(job, work)
    job_file, error_file, output = work / "job.json", work / "error.txt", work / "component.wasm"
    job_file.write_text(json.dumps({"library": str(_library()), "arguments": arguments}), "utf-8")
    temporary = work / "tmp"
    temporary.mkdir()
    command: list[str | Path] = [sys.executable, "-I", "-S", _RUNNER, job_file, error_file]
    code, said = run_child(command, environment=_environment(temporary), folder=work)
    if code == 0 and output.is_file():
        return output
    if error_file.is_file():
        kind, _, text = error_file.read_text("utf-8").partition("\n")
        raise explain(job, kind, text)
    raise BuildError(
        f"componentize-py ended with code {code} and left no component",
        hint="run again; if it happens again, free memory and disk space or reinstall componentize-py",
        details=explain(job, "", said).details,
    )


def _stage(job: Job, work: Path) -> dict[str, Any]:
    """Write the module that is wrapped, and give the arguments of componentize-py's function."""
    entry = work / "entry"
    entry.mkdir()
    inside_tree().copied(entry / "_airssys_entry")
    (entry / f"{_MAIN}.py").write_text(_main(job), "utf-8")
    options = _parsed(job.options)
    source = job.wit.root if job.wit.is_folder else job.wit.root / job.wit.files[0]
    return {
        "wit_path": [str(mended_wit(source, work / "mended", features=job.features))],
        "worlds": [specifier(job.world)],
        "features": list(job.features),
        "all_features": False,
        "world_module": next((value for name, value in options if name == "--world-module"), None),
        "python_path": [str(entry), *(str(tree.root) for tree in job.path)],
        "module_worlds": [],
        "app_name": _MAIN,
        "output_path": str(work / "component.wasm"),
        "stub_wasi": job.stub_wasi,
        "import_interface_names": _pairs(options, "--import-interface-name"),
        "export_interface_names": _pairs(options, "--export-interface-name"),
        "full_names": any(name == "--full-names" for name, _ in options),
        "intersect_world": None,
    }


def _main(job: Job) -> str:
    """The module that componentize-py is told to wrap: it hands over the author's classes once they are checked."""
    plan = {
        "app": job.app,
        "folders": {f"/{at}": tree.shown for at, tree in enumerate(job.path, start=1)},
        "hidden": ["/0/", "/python/importlib/"],
        "exports": [
            {
                "class": export.name,
                "interface": export.interface,
                "functions": [dataclasses.asdict(function) for function in export.functions],
                "found_as": export.found_as,
            }
            for export in job.exports
        ],
        **dataclasses.asdict(job.mends),
    }
    return (
        "import json\n\nfrom _airssys_entry.entry import prepare\n\n"
        f"globals().update(prepare(json.loads({json.dumps(plan)!r})))\n"
    )


def _parsed(options: Sequence[str]) -> list[tuple[str, str]]:
    """Command-line options as pairs; both `--name value` and `--name=value` are understood."""
    pairs: list[tuple[str, str]] = []
    rest = iter(options)
    for option in rest:
        name, equals, value = option.partition("=")
        if not equals and name != "--full-names":
            value = next(rest)
        pairs.append((name, value))
    return pairs


def _pairs(options: Sequence[tuple[str, str]], wanted: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in options:
        if name == wanted:
            interface, _, module = value.rpartition("=")
            found.append((interface, module))
    return found


def _library() -> Path:
    """The folder that holds componentize-py's package; found without importing it."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ToolMissingError(
            "componentize-py, which builds guests, is not installed", hint="pip install componentize-py"
        )
    return Path(spec.origin).parent.parent


def _environment(temporary: Path) -> Mapping[str, str]:
    """The host's environment, with temporary files kept below the build and nothing that changes its result."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "CONDA", "RUST_", "PIPENV"))
    }
    return {
        **kept,
        "TMPDIR": str(temporary),
        "TMP": str(temporary),
        "TEMP": str(temporary),
        "RUST_BACKTRACE": "0",
    }
