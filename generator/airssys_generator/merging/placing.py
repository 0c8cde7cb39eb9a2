"""Putting nodes into an author's module: others in the place of some, new ones below what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import libcst as cst

from .authored import comments_in, dotted, leading_lines


class Replacer(cst.CSTTransformer):
    """Puts other nodes in the place of some."""

    def __init__(self, changes: Mapping[cst.CSTNode, cst.CSTNode]) -> None:
        super().__init__()
        self.changes = changes

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Do not look into what will be replaced."""
        return node not in self.changes

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]  # it narrows: no removals
        """Replace."""
        return self.changes.get(original_node, updated_node)


def replaced(cls: cst.ClassDef, changes: Mapping[cst.CSTNode, cst.CSTNode]) -> cst.ClassDef:
    """The class with other nodes in the place of some in it; itself when there are none."""
    found = cls.visit(Replacer(changes)) if changes else cls
    return found if isinstance(found, cst.ClassDef) else cls


def before_end(body: Sequence[cst.BaseStatement], new: Sequence[cst.ClassDef]) -> list[cst.BaseStatement]:
    """The statements with new classes as the last ones but one, below whatever the module ends with.

    What the module does when it is run, below `if __name__ == ...`, stays the last that it does.
    """
    end = body[-1]
    if len(body) > 1 and _is_main(body[-2]):
        main = body[-2]
        lines = list(leading_lines(main))
        blanks = next((at for at, line in enumerate(lines) if line.comment is not None), len(lines))
        placed = [cls.with_changes(leading_lines=[cst.EmptyLine(indent=False)] * 2) for cls in new]
        if len(body) == 2:
            placed[0] = placed[0].with_changes(leading_lines=lines[:blanks])
        apart = [cst.EmptyLine(indent=False)] * max(2, blanks)
        return [*body[:-2], *placed, main.with_changes(leading_lines=[*apart, *lines[blanks:]]), end]
    above = list(end.leading_lines) if isinstance(end, cst.SimpleStatementLine) else []
    blank = cst.EmptyLine(indent=False)
    for cls in new:
        missing = 2 - _trailing_blanks(above) if above or len(body) > 1 or cls is not new[0] else 0
        body = [*body[:-1], cls.with_changes(leading_lines=[*above, *[blank] * missing]), end]
        above = []
    return [*body[:-1], end.with_changes(leading_lines=[])]


def _is_main(statement: cst.BaseStatement) -> bool:
    test = statement.test if isinstance(statement, cst.If) else None
    return isinstance(test, cst.Comparison) and dotted(test.left) == "__name__"


def extended(cls: cst.ClassDef, new: Sequence[cst.FunctionDef]) -> cst.ClassDef:
    """The class with methods at its end, below whatever comments it ends with."""
    suite = cls.body
    if isinstance(suite, cst.IndentedBlock):
        block = suite
    else:
        header = (
            suite.trailing_whitespace
            if isinstance(suite, cst.SimpleStatementSuite)
            else cst.TrailingWhitespace()
        )
        line = cst.SimpleStatementLine(list(suite.body))  # type: ignore[arg-type]  # a suite on one line has small statements only
        block = cst.IndentedBlock([line], header=header)
    first = new[0].with_changes(leading_lines=[*block.footer, cst.EmptyLine(indent=False)])
    rest = [function.with_changes(leading_lines=[cst.EmptyLine(indent=False)]) for function in new[1:]]
    return cls.with_changes(body=block.with_changes(body=[*block.body, first, *rest], footer=()))


def _closing(
    own: cst.Comma | cst.MaybeSentinel, last: cst.Comma | cst.MaybeSentinel
) -> cst.Comma | cst.MaybeSentinel:
    """The comma behind what is the last base now: with its own comment, and the line break that the last one had."""
    after = last.whitespace_after if isinstance(last, cst.Comma) else None
    broken = after if isinstance(after, cst.ParenthesizedWhitespace) else None
    if isinstance(own, cst.Comma) and isinstance(own.whitespace_after, cst.ParenthesizedWhitespace):
        mine = own.whitespace_after
        return own.with_changes(
            whitespace_after=mine.with_changes(
                indent=broken.indent if broken else False,
                last_line=broken.last_line if broken else cst.SimpleWhitespace(""),
            )
        )
    if broken is None:
        return cst.MaybeSentinel.DEFAULT
    return cst.Comma(
        whitespace_after=broken.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=())
    )


def without_bases(cls: cst.ClassDef, gone: Callable[[cst.Arg], bool]) -> cst.ClassDef:
    """The class without some of its bases; their comments go above it."""
    lost = [base for base in cls.bases if gone(base)]
    if not lost:
        return cls
    left = [base for base in cls.bases if base not in lost]
    if left and cls.bases[-1] in lost:
        left[-1] = left[-1].with_changes(comma=_closing(left[-1].comma, cls.bases[-1].comma))
    comments = [line for base in lost for line in comments_in(base)]
    cls = cls.with_changes(bases=left, leading_lines=[*cls.leading_lines, *comments])
    if left or cls.keywords:
        return cls
    return cls.with_changes(lpar=cst.MaybeSentinel.DEFAULT, rpar=cst.MaybeSentinel.DEFAULT)


def with_bases(cls: cst.ClassDef, new: Sequence[cst.Arg], indent: str) -> cst.ClassDef:
    """The class with more bases behind those that it has, on lines of their own if the last one ends its line."""
    if not cls.bases:
        return cls.with_changes(bases=new)
    *others, last = cls.bases
    comma = last.comma
    after = comma.whitespace_after if isinstance(comma, cst.Comma) else None
    if not isinstance(comma, cst.Comma) or not isinstance(after, cst.ParenthesizedWhitespace):
        return cls.with_changes(bases=[*others, last.with_changes(comma=cst.MaybeSentinel.DEFAULT), *new])
    deeper = after.with_changes(last_line=cst.SimpleWhitespace(after.last_line.value + indent))
    ending = cst.Comma(
        whitespace_after=after.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=())
    )
    last = last.with_changes(comma=comma.with_changes(whitespace_after=deeper))
    return cls.with_changes(bases=[*others, last, *(base.with_changes(comma=ending) for base in new)])


def _trailing_blanks(lines: Sequence[cst.EmptyLine]) -> int:
    """How many blank lines the lines end with, at most two."""
    count = 0
    while count < min(2, len(lines)) and lines[-1 - count].comment is None:
        count += 1
    return count
