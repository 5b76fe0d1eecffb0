"""The answers of a baseline, taken out of its replies by the pattern of a later run."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmeval.errors import BadReply
from pytest_llmeval.gating.scores import BaselineCase
from pytest_llmeval.providers.extraction import extract_answer
from pytest_llmeval.providers.reading import answer_in, reads_every_reply
from pytest_llmeval.records.call import Completion


def extracted_again(case: BaselineCase, pattern: str) -> BaselineCase | None:
    """Return a case with the answers that a pattern takes out of its replies.

    Args:
        case: A case of a baseline.
        pattern: The pattern of the run; empty for none.

    Returns:
        ``None`` if the replies are not stored, the pattern finds no answer in one of them, or it
        is not known which part of them its provider took for the answer.
    """
    sampling = case.scores.sampling
    if sampling is None:
        return None
    extracted = set()
    for replies in _readings(case):
        # Replies that do not give the stored answers by the pattern of then are not those.
        if _answers(replies, sampling.pattern) == case.answers:
            extracted.add(_answers(replies, pattern))
    answers = extracted.pop() if len(extracted) == 1 else None
    return None if answers is None else case._replace(answers=answers)


def _readings(case: BaselineCase) -> list[tuple[Completion, ...]]:
    """Return what the provider may have given for the replies of a case."""
    if not case.replies:
        return [tuple(map(Completion, case.answers))]  # no pattern has changed what it gave
    read = tuple(Completion(answer_in(reply).answer, raw_text=reply) for reply in case.replies)
    if reads_every_reply(case.basis.get("provider", "")):
        return [read]
    return [read, tuple(map(Completion, case.replies))]


def _answers(replies: Sequence[Completion], pattern: str) -> tuple[str, ...] | None:
    """Return the answers in some replies; ``None`` if the pattern finds none in one of them."""
    if not pattern:
        return tuple(reply.text for reply in replies)
    try:
        return tuple(extract_answer(reply, pattern).text for reply in replies)
    except BadReply:
        return None
