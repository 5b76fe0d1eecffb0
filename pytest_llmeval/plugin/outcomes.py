"""The outcome of a test, and the CaseResult on its report."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.errors import LLMEvalError, NotConfiguredError, SettingError
from pytest_llmeval.plugin.collection import case_of, requested_fixtures
from pytest_llmeval.plugin.lookahead import LOOKAHEAD
from pytest_llmeval.plugin.markers import SCORES_OF_FIXTURES, declared_names, refuse_late
from pytest_llmeval.plugin.report_text import clean_error, clean_report, clean_text, clean_warning
from pytest_llmeval.plugin.rewritten import restore_failure
from pytest_llmeval.plugin.state import AHEAD, EVALUATION, STATE, PluginState
from pytest_llmeval.plugin.stopping import StoppedEarly
from pytest_llmeval.records.process import ALONE

if TYPE_CHECKING:
    from pytest_llmeval.cases.evaluation import CaseEvaluation
    from pytest_llmeval.records.result import Cause, Outcome
    from pytest_llmeval.redaction import Secrets
    from pytest_llmeval.summary.outcome import Conclusion


RESULT_ATTRIBUTE = "llm_result"
"""Attribute of a report with the CaseResult as a text, which execnet can carry."""

_PHASE_ATTRIBUTE = "llm_phase"
"""On a report: the phase that raised its error, if the report names a different one."""

RECORDED_ATTRIBUTE = "llm_recorded"
"""Attribute of a report with the recorded answers that are new since the report before."""

CASE_ATTRIBUTE = "llm_is_case"
"""Attribute of a report with a CaseResult: the test has a golden case."""

_REFUSED = pytest.StashKey[bool]()
"""On an item: a late marker has been refused."""

_DURATION = pytest.StashKey[float]()
_DECLARING = frozenset(("llm_golden", "llm_judge", "llm_metric"))


def check_declared(session: pytest.Session) -> None:
    """Check the declarations of the tests before anything is sent.

    Raises:
        pytest.UsageError: A scorer, a provider or a marker cannot be used.
    """
    declaring = list(filter(_declares, session.items))
    if declaring and not session.config.option.collectonly:
        from pytest_llmeval.plugin.item_plan import check_declared

        check_declared(declaring, session.config.stash[STATE])


def _declares(item: pytest.Item) -> bool:
    """Return whether a test declares a score, by a marker, its case or a fixture."""
    if not declared_names(item).isdisjoint(_DECLARING) or case_of(item) is not None:
        return True
    return any(name in SCORES_OF_FIXTURES for name in requested_fixtures(item))


def start_afresh(item: pytest.Item) -> None:
    """Remove the data of an earlier run of the same item."""
    _drop_evaluation(item)
    item.stash[_DURATION] = 0.0
    item.user_properties[:] = [
        pair for pair in item.user_properties if not pair[0].startswith("llm_")
    ]


def finish_report(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None]
) -> None:
    """Attach the result, clean the texts, and drop the evaluation at the end of the test."""
    _attach_result(item, report, call)
    secrets = item.config.stash[STATE].secrets
    if secrets is not None:
        clean_report(report, secrets, EVALUATION in item.stash)
    if call.when == "teardown":
        _drop_evaluation(item)


def clean_collection(state: PluginState, report: pytest.CollectReport) -> None:
    """Clean the texts of a collection, such as the error of an import."""
    if (report.failed or report.sections) and (secrets := _secrets_in_use(state)) is not None:
        clean_report(report, secrets, is_case=False)


def clean_warning_message(state: PluginState, warning: warnings.WarningMessage) -> None:
    """Clean the text of a warning."""
    if (secrets := _secrets_in_use(state)) is not None:
        clean_warning(warning, secrets)


def clean_internal_error(state: PluginState, shown: object) -> None:
    """Clean an error of pytest or of a plugin."""
    if (secrets := _secrets_in_use(state)) is not None:
        clean_error(shown, secrets)


def _secrets_in_use(state: PluginState) -> Secrets | None:
    """Return the secrets, also early; ``None`` in a run that has nothing to do with models."""
    if state.secrets is not None:
        return state.secrets
    return state.early_secrets if state.is_at_work else None


def correct_failure(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None]
) -> None:
    """Fail a golden case again that a hook has turned green, unless it is in quarantine."""
    if case_of(item) is not None:
        secrets = _secrets_in_use(item.config.stash[STATE])
        restore_failure(report, call, lambda text: clean_text(text, secrets))
        _excuse_quarantined(item, report)


def _excuse_quarantined(item: pytest.Item, report: pytest.TestReport) -> None:
    """Turn the failure of a case in quarantine into an expected one, but not an error."""
    if report.when != "call" or not report.failed or item.config.option.runxfail:
        return
    case = case_of(item)
    if case is None:
        return
    from pytest_llmeval.runs.excusing import quarantined

    entry = quarantined(case, item.config.stash[STATE].quarantine)
    if entry is not None:
        report.outcome = "skipped"
        report.wasxfail = str(entry)


def _drop_evaluation(item: pytest.Item) -> None:
    """Drop the evaluation of an item to free its memory."""
    if EVALUATION in item.stash:
        item.config.stash[LOOKAHEAD].learn_scores(item.stash[EVALUATION])
        del item.stash[EVALUATION]
        # The started calls are consumed, and must not start again.
        item.stash[AHEAD] = None
    item.config.stash[STATE].current = None


def enforce_thresholds(item: pytest.Item) -> None:
    """Fail a test whose answer misses a bound.

    Raises:
        SettingError: A marker was added while it ran.
        Unjudged: A score with a bound is unscored.
        Undecided: A case that must pass misses one, and further samples do not settle it.
    """
    refuse_late_markers(item)
    if EVALUATION not in item.stash and not _is_evaluated(item):
        return
    from pytest_llmeval.plugin.item_plan import skip_or_raise
    from pytest_llmeval.runs.excusing import is_left_to_gates

    evaluation = _evaluation_of(item)
    try:
        conclusion = evaluation.conclude()
    except NotConfiguredError as error:
        return skip_or_raise(item, error)
    if conclusion.outcome == "failed":
        fail_on = item.config.stash[STATE].settings.fail_on
        excused = is_left_to_gates(evaluation.plan.case, conclusion.cause, fail_on)
        fail(evaluation, conclusion, excused and not item.config.option.runxfail)


def refuse_late_markers(item: pytest.Item) -> None:
    """Refuse a marker that was added while the test ran, once.

    Raises:
        SettingError: There is one.
    """
    if _REFUSED in item.stash:
        return
    try:
        refuse_late(item)
    except SettingError:
        item.stash[_REFUSED] = True
        raise


def has_thresholds(item: pytest.Item) -> bool:
    """Return whether a threshold is held against the answer of a test."""
    if not _is_evaluated(item):
        return False
    from pytest_llmeval.plugin.item_plan import plan_for

    return bool(plan_for(item).thresholds)


def _is_evaluated(item: pytest.Item) -> bool:
    """Return whether a test has a case, or declares a score."""
    declared = declared_names(item)
    return "llm_metric" in declared or "llm_judge" in declared or case_of(item) is not None


def fail(evaluation: CaseEvaluation, conclusion: Conclusion, excused: bool = False) -> None:
    """Fail a test that misses thresholds, or let it fail as expected if it is excused."""
    from pytest_llmeval.reports.terminal.failure import subject_lines

    if excused:
        pytest.xfail(conclusion.message)
    lines = [conclusion.message, *subject_lines(evaluation.plan.case, evaluation.completion)]
    pytest.fail("\n".join(lines), pytrace=False)


@contextmanager
def without_traceback(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let pytest render no traceback of an error of this package, because `mark_error` does.

    The traceback would take fifty milliseconds, and a wrong key makes an error of each case.
    """
    style = item.config.option.tbstyle
    if call.excinfo is not None and isinstance(call.excinfo.value, LLMEvalError):
        item.config.option.tbstyle = "value"
    try:
        yield
    finally:
        item.config.option.tbstyle = style


