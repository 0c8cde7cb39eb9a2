"""A native component and its host package, written as the generator would write it, for the tests of calls and imports."""

from __future__ import annotations

import dataclasses
import typing
from typing import TypeAlias

from natives import MEMORY, PAD, build

from airssys_sdk import component as wit

WIT = f"""
package test:calls@1.2.0;
interface types {{
  type pad = {PAD};
  record item {{ id: string, price-cents: u64, tags: list<string>, ratio: option<f32> }}
  variant lookup-error {{ missing(string), %none, bad(u8) }}
}}
interface clock {{
  use types.{{lookup-error, pad}};
  now: func() -> u64;
  look: func(key: string, pad: pad) -> result<string, lookup-error>;
  check: func() -> result;
}}
interface unused {{ nothing: func(); }}
interface api {{
  use types.{{item, lookup-error, pad}};
  add: func(a: s32, b: s32) -> s32;
  answer: func(value: result<item, lookup-error>, pad: pad) -> result<item, lookup-error>;
  done: func(ok: bool) -> result;
  time: func() -> u64;
  relay: func(key: string, pad: pad) -> result<string, lookup-error>;
  check: func() -> bool;
  say: func(text: string);
  crash: func();
}}
world playground {{
  import clock;
  import unused;
  import log: func(text: string);
  export api;
  export version: func() -> u32;
}}
world other {{ import stranger: func(); export version: func() -> u32; }}
world lesser {{ export version: func() -> u32; }}
world changed {{ export api: interface {{ add: func(a: s32, b: string) -> s32; }} }}
"""

_API = "test:calls/api@1.2.0"
_CLOCK = "test:calls/clock@1.2.0"
CORE = f"""(module
  (import "{_CLOCK}" "now" (func $now (result i64)))
  (import "{_CLOCK}" "look" (func $look (param i32 i32)))
  (import "{_CLOCK}" "check" (func $check (result i32)))
  (import "$root" "log" (func $log (param i32 i32)))
  {MEMORY}
  (func (export "{_API}#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "{_API}#answer") (param i32) (result i32) (local.get 0))
  (func (export "{_API}#done") (param i32) (result i32) (i32.eqz (local.get 0)))
  (func (export "{_API}#time") (result i64) (call $now))
  (func (export "{_API}#relay") (param i32) (result i32) (call $look (local.get 0) (i32.const 1024)) (i32.const 1024))
  (func (export "{_API}#check") (result i32) (i32.eqz (call $check)))
  (func (export "{_API}#say") (param i32 i32) (call $log (local.get 0) (local.get 1)))
  (func (export "{_API}#crash") (unreachable))
  (func (export "version") (result i32) (i32.const 7))
)"""


def playground() -> bytes:
    """The component."""
    return build(WIT, CORE, "playground")


@wit.record("test:calls/types@1.2.0#item")
@dataclasses.dataclass(slots=True)
class Item:
    id: str
    price_cents: wit.U64
    tags: list[str]
    ratio: wit.F32 | None


@wit.case("test:calls/types@1.2.0#lookup-error", "missing")
@dataclasses.dataclass(slots=True)
class LookupError_Missing:
    value: str


@wit.case("test:calls/types@1.2.0#lookup-error", "none")
@dataclasses.dataclass(slots=True)
class LookupError_None_:
    pass


@wit.case("test:calls/types@1.2.0#lookup-error", "bad")
@dataclasses.dataclass(slots=True)
class LookupError_Bad:
    value: wit.U8


LookupError: TypeAlias = LookupError_Missing | LookupError_None_ | LookupError_Bad  # noqa: A001  (its name in the WIT)


class LookupErrorRaised(wit.Err[LookupError]):
    pass


class CheckRaised(wit.Err[None]):
    pass


class DoneRaised(wit.Err[None]):
    pass


# fmt: off
Pad: TypeAlias = tuple[
    wit.U32, wit.U32, wit.U32, wit.U32, wit.U32, wit.U32, wit.U32, wit.U32,
    wit.U32, wit.U32, wit.U32, wit.U32, wit.U32, wit.U32, wit.U32, wit.U32,
]
# fmt: on


@wit.interface("test:calls/clock@1.2.0")
class Clock(typing.Protocol):
    @wit.function("now")
    def now(self) -> wit.U64: ...

    @wit.function("look", raises=LookupErrorRaised)
    def look(self, key: str, pad: Pad) -> str: ...

    @wit.function("check", raises=CheckRaised)
    def check(self) -> None: ...


@wit.interface("test:calls/unused@1.2.0")
class Unused(typing.Protocol):
    @wit.function("nothing")
    def nothing(self) -> None: ...


class PlaygroundImports(typing.Protocol):
    @property
    def clock(self) -> Clock: ...

    @property
    def unused(self) -> Unused: ...

    @wit.function("log")
    def log(self, text: str) -> None: ...


@wit.interface("test:calls/api@1.2.0")
class Api(wit.Exports):
    @wit.function("add")
    def add(self, a: wit.S32, b: wit.S32) -> wit.S32:
        """Add."""
        raise NotImplementedError

    @wit.function("answer", raises=LookupErrorRaised)
    def answer(self, value: wit.Ok[Item] | wit.Err[LookupError], pad: Pad) -> Item:
        raise NotImplementedError

    @wit.function("done", raises=DoneRaised)
    def done(self, ok: bool) -> None:
        raise NotImplementedError

    @wit.function("time")
    def time(self) -> wit.U64:
        raise NotImplementedError

    @wit.function("relay", raises=LookupErrorRaised)
    def relay(self, key: str, pad: Pad) -> str:
        raise NotImplementedError

    @wit.function("check")
    def check(self) -> bool:
        raise NotImplementedError

    @wit.function("say")
    def say(self, text: str) -> None:
        raise NotImplementedError

    @wit.function("crash")
    def crash(self) -> None:
        raise NotImplementedError


@wit.world("test:calls/playground@1.2.0")
class Playground(wit.World):
    api: Api

    @classmethod
    def load(
        cls,
        source: wit.Source,
        *,
        imports: object,
        limits: wit.Limits | None = None,
        engine: wit.Engine | None = None,
    ) -> typing.Self:
        return cls.open_world(source, PlaygroundImports, imports, limits=limits, engine=engine)

    @wit.function("version")
    def version(self) -> wit.U32:
        raise NotImplementedError


class Host:
    """Implements `PlaygroundImports`, except what the component does not import."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.logged: list[str] = []

    def log(self, text: str) -> None:
        self.logged.append(text)


class FixedClock:
    def now(self) -> int:
        return 1_700_000_000

    def look(self, key: str, pad: tuple[int, ...]) -> str:
        return key.upper()

    def check(self) -> None:
        return None
