"""What services say, as the values that a component sees: ids, and faults as the errors that the WIT names."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ...manifest import ComponentId
from ...services.eventually import Eventually, Later, settle
from ...services.faults import MessagingFault, StorageFault
from .bindings.imports import errors, types

P = ParamSpec("P")
T = TypeVar("T")


def from_wit(component: types.ComponentId) -> ComponentId:
    """An id that a component names."""
    return ComponentId(component.namespace, component.name, component.instance)


def to_wit(component: ComponentId) -> types.ComponentId:
    """An id as a component sees it."""
    return types.ComponentId(component.namespace, component.name, component.instance)


def messaging_error(fault: MessagingFault) -> errors.MessagingError:
    """A fault as the variant that a component sees."""
    match fault.case:
        case "delivery-failed":
            return errors.MessagingError_DeliveryFailed(fault.message)
        case "correlation-timeout":
            return errors.MessagingError_CorrelationTimeout(fault.correlation or "")
        case "invalid-message":
            return errors.MessagingError_InvalidMessage(fault.message)
        case "queue-full":
            return errors.MessagingError_QueueFull()
        case "target-not-found":
            return errors.MessagingError_TargetNotFound(to_wit(fault.target or ComponentId("", "", "")))


def storage_error(fault: StorageFault) -> errors.StorageError:
    """A fault as the variant that a component sees."""
    match fault.case:
        case "not-found":
            return errors.StorageError_NotFound(fault.message)
        case "already-exists":
            return errors.StorageError_AlreadyExists(fault.message)
        case "quota-exceeded":
            return errors.StorageError_QuotaExceeded()
        case "invalid-key":
            return errors.StorageError_InvalidKey(fault.message)
        case "io-error":
            return errors.StorageError_IoError(fault.message)


def accepted(act: Callable[P, Eventually[T]], *arguments: P.args, **options: P.kwargs) -> Eventually[T]:
    """Do something with messages.

    Raises:
        errors.MessagingErrorRaised: it was not accepted; now, or when what is returned is awaited.
    """
    try:
        answer = act(*arguments, **options)
    except MessagingFault as fault:
        raise errors.MessagingErrorRaised(messaging_error(fault)) from fault
    if not hasattr(type(answer), "__await__"):
        return answer

    async def later() -> T:
        try:
            return await settle(answer)
        except MessagingFault as fault:
            raise errors.MessagingErrorRaised(messaging_error(fault)) from fault

    return Later(later)


def stored(act: Callable[[], Eventually[T]]) -> Eventually[T]:
    """Do something with the storage.

    Raises:
        errors.StorageErrorRaised: it did not work; now, or when what is returned is awaited.
    """
    try:
        answer = act()
    except StorageFault as fault:
        raise errors.StorageErrorRaised(storage_error(fault)) from fault
    if not hasattr(type(answer), "__await__"):
        return answer

    async def later() -> T:
        try:
            return await settle(answer)
        except StorageFault as fault:
            raise errors.StorageErrorRaised(storage_error(fault)) from fault

    return Later(later)
