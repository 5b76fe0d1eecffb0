"""GitLab's code quality report of failed or worse cases, shown in a merge request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.reports.output import replacing
from pytest_llmeval.summary.changes import CHANGES, Change, Changes, changes_of
from pytest_llmeval.text import number, one_line

_Severity = Literal["blocker", "critical", "major", "minor", "info"]
_SEVERITIES: dict[Change, _Severity] = {
    "lost": "critical",
    "failed": "major",
    "still": "major",
    "error": "minor",
    "dropped": "minor",
}
_DESCRIPTION = 400  # characters


def write_code_quality(
    path: Path, run: Run, results: Iterable[CaseResult], repository_path: Callable[[str], str]
) -> None:
    """Write the cases that failed, could not be judged or got worse, as findings.

    The fields are those of GitLab's "Code Quality report format": ``description``, ``check_name``,
    ``fingerprint``, ``severity``, ``location``. A case and a score have the same fingerprint
    in every run, so that GitLab recognizes new findings.

    Args:
        path: The file to create or replace.
        run: The run.
        results: Its results, in the order of the report. Read once.
        repository_path: Maps the path of a golden file to its path in the repository.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    changes = changes_of(run)
    separator = "\n"
    with replacing(path, "code quality report") as file:
        file.write("[")
        for result in results:
            for finding in _findings(result, changes, repository_path):
                file.write(separator + json.dumps(finding))
                separator = ",\n"
        file.write("\n]\n")


def _findings(
    result: CaseResult, changes: Changes, repository_path: Callable[[str], str]
) -> Iterator[dict[str, Any]]:
    change = changes.reviewed(result)
    source = result.case.source
    if change is None or change == "gained":
        return
    severity = (
        "blocker" if result.case.must_pass and result.outcome == "failed" else _SEVERITIES[change]
    )
    reasons: dict[str, str] = {}
    for metric, reason in _reasons(result, change, changes):
        # Only the first of several bounds on a score: GitLab accepts a finding once.
        reasons.setdefault(metric, reason)
    for metric, reason in reasons.items():
        title = f"{result.case.id}: {CHANGES[change].title}"
        yield {
            "description": one_line(f"{title}: {reason}" if reason else title, _DESCRIPTION),
            "check_name": f"llmeval.{metric}",
            "fingerprint": hashlib.sha256(json.dumps([*result.key, metric]).encode()).hexdigest(),
            "severity": severity,
            "location": {
                "path": repository_path(source.file),
                "lines": {"begin": max(source.line, 1)},
            },
        }


def _reasons(result: CaseResult, change: Change, changes: Changes) -> Iterator[tuple[str, str]]:
    """Yield the reasons of a finding by score, or by outcome if no bound gives one."""
    if change == "dropped":
        metric, drop = changes.dropped[result.key]
        yield metric, f"{metric} {number(drop.before)} -> {number(drop.after)}"
        return
    wanted = None if change == "error" else False
    decided = [
        (check, score)
        for check in result.checks
        if check.met is wanted and (score := result.checked_score(check)) is not None
    ]
    for check, score in decided:
        threshold = check.threshold
        state = "is unscored" if check.value is None else f"scored {number(check.value)}"
        required = f"required {threshold.comparison} {threshold.bound:.10g}"
        reason = score.reason or score.error or ""
        yield threshold.metric, f"{threshold.metric} {state}; {required}. {reason}"
    if not decided:
        yield result.outcome, result.message
