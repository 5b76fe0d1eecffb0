"""Calibration: the agreement of a judge's scores with the labels of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError
from pytest_llmeval.judging.figures import (
    FEWEST,
    TOO_FEW,
    FigureSet,
    add_mean_of_clusters,
    by_system,
    figures_of,
)
from pytest_llmeval.judging.scales import AlignedScores, ScaleOptions, align
from pytest_llmeval.records.agreement import Agreement, Disagreement, PredictionPowered
from pytest_llmeval.records.calibration import Calibration, Confusion
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.stats.prediction_powered import prediction_powered_mean
from pytest_llmeval.summary.agreement import FIGURE_NAMES
from pytest_llmeval.text import count, first_of

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels
    from pytest_llmeval.judging.labels import LabelScores, Pair


_WORST = 5
"""Number of cases named as the largest disagreements."""


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
    notes = (*scores.notes, *_unscored(scores.pairs))
    if not pairs:
        details = "; ".join(notes) or "no row has a label"
        raise InputError(
            f"{labels.file}: found no labelled case with a score ({details}); allowed: at least one"
        )
    comparison = align(labels, scores, options)
    systems = [pair.row.system for pair in pairs]
    if not any(systems):
        systems = []
    clusters = [pair.row.cluster or f"row {pair.row.line}" for pair in pairs]
    computed = figures_of(comparison, clusters, systems)
    powered = _powered(comparison, computed)
    confusion = _confusion(comparison)
    calibration = Calibration(
        figures={name: computed.values[name] for name in FIGURE_NAMES if name in computed.values},
        cases=len(pairs),
        unscored=len(scores.pairs) - len(pairs),
        labels=labels.file,
        made_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        confusion=confusion,
        bound=comparison.score_bound,
    )
    return Agreement(
        name=scores.name,
        fingerprint=scores.fingerprint,
        model=scores.model,
        calibration=calibration,
        missing=computed.missing,
        scale=comparison.scale,
        bound=comparison.bound,
        confusion=confusion,
        powered=powered,
        raters=labels.raters,
        systems=tuple(by_system(comparison, systems)),
        worst=tuple(_worst(labels.file, pairs, comparison)),
        notes=(*notes, *computed.notes),
    )


def _powered(comparison: AlignedScores, computed: FigureSet) -> PredictionPowered:
    """Estimate people's mean, and add it to the figures."""
    count_of_labels = len(comparison.labels)
    powered = prediction_powered_mean(
        comparison.labels, comparison.scores, comparison.unlabelled, comparison.label_scale
    )
    computed.values["mean"] = powered.mean
    if len(set(computed.clusters)) < count_of_labels:
        # The estimate from more scores takes the cases as independent.
        add_mean_of_clusters(computed, comparison.labels)
        powered = replace(powered, mean=computed.values["mean"], error=None, weight=0.0)
    if count_of_labels < FEWEST:
        computed.values["mean"] = Interval(powered.mean.estimate, None, None, count_of_labels)
        computed.missing["mean"] = f"no interval: {TOO_FEW}"
    elif powered.mean.low is None and "mean" not in computed.missing:
        computed.missing["mean"] = (
            "no interval: all labels are the same, and their scale is unknown: set --scale LOW HIGH"
        )
    return powered


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
