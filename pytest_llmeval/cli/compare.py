"""``llmeval compare``: is one run worse than another?"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.arguments import USAGE_ERROR
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object
from pytest_llmeval.cli.report import LOG
from pytest_llmeval.errors import InputError, LLMEvalError
from pytest_llmeval.settings.table import OPTIONS

if TYPE_CHECKING:
    from pytest_llmeval.baselines.table import Columns
    from pytest_llmeval.gating.scores import RunScores
    from pytest_llmeval.records.comparison import Comparison
    from pytest_llmeval.stats.gate import GateRules


MARGIN, ALPHA = (
    next(option for option in OPTIONS if option.name == name) for name in ("margin", "alpha")
)
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--log",
    default=LOG.default,
    envvar=LOG.env,
    metavar="URL",
    show_default=True,
    help="Run log to read.",
)
@click.option(
    "--id",
    "id_column",
    default="id",
    metavar="COLUMN",
    show_default=True,
    help="Column that names the case.",
)
@click.option(
    "--score",
    multiple=True,
    metavar="NAME",
    help="Column or metric to compare (repeatable; default: all).",
)
@click.option(
    "--scale",
    nargs=2,
    type=float,
    default=(0.0, 1.0),
    metavar="LOW HIGH",
    help="Range of a table's scores.",
)
@click.option(
    "--cluster",
    default="",
    metavar="COLUMN",
    help="Column of what hangs together: a conversation, a document.",
)
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    default="higher",
    help="Which table scores are better.",
)
@click.option(
    "--margin",
    type=SHARE,
    default=MARGIN.default,
    envvar=MARGIN.env,
    show_default=True,
    help="Drop that matters.",
)
@click.option(
    "--alpha",
    type=SHARE,
    default=ALPHA.default,
    envvar=ALPHA.env,
    show_default=True,
    help="Level of the test.",
)
@click.option(
    "--strict", is_flag=True, help="Exit with 0 only if a drop as large as the margin is ruled out."
)
@click.option(
    "--json",
    "json_path",
    metavar="PATH",
    help="Write the comparison there as JSON; - for standard output.",
)
def compare(
    before: str,
    after: str,
    log: str,
    id_column: str,
    score: tuple[str, ...],
    scale: tuple[float, float],
    cluster: str,
    direction: str,
    margin: float,
    alpha: float,
    strict: bool,
    json_path: str | None,
) -> None:
    """Say whether B is worse than A.

    A and B are runs of the run log (id, name or "latest"), JSON reports, baseline files, or CSV or
    JSONL files of any tool. Exit code: 1 if B is worse, 10 if they cannot be compared, else 0.
    """
    from pytest_llmeval.baselines.table import Columns
    from pytest_llmeval.records.score import Scale
    from pytest_llmeval.stats.comparability import comparison_exit_code
    from pytest_llmeval.stats.gate import GateRules

    try:
        if not scale[0] < scale[1]:
            raise InputError(
                f"--scale: found {scale[0]:g} {scale[1]:g}; allowed: a lower and a higher number"
            )
        columns = Columns(
            id_column, score, Scale(*scale, higher_is_better=direction == "higher"), cluster
        )
        found = _compared(
            *_sides(before, after, log, columns), score, GateRules(margin=margin, alpha=alpha)
        )
        code = comparison_exit_code([metric.result for metric in found.metrics], strict)
        _show(found, json_path, code)
    except LLMEvalError as error:
        click.echo(error, err=True)
        raise SystemExit(USAGE_ERROR) from None
    raise SystemExit(code)


def _sides(before: str, after: str, log: str, columns: Columns) -> tuple[RunScores, RunScores]:
    from pytest_llmeval.baselines.lookup import BaselineFinder, find_file, opened_log

    here = Path()
    needs_log = any(find_file(source, here) is None for source in (before, after))
    with opened_log(log) if needs_log else nullcontext() as opened:
        sources = BaselineFinder(here, opened, columns)
        return sources.side(before), sources.side(after)


def _compared(
    before: RunScores, after: RunScores, wanted: tuple[str, ...], rules: GateRules
) -> Comparison:
    from pytest_llmeval.errors import nearest
    from pytest_llmeval.gating.comparing import Task, compare_sides, metrics_of

    both = metrics_of(before, after)
    for name in wanted:
        if name not in both:
            raise InputError(
                f"--score: found {name!r}; allowed: {', '.join(both) or 'none'}. {nearest(name, both)}".rstrip()
            )
    if not both:
        raise InputError(
            f"{before.name} and {after.name} have no score of one name; with --score COLUMN, tables can be told"
        )
    return compare_sides([Task(before, after, dict.fromkeys(wanted or both, rules))])[0]


def _show(found: Comparison, json_path: str | None, code: int) -> None:
    from pytest_llmeval.records.verdicts import worst_verdict
    from pytest_llmeval.records.wire import to_builtin
    from pytest_llmeval.reports.terminal.comparison import comparison_lines

    verdict = worst_verdict(metric.result.verdict for metric in found.metrics)
    if json_path is not None:
        write_object(
            {"verdict": verdict, "exit_code": code, **to_builtin(found)}, json_path, "comparison"
        )
    if json_path == STANDARD_OUTPUT:
        return
    for line, colour in comparison_lines(found):
        click.secho(line, fg=colour or None, bold=bool(colour))
