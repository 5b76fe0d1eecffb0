"""The results as one CSV table, a row per case, for spreadsheets and data frames."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_llmeval.goldens.cells import FORMULA_STARTS
from pytest_llmeval.records.call import Parameters
from pytest_llmeval.records.result import CaseResult, model_of, requested_samples
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.reports.output import replacing, rereadable
from pytest_llmeval.summary.costs import case_cost
from pytest_llmeval.summary.samples import met_count

COLUMNS = (
    "timestamp", "prompt", "ground_truth", "generated_response", "temperature", "max_tokens",
    "top_p",
    "frequency_penalty", "presence_penalty", "score", "classification", "model", "dataset_size",
    "judge_model",
    "scoring_reason", "experiment_id", "id", "suite", "outcome", "generation_cost_usd",
    "judge_cost_usd",
    "samples", "samples_met", "system_fingerprint",
)  # fmt: skip
_Cell = str | float | None
"""A value of the table; ``None`` if it is unscored, unknown or absent."""


def write_csv(path: Path, run: Run, results: Iterable[CaseResult]) -> None:
    """Write the table in UTF-8, with empty cells for unscored, unknown or absent values.

    An apostrophe precedes a text that a spreadsheet would run as a formula.

    Args:
        path: The file to create or replace.
        run: The run.
        results: Its results, in the order of the table. Read twice: the first reading collects the
            names of the scores.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    head, rows = table(run, results)
    with replacing(path, "CSV report") as file:
        writer = csv.writer(file)
        writer.writerow([_text(name) for name in head])
        for row in rows:
            writer.writerow([_text(cell) if isinstance(cell, str) else cell for cell in row])


def table(run: Run, results: Iterable[CaseResult]) -> tuple[list[str], Iterator[list[_Cell]]]:
    """Return the names of the columns, and a row of plain values for each result.

    Args:
        run: The run.
        results: Its results, in the order of the table; read twice.
    """
    names, size = _score_names(rereadable(results))
    head = [*COLUMNS, *(f"score_{name}" if name in COLUMNS else name for name in names)]
    return head, ([*_cells(run, result, size), *_scores(result, names)] for result in results)


def _score_names(results: Iterable[CaseResult]) -> tuple[list[str], int]:
    names: set[str] = set()
    size = 0
    for result in results:
        names.update(score.name for score in result.scores)
        size += 1
    return sorted(names - {RUBRIC}), size


def _cells(run: Run, result: CaseResult, size: int) -> Iterator[_Cell]:
    """Yield the cells of `COLUMNS` in order."""
    case = result.case
    parameters = result.request.parameters if result.request else Parameters()
    rubric = next((score for score in result.scores if score.name == RUBRIC), None)
    response = result.completion.text if result.completion else None
    yield from (result.started_at, case.prompt, case.expected, response)
    yield from (
        parameters.temperature,
        parameters.max_tokens,
        parameters.top_p,
        parameters.frequency_penalty,
        parameters.presence_penalty,
    )
    yield None if rubric is None else rubric.value
    yield from ("; ".join(case.tags), model_of(result))
    yield size
    reason = None if rubric is None else rubric.reason or rubric.error
    yield from (result.judge_model, reason, run.id, case.id, result.suite, result.outcome)
    cost = case_cost(result)
    yield from (cost.generation, cost.judging)
    met, known = met_count(result.samples)
    yield len(requested_samples(result.samples)) or (1 if result.completion else None)
    yield met if known else None
    yield result.completion.system_fingerprint if result.completion else None


def _scores(result: CaseResult, names: list[str]) -> Iterator[float | None]:
    # Reversed, so that the first score of a name wins.
    values = {score.name: score.value for score in reversed(result.scores)}
    return (values.get(name) for name in names)


def _text(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula and every CSV reader can read."""
    plain = text.replace("\0", "\\0")
    return f"'{plain}" if plain.startswith(FORMULA_STARTS) else plain
