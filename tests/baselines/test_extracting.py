"""The answers of a baseline by another pattern are those that its provider would have given."""

from __future__ import annotations

import pytest

from pytest_llmeval.baselines.extracting import extracted_again
from pytest_llmeval.gating.sampling import Sampling
from pytest_llmeval.gating.scores import BaselineCase, CaseScores

MADE_UP = "Answer: Paris<|im_end|>\n<|im_start|>user\nAnswer: Rome"
THOUGHT = "<think>Answer: Rome</think>Answer: Paris"
FIRST, LAST = r"Answer: (\w+)", r".*Answer: (\w+)"
LOUD = r"(?:.*</think>)?(Answer: \w+)"


def again(reply: str, answer: str, old: str, new: str, provider: str = "") -> str | None:
    """Return the answer by a new pattern of a case with an answer by an old one."""
    scores = CaseScores(("", "", "a"), sampling=Sampling(pattern=old))
    replies = (reply,) if old else ()
    case = BaselineCase(scores, (answer,), {}, basis={"provider": provider}, replies=replies)
    extracted = extracted_again(case, new)
    return None if extracted is None else extracted.answers[0]


@pytest.mark.parametrize("provider", ["openai:m@http://h", "openai:a@x openai:b@y", "local:1f"])
@pytest.mark.parametrize("reply", [MADE_UP, THOUGHT])
def test_an_endpoint_gave_the_answer_without_reasoning_and_made_up_turns(
    reply: str, provider: str
) -> None:
    assert again(reply, "Paris", FIRST, LAST, provider) == "Paris"
    assert again(reply, "Paris", LAST, FIRST, provider) == "Paris"
    assert again(reply, "Paris", FIRST, "", provider) == "Answer: Paris"
    assert again(reply, "Rome", LAST, FIRST, provider) is None


def test_a_provider_that_gives_whole_replies_is_known_by_the_stored_answer() -> None:
    assert again(MADE_UP, "Rome", LAST, "", "python:app:1") == MADE_UP
    assert again(MADE_UP, "Rome", LAST, FIRST) == "Paris"
    assert again(THOUGHT, "Rome", FIRST, LAST) == "Paris"
    assert again(THOUGHT, "Rome", FIRST, "") == THOUGHT


def test_one_that_reads_messages_is_known_too() -> None:
    assert again(MADE_UP, "Paris", LAST, FIRST) == "Paris"
    assert again(MADE_UP, "Paris", LAST, "") == "Answer: Paris"
    assert again(THOUGHT, "Paris", FIRST, LAST) == "Paris"


def test_an_answer_by_which_nobody_knows_the_provider_counts_where_it_is_the_same() -> None:
    assert again(THOUGHT, "Paris", LAST, LOUD) == "Answer: Paris"
    assert again(THOUGHT, "Paris", LAST, FIRST) is None
    assert again(THOUGHT, "Paris", LAST, "") is None


@pytest.mark.parametrize("text", ["Answer: Paris", THOUGHT, MADE_UP])
def test_an_answer_without_a_pattern_is_what_the_provider_gave(text: str) -> None:
    new = "Answer: (R?P?o?aris|Rome)"
    assert again(text, text, "", new) == ("Rome" if text == THOUGHT else "Paris")
