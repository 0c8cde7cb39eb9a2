"""What a service answers a component when it refuses: the cases of the WIT errors, without any WIT.

The runtime turns a fault into the variant case of the same name.
"""

from __future__ import annotations

from typing import Literal

from ..errors import AirssysError
from ..manifest.ids import ComponentId

StorageCase = Literal["not-found", "already-exists", "quota-exceeded", "invalid-key", "io-error"]
MessagingCase = Literal[
    "delivery-failed", "correlation-timeout", "invalid-message", "queue-full", "target-not-found"
]


class StorageFault(AirssysError):
    """A storage operation that did not happen.

    Args:
        case: the case of `storage-error`.
        message: what happened; the payload of the cases that have one, so that a guest may read it.
        where: the file, for the host alone.
        hint: what to do, for the host alone.
    """

    def __init__(
        self, case: StorageCase, message: str, *, where: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.case: StorageCase = case


class MessagingFault(AirssysError):
    """A message that was not accepted, or a request that was not answered.

    Args:
        case: the case of `messaging-error`.
        message: what happened; the payload of `delivery-failed` and `invalid-message`.
        target: the payload of `target-not-found`.
        correlation: the payload of `correlation-timeout`.
    """

    def __init__(
        self,
        case: MessagingCase,
        message: str,
        *,
        target: ComponentId | None = None,
        correlation: str | None = None,
    ) -> None:
        super().__init__(message)
        self.case: MessagingCase = case
        self.target = target
        self.correlation = correlation
