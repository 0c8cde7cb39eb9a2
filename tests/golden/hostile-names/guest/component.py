"""A component of the world `example:hostile/typing`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

import builtins as _builtins

import wit_world
from wit_world import exports
from wit_world.imports import enum
from wit_world.imports import list as _list


class List(exports.List):
    def int(
        self,
        float: float,
        str: _list.Str,
    ) -> _builtins.list[_builtins.tuple[_builtins.int, _builtins.bool]]:
        raise NotImplementedError("example:hostile/list#int")

    def bool(self, list: _builtins.list[_builtins.bool]) -> _list.None_:
        raise NotImplementedError("example:hostile/list#bool")

    def list(self) -> bytes:
        raise NotImplementedError("example:hostile/list#list")

    def tuple(
        self,
        lambda_: _list.Property,
    ) -> _builtins.tuple[_builtins.int, _builtins.int]:
        raise NotImplementedError("example:hostile/list#tuple")

    def builtins(self) -> _builtins.int:
        """Raises `componentize_py_types.Err` with `str` for the error case."""
        raise NotImplementedError("example:hostile/list#builtins")

    def class_(self, from_: _builtins.int) -> None:
        """Raises `componentize_py_types.Err` with `_list.None_` for the error case."""
        raise NotImplementedError("example:hostile/list#class")


class Enum(exports.Enum):
    def dataclasses(self, str: _list.Str) -> enum.Enum:
        raise NotImplementedError("example:hostile/enum#dataclasses")


class WitWorld(wit_world.WitWorld):
    def int(self, cls: _builtins.str) -> _builtins.int:
        raise NotImplementedError("example:hostile/typing#int")

    def str(
        self,
        source: _builtins.int,
        engine: _builtins.bool | None,
    ) -> _builtins.str:
        raise NotImplementedError("example:hostile/typing#str")
