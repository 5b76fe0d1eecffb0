"""How often the intervals of a calibration contain the truth."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pytest_llmeval.stats.agreement import (
    cohen_kappa,
    krippendorff_alpha,
    offset,
    pearson,
    weighted_kappa,
)
from pytest_llmeval.stats.agreement_interval import (
    FEWEST_VARIED,
    agreement_interval,
    varied_clusters,
)
from pytest_llmeval.stats.prediction_powered import prediction_powered_mean
from tests.stats.agreement_worlds import Judged

Figure = Callable[..., float | None]
FIGURES: dict[str, Figure] = {
    "kappa": cohen_kappa,
    "weighted_kappa": weighted_kappa,
    "alpha": lambda labels, scores: krippendorff_alpha([labels, scores]),
    "ordinal_alpha": lambda labels, scores: krippendorff_alpha([labels, scores], True),
    "pearson": pearson,
    "offset": offset,
}
MORE_SCORES = 200


class Coverage(NamedTuple):
    """The share of intervals with the truth, and the share of samples with an interval."""

    held: float
    shown: float

    def bar(self, runs: int) -> float:
        """The lowest share that 93% allows, with two standard errors of the simulation."""
        shown = max(self.shown * runs, 1)
        return 0.93 - 2 * math.sqrt(0.93 * 0.07 / shown)


def coverage_of(world: Judged, name: str, n: int, runs: int) -> Coverage:
    figure = FIGURES[name]
    truth = world.truth(figure)
    random = np.random.default_rng([*world.name.encode(), n])
    held = shown = 0
    for _ in range(runs):
        columns = [column.tolist() for column in world.draw(random, n)]
        varying = columns
        if name == "offset":
            varying = [[one - two for one, two in zip(*columns, strict=True)]]
        if any(varied_clusters(each) < FEWEST_VARIED for each in varying):
            continue
        found = agreement_interval(columns, figure, is_bounded=name != "offset")
        if found.low is not None and found.high is not None:
            shown += 1
            held += found.low <= truth <= found.high
    return Coverage(held / shown if shown else 1.0, shown / runs)


def coverage_of_mean(world: Judged, n: int, runs: int) -> Coverage:
    truth = float(world.draw(np.random.default_rng(1), 200_000)[0].mean())
    random = np.random.default_rng([*world.name.encode(), n])
    held = 0
    for _ in range(runs):
        labels, scores = (column.tolist() for column in world.draw(random, n))
        more = world.draw(random, MORE_SCORES)[1].tolist()
        mean = prediction_powered_mean(labels, scores, more, (0.0, 5.0)).mean
        assert mean.low is not None
        assert mean.high is not None
        held += mean.low - 1e-9 <= truth <= mean.high + 1e-9
    return Coverage(held / runs, 1.0)
