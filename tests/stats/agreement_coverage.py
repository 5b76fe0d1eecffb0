"""How often the intervals of a calibration contain the truth."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pytest_llmeval.judging.figures import add_mean_of_clusters, figures_of
from pytest_llmeval.judging.scales import AlignedScores
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.agreement import (
    cohen_kappa,
    kendall,
    krippendorff_alpha,
    offset,
    pearson,
    pearson_within,
    spearman,
    weighted_kappa,
)
from pytest_llmeval.stats.prediction_powered import (
    prediction_powered_change,
    prediction_powered_mean,
)
from pytest_llmeval.stats.raters import mean_between_raters, mean_with_raters
from tests.stats.agreement_worlds import Drawn, Judged

BOUND = 4.0
MORE_SCORES = 200
FEWEST_SHOWN = 50
"""Samples with an interval, below which their coverage cannot be measured."""
_TRUE_SIZE = 100_000


class Coverage(NamedTuple):
    """The share of intervals with the truth, and the share of samples with an interval."""

    held: float
    shown: float

    def bar(self, runs: int) -> float:
        """The lowest share that 93% allows, with two standard errors of the simulation."""
        shown = max(self.shown * runs, 1)
        return 0.93 - 2 * math.sqrt(0.93 * 0.07 / shown)

    def is_measured(self, runs: int) -> bool:
        """Whether enough samples have an interval."""
        return self.shown * runs >= FEWEST_SHOWN


def coverages(world: Judged, n: int, runs: int) -> dict[str, Coverage]:
    """Measure all figures of a calibration as the command computes them."""
    truth = _truths(world)
    random = np.random.default_rng([*world.name.encode(), n])
    held = dict.fromkeys(truth, 0)
    shown = dict.fromkeys(truth, 0)
    for _ in range(runs):
        for name, found in _computed(world.sample(random, n)).items():
            if name in truth and found.low is not None and found.high is not None:
                shown[name] += 1
                held[name] += found.low - 1e-9 <= truth[name] <= found.high + 1e-9
    return {
        name: Coverage(held[name] / shown[name] if shown[name] else 1.0, shown[name] / runs)
        for name in truth
    }


def _computed(drawn: Drawn) -> dict[str, Interval]:
    ratings = [column.tolist() for column in drawn.ratings]
    labels = [statistics.fmean(row) for row in zip(*ratings, strict=True)]
    scores = drawn.scores.tolist()
    aligned = AlignedScores(
        labels, ratings, scores, [], (0.0, 5.0), BOUND, BOUND, True, True, False
    )  # fmt: skip
    clusters = [f"cluster {name}" for name in drawn.clusters]
    computed = figures_of(aligned, clusters, [f"system {name}" for name in drawn.systems])
    if len(set(clusters)) < len(labels):
        add_mean_of_clusters(computed, labels)
    return computed.values


def _truths(world: Judged) -> dict[str, float]:
    drawn = world.sample(np.random.default_rng(1), _TRUE_SIZE)
    ratings = np.asarray(drawn.ratings, dtype=float)
    labels, scores = ratings.mean(axis=0), drawn.scores
    both = np.asarray([labels, scores], dtype=float)
    values = {
        "kappa": cohen_kappa((labels >= BOUND).tolist(), (scores >= BOUND).tolist()),
        "weighted_kappa": weighted_kappa(labels, scores),
        "alpha": krippendorff_alpha(both),
        "ordinal_alpha": krippendorff_alpha(both, True),
        "pearson": pearson(labels, scores),
        "spearman": spearman(labels, scores),
        "kendall": kendall(labels, scores),
        "offset": offset(labels, scores),
    }
    if len(drawn.systems):
        values["within_system"] = pearson_within(labels, scores, drawn.systems)
    if len(set(drawn.clusters.tolist())) < len(labels):
        values["mean"] = float(labels.mean())
    if len(drawn.ratings) > 1:
        people = mean_between_raters(weighted_kappa, drawn.ratings)
        judge = mean_with_raters(weighted_kappa, drawn.ratings, scores)
        assert people is not None
        assert judge is not None
        alpha = krippendorff_alpha(ratings, True)
        values |= {"raters": people, "raters_alpha": alpha, "judge_rater": judge, "gap": judge - people}  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}


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


def coverage_of_change(world: Judged, n: int, runs: int) -> Coverage:
    """Measure the change from the answers of one run to independent ones of the second: 0."""
    random = np.random.default_rng([*world.name.encode(), n, 2])
    held = shown = 0
    for _ in range(runs):
        people, judged = _pairs(world, random, n)
        _, more = _pairs(world, random, MORE_SCORES)
        mean = prediction_powered_change(people, judged, more).mean
        if mean.low is not None and mean.high is not None:
            shown += 1
            held += mean.low <= 0 <= mean.high
    return Coverage(held / shown if shown else 1.0, shown / runs)


def _pairs(
    world: Judged, random: np.random.Generator, n: int
) -> tuple[Sequence[tuple[float, float]], Sequence[tuple[float, float]]]:
    before, after = (world.draw(random, n) for _ in range(2))
    people, judged = (list(zip(*both, strict=True)) for both in zip(before, after, strict=True))
    return people, judged
