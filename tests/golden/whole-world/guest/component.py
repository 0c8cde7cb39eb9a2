"""A component of the world `example:whole/whole-world@0.3.0`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

import wit_world


class WitWorld(wit_world.WitWorld):
    def count_all(self, samples: list[wit_world.Sample]) -> int:
        """How many there are."""
        raise NotImplementedError("example:whole/whole-world@0.3.0#count-all")

    def reset(self) -> None:
        raise NotImplementedError("example:whole/whole-world@0.3.0#reset")
