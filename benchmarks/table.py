"""The table of the benchmarks: a row for each promise."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass

COMPARISONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
WIDTH = 160  # where the output is no terminal


@dataclass(frozen=True)
class Row:
    """One figure and whether it keeps its bar; ``kept`` is ``None`` for a figure that is only told."""

    measure: str
    what: str
    figure: str
    bar: str = ""
    kept: bool | None = None

    @property
    def verdict(self) -> str:
        """In a word."""
        return {True: "kept", False: "MISSED", None: ""}[self.kept]


def judged(
    measure: str,
    what: str,
    value: float,
    comparison: str,
    bar: float,
    unit: str = "",
    told: str = "",
) -> Row:
    """A row whose figure is compared with its bar.

    Args:
        measure: Name of the measure.
        what: What the figure is.
        value: The figure.
        comparison: One of ``<= >= = > <``.
        bar: The bar.
        unit: Put after figure and bar.
        told: What the figure was made from.
    """
    figure = f"{shown(value)}{unit}" + (f" ({told})" if told else "")
    return Row(
        measure,
        what,
        figure,
        f"{comparison} {shown(bar)}{unit}",
        bool(COMPARISONS[comparison](value, bar)),
    )


def shown(value: float) -> str:
    """A number with as many digits as matter."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.2f}"


def show(rows: Iterable[Row], commands: dict[str, str]) -> None:
    """Print the table, with the command of each measure under it."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    table = Table(
        "measure", "what", "figure", "bar", "", title="Benchmarks", row_styles=["", "dim"]
    )
    for row in rows:
        style = {True: "green", False: "bold red", None: ""}[row.kept]
        table.add_row(row.measure, row.what, row.figure, row.bar, row.verdict, style=style)
    console.print(table)
    for name, command in commands.items():
        console.print(f"{name:13}  {command}", highlight=False, soft_wrap=True)
