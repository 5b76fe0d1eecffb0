"""Chats: the golden file holds the earlier turns, which the last question builds on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_llmeval import Completion, Score

LONGEST = 40
"""Words that a customer reads in a chat window without scrolling."""


@pytest.mark.llm_golden("../golden/chat.jsonl", where="'delivery' in tags")
def test_chat(
    llm_completion: Completion, llm_judge: Callable[..., Score], llm_readability: Callable[..., Any]
) -> None:
    """The same thresholds as plain assertions: a Score compares with numbers."""
    assert llm_readability(llm_completion).lexicon_count <= LONGEST
    assert llm_judge(llm_completion) >= 4
