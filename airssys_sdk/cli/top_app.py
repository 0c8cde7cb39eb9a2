"""The live view of `top`. Needs the extra `top`.

Names and logs come from guests: they are shown as plain text, never read as markup, and control characters are escaped.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import ClassVar, cast

from airssys_sdk.cli.text import safe_line
from airssys_sdk.cli.top_rows import COLUMNS, Row, Table, summary
from airssys_sdk.errors import AirssysError
from airssys_sdk.extras import extra
from airssys_sdk.runtime.nodes.client import ControlClient
from airssys_sdk.runtime.nodes.control import Status

with extra("top", "textual", purpose="the live view of `top`"):
    from rich.text import Text
    from textual.app import App, ComposeResult
    from textual.binding import Binding, BindingType
    from textual.widgets import DataTable, Footer, RichLog, Static

_COLORS = {"running": "green", "busy": "green", "starting": "yellow", "stopping": "yellow", "down": "red"}
_LEVELS = {"warning": "yellow", "error": "red", "critical": "red"}


class TopApp(App[None]):
    """Shows what a node does, until `q`.

    Args:
        client: speaks to the node.
        interval: seconds between two looks.
    """

    CSS = """
    #summary { height: 1; background: $panel; }
    DataTable { height: 2fr; }
    #title { height: 1; background: $panel; }
    RichLog { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "quit", "Quit", priority=True)]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, client: ControlClient, *, interval: float = 1.0) -> None:
        super().__init__()
        self._client = client
        self._interval = interval
        self._looks = Table()
        self._rows: list[Row] = []
        self._followed: str | None = None

    def compose(self) -> ComposeResult:
        """The summary, the table, the logs of the selected component."""
        yield Static(id="summary", markup=False)
        yield DataTable[Text](cursor_type="row", zebra_stripes=True)
        yield Static("logs: select a component", id="title", markup=False)
        yield RichLog(max_lines=1000, markup=False, highlight=False, wrap=True)
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look."""
        table = self._tree_table
        for column in COLUMNS:
            table.add_column(column, key=column)
        table.focus()
        self.run_worker(self._look(), name="look")

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Follow the logs of the component that is selected."""
        if event.cursor_row >= len(self._rows):
            return  # the table has become shorter meanwhile
        row = self._rows[event.cursor_row]
        if row.name == self._followed or row.kind != "component":
            return
        self._followed = row.name
        self._log_lines.clear()
        self.query_one("#title", Static).update(f"logs of {safe_line(row.name)}")
        self.run_worker(self._follow(row.name), group="logs", exclusive=True)

    @property
    def _tree_table(self) -> DataTable[Text]:
        # The class of a widget is what a query looks for; it knows no type argument.
        return cast("DataTable[Text]", self.query_one(DataTable))

    @property
    def _log_lines(self) -> RichLog:
        return self.query_one(RichLog)

    async def _look(self) -> None:
        """Look again and again; what was seen last stays when the node has gone."""
        while True:
            status: Status | None = None
            try:
                status = await self._client.status()
                told = summary(status)
            except AirssysError as error:
                told = f"{safe_line(error.message)}; q quits"
            if not self.is_running:
                return  # textual takes the widgets down before it ends the workers
            self.query_one("#summary", Static).update(told)
            if status is not None:
                self._show(self._looks.rows(status))
            await asyncio.sleep(self._interval)

    def _show(self, rows: list[Row]) -> None:
        table, before = self._tree_table, self._rows
        self._rows = rows
        if [row.name for row in rows] != [row.name for row in before]:
            self._rebuild(table, before, rows)
            return
        for index, (row, shown) in enumerate(zip(rows, before, strict=True)):
            for column, cell, old in zip(COLUMNS, row.cells, shown.cells, strict=True):
                if cell != old:
                    table.update_cell(str(index), column, _text(column, cell, row), update_width=True)

    def _rebuild(self, table: DataTable[Text], before: list[Row], rows: list[Row]) -> None:
        """Lay the rows anew, with the cursor on the name where it was, or else on the first component."""
        selected = before[table.cursor_row].name if table.cursor_row < len(before) else None
        table.clear()
        for index, row in enumerate(rows):
            cells = [_text(column, cell, row) for column, cell in zip(COLUMNS, row.cells, strict=True)]
            table.add_row(*cells, key=str(index))
        found = [index for index, row in enumerate(rows) if row.name == selected]
        found += [index for index, row in enumerate(rows) if row.kind == "component"]
        if found:
            table.move_cursor(row=found[0])

    async def _follow(self, component: str) -> None:
        try:
            async with contextlib.aclosing(self._client.logs(component)) as lines:
                async for line in lines:
                    if not self.is_running:
                        return
                    if line.lost:
                        self._log_lines.write(Text(f"({line.lost} lines were lost)", "dim"))
                    head = Text(f"{line.level:<7} ", _LEVELS.get(line.level, ""))
                    self._log_lines.write(head.append(safe_line(line.text), ""))
        except AirssysError as error:
            if self.is_running:
                self._log_lines.write(Text(safe_line(error.message), "dim"))
        self._followed = None  # so that the next life of the name can be followed


def _text(column: str, cell: str, row: Row) -> Text:
    style = _COLORS.get(row.state, "") if column == "state" else ""
    return Text(cell, style, justify="left" if column in COLUMNS[:2] else "right")
