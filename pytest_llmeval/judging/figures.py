"""The figures of a calibration with their intervals, or why there are none."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmeval.records.agreement import SystemAgreement
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats import agreement as figures
from pytest_llmeval.stats.agreement_interval import (
    FEWEST_VARIED,
    agreement_interval,
    difference_interval,
    few_disagreements,
    jackknife_correlation,
    varied_clusters,
)
from pytest_llmeval.stats.bootstrap import FEWEST_CLUSTERS
from pytest_llmeval.stats.disagreements import (
    coarse,
    differs,
    differs_from_last,
    differs_from_usual,
    shared_labels,
    spread,
    within_groups,
)
from pytest_llmeval.stats.raters import mean_between_raters, mean_with_raters
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.judging.scales import AlignedScores

FEWEST = 10
"""Fewest cases for a figure: a smaller number agrees by chance too easily."""
TOO_FEW = "fewer than ten independent cases"
_TOO_ALIKE = "too few disagreements to tell how rare they are"
_NEED_SCALE = ("weighted_kappa", "alpha", "ordinal_alpha", "offset")
"""Figures that need scores on the scale of the labels; the mean takes any correlated score."""
_RANKS = ("pearson", "spearman", "kendall")
_UNBOUNDED = ("offset", "mean")
_NOTABLE = 0.1
"""Difference of two correlations from which on a note names it."""

_Figure = Callable[..., "float | None"]
_Columns = list[Sequence[float]]
_OF_TWO: dict[str, _Figure] = {
    "kappa": figures.cohen_kappa,
    "weighted_kappa": figures.weighted_kappa,
    "alpha": lambda labels, scores: figures.krippendorff_alpha([labels, scores]),
    "ordinal_alpha": lambda labels, scores: figures.krippendorff_alpha([labels, scores], True),
    "pearson": figures.pearson,
    "spearman": figures.spearman,
    "kendall": figures.kendall,
    "offset": figures.offset,
}


@dataclass
class FigureSet:
    """The figures of a calibration.

    Attributes:
        clusters: The cluster of each case.
        values: The figures by name.
        missing: Reason for a missing figure or interval, by the name of the figure.
        notes: What a reader should know of them.
    """

    clusters: Sequence[str]
    values: dict[str, Interval] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, name: str, reason: str) -> None:
        """Note why a figure is missing."""
        self.values[name] = Interval(None, None, None, len(self.clusters))
        self.missing[name] = reason

    def add(
        self,
        name: str,
        columns: _Columns,
        figure: _Figure,
        varying: Sequence[Sequence[float]],
        differing: Sequence[Sequence[bool]] = (),
    ) -> None:
        """Compute a figure, whose interval needs columns that vary and cases that disagree."""
        interval = agreement_interval(
            columns,
            figure,
            self.clusters,
            is_bounded=name not in _UNBOUNDED,
            labels=varying[0] if differing else None,
        )
        reason = ""
        if interval.estimate is None:
            reason = "the labels or scores do not vary"
        elif len(set(self.clusters)) < FEWEST_CLUSTERS:
            reason = f"no interval: {TOO_FEW}"
        elif any(varied_clusters(column, self.clusters) < FEWEST_VARIED for column in varying):
            reason = "no interval: fewer than three cases differ from the most common one"
        elif any(few_disagreements(differs, self.clusters, columns) for differs in differing):
            reason = f"no interval: {_TOO_ALIKE}"
        elif interval.low is None:
            reason = "no interval: one case alone decides the figure, or none does"
        if reason:
            self.missing[name] = reason
            interval = Interval(interval.estimate, None, None, interval.n)
        self.values[name] = interval

    def add_difference(self, name: str, one: str, two: str, correlation: float) -> None:
        """Add the difference of two figures of the same cases, with an interval from theirs."""
        first, second = self.values[one], self.values[two]
        self.values[name] = difference_interval(first, second, correlation)
        lacking = [part for part in (one, two) if part in self.missing]
        if lacking:
            self.missing[name] = self.missing[lacking[0]]


def figures_of(
    comparison: AlignedScores, clusters: Sequence[str], systems: Sequence[str]
) -> FigureSet:
    """Compute the figures that the labels allow.

    Args:
        comparison: Labels and scores on one scale.
        clusters: The cluster of each case.
        systems: The system of each case; empty if unknown.
    """
    computed = FigureSet(clusters)
    labels = comparison.labels
    if len(comparison.ratings) > 1:
        labels = shared_labels(comparison.ratings)
    spread_of_cases = [labels, comparison.scores]
    if systems:
        spread_of_cases = [within_groups(column, systems) for column in spread_of_cases]
    for name, figure in _OF_TWO.items():
        reason = _reason_missing(name, comparison)
        if reason:
            computed.leave_out(name, reason)
            continue
        if name == "kappa":
            _add_kappa(computed, comparison)
        elif name == "offset":
            _add_offset(computed, comparison)
        else:
            columns: _Columns = [comparison.labels, comparison.scores]
            differing = _differing(name, comparison)
            computed.add(name, columns, figure, spread_of_cases, differing)
    if systems:
        _add_within_system(computed, comparison, systems, spread_of_cases)
    if len(comparison.ratings) > 1:
        _add_raters(computed, comparison)
    return computed


def _add_kappa(computed: FigureSet, comparison: AlignedScores) -> None:
    columns: _Columns = [_passes(comparison, comparison.labels), _scores(comparison)]
    computed.add("kappa", columns, figures.cohen_kappa, columns, [differs(columns)])


def _add_offset(computed: FigureSet, comparison: AlignedScores) -> None:
    columns: _Columns = [comparison.labels, comparison.scores]
    differences = [score - label for label, score in zip(*columns, strict=True)]
    computed.add("offset", columns, figures.offset, [coarse(differences, spread(columns))])


def _differing(name: str, comparison: AlignedScores) -> list[list[bool]]:
    """Return which cases show that the judge is not always right, by each way of counting."""
    columns: _Columns = [comparison.labels, comparison.scores]
    differing = [differs(columns)] if comparison.is_common else []
    if name in (*_RANKS, "within_system"):
        differing.append(differs_from_usual(*columns))
    return differing


def add_mean_of_clusters(computed: FigureSet, labels: Sequence[float]) -> None:
    """Add the mean of labels that hang together within clusters."""
    computed.add("mean", [labels], lambda values: statistics.fmean(values), [labels])


def by_system(comparison: AlignedScores, systems: Sequence[str]) -> Iterator[SystemAgreement]:
    """Yield the agreement on the answers of each system."""
    for name in dict.fromkeys(systems):
        rows = [row for row, system in enumerate(systems) if system == name]
        labels = [comparison.labels[row] for row in rows]
        scores = [comparison.scores[row] for row in rows]
        yield SystemAgreement(
            name or "(unnamed)",
            len(rows),
            statistics.fmean(labels),
            statistics.fmean(scores),
            figures.pearson(labels, scores),
        )


def _add_within_system(
    computed: FigureSet,
    comparison: AlignedScores,
    systems: Sequence[str],
    spread_of_cases: _Columns,
) -> None:
    """Add the correlation within the systems, and note where the pooled one hides it."""
    name = "within_system"
    codes = {system: float(code) for code, system in enumerate(dict.fromkeys(systems))}
    reason = _reason_missing("pearson", comparison)
    if len(codes) == 1:
        reason = "all answers are of one system"
    if reason:
        computed.leave_out(name, reason)
        return
    two: _Columns = [comparison.labels, comparison.scores]
    columns: _Columns = [*two, [codes[system] for system in systems]]
    differing = _differing(name, comparison)
    computed.add(name, columns, figures.pearson_within, spread_of_cases, differing)
    pooled = computed.values["pearson"].estimate
    within = computed.values[name].estimate
    if pooled is None or within is None or abs(pooled - within) < _NOTABLE:
        return
    gap = agreement_interval(columns, _pooled_less_within, computed.clusters, is_bounded=False)
    if gap.low is not None and gap.high is not None and gap.low <= 0 <= gap.high:
        return
    text = "the judge distinguishes the systems more than the answers of one system"
    if within > pooled:
        text = "the judge rates some systems higher or lower than people do"
    computed.notes.append(
        f"pearson is {pooled:.2f} over all answers and {within:.2f} within a system: {text}"
    )


def _pooled_less_within(
    labels: Sequence[float], scores: Sequence[float], codes: Sequence[float]
) -> float | None:
    pooled = figures.pearson(labels, scores)
    within = figures.pearson_within(labels, scores, codes)
    return None if pooled is None or within is None else pooled - within


def _add_raters(computed: FigureSet, comparison: AlignedScores) -> None:
    """Add the agreement of people with each other, and that of the judge with one of them."""
    twice = sum(
        sum(not math.isnan(rating) for rating in ratings) > 1
        for ratings in zip(*comparison.ratings, strict=True)
    )
    if twice < FEWEST:
        few = f"{count(twice, 'case')} with two labels; at least {FEWEST} are required"
        for name in ("raters", "raters_alpha", "judge_rater", "gap"):
            computed.leave_out(name, few)
        return
    figure: _Figure = figures.weighted_kappa
    ratings: _Columns = list(comparison.ratings)
    scores: Sequence[float] = comparison.scores
    if comparison.are_binary:
        figure = figures.cohen_kappa

    def people(*columns: Sequence[float]) -> float | None:
        return mean_between_raters(figure, columns)

    def judge(*columns: Sequence[float]) -> float | None:
        return mean_with_raters(figure, columns[:-1], columns[-1])

    labels: _Columns = [shared_labels(ratings)]
    of_people = differs(ratings)
    computed.add("raters", ratings, people, labels, [of_people])
    computed.add(
        "raters_alpha",
        ratings,
        lambda *columns: figures.krippendorff_alpha(columns, True),
        labels,
        [of_people],
    )
    reason = _reason_missing("kappa" if comparison.are_binary else "weighted_kappa", comparison)
    if reason:
        computed.leave_out("judge_rater", reason)
        computed.leave_out("gap", reason)
        return
    if comparison.are_binary:
        scores = _scores(comparison)
    all_columns: _Columns = [*ratings, scores]
    of_judge = differs_from_last(all_columns)
    varying = [*labels, scores]
    computed.add("judge_rater", all_columns, judge, varying, [of_judge])
    correlation = jackknife_correlation(
        all_columns, judge, lambda *columns: people(*columns[:-1]), computed.clusters
    )
    computed.add_difference("gap", "judge_rater", "raters", correlation)


def _passes(comparison: AlignedScores, labels: Sequence[float]) -> list[float]:
    return [float(comparison.label_passes(label)) for label in labels]


def _scores(comparison: AlignedScores) -> list[float]:
    return [float(comparison.passes(score)) for score in comparison.scores]


def _reason_missing(name: str, comparison: AlignedScores) -> str:
    """Return why a figure is left out; empty if it is not."""
    labels = comparison.labels
    scores = comparison.scores
    if name in _NEED_SCALE and not comparison.is_common:
        if comparison.are_binary:
            return "the scale of the scores is unknown: set --score-scale LOW HIGH"
        return "the scales are unknown: set --scale LOW HIGH, or also --score-scale LOW HIGH"
    if name == "kappa" and comparison.bound is None:
        return "no threshold separates pass from fail: set --threshold X or --scale LOW HIGH"
    if name in ("offset", "mean"):
        return ""
    if len(labels) < FEWEST:
        return f"{count(len(labels), 'case')}; at least {FEWEST} are required"
    if len(set(labels)) == 1:
        return "all labels are the same, so agreement cannot be distinguished from chance"
    if name == "kappa" and len({comparison.label_passes(label) for label in labels}) == 1:
        return (
            "all labels are on one side of the threshold, so agreement cannot be distinguished "
            "from chance"
        )
    if name in _RANKS and len(set(scores)) == 1:
        return "all scores are the same"
    return ""
