"""What is the same for all measures of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.suite import Suite


@dataclass(frozen=True)
class Setup:
    """The command line.

    Attributes:
        folder: Where everything is written.
        rows: Golden rows, or ``None`` for as many as each measure needs.
        latency_ms: What the endpoint takes for a reply, where a measure is about that.
    """

    folder: Path
    rows: int | None
    latency_ms: float

    def suite(self, name: str, rows: int) -> Suite:
        """A new suite with so many rows, or as many as the command line says."""
        return Suite.make(self.folder / name, self.rows or rows)
