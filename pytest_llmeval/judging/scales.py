"""Labels and scores put on one scale, so that they can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmeval.errors import SettingError

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels
    from pytest_llmeval.judging.labels import LabelScores


Range = tuple[float, float]
PASS_SHARE = 0.8
"""From which part of the scale on an answer passes where nobody says it: 4 of 5."""
UNIT: Range = (0.0, 1.0)
ROUNDING = 1e-9
"""A number that near to the bound is the bound: it was moved from one scale to another."""


@dataclass(frozen=True)
class ScaleOptions:
    """What the user said of the scales.

    Attributes:
        label_scale: Lowest and highest label; ``None``: that of the scores.
        score_scale: Lowest and highest score; ``None``: what the scores say, or else that of the
            labels.
        bound: The score from which on an answer passes, on the scale of the scores; ``None``: 0.8
            of the scale.
    """

    label_scale: Range | None = None
    score_scale: Range | None = None
    bound: float | None = None


@dataclass(frozen=True)
class AlignedScores:
    """Labels and scores on one scale.

    Attributes:
        labels: The labels of the scored cases.
        scores: Their scores, in the same order.
        unlabelled: Scores without a label.
        scale: The scale; ``None`` if it is not known.
        bound: From which number on an answer passes; ``None``: not known.
        higher_is_better: Whether high numbers are good.
        is_common: Whether label and score are numbers of the same kind: else only their order can
            be compared.
        are_binary: Whether the labels know only pass and fail.
    """

    labels: Sequence[float]
    scores: Sequence[float]
    unlabelled: Sequence[float]
    scale: Range | None
    bound: float | None
    higher_is_better: bool
    is_common: bool
    are_binary: bool

    def passes(self, value: float) -> bool:
        """Whether an answer of this number passes.

        Raises:
            TypeError: There is no bound.
        """
        if self.bound is None:
            raise TypeError("there is no bound")
        return (
            value >= self.bound - ROUNDING
            if self.higher_is_better
            else value <= self.bound + ROUNDING
        )

    def label_passes(self, label: float) -> bool:
        """The same for a label; pass or fail needs no bound."""
        return label > 0 if self.are_binary else self.passes(label)


def compared(labels: Labels, found: LabelScores, asked: ScaleOptions) -> AlignedScores:
    """Labels and scores on one scale: that of the scores, or from 0 to 1 where people said only pass or fail.

    Raises:
        SettingError: A label or a score lies outside its scale.
    """
    pairs = [pair for pair in found.pairs if pair.value is not None]
    raw, scores = [pair.row.label or 0.0 for pair in pairs], [pair.value or 0.0 for pair in pairs]
    is_better = found.scale is None or found.scale.higher_is_better
    score_scale = (
        asked.score_scale or _range(found) or (None if labels.are_words else asked.label_scale)
    )
    _check(scores, score_scale, "the scores", "--score-scale LOW HIGH")
    bound = _bound(asked, score_scale, is_better)
    if labels.are_words or (
        labels.are_binary and asked.label_scale is None and score_scale != UNIT
    ):
        if (
            score_scale is None
        ):  # the numbers stay as they are: only their order, and the bound, can be used
            return AlignedScores(raw, scores, found.unlabelled, None, bound, is_better, False, True)
        good = score_scale if is_better else score_scale[::-1]
        return AlignedScores(
            raw, _moved(scores, good, UNIT), _moved(found.unlabelled, good, UNIT), UNIT,
            None if bound is None else _moved([bound], good, UNIT)[0], True, True, True,
        )  # fmt: skip
    label_scale = asked.label_scale or score_scale
    _check(raw, label_scale, f"the labels of {labels.file}", "--scale LOW HIGH")
    moved = _moved(raw, label_scale, score_scale) if label_scale and score_scale else raw
    return AlignedScores(
        moved, scores, found.unlabelled, score_scale, bound, is_better, True, False
    )


def _range(found: LabelScores) -> Range | None:
    scale = found.scale
    return (
        None
        if scale is None or scale.low is None or scale.high is None
        else (scale.low, scale.high)
    )


def _bound(asked: ScaleOptions, scale: Range | None, higher_is_better: bool) -> float | None:
    if asked.bound is not None or scale is None:
        return asked.bound
    share = PASS_SHARE if higher_is_better else 1 - PASS_SHARE
    return scale[0] + share * (scale[1] - scale[0])


def _moved(values: Sequence[float], source: Range, target: Range) -> list[float]:
    if source == target:
        return list(values)
    stretch = (target[1] - target[0]) / (source[1] - source[0])
    return [target[0] + (value - source[0]) * stretch for value in values]


def _check(values: Sequence[float], scale: Range | None, what: str, option: str) -> None:
    if scale is None:
        return
    low, high = scale
    outside = next(
        (value for value in values if not low - ROUNDING <= value <= high + ROUNDING), None
    )
    if outside is not None:
        raise SettingError(
            what,
            outside,
            f"a number from {low:g} to {high:g}",
            f"Another scale is given with {option}.",
        )
