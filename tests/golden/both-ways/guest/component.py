"""A component of the world `example:both/both-ways`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

from wit_world import exports
from wit_world.imports import shapes


class Shapes(exports.Shapes):
    def area(self, box: shapes.Box) -> int:
        raise NotImplementedError("example:both/shapes#area")


class Printer(exports.Printer):
    def print(self, boxes: list[shapes.Box]) -> str:
        raise NotImplementedError("example:both/printer#print")
