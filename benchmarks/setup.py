"""What all measures of a run share: the folder to write in, and the size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.suite import Suite


@dataclass(frozen=True)
class Size:
    """How much is measured. ``None`` is as much as a measure needs for figures that count.

    Attributes:
        rows: Golden rows.
        pairs: How often both of two things that are compared are run.
        latency_ms: How long the endpoint takes for a reply, where a measure is about that.
        concurrency: The most requests in flight.
        workers: xdist workers, where a measure is not about their number.
        html: Whether runs write the HTML report, as they do by default.
    """

    rows: int | None = None
    pairs: int | None = None
    latency_ms: float = 200
    concurrency: int = 50
    workers: int = 4
    html: bool = True


@dataclass(frozen=True)
class Setup:
    """What a measure is taken with.

    Attributes:
        folder: Where everything is written.
        size: How much is measured.
    """

    folder: Path
    size: Size

    def rows(self, usual: int) -> int:
        """The number of golden rows, for a measure that usually takes so many."""
        return self.size.rows or usual

    def pairs(self, usual: int) -> int:
        """The number of repetitions, for a measure that usually makes so many."""
        return self.size.pairs or usual

    def suite(self, name: str, rows: int) -> Suite:
        """Write a new suite with the number of rows that a measure usually takes."""
        return Suite.make(self.folder / name, self.rows(rows))

    @property
    def alone(self) -> tuple[str, ...]:
        """Options of a run in one process."""
        return self.with_workers(0)

    @property
    def shared(self) -> tuple[str, ...]:
        """Options of a run with workers."""
        return self.with_workers(self.size.workers)

    def with_workers(self, number: int) -> tuple[str, ...]:
        """Options of a run with so many workers; 0 is a run in one process."""
        options = ("-n", str(number), "--llm-concurrency", str(self.size.concurrency))
        return options if self.size.html else (*options, "--llm-html=")
