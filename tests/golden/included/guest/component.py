"""A component of the world `example:kiosk/kiosk`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

import wit_world
from wit_world.exports import drawer


class Drawer:
    def open(self) -> drawer.Content:
        raise NotImplementedError("drawer#open")


class WitWorld(wit_world.WitWorld):
    def start(self, at: int, ways: list[wit_world.Direction]) -> None:
        raise NotImplementedError("example:kiosk/kiosk#start")

    def start_machine(self) -> None:
        """Raises `componentize_py_types.Err` with None for the error case."""
        raise NotImplementedError("example:kiosk/kiosk#start-machine")
