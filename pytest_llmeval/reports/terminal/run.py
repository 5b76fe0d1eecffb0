"""The summary of a run in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap

from pytest_llmeval.records.comparison import GateOutcome
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import RUN_OUTCOMES
from pytest_llmeval.summary.facts import cases_text, fact_rows
from pytest_llmeval.summary.headline import headline
from pytest_llmeval.summary.summary import Summary
from pytest_llmeval.summary.tallies import ScoreSummary
from pytest_llmeval.text import (
    and_more,
    average,
    mean_text,
    one_line,
    printed,
    seconds,
)

_Line = tuple[str, dict[str, bool]]
_WIDTH = 100
_LABEL = 24  # longest label
_SENTENCES = ("provider", "warning")  # labels of rows that wrap between any words
_WRAPPED = ("cost", "calls", "judge", *_SENTENCES)  # labels of rows that wrap, not cut
_MOST_LINES = 3  # lines of a wrapped row
_MOST_SCORES, _MOST_SLOW, _MOST_WARNINGS = 4, 3, 3


def summary_lines(run: Run, summary: Summary, paths: Mapping[str, str]) -> list[_Line]:
    """Make the lines, each with the markup of ``TerminalReporter.write_line``.

    Args:
        run: The run.
        summary: The summary of the run.
        paths: Path of each report by its kind. Paths, gates and the headline are never cut; all
            other lines fit 100 columns.
    """
    verdict = printed(headline(summary.verdict, summary.headline))
    rows = [(one_line(label, _LABEL), text) for label, text in _rows(run, summary)]
    margin = max(map(len, [*(label for label, _ in rows), *paths, "warning"])) + 2
    warnings = [("warning", text) for text in _warnings(run, summary)]
    return [
        *(line for gate in run.gates for line in _gate(gate)),
        (verdict, {RUN_OUTCOMES[summary.verdict].tone.colour: True, "bold": True}),
        *(
            (_row(*part, margin), {})
            for label, text in rows
            for part in _parts(label, text, _WIDTH - margin)
        ),
        *(
            (_row(*part, margin), {"yellow": True})
            for label, text in warnings
            for part in _parts(label, text, _WIDTH - margin)
        ),
        *((f"{kind:<{margin}}{_short_path(path)}", {}) for kind, path in paths.items()),
    ]


def _gate_text(gate: GateOutcome) -> str:
    """Write the result of a gate in one sentence."""
    against = f" against {gate.baseline}" if gate.baseline else ""
    return f"{gate.answer}: {gate.title}{against}: {gate.reason}"


def _gate(gate: GateOutcome) -> Iterator[_Line]:
    """Write a gate on a line that is never cut, because it may hold a command."""
    yield _gate_text(gate), {gate.tone.colour: True, "bold": True}


def _rows(run: Run, summary: Summary) -> Iterator[tuple[str, str]]:
    yield "cases", cases_text(summary)
    for score in summary.scores[:_MOST_SCORES]:
        yield score.name, _score(score)
    if len(summary.scores) > _MOST_SCORES:
        yield "", f"{and_more(len(summary.scores) - _MOST_SCORES, 'score')} in the reports"
    yield from fact_rows(run, summary)
    slowest = [
        f"{seconds(slow.duration_s)} {_short(slow.nodeid)}" for slow in summary.slowest[:_MOST_SLOW]
    ]
    yield "slowest", ", ".join(slowest)


def _score(score: ScoreSummary) -> str:
    spread = ""
    if score.minimum != score.maximum:
        spread = f", {average(score.minimum)} to {average(score.maximum)}"
    unscored = f", {score.unscored:,} unscored" if score.unscored else ""
    missed = f", {score.missed:,} of {score.bounds:,} thresholds missed" if score.missed else ""
    return f"mean {mean_text(score.mean)}, n={score.mean.n:,}{spread}{unscored}{missed}"


def _warnings(run: Run, summary: Summary) -> Iterator[str]:
    texts = summary.warnings(run)
    yield from texts[:_MOST_WARNINGS]
    if len(texts) > _MOST_WARNINGS:
        yield f"{and_more(len(texts) - _MOST_WARNINGS)} in the reports"


def _parts(label: str, text: str, width: int) -> list[tuple[str, str]]:
    """Return the row, or several if a row that wraps is too long."""
    if label not in _WRAPPED or len(text) <= width:
        return [(label, text)]
    end = text.rfind(", ", 0, width) + 1
    if label not in _SENTENCES and end:
        return [(label, text[:end]), ("", text[end + 1 :])]
    first, *rest = wrap(
        text, width, break_on_hyphens=False, max_lines=_MOST_LINES, placeholder="..."
    )
    return [(label, first), *(("", line) for line in rest)]


def _row(label: str, text: str, margin: int) -> str:
    return f"{label:<{margin}}{one_line(text, _WIDTH - margin)}"


def _short(nodeid: str) -> str:
    """Return the last part of a node id, which names the case."""
    return one_line(nodeid.rpartition("::")[2], 22)


def _short_path(path: str) -> str:
    """Return a path relative to the current folder, if it lies below."""
    folder = Path.cwd()
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path
