"""A small project that the tests of building copy, change and build."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

FILES = {
    "Component.toml": """
        [component]
        namespace = "example"
        name = "tally"
        version = "0.1.0"
        world = "example:tally/library@0.1.0"

        [build]
        app = "tally.component"
        dependencies = ["wheels"]
        """,
    "wit/tally.wit": """
        package example:tally@0.1.0;

        interface counter {
          /// Adds to the total and returns it. Documentation is no code: \"\"\"
          add: func(amount: u32) -> u32;
          total: func() -> u32;
          fail: func(reason: string);
          settings: func(data: string) -> list<string>;
        }

        world library {
          export counter;
          export version: func() -> string;
        }
        """,
    "src/tally/__init__.py": "",
    "src/tally/component.py": """
        from airssys_sdk import guest
        from labels import label
        from wit_world import exports


        class Counter(exports.Counter):
            def __init__(self) -> None:
                self.sum = 0

            def add(self, amount: int) -> int:
                self.sum += amount
                return self.sum

            def total(self) -> int:
                return self.sum

            def fail(self, reason: str) -> None:
                raise LookupError(reason)

            def settings(self, data: str) -> list[str]:
                return sorted(guest.config(Config(data.encode())))


        class Config:
            def __init__(self, config_data: bytes) -> None:
                self.config_data = config_data


        class WitWorld:
            def version(self) -> str:
                return label("0.1.0")
        """,
    "wheels/labels/__init__.py": """
        def label(version: str) -> str:
            return f"tally {version}"
        """,
}


def write_sample(folder: Path) -> Path:
    """Write the project and give its folder."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"), "utf-8")
    return folder


def change(file: Path, old: str, new: str) -> None:
    """Replace a text that must be there exactly once."""
    text = file.read_text("utf-8")
    if text.count(old) != 1:
        raise ValueError(f"{old!r} stands {text.count(old)} times in {file}")
    file.write_text(text.replace(old, new), "utf-8")
