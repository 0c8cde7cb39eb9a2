"""What a supervisor is told about a child: how to make it, when to restart it, how long it may take to stop."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar, cast

from ..checks import check_kind, check_number, check_text, check_whole, member, refuse
from ..messages.mailbox import DEFAULT_MAILBOX, MailboxOptions
from ..supervision.backoff import DEFAULT_BACKOFF, DEFAULT_INTENSITY, Backoff, Intensity, Policy, PolicyName
from ..supervision.health import Health
from .routing import ROUTINGS, Routing

if TYPE_CHECKING:
    from .context import Context

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)

IMMEDIATE = 0.0
"""Shutdown: kill at once, without the hook `stopping`."""

INFINITY = math.inf
"""Shutdown: wait as long as it takes."""


class Actor(Protocol[M_contra]):
    """A plain actor: any object with `receive`.

    It may also have, each optional:

    - `started(context)`: called before the first message; may return an awaitable or `Pending`; raising fails the start.
    - `stopping(context)`: called before an orderly stop, while children still live; may return an awaitable or `Pending`,
      inside the shutdown time. Not called after a crash or when killed.
    - `health(context)`: asked if its spec says so; returns a `HealthStatus`, a truth value, None for healthy, or an awaitable or
      `Pending` of one. `MessageError` fails the check, any other exception is a crash.
    - `stopped(context)`: called last in every life, also after a crash or a kill, to release what is held; must not wait.
    """

    def receive(self, message: M_contra, context: Context, /) -> object:
        """Handle one message.

        Returns:
            The answer, for whoever asked. Or something awaitable (an `async def` will do) or a `Pending`, whose outcome is the
            answer; until then the actor handles no other message.

        Raises:
            MessageError: fails this message only.
            Exception: any other is a crash: this life ends and the supervisor decides.
        """
        ...


Behaviour = Callable[[M, "Context"], object]
"""A function as an actor: what `Actor.receive` does, without an object."""

Factory = Callable[[], Actor[M] | Behaviour[M]]
"""Makes the actor for one life; a class without constructor arguments will do."""


def behaviour(function: Behaviour[M]) -> Factory[M]:
    """Let a function be an actor: `system.spawn(behaviour(greet))`."""
    return lambda: function


StrategyName: TypeAlias = Literal["one-for-one", "one-for-all", "rest-for-one"]
"""A `Strategy` as a text."""


class Strategy(enum.Enum):
    """Who is restarted with a child that ended."""

    ONE_FOR_ONE = "one-for-one"
    """Only that child."""
    ONE_FOR_ALL = "one-for-all"
    """All children: stopped in reverse start order, started in order."""
    REST_FOR_ONE = "rest-for-one"
    """The child and those started after it."""


@dataclasses.dataclass(frozen=True, slots=True)
class OnCrash:
    """What becomes of a plain message (one without an asker) whose handling crashed the actor.

    Attributes:
        retries: how often the message is given to the successor, before anything that waits.
        keep: whether it ends as a dead letter; else it is counted as dropped.

    Raises:
        UsageError: `retries` is no whole number from 0.
    """

    retries: int = 0
    keep: bool = True

    def __post_init__(self) -> None:
        check_whole("OnCrash.retries", self.retries, 0)


DEFAULT_ON_CRASH = OnCrash()


@dataclasses.dataclass(frozen=True, slots=True)
class ChildSpec(Generic[M]):
    """How to make, restart and stop one child.

    Attributes:
        factory: makes a new actor for each life.
        name: unique among the live actors of the system; None: not to be found by name.
        policy: which ends are followed by a restart; given as a `Policy` or its text, such as `"temporary"`.
        shutdown: seconds for an orderly stop, then it is killed; `IMMEDIATE` or `INFINITY`.
        intensity: how many restarts are accepted; beyond it the supervisor fails.
        backoff: how long restarts wait.
        mailbox: how much may wait, and what happens beyond it.
        on_crash: what becomes of the message that crashed it.
        health: how its health is watched; None: not at all.

    Raises:
        UsageError: an option makes no sense.
    """

    factory: Factory[M]
    name: str | None = None
    policy: Policy = Policy.PERMANENT
    shutdown: float = 5.0
    intensity: Intensity = DEFAULT_INTENSITY
    backoff: Backoff = DEFAULT_BACKOFF
    mailbox: MailboxOptions = DEFAULT_MAILBOX
    on_crash: OnCrash = DEFAULT_ON_CRASH
    health: Health | None = None

    if TYPE_CHECKING:  # the one that is made at run time, but for texts

        def __init__(
            self,
            factory: Factory[M],
            name: str | None = None,
            policy: Policy | PolicyName = Policy.PERMANENT,
            shutdown: float = 5.0,
            intensity: Intensity = DEFAULT_INTENSITY,
            backoff: Backoff = DEFAULT_BACKOFF,
            mailbox: MailboxOptions = DEFAULT_MAILBOX,
            on_crash: OnCrash = DEFAULT_ON_CRASH,
            health: Health | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        if not callable(self.factory):
            refuse("ChildSpec.factory", self.factory, "a class or function that makes the actor")
        take_supervision(self)
        check_kind("ChildSpec.mailbox", self.mailbox, MailboxOptions)
        check_kind("ChildSpec.on_crash", self.on_crash, OnCrash)
        if self.health is not None:
            check_kind("ChildSpec.health", self.health, Health, otherwise=", or None for no checks")


def take_supervision(spec: Any) -> None:
    """Check and set what all specs of actors have: a name, a policy, a shutdown time, an intensity and a backoff.

    Raises:
        UsageError: one of them makes no sense.
    """
    kind = type(spec).__name__
    if spec.name is not None:
        check_kind(f"{kind}.name", spec.name, str, otherwise=", or None for an actor without one")
    take_policy(spec)
    # What is none of these would only be found when the actor crashes, in the middle of a turn.
    check_kind(f"{kind}.intensity", spec.intensity, Intensity)
    check_kind(f"{kind}.backoff", spec.backoff, Backoff)


def take_policy(spec: Any) -> None:
    """Check and set a policy, which may be a text, and a shutdown time.

    Raises:
        UsageError: one of them makes no sense.
    """
    kind = type(spec).__name__
    object.__setattr__(spec, "policy", member(f"{kind}.policy", spec.policy, Policy))
    check_number(f"{kind}.shutdown", spec.shutdown, 0, endless=True)


def take_strategy(spec: Any) -> None:
    """Check and set a spec's strategy, which may be a text.

    Raises:
        UsageError: there is no such strategy.
    """
    object.__setattr__(spec, "strategy", member(f"{type(spec).__name__}.strategy", spec.strategy, Strategy))


@dataclasses.dataclass(frozen=True, slots=True)
class SupervisorSpec:
    """A supervisor: an actor that does nothing but keep its children alive. Trees nest.

    Its children and their mailboxes outlive its own restarts: after one they start again, in order, with their histories
    forgotten.

    Attributes:
        children: started in order, stopped in reverse order; actors, pools and other supervisors.
        strategy: who is restarted with a child that ended; given as a `Strategy` or its text, such as `"one-for-all"`.
        name, policy, intensity, backoff: about the supervisor itself, for the one above it.
        shutdown: seconds for the supervisor itself; each child has its own.

    Raises:
        UsageError: an option makes no sense.
    """

    children: tuple[ChildSpec[Any] | PoolSpec[Any] | SupervisorSpec, ...] = ()
    strategy: Strategy = Strategy.ONE_FOR_ONE
    name: str | None = None
    policy: Policy = Policy.PERMANENT
    shutdown: float = 5.0
    intensity: Intensity = DEFAULT_INTENSITY
    backoff: Backoff = DEFAULT_BACKOFF

    if TYPE_CHECKING:  # as above

        def __init__(
            self,
            children: tuple[ChildSpec[Any] | PoolSpec[Any] | SupervisorSpec, ...] = (),
            strategy: Strategy | StrategyName = Strategy.ONE_FOR_ONE,
            name: str | None = None,
            policy: Policy | PolicyName = Policy.PERMANENT,
            shutdown: float = 5.0,
            intensity: Intensity = DEFAULT_INTENSITY,
            backoff: Backoff = DEFAULT_BACKOFF,
        ) -> None: ...

    def __post_init__(self) -> None:
        if not isinstance(cast("object", self.children), tuple | list):
            refuse("SupervisorSpec.children", self.children, "a tuple of specs; of one child: (spec,)")
        for number, child in enumerate(cast("tuple[object, ...]", self.children)):
            if not isinstance(child, ChildSpec | SupervisorSpec | PoolSpec):
                refuse(
                    f"SupervisorSpec.children[{number}]", child, "a ChildSpec, a PoolSpec or a SupervisorSpec"
                )
        take_strategy(self)
        take_supervision(self)


@dataclasses.dataclass(frozen=True, slots=True)
class PoolSpec(Generic[M]):
    """Several workers that do the same, behind one name: a supervisor whose ref sends each message to one of them.

    A worker that is down is passed over while another runs. What waits in its mailbox waits for its successor, as with any
    actor. The workers outlive a restart of the supervisor as the children of a `SupervisorSpec` do; workers that have ended
    for good are made anew then.

    Attributes:
        actor: makes a worker; a `ChildSpec` also says how each is supervised and how much each mailbox holds. Workers of a
            pool with a name are called `name/0`, `name/1` and so on.
        size: how many workers.
        name: the pool's.
        routing: who gets the next message: `round-robin` for one after the other, `least-loaded` for whoever has the fewest,
            the one in progress included.
        strategy: who is restarted with a worker that ended.
        policy, intensity, backoff, shutdown: about the supervisor itself, as in `SupervisorSpec`.

    Raises:
        UsageError: an option makes no sense.
    """

    actor: Factory[M] | ChildSpec[M]
    size: int
    name: str | None = None
    routing: Routing = "round-robin"
    strategy: Strategy = Strategy.ONE_FOR_ONE
    policy: Policy = Policy.PERMANENT
    intensity: Intensity = DEFAULT_INTENSITY
    backoff: Backoff = DEFAULT_BACKOFF
    shutdown: float = 5.0

    if TYPE_CHECKING:  # as above

        def __init__(
            self,
            actor: Factory[M] | ChildSpec[M],
            size: int,
            name: str | None = None,
            routing: Routing = "round-robin",
            strategy: Strategy | StrategyName = Strategy.ONE_FOR_ONE,
            policy: Policy | PolicyName = Policy.PERMANENT,
            intensity: Intensity = DEFAULT_INTENSITY,
            backoff: Backoff = DEFAULT_BACKOFF,
            shutdown: float = 5.0,
        ) -> None: ...

    def __post_init__(self) -> None:
        actor = cast("object", self.actor)
        if not callable(actor) and not isinstance(actor, ChildSpec):
            refuse("PoolSpec.actor", actor, "a class or function that makes a worker, or a ChildSpec")
        check_whole("PoolSpec.size", self.size, 1)
        check_text("PoolSpec.routing", self.routing, ROUTINGS)
        take_strategy(self)
        take_supervision(self)

    @property
    def worker(self) -> ChildSpec[M]:
        """How each worker is made and supervised."""
        if isinstance(self.actor, ChildSpec):
            # basedpyright forgets the type argument here, mypy does not
            return cast("ChildSpec[M]", self.actor)  # type: ignore[redundant-cast]
        return ChildSpec(self.actor)

    @property
    def supervisor(self) -> SupervisorSpec:
        """The supervisor; its children are those of the pool."""
        return SupervisorSpec(
            (), self.strategy, self.name, self.policy, self.shutdown, self.intensity, self.backoff
        )
