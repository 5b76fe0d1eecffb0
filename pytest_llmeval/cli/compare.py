"""The command ``llmeval compare``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import CommandContext, command, json_option
from pytest_llmeval.cli.finite import FiniteRange, check_scale
from pytest_llmeval.cli.output import STANDARD_OUTPUT, write_object
from pytest_llmeval.errors import InputError

if TYPE_CHECKING:
    from pytest_llmeval.baselines.columns import Columns
    from pytest_llmeval.gating.scores import RunScores
    from pytest_llmeval.judging.labelled_change import LabelledChange
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
    "--column",
    "columns",
    multiple=True,
    metavar="NAME",
    help="Provider or prompt of promptfoo's results, where they have several: once for both files, "
    "or twice, for A and for B.",
)
@click.option(
    "--scale",
    nargs=2,
    type=FiniteRange(),
    default=(0.0, 1.0),
    metavar="LOW HIGH",
    help="Range of the scores of another tool.",
)
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    default="higher",
    help="Which scores of another tool are better.",
)
@click.option(
    "--summary",
    "summary_path",
    metavar="PATH",
    help="Write the comparison as Markdown, for a comment on a pull request.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Labels of answers of both runs (id, label, answer): also estimate people's change.",
)
@json_option
def compare(
    context: CommandContext,
    before: str,
    after: str,
    id_column: str,
    names: tuple[str, ...],
    columns: tuple[str, ...],
    scale: tuple[float, float],
    direction: str,
    summary_path: str | None,
    labels: Path | None,
    json_path: str | None,
) -> int:
    """Compare B with A, and find out if it is worse.

    A and B are runs of the run log (id, name or "latest"), JSON reports, baseline files, results of
    other tools (inspect_ai: .eval or JSON; promptfoo: JSON or JSONL; deepeval: JSON; JUnit: XML),
    or CSV or JSONL files of any tool. The exit code is 1 if B is worse, 10 if they cannot be
    compared, and otherwise 0.
    """
    from pytest_llmeval.baselines.columns import Columns
    from pytest_llmeval.gating.answer_changes import tally_of
    from pytest_llmeval.gating.clusters import check_cluster_scores
    from pytest_llmeval.records.score import Scale
    from pytest_llmeval.stats.comparability import comparison_exit_code, is_partial
    from pytest_llmeval.stats.gate import GateRules
    from pytest_llmeval.summary.doubts import doubts, is_blind

    check_scale("--scale", scale)
    settings = context.settings
    table_scale = Scale(*scale, higher_is_better=direction == "higher")
    table = Columns(id_column, names, table_scale, settings.cluster)
    rules = GateRules(margin=settings.margin, alpha=settings.alpha)
    runs = _scores(context, before, after, table, _both(columns))
    check_cluster_scores(settings.cluster, settings.origin("cluster"), runs)
    comparison, unknown = _compared(*runs, names, rules, settings.strict)
    gated = [metric for metric in comparison.metrics if metric.is_gated]
    results = [metric.result for metric in gated]
    is_whole = not any(is_partial(metric.coverage) or is_blind(metric) for metric in gated)
    code = comparison_exit_code(results, settings.strict, is_whole)
    notes = (*unknown, *doubts([comparison], tally_of(*runs)))
    if summary_path is not None:
        from pytest_llmeval.reports.markdown.comparison import comparison_markdown
        from pytest_llmeval.reports.markdown.page import write_markdown

        write_markdown(Path(summary_path), comparison_markdown(comparison, notes))
    change = None
    if labels is not None:
        change = _labelled_change(context, labels, runs, [metric.name for metric in gated])
    _show(comparison, notes, change, json_path, code)
    return code


def _both(columns: tuple[str, ...]) -> tuple[str, str]:
    """Return the columns of A and B, which are the same if one is named."""
    if len(columns) > 2:
        raise InputError(
            f"--column: found {len(columns)} names; allowed: one, or one for A and one for B"
        )
    return (columns[0], columns[-1]) if columns else ("", "")


def _labelled_change(
    context: CommandContext,
    path: Path,
    runs: tuple[RunScores, RunScores],
    gated: Sequence[str],
) -> LabelledChange:
    """Return the change of people's labels, by the first metric that gates."""
    from pytest_llmeval.goldens.labels import LabelColumns, read_labels
    from pytest_llmeval.goldens.reading import check_golden
    from pytest_llmeval.judging.labelled_change import labelled_change

    check_golden(path, context.locations.root)
    labels = read_labels(path, context.locations.root, LabelColumns(), with_cases=False)
    if not gated:
        raise InputError("--labels: no score gates; name one with --score NAME")
    return labelled_change(labels, *runs, gated[0])


