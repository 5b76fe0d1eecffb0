"""What became of the golden cases since a baseline, in words for all reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llmeval.records.comparison import CaseEdit, Comparison
from pytest_llmeval.text import count, first_of

_NAMED = 3


def golden_changes(comparison: Comparison) -> Iterator[str]:
    """Yield a sentence for each kind of change by which a verdict may look better than it is."""
    baseline = comparison.baseline
    if comparison.removed_failures:
        cases = count(len(comparison.removed_failures), "case")
        were = _were(comparison.removed_failures)
        names = first_of(comparison.removed_failures, _NAMED)
        yield f"{cases} that failed in {baseline} {were} removed: {names}"
    if comparison.quarantined_losses:
        cases = count(len(comparison.quarantined_losses), "case")
        names = first_of(comparison.quarantined_losses, _NAMED)
        yield f"{cases} in quarantine passed in {baseline} and now fail: {names}"
    prompts = [edit for edit in comparison.edited if edit.field == "prompt"]
    if prompts:
        cases = count(len(prompts), "case")
        yield (
            f"{cases} {_were(prompts)} edited since {baseline} to ask something else, and "
            f"so {_were(prompts)} not compared: {_names(prompts)}"
        )
    rescored = [edit for edit in comparison.edited if edit.is_rescored]
    if rescored:
        cases = count(len(rescored), "case")
        yield (
            f"the expected answer of {cases} was edited since {baseline}, whose answers were "
            f"scored again: {_names(rescored)}"
        )
    fitted = sum(edit.is_answer for edit in comparison.edited)
    if fitted:
        yield f"{count(fitted, 'edited case')} now {_expect(fitted)} exactly what this run answered"
    others = [
        edit for edit in comparison.edited if edit.field == "expected" and not edit.is_rescored
    ]
    if others:
        cases = count(len(others), "case")
        yield (
            f"the expected answer of {cases} was edited since {baseline}, whose answers were "
            f"not scored again, so that these are not compared: {_names(others)}"
        )


def edit_text(edit: CaseEdit) -> str:
    """Write an edit: ``prompt 'old' -> 'new'``."""
    name = "expected answer" if edit.field == "expected" else "prompt"
    if not edit.before and not edit.after:
        return f"{name} edited"
    if edit.before == edit.after:
        parts = "chat, contexts or tools" if edit.field == "prompt" else "requirements of the row"
        return f"{parts} edited; {name} still {edit.after!r}"
    return f"{name} {edit.before!r} -> {edit.after!r}"


def _were(names: Sequence[object]) -> str:
    return "was" if len(names) == 1 else "were"


def _expect(cases: int) -> str:
    return "expects" if cases == 1 else "expect"


def _names(edits: Sequence[CaseEdit]) -> str:
    return first_of([edit.name for edit in edits], _NAMED)
