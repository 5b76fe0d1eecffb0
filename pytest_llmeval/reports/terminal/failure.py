"""The text of a failed case: what a developer reads first, in the terminal and in a CI annotation."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.result import Sample
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.summary.checks import drawn_text, kept_text
from pytest_llmeval.text import number, printed

CI_COMMAND = "::"  # what GitHub's runner obeys at the beginning of a printed line
TEXT_LIMIT = 300  # characters of a prompt or answer; the reports hold all of it


def missed_lines(case: Case, missed: Sequence[tuple[Threshold, Score]]) -> list[str]:
    """Why a case failed: a line for each missed threshold, then the reasons of the scores.

    Args:
        case: The case.
        missed: The thresholds that are not kept, with the scores.
    """
    heads = [f"{_miss(threshold, score)} at {case.source}" for threshold, score in missed]
    return [*heads, *_reasons([score for _, score in missed])]


def samples_lines(samples: Sequence[Sample]) -> list[str]:
    """How many samples keep the bounds, and what further samples of a case that must pass said; where there are any."""
    drawn = drawn_text(samples)
    rows = {"samples": kept_text(samples), "must pass": drawn and f"broken: {drawn}"}
    return [_row(label, text) for label, text in rows.items() if text]


def comparison_lines(
    op: str, left: object, right: object, case: Case, completion: Completion | None
) -> list[str]:
    """What pytest shows for a comparison with a Score that does not hold.

    Args:
        op: The operator.
        left: Left operand.
        right: Right operand.
        case: The case of the running test.
        completion: Its answer, if it has one.
    """
    scores = [operand for operand in (left, right) if isinstance(operand, Score)]
    lines = [f"{_operand(left)} {op} {_operand(right)}", *_reasons(scores)]
    return lines + subject_lines(case, completion)


def subject_lines(case: Case, completion: Completion | None) -> list[str]:
    """Prompt, expected answer and answer, each shortened."""
    rows = {
        "prompt": case.prompt,
        "expected": case.expected,
        "answer": completion and completion.text,
    }
    return [_row(label, text) for label, text in rows.items() if text]


def _miss(threshold: Threshold, score: Score) -> str:
    params = "".join(f" {name}={value!r}" for name, value in threshold.params.items())
    origin = f" ({threshold.origin})" if threshold.origin else ""
    return f"{score.name}{params} is {_number(score)}, asked {threshold.comparison} {threshold.bound:.10g}{origin}"


def _reasons(scores: Sequence[Score]) -> list[str]:
    return [_row("reason", score.reason) for score in scores if score.reason]


def _operand(value: object) -> str:
    return f"{value.name} {_number(value)}" if isinstance(value, Score) else repr(value)


def _number(score: Score) -> str:
    return "unscored" if score.value is None else number(score.value)


def _row(label: str, text: str) -> str:
    short = text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}… ({len(text)} characters)"
    lines = (
        f"| {line}" if line.lstrip().startswith(CI_COMMAND) else line
        for line in printed(short).splitlines()
    )
    return textwrap.indent("\n".join(lines), " " * 12).replace(" " * 12, f"  {label:<10}", 1)
