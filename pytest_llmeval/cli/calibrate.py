"""The command ``llmeval calibrate``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.command import (
    JUDGING,
    CommandContext,
    command,
    json_option,
    judging_session,
)
from pytest_llmeval.cli.finite import FiniteRange, check_scale
from pytest_llmeval.cli.output import STANDARD_OUTPUT, echo_dry_run, write_object
from pytest_llmeval.errors import InputError
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.records.verdicts import FINE, WORSE
from pytest_llmeval.runlog.lookup import find_run

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels
    from pytest_llmeval.judging.labels import LabelScores
    from pytest_llmeval.records.agreement import Agreement, AgreementCheck


_RANGE = click.Tuple([float, float])


@dataclass(frozen=True)
class _LabelSource:
    """The labels and the origin of the scores, from the command line."""

    labels: Path
    label: tuple[str, ...]
    score: str
    answer: str
    system: str
    run_id: str | None
    metric: str
    fingerprint: str
    scale: tuple[float, float] | None
    score_scale: tuple[float, float] | None
    pass_score: float | None


@command(*JUDGING, "log", "columns", "cluster", "min_agreement")
@click.argument("labels", metavar="LABELS", type=click.Path(path_type=Path))
@click.option(
    "--label",
    multiple=True,
    metavar="COLUMN",
    help="Column with the human label; once for each rater. Default: label, or human_1, human_2, …",
)
@click.option(
    "--score",
    default="",
    metavar="COLUMN",
    help="Column with the judge's score, if the file has one.",
)
@click.option(
    "--answer",
    default="answer",
    metavar="COLUMN",
    show_default=True,
    help="Column with the answer that was judged.",
)
@click.option(
    "--system",
    default="",
    metavar="COLUMN",
    help="Column with the system that answered, if the file has the answers of several.",
)
@click.option("--run", "run_id", metavar="RUN", help="Id or name of a run with the scores.")
@click.option(
    "--metric",
    default=RUBRIC,
    metavar="NAME",
    show_default=True,
    help="Metric of the run or the judge.",
)
@click.option(
    "--fingerprint",
    default="",
    metavar="TEXT",
    help="Fingerprint of the judge that made the scores of the run or column.",
)
@click.option(
    "--scale",
    type=_RANGE,
    metavar="LOW HIGH",
    help="Scale of the labels (default: scale of the scores).",
)
@click.option(
    "--score-scale",
    type=_RANGE,
    metavar="LOW HIGH",
    help="Scale of the score column (default: --scale).",
)
@click.option(
    "--threshold",
    "pass_score",
    type=FiniteRange(),
    metavar="X",
    help="Lowest score that passes (default: 0.8 of the scale).",
)
@json_option
def calibrate(context: CommandContext, json_path: str | None, **arguments: Any) -> int:
    """Measure how well a judge agrees with people, and store the result.

    LABELS is a golden file with a column of human labels: numbers on the scale of the scores, or
    pass and fail. The judge's scores come from a column of this file (--score) or from a run
    (--run). Without either, the judge scores the answers of the file now. The exit code is 1 if the
    agreement is below --min-agreement.
    """
    from pytest_llmeval.judging.calibrate import calibrate as measure
    from pytest_llmeval.judging.scales import ScaleOptions
    from pytest_llmeval.summary.agreement import check_agreement, parse_agreement_bounds

    source = _LabelSource(**arguments)
    check_scale("--scale", source.scale)
    check_scale("--score-scale", source.score_scale)
    settings = context.settings
    bounds = parse_agreement_bounds(settings.min_agreement, settings.origin("min_agreement"))
    labels = _labels(context, source)
    scores = _scores(context, source, labels)
    if isinstance(scores, int):
        return scores
    scales = ScaleOptions(source.scale, source.score_scale, source.pass_score)
    scores = replace(scores, fingerprint=scores.fingerprint or source.fingerprint)
    agreement = measure(labels, scores, scales)
    checks = [check_agreement(bound, agreement.calibration.figures) for bound in bounds]
    _show(agreement, checks, _store(context, agreement), json_path)
    return FINE if all(check.met for check in checks) else WORSE


def _labels(context: CommandContext, source: _LabelSource) -> Labels:
    from pytest_llmeval.goldens.labels import LabelColumns, read_labels
    from pytest_llmeval.goldens.reading import check_golden

    if source.score and source.run_id:
        raise InputError("use --score or --run, not both; without either, the judge is called now")
    cluster = context.settings.cluster
    names = LabelColumns(source.label, source.score, source.answer, cluster, source.system)
    with_cases: bool | None = not source.score
    if with_cases and source.run_id:
        # The run knows the cases; those of the file are optional.
        with_cases = None
    check_golden(source.labels, context.locations.root)
    return read_labels(source.labels, context.locations.root, names, context.columns(), with_cases)


def _scores(context: CommandContext, source: _LabelSource, labels: Labels) -> LabelScores | int:
    """Return the judge's scores, or the exit code of a dry run."""
    from pytest_llmeval.judging.labels import scores_of_column, scores_of_run

    if source.score:
        scale = source.score_scale or source.scale
        return scores_of_column(labels, source.score, scale[0] if scale else 0.0)
    if source.run_id is None:
        return _judged(context, source, labels)
    from pytest_llmeval.runlog.log import RunLog

    with closing(RunLog(context.log, must_exist=True)) as log:
        results = log.results(find_run(log, source.run_id).id)
        return scores_of_run(labels, results, source.metric, source.fingerprint)


def _judged(context: CommandContext, source: _LabelSource, labels: Labels) -> LabelScores | int:
    from pytest_llmeval.judging.labels import scores_by_judging

    # A calibration may measure a judge that is not trusted yet.
    untrusted = context.replaced(no_selftest=True, min_agreement=())
    with judging_session(untrusted) as session:
        scores = scores_by_judging(labels, source.metric, session, untrusted.settings)
        if context.settings.dry_run:
            return echo_dry_run(session, bool(context.settings.min_agreement))
    return scores


def _store(context: CommandContext, agreement: Agreement) -> str:
    """Store a calibration of a known judge with enough cases, and return the path, else ``""``."""
    from pytest_llmeval.judging.figures import FEWEST
    from pytest_llmeval.store.judge_file import JudgeFile

    if not agreement.fingerprint or agreement.calibration.cases < FEWEST:
        return ""
    path = context.path("judges")
    JudgeFile(path).note(
        agreement.fingerprint,
        name=agreement.name,
        model=agreement.model,
        calibration=agreement.calibration,
    )
    return str(path)


def _show(
    agreement: Agreement, checks: Sequence[AgreementCheck], stored: str, json_path: str | None
) -> None:
    from pytest_llmeval.reports.terminal.calibration import agreement_lines, agreement_object

    if json_path:
        write_object(agreement_object(agreement, checks, stored), json_path, "calibration")
    if json_path != STANDARD_OUTPUT:
        for line in agreement_lines(agreement, checks, stored):
            click.echo(line)
