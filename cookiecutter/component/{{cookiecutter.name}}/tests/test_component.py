"""The component as the runtime runs it: built, started on a node, asked. The fixtures come with airssys-sdk."""

from airssys_sdk.testing import Node


def test_answers_with_a_greeting(node: Node) -> None:
    assert node.ask("{{ cookiecutter.name }}", b"hi") == b"hello, hi"


def test_answers_in_any_language(node: Node) -> None:
    assert node.ask("{{ cookiecutter.name }}", "Zoë".encode()) == "hello, Zoë".encode()
