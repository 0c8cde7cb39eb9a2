from __future__ import annotations

import subprocess
import sys
import threading
from typing import cast

import pytest

from airssys_sdk.component.engine.profiles import Engine, Profile, engine, target, version
from airssys_sdk.errors import UsageError


def test_each_profile_has_one_engine_whatever_thread_asks_first() -> None:
    found: list[Engine] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        found.append(engine("metered"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    assert found[0].metered
    assert not engine("plain").metered
    assert engine() is engine("plain")


def test_an_unknown_profile_is_an_error_that_names_the_known_ones() -> None:
    for make in (engine, Engine):
        with pytest.raises(UsageError, match="plain, metered"):
            make(cast("Profile", "fast"))


def test_the_engine_says_what_it_is() -> None:
    assert version().split(".")[0].isdigit()
    assert sys.platform in target()
    assert repr(engine("plain")) == "Engine('plain')"


def test_naming_what_components_need_does_not_load_the_engine() -> None:
    script = "import sys; from airssys_sdk.component import Limits, Wasi; print('wasmtime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
