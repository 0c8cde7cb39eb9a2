"""pykka and thespian: what a `tell` and an `ask` take there, of the processor, on all threads.

Thespian is measured with its default, `simpleSystemBase`: a message is handled on the sender's own thread before the call returns, so
nothing runs beside the sender. Its other bases, with a process for each actor, take a hundred times as long.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .common import Unavailable

ASKS = 500
TELLS = 2_000


class Pykka:
    """Actors of pykka, each with a thread.

    Raises:
        Unavailable: it is not installed.
    """

    def __init__(self) -> None:
        self._pykka: Any = _imported("pykka")
        self.version = importlib.metadata.version("pykka")

        class Echo(self._pykka.ThreadingActor):  # type: ignore[misc, name-defined]
            def on_receive(self, message: object) -> object:
                return message

        self._ref = Echo.start()

    def tell(self) -> float:
        """Seconds of a tell, its handling included."""

        def tells() -> None:
            for number in range(TELLS):
                self._ref.tell(number)
            self._ref.ask(0)

        return _processor_time(tells) / TELLS

    def ask(self) -> float:
        """Seconds of an ask."""
        return _processor_time(lambda: [self._ref.ask(number) for number in range(ASKS)]) / ASKS

    def close(self) -> None:
        """Stop its threads."""
        self._pykka.ActorRegistry.stop_all()


class Thespian:
    """Actors of thespian.

    Raises:
        Unavailable: it is not installed.
    """

    def __init__(self) -> None:
        actors: Any = _imported("thespian.actors")
        self.version = importlib.metadata.version("thespian")

        class Sink(actors.Actor):  # type: ignore[misc]
            def receiveMessage(self, message: object, sender: object) -> None:  # noqa: N802
                pass

        class Echo(actors.Actor):  # type: ignore[misc]
            def receiveMessage(self, message: object, sender: object) -> None:  # noqa: N802
                self.send(sender, message)

        self._system: Any = actors.ActorSystem("simpleSystemBase")
        self._sink, self._echo = self._system.createActor(Sink), self._system.createActor(Echo)

    def tell(self) -> float:
        """Seconds of a tell, its handling included."""
        return _processor_time(lambda: [self._system.tell(self._sink, n) for n in range(TELLS)]) / TELLS

    def ask(self) -> float:
        """Seconds of an ask."""
        return _processor_time(lambda: [self._system.ask(self._echo, n, 5) for n in range(ASKS)]) / ASKS

    def close(self) -> None:
        """Stop the system."""
        self._system.shutdown()


def _processor_time(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Unavailable(
            "it is not installed; `python -m pip install --group bench` does that, or says why not"
        ) from None
