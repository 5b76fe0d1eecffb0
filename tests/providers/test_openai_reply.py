from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import BadReply, CallError, EndpointDown, NoAnswer
from pytest_llmeval.providers.openai.reply import ErrorInReply, read_completion
from pytest_llmeval.records.call import Completion, TokenLogprob, Usage


def read(reply: object, body: dict[str, Any] | None = None) -> Completion:
    return read_completion(json.dumps(reply), model="asked", endpoint="e", latency_s=1.0, body=body)


def saying(message: dict[str, Any], **reply: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop"}], **reply}


def ending(reason: object, message: dict[str, Any] | None = None, **choice: Any) -> dict[str, Any]:
    message = {"content": "Paris"} if message is None else message
    return {"choices": [{"message": message, "finish_reason": reason, **choice}]}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "Paris"}, "Paris"),
        ({"content": [{"type": "text", "text": "Pa"}, {"type": "text", "text": "ris"}]}, "Paris"),
        ({"content": [{"type": "output_text", "text": "Paris"}]}, "Paris"),
        ({"content": ["Pa", "ris"]}, "Paris"),
        ({"content": {"type": "text", "text": "Paris"}}, "Paris"),
        ({"content": [{"type": "text", "text": {"value": "Paris", "annotations": []}}]}, "Paris"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Lyon?"}]},
                      {"type": "text", "text": "Paris"}]}, "Paris"),
        ({"content": [{"type": "image_url", "image_url": {}}, {"type": "text", "text": "Paris"}]}, "Paris"),
        ({"content": "Paris", "tool_calls": [{"id": "1"}]}, "Paris"),
        ({"content": "Paris", "reasoning_content": "Lyon? No."}, "Paris"),
        ({"content": "Paris", "refusal": None}, "Paris"),
        ({"content": "half a pair \ud83d"}, "half a pair \ud83d"),
        ({"content": "  Paris\n"}, "  Paris\n"),
        ({"content": "0"}, "0"),
        ({"content": "🙂"}, "🙂"),
    ],
)  # fmt: skip
def test_the_text_is_the_content(message: dict[str, Any], text: str) -> None:
    completion = read(saying(message))
    assert (completion.text, completion.finish_reason) == (text, "stop")


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "refusal": "I cannot help with that."},
        {"content": "", "refusal": "I cannot help with that."},
        {"content": [{"type": "refusal", "refusal": "I cannot help with that."}]},
        {"content": [{"type": "refusal", "text": "I cannot help with that."}]},
        {"content": [{"type": "refusal", "content": "I cannot help with that."}]},
    ],
)
def test_a_refusal_of_the_model_is_what_it_says_and_named_as_one(message: dict[str, Any]) -> None:
    completion = read(saying(message))
    assert (completion.text, completion.finish_reason) == ("I cannot help with that.", "refusal")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<think>Lyon? No.</think>\nParis", "Paris"),
        ("\n<think>\n\n</think>\n\nParis", "Paris"),
        ("Lyon? No.\n</think>\n\nParis", "Paris"),
        ('Lyon? No.</think> {"a": 1}', '{"a": 1}'),
        ("<thinking>Lyon?</thinking>Paris", "Paris"),
        ("[THINK]Lyon?[/THINK]Paris", "Paris"),
        ("<seed:think>Lyon?</seed:think>Paris", "Paris"),
        ("<THINK>Lyon?</THINK>Paris", "Paris"),
    ],
)
def test_reasoning_before_the_answer_is_taken_off_and_stays_in_the_record(
    content: str, text: str
) -> None:
    completion = read(saying({"content": content}))
    assert (completion.text, completion.raw_text) == (text, content)


@pytest.mark.parametrize(
    "content",
    [
        "The tag <think> opens a block.",
        "A block ends with </think> in most models.",
        "Write <think>\nyour thoughts\n</think>\nand then the answer.",
        "Paris <think>Was that right?</think>",
    ],
)
def test_an_answer_about_such_tags_stays_whole(content: str) -> None:
    completion = read(saying({"content": content}))
    assert (completion.text, completion.raw_text) == (content, "")


