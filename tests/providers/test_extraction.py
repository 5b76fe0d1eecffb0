from __future__ import annotations

import pytest

from pytest_llmeval.errors import BadReply
from pytest_llmeval.providers.extraction import extract_answer
from pytest_llmeval.records.call import Completion

WHOLE = "<think>Lyon? No.</think>\nIt is [Paris]."
SPLIT = Completion("It is [Paris].", raw_text=WHOLE)


@pytest.mark.parametrize(
    ("completion", "pattern", "text", "raw"),
    [
        (Completion("It is [Paris]."), r"\[(.*)\]", "Paris", "It is [Paris]."),
        (SPLIT, r"\[(.*)\]", "Paris", WHOLE),
        (SPLIT, r"(?:.*</think>)?(.*)", "It is [Paris].", WHOLE),
        (SPLIT, r".*</think>(.*)", "It is [Paris].", WHOLE),
        (SPLIT, r"<think>(.*)</think>", "Lyon? No.", WHOLE),
        (Completion(""), "(.*)", "", ""),
    ],
)
def test_the_answer_is_looked_for_without_the_reasoning_and_then_in_the_whole_reply(
    completion: Completion, pattern: str, text: str, raw: str
) -> None:
    answer = extract_answer(completion, pattern)
    assert (answer.text, answer.raw_text) == (text, raw)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"<answer>(.*)</answer>", "does not match the reply"),
        (r"Paris(.*)", "the answer in it is empty"),
        (r"(x)?", "the answer in it is empty"),
    ],
)
def test_a_pattern_that_leaves_nothing_is_an_error_and_no_empty_answer(
    pattern: str, said: str
) -> None:
    with pytest.raises(BadReply, match=said):
        extract_answer(Completion("It is Paris"), pattern)
