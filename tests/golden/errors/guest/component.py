"""A component of the world `example:errors/errors`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

import wit_world
from wit_world import exports


class Store(exports.Store):
    def get(self, key: str) -> str:
        """Get a thing.

        Raises:
            componentize_py_types.Err: with `problems.LookupError`, for the error case.
        """
        raise NotImplementedError("example:errors/store#get")

    def by_code(self, key: str) -> str:
        """Raises `componentize_py_types.Err` with `problems.Code` for the error case."""
        raise NotImplementedError("example:errors/store#by-code")

    def by_message(self) -> None:
        """Raises `componentize_py_types.Err` with `str` for the error case."""
        raise NotImplementedError("example:errors/store#by-message")

    def by_string(self) -> int:
        """Raises `componentize_py_types.Err` with `str` for the error case."""
        raise NotImplementedError("example:errors/store#by-string")

    def bare(self) -> None:
        """Raises `componentize_py_types.Err` with None for the error case."""
        raise NotImplementedError("example:errors/store#bare")

    def aliased(self) -> int:
        """Raises `componentize_py_types.Err` with `problems.LookupError` for the error case."""
        raise NotImplementedError("example:errors/store#aliased")


class WitWorld(wit_world.WitWorld):
    def check(self) -> int:
        """Raises `componentize_py_types.Err` with `str` for the error case."""
        raise NotImplementedError("example:errors/errors#check")
