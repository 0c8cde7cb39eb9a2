"""Which subscribers a topic has: patterns in a trie, one node for each level."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from airssys_sdk.topics import ANY_LEVELS, ONE_LEVEL, pattern_levels, topic_levels

S = TypeVar("S", bound=Hashable)

_REMEMBERED: Final = 1000


class _Node(Generic[S]):
    """Where the patterns with one beginning are.

    Attributes:
        following: by the next level of the pattern, wildcards as they are written.
        subscribers: of the pattern that ends here, each with how often it is there.
        repeats: whether the level before is `#`, which any further level of a topic can stand for.
    """

    __slots__ = ("following", "repeats", "subscribers")

    def __init__(self, *, repeats: bool) -> None:
        self.following: dict[str, _Node[S]] = {}
        self.subscribers: dict[S, int] = {}
        self.repeats = repeats


class TopicTrie(Generic[S]):
    """Patterns with their subscribers; topics and patterns are described in `airssys_sdk.topics`.

    Finding the subscribers of a topic takes a step for each of its levels and each node that the levels before lead to:
    one for the level itself, one for `*`, one for each `#` on the way. How many subscriptions there are does not count.
    What was found is remembered for the last topics, until a subscription comes or goes.
    """

    __slots__ = ("_count", "_found", "_root")

    def __init__(self) -> None:
        self._root: _Node[S] = _Node(repeats=False)
        self._found: dict[str, tuple[S, ...]] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many subscriptions there are."""
        return self._count

    def add(self, pattern: str, subscriber: S) -> None:
        """Let somebody subscribe; the same subscription may be there several times.

        Raises:
            UsageError: the pattern is malformed.
        """
        node = self._root
        for level in pattern_levels(pattern):
            following = node.following.get(level)
            if following is None:
                following = node.following[level] = _Node(repeats=level == ANY_LEVELS)
            node = following
        node.subscribers[subscriber] = node.subscribers.get(subscriber, 0) + 1
        self._count += 1
        self._found.clear()

    def remove(self, pattern: str, subscriber: S) -> None:
        """Take back what `add` did once.

        Raises:
            KeyError: there is no such subscription.
        """
        node = self._root
        path: list[tuple[_Node[S], str]] = []
        for level in pattern_levels(pattern):
            path.append((node, level))
            node = node.following[level]
        node.subscribers[subscriber] -= 1
        if not node.subscribers[subscriber]:
            del node.subscribers[subscriber]
        self._count -= 1
        self._found.clear()
        for before, level in reversed(path):
            if node.subscribers or node.following:
                break
            del before.following[level]
            node = before

    def find(self, topic: str) -> tuple[S, ...]:
        """Whoever has subscribed to a pattern that the topic fits, each once, in no particular order.

        Raises:
            UsageError: the topic is malformed.
        """
        found = self._found.get(topic)
        if found is None:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            found = self._found[topic] = self._search(topic_levels(topic))
        return found

    def _search(self, levels: list[str]) -> tuple[S, ...]:
        # All nodes that the levels so far lead to at once, each of them once: no way through the trie is gone twice.
        nodes = _with_none(self._root)
        for level in levels:
            reached: dict[_Node[S], None] = {}
            for node in nodes:
                if node.repeats:
                    reached[node] = None
                for key in (level, ONE_LEVEL):
                    following = node.following.get(key)
                    if following is not None:
                        reached |= _with_none(following)
            nodes = reached
        return tuple({subscriber: None for node in nodes for subscriber in node.subscribers})


def _with_none(node: _Node[S]) -> dict[_Node[S], None]:
    """The node, and the one that a `#` which stands for no level leads to."""
    following = node.following.get(ANY_LEVELS)
    return {node: None} if following is None else {node: None, following: None}
