"""The command ``llmeval validate``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import USAGE_ERROR, CommandContext, command, golden_files

if TYPE_CHECKING:
    from pytest_llmeval.errors import Problem
    from pytest_llmeval.records.case import Case


@command("columns")
@golden_files
def validate(context: CommandContext, files: tuple[Path, ...]) -> int:
    """Check golden files: print what their columns became, or all problems (exit code 2)."""
    from pytest_llmeval.errors import GoldenFileError, InputError
    from pytest_llmeval.goldens.reading import check_golden, read_golden
    from pytest_llmeval.text import printed

    columns = context.golden_columns()
    code = 0
    for file in files:
        try:
            check_golden(file, context.locations.root)
            reading = read_golden(file, context.locations.root, columns)
            problems = list(_misspelt(reading.cases))
            if problems:
                raise GoldenFileError(problems)
            click.echo("\n".join(map(printed, reading.description.lines())))
        except InputError as error:
            click.echo(error, err=True)
            code = USAGE_ERROR
    return code


def _misspelt(cases: Iterable[Case]) -> Iterator[Problem]:
    """Yield a problem for each threshold whose score is almost a judge or metric by its name.

    Other names may be those of metrics that only the tests know.
    """
    from pytest_llmeval.errors import MISSPELT, Problem, nearest
    from pytest_llmeval.judges.registry import kind_names
    from pytest_llmeval.metrics.registry import MetricRegistry

    registry = MetricRegistry()
    registry.load_entry_points()
    names = [*kind_names(), *(info.name for info in registry.describe())]
    for case in cases:
        for threshold in case.thresholds:
            name = threshold.metric.partition(".")[0]
            hint = "" if name in names else nearest(name, names, MISSPELT)
            if hint:
                allowed = f"a score that 'llmeval metrics' lists. {hint}"
                source = case.source
                yield Problem(source.file, source.line, None, "threshold", repr(name), allowed)
