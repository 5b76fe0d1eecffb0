"""The JSON report inside the HTML report, packed in parts.

A small index is read first.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from typing import Any, TextIO

from pytest_llmeval.records.result import Before, CaseResult
from pytest_llmeval.records.score import Score
from pytest_llmeval.reports.json_report import as_json, result_json
from pytest_llmeval.summary.changes import change_of
from pytest_llmeval.summary.costs import case_cost
from pytest_llmeval.text import one_line

PART = 200
"""Results of one part, which are packed and unpacked together."""

_PART_SIZE = 4_000_000
"""Characters that end a part early: a browser cannot hold a text of half a gigabyte."""

_INDEX_PART = 1_000  # rows of one part of the index

_EXCERPT = 160  # characters of a prompt in the table
_UNSCORED = False
"""Mark of an unscored score in the index. ``None`` there is a missing score."""


def packed(kind: str, text: str) -> str:
    """Make a block of the page, which ``DecompressionStream`` unpacks.

    Args:
        kind: Kind of data.
        text: JSON in ASCII.
    """
    data = base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")
    return f'<script type="text/plain" data-part="{kind}">{data}</script>\n'


def anchor_of(result: CaseResult) -> str:
    """Return the anchor of a case, the same in every report of this case."""
    key = json.dumps(result.key)
    return f"case-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


class Packer:
    """Packs results and index rows in parts, as they come.

    Args:
        index: File for the parts of the index.
        results: File for the parts of the results.
    """

    def __init__(self, index: TextIO, results: TextIO) -> None:
        self._index = index
        self._results = results
        self._packed = 0
        self._size = 0
        self._part: list[str] = []
        self._rows: list[dict[str, Any]] = []

    def add(self, result: CaseResult) -> None:
        """Add one result."""
        text = result_json(result)
        position = {"part": self._packed, "offset": len(self._part)}
        self._part.append(text)
        self._size += len(text)
        self._rows.append({**position, **_index_row(result)})
        if len(self._part) == PART or self._size >= _PART_SIZE:
            self._pack_results()
        if len(self._rows) == _INDEX_PART:
            self._pack_rows()

    def finish(self) -> None:
        """Pack the rest, and rewind both files."""
        if self._part:
            self._pack_results()
        if self._rows:
            self._pack_rows()
        self._index.seek(0)
        self._results.seek(0)

    def _pack_results(self) -> None:
        self._results.write(packed("results", f"[{','.join(self._part)}]"))
        self._packed += 1
        self._part = []
        self._size = 0

    def _pack_rows(self) -> None:
        """Pack the index by columns, which is smaller than by rows."""
        columns = {name: [row[name] for row in self._rows] for name in self._rows[0]}
        self._index.write(packed("index", as_json(columns)))
        self._rows = []


def _index_row(result: CaseResult) -> dict[str, Any]:
    """Return the data of a case in the table of all cases, before its result is unpacked."""
    cost = case_cost(result)
    answer = result.completion
    return {
        "anchor": anchor_of(result),
        "id": result.case.id,
        "prompt": one_line(result.case.prompt, _EXCERPT),
        "source": str(result.case.source),
        "suite": result.suite,
        "tags": result.case.tags,
        "outcome": result.outcome,
        "scores": dict(_values(result)),
        "cost": cost.total,
        "latency": answer.latency_s if answer and answer.latency_s and not answer.cached else None,
        "took": result.duration_s,
        "before": [_before_row(result, before) for before in result.before],
    }


def _values(result: CaseResult) -> Iterator[tuple[str, float | bool]]:
    for score in reversed(result.scores):  # the first score of a name wins
        yield score.name, _value(score)


def _value(score: Score) -> float | bool:
    return _UNSCORED if score.value is None else score.value


def _before_row(result: CaseResult, before: Before) -> dict[str, Any]:
    values = {name: score.value for name, score in before.scores.items()}
    change = change_of(result, before)
    return {
        "baseline": before.baseline,
        "outcome": before.outcome,
        "change": change,
        "scores": values,
    }
