"""The library as a host calls it, with the texts that `airssys-sdk call` takes. The fixtures come with airssys-sdk."""

from airssys_sdk.testing import World


def test_counts_the_most_frequent_words_first(world: World) -> None:
    counted = world.call('counting.count("to be or to do", frequency)')
    assert counted.startswith('ok([{text: "to", count: 2}, ')


def test_a_text_without_words_is_an_error(world: World) -> None:
    assert world.call('counting.count("?!", alphabet)') == 'err("the text has no words")'
