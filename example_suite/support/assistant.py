"""Answers customers' questions from the shop's policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from support.search import Passage, PassageSearch

INSTRUCTION = (
    "You are the support assistant of Velo Nord, a bicycle shop. "
    "Answer the customer in one or two short sentences. "
    "Use only the policy below. If it does not answer the question, say that you do not know."
    "\n\nPolicy:\n"
)
PASSAGES_SHOWN = 2

Ask = Callable[[list[dict[str, str]]], Awaitable[str]]
"""Sends a chat to a language model and returns what it says."""


@dataclass(frozen=True)
class Answer:
    """What the customer reads, and the passages that it rests on."""

    text: str
    passages: tuple[Passage, ...]


class SupportAssistant:
    """Looks up the policy, then asks a language model.

    Args:
        ask: The language model.
        search: The shop's policy.
    """

    def __init__(self, ask: Ask, search: PassageSearch) -> None:
        self._ask = ask
        self._search = search

    async def answer(self, question: str) -> Answer:
        """Answer one question."""
        passages = tuple(self._search.best(question, PASSAGES_SHOWN))
        policy = "\n\n".join(f"{passage.title}\n{passage.text}" for passage in passages)
        chat = [
            {"role": "system", "content": INSTRUCTION + policy},
            {"role": "user", "content": question},
        ]
        return Answer((await self._ask(chat)).strip(), passages)
