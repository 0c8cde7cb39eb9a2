"""Long lines: whatever the annotations, the formatter finds nothing to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from effort import tried
from hypothesis import given
from hypothesis import strategies as st

from airssys_generator import plan, render
from airssys_generator.annotation import NONE, Annotation, Generic, Name, union

WORDS = st.integers(1, 34).map(lambda length: "wit." + "Abcdefghij"[: length % 10 + 1] * (length // 10 + 1))
NAMES = st.integers(1, 30).map(lambda length: ("name_" * 6)[:length].rstrip("_") + "x")
ANNOTATIONS: st.SearchStrategy[Annotation] = st.recursive(
    WORDS.map(Name),
    lambda inner: (
        st.builds(Generic, st.sampled_from(["builtins.list", "wit.Some"]), st.tuples(inner))
        | st.builds(Generic, st.just("builtins.tuple"), st.lists(inner, min_size=1, max_size=5).map(tuple))
        | st.lists(inner, min_size=1, max_size=3).map(lambda members: union(*members, NONE))
        | st.tuples(inner, inner).map(
            lambda pair: union(Generic("wit.Ok", (pair[0],)), Generic("wit.Err", (pair[1],)))
        )
    ),
    max_leaves=8,
)
DECORATORS = st.lists(
    st.builds(
        plan.Call,
        st.sampled_from(["wit.record", "dataclasses.dataclass"]),
        st.none()
        | st.tuples(st.integers(1, 90).map(lambda length: '"' + "n" * length + '"'))
        | st.tuples(
            st.integers(1, 60).map(lambda length: '"' + "n" * length + '"'),
            st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4).map(tuple).map(plan.Mapping),
        ),
    ),
    max_size=2,
).map(tuple)


def _function(draw: st.DrawFn, *, method: bool) -> plan.Function:
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    parameters = [plan.Parameter(name, draw(ANNOTATIONS)) for name in names]
    if method:
        parameters.insert(0, plan.Parameter("self"))
    body = draw(st.sampled_from([("...",), ("raise NotImplementedError",)]))
    return plan.Function(
        draw(NAMES), tuple(parameters), draw(ANNOTATIONS), body, docs=draw(st.none() | st.just("It."))
    )


@st.composite
def modules(draw: st.DrawFn) -> plan.Module:
    """A module with one item of each kind."""
    fields = draw(st.lists(st.builds(plan.Field, NAMES, ANNOTATIONS), max_size=4))
    items: list[plan.Item] = [
        plan.Alias(draw(NAMES).capitalize(), "typing.TypeAlias", draw(ANNOTATIONS)),
        plan.Class("Record", (), draw(DECORATORS), tuple(fields)),
        plan.Class(draw(NAMES).capitalize(), (Generic("wit.Err", (draw(ANNOTATIONS),)),), docs="Raised."),
        plan.Class("Methods", functions=tuple(_function(draw, method=True) for _ in range(2))),
        _function(draw, method=False),
    ]
    return plan.Module(
        "m.py", ("A header.",), "A module.", (plan.Import(None, "typing", None),), tuple(items)
    )


@pytest.mark.slow
@pytest.mark.examples
def test_the_formatter_leaves_any_planned_module_as_it_is(tmp_path: Path) -> None:
    count = 0

    @given(module=modules())
    @tried(60, database=None)
    def collect(module: plan.Module) -> None:
        nonlocal count
        (tmp_path / f"m{count}.py").write_text(render.render(module, "host"))
        count += 1

    collect()
    program = str(Path(sys.executable).with_name("ruff"))
    command = [program, "format", "--isolated", "--no-cache", "--diff", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:4000] + done.stderr[-2000:]
