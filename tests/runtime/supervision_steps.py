"""Which step may follow in a world of the model, and where all the ways end.

Which of several supervisors acts next is open, as in the runtime and in OTP: one world has one or more outcomes, and the
runtime must show one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervision_members import Member
    from supervision_model import World


def outcomes(world: World, may_be: Callable[[World], bool] = lambda _: True) -> Iterator[World]:
    """All worlds that this one may be in when no supervisor has anything left to do.

    Args:
        world: stays as it is.
        may_be: says of a world on the way whether it can still lead to what was seen; others are not followed.
    """
    seen, waiting = set[str](), [world.copy()]
    while waiting:
        one = waiting.pop()
        steps = able(one)
        while len(steps) == 1 and may_be(one):
            one.act(*steps[0])
            steps = able(one)
        said = repr(one)
        if said in seen or not may_be(one):
            continue
        seen.add(said)
        if not steps:
            yield one
        for act, name in reversed(steps):
            following = one.copy()
            following.act(act, name)
            waiting.append(following)


def able(world: World) -> list[tuple[str, str]]:
    """What may happen next: a supervisor acts, or a start of one goes on. One step alone if the others can wait."""
    begins = [("begin", name) for name, member in world.members.items() if member.due]
    for begin in begins:
        if _is_left_alone(world, world.members[begin[1]]):
            return [begin]
    acts = [("act", name) for name, member in world.members.items() if _can_act(world, member)]
    for act in acts:
        if _is_apart(world, world.members[act[1]]):
            return [act]
    starts = [("start", name) for name, member in world.members.items() if _can_start(world, member)]
    return begins + acts + starts


def _is_left_alone(world: World, member: Member) -> bool:
    """Whether no supervisor above is about to stop anybody."""
    while member.above:
        member = world.members[member.above]
        if (
            member.inbox
            or member.halting is not None
            or member.failing is not None
            or member.group is not None
        ):
            return False
    return True


def _can_act(world: World, member: Member) -> bool:
    if member.plan.strategy is None or member.state in ("down", "gone"):
        return False
    if member.halting is not None:
        return not member.halting or world.members[member.halting[0]].state != "stopping"
    if member.failing is not None:
        return True
    if member.group is not None:
        waits = member.at is not None and world.members[member.at].state in ("starting", "stopping")
        return not member.pausing and not waits
    return bool(member.inbox)


def _is_apart(world: World, member: Member) -> bool:
    """Whether it stops a worker, and others after that, and no sibling of theirs is seen to start meanwhile."""
    halting = [world.members[name] for name in member.halting or ()]
    alive = [one for one in halting if one.state not in ("down", "gone")]
    if len(alive) < 2 or alive[0].plan.strategy is not None:
        return False
    below = [world.members[name] for name in member.below]
    return not any(one.state == "starting" or one.due for one in below)


def _can_start(world: World, member: Member) -> bool:
    if member.plan.strategy is None or member.state != "starting" or member.failing is not None:
        return False
    waits_for = next((world.members[name] for name in member.walk if not world.members[name].settled), None)
    if waits_for is None:
        return True
    planned = waits_for.due or any(name == waits_for.plan.name for _, name in world.timers)
    return waits_for.state == "down" and member.group is None and not member.inbox and not planned
