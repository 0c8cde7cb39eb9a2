"""Documentation of the WIT in emitted code: the text survives, and stays text."""

from __future__ import annotations

import ast
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from generator_worlds import put, world_of
from hypothesis import example, given
from hypothesis import strategies as st

from airssys_generator import Options, generate, skeleton
from airssys_generator.docs import comment, docstring

EVIL = [
    '"""\nimport os; os._exit(1)\n"""',
    '\\"""; import os\\',
    'ends with a quote"',
    '"starts and ends"',
    "ends with a backslash\\",
    "two \\\\ and \\n and \\N{BULLET} and {{ jinja }} {% raw %}",
    "''' \\''' \\\"\\\"\\\"",
    "tab\there,  two spaces   \n\n      indented\n    less\n",
    '""""',
    "\\",
    '"',
    "spaces\xa0\n\n\u3000 of other\u2003\n  \xa0kinds\n\xa0\n    and none\u200bat all",
]
TEXT = st.text(
    st.sampled_from("\\\"'#{}%\n\t ab\r\x1b\x00\u202e\u2028é\U0001f40d\u200b\xa0\u3000")
    | st.characters(codec="utf-8")
)


@given(text=TEXT.filter(str.strip))
@example(EVIL[0])
@example(EVIL[1])
@example(EVIL[6])
@example(EVIL[8])
def test_a_docstring_is_one_string_whatever_the_documentation_says(text: str) -> None:
    tree = ast.parse(f"def f():\n{docstring(text, 1)}\n    return 1\n")
    function = tree.body[0]
    assert len(tree.body) == 1
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) == 2
    shown = ast.get_docstring(function)
    assert shown is not None
    assert not any(unicodedata.category(character) == "Cc" and character != "\n" for character in shown)
    assert "\u202e" not in shown


@given(
    lines=st.lists(st.text(st.sampled_from("ab\"\\' .:'")), min_size=1).filter(
        lambda lines: "".join(lines).strip()
    )
)
def test_the_words_of_the_documentation_are_what_the_docstring_says(lines: list[str]) -> None:
    text = "\n".join(lines)
    tree = ast.parse(docstring(text, 0))
    assert (ast.get_docstring(tree) or "").split() == text.split()


@given(text=TEXT)
def test_a_comment_is_one_line(text: str) -> None:
    assert len(f"# {comment(text)}".splitlines()) == 1


@pytest.mark.slow
def test_docstrings_pass_formatter_and_linter(tmp_path: Path) -> None:
    found: list[str] = []

    @given(text=TEXT.filter(str.strip))
    def collect(text: str) -> None:
        found.append(text)

    collect()
    body = "\n\n\n".join(
        f"def f{at}():\n{docstring(text, 1)}\n    return 1" for at, text in enumerate(EVIL + found)
    )
    (tmp_path / "docs.py").write_text(body + "\n", encoding="utf-8")
    program = str(Path(sys.executable).with_name("ruff"))
    for command in (["format", "--diff"], ["check"]):
        whole = [program, *command, "--isolated", "--no-cache", "docs.py"]
        done = subprocess.run(whole, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_no_documentation_of_a_world_reaches_the_code(tmp_path: Path) -> None:
    lines = [line for text in EVIL for line in text.split("\n")]
    docs = "\n".join(f"/// {line}" for line in lines)
    text = f"""
    package a:b;
    {docs}
    interface i {{
      {docs}
      record r {{
        {docs}
        a: u8
      }}
      {docs}
      variant v {{
        {docs}
        a(u8)
      }}
      {docs}
      enum e {{
        {docs}
        a
      }}
      {docs}
      flags g {{
        {docs}
        a
      }}
      {docs}
      type t = u8;
      {docs}
      f: func(r: r) -> result<v, e>;
    }}
    {docs}
    world w {{
      import i;
      export i;
      {docs}
      export f: func();
      {docs}
      import g: func();
    }}
    """
    resolve, world = world_of(text, tmp_path)
    options = Options(source="x\nimport os", command="y\r\nimport os\x1b[0m")
    plain_resolve, plain_world = world_of(text.replace(docs, ""), tmp_path)
    for target in ("host", "guest"):
        documented = dict(generate(resolve, world, target, options))
        plain = dict(generate(plain_resolve, plain_world, target))
        assert documented.keys() == plain.keys()
        for path in plain:
            if path.endswith(".py"):
                assert _code(documented[path]) == _code(plain[path]), path
    assert _code(skeleton(world)) == _code(skeleton(plain_world))
    put(dict(generate(resolve, world, "host", options)), tmp_path / "documented")
    done = subprocess.run([sys.executable, "-B", "-c", "import documented"], cwd=tmp_path, check=False)
    assert done.returncode == 0


def _code(text: str) -> str:
    """A module's code less strings that stand alone, which is what docstrings are."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                part
                for part in body
                if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            ] or [ast.Pass()]
            node.body = [part for part in node.body if not isinstance(part, ast.Pass)] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.dump(tree)
