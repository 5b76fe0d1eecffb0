"""Finding the answer inside a reply."""

from __future__ import annotations

import re
from dataclasses import replace

from pytest_llmeval.errors import BadReply
from pytest_llmeval.records.call import Completion

_SHOWN = 200  # characters of a reply in an error text


def extract_answer(completion: Completion, pattern: str) -> Completion:
    r"""The completion with only the part of its text that the pattern finds.

    ``.`` also matches a newline, so ``.*\[/INST\](.*)`` finds what stands behind the last
    ``[/INST]``.

    Args:
        completion: The completion as it came.
        pattern: Regular expression; its first group is the answer, or the whole match if it has
            none.

    Raises:
        BadReply: The pattern finds nothing.
    """
    match = re.search(pattern, completion.text, re.DOTALL)
    if match is None:
        raise BadReply(
            f"--llm-answer-pattern {pattern!r} finds no answer in the reply {completion.text[:_SHOWN]!r}. "
            "Change the pattern, or the prompt so that the reply contains it."
        )
    answer = match.group(1) if match.re.groups else match.group()
    return replace(completion, text=(answer or "").strip(), raw_text=completion.text)