@pytest.mark.parametrize(
    ("message", "reason", "said"),
    [
        ({"content": ""}, "stop", "its text is empty"),
        ({"content": None}, "stop", "its text is empty"),
        ({}, "stop", "its text is empty"),
        ({"content": " \n\t"}, "stop", "its text is empty"),
        ({"content": "\u200b\ufeff"}, None, "its text is empty"),
        ({"content": []}, "stop", "its text is empty"),
        ({"content": None, "reasoning": "Lyon?"}, "stop", "only reasoning and no answer"),
        ({"content": "<think>Lyon?</think>"}, "stop", "only reasoning and no answer"),
        ({"content": [{"type": "thinking", "thinking": "Lyon?"}]}, "stop", "only reasoning and no answer"),
        ({"content": [{"type": "image_url", "image_url": {}}]}, "stop", "no text, but: image_url"),
        ({"content": None, "tool_calls": [{"function": {"name": "look_up"}}]}, "tool_calls", "called look_up"),
        ({"content": "", "function_call": {"name": "look_up"}}, "function_call", "called look_up"),
        ({"content": None, "tool_calls": [{"id": "1"}]}, "stop", "called a tool"),
    ],
)  # fmt: skip
def test_a_reply_that_says_nothing_is_no_answer(
    message: dict[str, Any], reason: str | None, said: str
) -> None:
    with pytest.raises(NoAnswer) as caught:
        read(ending(reason, message))
    assert said in str(caught.value)
    assert not caught.value.is_cut_off


def test_an_empty_reply_is_worth_two_more_attempts_and_a_tool_call_none() -> None:
    with pytest.raises(NoAnswer) as caught:
        read(saying({"content": ""}))
    assert (caught.value.is_transient, caught.value.most_retries) == (True, 2)
    with pytest.raises(NoAnswer) as caught:
        read(saying({"content": None, "tool_calls": [{"id": "1"}]}))
    assert not caught.value.is_transient


@pytest.mark.parametrize(
    "reason",
    ["length", "max_tokens", "MAX_TOKENS", "model_length"],
)
@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"content": ""}, "holds nothing and was cut"),
        ({"content": None, "reasoning_content": "Lyon?"}, "holds only reasoning and was cut"),
        ({"content": "<think>Lyon? It could"}, "holds only reasoning and was cut"),
    ],
)
def test_a_reply_that_was_cut_before_it_said_anything_names_the_limit(
    reason: str, message: dict[str, Any], said: str
) -> None:
    with pytest.raises(NoAnswer) as caught:
        read(ending(reason, message), {"max_completion_tokens": 1200})
    assert said in str(caught.value)
    assert "at 1,200 tokens. Raise --llm-max-tokens (--llm-judge-max-tokens for the judge)" in str(
        caught.value
    )
    assert caught.value.is_cut_off
    with pytest.raises(NoAnswer, match="at the token limit of the endpoint"):
        read(ending(reason, message))


def test_a_reply_that_was_cut_later_is_an_answer() -> None:
    assert read(ending("max_tokens")).finish_reason == "length"


@pytest.mark.parametrize(
    "reason",
    ["content_filter", "SAFETY", "PROHIBITED_CONTENT", "content_filter: RECITATION", "sensitive"],
)
@pytest.mark.parametrize("content", ["", None, "Par"])
def test_what_a_filter_withheld_is_no_answer_even_in_part(reason: str, content: str | None) -> None:
    with pytest.raises(NoAnswer, match=r"a content filter withheld the answer") as caught:
        read(ending(reason, {"content": content}))
    assert not caught.value.is_transient


