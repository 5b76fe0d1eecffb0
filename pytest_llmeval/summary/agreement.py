"""Bounds on the agreement of a judge with people, and whether a calibration meets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.records.agreement import AgreementCheck
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.threshold import Threshold, can_miss

FIGURE_NAMES = (
    "kappa",
    "weighted_kappa",
    "alpha",
    "ordinal_alpha",
    "pearson",
    "spearman",
    "kendall",
    "within_system",
    "offset",
    "mean",
    "raters",
    "raters_alpha",
    "judge_rater",
    "gap",
)
"""The figures of a calibration, in the order of its report."""

_UNBOUNDED = ("offset", "mean", "gap")
"""Figures on the scale of the labels, and a difference. All others are from -1 to 1."""

_ENDS = (-1, 1)


def parse_agreement_bounds(texts: Sequence[str], origin: str) -> list[Threshold]:
    """Read bounds on figures of a calibration.

    Args:
        texts: For example ``kappa>=0.6``, or ``kappa.low>=0.4`` for the lower end of its interval.
        origin: The option that holds them, for error texts.

    Raises:
        SettingError: One cannot be read, or names no figure.
    """
    bounds = [Threshold.parse(text, origin) for text in texts]
    for bound in bounds:
        name, _, end = bound.metric.partition(".")
        if name not in FIGURE_NAMES or end not in ("", "low"):
            allowed = (
                f"{', '.join(FIGURE_NAMES)}, or one of them with .low for the lower end of its "
                "interval"
            )
            raise SettingError(origin, bound.metric, allowed, nearest(name, FIGURE_NAMES))
        if name not in _UNBOUNDED and not can_miss(bound.comparison, bound.bound, *_ENDS):
            remedy = f"Every {bound.metric} meets it, because it is from {_ENDS[0]} to {_ENDS[1]}."
            raise SettingError(origin, str(bound), "a threshold that a judge can miss", remedy)
    return bounds


def check_agreement(bound: Threshold, figures: Mapping[str, Interval]) -> AgreementCheck:
    """Compare a bound with its figure; a figure that is missing does not meet it.

    Args:
        bound: The bound.
        figures: The figures of the calibration, by name.
    """
    name, _, end = bound.metric.partition(".")
    interval = figures.get(name, Interval(None, None, None, 0))
    value = interval.low if end else interval.estimate
    met = value is not None and bound.is_met_by(value)
    return AgreementCheck(bound, interval, value, met)
