"""The command ``llmeval validate``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING

import click

from pytest_llmeval.cli.command import USAGE_ERROR, CommandContext, command

if TYPE_CHECKING:
    from pytest_llmeval.errors import Problem
    from pytest_llmeval.records.case import Case


@command("columns")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
def validate(context: CommandContext, files: tuple[Path, ...]) -> int:
    """Check golden files: print what their columns became, or all problems (exit code 2).

    A folder stands for the golden files in it. Without any FILE, those that llm_golden names in
    pytest's ini file are checked.
    """
    from pytest_llmeval.errors import GoldenFileError, InputError
    from pytest_llmeval.goldens.reading import check_golden, read_golden
    from pytest_llmeval.text import printed

    columns = context.golden_columns()
    code = 0
    for file in _files(context, files):
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


def _files(context: CommandContext, named: Iterable[Path]) -> list[Path]:
    """Return the named golden files, those in named folders, or those of the project.

    Raises:
        InputError: There are none.
    """
    from pytest_llmeval.errors import InputError

    files: list[Path] = []
    for path in named:
        below = _below(context, path) if path.is_dir() else [path]
        if not below:
            raise InputError(f"{path}: found no golden file in this folder; allowed: one or more")
        files += below
    if files:
        return files
    patterns = context.settings.golden
    files = _of_project(context, patterns)
    if files:
        return files
    what = f"no golden file by {', '.join(patterns)}" if patterns else "nothing"
    raise InputError(
        f"llm_golden: found {what}; allowed: golden files. Name them: llmeval validate FILE"
    )


def _of_project(context: CommandContext, patterns: Iterable[str]) -> list[Path]:
    from pytest_llmeval.goldens.finding import matching

    root = context.locations.root
    paths = (path for pattern in patterns for path in matching(root, normpath(pattern), ()))
    return [Path(context.locations.shown(path)) for path in _golden(context, paths)]


def _below(context: CommandContext, folder: Path) -> list[Path]:
    from pytest_llmeval.goldens.finding import walk

    return _golden(context, walk(folder))


def _golden(context: CommandContext, paths: Iterable[Path]) -> list[Path]:
    """Return the golden files among some, sorted: no baselines, and no recordings."""
    from pytest_llmeval.baselines.file import is_baseline
    from pytest_llmeval.goldens.finding import is_recording, regular

    folder = context.settings.recordings
    recordings = context.locations.folder("recordings") / folder if folder is not None else None
    return sorted(
        path
        for path in set(regular(paths))
        if not is_baseline(path) and not is_recording(path, recordings)
    )


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
