"""The table of the benchmarks: one row for each figure, with the bar that it has to meet."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

COMPARISONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
MET, MISSED, KNOWN, NOT_MEASURED = "met", "MISSED", "missed, known", "NOT MEASURED"


@dataclass(frozen=True)
class Bar:
    """What a figure has to meet.

    Attributes:
        comparison: One of ``<= >= = > <``.
        bound: What the figure is compared with.
        is_guarantee: Whether it holds on every machine and at every size, as counts of requests do.
        shortfall: A bound that the figure meets today where it misses ``bound``, and everybody
            knows; a figure that misses this one, too, has become worse.
    """

    comparison: str
    bound: float
    is_guarantee: bool = False
    shortfall: float | None = None

    def verdict(self, value: float) -> str:
        """Compare a figure with the bar."""
        is_met = COMPARISONS[self.comparison]
        if is_met(value, self.bound):
            return MET
        if self.shortfall is not None and is_met(value, self.shortfall):
            return KNOWN
        return MISSED


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        measure: The measure that it belongs to.
        what: What the figure is.
        value: The figure; ``None`` if it could not be measured.
        unit: Its unit.
        bar: What it has to meet, if anything.
        detail: What it was made from, or why it was not measured.
    """

    measure: str
    what: str
    value: float | None
    unit: str
    bar: Bar | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """``met``, ``MISSED``, ``missed, known``, ``NOT MEASURED``, or nothing without a bar."""
        if self.value is None:
            return NOT_MEASURED
        return self.bar.verdict(self.value) if self.bar else ""

    @property
    def is_failure(self) -> bool:
        """Whether the row makes the exit code 1."""
        return self.verdict in (MISSED, NOT_MEASURED)


def performance(
    measure: str,
    what: str,
    value: float,
    comparison: str,
    bound: float,
    unit: str,
    *,
    shortfall: float | None = None,
    detail: str = "",
) -> Row:
    """Make a row for a figure that depends on the machine and the size.

    Args:
        measure: Name of the measure.
        what: What the figure is.
        value: The figure.
        comparison: One of ``<= >= = > <``.
        bound: What it is compared with.
        unit: The unit of figure and bound.
        shortfall: See `Bar`.
        detail: What the figure was made from.
    """
    return Row(measure, what, value, unit, Bar(comparison, bound, shortfall=shortfall), detail)


def guarantee(
    measure: str,
    what: str,
    value: float,
    comparison: str,
    bound: float,
    unit: str,
    *,
    detail: str = "",
) -> Row:
    """Make a row for a figure that has to be right on every machine and at every size."""
    return Row(measure, what, value, unit, Bar(comparison, bound, is_guarantee=True), detail)


def note(measure: str, what: str, value: float, unit: str, *, detail: str = "") -> Row:
    """Make a row for a figure without a bar."""
    return Row(measure, what, value, unit, None, detail)


def formatted(value: float) -> str:
    """Write a number with as many digits as matter."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.2f}"


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    cells = [("measure", "what", "figure", "bar", "", "")]
    cells += [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    cells.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2], "-" * widths[3], "", ""))
    for line in cells:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        print("  ".join(padded).rstrip())


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    figure = "" if row.value is None else f"{formatted(row.value)} {row.unit}"
    bar = ""
    if row.bar:
        bar = f"{row.bar.comparison} {formatted(row.bar.bound)}"
        if row.bar.shortfall is not None:
            bar += f" (today {formatted(row.bar.shortfall)})"
    return row.measure, row.what, figure, bar, row.verdict, row.detail
