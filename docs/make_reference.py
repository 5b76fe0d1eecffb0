"""Makes ``docs/reference.md`` from the source: ``make docs``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import click
import pytest

import pytest_llmeval
from pytest_llmeval import errors
from pytest_llmeval.cli import main
from pytest_llmeval.goldens.names import ALIASES
from pytest_llmeval.judges import registry as judges
from pytest_llmeval.metrics.entry import MetricInfo
from pytest_llmeval.metrics.registry import MetricRegistry
from pytest_llmeval.plugin import fixtures, hookspecs
from pytest_llmeval.plugin.markers import (
    GENERATE_KEYWORDS,
    GOLDEN_KEYWORDS,
    JUDGE_KEYWORDS,
    MARKERS,
)
from pytest_llmeval.providers.openai import keys
from pytest_llmeval.providers.openai.endpoints import AZURE_VERSION
from pytest_llmeval.records.score import Scale
from pytest_llmeval.records.verdicts import UNJUDGED
from pytest_llmeval.reports.csv_report import COLUMNS
from pytest_llmeval.runlog.tables import schema
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTIONS, SECTIONS

PAGE = Path(__file__).with_name("reference.md")
KEYWORDS = {
    "llm_golden": GOLDEN_KEYWORDS,
    "llm_generate": GENERATE_KEYWORDS,
    "llm_judge": JUDGE_KEYWORDS,
    "llm_metric": ("min", "max"),
    "llm_gate": (),
}
EXIT_CODES = {
    int(pytest.ExitCode.OK): "nothing failed, no gate is missed, and nothing is an error",
    int(
        pytest.ExitCode.TESTS_FAILED
    ): "a case is worse than required, a gate is missed, or another test failed or broke",
    int(
        pytest.ExitCode.INTERRUPTED
    ): "collection failed (a golden file or a marker cannot be used), or Ctrl-C, SIGTERM or SIGHUP",
    int(pytest.ExitCode.INTERNAL_ERROR): "pytest itself broke",
    int(pytest.ExitCode.USAGE_ERROR): "a setting or a threshold cannot be used; nothing was sent",
    int(
        pytest.ExitCode.NO_TESTS_COLLECTED
    ): "no test was collected, and nothing required a verdict",
    UNJUDGED: "nothing is worse, but a case could not be judged, a gate not decided, "
    "or a report not written",
}
VARIABLES = {
    keys.MODEL_KEY: "API key of the model under test",
    keys.JUDGE_KEY: "API key of the judge; without it the key of the model under test",
    keys.dedicated_keys(2, False, False)[
        0
    ]: "API key of the second endpoint of a failover list; `_3` and so on for the next",
    keys.dedicated_keys(2, True, False)[0]: "the same for the second endpoint of the judge's list",
    keys.JURY_KEY: "API key of the first juror; `_2` and so on for the next; without it the "
    "judge's, at the same URL",
    keys.OPENAI_KEY: f"API key of the model under test, where {keys.MODEL_KEY} is not set",
    keys.AZURE_ENDPOINT: "Azure OpenAI resource; in force where no base URL is set",
    AZURE_VERSION: "version of Azure's API, needed with Azure",
    keys.AZURE_KEY: f"API key for Azure, where {keys.MODEL_KEY} is not set",
    "LLMEVAL_MODELS": "folder of local models; by default `llmeval/models` in the user's cache "
    "folder",
}


def reference() -> str:
    """The whole page."""
    parts = (
        options(),
        markers(),
        the_fixtures(),
        hooks(),
        commands(),
        variables(),
        columns(),
        metrics(),
    )
    rest = (run_log(), csv_columns(), names(), error_tree(), exit_codes())
    head = (
        "# Reference\n\n<!-- Made by `make docs` from the source. Edit that, not this page. -->\n"
    )
    return "\n".join([head, *("\n".join(part) for part in (*parts, *rest))])


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    titles = list(head)
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""


def code(words: Iterable[str]) -> str:
    """Words as code, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)


def options() -> Iterator[str]:
    """The option table, a heading for each section."""
    yield "## Options\n"
    yield "Each option can be set in three places, and the first of them that sets it counts:"
    yield "the command line, the environment, the ini file. A marker stands between the command"
    yield "line and the environment.\n"
    for section, rows in groupby(OPTIONS, lambda row: row.section):
        yield f"### {SECTIONS[section]}\n"
        yield from table(
            ("option, ini key, environment", "default", "allowed", "meaning"), map(option_row, rows)
        )


def option_row(row: Option) -> tuple[str, str, str, str]:
    """One option."""
    metavar = "" if row.kind == "flag" else f" {row.metavar}"
    flag = "" if row.ini_only else f"`{row.flag}{metavar}`<br>"
    default = f"`{row.default}`" if row.has_default else ""
    return (
        f"{flag}`{row.dest}`<br>{'<br>'.join(f'`{name}`' for name in row.env)}",
        default,
        row.allowed,
        row.help,
    )


def markers() -> Iterator[str]:
    """Every marker with its keywords."""
    yield "## Markers\n"
    for marker in MARKERS:
        signature, _, meaning = marker.partition(": ")
        name = signature.partition("(")[0]
        yield f"### `{name}`\n"
        yield f"`@pytest.mark.{signature}`: {meaning}.\n"
        more = ", and the parameters of the metric" if name == "llm_metric" else ""
        if KEYWORDS[name]:
            yield f"Keywords: {code(KEYWORDS[name])}{more}.\n"


def the_fixtures() -> Iterator[str]:
    """Every fixture with its docstring."""
    yield "## Fixtures\n"
    for name, value in vars(fixtures).items():
        if name.startswith("llm_"):
            yield f"### `{name}`\n"
            yield f"{prose(value)}\n"


