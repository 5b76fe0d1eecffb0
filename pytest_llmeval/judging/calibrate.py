"""Calibration: how well a judge's scores agree with the labels of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.trust import FIGURE_NAMES
from pytest_llmeval.errors import InputError
from pytest_llmeval.judging.scales import AlignedScores, ScaleOptions, compared
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.run import Calibration
from pytest_llmeval.reports.terminal.calibration import Agreement, Confusion, Disagreement
from pytest_llmeval.stats import agreement as figures
from pytest_llmeval.stats.bootstrap import FEWEST_CLUSTERS, clustered_bootstrap
from pytest_llmeval.stats.prediction_powered import prediction_powered_mean
from pytest_llmeval.text import count, first_of

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels
    from pytest_llmeval.judging.labels import LabelScores, Pair


NEED_SCALE = (
    "weighted_kappa",
    "alpha",
    "offset",
)  # a mean of labels takes any score that goes with them
RANKS = ("pearson", "spearman", "kendall")
FEWEST = 10
"""Fewer cases agree by chance too easily to say anything of a judge."""
TOO_FEW = "fewer than ten independent cases"
WORST = 5
"""Cases named as those on which judge and people differ most."""

Figure = Callable[..., "float | None"]
FIGURES: dict[str, Figure] = {
    "kappa": figures.cohen_kappa,
    "weighted_kappa": figures.weighted_kappa,
    "alpha": lambda labels, scores: figures.krippendorff_alpha([labels, scores]),
    "pearson": figures.pearson,
    "spearman": figures.spearman,
    "kendall": figures.kendall,
    "offset": figures.offset,
}


def calibrate(labels: Labels, found: LabelScores, asked: ScaleOptions) -> Agreement:
    """Measure a judge against people.

    Args:
        labels: What people said.
        found: What the judge said.
        asked: What the user said of the scales.

    Raises:
        InputError: No labelled case has a score.
        SettingError: A label or a score lies outside its scale.
    """
    pairs = [pair for pair in found.pairs if pair.value is not None]
    unscored = len(found.pairs) - len(pairs)
    notes = (*found.notes, *_unscored(found.pairs))
    if not pairs:
        told = "; ".join(notes) or "no row has a label"
        raise InputError(
            f"{labels.file}: found no labelled case with a score ({told}); allowed: at least one"
        )
    comparison = compared(labels, found, asked)
    clusters = [pair.row.cluster or f"row {pair.row.line}" for pair in pairs]
    missing = {name: why for name in FIGURE_NAMES if (why := _why_not(name, comparison))}
    powered = prediction_powered_mean(comparison.labels, comparison.scores, comparison.unlabelled)
    values = {name: _interval(name, comparison, clusters, missing) for name in FIGURES}
    values["mean"] = powered.mean
    if len(pairs) < FEWEST:
        values["mean"] = Interval(powered.mean.estimate, None, None, len(pairs))
        missing["mean"] = f"no interval: {TOO_FEW}"
    made_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Agreement(
        name=found.name,
        fingerprint=found.fingerprint,
        model=found.model,
        calibration=Calibration(values, len(pairs), unscored, labels.file, made_at),
        missing=missing,
        scale=comparison.scale,
        bound=comparison.bound,
        confusion=_confusion(comparison),
        powered=powered,
        worst=tuple(_worst(labels.file, pairs, comparison)),
        notes=notes,
    )


def _why_not(name: str, comparison: AlignedScores) -> str:
    """Why a figure is left out; empty if it is not."""
    labels, scores = comparison.labels, comparison.scores
    if name in NEED_SCALE and not comparison.is_common:
        return "the scale of the scores is not known: --score-scale LOW HIGH"
    if name == "kappa" and comparison.bound is None:
        return "no bound tells pass from fail: --threshold X, or --scale LOW HIGH"
    if name in ("offset", "mean"):
        return ""
    if len(labels) < FEWEST:
        return f"{count(len(labels), 'case')}; at least {FEWEST} are needed"
    if len(set(labels)) == 1:
        return "all labels are the same: nothing tells agreement from chance"
    if name == "kappa" and len({comparison.label_passes(label) for label in labels}) == 1:
        return "all labels are on one side of the bound: nothing tells agreement from chance"
    if name in RANKS and len(set(scores)) == 1:
        return "all scores are the same"
    return ""


def _interval(
    name: str, comparison: AlignedScores, clusters: Sequence[str], missing: dict[str, str]
) -> Interval:
    """A figure with its interval; why it has none is noted in ``missing``."""
    if name in missing:
        return Interval(None, None, None, len(comparison.labels))
    columns = [comparison.labels, comparison.scores]
    if name == "kappa":
        columns = [
            [float(comparison.label_passes(label)) for label in comparison.labels],
            [float(comparison.passes(score)) for score in comparison.scores],
        ]
    interval = clustered_bootstrap(columns, FIGURES[name], clusters)
    if interval.estimate is not None and interval.low is None:
        few = len(set(clusters)) < FEWEST_CLUSTERS
        missing[name] = f"no interval: {TOO_FEW if few else 'resamples give the same, or nothing'}"
    return interval


def _confusion(comparison: AlignedScores) -> Confusion | None:
    if comparison.bound is None:
        return None
    seen = [
        (comparison.label_passes(label), comparison.passes(score))
        for label, score in zip(comparison.labels, comparison.scores, strict=True)
    ]
    return Confusion(
        *(seen.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False)))
    )


def _worst(file: str, pairs: Sequence[Pair], comparison: AlignedScores) -> Iterator[Disagreement]:
    """The cases whose label and score lie farthest apart."""
    if not comparison.is_common:
        return
    rows = zip(pairs, comparison.labels, comparison.scores, strict=True)
    for pair, label, score in sorted(rows, key=lambda row: -abs(row[1] - row[2]))[:WORST]:
        if label != score:
            yield Disagreement(pair.row.id, f"{file}:{pair.row.line}", label, score, pair.reason)


def _unscored(pairs: Sequence[Pair]) -> Iterator[str]:
    """A note on the labelled cases that the judge could not score."""
    silent = [pair for pair in pairs if pair.value is None]
    if silent:
        named = first_of([pair.row.id for pair in silent], WORST)
        cases = count(len(silent), "labelled case")
        yield f"{cases} unscored, left out: {named}; the first: {silent[0].reason}"