def _scores(
    context: CommandContext, before: str, after: str, table: Columns, columns: tuple[str, str]
) -> tuple[RunScores, RunScores]:
    from pytest_llmeval.baselines.lookup import BaselineFinder, find_file, opened_log
    from pytest_llmeval.baselines.repeats import without_lost_repeats
    from pytest_llmeval.gating.methods import hidden_scores

    locations = context.typed_locations("baseline")
    needs_log = any(find_file(source, locations) is None for source in (before, after))
    with opened_log(context.log) if needs_log else nullcontext() as opened:

        def read(source: str, column: str, known: frozenset[str] = frozenset()) -> RunScores:
            chosen = replace(table, column=column, known=known)
            return BaselineFinder(locations, opened, chosen).scores(source)

        old, new = read(before, columns[0]), read(after, columns[1])
        # What is a score in the other file is one here, too, and its texts are missing scores.
        if hidden := hidden_scores(old, new, least=1):
            old = read(before, columns[0], hidden)
        if hidden := hidden_scores(new, old):
            new = read(after, columns[1], hidden)
    old, new = without_lost_repeats(old, new), without_lost_repeats(new, old)
    old, new = old.as_for(new.tool), new.as_for(old.tool)
    return _named_apart(old, columns[0], columns), _named_apart(new, columns[1], columns)


def _named_apart(run: RunScores, column: str, columns: tuple[str, str]) -> RunScores:
    """Return a run with its column in its name, if the two are different columns."""
    if columns[0] == columns[1] or not column:
        return run
    return replace(run, name=f"{run.name} {column}")


def _compared(
    before: RunScores,
    after: RunScores,
    names: tuple[str, ...],
    rules: GateRules,
    is_strict: bool,
) -> tuple[Comparison, tuple[str, ...]]:
    """Compare the scores that both have or the user names, and show those that only one has.

    Returns:
        The comparison, and notes on judges that may have changed, and on values that are missing.
    """
    from pytest_llmeval.baselines.columns import left_out_note
    from pytest_llmeval.errors import nearest
    from pytest_llmeval.gating.comparing import Task, compare_runs, metrics_of, untaken
    from pytest_llmeval.gating.methods import method_changes
    from pytest_llmeval.gating.recorded import judge_changes, made_again, quarantined_cases

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
    changes = judge_changes(before, after)
    remedy = made_again(before, "llmeval baseline accept")
    methods = method_changes(before, after)
    surely = {**changes.apart, **methods.apart}
    unknown = {**methods.unknown, **changes.unknown}
    unknown = {name: why for name, why in unknown.items() if name not in surely}
    apart = {**unknown, **surely} if is_strict else surely
    task = Task(before, after, gated, shown, quarantined_cases(after), remedy, apart=apart)
    compared = {*gated, *shown}
    why_unknown = [why for name, why in unknown.items() if name in compared]
    left_out = tuple(dict.fromkeys((*before.file.left_out, *after.file.left_out)))
    if left_out:
        why_unknown.append(left_out_note(left_out))
    notes = (*why_unknown, *methods.notes, *before.file.notes, *after.file.notes)
    return compare_runs([task])[0], tuple(dict.fromkeys(notes))


def _gated(
    before: RunScores, after: RunScores, shared: Sequence[str], lost: Sequence[str]
) -> tuple[str, ...]:
    """Return the metrics that gate: those of pytest's gate, or all if one of the two is a table."""
    from pytest_llmeval.gating.comparing import gated_metrics, usual_metrics

    is_table = [run.is_plain and not run.tool for run in (before, after)]
    if any(is_table):
        return (*shared, *lost)
    usual = gated_metrics(before.scales, after.scales)
    all_usual = usual_metrics({**before.scales, **after.scales})
    return (*usual, *(name for name in lost if name in all_usual))


def _show(
    comparison: Comparison,
    notes: tuple[str, ...],
    change: LabelledChange | None,
    json_path: str | None,
    code: int,
) -> None:
    from pytest_llmeval.judging.labelled_change import labelled_change_line
    from pytest_llmeval.records.verdicts import worst_verdict
    from pytest_llmeval.records.wire import to_builtin
    from pytest_llmeval.reports.terminal.comparison import comparison_lines
    from pytest_llmeval.summary.slices import worse_slices_text

    verdict = worst_verdict(
        metric.result.verdict for metric in comparison.metrics if metric.is_gated
    )
    if json_path is not None:
        write_object(
            {
                "verdict": verdict,
                "exit_code": code,
                "headline": worse_slices_text([comparison]).strip(),
                "notes": notes,
                **to_builtin(comparison),
                "people": to_builtin(change),
            },
            json_path,
            "comparison",
        )
    if json_path == STANDARD_OUTPUT:
        return
    for line, colour in comparison_lines(comparison, notes):
        click.secho(line, fg=colour or None, bold=bool(colour))
    if change is not None:
        click.echo(labelled_change_line(change))
