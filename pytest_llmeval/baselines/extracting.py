"""The answers of a baseline, taken out of its replies by the pattern of a later run."""

from __future__ import annotations

from pytest_llmeval.errors import BadReply
from pytest_llmeval.gating.scores import BaselineCase
from pytest_llmeval.providers.extraction import extract_answer
from pytest_llmeval.providers.reasoning import split_reasoning
from pytest_llmeval.records.call import Completion


def extracted_again(case: BaselineCase, pattern: str) -> BaselineCase | None:
    """Return a case with the answers that a pattern takes out of its replies.

    Args:
        case: A case of a baseline.
        pattern: The pattern of the run; empty for none.

    Returns:
        ``None`` if the replies are not stored, or the pattern finds no answer in one of them.
    """
    sampling = case.scores.sampling
    if sampling is None:
        return None
    replies = case.replies or case.answers
    try:
        then = tuple(_answer(reply, sampling.pattern) for reply in replies)
        now = tuple(_answer(reply, pattern) for reply in replies)
    except BadReply:
        return None
    # Replies that do not give the stored answers by the pattern of then are not those.
    return case._replace(answers=now) if then == case.answers else None


def _answer(reply: str, pattern: str) -> str:
    """Return the answer in a reply.

    Raises:
        BadReply: The pattern finds none.
    """
    said = split_reasoning(reply).answer
    if not pattern:
        return said
    return extract_answer(Completion(said, raw_text=reply), pattern).text
