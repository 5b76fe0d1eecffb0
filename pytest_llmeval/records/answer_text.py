"""The record of an answer and what it was an answer to, for what many answers have in common."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import case_messages
from pytest_llmeval.records.result import CaseResult

EXACT_MATCH = "exact_match"
"""The metric that requires the expected answer to the letter."""


@dataclass(frozen=True)
class AnswerText:
    """An answer, and what it was an answer to.

    Attributes:
        group: The golden file or test function.
        prompt: The prompt, or all messages of a chat.
        answer: The answer.
        expected: The expected answer; ``None`` without one.
        sources: Texts that the answer may quote, such as the prompt and the contexts.
        is_exact: Whether a metric requires the expected answer to the letter.
        before: The answer of the baseline; ``None`` without one.
    """

    group: str
    prompt: str
    answer: str
    expected: str | None = None
    sources: tuple[str, ...] = ()
    is_exact: bool = False
    before: str | None = None


def answers_of(result: CaseResult, with_draws: bool = False) -> list[Completion]:
    """Return the answers of a case, or of its samples if it has several.

    Args:
        result: The case.
        with_draws: Whether the extra samples of a case that must pass are among them.
    """
    samples = [sample for sample in result.samples if with_draws or not sample.is_draw]
    answers = [sample.completion for sample in samples] or [result.completion]
    return [answer for answer in answers if answer is not None]


def answer_text(result: CaseResult) -> AnswerText | None:
    """Return the answer of a case with its prompt; ``None`` without an answer."""
    if result.completion is None:
        return None
    case = result.case
    messages = [str(message.get("content", "")) for message in case_messages(case)]
    return AnswerText(
        result.suite,
        "\0".join(messages),
        result.completion.text,
        case.expected,
        (*messages, *case.contexts),
        any(score.name == EXACT_MATCH for score in result.scores),
        result.before[0].answer if result.before else None,
    )
