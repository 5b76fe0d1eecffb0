"""What the record of a run knows about its cases and judges, for a comparison that asks neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_llmeval.gating.edits import shown_name
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.records.comparison import AnchorCheck
from pytest_llmeval.records.result import PASS_RATE, Key
from pytest_llmeval.text import count


@dataclass
class JudgeChanges:
    """What the records of two runs say about changes of their judges.

    Attributes:
        apart: Why metrics cannot be compared, because a judge has changed between the runs.
        unknown: Why metrics may be of two judges, where the records leave that open.
    """

    apart: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Finding:
    """A check of a run that shows a changed judge, or could not tell.

    Attributes:
        baseline: Name of the baseline.
        digest: Hash of its scores.
        check: The check.
    """

    baseline: str
    digest: str
    check: AnchorCheck


def judge_changes(before: RunScores, after: RunScores) -> JudgeChanges:
    """Return what the records of two runs say about changes of their judges.

    A run with a regression gate lets its judge score answers of the baseline again. Its own scores
    are those of the judge as it was then.

    Args:
        before: The baseline.
        after: The candidate.
    """
    changes = JudgeChanges()
    for old, new in ((before, after), (after, before)):
        digest = ""
        known = {(finding.digest, finding.check.metric) for finding in _findings(old)}
        for finding in _findings(new):
            metric = finding.check.metric
            if metric not in old.scales or (finding.digest, metric) in known:
                continue
            digest = digest or old.digest()
            is_it = finding.digest == digest
            reason = _reason(finding, old, new, is_it)
            reasons = changes.apart if is_it and finding.check.is_drift else changes.unknown
            reasons.setdefault(metric, reason)
            # Whether a case passes may rest on the score.
            reasons.setdefault(PASS_RATE, reason)
    return changes


def _findings(run: RunScores) -> Iterator[_Finding]:
    for comparison in run.comparisons:
        for check in comparison.anchors:
            if check.is_drift or check.error:
                yield _Finding(comparison.baseline, comparison.baseline_hash, check)


def _reason(finding: _Finding, old: RunScores, new: RunScores, is_it: bool) -> str:
    check = finding.check
    if check.error:
        return (
            f"whether the judge of {check.metric} changed between {finding.baseline} and "
            f"{new.name} is not known: {check.error}"
        )
    if is_it:
        answers = count(check.n, "stored answer")
        return (
            f"the judge of {check.metric} has changed since {old.name}, as {answers} showed in "
            f"{new.name}; pytest judges the baseline again, compare does not: gate a run with "
            "--llm-baseline"
        )
    return (
        f"the judge of {check.metric} changed between {finding.baseline} and {new.name}; whether "
        f"{old.name} was scored before or after that is not known"
    )


def quarantined_cases(run: RunScores) -> frozenset[Key]:
    """Return the cases that were in quarantine when a run was gated."""
    names = {name for comparison in run.comparisons for name in comparison.quarantined}
    return frozenset(key for key, case in run.cases.items() if shown_name(case) in names)


def made_again(before: RunScores, command: str) -> str:
    """Return what makes a baseline again: the command, or the tool whose file it is."""
    if before.tool:
        return f"make {before.name} again with {before.tool}"
    if before.is_plain:
        return f"make {before.name} again"
    return f"make a new baseline: {command}"
