"""The command that reruns a case."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTIONS

_RERUN = ("model", "generation", "judge", "trust", "thresholds", "metrics")
"""Sections of the option table that affect answers and scores."""

_COLUMNS = "columns"
"""The option that tells what a golden file holds."""


def rerun_command(result: CaseResult, options: str = "") -> str:
    """Write the command that reruns exactly this case, for a POSIX shell.

    Args:
        result: The result of the case.
        options: Options to append, as from `rerun_options`.
    """
    return f"pytest {shlex.quote(result.nodeid)}{options and ' '}{options}"


def rerun_options(run: Run) -> str:
    """Write the options that answer and score a case as in this run.

    Options with secrets are left out.
    """
    wanted = (
        option
        for option in OPTIONS
        if (option.section in _RERUN or option.name == _COLUMNS)
        and option.kind != "json"
        and not option.ini_only
    )
    return shlex.join(
        word for option in wanted if option.name in run.settings for word in _words(option, run)
    )


def _words(option: Option, run: Run) -> Iterator[str]:
    text = run.settings[option.name]
    for value in text.splitlines() if option.kind == "list" else [text]:
        yield option.flag
        if option.kind != "flag":
            yield value
