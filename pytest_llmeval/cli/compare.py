"""The command ``llmeval compare``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import CommandContext, command, json_option
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object
from pytest_llmeval.errors import InputError

if TYPE_CHECKING:
    from pytest_llmeval.baselines.table import Columns
    from pytest_llmeval.gating.scores import RunScores
    from pytest_llmeval.records.comparison import Comparison
    from pytest_llmeval.stats.gate import GateRules


@command("log", "margin", "alpha", "cluster", "strict")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--id",
    "id_column",
    default="id",
    metavar="COLUMN",
    show_default=True,
    help="Column of a table with the id of the case.",
)
@click.option(
    "--score",
    "names",
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
    "--direction",
    type=click.Choice(["higher", "lower"]),
    default="higher",
    help="Which scores of a table are better.",
)
@json_option
def compare(
    context: CommandContext,
    before: str,
    after: str,
    id_column: str,
    names: tuple[str, ...],
    scale: tuple[float, float],
    direction: str,
    json_path: str | None,
) -> int:
    """Compare B with A, and find out if it is worse.

    A and B are runs of the run log (id, name or "latest"), JSON reports, baseline files, or CSV or
    JSONL files of any tool. The exit code is 1 if B is worse, 10 if they cannot be compared, and
    otherwise 0.
    """
    from pytest_llmeval.baselines.table import Columns
    from pytest_llmeval.records.score import Scale
    from pytest_llmeval.stats.comparability import comparison_exit_code, is_partial
    from pytest_llmeval.stats.gate import GateRules

    if not scale[0] < scale[1]:
        raise InputError(
            f"--scale: found {scale[0]:g} {scale[1]:g}; allowed: a lower and a higher number"
        )
    settings = context.settings
    table_scale = Scale(*scale, higher_is_better=direction == "higher")
    columns = Columns(id_column, names, table_scale, settings.cluster)
    rules = GateRules(margin=settings.margin, alpha=settings.alpha)
    runs = _scores(context, before, after, columns)
    comparison = _compared(*runs, names, rules, settings.strict)
    gated = [metric for metric in comparison.metrics if metric.is_gated]
    results = [metric.result for metric in gated]
    is_whole = not any(is_partial(metric.coverage) for metric in gated)
    code = comparison_exit_code(results, settings.strict, is_whole)
    _show(comparison, json_path, code)
    return code


def _scores(
    context: CommandContext, before: str, after: str, columns: Columns
) -> tuple[RunScores, RunScores]:
    from pytest_llmeval.baselines.lookup import BaselineFinder, find_file, opened_log

    locations = context.typed_locations("baseline")
    needs_log = any(find_file(source, locations) is None for source in (before, after))
    with opened_log(context.log) if needs_log else nullcontext() as opened:
        sources = BaselineFinder(locations, opened, columns)
        return sources.scores(before), sources.scores(after)


def _compared(
    before: RunScores,
    after: RunScores,
    names: tuple[str, ...],
    rules: GateRules,
    is_strict: bool,
) -> Comparison:
    """Compare the scores that both have or the user names, and show those that only one has."""
    from pytest_llmeval.errors import nearest
    from pytest_llmeval.gating.comparing import Task, compare_runs, metrics_of, untaken

    shared = metrics_of(before, after)
    for name in names:
        if name not in shared:
            allowed = ", ".join(shared) or "none"
            hint = nearest(name, shared)
            raise InputError(f"--score: found {name!r}; allowed: {allowed}. {hint}".rstrip())
    if not shared:
        raise InputError(
            f"{before.name} and {after.name} share no score. For tables, name the score column "
            "with --score COLUMN."
        )
    lost = [] if names else untaken(before, after)
    new = [] if names else untaken(after, before)
    gated = dict.fromkeys(names or _gated(before, after, shared, lost if is_strict else ()), rules)
    shown = () if names else (*shared, *lost, *new)
    return compare_runs([Task(before, after, gated, shown)])[0]


def _gated(
    before: RunScores, after: RunScores, shared: Sequence[str], lost: Sequence[str]
) -> tuple[str, ...]:
    """Return the metrics that gate: those of pytest's gate, and of a table of any tool all."""
    from pytest_llmeval.gating.comparing import usual_metrics

    if before.is_plain or after.is_plain:
        return (*shared, *lost)
    usual = usual_metrics({name: before.scales[name] for name in shared})
    all_usual = usual_metrics({**before.scales, **after.scales})
    return (*usual, *(name for name in lost if name in all_usual))


def _show(comparison: Comparison, json_path: str | None, code: int) -> None:
    from pytest_llmeval.records.verdicts import worst_verdict
    from pytest_llmeval.records.wire import to_builtin
    from pytest_llmeval.reports.terminal.comparison import comparison_lines

    verdict = worst_verdict(
        metric.result.verdict for metric in comparison.metrics if metric.is_gated
    )
    if json_path is not None:
        write_object(
            {"verdict": verdict, "exit_code": code, **to_builtin(comparison)},
            json_path,
            "comparison",
        )
    if json_path == STANDARD_OUTPUT:
        return
    for line, colour in comparison_lines(comparison):
        click.secho(line, fg=colour or None, bold=bool(colour))
