"""The JSON report inside the HTML report: packed, a part at a time, with a small index that is read first."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from typing import Any, TextIO

from pytest_llmeval.records.result import Before, CaseResult
from pytest_llmeval.records.score import Score, finite
from pytest_llmeval.reports.json_report import as_json, result_json
from pytest_llmeval.summary.changes import change_of
from pytest_llmeval.summary.costs import case_cost
from pytest_llmeval.text import one_line

PART = 200
"""Results that are packed together, and unpacked together when one of them is shown."""

PART_SIZE = 4_000_000
"""Characters after which a part ends early: a browser holds no text of half a gigabyte."""

INDEX_PART = 1_000  # rows of the index, which is unpacked at once

EXCERPT = 160  # characters of a prompt in the table
UNSCORED = False
"""In the index; ``None`` there is a score that was not taken."""


def packed(kind: str, text: str) -> str:
    """A block of the page. Base64 holds no character that could end it; ``DecompressionStream`` unpacks it.

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


class Packer:
    """Packs the results as they are in the JSON report, and their rows of the index, in parts as they come.

    Args:
        index: Where the parts of the index go.
        results: Where those of the results go.
    """

    def __init__(self, index: TextIO, results: TextIO) -> None:
        self._index = index
        self._results = results
        self._packed = 0
        self._size = 0
        self._part: list[str] = []
        self._rows: list[dict[str, Any]] = []

    def add(self, result: CaseResult) -> None:
        """Take one result."""
        text, place = result_json(result), {"part": self._packed, "offset": len(self._part)}
        self._part.append(text)
        self._size += len(text)
        self._rows.append({**place, **index_row(result)})
        if len(self._part) == PART or self._size >= PART_SIZE:
            self._pack_results()
        if len(self._rows) == INDEX_PART:
            self._pack_rows()

    def finish(self) -> None:
        """Pack the rest, and make both ready to be read."""
        if self._part:
            self._pack_results()
        if self._rows:
            self._pack_rows()
        self._index.seek(0)
        self._results.seek(0)

    def _pack_results(self) -> None:
        self._results.write(packed("results", f"[{','.join(self._part)}]"))
        self._packed += 1
        self._part, self._size = [], 0

    def _pack_rows(self) -> None:
        """Column by column, which packs better than row by row."""
        columns = {name: [row[name] for row in self._rows] for name in self._rows[0]}
        self._index.write(packed("index", as_json(columns)))
        self._rows = []


def index_row(result: CaseResult) -> dict[str, Any]:
    """What the table of all cases knows of a case before its results are unpacked: an excerpt of them."""
    cost, answer = case_cost(result), result.completion
    return {
        "anchor": anchor_of(result),
        "id": result.case.id,
        "ask": one_line(result.case.prompt, EXCERPT),
        "source": str(result.case.source),
        "suite": result.suite,
        "sample": result.sample,
        "tags": result.case.tags,
        "outcome": result.outcome,
        "scores": dict(_values(result)),
        "cost": cost.total,
        "latency": answer.latency_s if answer and answer.latency_s and not answer.cached else None,
        "took": result.duration_s,
        "before": [_before_row(result, before) for before in result.before],
    }


def _values(result: CaseResult) -> Iterator[tuple[str, float | bool]]:
    for score in reversed(result.scores):  # the first of a name stays
        yield score.name, _value(score)


def _value(score: Score) -> float | bool:
    value = finite(score).value
    return UNSCORED if value is None else value


def _before_row(result: CaseResult, before: Before) -> dict[str, Any]:
    values = {name: score.value for name, score in before.scores.items()}
    change = change_of(result, before)
    return {
        "baseline": before.baseline,
        "outcome": before.outcome,
        "change": change,
        "scores": values,
    }