def mark_error(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Make a report an error if an error of this package ended the test, even under xfail."""
    if call.excinfo is None or not isinstance(call.excinfo.value, LLMEvalError):
        return
    from pytest_llmeval.plugin.error_text import error_repr

    report.outcome = "failed"
    report.__dict__.pop("wasxfail", None)
    if report.when == "call":
        # pytest and its reporters count a failed set-up as an error.
        report.when = "setup"
        setattr(report, _PHASE_ATTRIBUTE, "call")
    report.longrepr = error_repr(call.excinfo)


def restore_phase(report: pytest.TestReport) -> None:
    """Let the heading of an error name the phase in which it was raised."""
    report.when = getattr(report, _PHASE_ATTRIBUTE, report.when)


def error_status(report: object) -> tuple[str, str, str] | None:
    """Return category, letter and word of an error in the body of a test."""
    if getattr(report, _PHASE_ATTRIBUTE, None) is None:
        return None
    return "error", "E", "ERROR"


def _attach_result(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None]
) -> None:
    """Put the CaseResult on the report that decides a test, or on a failed tear-down's report."""
    item.stash[_DURATION] = item.stash.get(_DURATION, 0.0) + call.duration
    evaluation = item.stash.get(EVALUATION, None)
    is_ended = report.outcome in ("failed", "skipped")
    if evaluation is None and is_ended and case_of(item) is not None:
        # It ended before any fixture of the plugin, but it still has a result.
        evaluation = _evaluation_of(item)
    decides = call.when == "call" or report.outcome != "passed"
    if not decides or evaluation is None or evaluation.decided not in (None, "passed"):
        return
    evaluation.decided = _outcome_of(report)
    from pytest_llmeval.records.wire import to_wire
    from pytest_llmeval.reports.junit import properties

    state = item.config.stash[STATE]
    conclusion = _conclusion_of(evaluation, report, call)
    result = evaluation.result(conclusion, item.stash[_DURATION], state.worker)
    setattr(report, CASE_ATTRIBUTE, case_of(item) is not None)
    if state.worker == ALONE:
        state.results[report.nodeid] = result
    else:
        setattr(report, RESULT_ATTRIBUTE, to_wire(result))
        if state.session.recordings is not None:
            setattr(report, RECORDED_ATTRIBUTE, state.session.recordings.news())
    if call.when != "teardown":
        item.user_properties.extend(properties(result))


def _evaluation_of(item: pytest.Item) -> CaseEvaluation:
    from pytest_llmeval.plugin.item_plan import evaluation_of

    return evaluation_of(item)


def _conclusion_of(
    evaluation: CaseEvaluation, report: pytest.TestReport, call: pytest.CallInfo[None]
) -> Conclusion:
    """Return the outcome of a test with its cause and message."""
    from pytest_llmeval.summary.outcome import Conclusion, cause_of, conclude_error

    outcome = _outcome_of(report)
    by_thresholds = evaluation.conclusion
    if by_thresholds is not None and by_thresholds.outcome == "failed":
        return replace(by_thresholds, outcome=outcome)
    if call.excinfo is None:
        return Conclusion(outcome, "xpass" if report.outcome == "failed" else "")
    error = call.excinfo.value
    if isinstance(error, LLMEvalError):
        return replace(conclude_error(error), outcome=outcome)
    message = call.excinfo.exconly()
    if isinstance(error.__cause__, StoppedEarly):
        return Conclusion(outcome, "early_stop", message)
    if isinstance(error, pytest.skip.Exception):
        is_unconfigured = isinstance(error.__cause__, NotConfiguredError)
        cause: Cause = "no_model" if is_unconfigured else "skip"
        return Conclusion(outcome, cause, str(error))
    if isinstance(error, pytest.xfail.Exception):
        return Conclusion(outcome, "xfail", message)
    if isinstance(error, pytest.fail.Exception):
        return Conclusion(outcome, "assertion", message)
    return Conclusion(outcome, cause_of(error), message)


def _outcome_of(report: pytest.TestReport) -> Outcome:
    """Return the outcome of a report as one of the package's outcomes."""
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.outcome == "skipped" else "passed"
    if report.outcome == "failed":
        return "failed" if report.when == "call" else "error"
    return report.outcome
