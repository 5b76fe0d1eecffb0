"""The record of a plan: how large a suite must be to show a drop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NoiseSource = Literal["runs", "samples", "run"]
"""Where the noise is from.

``runs``: two runs of the same settings over the same cases. ``samples``: the samples of each case.
``run``: the differences between the cases of a single run, which are larger than the noise.
"""


@dataclass(frozen=True)
class MetricPlan:
    """The plan of one metric.

    Attributes:
        metric: Name of the metric.
        source: Where the noise is from.
        runs: Runs that it was read from, the newest first, for people.
        cases: Cases of today's suite.
        samples: Samples of each.
        clusters: Clusters of these cases.
        compared: Cases that show the noise.
        noise: Standard error of the change between two runs of today's suite, from 0 to 1; ``None``
            with fewer than two clusters.
        detectable: Smallest drop that today's suite detects; ``None`` if none.
        strict_margin: Smallest margin that a strict gate meets in most runs without a change.
        cases_needed: Cases that the drop needs with today's samples; ``None`` if none are enough.
        samples_needed: Samples that it needs with today's cases; ``None`` if none are enough, or if
            the source does not tell.
        usd: US dollars for a run of today's suite; ``None`` if a price is unknown.
        usd_cases: US dollars for a run with the cases that are needed.
        usd_samples: US dollars for a run with the samples that are needed.
    """

    metric: str
    source: NoiseSource
    runs: tuple[str, ...]
    cases: int
    samples: int
    clusters: int
    compared: int
    noise: float | None
    detectable: float | None = None
    strict_margin: float | None = None
    cases_needed: int | None = None
    samples_needed: int | None = None
    usd: float | None = None
    usd_cases: float | None = None
    usd_samples: float | None = None

    @property
    def is_enough(self) -> bool:
        """Whether today's suite shows the drop."""
        return self.cases_needed is not None and self.cases_needed <= self.cases

    @property
    def cheaper(self) -> Literal["cases", "samples"] | None:
        """What shows the drop with fewer calls; ``None`` if nothing does."""
        by_cases = None if self.cases_needed is None else self.cases_needed * self.samples
        by_samples = None if self.samples_needed is None else self.cases * self.samples_needed
        if by_samples is not None and (by_cases is None or by_samples < by_cases):
            return "samples"
        return None if by_cases is None else "cases"


@dataclass(frozen=True)
class Plan:
    """A plan for a drop.

    Attributes:
        drop: The drop to be shown, from 0 to 1.
        power: Share of the runs that shall show it.
        margin: Smallest drop that matters.
        alpha: Level of the gate.
        metrics: A plan for each gated metric.
    """

    drop: float
    power: float
    margin: float
    alpha: float
    metrics: tuple[MetricPlan, ...]
