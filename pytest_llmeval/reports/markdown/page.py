"""The summary of a run in Markdown, for a pull request or the page of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_llmeval.records.comparison import Comparison, GateOutcome
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.verdicts import (
    DOUBTFUL,
    GATE_STATES,
    RUN_OUTCOMES,
    VERDICTS_WORST_FIRST,
)
from pytest_llmeval.reports.markdown.cases import case_sections
from pytest_llmeval.reports.markdown.escaping import comment, flat
from pytest_llmeval.reports.markdown.metrics import metric_tables, row
from pytest_llmeval.reports.markdown.slices import slice_tables
from pytest_llmeval.reports.output import replacing, rereadable
from pytest_llmeval.summary.facts import cases_text, fact_rows
from pytest_llmeval.summary.golden_changes import edit_text
from pytest_llmeval.summary.headline import headline
from pytest_llmeval.summary.summary import Summary
from pytest_llmeval.text import and_more, count, number, points

MOST_BYTES = 60_000
"""A comment on GitHub holds 65,536 characters. The rest is for text around the summary."""

_MOST_GATES, _MOST_WARNINGS, _MOST_EDITS, _MOST_BASELINES = 12, 5, 10, 3
_SHORT, _LONG = 120, 600  # bytes


def write_markdown(path: Path, text: str) -> None:
    """Write the text of `markdown`.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    with replacing(path, "Markdown summary") as file:
        file.write(text)


def markdown(run: Run, results: Iterable[CaseResult], summary: Summary, whole: str = "") -> str:
    """Write the summary in Markdown, in at most 60,000 bytes of UTF-8 for any run.

    The first line is a comment by which a job finds its earlier post. Texts of prompts, answers and
    settings are inert: they are not read as Markdown or HTML, and mention no person or issue.

    Args:
        run: The run.
        results: Its results, in the order of the report. Read twice.
        summary: The summary of the run.
        whole: Path of the whole report; empty without one.
    """
    again = rereadable(results)
    head = "\n\n".join(part for part in _head(run, summary) if part)
    foot = _foot(run, whole)
    room = MOST_BYTES - len(f"{head}{foot}".encode()) - len("\n\n\n\n\n")
    cases = case_sections(run, again, room)
    return "\n\n".join(part for part in (head, cases, foot) if part) + "\n"


def _head(run: Run, summary: Summary) -> Iterator[str]:
    name = comment(run.name)
    yield f"<!-- llmeval{f': {name}' if name else ''} -->"
    worst = _worst_result(run, summary)
    cases = flat(summary.headline, _LONG)
    yield f"## {worst}"
    yield "" if worst.endswith(cases) else cases
    yield _gates(run.gates)
    yield from metric_tables(run, summary)
    yield from slice_tables(run.comparisons)
    facts = [("cases", cases_text(summary)), *fact_rows(run, summary)]
    yield "\n".join(
        [
            *(f"- <b>{label}</b>: {flat(text, _LONG)}" for label, text in facts),
            *_warnings(run, summary),
        ]
    )
    yield from map(edit_section, run.comparisons[:_MOST_BASELINES])


def _worst_result(run: Run, summary: Summary) -> str:
    """Write the worst known result: a missed gate, then cases, then an open gate."""
    gate = run.gates[0] if run.gates else None
    outcome = RUN_OUTCOMES[summary.verdict]
    if gate is None or outcome.severity > GATE_STATES[gate.state].severity:
        return f"{outcome.tone.sign} {flat(headline(summary.verdict, summary.headline), _LONG)}"
    regressions = [rival for rival in run.gates if rival.state == gate.state and rival.verdict]
    shown = min(regressions, key=_rank, default=gate)
    against = f" against {flat(shown.baseline, _SHORT)}" if shown.baseline else ""
    rule = "" if shown.verdict else f": {flat(shown.title, _SHORT)}"
    return f"{shown.tone.sign} {_answer(shown)}{rule}{against}: {flat(shown.reason, _LONG)}"


def _rank(gate: GateOutcome) -> int:
    """Return the rank of a gate's verdict, the worst first."""
    return VERDICTS_WORST_FIRST.index(gate.verdict) if gate.verdict else len(VERDICTS_WORST_FIRST)


def _gates(gates: tuple[GateOutcome, ...]) -> str:
    if not gates:
        return ""
    lines = [row("gate", "state", "value", "why"), row(*["---"] * 4)]
    for gate in gates[:_MOST_GATES]:
        rule = flat(
            f"{gate.title} against {gate.baseline}" if gate.baseline else gate.title, _SHORT
        )
        value = (
            f"{points(gate.value)} points"
            if gate.verdict and gate.value is not None
            else number(gate.value)
        )
        lines.append(
            row(rule, f"{gate.tone.sign} {_answer(gate)}", value, flat(gate.reason, _LONG))
        )
    more = len(gates) - _MOST_GATES
    if more > 0:
        lines.append(row(and_more(more), "", "", ""))
    return "\n".join(lines)


def _answer(gate: GateOutcome) -> str:
    return f"<b>{gate.answer}</b>"


def _warnings(run: Run, summary: Summary) -> Iterator[str]:
    texts = summary.warnings(run)
    yield from (f"- {DOUBTFUL.sign} {flat(text, _LONG)}" for text in texts[:_MOST_WARNINGS])
    if len(texts) > _MOST_WARNINGS:
        yield f"- {and_more(len(texts) - _MOST_WARNINGS, 'warning')}"


def edit_section(comparison: Comparison) -> str:
    """Write the edited golden cases, folded; empty without any."""
    if not comparison.edited:
        return ""
    lines = [
        f"- <b>{flat(edit.name, _SHORT)}</b> {flat(edit_text(edit), _LONG)}"
        for edit in comparison.edited[:_MOST_EDITS]
    ]
    more = len(comparison.edited) - _MOST_EDITS
    if more > 0:
        lines.append(f"- {and_more(more)}")
    baseline = flat(comparison.baseline, _SHORT)
    cases = count(len(comparison.edited), "golden case")
    summary = f"<details><summary>{cases} edited since {baseline}</summary>"
    return "\n\n".join((summary, "\n".join(lines), "</details>"))


def _foot(run: Run, whole: str) -> str:
    parts = [
        f"Run {flat(run.id, _SHORT)}",
        flat(run.name, _SHORT),
        f"whole report: {flat(whole, _LONG)}" if whole else "",
    ]
    return f"<sub>{' · '.join(part for part in parts if part)}</sub>"
