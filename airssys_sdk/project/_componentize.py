"""A process of its own: runs componentize-py once, as told by a JSON file, and leaves its error in another.

It is run by path with an isolated interpreter, so that nothing of the host's environment reaches the guest; it
calls componentize-py's function and not its command, which would put the host's site-packages on the guest's path.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

FAILED = 3
"""Exit code when componentize-py refused or panicked; its text stands in the error file."""


def main(job_file: str, error_file: str) -> int:
    """Run the job: `library`, the folder that holds componentize-py, and `arguments` for its function."""
    job = json.loads(Path(job_file).read_text("utf-8"))
    sys.path.insert(0, job["library"])
    componentize_py: Any = importlib.import_module("componentize_py")  # in the folder that the job names

    arguments = job["arguments"]
    for names in ("import_interface_names", "export_interface_names"):
        arguments[names] = [tuple(pair) for pair in arguments[names]]  # JSON has no tuples
    try:
        componentize_py.componentize(**arguments)
    except BaseException as error:  # noqa: BLE001 - a panic of the tool comes as a BaseException
        Path(error_file).write_text(f"{type(error).__name__}\n{error}", "utf-8")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
