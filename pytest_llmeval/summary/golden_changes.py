"""What became of the golden cases since a baseline, in words for all reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llmeval.records.comparison import (
    MAY_FAIL,
    MUST_PASS,
    CaseEdit,
    Comparison,
)
from pytest_llmeval.text import count, first_of

_NAMED = 3


def golden_changes(comparison: Comparison, is_joined: bool = False) -> Iterator[str]:
    """Yield a sentence for each kind of change by which a verdict may look better than it is.

    Args:
        comparison: A run and its baseline.
        is_joined: Whether the run was joined of shards, one of which may be missing.
    """
    baseline = comparison.baseline
    if comparison.deleted:
        cases = count(len(comparison.deleted), "case")
        failures = comparison.removed_failures
        had_failed = f", {len(failures)} of which had failed" if failures else ""
        names = first_of(failures or comparison.deleted, _NAMED)
        what = f"{_were(comparison.deleted)} removed"
        if is_joined:
            is_one = len(comparison.deleted) == 1
            what = f"{'is' if is_one else 'are'} in no shard (removed, or a shard is missing)"
        yield f"{cases} of {baseline} {what}{had_failed}: {names}"
    if comparison.quarantined_losses:
        cases = count(len(comparison.quarantined_losses), "case")
        names = first_of(comparison.quarantined_losses, _NAMED)
        yield f"{cases} in quarantine passed in {baseline} and now fail: {names}"
    prompts = [edit for edit in comparison.edited if edit.field == "prompt"]
    if prompts:
        cases = count(len(prompts), "case")
        yield (
            f"the prompt of {cases} was edited since {baseline}, so {_it(prompts)} "
            f"{_were(prompts)} not compared{_failing(prompts)}: {_names(prompts)}"
        )
    columns = [edit for edit in comparison.edited if edit.field == "columns"]
    if columns:
        cases = count(len(columns), "case")
        yield (
            f"other columns of {cases} were edited since {baseline}, which a metric or a test may "
            f"read: {_names(columns)}"
        )
    expected = [edit for edit in comparison.edited if edit.field == "expected"]
    rescored = [edit for edit in expected if edit.is_rescored]
    if rescored:
        cases = count(len(rescored), "case")
        yield (
            f"the expected answer of {cases} was edited since {baseline}, whose answers were "
            f"scored again: {_names(rescored)}"
        )
    # A case may have two edits: of its answer, and of a column.
    fitted = len({edit.name for edit in comparison.edited if edit.is_answer})
    if fitted:
        verbs = "holds or expects" if fitted == 1 else "hold or expect"
        yield f"{count(fitted, 'edited case')} now {verbs} exactly what this run answered"
    others = [edit for edit in expected if not edit.is_rescored]
    if others:
        cases = count(len(others), "case")
        yield (
            f"the expected answer of {cases} was edited since {baseline}, whose answers were "
            f"not scored again, so that these are not compared: {_names(others)}"
        )
    yield from _threshold_changes(comparison)
    yield from _duty_changes(comparison)
    yield from _sampling_changes(comparison)


def _threshold_changes(comparison: Comparison) -> Iterator[str]:
    """Yield a sentence for the cases whose thresholds have changed."""
    edits = [edit for edit in comparison.edited if edit.field == "threshold"]
    for is_decided in (True, False):
        chosen = [edit for edit in edits if edit.is_rescored == is_decided]
        if not chosen:
            continue
        changes = list(dict.fromkeys(_change(edit) for edit in chosen))
        end = "by which its answers were decided again"
        if not is_decided:
            end = "so their pass rate is not compared"
        yield (
            f"the thresholds of {count(len(chosen), 'case')} have changed since "
            f"{comparison.baseline} ({first_of(changes, _NAMED)}), {end}: {_names(chosen)}"
        )


def _duty_changes(comparison: Comparison) -> Iterator[str]:
    """Yield a sentence for the cases that had to pass, or have to now."""
    edits = [edit for edit in comparison.edited if edit.field == "must_pass"]
    freed = [edit for edit in edits if edit.after == MAY_FAIL]
    bound = [edit for edit in edits if edit.after == MUST_PASS]
    if freed:
        cases = count(len(freed), "case")
        yield (
            f"{cases} had to pass in {comparison.baseline} and may fail now{_failing(freed)}"
            f"{_undecided(freed)}: {_names(freed)}"
        )
    if bound:
        cases = count(len(bound), "case")
        yield (
            f"{cases} must pass now, and did not have to in {comparison.baseline}"
            f"{_undecided(bound)}: {_names(bound)}"
        )


def _undecided(edits: Sequence[CaseEdit]) -> str:
    """Write how many cases are left out of the pass rate; empty if none is."""
    left_out = sum(not edit.is_rescored for edit in edits)
    if not left_out:
        return ""
    if left_out == len(edits):
        return f", so {'its' if left_out == 1 else 'their'} pass rate is not compared"
    return f", so the pass rate of {left_out} of them is not compared"


def _sampling_changes(comparison: Comparison) -> Iterator[str]:
    """Yield a sentence for the cases whose samples, reducer or pattern has changed."""
    baseline = comparison.baseline
    samples = [edit for edit in comparison.edited if edit.field == "samples"]
    reduced = [edit for edit in samples if edit.is_rescored]
    averaged = [edit for edit in samples if edit.is_as_mean]
    left_out = [edit for edit in samples if not (edit.is_rescored or edit.is_as_mean)]
    for edits, end in (
        (reduced, ", and its scores were reduced again as those of this run"),
        (averaged, ", so the scores are compared as means, and the pass rate is not"),
        (left_out, ", so their scores are not compared"),
    ):
        yield from _sampling_change("samples or the reducer", edits, baseline, end)
    patterns = [edit for edit in comparison.edited if edit.field == "answer_pattern"]
    taken = [edit for edit in patterns if edit.is_rescored]
    not_taken = [edit for edit in patterns if not edit.is_rescored]
    for edits, end in (
        (taken, ", by which its answers were taken out of the replies again"),
        (
            not_taken,
            f"; the answers of {baseline} were not taken out of its replies again, so their "
            "scores are not compared",
        ),
    ):
        yield from _sampling_change("answer pattern", edits, baseline, end)


def _sampling_change(
    setting: str, edits: Sequence[CaseEdit], baseline: str, end: str
) -> Iterator[str]:
    if edits:
        changes = first_of(list(dict.fromkeys(map(_change, edits))), _NAMED)
        cases = count(len(edits), "case")
        yield (
            f"the {setting} of {cases} changed since {baseline} ({changes}){end}: {_names(edits)}"
        )


def _change(edit: CaseEdit) -> str:
    return f"{edit.before or 'none'} -> {edit.after or 'none'}"


def edit_text(edit: CaseEdit) -> str:
    """Write an edit: ``prompt 'old' -> 'new'``."""
    if edit.field == "threshold":
        return f"thresholds {_change(edit)}"
    if edit.field == "must_pass":
        return _change(edit)
    if edit.field == "samples":
        return f"samples {_change(edit)}"
    if edit.field == "answer_pattern":
        return f"answer pattern {_change(edit)}"
    name = "expected answer" if edit.field == "expected" else "prompt"
    if not edit.before and not edit.after:
        return f"{name} edited"
    if edit.field == "columns":
        return f"edited columns: {edit.after}"
    if edit.before == edit.after:
        parts = "chat, contexts or tools" if edit.field == "prompt" else "requirements of the row"
        return f"{parts} edited; {name} still {edit.after!r}"
    return f"{name} {edit.before!r} -> {edit.after!r}"


def _failing(edits: Sequence[CaseEdit]) -> str:
    failing = sum(edit.is_failure for edit in edits)
    return f" ({failing} of them fail now)" if failing else ""


def _were(names: Sequence[object]) -> str:
    return "was" if len(names) == 1 else "were"


def _it(names: Sequence[object]) -> str:
    return "it" if len(names) == 1 else "they"


def _names(edits: Sequence[CaseEdit]) -> str:
    return first_of([edit.name for edit in edits], _NAMED)


def removed_words(comparison: Comparison) -> str:
    """Write whether cases that were removed count: in a table they are missing scores."""
    if any(metric.result.missing for metric in comparison.metrics):
        return "removed"
    return "removed, not counted"
