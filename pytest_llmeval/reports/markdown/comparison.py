"""The comparison of two runs in Markdown, for a pull request or the page of a CI job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llmeval.records.comparison import CaseChange, Comparison, MetricComparison
from pytest_llmeval.records.verdicts import DOUBTFUL, VERDICTS, VERDICTS_WORST_FIRST
from pytest_llmeval.reports.markdown.escaping import comment, flat
from pytest_llmeval.reports.markdown.metrics import NAME, NOTE, comparison_table
from pytest_llmeval.reports.markdown.page import edit_section
from pytest_llmeval.reports.markdown.slices import slice_tables
from pytest_llmeval.summary.golden_changes import golden_changes, removed_words
from pytest_llmeval.summary.provider_changes import provider_changes
from pytest_llmeval.summary.slices import worse_slices_text
from pytest_llmeval.text import and_more, count, number

_MOST_CASES, _MOST_VERDICTS = 20, 10
_SHORT, _LONG = 120, 600  # bytes


def comparison_markdown(comparison: Comparison, notes: Sequence[str] = ()) -> str:
    """Write a comparison in Markdown.

    The first line is a comment by which a job finds its earlier post. Texts of cases are inert, as
    in the summary of a run.

    Args:
        comparison: The comparison.
        notes: The doubts of a reviewer.
    """
    return "\n\n".join(part for part in _parts(comparison, notes) if part) + "\n"


def _parts(comparison: Comparison, notes: Sequence[str]) -> Iterator[str]:
    yield f"<!-- llmeval: compare with {comment(comparison.baseline)} -->"
    gated = [metric for metric in comparison.metrics if metric.is_gated]
    ranked = sorted(gated, key=lambda metric: VERDICTS_WORST_FIRST.index(metric.result.verdict))
    names = f"{flat(comparison.candidate, _SHORT)} against {flat(comparison.baseline, _SHORT)}"
    yield "\n\n".join((f"## {_verdict(ranked[0])}", names)) if ranked else names
    yield flat(worse_slices_text([comparison]).strip(), _LONG)
    further = [f"- {_verdict(metric)}" for metric in ranked[1:_MOST_VERDICTS]]
    if len(ranked) > _MOST_VERDICTS:
        further.append(f"- {and_more(len(ranked) - _MOST_VERDICTS)}")
    yield "\n".join(further)
    yield comparison_table(comparison, {}, None)
    yield NOTE
    yield from slice_tables([comparison])
    texts = (*notes, *golden_changes(comparison))
    yield "\n".join(f"- {DOUBTFUL.sign} {flat(text, _LONG)}" for text in texts)
    yield "\n".join(f"- {flat(text, _LONG)}" for text in provider_changes(comparison))
    yield _cases(comparison.lost, "passed before and fail now")
    yield _cases(comparison.gained, "failed before, pass now")
    yield edit_section(comparison)
    groups = (
        ("added, not counted", comparison.added),
        (removed_words(comparison), comparison.removed),
    )
    yield "\n".join(f"- {count(len(cases), 'case')} {words}" for words, cases in groups if cases)


def _verdict(metric: MetricComparison) -> str:
    result = metric.result
    sign = VERDICTS[result.verdict].tone.sign
    return f"{sign} {result.verdict}: {flat(metric.name, NAME)}: {flat(result.reason, _LONG)}"


def _cases(changes: Sequence[CaseChange], words: str) -> str:
    """Write the cases that turned, folded; empty without any."""
    if not changes:
        return ""
    lines = [
        f"- <b>{flat(change.id, _SHORT)}</b> {number(change.before)} → {number(change.after)}"
        for change in changes[:_MOST_CASES]
    ]
    if len(changes) > _MOST_CASES:
        lines.append(f"- {and_more(len(changes) - _MOST_CASES)}")
    head = f"<details><summary>{count(len(changes), 'case')} {words}</summary>"
    return "\n\n".join((head, "\n".join(lines), "</details>"))
