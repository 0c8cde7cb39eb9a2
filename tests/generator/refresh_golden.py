"""Writes tests/golden anew. Run it after a change of the generator, and read the difference before you commit it.

python tests/generator/refresh_golden.py
"""

from __future__ import annotations

import shutil

from generator_worlds import golden_folder, golden_sources, put


def main() -> None:
    """Write the output of every golden world and package."""
    for source in golden_sources():
        folder = golden_folder(source)
        for target in source.targets:
            shutil.rmtree(folder / target, ignore_errors=True)
            put(source.generate(target), folder / target)


if __name__ == "__main__":
    main()
