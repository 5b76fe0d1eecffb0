"""The record of an answer and what it was an answer to, for what many answers have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import case_messages
from pytest_llmeval.records.result import CaseResult

EXACT_MATCH = "exact_match"
"""The metric that requires the expected answer to the letter."""

SHORT_WORDS = 2
"""Words from which a text is more than a label."""

_WIDE_LETTERS = 2
"""Letters of Chinese, Japanese or Korean that count as a word."""


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

    @classmethod
    def of(
        cls,
        group: str,
        prompt: str,
        answer: str | None,
        expected: str | None,
        sources: Iterable[str] = (),
        *,
        is_exact: bool = False,
        before: str | None = None,
        is_of_tool: bool = False,
    ) -> AnswerText | None:
        """Return the record of an answer; ``None`` without one that can be counted.

        A label of which nobody knows whether it is expected may be right for many prompts.

        Args:
            group: The golden file, test function or tool.
            prompt: The prompt.
            answer: The answer.
            expected: The expected answer; ``None`` without one.
            sources: Texts that the answer may quote.
            is_exact: Whether a metric requires the expected answer to the letter.
            before: The answer of the baseline.
            is_of_tool: Whether it is of another tool, so that a missing expected answer is unknown.
        """
        if answer is None or (is_of_tool and expected is None and is_label(answer)):
            return None
        return cls(group, prompt, answer, expected, tuple(sources), is_exact, before)


def is_label(text: str) -> bool:
    """Return whether a text is one word or number, which may be right for many prompts."""
    return len(text.split()) + wide_words(text) < SHORT_WORDS


def wide_words(text: str) -> int:
    """Return the number of words in the Chinese, Japanese or Korean letters of a text."""
    return sum(east_asian_width(letter) in "WF" for letter in text) // _WIDE_LETTERS


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
    case, completion = result.case, result.completion
    messages = [str(message.get("content", "")) for message in case_messages(case)]
    return AnswerText.of(
        result.suite,
        "\0".join(messages),
        completion.text,
        case.expected,
        (*messages, *case.contexts, *completion.contexts),
        is_exact=any(score.name == EXACT_MATCH for score in result.scores),
        before=result.before[0].answer if result.before else None,
    )
