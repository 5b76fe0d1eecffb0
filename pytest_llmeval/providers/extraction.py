"""The extraction of the answer from a reply."""

from __future__ import annotations

import re
from dataclasses import replace

from pytest_llmeval.errors import BadReply, OutOfTime
from pytest_llmeval.patterns import search_pattern
from pytest_llmeval.records.call import Completion

_SHOWN = 200  # characters of a reply in an error text


def extract_answer(completion: Completion, pattern: str) -> Completion:
    r"""Reduce the text of a completion to the part that the pattern matches.

    ``.`` also matches a newline, so ``.*\[/INST\](.*)`` matches the text after the last
    ``[/INST]``.

    Args:
        completion: The completion with the whole reply.
        pattern: Regular expression. Its first group is the answer, or the whole match without a
            group.

    Raises:
        BadReply: The pattern does not match, matches an empty answer, or takes too long.
    """
    try:
        match = search_pattern(pattern, completion.text, re.DOTALL)
        if match is None and completion.raw_text:
            # A pattern may be written for the whole reply, with the reasoning before the answer.
            match = search_pattern(pattern, completion.raw_text, re.DOTALL)
    except OutOfTime as error:
        raise BadReply(f"--llm-answer-pattern: {error}") from error
    if match is None:
        raise BadReply(
            f"--llm-answer-pattern {pattern!r} does not match the reply "
            f"{completion.text[:_SHOWN]!r}. Change the pattern or the prompt."
        )
    answer = ((match.group(1) if match.re.groups else match.group()) or "").strip()
    if not answer and completion.text.strip():
        raise BadReply(
            f"--llm-answer-pattern {pattern!r} matches, but the answer in it is empty: the reply "
            f"is {completion.text[:_SHOWN]!r}. Change the pattern or the prompt."
        )
    raw_text = completion.raw_text or completion.text
    return replace(completion, text=answer, raw_text=raw_text)
