from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import BadReply
from pytest_llmeval.providers.openai.reply import read_completion
from pytest_llmeval.records.call import Completion, Usage


def read(reply: object) -> Completion:
    return read_completion(json.dumps(reply), model="asked", endpoint="e", latency_s=1.0)


def saying(message: dict[str, Any], **reply: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop"}], **reply}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "Paris"}, "Paris"),
        ({"content": ""}, ""),
        ({"content": None}, ""),
        ({"content": None, "refusal": "I cannot help with that."}, "I cannot help with that."),
        ({"content": None, "tool_calls": [{"id": "1"}]}, ""),
        ({"content": [{"type": "text", "text": "Pa"}, {"type": "text", "text": "ris"}]}, "Paris"),
        ({"content": "half a pair \ud83d"}, "half a pair \ud83d"),
    ],
)
def test_the_text_is_the_content_or_the_refusal(message: dict[str, Any], text: str) -> None:
    assert read(saying(message)).text == text


def test_the_finish_reason_of_a_filtered_answer_is_kept() -> None:
    completion = read(
        {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}
    )
    assert (completion.text, completion.finish_reason) == ("", "content_filter")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, None),
        ({}, None),
        ({"prompt_tokens": 3}, Usage(3, 0)),
        ({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}, Usage(3, 2)),
    ],
)
def test_usage_is_read_where_there_is_any(
    usage: dict[str, int] | None, expected: Usage | None
) -> None:
    assert read(saying({"content": "x"}, usage=usage)).usage == expected


def test_the_model_is_the_one_that_answered_or_the_one_that_was_asked() -> None:
    assert read(saying({"content": "x"}, model="gpt-x-2024")).model == "gpt-x-2024"
    assert read(saying({"content": "x"})).model == "asked"


@pytest.mark.parametrize(
    "reply",
    [
        None, [], "text", 3, {}, {"choices": []}, {"choices": None}, {"choices": [None]}, {"choices": [{}]},
        {"choices": [{"message": None}]}, {"choices": {"message": {}}}, saying({"content": 5}),
        saying({"content": ["x"]}),
        {"error": {"message": "overloaded", "code": 502}},
        {"choices": [{"message": {"content": "x"}, "logprobs": {"content": [{"token": "x"}]}}]},
    ],
)  # fmt: skip
def test_a_reply_of_another_shape_is_bad_and_shown(reply: object) -> None:
    with pytest.raises(BadReply) as caught:
        read(reply)
    assert repr(json.dumps(reply)[:200]) in str(caught.value)


@given(st.text() | st.just("[" * 100_000))
def test_no_text_is_read_as_anything_but_a_completion_or_a_bad_reply(text: str) -> None:
    with pytest.raises(BadReply):
        read_completion(text, model="", endpoint="", latency_s=0)