@pytest.mark.parametrize("reason", ["error", "network_error", "abort", "MALFORMED_FUNCTION_CALL"])
@pytest.mark.parametrize("content", ["", "Par"])
def test_a_reply_that_broke_off_is_an_endpoint_that_is_down(reason: str, content: str) -> None:
    with pytest.raises(EndpointDown, match="broke off the reply") as caught:
        read(ending(reason, {"content": content}))
    assert caught.value.is_transient


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        ({"error": {"message": "Insufficient credits", "code": 402}}, 402, "Insufficient credits"),
        ({"error": {"message": "slow down", "code": "429"}}, 429, "slow down"),
        ({"error": {"message": "No auth credentials found", "code": 401}}, 401, "No auth credentials found"),
        ({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}}, 401, "Incorrect"),
        ({"error": {"message": "overloaded", "code": 502}}, 502, "overloaded"),
        ({"error": "model 'x' not found"}, 404, "model 'x' not found"),
        ({"error": {"message": "x", "code": "insufficient_quota"}}, 402, "x"),
        ({"error": {"message": "x", "type": "rate_limit_exceeded"}}, 429, "x"),
        ({"error": {"message": "Something went wrong"}}, 502, "Something went wrong"),
        ([{"error": {"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}}], 400, "bad"),
        ({"object": "error", "message": "no", "type": "BadRequestError", "code": 400}, 400, "no"),
        ({"detail": "Not Found"}, 404, "Not Found"),
        ({"message": "Forbidden"}, 403, "Forbidden"),
        ({"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}, 400,
         "body.seed: Extra inputs are not permitted"),
        ({"choices": None, "base_resp": {"status_code": 1004, "status_msg": "authentication failed"}}, 401,
         "authentication failed"),
        ({"error": {"message": "Provider returned error", "code": 429,
                    "metadata": {"raw": "glm is rate-limited upstream"}}}, 429,
         "Provider returned error: glm is rate-limited upstream"),
        (ending("error", {"content": ""}, error={"code": 502, "message": "upstream idle timeout"}), 502,
         "upstream idle timeout"),
        (ending("stop", {"content": "Par"}, error={"code": 429, "message": "slow down"}), 429, "slow down"),
        (ending("stop", error="broken"), 502, "broken"),
        (ending("stop", {"content": "", "error": {"code": 503, "message": "busy"}}), 503, "busy"),
        (saying({"content": "Paris"}, error={"message": "late failure", "code": 500}), 500, "late failure"),
        (saying({"content": [{"text": "Par"}, {"type": "error", "error": {"message": "overloaded"}}]}), 503,
         "overloaded"),
        ({**saying({"content": "Paris"}, statusCode=500), "message": "internal"}, 500, "internal"),
        (saying({"content": "Paris"}, status_code=503), 503, "503"),
        ({**saying({"content": "Paris"}, ok=False), "message": "nothing"}, 502, "nothing"),
        (saying({"content": "Paris"}, isError=True), 502, "isError"),
        (saying({"content": "Paris"}, errcode=40001, errmsg="bad"), 502, "bad"),
        (saying({"content": "Paris"}, err_no=3), 502, "err_no"),
        (saying({"content": "Paris"}, ErrorCode="X"), 502, "X"),
        (saying({"content": "Paris"}, Error={"Code": "A", "Message": "b"}), 502, "b"),
        ({**saying({"content": "Paris"}, code="DataInspectionFailed"), "message": "why"}, 502, "why"),
        (saying({"content": "Paris"}, done=False), 502, "'done' is false"),
        (saying({"content": "Paris"}, status="requires_action"), 502, "requires_action"),
    ],
)  # fmt: skip
def test_an_error_in_a_reply_counts_like_its_status(reply: object, status: int, said: str) -> None:
    with pytest.raises(ErrorInReply) as caught:
        read(reply)
    assert caught.value.error.status == status
    assert said in caught.value.error.text


@pytest.mark.parametrize(
    "nothing",
    [None, {}, "", [], False, {"code": 0, "message": ""}, {"code": "200", "message": "success"}],
)
def test_an_error_that_is_none_is_no_error(nothing: object) -> None:
    reply = ending("stop", error=nothing)
    assert read({**reply, "error": nothing}).text == "Paris"


@pytest.mark.parametrize(
    "success",
    [{"ok": True, "isError": False, "errcode": 0, "errmsg": "ok"}, {"code": "Success", "Error": None},
     {"statusCode": 200, "done": True, "err_no": "0", "success": "true", "code": 20000}],
)  # fmt: skip
def test_a_reply_that_reports_success_is_an_answer(success: dict[str, Any]) -> None:
    assert read(saying({"content": "Paris"}, **success)).text == "Paris"


def test_thoughts_among_the_parts_are_no_part_of_the_answer() -> None:
    thought = {"type": "text", "text": "Maybe Paris?", "thought": True}
    said = {"type": "text", "text": "Rome", "thought": False}
    assert read(saying({"content": [thought, said]})).text == "Rome"
    with pytest.raises(NoAnswer, match="only reasoning"):
        read(saying({"content": [thought]}))


def test_a_refusal_without_words_among_the_parts_is_one() -> None:
    with pytest.raises(NoAnswer, match="the model refused to answer"):
        read(saying({"content": [{"type": "refusal", "refusal": None}]}))


@pytest.mark.parametrize("choice", ["Paris", None, 5])
def test_a_choice_that_is_no_object_says_so(choice: object) -> None:
    with pytest.raises(BadReply, match=r"a choice is .*, not an object"):
        read({"choices": [choice]})


def test_the_first_of_several_choices_decides_and_another_that_is_none_is_left_out() -> None:
    answer = {"message": {"content": "Paris"}, "finish_reason": "stop"}
    filtered = {"message": {"content": ""}, "finish_reason": "content_filter"}
    completion = read({"choices": [answer, filtered, answer]})
    assert (completion.text, completion.choices) == ("Paris", ("Paris", "Paris"))
    with pytest.raises(NoAnswer, match="content filter"):
        read({"choices": [filtered, answer]})


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"choices": []}, "no choices"),
        ({"choices": None}, "no choices"),
        ({"id": "1"}, "no choices"),
        ({"choices": [{"delta": {"content": "Paris"}}]}, "a choice has no message"),
        ({"choices": [{"text": "Paris"}]}, "a choice has no message"),
    ],
)
def test_a_reply_without_a_choice_says_so(reply: object, said: str) -> None:
    with pytest.raises(BadReply, match=said):
        read(reply)


