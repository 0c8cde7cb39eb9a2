"""Letters as a component reads them."""

from __future__ import annotations

import functools
from typing import Final

from ...services.messaging import HOST, Letter
from ...wit import wave
from ...wit.shapes import Shape, shape_of
from .bindings.imports import errors, types
from .values import messaging_error, to_wit

ERROR_CONTENT_TYPE: Final = "application/vnd.airssys.messaging-error"
"""The content type of a callback whose payload is the WAVE text of a `messaging-error`."""

_HOST: Final = to_wit(HOST)


def message_of(letter: Letter) -> types.ComponentMessage:
    """A letter as the component reads it."""
    payload, content_type = letter.payload, letter.content_type
    if letter.fault is not None:
        payload = wave.format(messaging_error(letter.fault), _error_shape()).encode()
        content_type = ERROR_CONTENT_TYPE
    reply_to = letter.reply_to
    return types.ComponentMessage(
        _HOST if letter.sender is HOST else to_wit(letter.sender),
        payload,
        types.MessageMetadata(
            letter.correlation,
            None if reply_to is None else _HOST if reply_to is HOST else to_wit(reply_to),
            types.Timestamp(*divmod(letter.sent, 1_000_000_000)),
            content_type,
        ),
    )


@functools.cache
def _error_shape() -> Shape:
    return shape_of(errors.MessagingError)
