"""The answer in the whole reply of a model, as the providers that call a model read it."""

from __future__ import annotations

from typing import NamedTuple

from pytest_llmeval.providers.reasoning import split_reasoning
from pytest_llmeval.providers.turns import end_of_turn

ENDPOINT, LOCAL = "openai:", "local:"
"""Beginnings of the fingerprints of the providers that read every reply so."""


class Reading(NamedTuple):
    """What a reply says.

    Attributes:
        answer: The answer, without reasoning and without what the model made up behind its turn.
        token: The token behind which the model went on; empty if it did not.
        has_reasoning: Whether reasoning was taken off it.
    """

    answer: str
    token: str
    has_reasoning: bool


def answer_in(reply: str) -> Reading:
    """Return the answer in the whole reply of a model."""
    thought = split_reasoning(reply)
    turn = end_of_turn(thought.answer)
    has_reasoning = bool(thought.reasoning) or thought.answer != reply
    return Reading(turn.answer, turn.token, has_reasoning)


def reads_every_reply(fingerprint: str) -> bool:
    """Return whether a provider is known to give the answers in its replies."""
    return fingerprint.startswith((ENDPOINT, LOCAL))
