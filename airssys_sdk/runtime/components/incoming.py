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


class Incoming:
    """The message that a component reads next.

    One life fills the same objects again for each message: to make three of them is seen in what a message costs. Whoever
    keeps one longer than the call begins takes another `Incoming`.
    """

    __slots__ = ("_message", "_metadata", "_timestamp")

    def __init__(self) -> None:
        self._timestamp = types.Timestamp(0, 0)
        self._metadata = types.MessageMetadata(None, None, self._timestamp, None)
        self._message = types.ComponentMessage(_HOST, b"", self._metadata)

    def message(self, letter: Letter) -> types.ComponentMessage:
        """A letter as the component reads it."""
        message, metadata, timestamp = self._message, self._metadata, self._timestamp
        sender, reply_to = letter.sender, letter.reply_to
        message.sender = _HOST if sender is HOST else to_wit(sender)
        metadata.correlation_id = letter.correlation
        metadata.reply_to = None if reply_to is None else _HOST if reply_to is HOST else to_wit(reply_to)
        timestamp.seconds, timestamp.nanoseconds = divmod(letter.sent, 1_000_000_000)
        if letter.fault is None:
            message.payload = letter.payload
            metadata.content_type = letter.content_type
        else:
            message.payload = wave.format(messaging_error(letter.fault), _error_shape()).encode()
            metadata.content_type = ERROR_CONTENT_TYPE
        return message


@functools.cache
def _error_shape() -> Shape:
    return shape_of(errors.MessagingError)
