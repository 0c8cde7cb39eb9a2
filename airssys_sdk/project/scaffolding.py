"""A new project from a template: complete with bindings, and nothing at all if anything fails."""

from __future__ import annotations

import importlib
import keyword
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ..errors import AirssysError, UsageError
from ..resources import data_folder
from ..wit._keywords import identifier as wit_identifier
from .app_modules import TAKEN
from .model import Project

Template: TypeAlias = Literal["component", "library"]
"""`component` answers messages in the runtime (`airssys:core/runtime-host`); `library` has a world of its own."""

_TAKEN = TAKEN | {"bindings", "dist", "src", "test", "tests"}
_CORE_WORLD = "airssys-core"
_PARTS = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")
"""A name that is good in WIT as well as in a manifest."""


def scaffold(
    template: Template,
    name: str,
    out: Path | None = None,
    *,
    no_input: bool = True,
    values: Mapping[str, str] | None = None,
) -> Project:
    """Make a new project and generate its bindings.

    Args:
        template: which kind.
        name: the component's name, such as `word-count`.
        out: the project's folder, which must not exist or be empty; by default `name` in the working directory.
        no_input: take the defaults instead of asking on the terminal.
        values: answers for `namespace`, `description`, `author` and `license`; the rest is asked for or default.

    Raises:
        UsageError: the name will not do, or the folder is taken. Nothing is written then.
        AirssysError: the folder cannot be written.
    """
    module = module_name(name)
    target = (out if out is not None else Path(name)).absolute()
    if target.is_symlink() or target.exists():
        _must_be_empty(target)
    answers = {**(values or {}), "name": name, "module": module}
    context = _context(data_folder("cookiecutter") / template, answers, no_input=no_input)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise AirssysError(f"no project can be made here: {error.strerror}", where=str(target)) from error
    try:
        made = _render(template, context, work)
        made.replace(target)
    except OSError as error:
        raise AirssysError(f"the project cannot be written: {error.strerror}", where=str(target)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Project.load(target)


def module_name(name: str) -> str:
    """The Python module for a component's name.

    Raises:
        UsageError: the name is not one that a component can have, or its module would hide another one.
    """
    hint = "choose a name such as word-count: lowercase letters and digits, in parts that begin with a letter, with hyphens between them"
    if not _PARTS.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a component", hint=hint)
    module = name.replace("-", "_")
    if keyword.iskeyword(module):
        raise UsageError(f"{name!r} is a keyword of Python and cannot be the name of a module", hint=hint)
    if module in _TAKEN:
        raise UsageError(
            f"the module {module!r} would hide one that Python or the SDK brings",
            hint=f"choose another name, such as my-{name}",
        )
    return module


def _must_be_empty(target: Path) -> None:
    if not target.is_dir() or target.is_symlink():
        raise UsageError("there is something with this name already", where=str(target))
    if any(target.iterdir()):
        raise UsageError(
            "the folder is not empty",
            where=str(target),
            hint="choose another name, or another folder with --out",
        )


def _context(template: Path, answers: Mapping[str, str], *, no_input: bool) -> dict[str, Any]:
    """The variables of the template: answers, and for the rest defaults or what the user types."""
    generating, prompting = _cookiecutter("generate"), _cookiecutter("prompt")

    context = generating.generate_context(str(template / "cookiecutter.json"), extra_context=dict(answers))
    # Only defaults are templates: an answer is text, whatever it looks like.
    asked = {key: value for key, value in context["cookiecutter"].items() if key not in answers}
    chosen: dict[str, str] = {
        **prompting.prompt_for_config({"cookiecutter": asked}, no_input=no_input),
        **answers,
    }
    if not _PARTS.fullmatch(chosen["namespace"]):
        raise UsageError(
            f"{chosen['namespace']!r} cannot be a namespace",
            hint="use lowercase letters and digits, in parts that begin with a letter, with hyphens between them",
        )
    package = f"{wit_identifier(chosen['namespace'])}:{wit_identifier(chosen['name'])}"
    return {"cookiecutter": {**chosen, "package": package}}


def _render(template: Template, context: dict[str, Any], work: Path) -> Path:
    """The whole project below `work`, with its WIT and bindings."""
    from .generating import generate_project

    folder = data_folder("cookiecutter") / template
    made = Path(_cookiecutter("generate").generate_files(str(folder), context, str(work), accept_hooks=False))
    for compiled in [*made.rglob("__pycache__")]:  # what an installer made of the template's files
        shutil.rmtree(compiled)
    if template == "component":
        shutil.copytree(data_folder("wit") / _CORE_WORLD, made / "wit", copy_function=shutil.copyfile)
    generate_project(Project.load(made))
    return made


def _cookiecutter(module: str) -> Any:
    """A module of cookiecutter, which has no types and takes 100 ms to import."""
    return importlib.import_module(f"cookiecutter.{module}")