@pytest.mark.parametrize("name", ["promptFeedback", "prompt_filter_results"])
def test_a_prompt_that_was_filtered_gives_no_choice_and_no_retry(name: str) -> None:
    with pytest.raises(NoAnswer, match="prompt was filtered") as caught:
        read({"choices": [], name: [{"blockReason": "SAFETY"}]})
    assert not caught.value.is_transient


@pytest.mark.parametrize(
    ("text", "said", "is_transient"),
    [
        ("", "the body is empty", True),
        (" \n", "the body is empty", True),
        ("<!DOCTYPE html><title>Sign in</title><p>x", "a web page: 'Sign in'. Check the base URL", False),
        ("<html><body><h1>502</h1>nginx", "a web page: '502'", False),
        ("upstream connect error", "found no JSON; the reply begins 'upstream", True),
        ('{"choices": [{"mess', "broken off or not valid after 19 characters", True),
        ('{"choices": []}{"choices": []}', "several JSON documents in one body", False),
        ('{"message": {"content": "Pa"}}\n{"message": {"content": "ris"}}', "several JSON documents", False),
        ('data: {"choices": []}\n\ndata: [DONE]\n', "a stream of events", False),
        (': keep-alive\n\nevent: message\ndata: {}\n', "a stream of events", False),
        ("[" * 100_000, "", True),
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_says_what_it_is(text: str, said: str, is_transient: bool) -> None:
    with pytest.raises(BadReply) as caught:
        read_completion(text, model="", endpoint="", latency_s=0)
    assert said in str(caught.value)
    assert caught.value.is_transient == is_transient


def test_a_stream_names_a_remedy_that_fits_the_request() -> None:
    stream = 'data: {"choices": []}\n\n'
    with pytest.raises(BadReply, match=r'Set \{"stream": false\} in --llm-extra-body'):
        read_completion(stream, model="", endpoint="", latency_s=0, body={})
    with pytest.raises(BadReply, match="Remove stream from the extra body"):
        read_completion(stream, model="", endpoint="", latency_s=0, body={"stream": True})


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, None),
        ({}, None),
        ({"prompt_tokens": 3}, None),
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
        saying({"content": [5]}),
        saying({"content": [{"type": "text", "text": 5}]}),
    ],
)  # fmt: skip
def test_a_reply_of_another_shape_is_bad_and_shown(reply: object) -> None:
    with pytest.raises(BadReply) as caught:
        read(reply)
    assert repr(json.dumps(reply)[:200]) in str(caught.value)


@given(st.text() | st.just("[" * 100_000))
def test_no_text_is_read_as_anything_but_a_completion_or_an_error(text: str) -> None:
    with pytest.raises(BadReply):
        read_completion(text, model="", endpoint="", latency_s=0)


SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["choices", "message", "content", "error", "code", "finish_reason", "text", "type", "refusal",
             "tool_calls", "detail", "metadata", "raw", "logprobs", "usage", "function", "status",
             "index", "role", "value", "incomplete_details"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(SCRAPS)
def test_no_document_is_an_answer_that_says_nothing_or_a_traceback(reply: object) -> None:
    try:
        completion = read(reply)
    except (CallError, ErrorInReply):
        return
    assert completion.text.strip()


@pytest.mark.parametrize("role", ["user", "system", "tool", "developer", "function", "Human", 5])
def test_a_message_of_another_role_is_no_answer_and_no_retry(role: object) -> None:
    with pytest.raises(NoAnswer, match=f"the message has the role '{role}'") as caught:
        read(saying({"content": "Paris", "role": role}))
    assert not caught.value.is_transient


@pytest.mark.parametrize("role", ["assistant", "Assistant", "model", "bot", "ai", "", None])
def test_a_role_of_a_model_in_any_word_is_an_answer(role: str | None) -> None:
    assert read(saying({"content": "Paris", "role": role})).text == "Paris"


def test_choices_are_in_the_order_of_their_indices() -> None:
    def choices(*indices: object) -> dict[str, Any]:
        named = {0: "Paris", 1: "London", 2: "Rome"}
        return {
            "choices": [
                {"index": index, "message": {"content": named.get(index, "Oslo")}}  # type: ignore[call-overload]
                for index in indices
            ]
        }

    completion = read(choices(2, 0, 1))
    assert (completion.text, completion.choices) == ("Paris", ("Paris", "London", "Rome"))
    assert read(choices(1, 0)).text == "Paris"
    assert read(choices(1, None, 0)).text == "London", "without all indices, as listed"
    assert read(choices(0, 0)).choices == ("Paris", "Paris")


@pytest.mark.parametrize("refusal", [True, "true", 1, {"code": 3}, ["no"]])
def test_a_refusal_without_words_is_one_all_the_same(refusal: object) -> None:
    completion = read(saying({"content": "I must not say.", "refusal": refusal}))
    assert (completion.text, completion.finish_reason) == ("I must not say.", "refusal")
    with pytest.raises(NoAnswer, match="refused to answer, and says nothing"):
        read(saying({"content": "", "refusal": refusal}))


def test_a_refusal_in_an_object_is_what_it_says() -> None:
    completion = read(saying({"content": None, "refusal": {"reason": "Not that."}}))
    assert (completion.text, completion.finish_reason) == ("Not that.", "refusal")


@pytest.mark.parametrize("refusal", [False, "", "false", "null", 0, {}, []])
def test_a_refusal_that_is_none_leaves_the_answer(refusal: object) -> None:
    assert read(saying({"content": "Paris", "refusal": refusal})).finish_reason == "stop"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"status": "failed"}, "the reply has the status 'failed'"),
        ({"status": "FAILED", "message": "worker died"}, "the status 'FAILED': worker died"),
        ({"status": "cancelled"}, "the status 'cancelled'"),
        ({"status": "incomplete"}, "the status 'incomplete'"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "failed", "last_error": {"message": "out of memory"}}, "'failed': out of memory"),
        ({"status": "in_progress"}, "the status 'in_progress'"),
        ({"status": "queued"}, "the status 'queued'"),
        ({"status": 503, "message": "busy"}, "busy"),
    ],
)  # fmt: skip
def test_a_reply_with_a_status_that_is_no_success_is_an_error(
    more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ErrorInReply) as caught:
        read({**saying({"content": "Paris"}), **more})
    assert said in caught.value.error.text


@pytest.mark.parametrize(
    "status", ["completed", "success", "ok", "200", 200, "COMPLETED", None, 0, "active", ""]
)
def test_any_other_status_is_no_error(status: object) -> None:
    assert read(saying({"content": "Paris"}, status=status)).text == "Paris"


def test_an_incomplete_reply_that_reached_its_limit_was_cut() -> None:
    details = {"reason": "max_output_tokens"}
    reply = saying({"content": "Paris"}, status="incomplete", incomplete_details=details)
    assert read(reply).finish_reason == "length"


