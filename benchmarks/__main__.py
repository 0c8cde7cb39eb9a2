"""Every published figure, one table after the other: `python -m benchmarks [NAME ...]`.

Each set runs in a process of its own, so that none warms another's caches. Machines are noisy: read the ratios.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .components import SHARED

FOLDER = Path(__file__).parent
SETS = (
    *("calls", "guests", "peers", "slices"),
    *("actors", "topics", "messages", "nodes", "latency", "restarts", "deployments", "durable", "many"),
    *("generator", "commands"),
)


def main(names: list[str]) -> int:
    """Run the named sets, or all; returns the exit code."""
    unknown = [name for name in names if name not in SETS]
    if unknown:
        print(f"no figures are called {', '.join(unknown)}; there are: {', '.join(SETS)}", file=sys.stderr)
        return 2
    worst = 0
    with tempfile.TemporaryDirectory() as shared:
        environment = {SHARED: shared, **os.environ}
        for name in names or SETS:
            print(f"== {name} ==", flush=True)
            command = [sys.executable, "-m", f"benchmarks.{name}"]
            done = subprocess.run(command, cwd=FOLDER.parent, env=environment, check=False)
            worst = max(worst, done.returncode)
            print(flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
