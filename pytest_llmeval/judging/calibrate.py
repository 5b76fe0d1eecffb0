"""Calibration: the agreement of a judge's scores with the labels of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError
from pytest_llmeval.judging.scales import AlignedScores, ScaleOptions, align
from pytest_llmeval.records.agreement import Agreement, Confusion, Disagreement
from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats import agreement as figures
from pytest_llmeval.stats.bootstrap import FEWEST_CLUSTERS, clustered_bootstrap
from pytest_llmeval.stats.prediction_powered import prediction_powered_mean
from pytest_llmeval.summary.agreement import FIGURE_NAMES
from pytest_llmeval.text import count, first_of

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels
    from pytest_llmeval.judging.labels import LabelScores, Pair


_NEED_SCALE = ("weighted_kappa", "alpha", "offset")
"""Figures that need scores on the scale of the labels; the mean takes any correlated score."""
_RANKS = ("pearson", "spearman", "kendall")
FEWEST = 10
"""Fewest cases for a figure: a smaller number agrees by chance too easily."""
_TOO_FEW = "fewer than ten independent cases"
_WORST = 5
"""Number of cases named as the largest disagreements."""

_Figure = Callable[..., "float | None"]
_FIGURES: dict[str, _Figure] = {
    "kappa": figures.cohen_kappa,
    "weighted_kappa": figures.weighted_kappa,
    "alpha": lambda labels, scores: figures.krippendorff_alpha([labels, scores]),
    "pearson": figures.pearson,
    "spearman": figures.spearman,
    "kendall": figures.kendall,
    "offset": figures.offset,
}


def calibrate(labels: Labels, scores: LabelScores, options: ScaleOptions) -> Agreement:
    """Measure the agreement of a judge with people.

    Args:
        labels: The labels of people.
        scores: The scores of the judge.
        options: The scales and the bound that the user has set.

    Raises:
        InputError: No labelled case has a score.
        SettingError: A label or a score lies outside its scale.
    """
    pairs = [pair for pair in scores.pairs if pair.value is not None]
    unscored = len(scores.pairs) - len(pairs)
    notes = (*scores.notes, *_unscored(scores.pairs))
    if not pairs:
        details = "; ".join(notes) or "no row has a label"
        raise InputError(
            f"{labels.file}: found no labelled case with a score ({details}); allowed: at least one"
        )
    comparison = align(labels, scores, options)
    clusters = [pair.row.cluster or f"row {pair.row.line}" for pair in pairs]
    missing: dict[str, str] = {}
    for name in FIGURE_NAMES:
        reason = _reason_missing(name, comparison)
        if reason:
            missing[name] = reason
    powered = prediction_powered_mean(comparison.labels, comparison.scores, comparison.unlabelled)
    values = {name: _interval(name, comparison, clusters, missing) for name in _FIGURES}
    values["mean"] = powered.mean
    if len(pairs) < FEWEST:
        values["mean"] = Interval(powered.mean.estimate, None, None, len(pairs))
        missing["mean"] = f"no interval: {_TOO_FEW}"
    made_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Agreement(
        name=scores.name,
        fingerprint=scores.fingerprint,
        model=scores.model,
        calibration=Calibration(values, len(pairs), unscored, labels.file, made_at),
        missing=missing,
        scale=comparison.scale,
        bound=comparison.bound,
        confusion=_confusion(comparison),
        powered=powered,
        worst=tuple(_worst(labels.file, pairs, comparison)),
        notes=notes,
    )


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


def _interval(
    name: str, comparison: AlignedScores, clusters: Sequence[str], missing: dict[str, str]
) -> Interval:
    """Make a figure with its interval; the reason for no interval goes into ``missing``."""
    if name in missing:
        return Interval(None, None, None, len(comparison.labels))
    columns = [comparison.labels, comparison.scores]
    if name == "kappa":
        columns = [
            [float(comparison.label_passes(label)) for label in comparison.labels],
            [float(comparison.passes(score)) for score in comparison.scores],
        ]
    interval = clustered_bootstrap(columns, _FIGURES[name], clusters)
    if interval.estimate is not None and interval.low is None:
        reason = "the resamples do not vary"
        if len(set(clusters)) < FEWEST_CLUSTERS:
            reason = _TOO_FEW
        missing[name] = f"no interval: {reason}"
    return interval


def _confusion(comparison: AlignedScores) -> Confusion | None:
    if comparison.bound is None:
        return None
    cells: Counter[tuple[bool, bool]] = Counter()
    for label, score in zip(comparison.labels, comparison.scores, strict=True):
        cells[comparison.label_passes(label), comparison.passes(score)] += 1
    return Confusion(cells[True, True], cells[True, False], cells[False, True], cells[False, False])


def _worst(file: str, pairs: Sequence[Pair], comparison: AlignedScores) -> Iterator[Disagreement]:
    """Yield the cases with the largest difference between label and score."""
    if not comparison.is_common:
        return
    rows = zip(pairs, comparison.labels, comparison.scores, strict=True)
    for pair, label, score in sorted(rows, key=lambda row: -abs(row[1] - row[2]))[:_WORST]:
        if label != score:
            yield Disagreement(pair.row.id, f"{file}:{pair.row.line}", label, score, pair.reason)


def _unscored(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield a note on the labelled cases that the judge could not score."""
    unscored = [pair for pair in pairs if pair.value is None]
    if unscored:
        named = first_of([pair.row.id for pair in unscored], _WORST)
        cases = count(len(unscored), "labelled case")
        yield f"{cases} unscored, left out: {named}; the first: {unscored[0].reason}"
