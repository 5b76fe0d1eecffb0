"""The text of a failed test: the comparison, the prompt, the expected answer and the answer."""

from __future__ import annotations

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Score
from pytest_llmeval.summary.outcome import labelled, reason_lines, shown_value


def comparison_lines(
    op: str, left: object, right: object, case: Case, completion: Completion | None
) -> list[str]:
    """Explain a failed comparison with a Score.

    Args:
        op: The operator.
        left: Left operand.
        right: Right operand.
        case: The case of the running test.
        completion: Its answer, if it has one.
    """
    scores = [operand for operand in (left, right) if isinstance(operand, Score)]
    lines = [f"{_operand(left)} {op} {_operand(right)}", *reason_lines(scores)]
    return lines + subject_lines(case, completion)


def subject_lines(case: Case, completion: Completion | None) -> list[str]:
    """Write prompt, expected answer and answer, shortened, and whether the answer was cut off."""
    rows = {
        "prompt": case.prompt,
        "expected": case.expected,
        "answer": completion and completion.text,
        "cut off": completion and _cut_off(completion),
    }
    return [labelled(label, text) for label, text in rows.items() if text]


def _cut_off(completion: Completion) -> str:
    """Write that an answer was cut off, and what to do; empty if it is whole."""
    if completion.finish_reason != "length":
        return ""
    return "the answer reached the limit of tokens (finish_reason length): raise --llm-max-tokens"


def _operand(value: object) -> str:
    return f"{value.name} {shown_value(value)}" if isinstance(value, Score) else repr(value)
