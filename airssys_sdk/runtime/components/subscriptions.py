"""What the host publishes: into the mailboxes of the components whose manifests ask for its topic."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from ...manifest import ComponentId
from ...services.faults import StorageFault
from ...services.messaging import HOST, Letter
from ..actors.broker import Topics
from ..errors import ActorStopped, MailboxFull
from ..messages.envelope import Envelope, Kept
from ..messages.topics import TopicTrie

if TYPE_CHECKING:
    from .entry import Entry


class Subscriptions:
    """Who gets what is published on a node; on the loop's thread only.

    Args:
        topics: counts, and keeps what is refused.
        choose: the component that a message to an id goes to; None: there is none.
    """

    def __init__(self, topics: Topics, choose: Callable[[ComponentId], Entry | None]) -> None:
        self._topics = topics
        self._choose = choose
        self._trie: TopicTrie[ComponentId] = TopicTrie()
        self._followed: dict[ComponentId, frozenset[str]] = {}

    def follow(self, component: ComponentId, patterns: Iterable[str]) -> None:
        """Let a component, or a pool of them, have what fits these patterns, and nothing else from now on."""
        before, now = self._followed.get(component, frozenset()), frozenset(patterns)
        for pattern in now - before:
            self._trie.add(pattern, component)
        for pattern in before - now:
            self._trie.remove(pattern, component)
        if now:
            self._followed[component] = now
        else:
            self._followed.pop(component, None)

    async def publish(self, topic: str, letter: Letter) -> int:
        """Put a letter of the host into the mailbox of each subscriber; see `Node.publish`."""
        found = self._trie.find(topic)
        counts = self._topics.counts
        counts.published += 1
        if not found:
            self._topics.unrouted(topic, letter, HOST)
        waiting: list[tuple[Entry, Letter, Awaitable[Kept | None]]] = []
        accepted = 0
        for component in found:
            copy = dataclasses.replace(letter)
            entry = self._choose(component)
            if entry is None:
                self._refused(component, copy, ActorStopped(f"no component of {component} runs"))
                continue
            try:
                kept = entry.accept(copy)
            except (MailboxFull, ActorStopped, StorageFault) as error:
                self._refused(entry.id, copy, error)
                continue
            if inspect.isawaitable(kept):
                waiting.append((entry, copy, kept))
            else:
                accepted += self._put(entry, copy, kept)
        # Whoever waits for the storage file keeps it from nobody else.
        for entry, copy, awaited in waiting:
            try:
                accepted += self._put(entry, copy, await awaited)
            except StorageFault as fault:
                self._refused(entry.id, copy, fault)
        counts.accepted += accepted
        return accepted

    def _put(self, entry: Entry, letter: Letter, kept: Kept | None) -> bool:
        try:
            entry.put(Envelope(letter, HOST), kept)
        except (MailboxFull, ActorStopped) as error:
            self._refused(entry.id, letter, error)
            return False
        return True

    def _refused(self, component: ComponentId, letter: Letter, error: Exception) -> None:
        self._topics.refused(str(component), letter, HOST, error)
