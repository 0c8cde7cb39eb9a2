"""Topics and patterns: the trie against a model that compares level by level, and what is malformed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import pytest
from effort import times
from hypothesis import given
from hypothesis import strategies as st

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime.messages.topics import TopicTrie

WORDS = st.sampled_from(["a", "b", "A", "", " ", "å"]).filter(bool)
TOPICS = st.lists(WORDS, min_size=1, max_size=6)
PATTERNS = st.lists(st.one_of(WORDS, st.sampled_from(["*", "#"])), min_size=1, max_size=6)


def fits(pattern: Sequence[str], topic: Sequence[str]) -> bool:
    """What a pattern means, said as plainly as can be."""
    if not pattern:
        return not topic
    if pattern[0] == "#":
        return any(fits(pattern[1:], topic[taken:]) for taken in range(len(topic) + 1))
    return bool(topic) and pattern[0] in ("*", topic[0]) and fits(pattern[1:], topic[1:])


@times(400)
@given(patterns=st.lists(PATTERNS, max_size=12), topics=st.lists(TOPICS, max_size=6), data=st.data())
def test_the_trie_finds_whom_the_model_finds_while_subscriptions_come_and_go(
    patterns: list[list[str]], topics: list[list[str]], data: st.DataObject
) -> None:
    trie: TopicTrie[int] = TopicTrie()
    there: list[tuple[list[str], int]] = []

    def compare() -> None:
        assert len(trie) == len(there)
        for topic in topics:
            found = trie.find(".".join(topic))
            assert len(set(found)) == len(found)
            assert set(found) == {subscriber for pattern, subscriber in there if fits(pattern, topic)}

    for pattern in patterns:
        subscriber = data.draw(st.integers(0, 3))
        trie.add(".".join(pattern), subscriber)
        there.append((pattern, subscriber))
        compare()
    for gone in data.draw(st.permutations(there)):
        trie.remove(".".join(gone[0]), gone[1])
        there.remove(gone)
        compare()


@pytest.mark.parametrize(
    ("pattern", "topic", "fitting"),
    [
        ("orders.*", "orders.created", True),
        ("orders.*", "orders", False),
        ("orders.*", "orders.created.late", False),
        ("orders.#", "orders", True),
        ("orders.#", "orders.created.late", True),
        ("#", "anything", True),
        ("#.error", "error", True),
        ("#.error", "shop.orders.error", True),
        ("#.error", "shop.error.orders", False),
        ("a.#.#.z", "a.z", True),
        ("*.#.*", "a", False),
        ("*.#.*", "a.b", True),
        ("orders", "Orders", False),
    ],
)
def test_a_pattern_means_what_is_documented(pattern: str, topic: str, fitting: bool) -> None:
    trie: TopicTrie[str] = TopicTrie()
    trie.add(pattern, "somebody")
    assert trie.find(topic) == (("somebody",) if fitting else ())


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "a pattern is not empty"),
        (".", "level 1 is empty"),
        ("orders..created", "level 2 is empty"),
        ("orders.", "level 2 is empty"),
        ("orders.*x", r"level 2, '\*x', has \* inside a word"),
        ("orders.a#", "level 2, 'a#', has # inside a word"),
        ("**", r"level 1, '\*\*', has \* inside a word"),
        ("a.b\nc", r"level 2 holds the character U\+000A"),
        ("a\x00", r"level 1 holds the character U\+0000"),
        ("\ud800", r"level 1 holds the character U\+D800"),
    ],
)
def test_a_malformed_pattern_is_refused_with_its_place(pattern: str, reason: str) -> None:
    trie: TopicTrie[str] = TopicTrie()
    with pytest.raises(UsageError, match=reason):
        trie.add(pattern, "somebody")
    assert len(trie) == 0


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("", "a topic is not empty"),
        ("a..b", "level 2 is empty"),
        ("a.*", r"level 2, '\*', holds a wildcard; only a pattern may"),
        ("#", "level 1, '#', holds a wildcard"),
        ("a.b\x1b[31m", r"level 2 holds the character U\+001B"),
    ],
)
def test_a_malformed_topic_is_refused_with_its_place(topic: str, reason: str) -> None:
    trie: TopicTrie[str] = TopicTrie()
    trie.add("#", "somebody")
    for _ in range(2):  # what is remembered of the last topics changes nothing
        with pytest.raises(UsageError, match=reason) as refused:
            trie.find(topic)
        assert str(refused.value).replace("\n", "").isprintable()


def test_what_is_no_text_is_no_topic() -> None:
    trie: TopicTrie[str] = TopicTrie()
    with pytest.raises(TypeError, match="a topic is a text, not bytes"):
        trie.find(b"orders")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a pattern is a text, not NoneType"):
        trie.add(None, "somebody")  # type: ignore[arg-type]


def test_only_what_is_there_can_be_removed() -> None:
    trie: TopicTrie[str] = TopicTrie()
    trie.add("a.b", "somebody")
    for pattern, subscriber in (("a.b", "nobody"), ("a", "somebody"), ("a.*", "somebody")):
        with pytest.raises(KeyError):
            trie.remove(pattern, subscriber)
    assert trie.find("a.b") == ("somebody",)


class Counted(str):
    """A level that counts how often the trie asks for its hash: each step through the trie is one."""

    __slots__ = ()
    steps = 0

    def __hash__(self) -> int:
        Counted.steps += 1
        return super().__hash__()


def steps_to_find(subscriptions: int, monkeypatch: pytest.MonkeyPatch) -> int:
    trie: TopicTrie[int] = TopicTrie()
    for number in range(subscriptions):
        trie.add(f"shop-{number}.orders.*", number)
        trie.add(f"#.created-{number}", number)
    with monkeypatch.context() as patch:
        # As the trie reads a topic, but with levels that count.
        patch.setattr(
            "airssys_sdk.runtime.messages.topics.topic_levels",
            lambda topic: [Counted(level) for level in topic.split(".")],
        )
        Counted.steps = 0
        assert trie.find("shop-1.orders.created-1") == (1,)
        return Counted.steps


def test_a_hundred_thousand_subscriptions_take_as_many_steps_as_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = steps_to_find(2, monkeypatch)
    assert 0 < few == steps_to_find(50_000, monkeypatch)


def test_many_hashes_do_not_multiply_the_ways_through_the_trie() -> None:
    # A search that tries each way on its own would take about 2^60 steps.
    trie: TopicTrie[str] = TopicTrie()
    trie.add(".".join(["#", "a"] * 30 + ["b"]), "somebody")
    trie.add(".".join(["#", "a"] * 30), "somebody else")
    assert trie.find(".".join(["a"] * 120)) == ("somebody else",)


def test_subscriptions_that_go_leave_no_memory_behind() -> None:
    trie: TopicTrie[int] = TopicTrie()

    def come_and_go(first: int) -> None:
        for number in range(first, first + 2000):
            trie.add(f"a.{number}.*.b", number)
            trie.find(f"a.{number}.c.b")
            trie.remove(f"a.{number}.*.b", number)

    come_and_go(0)
    tracemalloc.start()
    try:
        come_and_go(10_000)
        first = tracemalloc.get_traced_memory()[0]
        come_and_go(20_000)
        assert (
            tracemalloc.get_traced_memory()[0] - first < 50_000
        )  # a node alone would be 2000 times 300 bytes
    finally:
        tracemalloc.stop()
