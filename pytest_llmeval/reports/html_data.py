"""The JSON report inside the HTML report: packed, a part at a time, with a small index that is read first."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from typing import Any

from pytest_llmeval.records import Score
from pytest_llmeval.reports.changes import change_of
from pytest_llmeval.reports.facts import case_cost, finite
from pytest_llmeval.reports.json_report import as_json, result_json
from pytest_llmeval.reports.phrases import one_line
from pytest_llmeval.results import Before, CaseResult

PART = 200
"""Results that are packed together, and unpacked together when one of them is shown."""

EXCERPT = 160  # characters of a prompt in the table
UNSCORED = False
"""In the index; ``None`` there is a score that was not taken."""


def packed(kind: str, text: str) -> str:
    """A block of the page. Base64 holds no character that could end it; the browser unpacks it by ``DecompressionStream``.

    Args:
        kind: What it holds.
        text: JSON in ASCII.
    """
    data = base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")
    return f'<script type="text/plain" data-part="{kind}">{data}</script>\n'


def anchor_of(result: CaseResult) -> str:
    """The name of the place of a case; the same in every report of this case."""
    identity = json.dumps(result.identity)
    return f"case-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


class Part:
    """Some results, packed as they are in the JSON report, and their rows of the index."""

    def __init__(self) -> None:
        self._results: list[str] = []
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, result: CaseResult) -> None:
        """Take one result."""
        self._results.append(result_json(result))
        self._rows.append(index_row(result))

    def index(self) -> str:
        """The block with the rows, column by column."""
        columns = {name: [row[name] for row in self._rows] for name in self._rows[0]}
        return packed("index", as_json(columns))

    def results(self) -> str:
        """The block with the results."""
        return packed("results", f"[{','.join(self._results)}]")


def index_row(result: CaseResult) -> dict[str, Any]:
    """What the table of all cases knows of a case before its results are unpacked: an excerpt of them."""
    cost, answer = case_cost(result), result.completion
    return {
        "anchor": anchor_of(result),
        "id": result.case.id,
        "ask": one_line(result.case.prompt, EXCERPT),
        "place": str(result.case.source),
        "tags": result.case.tags,
        "outcome": result.outcome,
        "scores": dict(_values(result)),
        "cost": cost.total,
        "latency": answer.latency_s if answer and answer.latency_s and not answer.cached else None,
        "took": result.duration_s,
        "before": {before.baseline: _before_row(result, before) for before in result.before},
    }


def _values(result: CaseResult) -> Iterator[tuple[str, float | bool]]:
    for score in reversed(result.scores):  # the first of a name stays
        yield score.name, _value(score)


def _value(score: Score) -> float | bool:
    value = finite(score).value
    return UNSCORED if value is None else value


def _before_row(result: CaseResult, before: Before) -> dict[str, Any]:
    values = {name: score.value for name, score in before.scores.items()}
    return {"outcome": before.outcome, "change": change_of(result, before), "scores": values}
