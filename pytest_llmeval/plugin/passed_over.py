"""What a run passes over: modules that are skipped, and cases that the project deselects."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from traceback import walk_stack

import pytest

from pytest_llmeval.plugin.collection import case_of
from pytest_llmeval.plugin.markers import FIXTURES, NAMES
from pytest_llmeval.plugin.state import PluginState
from pytest_llmeval.text import count

_BETWEEN = ("pluggy", "pytest_llmeval")
"""Packages between a hook that deselects and this module."""

_OURS = {*NAMES, *FIXTURES, "llm_provider"}
_MOST_MODULES = 200
"""Modules of a skipped package that are read."""


def note_deselected(state: PluginState, items: Sequence[pytest.Item]) -> None:
    """Note the cases that a hook of the project leaves out, not somebody who chooses tests."""
    cases = [item for item in items if case_of(item) is not None]
    file = _deselecting_file() if cases else ""
    if not file:
        return
    from pytest_llmeval.frames import is_user_code  # late: few runs deselect a case

    if is_user_code(file):
        name = os.path.relpath(file, state.config.rootpath).replace(os.sep, "/")
        state.collected.deselected[name] += len(cases)


def note_skipped(
    state: PluginState, collector: pytest.Collector, report: pytest.CollectReport
) -> None:
    """Note a module or package whose collection ended with a skip."""
    if report.outcome == "skipped":
        where = report.longrepr
        reason = where[2] if isinstance(where, tuple) else str(where or "")
        state.collected.skipped.append((collector.path, reason.removeprefix("Skipped: ")))


def deselected_cases(deselected: Counter[str], cases: int) -> Iterator[str]:
    """Yield a sentence for each file of the project whose hook leaves out cases."""
    for file, number in deselected.items():
        yield (
            f"{number} of {count(cases, 'golden case')} were deselected by a hook of {file}: "
            "choose cases on the command line, with -k, -m or --llm-where"
        )


def skipped_modules(state: PluginState) -> Iterator[str]:
    """Yield a sentence for each skipped module that names ours, or that the command line names."""
    for path, reason in state.collected.skipped:
        file = os.path.relpath(path, state.config.rootpath).replace(os.sep, "/")
        is_named = any(root.partition("::")[0] == file for root in state.choice.roots)
        if is_named or any(map(_names_ours, islice(_modules(path), _MOST_MODULES))):
            yield f"{file} was skipped as a whole, so none of its tests was judged: {reason}"


def _deselecting_file() -> str:
    """Return the file of the hook that calls ``pytest_deselected``."""
    for frame, _ in walk_stack(None):
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in _BETWEEN:
            return frame.f_code.co_filename
    return ""


def _modules(path: Path) -> Iterator[Path]:
    """Yield a skipped module, or those of a skipped package."""
    if path.name == "__init__.py" or path.is_dir():
        yield from (path if path.is_dir() else path.parent).rglob("*.py")
    else:
        yield path


def _names_ours(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(name in text for name in _OURS)