def hooks() -> Iterator[str]:
    """Every hook with its docstring."""
    yield "## Hooks\n"
    for name, value in vars(hookspecs).items():
        if name.startswith("pytest_"):
            yield f"### `{name}`\n"
            yield f"{prose(value)}\n"


def commands() -> Iterator[str]:
    """Every command of ``llmeval`` with its arguments."""
    yield "## Commands\n"
    yield "Also as `python -m pytest_llmeval`. Where an option of pytest has the same name with"
    yield "`llm-`, its ini key and environment variable count too. A path on the command line is"
    yield "relative to the current folder.\n"
    for name, command in every_command():
        context = click.Context(command, info_name=name)
        yield f"### `{name}`\n"
        yield f"`{' '.join([name, *command.collect_usage_pieces(context)])}`\n"
        yield f"{prose(command.callback)}\n"
        rows = [
            (code(row.opts), row.help or "")
            for row in command.params
            if isinstance(row, click.Option) and row.help
        ]
        if rows:
            yield from table(("option", "meaning"), rows)


def every_command(
    group: click.Group = main, name: str = "llmeval"
) -> Iterator[tuple[str, click.Command]]:
    """The commands as they are typed; a group comes before its own."""
    for word, command in group.commands.items():
        yield f"{name} {word}", command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{name} {word}")


def variables() -> Iterator[str]:
    """The environment variables that are not options."""
    yield "## Environment\n"
    yield "Beside the variables of the options. Keys are read from the environment alone.\n"
    yield from table(
        ("variable", "holds"), ((f"`{name}`", meaning) for name, meaning in VARIABLES.items())
    )


def columns() -> Iterator[str]:
    """The column names of golden files."""
    yield "## Columns of golden files\n"
    yield from table(
        ("field", "understood column names"),
        ((f"`{field}`", code(ALIASES[field])) for field in ALIASES),
    )


def metrics() -> Iterator[str]:
    """The kinds of judges and the metrics of the package, a heading for each family."""
    yield "## Kinds of judges\n"
    yield from table(
        ("judge", "value", "parameters", "meaning"), map(metric_row, judges.describe())
    )
    yield "## Built-in metrics\n"
    for family, rows in groupby(MetricRegistry().describe(), lambda row: row.family):
        yield f"### Metrics: {family}\n"
        yield from table(("metric", "value", "parameters", "meaning"), map(metric_row, rows))


def metric_row(row: MetricInfo) -> tuple[str, str, str, str]:
    """One metric."""
    params = code(f"{name}={default}" for name, default in row.params.items())
    extra = f"<br>Extra: `{row.extra.name}`" if row.extra.name else ""
    return f"`{row.name}`", scale(row.scale), params, f"{row.about}<br>Source: {row.source}{extra}"


def scale(value: Scale) -> str:
    """Bounds, unit and direction of a score."""
    low = "" if value.low is None else f"from {value.low:g}"
    high = "" if value.high is None else f"to {value.high:g}"
    better = f"{'higher' if value.higher_is_better else 'lower'} is better"
    return ", ".join(filter(None, [f"{low} {high}".strip(), value.unit, better]))


def run_log() -> Iterator[str]:
    """The tables of the run log."""
    yield "## Tables of the run log\n"
    for name, content in schema().metadata.tables.items():
        yield f"### `{name}`\n"
        rows = (
            (f"`{column.name}`", str(column.type), column.comment or "")
            for column in content.columns
        )
        yield from table(("column", "type", "holds"), rows)


def csv_columns() -> Iterator[str]:
    """The columns of the CSV report."""
    yield "## Columns of the CSV report\n"
    yield f"{code(COLUMNS)}; then one column for each other score, under its name.\n"


def names() -> Iterator[str]:
    """What the package exports."""
    yield "## Names to import\n"
    yield "`from pytest_llmeval import …`:\n"
    public = [name for name in pytest_llmeval.__all__ if name != "__version__"]
    rows = (
        (f"`{name}`", first_line(getattr(pytest_llmeval, name)))
        for name in sorted(public, key=str.lower)
    )
    yield from table(("name", "is"), [*rows, ("`__version__`", "The version of the package.")])


def error_tree() -> Iterator[str]:
    """The errors as a tree."""
    yield "## Errors\n"
    yield from branches(errors.LLMEvalError, "")
    yield ""


def branches(error: type[Exception], indent: str) -> Iterator[str]:
    """An error and those below it."""
    if error.__module__ == errors.__name__:
        yield f"{indent}- `{error.__name__}`: {first_line(error)}"
        for below in error.__subclasses__():
            yield from branches(below, f"{indent}  ")


def exit_codes() -> Iterator[str]:
    """What pytest's exit code says."""
    yield "## Exit codes\n"
    yield "The command `llmeval` exits with 0, or with 2 where something that you wrote cannot be"
    yield "used; `llmeval calibrate` with 1 where a figure misses its threshold, `llmeval compare`"
    yield "with 1 where the second run is worse and 10 where the two cannot be compared, and"
    yield "`llmeval rescore` and `llmeval merge` as pytest would have.\n"
    yield from table(
        ("pytest exits with", "when"), ((str(number), EXIT_CODES[number]) for number in EXIT_CODES)
    )


def prose(value: object) -> str:
    """A docstring as Markdown: double backticks become single ones, sections sentences."""
    text = (inspect.getdoc(value) or "").replace("``", "`")
    return re.sub(r"Returns:\n\s+", "Returns: ", re.sub(r"\n {4,}", " ", text))


def first_line(value: object) -> str:
    """The first line of a docstring, as Markdown."""
    return prose(value).partition("\n")[0]


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
