"""The columns of a table of any tool: which hold scores, and which by their names never do."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pytest_llmeval.goldens.names import is_answer_like, known_names, name_words, normal
from pytest_llmeval.records.score import UNIT_SCALE, Scale
from pytest_llmeval.text import first_of

ANSWERS = (
    "answer", "completion", "output", "response", "generated_response", "actual_output",
    "prediction",
)  # fmt: skip
"""Columns that may hold the answer, in order of preference."""

PROMPTS = ("prompt", "question", "input", "query")
"""Columns that may hold the prompt, likewise."""

REFERENCES = ("expected", "expected_output", "reference", "ground_truth", "target", "ideal")
"""Columns that may hold the expected answer, likewise."""

TAGS = ("tags", "tag", "classification", "category")
"""Columns that may hold the tags, likewise."""

_TEXTS = frozenset((
    *map(normal, (*ANSWERS, *PROMPTS, *REFERENCES)),
    *(name for field in ("prompt", "messages", "system_prompt", "expected", "contexts", "id")
      for name in known_names(field)),
    "label", "labels", "humanlabel", "class", "predictions", "predicted", "predictedlabel", "pred",
    "ypred", "ytrue", "actual", "modeloutput", "modelanswer", "modelresponse", "generation",
    "generated", "generatedanswer", "generatedtext", "reply", "choice", "options",
))  # fmt: skip
"""Names of the texts of a case, which may be numbers."""

_MEASURES = frozenset((
    "latency", "duration", "elapsed", "runtime", "seconds", "secs", "sec", "ms", "millis",
    "milliseconds", "minutes", "hours", "cost", "costs", "price", "usd", "eur", "dollars", "cents",
    "timestamp", "seed", "temperature", "penalty", "retries", "attempts", "ttft",
))  # fmt: skip
"""Words in the names of what is measured or set, and says nothing of the quality of an answer."""

_SIZES = frozenset((
    "tokens", "chars", "characters", "words", "count", "counts", "length", "lengths", "bytes",
))  # fmt: skip
"""The same where a value is more than 1: `contains_bad_words` may be a score of 0 or 1."""

_LAST_WORDS = frozenset((
    "id", "ids", "time", "times", "date", "index", "idx", "number", "num", "n", "row",
    "line", "size", "sample", "samples", "repetition", "repetitions", "repeat", "repeats",
    "replicate", "trial", "trials", "run", "runs", "epoch", "epochs", "attempt", "iteration",
    "turn", "fold", "version", "year", "month", "day",
))  # fmt: skip
"""The same where the name ends with the word."""

_SCORE_WORDS = frozenset((
    "score", "scores", "accuracy", "correct", "correctness", "precision", "recall", "f", "rate",
    "ratio", "rating", "grade", "reward", "quality", "match", "pass", "passed", "ok", "similarity",
    "on",
))  # fmt: skip
"""Words that a score has in its name: `token_f1`, `length_score`, `on_time_rate`."""

_NAMED = 8
"""Columns that a note names."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Attributes:
        id: Column with the id of the case.
        score: Columns of scores; empty for all columns of numbers that may be one by their names.
        scale: Range of the scores.
        cluster: Column that groups dependent cases; empty for none.
        column: Prompt or provider whose results are read, where a file has several; empty for the
            only one.
        known: Scores of another file, whose texts here are missing scores.
    """

    id: str = "id"
    score: tuple[str, ...] = ()
    scale: Scale = UNIT_SCALE
    cluster: str = ""
    column: str = ""
    known: frozenset[str] = frozenset()


def is_case_text(name: str) -> bool:
    """Return whether a column is named as a text of the case: prompt, answer, reference, label."""
    return normal(name) in _TEXTS or is_answer_like(name)


def is_no_score(name: str, values: Sequence[object] = ()) -> bool:
    """Return whether a column of numbers is no score by its name.

    A text of the case may be a number. Latency, cost and tokens have no range, and more of them
    is not better.
    """
    if is_case_text(name):
        return True
    words = list(name_words(name))
    if not words or not _SCORE_WORDS.isdisjoint(words):
        return False
    if not _SIZES.isdisjoint(words):
        return not values or any(is_number(value) and _number(value) > 1 for value in values)
    return not _MEASURES.isdisjoint(words) or words[-1] in _LAST_WORDS


def known_columns(present: Iterable[str]) -> frozenset[str]:
    """Return the columns that are known to be no scores, because the table is one of our own."""
    from pytest_llmeval.reports.csv_report import COLUMNS

    ours = frozenset(COLUMNS) - {"score"}
    return ours if ours <= set(present) else frozenset()


def left_out_note(names: Sequence[str]) -> str:
    """Write which columns of numbers are not compared, and how one is."""
    why = "which are no scores by their names"
    if len(names) == 1:
        why = "which is no score by its name"
    return f"not compared: {first_of(names, _NAMED)}, {why}; --score NAME compares one"


def are_numbers(values: Collection[object]) -> bool:
    """Return whether most of some cells are numbers, so that the other ones should be."""
    return 2 * sum(map(is_number, values)) > len(values)


def is_number(value: object) -> bool:
    """Return whether a cell is a number, or stands for a missing one."""
    try:
        return not math.isinf(_number(value))
    except (TypeError, ValueError, OverflowError):
        return False


def is_text(cell: object) -> bool:
    """Return whether a cell holds something that is no number."""
    try:
        _number(cell)
    except (TypeError, ValueError, OverflowError):
        return not is_empty(cell)
    return False


def is_empty(value: object) -> bool:
    """Return whether a cell holds nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def texts_note(file: str, text: str, metric: str, number: int) -> str:
    """Write that some values of a metric are no scores, of which one was found."""
    cells = "it counts" if number == 1 else f"{number} such values count"
    return f"{file}: found {text} as {metric}, where other values are numbers; {cells} as missing"


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]
