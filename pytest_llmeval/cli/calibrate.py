"""``llmeval calibrate``: how well a judge agrees with people."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR, own_columns
from pytest_llmeval.cli.settings import JUDGING, Surroundings, settings_options, surroundings
from pytest_llmeval.errors import InputError, LLMEvalError
from pytest_llmeval.runlog.lookup import find_run

if TYPE_CHECKING:
    from pytest_llmeval.goldens.labels import Labels
    from pytest_llmeval.judging.labels import LabelScores
    from pytest_llmeval.reports.terminal.calibration import Agreement, Demand


MISSED = 1
"""Exit code where a figure is below its bound."""
RANGE = click.Tuple([float, float])


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for."""

    labels: Path
    label: str
    score: str
    answer: str
    cluster: str
    columns: tuple[str, ...]
    run_id: str | None
    metric: str
    fingerprint: str
    scale: tuple[float, float] | None
    score_scale: tuple[float, float] | None
    bound: float | None


@click.command()
@click.argument("labels", metavar="LABELS", type=click.Path(path_type=Path))
@click.option(
    "--label",
    default="label",
    metavar="COLUMN",
    show_default=True,
    help="Column of what people said.",
)
@click.option(
    "--score",
    default="",
    metavar="COLUMN",
    help="Column of what the judge said, if the file has it.",
)
@click.option(
    "--answer",
    default="answer",
    metavar="COLUMN",
    show_default=True,
    help="Column of what was judged.",
)
@click.option(
    "--cluster", default="", metavar="COLUMN", help="Column of what rows belong together."
)
@own_columns
@click.option(
    "--run", "run_id", metavar="RUN", help="Take the scores of this run; latest: the last one."
)
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
    "bound",
    type=float,
    metavar="X",
    help="Score that passes (default: 0.8 of the scale).",
)
@click.option(
    "--min",
    "least",
    metavar="BOUND",
    multiple=True,
    help='Exit with 1 if missed: "kappa>=0.6" (repeatable).',
)
@click.option(
    "--json",
    "json_path",
    metavar="PATH",
    help="Write the figures there as JSON; - prints them instead.",
)
@settings_options(*JUDGING, "log")
def calibrate(
    given: dict[str, Any], least: tuple[str, ...], json_path: str | None, **wanted: Any
) -> None:
    """Measure a judge against people, and store the result with its fingerprint.

    LABELS is a golden file with a column of labels: numbers on the scale of the scores, or pass and
    fail. The judge's scores come from a column of it (--score), from a run (--run), or the judge is
    asked now about its answers.
    """
    try:
        missed = _calibrate(
            surroundings({**given, "min_agreement": least or None}), Wanted(**wanted), json_path
        )
    except LLMEvalError as error:
        click.echo(error, err=True)
        raise SystemExit(USAGE_ERROR) from None
    raise SystemExit(MISSED if missed else 0)


def _calibrate(around: Surroundings, wanted: Wanted, json_path: str | None) -> bool:
    """Whether a bound is missed."""
    from pytest_llmeval.assembly.trust import parse_bounds
    from pytest_llmeval.judging.calibrate import calibrate as measured
    from pytest_llmeval.judging.scales import ScaleOptions
    from pytest_llmeval.reports.terminal.calibration import demands

    bounds = parse_bounds(around.settings.min_agreement, "--min")
    labels = _labels(around, wanted)
    found = _scores(around, wanted, labels)
    if found is None:
        return False
    asked = ScaleOptions(wanted.scale, wanted.score_scale, wanted.bound)
    agreement = measured(
        labels, replace(found, fingerprint=found.fingerprint or wanted.fingerprint), asked
    )
    demanded = demands(agreement, bounds)
    _tell(agreement, demanded, _store(around, agreement), json_path)
    return not all(demand.met for demand in demanded)


def _labels(around: Surroundings, wanted: Wanted) -> Labels:
    from pytest_llmeval.goldens.columns import parse_columns
    from pytest_llmeval.goldens.labels import LabelColumns, read_labels

    if wanted.score and wanted.run_id:
        raise InputError(
            "found --score and --run; allowed: one of them, or neither, which asks the judge now"
        )
    names = LabelColumns(wanted.label, wanted.score, wanted.answer, wanted.cluster)
    own = parse_columns((*around.settings.columns, *wanted.columns), "--columns")
    with_cases = False if wanted.score else None if wanted.run_id else True
    return read_labels(wanted.labels, around.locations.root, names, own, with_cases)


def _scores(around: Surroundings, wanted: Wanted, labels: Labels) -> LabelScores | None:
    """The scores; ``None`` in a dry run."""
    from pytest_llmeval.judging.labels import scores_of_column, scores_of_run

    if wanted.score:
        return scores_of_column(labels, wanted.score)
    if wanted.run_id is None:
        return _judged(around, wanted, labels)
    from pytest_llmeval.runlog.log import RunLog

    with closing(RunLog(around.log, must_exist=True)) as log:
        results = log.results(find_run(log, wanted.run_id).id)
        return scores_of_run(labels, results, wanted.metric, wanted.fingerprint)


def _judged(around: Surroundings, wanted: Wanted, labels: Labels) -> LabelScores | None:
    from pytest_llmeval.cli.judging import asking_session, tell_dry_run
    from pytest_llmeval.judging.labels import scores_by_judging

    free = replace(
        around.settings, no_selftest=True, min_agreement=()
    )  # it is measured here, and need not be trusted
    with asking_session(replace(around, settings=free)) as session:
        found = scores_by_judging(labels, wanted.metric, session, free)
        if around.settings.dry_run:
            tell_dry_run(session)
            return None
    return found


def _store(around: Surroundings, agreement: Agreement) -> str:
    """Where the calibration was stored; empty if it was not, because it is too small or nobody knows whose it is."""
    from pytest_llmeval.judging.calibrate import FEWEST
    from pytest_llmeval.store.judge_file import JudgeFile

    if not agreement.fingerprint or agreement.calibration.cases < FEWEST:
        return ""
    path = around.path("judges")
    found = agreement.calibration
    JudgeFile(path).note(
        agreement.fingerprint, name=agreement.name, model=agreement.model, calibration=found
    )
    return around.locations.shown(path)


def _tell(
    agreement: Agreement, demanded: Sequence[Demand], stored: str, json_path: str | None
) -> None:
    from pytest_llmeval.cli.output import write_object
    from pytest_llmeval.reports.terminal.calibration import agreement_lines, agreement_object

    if json_path:
        write_object(agreement_object(agreement, demanded, stored), json_path, "calibration")
    if json_path != "-":
        for line in agreement_lines(agreement, demanded, stored):
            click.echo(line)
