"""Reports that a hook of the project has rewritten, so that a failed case looks passed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_FAILED_ATTRIBUTE = "llm_failed"
"""On a report: why the case has failed, for a hook that rewrites the report later."""

_REMEDY = (
    "A hook of the project has turned this failure green (pytest_runtest_makereport). A known "
    "failure is one with @pytest.mark.xfail, or in the file of --llm-quarantine."
)


def restore_failure(
    report: pytest.TestReport, call: pytest.CallInfo[None], clean: Callable[[str], str]
) -> None:
    """Fail a case again that has failed, whatever a hook has made of its report.

    An expected failure stays one: pytest shows it, and gates count it.

    Args:
        report: The report, which is changed.
        call: What the test has raised.
        clean: Hides the secrets of a text, because anybody may show the attributes of a report.
    """
    if call.excinfo is None or call.when != "call":
        return
    error = call.excinfo.value
    if isinstance(error, (pytest.skip.Exception, pytest.xfail.Exception)):
        return
    # A missed threshold says itself what it is; any error begins with its type.
    is_said = isinstance(error, pytest.fail.Exception)
    message = clean(str(error) if is_said else call.excinfo.exconly())
    if _is_green(report):
        _fail(report, message)
    if report.failed:
        setattr(report, _FAILED_ATTRIBUTE, message)


def restore_later(report: pytest.TestReport) -> None:
    """Fail a case again whose report was rewritten by a hook around ours."""
    message: str | None = vars(report).get(_FAILED_ATTRIBUTE)
    if message is not None and _is_green(report):
        _fail(report, message)


def _is_green(report: pytest.TestReport) -> bool:
    """Return whether a report says passed or skipped, but not that a failure was expected."""
    if report.outcome == "skipped":
        return not hasattr(report, "wasxfail")
    return report.outcome == "passed"


def _fail(report: pytest.TestReport, message: str) -> None:
    report.outcome = "failed"
    report.__dict__.pop("wasxfail", None)
    report.longrepr = f"{message}\n{_REMEDY}"
