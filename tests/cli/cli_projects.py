"""Two projects that the tests of this folder build once: an actor that misbehaves on demand, and a library."""

from __future__ import annotations

from pathlib import Path

TRIAL_MANIFEST = """\
[component]
namespace = "test"
name = "trial"
version = "0.3.0"
world = "airssys:core/runtime-host@1.0.0"

[build]
app = "trial.component"

[limits]
deadline = "2s"

[supervision]
backoff = { base = "1ms" }
"""

TRIAL = """\
import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.component_lifecycle import ComponentMetadata
from wit_world.imports import host_messaging, host_services, storage
from wit_world.imports.errors import ComponentError_InitializationFailed
from wit_world.imports.types import ComponentConfig, ComponentId, ComponentMessage, HealthStatus, LogLevel


class ComponentLifecycle(exports.ComponentLifecycle):
    def initialize(self, config: ComponentConfig) -> None:
        asked = json.loads(config.config_data or b"{}")
        if "refuse" in asked:
            raise Err(ComponentError_InitializationFailed("not \\x1b[31m today"))
        if "victim" in asked:
            host_messaging.request(ComponentId("test", asked["victim"], "0"), b"boom", 10_000)

    def handle_message(self, msg: ComponentMessage) -> bytes | None:
        text = msg.payload.decode()
        if text == "boom":
            raise ValueError("the trial\\x1b[31m failed")
        if text == "spin":
            host_services.log(LogLevel.WARN, "spinning \\x1b[2J", None)
            while True:
                pass
        if text == "hungry":
            bytearray(1 << 30)
        if text == "nothing":
            return None
        if text == "raw":
            return bytes([0, 27, 255])
        if text == "count":
            count = int(storage.get("count") or b"0") + 1
            storage.set("count", str(count).encode())
            return str(count).encode()
        return f"you said {text}".encode()

    def handle_callback(self, msg: ComponentMessage) -> None:
        raise ValueError("no answer")

    def metadata(self) -> ComponentMetadata:
        return ComponentMetadata("trial", "0.3.0", "", "", "", [], False)

    def health(self) -> HealthStatus:
        return HealthStatus.HEALTHY

    def shutdown(self) -> None:
        pass
"""

LAB_MANIFEST = """\
[component]
namespace = "test"
name = "lab"
version = "1.0.0"
world = "test:lab/lab@1.0.0"

[build]
app = "lab.component"
"""

LAB_WIT = """\
package test:lab@1.0.0;

interface bench {
  record item { name: string, count: u8 }
  variant fault { missing(string), broken }

  /// Look something up.
  find: func(name: string, exact: option<bool>) -> result<item, fault>;
  double: func(items: list<item>) -> list<item>;
  boom: func(text: string);
  spin: func();
  hungry: func() -> u64;
}

interface clock { now: func() -> u64; }

world lab {
  import clock;
  export bench;
  export add: func(a: s32, b: s32) -> s32;
  export ask-clock: func() -> u64;
}
"""

LAB = """\
import sys

import wit_world
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import bench
from wit_world.imports import clock


class Bench(exports.Bench):
    def find(self, name: str, exact: bool | None) -> bench.Item:
        if name == "none":
            raise Err(bench.Fault_Missing(name))
        return bench.Item(name, 2 if exact else 1)

    def double(self, items: list[bench.Item]) -> list[bench.Item]:
        return [bench.Item(item.name, item.count * 2) for item in items]

    def boom(self, text: str) -> None:
        print("about to fail \\x1b[31m", flush=True)
        raise ValueError(text)

    def spin(self) -> None:
        print("spinning", file=sys.stderr, flush=True)
        while True:
            pass

    def hungry(self) -> int:
        return len(bytearray(1 << 30))


class WitWorld(wit_world.WitWorld):
    def add(self, a: int, b: int) -> int:
        return a + b

    def ask_clock(self) -> int:
        return clock.now()
"""


def write(folder: Path, manifest: str, code: str, wit: str) -> Path:
    """Write a project: manifest, app module, WIT."""
    name = folder.name
    source = folder / "src" / name
    source.mkdir(parents=True)
    (folder / "Component.toml").write_text(manifest)
    (source / "__init__.py").write_text("")
    (source / "component.py").write_text(code)
    (folder / "wit").mkdir()
    (folder / "wit" / "world.wit").write_text(wit)
    return folder
