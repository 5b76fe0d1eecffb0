"""GitHub's annotations at the lines of golden files: workflow commands at the end of a run."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pytest_llmeval.records.comparison import GateOutcome
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import OUTCOMES
from pytest_llmeval.summary.changes import CHANGES, REVIEWED, Changes, changes_of
from pytest_llmeval.summary.slices import worse_slices_text
from pytest_llmeval.text import count, one_line, visible

_Level = Literal["error", "warning"]

_MOST = 10
"""Maximum number of errors, and of warnings, that GitHub shows for a step."""

_TITLE, _MESSAGE = 120, 1_000  # characters
_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_DATA, ":": "%3A", ",": "%2C"}
"""Escapes in workflow commands, from ``escapeData`` and ``escapeProperty`` of GitHub's toolkit."""

_PathMapper = Callable[[str], str]
"""Maps the path of a golden file to its path in the repository."""


@dataclass(frozen=True)
class _Annotation:
    """One annotation. Within a level, a smaller rank is worse."""

    level: _Level
    rank: int
    title: str
    message: str
    file: str = ""
    line: int = 0

    def command(self) -> str:
        """Write the line for GitHub."""
        position = {"file": self.file, "line": str(self.line)} if self.file else {}
        properties = {**position, "title": one_line(self.title, _TITLE)}
        return _command(self.level, self._shortened(), properties)

    def _shortened(self) -> str:
        return self.message if len(self.message) <= _MESSAGE else f"{self.message[:_MESSAGE]}…"


def github_annotations(
    run: Run, results: Iterable[CaseResult], repository_path: _PathMapper
) -> list[str]:
    """Write at most ten errors and ten warnings, the worst first, and a count of the rest.

    Args:
        run: The run.
        results: Its results, in the order of the report. Read once.
        repository_path: Maps the path of a golden file to its path in the repository.
    """
    worst, total = _worst(_annotations(run, results, repository_path))
    left_out = {level: total[level] - len(worst[level]) for level in worst}
    amounts = [count(left, f"further {level}") for level, left in left_out.items() if left]
    commands = [annotation.command() for level in worst for annotation in worst[level]]
    if amounts:
        text = f"{' and '.join(amounts)} not shown here."
        commands.append(_command("notice", text, {"title": "llmeval"}))
    return commands


def _worst(
    annotations: Iterable[_Annotation],
) -> tuple[dict[_Level, list[_Annotation]], Counter[str]]:
    """Select the ten worst of each level in one pass, and count all."""
    heaps: dict[_Level, list[tuple[int, int, _Annotation]]] = {"error": [], "warning": []}
    total: Counter[str] = Counter()
    for number, annotation in enumerate(annotations):
        total[annotation.level] += 1
        heap = heaps[annotation.level]
        heapq.heappush(heap, (-annotation.rank, -number, annotation))
        if len(heap) > _MOST:
            heapq.heappop(heap)
    worst = {
        level: [item[2] for item in sorted(heap, reverse=True)] for level, heap in heaps.items()
    }
    return worst, total


def _annotations(
    run: Run, results: Iterable[CaseResult], repository_path: _PathMapper
) -> Iterator[_Annotation]:
    yield from filter(None, map(_gate_annotation, run.gates))
    slices = worse_slices_text(run.comparisons).strip()
    if slices:
        yield _Annotation("warning", 0, "a tag is worse than in the baseline", slices)
    changes = changes_of(run)
    for result in results:
        annotation = _case_annotation(result, changes, repository_path)
        if annotation is not None:
            yield annotation


def _gate_annotation(gate: GateOutcome) -> _Annotation | None:
    level = gate.tone.level
    if not level:
        return None
    against = f" against {gate.baseline}" if gate.baseline else ""
    return _Annotation(level, 0, f"{gate.answer}: {gate.title}{against}", gate.reason)


def _case_annotation(
    result: CaseResult, changes: Changes, repository_path: _PathMapper
) -> _Annotation | None:
    change = changes.reviewed(result)
    source = result.case.source
    if change is None or change in ("dropped", "gained"):
        return None
    level = OUTCOMES[result.outcome].tone.level or "warning"
    message = result.message or f"{result.outcome} in {result.nodeid}"
    title = f"{CHANGES[change].title}: {result.case.id}"
    return _Annotation(
        level, 1 + REVIEWED.index(change), title, message, repository_path(source.file), source.line
    )


def _command(name: str, message: str, properties: Mapping[str, str]) -> str:
    members = ",".join(
        f"{key}={_escaped(value, _IN_PROPERTY)}" for key, value in properties.items()
    )
    return f"::{name} {members}::{_escaped(message, _IN_DATA)}"


def _escaped(text: str, table: Mapping[str, str]) -> str:
    plain = visible(text.encode("utf-8", "backslashreplace").decode("utf-8"))
    return plain.translate({ord(sign): written for sign, written in table.items()})
