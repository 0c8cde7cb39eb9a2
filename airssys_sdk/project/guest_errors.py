"""Makes an error of the build readable: from what componentize-py and the guest said to one that names the author's line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import BuildError
from ..wit._text import nearest, printable
from .inside.entry import REPORT

if TYPE_CHECKING:
    from .toolchain import Job

_CAUSE = re.compile(r"\n\s*Caused by:\n(?P<causes>.*)\Z", re.DOTALL)


def explain(job: Job, kind: str, text: str) -> BuildError:
    """The error behind a failed run.

    Args:
        job: what was built.
        kind: the type of the tool's exception; empty when it died without one.
        text: everything it said: the guest's output, the guest's report if there is one, the causes.
    """
    before, found, report = text.rpartition(f"\n{REPORT}")
    if found:
        line, _, _ = report.partition("\n")
        told = json.loads(line)
        said = before.strip("\n")
        return _missing(job, told) if told["kind"] == "missing" else _raised(job, told, said)
    if "Panic" in kind:
        return BuildError(
            "componentize-py panicked: it cannot build a guest for this world",
            where=job.world,
            hint="maps and fixed-length lists are not supported by it yet",
            details=_safe(text),
        )
    match = _CAUSE.search(text)
    output = (text[: match.start()] if match else text).strip("\n")
    causes = _safe(match["causes"] if match else "").strip()
    last = (
        re.sub(r"^\d+: ", "", causes.splitlines()[-1].strip())
        if causes
        else printable(output.splitlines()[-1])
        if output
        else "it gave no reason"
    )
    return BuildError(
        f"componentize-py could not build {job.app}: {last}",
        where=job.wit.shown if "resolve" in text.lower() else None,
        details="\n".join(part for part in (_safe(output), causes) if part) or None,
    )


def _raised(job: Job, told: Mapping[str, Any], said: str) -> BuildError:
    """The author's module raised while it was imported."""
    place = told["file"]
    if place and told["line"]:
        place = f"{place}:{told['line']}"
    summary = f"{told['type']}: {told['message']}" if told["message"] else told["type"]
    details = _safe(told["traceback"].rstrip("\n"))
    if said:
        details += f"\n\nThe guest printed:\n{_safe(said)}"
    return BuildError(
        f"{told['doing']} failed in the guest: {_safe(summary)}",
        where=printable(place) if place else None,
        hint=_hint(job, told),
        details=details,
    )


def _hint(job: Job, told: Mapping[str, Any]) -> str | None:
    missing = told["missing"]
    if told["lacking"] is not None and (hint := _hint_on_bindings(job, *told["lacking"])) is not None:
        return hint
    if missing is None:
        if told["type"] == "SystemExit":
            return "a component's module must not end the process"
        return None
    if (hint := _hint_on_bindings(job, *missing.rpartition(".")[::2])) is not None:
        return hint
    missing = printable(missing)
    if job.app == missing or job.app.startswith(f"{missing}."):
        folders = ", ".join(tree.shown for tree in job.path)
        return f"build.app in Component.toml names the module {job.app}; looked for it in {folders}"
    package = missing.partition(".")[0]
    return (
        "a guest sees its own sources, Python's standard library and the folders of build.dependencies. "
        f"For a pure Python package: pip install --target wheels {package}, "
        'and in Component.toml: dependencies = ["wheels"]'
    )


def _hint_on_bindings(job: Job, module: str, name: str) -> str | None:
    """What to do about a name that the bindings lack; None if it has nothing to do with them."""
    whole = f"{module}.{name}" if module else name
    package = whole.partition(".")[0]
    if package == "wit_world":
        return (
            f"`{printable(whole)}` would come from the WIT in {job.wit.shown}, which does not have it, or no more: take "
            "the import out, with the code that needs it. `airssys-sdk generate` says what of the module has left the WIT"
        )
    if package.startswith("componentize_py_"):
        return f"componentize-py gives guests of this world no `{printable(whole)}`: take the import out"
    return None


def _missing(job: Job, told: Mapping[str, Any]) -> BuildError:
    """The author's module lacks something that the world exports."""
    lines = [_problem(job, problem) for problem in told["problems"]]
    first = told["problems"][0]
    line = first.get("line")
    needs_skeleton = any(problem["what"] in {"class", "method"} for problem in told["problems"])
    return BuildError(
        lines[0],
        where=printable(told["file"] + (f":{line}" if line else "")),
        hint="airssys-sdk generate writes what is missing into the module" if needs_skeleton else None,
        details="\n".join(f"also: {line}" for line in lines[1:]) or None,
    )


def _problem(job: Job, problem: Mapping[str, Any]) -> str:
    name, interface = printable(problem["class"]), printable(problem["interface"])
    if problem["what"] == "class":
        close = nearest(name, problem["present"])
        return f"{job.app} has no class {name}, which implements {interface}" + (
            f"; there is a class {printable(close)}" if close else ""
        )
    method = f"{name}.{problem['method']}"
    function = f"{interface}#{problem['function']}"
    wanted = f"def {problem['method']}({', '.join(['self', *problem['parameters']])})"
    match problem["what"]:
        case "method":
            close = nearest(
                problem["method"], [one for one in problem["present"] if not one.startswith("__")]
            )
            return f"class {name} has no method {problem['method']}, which implements {function}" + (
                f"; there is a method {printable(close)}" if close else ""
            )
        case "callable":
            return f"{method} is not a method; it must implement {function}"
        case "async":
            return f"{method} must be `async def`, because {function} is an async func"
        case "static":
            return f"{method} must be a `classmethod`, because {function} is a static func"
        case "method of objects":
            return f"{method} must take `self`, because {function} belongs to one object"
        case "sync":
            return f"{method} must be a plain `def`, because {function} is not an async func"
        case _:
            return f"{method}{printable(problem['signature'])} does not fit {function}, which needs {wanted}"


def _safe(text: str) -> str:
    return printable(text, keep="\n\t")
