"""The whole assistant: search, prompt and model answer the questions of customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.assistant import SupportAssistant
from support.search import PassageSearch

from pytest_llmeval import Completion, Provider, Request

READABLE = 30
"""Minimum Flesch reading ease of an answer to a customer; below 30 is "very difficult"."""


class AssistantUnderTest:
    """Our assistant as a Provider. The model behind it is the one that the settings name.

    Args:
        model: Answers the chats that the assistant sends.
    """

    fingerprint = None  # its code may change at any time, so no other run may reuse its answers
    sees_case = True  # it wants the case, not messages made from it

    def __init__(self, model: Provider) -> None:
        self._model = model
        self._search = PassageSearch.from_file()

    async def complete(self, request: Request) -> Completion:
        """Ask the assistant the question of the case, and say which passages it used."""
        assert request.case is not None
        replies: list[Completion] = []

        async def ask(chat: list[dict[str, str]]) -> str:
            replies.append(
                await self._model.complete(replace(request, messages=tuple(chat), case=None))
            )
            return replies[-1].text

        answer = await SupportAssistant(ask, self._search).answer(request.case.prompt)
        return replace(
            replies[-1],
            text=answer.text,
            contexts=tuple(passage.text for passage in answer.passages),
        )


@pytest.fixture(scope="session")
def llm_provider(llm_provider: Provider | None) -> Provider | None:
    """Put the assistant in front of the model, for the tests of this file."""
    return llm_provider and AssistantUnderTest(llm_provider)


@pytest.mark.llm_golden(
    "../golden/faq.csv",
    where="'returns' in tags or 'payment' in tags or 'shop' in tags",
    min_score=4,
)
@pytest.mark.llm_metric("grounded_numbers", min=1)
def test_faq(llm_completion: Completion, llm_readability: Callable[..., Any]) -> None:
    """Right by the judge, no invented number, and readable."""
    assert llm_readability(llm_completion).flesch_reading_ease >= READABLE
