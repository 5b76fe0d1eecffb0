"""What GitHub shows beside the lines of golden files: workflow commands, printed at the end of a run."""

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
from pytest_llmeval.text import count, one_line, visible

Level = Literal["error", "warning"]

MOST = 10
"""Errors of one step that GitHub shows, and warnings likewise; it drops the others without a word."""

TITLE, MESSAGE = 120, 1_000  # characters
IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTY = {**IN_DATA, ":": "%3A", ",": "%2C"}
"""How values are written in a workflow command. Source: ``escapeData`` and ``escapeProperty`` of GitHub's toolkit."""

Place = Callable[[str], str]
"""From a golden file's path to its path in the repository."""


@dataclass(frozen=True)
class _Annotation:
    """One annotation; of two of a level the smaller rank is worse."""

    level: Level
    rank: int
    title: str
    message: str
    file: str = ""
    line: int = 0

    def command(self) -> str:
        """The line that GitHub reads."""
        where = {"file": self.file, "line": str(self.line)} if self.file else {}
        return _command(
            self.level, self._shortened(), {**where, "title": one_line(self.title, TITLE)}
        )

    def _shortened(self) -> str:
        return self.message if len(self.message) <= MESSAGE else f"{self.message[:MESSAGE]}…"


def github_annotations(run: Run, results: Iterable[CaseResult], place: Place) -> list[str]:
    """The commands, the worst first: at most ten errors and ten warnings, and a notice that counts the others.

    Args:
        run: The run.
        results: Its results, in the order of the report. Read once.
        place: From a golden file's path to its path in the repository.
    """
    found, total = _worst(_annotations(run, results, place))
    left_out = {level: total[level] - len(found[level]) for level in found}
    told = [count(left, f"further {level}") for level, left in left_out.items() if left]
    shown = [each.command() for level in found for each in found[level]]
    return (
        [*shown, _command("notice", f"{' and '.join(told)} not shown here.", {"title": "llmeval"})]
        if told
        else shown
    )


def _worst(every: Iterable[_Annotation]) -> tuple[dict[Level, list[_Annotation]], Counter[str]]:
    """The ten worst of each level, without holding all, and how many there are."""
    heaps: dict[Level, list[tuple[int, int, _Annotation]]] = {"error": [], "warning": []}
    total: Counter[str] = Counter()
    for number, each in enumerate(every):
        total[each.level] += 1
        heapq.heappush(heaps[each.level], (-each.rank, -number, each))
        if len(heaps[each.level]) > MOST:
            heapq.heappop(heaps[each.level])
    return {
        level: [each for *_, each in sorted(heap, reverse=True)] for level, heap in heaps.items()
    }, total


def _annotations(run: Run, results: Iterable[CaseResult], place: Place) -> Iterator[_Annotation]:
    yield from (found for found in map(_of_gate, run.gates) if found)
    changes = changes_of(run)
    yield from (
        found for found in (_of_case(result, changes, place) for result in results) if found
    )


def _of_gate(gate: GateOutcome) -> _Annotation | None:
    level = gate.tone.level
    if not level:
        return None
    against = f" against {gate.baseline}" if gate.baseline else ""
    return _Annotation(level, 0, f"{gate.answer}: {gate.title}{against}", gate.reason)


def _of_case(result: CaseResult, changes: Changes, place: Place) -> _Annotation | None:
    change, source = changes.reviewed(result), result.case.source
    if change is None or change in ("dropped", "gained"):
        return None
    level = OUTCOMES[result.outcome].tone.level or "warning"
    told = result.message or f"{result.outcome} in {result.nodeid}"
    title = f"{CHANGES[change].title}: {result.case.id}"
    return _Annotation(
        level, 1 + REVIEWED.index(change), title, told, place(source.file), source.line
    )


def _command(name: str, message: str, properties: Mapping[str, str]) -> str:
    told = ",".join(f"{key}={_escaped(value, IN_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {told}::{_escaped(message, IN_DATA)}"


def _escaped(text: str, table: Mapping[str, str]) -> str:
    plain = visible(text.encode("utf-8", "backslashreplace").decode("utf-8"))
    return plain.translate({ord(sign): written for sign, written in table.items()})
