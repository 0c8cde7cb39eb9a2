"""Refusing a call: why it may not begin while the instance is dead or in the middle of another one."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, NoReturn

from ..errors import InstanceBusy

if TYPE_CHECKING:
    from .store import Store

HOST_IMPORT = "host_import"
"""What the functions are called that the engine calls for a host import."""


def refuse(store: Store, where: str) -> NoReturn:
    """Raise why a call may not begin."""
    if store.dead is not None or not _is_inside(store):
        raise store.refusal(where)
    raise InstanceBusy(
        "the instance is in the middle of the call that led here",
        where=where,
        hint="a host import cannot call the instance that called it; give it what it needs before, or use another instance",
    )


def _is_inside(store: Store) -> bool:
    """Whether this thread is in a host import of the store, so that a call of it is further up."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == HOST_IMPORT and any(value is store for value in frame.f_locals.values()):
            return True
        frame = frame.f_back
    return False
