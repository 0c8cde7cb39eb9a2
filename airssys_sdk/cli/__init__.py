"""The command `airssys-sdk`: one module a command, none of them with logic of its own.

`main` is the entry point; nothing else here is an interface for programs.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code.

    Exit codes: 0 done, 1 failure, 2 wrong usage, 7 an input that is not valid, 8 a guest that cannot be built,
    130 interrupted by Ctrl-C, 143 ended by a termination signal.

    Args:
        arguments: what follows the command's name; by default those of the process.
    """
    try:
        from airssys_sdk.cli.entry import run
    except KeyboardInterrupt:
        return 130
    code = run(arguments)
    if arguments is None:
        # The process ends now. Looking through all objects for cycles once more would take most of its last 65 ms.
        gc.freeze()
    return code
