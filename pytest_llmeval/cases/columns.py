"""The refusal of columns that the settings name and no case has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_llmeval.assembly.judges import opponent_spec
from pytest_llmeval.cases.plan import Plan
from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.providers.column import cells
from pytest_llmeval.records.answer_column import answered_column, column_endpoint, read_column
from pytest_llmeval.records.case import Case

_PAIRWISE = "pairwise"
_Named = tuple[str, str]
"""A column, and the setting that names it."""


def check_answer_columns(plans: Iterable[Plan]) -> None:
    """Refuse a column that should hold the answers to cases of which none has it.

    Args:
        plans: Plans of golden cases that the provider of their settings answers.

    Raises:
        SettingError: No case has the column.
    """
    cases: dict[_Named, list[Case]] = {}
    for plan in plans:
        column = answered_column(plan.settings.provider or "")
        if column:
            cases.setdefault((column, plan.settings.origin("provider")), []).append(plan.case)
    for (column, origin), answered in cases.items():
        _check(column, origin, [cells(case) for case in answered])


def check_opponent_columns(plans: Iterable[Plan]) -> None:
    """Refuse a column that should hold what answers are compared with, and that no case has.

    Args:
        plans: Plans of golden cases.

    Raises:
        SettingError: No case has the column.
    """
    cases: dict[_Named, list[Case]] = {}
    for plan in plans:
        if not any(name == _PAIRWISE for name, _ in plan.declared):
            continue
        kind, column = opponent_spec(plan.settings) or ("", "")
        if kind == "column":
            origin = plan.settings.origin("judge_against")
            cases.setdefault((column, origin), []).append(plan.case)
    for (column, origin), judged in cases.items():
        _check(column, origin, [case.metadata for case in judged])


def _check(column: str, origin: str, rows: Iterable[Mapping[str, object]]) -> None:
    present: dict[str, None] = {}
    for row in rows:
        if read_column(column, row) is not None:
            return
        present.update(dict.fromkeys(row))
    allowed = f"a column that the rows have: {', '.join(present) or 'none but those of the case'}"
    raise SettingError(origin, column_endpoint(column), allowed, nearest(column, present))
