"""Who hears about the progress of a build: the Protocol that a command implements, and one that keeps quiet."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

Stage: TypeAlias = Literal["generate", "build", "check", "compile"]
"""The stages of a build, in order: bindings, componentize-py, the check against the world, native code.

`compile` comes once for each profile."""


class Reporter(Protocol):
    """Hears which stage of a build runs. Called from the thread that called `build`.

    Every stage that `stage` begins ends with one `done`, unless the build fails or is interrupted.
    """

    def stage(self, name: Stage, detail: str) -> None:
        """A stage begins.

        Args:
            name: the stage.
            detail: what it works on, such as `example:hello/greeter` or `dist/hello.wasm`; safe for a terminal.
        """
        ...

    def done(self, name: Stage, *, fresh: bool, seconds: float) -> None:
        """A stage ended well.

        Args:
            name: the stage.
            fresh: nothing had to be done: what was there is up to date.
            seconds: how long it took.
        """
        ...


class Silent:
    """A `Reporter` that says nothing."""

    def stage(self, name: Stage, detail: str) -> None:
        """Say nothing."""

    def done(self, name: Stage, *, fresh: bool, seconds: float) -> None:
        """Say nothing."""
