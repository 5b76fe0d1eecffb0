"""The outcome of a case, its cause and its message, decided from its scores.

pytest and `evaluate` both decide here.
"""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmeval.errors import (
    CallError,
    InputError,
    LLMEvalError,
    NotConfiguredError,
    NotSent,
    RunLogError,
    StoreError,
    Undecided,
    Unjudged,
)
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.result import Cause, Outcome, Sample, is_met
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.summary.samples import extra_text, met_text
from pytest_llmeval.text import harmless, number

_TEXT_LIMIT = 300  # characters of a prompt or answer; the reports show all of it

_Held = tuple[Threshold, Score]
"""A threshold, and a score to check."""


_CAUSES: tuple[tuple[type[BaseException], Cause], ...] = (
    (Unjudged, "unscored"),
    (Undecided, "undecided"),
    (NotSent, "not_sent"),
    (CallError, "call"),
    (NotConfiguredError, "no_model"),
    (InputError, "input"),
    (StoreError, "store"),
    (RunLogError, "store"),
    (AssertionError, "assertion"),
)
"""Causes by type of error. The first match counts, so a subclass precedes its base."""


@dataclass(frozen=True)
class Conclusion:
    """The end of a case.

    Attributes:
        outcome: The outcome.
        cause: The cause of the outcome, in one word.
        message: Why it did not pass, in a few lines; empty if it passed.
        error: The error that a test raises; ``None`` if the thresholds could be decided.
    """

    outcome: Outcome = "passed"
    cause: Cause = ""
    message: str = ""
    error: LLMEvalError | None = None


def conclude(case: Case, held: Sequence[_Held], samples: Sequence[Sample] = ()) -> Conclusion:
    """Decide a case by its thresholds alone. A missed one takes precedence over an unscored one.

    Args:
        case: The case.
        held: Every threshold with a score to check. One can occur several times.
        samples: The samples of the case, which the message counts.
    """
    missed = missed_by(held)
    if missed:
        return Conclusion("failed", "threshold", "\n".join(_missed_lines(case, missed, samples)))
    for _, score in held:
        if score.value is None:
            error = Unjudged(score.name, score.error)
            return Conclusion("error", "unscored", str(error), error)
    return Conclusion()


def conclude_error(error: Exception) -> Conclusion:
    """Conclude a case that ended with an error: it could not be judged."""
    text = str(error)
    if not isinstance(error, LLMEvalError):
        text = "".join(traceback.format_exception_only(error)).strip()
    return Conclusion("error", cause_of(error), text)


def cause_of(error: BaseException) -> Cause:
    """Return the cause of an outcome that an error decided."""
    return next((cause for kind, cause in _CAUSES if isinstance(error, kind)), "exception")


def missed_by(held: Sequence[_Held]) -> list[_Held]:
    """Return the missed thresholds with their scores."""
    return [(threshold, score) for threshold, score in held if is_met(threshold, score) is False]


def _missed_lines(case: Case, missed: Sequence[_Held], samples: Sequence[Sample]) -> list[str]:
    """Write a line for each missed threshold, the reasons, and the number of samples."""
    heads = [f"{_miss(threshold, score)}, {case.source}" for threshold, score in missed]
    reasons = reason_lines([score for _, score in missed])
    return [*heads, *reasons, *_samples_lines(samples)]


def _samples_lines(samples: Sequence[Sample]) -> list[str]:
    """Write how many samples meet the thresholds, and how the extra ones did."""
    extra = extra_text(samples)
    rows = {"samples": met_text(samples), "must pass": extra and f"broken: {extra}"}
    return [labelled(label, text) for label, text in rows.items() if text]


def _miss(threshold: Threshold, score: Score) -> str:
    params = "".join(f" {name}={value!r}" for name, value in threshold.params.items())
    origin = f" ({threshold.origin})" if threshold.origin else ""
    required = f"{threshold.comparison} {threshold.bound:.10g}"
    return f"{score.name}{params} scored {shown_value(score)}; required {required}{origin}"


def reason_lines(scores: Sequence[Score]) -> list[str]:
    """Write the reasons of scores."""
    return [labelled("reason", score.reason) for score in scores if score.reason]


def shown_value(score: Score) -> str:
    """Write the value of a score."""
    return "unscored" if score.value is None else number(score.value)


def labelled(label: str, text: str) -> str:
    """Shorten a text and put it after its label, with further lines indented."""
    short = text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}… ({len(text)} characters)"
    lines = harmless(short).removesuffix("\n")
    return textwrap.indent(lines, " " * 12).replace(" " * 12, f"  {label:<10}", 1)