@pytest.mark.parametrize("where", ["reply", "choice", "message"])
def test_a_flag_of_the_answer_counts_wherever_it_stands(where: str) -> None:
    def flagged(name: str) -> Completion:
        reply = saying({"content": "Paris"})
        choice = reply["choices"][0]
        {"reply": reply, "choice": choice, "message": choice["message"]}[where][name] = True
        return read(reply)

    for name in ("output_sensitive", "blocked", "isFiltered", "flagged"):
        with pytest.raises(NoAnswer, match=f"a content filter withheld .*'{name}'"):
            flagged(name)
    for name in ("failed", "timed_out", "is_aborted"):
        with pytest.raises(EndpointDown, match="broke off"):
            flagged(name)
    assert {flagged(name).finish_reason for name in ("is_truncated", "truncated")} == {"length"}
    harmless = ("input_sensitive", "is_safe", "safety_checked", "prompt_truncated", "cached",
                "context_truncated", "moderated", "need_clear_history")  # fmt: skip
    assert {flagged(name).finish_reason for name in harmless} == {"stop"}


@pytest.mark.parametrize("status", ["incomplete", "failed"])
def test_the_status_of_a_choice_or_message_is_read_too(status: str) -> None:
    with pytest.raises(EndpointDown, match=f"broke off the reply .*'{status}'"):
        read(saying({"content": "Paris", "status": status}))
    assert read(saying({"content": "Paris", "status": "completed"})).text == "Paris"


def test_a_content_that_is_no_text_is_named_in_plain_words() -> None:
    for content, said in (
        ({"capital": "Paris"}, "the content is an object without a text: it has 'capital'"),
        ({}, "without a text: it has nothing"),
        ([5], "a part of the content is int, neither text nor object"),
        (42, "content is int, not text"),
        (True, "content is bool, not text"),
    ):
        with pytest.raises(BadReply, match=said) as caught:
            read(saying({"content": content}))
        assert "KeyError" not in str(caught.value)
        assert "TypeError" not in str(caught.value)


def test_parts_that_are_null_are_none() -> None:
    parts = [None, {"type": "text", "text": None}, {"type": "text", "text": "Paris"}]
    assert read(saying({"content": parts})).text == "Paris"
    with pytest.raises(NoAnswer):
        read(saying({"content": parts[:2]}))


def probable(token: object, logprob: object, *top: Any) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "top_logprobs": list(top)}


def test_a_rival_without_a_probability_is_left_out_and_a_token_without_one_takes_all() -> None:
    def logprobs(*rows: Any) -> tuple[TokenLogprob, ...]:
        choice = {"message": {"content": "Paris"}, "logprobs": {"content": [*rows]}}
        completion = read({"choices": [choice]})
        assert completion.text == "Paris"
        return completion.logprobs

    rivals = (probable("P", -0.1), probable("Q", None), probable("R", "NaN"), None, 5,
              probable("S", float("-inf")), {"logprob": -1})  # fmt: skip
    whole = TokenLogprob("P", -0.1, {"P": -0.1})
    assert logprobs(probable("P", -0.1, *rivals)) == (whole,)
    for bad in (
        None,
        "x",
        {"token": "x"},
        probable("x", None),
        probable(None, -1),
        probable("x", True),
    ):
        assert logprobs(probable("P", -0.1), bad) == ()
    assert logprobs({"token": "P", "logprob": -0.1, "top_logprobs": "x"}) == (
        TokenLogprob("P", -0.1),
    )


@given(
    SCRAPS,
    st.sampled_from(
        ["logprobs", "usage", "id", "created", "model", "system_fingerprint", "service_tier",
         "annotations", "audio", "index", "reasoning_content", "stop_reason", "x_groq", "timings",
         "prompt_filter_results", "safety_ratings", "content_filter_results", "context"]
    ),
)  # fmt: skip
def test_odd_members_never_cost_an_answer(scrap: object, name: str) -> None:
    message = {"role": "assistant", "content": "Paris", name: scrap}
    choice = {"message": message, "finish_reason": "stop", name: scrap}
    try:
        completion = read({"choices": [choice, scrap], name: scrap})
    except (NoAnswer, EndpointDown) as error:
        assert "finish reason" in str(error)  # noqa: PT017 - the scrap is a reason that counts
        return
    assert completion.text == "Paris"
