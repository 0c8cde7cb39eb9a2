"""What supervisors must do, written a second time from the design: no clock, no loop, no code of the runtime.

Every supervisor is a process that takes one exit after another from its inbox, and stops its children one after the other.
Which of several supervisors acts next is open; `supervision_steps` follows all ways. Starts and stops take no time; only
backoff does.
"""

from __future__ import annotations

import dataclasses

from supervision_members import Ended, Member, Plan, Why


@dataclasses.dataclass
class World:
    """A tree at one moment.

    Attributes:
        timers: what happens when: the restart of this child, or the end of the pause of this supervisor's group.
        faults: how the next starts of a child fail: in its `factory` or in the `hook` started.
        order: by supervisor, the starts and ends of its children, as they followed each other.
        decisions: by supervisor, what it decided.
        over: why the whole system ended.
    """

    now: float = 0.0
    members: dict[str, Member] = dataclasses.field(
        default_factory=lambda: {"root": Member(Plan("root", strategy="one-for-one"), "", "up")}
    )
    timers: list[tuple[float, str]] = dataclasses.field(default_factory=list)
    faults: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    order: dict[str, list[tuple[str, str, int]]] = dataclasses.field(default_factory=dict)
    decisions: dict[str, list[tuple[object, ...]]] = dataclasses.field(default_factory=dict)
    over: Why | None = None

    # What is done to the tree from outside.

    def spawn(self, plan: Plan, above: str) -> bool:
        """Start something new; a first start that fails is final, also for the supervisor whose child it is."""
        member = self.members[plan.name] = Member(plan, above)
        self.members[above].below.append(plan.name)
        if plan.strategy is None:
            self._begin(plan.name, first=True)
        else:
            member.state, member.life = "starting", 1
            for child in plan.below:
                if not self.spawn(child, plan.name):
                    for other in reversed(member.below.copy()):
                        self._halt(other)
                    member.state = "down"
                    break
            else:
                self._up(plan.name)
        if member.state != "up":
            self._gone(plan.name)
        return member.state == "up"

    def end(self, name: str, error: str | None) -> None:
        """A child ends by itself: with an error, or normally."""
        member = self.members[name]
        if error is None and member.plan.graceful:
            self._note(name, "stopping")
        self._note(name, "end")
        member.state = "down"
        self._report(name, error is not None, (0, error or ""))

    def stop(self, name: str) -> None:
        """Somebody wants it gone for good: no restart, whatever its policy."""
        self._halt(name)
        self._gone(name)

    def wait(self, seconds: float) -> None:
        """Time passes; no timer may lie before its end."""
        self.now += seconds
        due = [name for when, name in self.timers if when <= self.now]
        self.timers = [timer for timer in self.timers if timer[0] > self.now]
        for name in due:
            member = self.members[name]
            if member.pausing:
                member.pausing = False
            else:
                self._begin(name)

    def says(self) -> dict[str, object]:
        """What is seen of it from outside."""
        members = {name: member for name, member in self.members.items() if name != "root"}
        workers = {name: member for name, member in members.items() if member.plan.strategy is None}
        return {
            "over": self.over,
            "alive": {name for name, member in members.items() if member.state != "gone"},
            "running": {name for name, member in workers.items() if member.state == "up"},
            "lives": {name: member.life for name, member in workers.items()},
            "order": {name: list(order) for name, order in self.order.items()},
            "decisions": {name: list(decisions) for name, decisions in self.decisions.items()},
        }

    def copy(self) -> World:
        """Another one that does not change with this."""
        return World(
            self.now,
            {name: member.copy() for name, member in self.members.items()},
            self.timers.copy(),
            {name: faults.copy() for name, faults in self.faults.items()},
            {name: order.copy() for name, order in self.order.items()},
            {name: decisions.copy() for name, decisions in self.decisions.items()},
            self.over,
        )

    # What a supervisor does.

    def act(self, act: str, name: str) -> None:
        """Take one of the steps that `supervision_steps.able` names."""
        member = self.members[name]
        if act == "begin":
            self._begin(name)
        elif act == "start":
            while member.walk and self.members[member.walk[0]].settled:
                del member.walk[0]
            if member.walk:
                self._begin(member.walk[0])
            else:
                self._up(name)
        elif member.halting is not None:
            self._halt_next(member)
        elif member.failing is not None:
            self._leave(member)
        elif member.group is not None:
            self._go_on(member)
        else:
            self._decide(member, member.inbox.pop(0))
        while member.state == "down" and member.above:
            above = self.members[member.above]
            if not above.halting or above.halting[0] != member.plan.name:
                break
            self._halt_next(above, one_has_ended=True)
            member = above

    def _go_on(self, member: Member) -> None:
        """Start the next one of a group."""
        failed = member.at is not None and self.members[member.at].state == "down"
        member.at = None
        if failed or not member.group:
            member.group = None  # one that failed is in the inbox: what follows from that starts the rest
            return
        member.at = member.group.pop(0)
        if self.members[member.at].state == "down":
            self._begin(member.at)
        if not member.group and self.members[member.at].settled:
            member.group = member.at = None

    def _decide(self, member: Member, ended: Ended) -> None:
        child = self.members[ended.child]
        plan = child.plan
        if child.state != "down" or child.life != ended.life:
            return  # it has started again meanwhile, with others
        if plan.policy == "temporary" or (plan.policy == "transient" and not ended.abnormal):
            self._gone(plan.name)
            return
        recent = sum(self.now - when <= plan.window for when in child.restarts)
        decisions = self.decisions.setdefault(member.plan.name, [])
        if recent == plan.limit:
            gave_up, error = ended.why
            decisions.append(("gives up", plan.name, gave_up + 1, error))
            member.failing = (gave_up + 1, error)
            return
        child.restarts.append(self.now)
        delay = min(plan.base * 2.0**recent, plan.maximum) if recent else 0.0
        decisions.append(("restarts", plan.name, delay, recent + 1))
        if member.plan.strategy == "one-for-one":
            if delay:
                self._timer(delay, plan.name)
            else:
                child.due = True
            return
        first = 0 if member.plan.strategy == "one-for-all" else member.below.index(plan.name)
        member.group = member.below[first:]
        member.halting, member.delay = member.group[::-1], delay
        self._halt_next(member)

    # How lives begin and end.

    def _begin(self, name: str, *, first: bool = False) -> None:
        member = self.members[name]
        member.due = False
        member.life += 1
        if member.plan.strategy is not None:
            member.state, member.walk = "starting", list(member.below)
            for child in member.below:
                self.members[child].restarts.clear()
            return
        faults = self.faults.get(name)
        fault = faults.pop(0) if faults else None
        self._note(name, "start")
        if fault is None:
            member.state = "up"
            return
        if fault == "hook":
            self._note(name, "end")
        if not first:
            self._report(name, True, (0, f"{name} {member.life} did not start"))

    def _up(self, name: str) -> None:
        self.members[name].state = "up"
        self._note(name, "start")

    def _halt(self, name: str) -> None:
        """End a life from outside, while nobody else does anything."""
        member = self.members[name]
        self._cancel(name)
        if member.state in ("up", "starting"):
            member.failing = None
            self._leave(member)
        while member.state == "stopping":
            last = member
            while last.halting and self.members[last.halting[0]].state == "stopping":
                last = self.members[last.halting[0]]
            self._halt_next(last)

    def _leave(self, member: Member) -> None:
        """Begin to end a life; a supervisor decides nothing more, and stops its children first."""
        name = member.plan.name
        if member.plan.strategy is None:
            if member.plan.graceful:
                self._note(name, "stopping")
            self._note(name, "end")
            member.state = "down"
            return
        self._cancel(name)
        member.state = "stopping"
        member.inbox.clear()
        member.walk.clear()
        member.group = member.at = None
        member.pausing = False
        member.halting = member.below[::-1]
        self._halt_next(member)

    def _halt_next(self, member: Member, *, one_has_ended: bool = False) -> None:
        """Stop the next child; when none is left, what they were stopped for follows."""
        while member.halting:
            child = self.members[member.halting[0]]
            if child.state in ("up", "starting"):
                if one_has_ended:
                    return
                one_has_ended = True
                child.failing = None  # stopped before it could fail
                self._leave(child)
            if child.state == "stopping":
                return
            self._cancel(child.plan.name)
            del member.halting[0]
            if child.plan.policy == "temporary":  # the others wait for another life of the supervisor
                self._gone(child.plan.name)
        member.halting = None
        if member.state == "stopping":
            self._stopped(member)
        elif member.delay:
            member.pausing = True
            self._timer(member.delay, member.plan.name)

    def _stopped(self, member: Member) -> None:
        name, why = member.plan.name, member.failing
        member.state, member.failing = "down", None
        if why is None:
            self._note(name, "end")
        elif name == "root":
            self.over = why
            self._gone(name)
        else:
            self._report(name, True, why)

    def _gone(self, name: str) -> None:
        member = self.members[name]
        self._cancel(name)
        member.state = "gone"
        for child in reversed(member.below.copy()):
            self._gone(child)
        if member.above:
            self.members[member.above].below.remove(name)

    def _report(self, name: str, abnormal: bool, why: Why) -> None:
        member = self.members[name]
        above = self.members[member.above]
        if above.state != "stopping":
            above.inbox.append(Ended(name, member.life, abnormal, why))

    def _note(self, name: str, what: str) -> None:
        member = self.members[name]
        self.order.setdefault(member.above, []).append((what, name, member.life))

    def _timer(self, delay: float, name: str) -> None:
        self.timers.append((self.now + delay, name))
        self.timers.sort(key=lambda timer: timer[0])  # those of one moment stay as they came

    def _cancel(self, name: str) -> None:
        self.members[name].due = False
        self.timers = [timer for timer in self.timers if timer[1] != name]
