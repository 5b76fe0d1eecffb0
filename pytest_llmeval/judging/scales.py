"""Labels and scores put on one scale, so that they can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmeval.errors import SettingError
from pytest_llmeval.records.score import LARGEST_NUMBER

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels
    from pytest_llmeval.judging.labels import LabelScores, Pair


Range = tuple[float, float]
_PASS_SHARE = 0.8
"""Default bound as a share of the scale: 4 of 5."""
_UNIT: Range = (0.0, 1.0)
_SMALLEST = 1 / LARGEST_NUMBER
"""Size of numbers whose squares and products are not 0."""

_MAJORITY = 0.5
_ROUNDING = 1e-9
"""Tolerance at a bound, for numbers that were moved from one scale to another."""


@dataclass(frozen=True)
class ScaleOptions:
    """The scales and the bound that the user has set.

    Attributes:
        label_scale: Lowest and highest label; ``None`` for the scale of the scores.
        score_scale: Lowest and highest score; ``None`` for the recorded scale of the scores, or
            the scale of the labels.
        bound: The lowest score that passes; ``None`` for 0.8 of the scale.
    """

    label_scale: Range | None = None
    score_scale: Range | None = None
    bound: float | None = None


@dataclass(frozen=True)
class AlignedScores:
    """Labels and scores on one scale.

    Attributes:
        labels: The labels of the scored cases; the mean where there are several raters.
        ratings: The labels of each rater in the same order, ``nan`` for a missing one.
        scores: Their scores, in the same order.
        unlabelled: Scores without a label.
        scale: The scale; ``None`` if unknown.
        bound: The bound between pass and fail; ``None`` if unknown.
        score_bound: The same on the scale on which the judge scores.
        higher_is_better: Whether high numbers are good.
        is_common: Whether labels and scores share a scale; if not, only their order is compared.
        are_binary: Whether the labels are only pass and fail.
    """

    labels: Sequence[float]
    ratings: Sequence[Sequence[float]]
    scores: Sequence[float]
    unlabelled: Sequence[float]
    scale: Range | None
    bound: float | None
    score_bound: float | None
    higher_is_better: bool
    is_common: bool
    are_binary: bool

    @property
    def label_scale(self) -> Range | None:
        """Lowest and highest label; ``None`` if unknown."""
        if self.are_binary:
            return _UNIT
        return self.scale if self.is_common else None

    def passes(self, value: float) -> bool:
        """Return whether an answer with this number passes.

        Raises:
            TypeError: There is no bound.
        """
        if self.bound is None:
            raise TypeError("there is no bound")
        if self.higher_is_better:
            return value >= self.bound - _ROUNDING
        return value <= self.bound + _ROUNDING

    def label_passes(self, label: float) -> bool:
        """Return whether a label passes; of labels that are pass or fail, the majority decides."""
        if self.are_binary:
            return label > _MAJORITY
        return self.passes(label)


def align(labels: Labels, scores: LabelScores, options: ScaleOptions) -> AlignedScores:
    """Put labels and scores on the scale of the scores, or from 0 to 1 for pass and fail.

    Raises:
        SettingError: A label or a score lies outside its scale.
    """
    raw = _raw_scores(labels, scores, options)
    given = [rating for rater in raw.ratings for rating in rater if not math.isnan(rating)]
    _check_size(raw.scores, "the scores")
    _check_size(given, f"the labels of {labels.file}")
    _check(raw.scores, raw.scale, "the scores", _scale_remedy("--score-scale"))
    is_unlike = labels.are_binary and options.label_scale is None and raw.scale != _UNIT
    if labels.are_words or is_unlike:
        return _align_binary(raw)
    label_scale = options.label_scale or raw.scale
    _check(given, label_scale, f"the labels of {labels.file}", _scale_remedy("--scale"))
    if label_scale is None or raw.scale is None:
        # Two scales that nobody knows are not one: only the order of the numbers is compared.
        return replace(raw, is_common=False)
    return replace(
        raw,
        labels=_rescale(raw.labels, label_scale, raw.scale),
        ratings=[_rescale(rater, label_scale, raw.scale) for rater in raw.ratings],
    )


def _raw_scores(labels: Labels, scores: LabelScores, options: ScaleOptions) -> AlignedScores:
    """Pair labels and scores as they are."""
    pairs = [pair for pair in scores.pairs if pair.value is not None]
    higher_is_better = scores.scale is None or scores.scale.higher_is_better
    # Pass and fail have no scale of their own, so that of the labels is meant for the scores.
    scale = options.score_scale or _range(scores) or options.label_scale
    bound = _bound(options, scale, higher_is_better)
    return AlignedScores(
        labels=[pair.row.label or 0.0 for pair in pairs],
        ratings=_by_rater(pairs, len(labels.raters)),
        scores=[pair.value or 0.0 for pair in pairs],
        unlabelled=scores.unlabelled,
        scale=scale,
        bound=bound,
        score_bound=bound,
        higher_is_better=higher_is_better,
        is_common=True,
        are_binary=False,
    )


def _align_binary(raw: AlignedScores) -> AlignedScores:
    """Put scores on a scale from 0 to 1, where the labels are only pass and fail."""
    if raw.scale is None:
        # Without a scale, only the order of the numbers and the bound can be used.
        return replace(raw, is_common=False, are_binary=True)
    good = raw.scale if raw.higher_is_better else raw.scale[::-1]
    return AlignedScores(
        labels=raw.labels,
        ratings=raw.ratings,
        scores=_rescale(raw.scores, good, _UNIT),
        unlabelled=_rescale(raw.unlabelled, good, _UNIT),
        scale=_UNIT,
        bound=None if raw.bound is None else _rescale([raw.bound], good, _UNIT)[0],
        score_bound=raw.score_bound,
        higher_is_better=True,
        is_common=True,
        are_binary=True,
    )


def _by_rater(pairs: Sequence[Pair], raters: int) -> list[list[float]]:
    """Return the ratings of each rater, ``nan`` for a missing one."""
    by_rater: list[list[float]] = [[] for _ in range(raters)]
    for pair in pairs:
        for rater, rating in zip(by_rater, pair.row.ratings, strict=True):
            rater.append(math.nan if rating is None else rating)
    return by_rater


def _range(scores: LabelScores) -> Range | None:
    scale = scores.scale
    if scale is None or scale.low is None or scale.high is None:
        return None
    return scale.low, scale.high


def _bound(options: ScaleOptions, scale: Range | None, higher_is_better: bool) -> float | None:
    if options.bound is not None or scale is None:
        return options.bound
    share = _PASS_SHARE if higher_is_better else 1 - _PASS_SHARE
    return scale[0] + share * (scale[1] - scale[0])


def _rescale(values: Sequence[float], source: Range, target: Range) -> list[float]:
    if source == target:
        return list(values)
    stretch = (target[1] - target[0]) / (source[1] - source[0])
    return [target[0] + (value - source[0]) * stretch for value in values]


def _check(values: Sequence[float], scale: Range | None, what: str, remedy: str) -> None:
    if scale is None:
        return
    low, high = scale
    for value in values:
        if not low - _ROUNDING <= value <= high + _ROUNDING:
            raise SettingError(what, value, f"a number from {low:g} to {high:g}", remedy)


def _check_size(values: Sequence[float], what: str) -> None:
    """Refuse numbers of which no spread can be computed."""
    for value in values:
        if value and not _SMALLEST <= abs(value) <= LARGEST_NUMBER:
            allowed = f"0, or a number of a size from {_SMALLEST:g} to {LARGEST_NUMBER:g}"
            remedy = "Divide or multiply all of them by one number."
            raise SettingError(what, value, allowed, remedy)


def _scale_remedy(option: str) -> str:
    return f"Set another scale with {option} LOW HIGH."
