"""Publish and subscribe: a message under a topic goes into the mailbox of everybody who has subscribed to it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from airssys_sdk.errors import UsageError

from ..errors import ActorStopped, MailboxFull
from ..events import DeadLetter, DeadReason, Unrouted
from ..messages.envelope import ENVELOPE, NORMAL_PRIORITY, Envelope, Priority
from ..messages.topics import TopicTrie

if TYPE_CHECKING:
    from .ref import ActorRef
    from .system import ActorSystem


@dataclasses.dataclass(slots=True)
class TopicCounts:
    """What became of what was published in a system.

    Attributes:
        published: messages, each counted once, however many subscribers it had.
        accepted: how often a mailbox took one; what becomes of it then is counted there, as for every message.
        refused: how often a subscriber's mailbox did not take one; each is a dead letter with the reason `REFUSED`.
        unrouted: messages without a subscriber.
    """

    published: int = 0
    accepted: int = 0
    refused: int = 0
    unrouted: int = 0


class TopicSubscription:
    """One actor's subscription to one pattern.

    Attributes:
        pattern: the topics that it wants.
        ref: the subscriber.
        active: whether it still gets messages.
    """

    __slots__ = ("_topics", "active", "pattern", "ref")

    def __init__(self, topics: Topics, pattern: str, ref: ActorRef[Any]) -> None:
        self._topics = topics
        self.pattern = pattern
        self.ref = ref
        self.active = True

    def cancel(self) -> None:
        """Get no more; what waits in the mailbox stays there. May be called twice."""
        if self.active:
            self.active = False
            self._topics.leave(self)


class Topics:
    """The topics of one system; on the loop's thread only.

    A topic is made of levels between dots, `orders.created`; nobody has to announce it. A pattern is a topic that may hold `*`
    for exactly one level and `#` for any number of levels, also none.

    Attributes:
        counts: what became of what was published.
    """

    __slots__ = ("_of", "_system", "_trie", "counts")

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._trie: TopicTrie[ActorRef[Any]] = TopicTrie()
        self._of: dict[ActorRef[Any], dict[TopicSubscription, None]] = {}
        self.counts = TopicCounts()

    def __len__(self) -> int:
        """How many subscriptions there are."""
        return len(self._trie)

    def subscribe(self, pattern: str, ref: ActorRef[Any]) -> TopicSubscription:
        """Let an actor have what is published under fitting topics, until it cancels that or ends for good.

        An actor whose subscriptions fit a topic several times gets the message once. Of a pool, one worker gets it.

        Args:
            pattern: such as `orders.*` or `#.error`.
            ref: the actor. It stays subscribed through restarts and when another takes its name over.

        Raises:
            UsageError: the pattern is malformed; the message says where.
            ActorStopped: the actor has stopped for good.
        """
        if not ref.alive:
            raise ActorStopped(f"{ref.name} has stopped and cannot subscribe to {pattern!r}")
        self._trie.add(pattern, ref)
        held = self._of.get(ref)
        if held is None:
            held = self._of[ref] = {}
            ref.on_end(lambda _: self._ended(ref))
        subscription = TopicSubscription(self, pattern, ref)
        held[subscription] = None
        return subscription

    def publish(
        self,
        topic: str,
        message: object,
        *,
        sender: object = None,
        priority: Priority = NORMAL_PRIORITY,
        time_to_live: float | None = None,
    ) -> int:
        """Put a message into the mailbox of each subscriber; never waits.

        A mailbox that does not take it keeps it from nobody else: that subscriber's message becomes a dead letter. A message
        without a subscriber is counted as unrouted and told as the event `Unrouted`.

        Args:
            topic: such as `orders.created`; without wildcards.
            message: all subscribers get this same object.
            sender: who says so, for `Context.sender`.
            priority: the order of delivery.
            time_to_live: seconds that it may wait in a mailbox; None: any time.

        Returns:
            How many mailboxes have accepted it.

        Raises:
            UsageError: the topic is malformed, the time to live is NaN, or the message is an envelope, which can be sent once only.
        """
        if type(message) is ENVELOPE:
            raise UsageError(
                "an envelope is sent once, and a topic may have several subscribers",
                hint="publish its payload, with sender, priority and time_to_live as arguments",
            )
        found = self._trie.find(topic)
        self.counts.published += 1
        if not found:
            self.unrouted(topic, message, sender)
            return 0
        bare = sender is None and priority is NORMAL_PRIORITY and time_to_live is None
        accepted = 0
        for ref in found:
            try:
                if bare:
                    ref.tell(message)
                else:
                    ref.deliver(Envelope(message, sender, priority=priority, time_to_live=time_to_live))
            except (MailboxFull, ActorStopped) as error:
                self.refused(ref.name, message, sender, error)
            else:
                accepted += 1
        self.counts.accepted += accepted
        return accepted

    def leave(self, subscription: TopicSubscription) -> None:
        """Forget a subscription; for `TopicSubscription`."""
        self._of[subscription.ref].pop(subscription)
        self._trie.remove(subscription.pattern, subscription.ref)

    def unrouted(self, topic: str, message: object, sender: object) -> None:
        """Count and tell that nobody has subscribed; for the runtime."""
        self.counts.unrouted += 1
        if self._system.events.wanted:
            self._system.events.publish(Unrouted(topic, message, sender))

    def refused(self, subscriber: str, message: object, sender: object, error: Exception) -> None:
        """Count and keep what a subscriber's mailbox did not take; for the runtime."""
        self.counts.refused += 1
        self._system.bury(DeadLetter(subscriber, message, sender, DeadReason.REFUSED, error))

    def _ended(self, ref: ActorRef[Any]) -> None:
        for subscription in self._of.pop(ref):
            subscription.active = False
            self._trie.remove(subscription.pattern, ref)
