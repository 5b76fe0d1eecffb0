"""Which cases have changed since a baseline, in words for all reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_llmeval.records.changed import ChangedCase, ChangedCases
from pytest_llmeval.text import count


def unchanged_text(changed: ChangedCases, failures: int = 0) -> str:
    """Write how many cases were not run, and what counts instead.

    Args:
        changed: The cases of the run.
        failures: How many of the unchanged ones fail the run.
    """
    unchanged = len(changed.unchanged)
    total = count(unchanged + len(changed.changed), "case")
    name = changed.baseline
    if unchanged == 1:
        text = (
            f"1 of {total} sends what it sent for {name}, is scored alike, and counts with its "
            f"scores of {name}"
        )
    else:
        text = (
            f"{unchanged:,} of {total} send what they sent for {name}, are scored alike, and count "
            f"with their scores of {name}"
        )
    if not failures:
        return text
    return f"{text}; {count(failures, 'case')} of these failed there, and so the run fails"


def unproven_text(changed: ChangedCases) -> str:
    """Write how many cases run only because nobody can prove that they are unchanged."""
    reasons = Counter(case.reason for case in changed.unproven)
    parts = [f"{count(number, 'case')}: {reason}" for reason, number in reasons.most_common()]
    cases = count(len(changed.unproven), "case")
    return f"{cases} may be as for {changed.baseline}, and had to run ({'; '.join(parts)})"


def change_lines(changed: ChangedCases) -> Iterator[str]:
    """Yield a line for each case that has changed, and then for those that may have."""
    for case in changed.changed:
        if case.changes:
            parts = [
                f"{change.subject} {change.before!r} -> {change.after!r}"
                if change.before or change.after
                else change.subject
                for change in case.changes
            ]
            yield f"{_case_name(case)}: {'; '.join(parts)}"
    for case in changed.unproven:
        yield f"{_case_name(case)}: may have changed: {case.reason}"


def _case_name(case: ChangedCase) -> str:
    """Write suite or file, line and id of a case."""
    suite, file, name = case.key
    where = f"{file}:{case.line}" if case.line else file
    return f"{where} {name}" if suite == file else f"{where} {name} ({suite})"


def counts_text(changed: ChangedCases) -> str:
    """Write how many cases have changed, how many may have, and how many have not."""
    unproven = len(changed.unproven)
    total = count(len(changed.unchanged) + len(changed.changed), "case")
    return (
        f"against {changed.baseline}, {len(changed.changed) - unproven:,} of {total} changed, "
        f"{unproven:,} may have changed, {len(changed.unchanged):,} did not"
    )
