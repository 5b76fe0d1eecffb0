"""``llmeval calibrate``: how well a judge agrees with people."""

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
from pytest_llmeval.cli.output import STANDARD_OUTPUT, echo_dry_run, write_object
from pytest_llmeval.errors import InputError
from pytest_llmeval.runlog.lookup import find_run

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels
    from pytest_llmeval.judging.labels import LabelScores
    from pytest_llmeval.reports.terminal.calibration import Agreement, Demand


MISSED = 1
"""Exit code where a figure is below its bound."""
RANGE = click.Tuple([float, float])


@dataclass(frozen=True)
class LabelSource:
    """The labels to compare with and where the scores come from, by the command line."""

    labels: Path
    label: str
    score: str
    answer: str
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
    default="label",
    metavar="COLUMN",
    show_default=True,
    help="Column with the human label.",
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
@click.option("--run", "run_id", metavar="RUN", help="Take the scores of this run (id or name).")
@click.option(
    "--metric",
    default="rubric",
    metavar="NAME",
    show_default=True,
    help="Score of the run or the judge.",
)
@click.option(
    "--fingerprint",
    default="",
    metavar="TEXT",
    help="Judge whose scores of the run, or column, these are.",
)
@click.option(
    "--scale",
    type=RANGE,
    metavar="LOW HIGH",
    help="Scale of the labels (default: that of the scores).",
)
@click.option(
    "--score-scale",
    type=RANGE,
    metavar="LOW HIGH",
    help="Scale of a column of scores (default: --scale).",
)
@click.option(
    "--threshold",
    "pass_score",
    type=float,
    metavar="X",
    help="Score that passes (default: 0.8 of the scale).",
)
@json_option
def calibrate(context: CommandContext, json_path: str | None, **arguments: Any) -> int:
    """Measure a judge against people, and store the result with its fingerprint.

    LABELS is a golden file with a column of labels: numbers on the scale of the scores, or pass and
    fail. The judge's scores come from a column of it (--score), from a run (--run), or the judge is
    called now about its answers. The command exits with 1 where a figure misses --min-agreement.
    """
    from pytest_llmeval.assembly.trust import parse_bounds
    from pytest_llmeval.judging.calibrate import calibrate as measured
    from pytest_llmeval.judging.scales import ScaleOptions
    from pytest_llmeval.reports.terminal.calibration import demands

    source = LabelSource(**arguments)
    bounds = parse_bounds(context.settings.min_agreement, "--min-agreement")
    labels = _labels(context, source)
    found = _scores(context, source, labels)
    if found is None:
        return 0
    scales = ScaleOptions(source.scale, source.score_scale, source.pass_score)
    found = replace(found, fingerprint=found.fingerprint or source.fingerprint)
    agreement = measured(labels, found, scales)
    demanded = demands(agreement, bounds)
    _show(agreement, demanded, _store(context, agreement), json_path)
    return 0 if all(demand.met for demand in demanded) else MISSED


def _labels(context: CommandContext, source: LabelSource) -> Labels:
    from pytest_llmeval.goldens.labels import LabelColumns, read_labels

    if source.score and source.run_id:
        raise InputError("use --score or --run, not both; without either, the judge is called now")
    names = LabelColumns(source.label, source.score, source.answer, context.settings.cluster)
    with_cases: bool | None = not source.score
    if with_cases and source.run_id:
        with_cases = None  # a case is needed only where the file has one
    return read_labels(source.labels, context.locations.root, names, context.columns(), with_cases)


def _scores(context: CommandContext, source: LabelSource, labels: Labels) -> LabelScores | None:
    """The scores; ``None`` in a dry run."""
    from pytest_llmeval.judging.labels import scores_of_column, scores_of_run

    if source.score:
        return scores_of_column(labels, source.score)
    if source.run_id is None:
        return _judged(context, source, labels)
    from pytest_llmeval.runlog.log import RunLog

    with closing(RunLog(context.log, must_exist=True)) as log:
        results = log.results(find_run(log, source.run_id).id)
        return scores_of_run(labels, results, source.metric, source.fingerprint)


def _judged(context: CommandContext, source: LabelSource, labels: Labels) -> LabelScores | None:
    from pytest_llmeval.judging.labels import scores_by_judging

    # The judge is measured here, and need not be trusted yet.
    free = context.replaced(no_selftest=True, min_agreement=())
    with judging_session(free) as session:
        found = scores_by_judging(labels, source.metric, session, free.settings)
        if context.settings.dry_run:
            echo_dry_run(session)
            return None
    return found


def _store(context: CommandContext, agreement: Agreement) -> str:
    """Where the calibration was stored; empty if it is too small, or the judge is not known."""
    from pytest_llmeval.judging.calibrate import FEWEST
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
    agreement: Agreement, demanded: Sequence[Demand], stored: str, json_path: str | None
) -> None:
    from pytest_llmeval.reports.terminal.calibration import agreement_lines, agreement_object

    if json_path:
        write_object(agreement_object(agreement, demanded, stored), json_path, "calibration")
    if json_path != STANDARD_OUTPUT:
        for line in agreement_lines(agreement, demanded, stored):
            click.echo(line)
