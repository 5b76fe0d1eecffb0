"""What every report asks of a result: who answered, what it cost, which bounds are kept, which scores are numbers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTIONS

RERUN = ("model", "generation", "judge", "trust", "thresholds", "metrics")
"""Sections of the option table that decide what a case is answered and scored by."""


def rerun_command(result: CaseResult, options: str = "") -> str:
    """The command that runs exactly this case again, for a shell of POSIX.

    Args:
        result: Its result.
        options: What is to follow, as of `rerun_options`.
    """
    return f"pytest {shlex.quote(result.nodeid)}{options and ' '}{options}"


def rerun_options(run: Run) -> str:
    """The options with which a case is answered and scored as in this run, wherever they were set then.

    Where they would tell a secret, they are left out.
    """
    wanted = (
        option
        for option in OPTIONS
        if option.section in RERUN and option.kind != "json" and not option.ini_only
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
