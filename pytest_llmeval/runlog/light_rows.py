"""The numbers of results without their texts, for reading many runs.

A `Tally` of these rows equals a `Tally` of the whole results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmeval.records.call import Completion, Usage
from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.verdicts import OUTCOMES
from pytest_llmeval.runlog.database import unescaped
from pytest_llmeval.runlog.tables import schema

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Table

    from pytest_llmeval.runlog.log import RunLog


class LightCase(NamedTuple):
    """A case: its number in the log, its position and its outcome."""

    number: int
    suite: str
    file: str
    line: int
    id: str
    outcome: Outcome


class _LightScore(NamedTuple):
    """A score without reason and calls, and the number of its case."""

    case: int
    score: Score


class _LightCall(NamedTuple):
    """A completion without its text, and the name of its score; ``None`` for an answer."""

    score: str | None
    completion: Completion


def light_cases(log: RunLog, run_id: str) -> Iterator[LightCase]:
    """Yield the cases of a run, in the order of its results."""
    from sqlalchemy import select

    cases = schema().cases
    names = ("number", "suite", "file", "line", "case_id", "outcome")
    columns = [cases.c[name] for name in names]
    for number, suite, file, line, case_id, outcome in log.rows(
        select(*columns).where(cases.c.run_id == run_id).order_by(*_order())
    ):
        with log.reading("a case"):
            if outcome not in OUTCOMES:
                raise ValueError(f"outcome is {outcome!a}")
            texts = unescaped(suite), unescaped(file), unescaped(case_id)
        suite, file, case_id = texts
        yield LightCase(number, suite, file, line, case_id, outcome)


def light_scores(log: RunLog, run_id: str) -> Iterator[_LightScore]:
    """Yield the scores of a run in the order of its results, without those of single samples."""
    scores = schema().scores
    names = (
        "name", "value", "version", "judge", "scale_low", "scale_high", "higher_is_better", "unit",
    )  # fmt: skip
    query = _of_run(scores, run_id, [scores.c[name] for name in names]).where(
        scores.c.sample.is_(None)
    )
    scales: dict[tuple[Any, ...], Scale] = {}
    for case, name, value, version, judge, *range_ in log.rows(query):
        scale = scales.setdefault(tuple(range_), Scale(*range_))
        with log.reading("a score"):
            score = Score(
                unescaped(name), value, scale, version=unescaped(version), judge=unescaped(judge)
            )
        yield _LightScore(case, score)


def light_calls(log: RunLog, run_id: str) -> Iterator[_LightCall]:
    """Yield answers, also of samples, and judge calls of a run, in the order of results."""
    from sqlalchemy import exists, func, or_

    completions, samples = schema().completions, schema().samples
    names = (
        "score_position", "purpose", "cost_usd", "latency_s", "cached", "call", "prompt_tokens",
        "completion_tokens",
    )  # fmt: skip
    has_samples = exists().where(samples.c.case_number == completions.c.case_number)
    of_a_sample = completions.c.sample.is_not(None)
    in_case = (completions.c.score_position.is_not(None), func.coalesce(completions.c.sample, -1))
    query = _of_run(completions, run_id, [completions.c[name] for name in names], *in_case).where(
        completions.c.text.is_not(None),
        or_(completions.c.score_position.is_not(None), of_a_sample, ~has_samples),
    )
    for _, position, purpose, cost, latency, cached, call, sent, received in log.rows(query):
        with log.reading("a call"):
            usage = None if sent is None else Usage(sent, received or 0)
            completion = Completion(
                "",
                usage=usage,
                cost_usd=cost,
                latency_s=latency or 0.0,
                cached=bool(cached),
                call=unescaped(call or ""),
            )
            name = None if position is None else unescaped(purpose)
        yield _LightCall(name, completion)


def _order() -> list[ColumnElement[Any]]:
    from pytest_llmeval.runlog.log import ORDER

    return [schema().cases.c[name] for name in ORDER]


def _of_run(
    table: Table, run_id: str, columns: list[ColumnElement[Any]], *in_case: ColumnElement[Any]
) -> Select[Any]:
    """Select the case number and columns of the rows of a run, ordered by case."""
    from sqlalchemy import select

    cases = schema().cases
    joined = table.join(cases, table.c.case_number == cases.c.number)
    query = (
        select(table.c.case_number, *columns).select_from(joined).where(cases.c.run_id == run_id)
    )
    return query.order_by(*_order(), *in_case, table.c.position)
