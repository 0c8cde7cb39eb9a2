"""A component of the world `example:app/two-versions@1.0.0`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

from wit_world import exports
from wit_world.imports import (
    example_store_items_1_0_0,
    example_store_items_2_0_0,
    other_store_items,
)


class Bridge(exports.Bridge):
    def upgrade(
        self,
        item: example_store_items_1_0_0.Item,
    ) -> example_store_items_2_0_0.Item:
        raise NotImplementedError("example:app/bridge@1.0.0#upgrade")

    def lend(self) -> other_store_items.Item:
        raise NotImplementedError("example:app/bridge@1.0.0#lend")
