"""The generator on a world as large as `wasi:http/proxy` with its dependencies: time, the size of the package, its import."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from airssys_generator import Target, generate
from airssys_sdk.wit.reader import find_world, read
from benchmarks.commands import RUNS, best_of

INTERFACES = 12
"""As many as that world has; with 15 resources, 60 methods and 18 other functions the rest is as large as well."""

_DOCS = (
    "Give what stands there, or wait until it does. The caller owns what it gets and drops it when it is done",
    "with it; until then nobody else sees a change. An index beyond the end is an error and changes nothing.",
    "What was given before stays valid.",
)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "wit"
        source.mkdir()
        for name, text in wit():
            (source / name).write_text(text)
        measure(source, Path(folder))


def measure(source: Path, folder: Path) -> None:
    """Measure both targets and the import."""
    text = sum(file.stat().st_size for file in source.glob("*.wit"))
    print(f"{'a world of ' + str(text // 1000) + ' kB of WIT, best of ' + str(RUNS):52}{'':>8}{'goal':>8}")
    targets: tuple[Target, ...] = ("host", "guest")
    for target in targets:
        out = folder / target
        command = ["generate", target, str(source), "--world", "proxy", "--out"]
        places = iter([*(str(folder / f"{target}{run}") for run in range(RUNS - 1)), str(out)])
        took = min(best_of([*command, place], runs=1) for place in places)
        _row(f"generate {target}, as a process", took, 500)
        _row(f"generate {target}, in-process after the first", _again(source, target), 150)
        size = sum(file.stat().st_size for file in out.rglob("*.py"))
        print(f"{'size of the ' + target + ' package / that of the WIT':52}{size / text:8.2f}{'< 6':>8}")
    _row("import of the host package, in a new process", _imported(folder), 60)
    _row("import of airssys_sdk.component alone", _imported(folder, "airssys_sdk.component"), None)


def _row(name: str, milliseconds: float, goal: int | None) -> None:
    print(f"{name:52}{milliseconds:5.0f} ms{'' if goal is None else f'< {goal}':>8}")


def _again(source: Path, target: Target) -> float:
    """Milliseconds for reading and generating, when everything is loaded."""

    def once() -> float:
        begin = time.perf_counter()
        resolve = read(source, world="proxy")
        generate(resolve, find_world(resolve, "proxy"), target)
        return (time.perf_counter() - begin) * 1000

    once()
    return min(once() for _ in range(RUNS))


def _imported(folder: Path, module: str = "host") -> float:
    """Milliseconds for an import in a fresh Python, everything compiled to bytecode as it is after an installation."""
    compileall.compile_dir(folder / "host", quiet=2)
    compileall.compile_dir(Path(__file__).parent.parent / "airssys_sdk", quiet=2)
    program = f"import time; b = time.perf_counter(); import {module}; print(time.perf_counter() - b)"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", program]
    runs = [
        subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, text=True
        ).stdout
        for _ in range(RUNS)
    ]
    return min(float(run) for run in runs) * 1000


def wit() -> Iterator[tuple[str, str]]:
    """The files of the world."""
    yield "values.wit", _values()
    for number in range(1, INTERFACES - 1):
        yield f"part{number}.wit", _part(number)
    imports = "".join(f"  import part{number};\n" for number in range(1, INTERFACES - 2))
    exports = f"  export part{INTERFACES - 2};\n"
    yield "proxy.wit", f"package bench:http@0.2.8;\n\nworld proxy {{\n{imports}{exports}}}\n"


def _values() -> str:
    """The interface with the types that the others use."""
    variants = "".join(
        f"  {_docs(2)}  variant failure{number} {{\n"
        + "".join(f"    case{case}{'(string)' if case % 3 == 0 else ''},\n" for case in range(12))
        + "  }\n"
        for number in range(5)
    )
    records = "".join(
        f"  record pair{number} {{ name: string, value: option<u64> }}\n" for number in range(4)
    )
    aliases = "".join(f"  type name{number} = string;\n" for number in range(5))
    return f"package bench:http@0.2.8;\n\ninterface values {{\n{variants}{records}{aliases}}}\n"


def _part(number: int) -> str:
    """An interface with resources."""
    uses = f"  use values.{{failure{number % 5}, pair{number % 4}, name{number % 5}}};\n"
    resources = "".join(
        f"  {_docs(2)}  resource thing{number}x{at} {{\n"
        + (f"    {_docs(4)}    constructor(name: name{number % 5});\n" if number <= 4 and at == 0 else "")
        + "".join(
            f"    {_docs(4)}    step{step}: func(length: u64, at: option<name{number % 5}>)"
            f" -> result<list<pair{number % 4}>, failure{number % 5}>;\n"
            for step in range(4)
        )
        + (f"    {_docs(4)}    open: static func() -> thing{number}x0;\n" if number <= 4 and at == 0 else "")
        + "  }\n"
        for at in range(2 if number <= 5 else 1)
    )
    return f"package bench:http@0.2.8;\n\ninterface part{number} {{\n{uses}{resources}  run: func(data: list<u8>) -> bool;\n}}\n"


def _docs(indent: int) -> str:
    return "".join(f"/// {line}\n{' ' * indent}" for line in _DOCS).strip(" ")


if __name__ == "__main__":
    main()
