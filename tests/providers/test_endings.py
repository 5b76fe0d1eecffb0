"""How a reply ended, in the words of each service, and what is no final answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmeval.errors import EndpointDown, NoAnswer
from pytest_llmeval.providers.finish import ending
from pytest_llmeval.providers.openai.reply import ErrorInReply, read_completion
from pytest_llmeval.records.call import Completion

WITHHELD = (
    "content-filter", "contentFiltered", "ContentFilter", "CONTENT_FILTER", "content_filter_triggered",
    "safety_filter", "filtered", "flagged", "content_policy_violation", "guardrail", "SPII",
    "guardrail_intervened", "IMAGE_PROHIBITED_CONTENT", "FinishReason.SAFETY", "MODEL_ARMOR", "LANGUAGE",
    "ERROR_TOXIC", "moderation", "sensitive", "risk", "incomplete: content_filter", "content_filter: hate",
    "nsfw",
)  # fmt: skip
BROKEN = (
    "UNEXPECTED_TOOL_CALL", "server_error", "upstream_error", "error: upstream", "incomplete", "terminated",
    "overloaded", "engineOverloaded", "FinishReason.MALFORMED_FUNCTION_CALL", "USER_CANCEL", "cancelled",
    "time_limit", "TOO_MANY_TOOL_CALLS", "insufficient_system_resource", "not_finished",
    "no_capacity", "loop_detected", "repetition",
)  # fmt: skip
CUT = (
    "length", "maxTokens", "MAX_TOKENS", "FinishReason.MAX_TOKENS", "max-tokens", "max_output_tokens",
    "model_length", "tokenLimitReached", "model_context_window_exceeded", "incomplete: max_output_tokens",
)  # fmt: skip
WHOLE = (
    "", "stop", "STOP", "FinishReason.STOP", "FINISH_REASON_STOP", "end_turn", "endTurn", "eos", "eos_token",
    "stop_sequence", "tool_calls", "toolCalls", "tool-calls", "function_call", "COMPLETE", "completed", "done",
)  # fmt: skip
UNFINISHED = (
    "pause_turn", "PAUSED", "in_progress", "inProgress", "requires_action", "input_required", "max_steps",
    "MAX_TURNS", "waiting_for_input", "queued",
)  # fmt: skip
UNKNOWN = ("OTHER", "unknown", "FINISH_REASON_UNSPECIFIED", "asterisk", "colophon")
ENDINGS = {
    "withheld": WITHHELD, "broken": BROKEN, "cut": CUT, "whole": WHOLE, "unfinished": UNFINISHED,
    "unknown": UNKNOWN,
}  # fmt: skip


def read(
    message: dict[str, Any],
    reason: object = "stop",
    body: dict[str, Any] | None = None,
    **choice: Any,
) -> Completion:
    reply = {"choices": [{"message": message, "finish_reason": reason, **choice}]}
    return read_completion(json.dumps(reply), model="m", endpoint="e", latency_s=1.0, body=body)


@pytest.mark.parametrize(
    ("reason", "kind"), [(reason, kind) for kind, names in ENDINGS.items() for reason in names]
)
def test_a_finish_reason_counts_by_its_words(reason: str, kind: str) -> None:
    assert ending(reason) == kind


@pytest.mark.parametrize(
    "reason", ["content-filter", {"reason": "content_filter"}, {"type": "SAFETY"}]
)
def test_a_withheld_text_is_no_answer_in_any_spelling(reason: object) -> None:
    with pytest.raises(NoAnswer, match="a content filter withheld the answer"):
        read({"content": "Paris is"}, reason)


@pytest.mark.parametrize(
    "choice",
    [
        {"native_finish_reason": "SAFETY"},
        {"native_finish_reason": "content_filter"},
        {"stop_reason": "refusal"},
        {"finish_details": {"type": "content_filter"}},
        {"content_filter_results": {"hate": {"filtered": False}, "violence": {"filtered": True}}},
        {"content_filter_results": {"custom_blocklists": {"filtered": True, "details": []}}},
        {"safety_ratings": [{"category": "HARM", "blocked": True}]},
        {"finishReason": "SAFETY"},
        {"stopReason": "guardrail_intervened"},
        {"amazon-bedrock-guardrailAction": "INTERVENED"},
    ],
)
def test_a_filter_is_read_wherever_a_service_names_it(choice: dict[str, Any]) -> None:
    with pytest.raises(NoAnswer, match="a content filter withheld the answer"):
        read({"content": "Paris is"}, **choice)


def test_what_stands_next_to_a_whole_answer_does_not_end_it() -> None:
    filters = {"hate": {"filtered": False, "severity": "safe"}, "jailbreak": {"detected": True}}
    assert read({"content": "Paris"}, content_filter_results=filters).text == "Paris"
    assert read({"content": "Paris"}, native_finish_reason="completed", stop_reason=128009).text
    # vLLM writes the stop text that it met.
    assert read({"content": "Paris"}, body={"stop": ["error"]}, stop_reason="error").text == "Paris"
    assert read({"content": "Paris"}, native_finish_reason="MAX_TOKENS").finish_reason == "length"


def test_an_upstream_error_behind_a_plain_stop_is_one() -> None:
    with pytest.raises(EndpointDown, match="broke off the reply"):
        read({"content": "Par"}, native_finish_reason="upstream_error")


@pytest.mark.parametrize("choice", [{}, {"stop_reason": "pause_turn"}, {"status": "in_progress"}])
def test_the_text_of_an_unfinished_turn_is_no_final_answer(choice: dict[str, Any]) -> None:
    reason = "stop" if choice else "requires_action"
    with pytest.raises(NoAnswer, match="the turn is not finished"):
        read({"content": "Let me search for Paris."}, reason, **choice)


def test_a_reason_in_another_spelling_counts_like_the_usual_one() -> None:
    cut = {"choices": [{"message": {"content": "Par"}}], "done_reason": "length"}
    completion = read_completion(json.dumps(cut), model="m", endpoint="e", latency_s=1.0)
    assert completion.finish_reason == "length"
    assert read({"content": "Par"}, None, finishReason="MAX_TOKENS").finish_reason == "length"
    assert read({"content": "Paris"}, None, finishReason="OTHER").finish_reason == "OTHER"
    passed = {"amazon-bedrock-guardrailAction": "NONE", "stopReason": "end_turn"}
    assert read({"content": "Paris"}, None, **dict[str, Any](passed)).text == "Paris"


def test_an_unknown_reason_leaves_the_answer_and_its_name() -> None:
    completion = read({"content": "Paris"}, "OTHER")
    assert (completion.text, completion.finish_reason) == ("Paris", "OTHER")


DSML = "\uff5cDSML\uff5c"
CALL = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}


@pytest.mark.parametrize("reason", ["tool_calls", "tool-calls", "function_call", "tool_use"])
def test_a_text_before_a_tool_call_is_not_the_final_answer(reason: str) -> None:
    with pytest.raises(NoAnswer, match=r"called look_up .* says 'Let me check Paris.' first"):
        read({"content": "Let me check Paris.", "tool_calls": [CALL]}, reason)
    parts = [{"type": "text", "text": "Let me check."}, {"type": "tool_use", "name": "look_up"}]
    with pytest.raises(NoAnswer, match="called look_up"):
        read({"content": parts}, reason)


@pytest.mark.parametrize("reason", ["stop", None, "length", "eos", "end_turn"])
def test_a_call_counts_whatever_the_finish_reason_says(reason: str | None) -> None:
    """Gemini's OpenAI layer, Ollama, vLLM and a forced tool end with ``stop``."""
    said = {"content": "I will look up Paris."}
    for call in ({"tool_calls": [CALL]}, {"function_call": CALL["function"]}):
        with pytest.raises(NoAnswer, match=r"called look_up .* says 'I will look up Paris.' first"):
            read({**said, **call}, reason)


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [{}],
        [{"id": "1"}],
        [{**CALL, "id": "srvtoolu_1"}],
        [{**CALL, "status": "completed"}],
        [{**CALL, "output": "found"}],
    ],
)
def test_a_call_without_a_name_or_that_the_endpoint_has_run_leaves_the_answer(
    calls: list[Any],
) -> None:
    assert read({"content": "Paris", "tool_calls": calls}).text == "Paris"


@pytest.mark.parametrize("calls", [None, []])
def test_a_reason_without_a_call_leaves_the_answer(calls: list[Any] | None) -> None:
    assert read({"content": "Paris", "tool_calls": calls}, "tool_calls").text == "Paris"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('<tool_call>\n{"name": "look_up", "arguments": {}}\n</tool_call>', "look_up"),
        ('<think>Hm.</think><tool_call>{"name": "look_up"}', "look_up"),
        ('[TOOL_CALLS] [{"name": "look_up", "arguments": {}}]', "look_up"),
        ('[TOOL_CALLS]look_up{"city": "Paris"}', "look_up"),
        ('<|python_tag|>look_up(city="Paris")', "look_up"),
        ('<function=look_up>{"city": "Paris"}</function>', "look_up"),
        ('<function_calls><invoke name="look_up"></invoke></function_calls>', "look_up"),
        ('[TOOL_REQUEST]{"name": "look_up"}[END_TOOL_REQUEST]', "look_up"),
        ("```tool_code\nlook_up(1)\n```", "look_up"),
        ("<\uff5ctool▁calls▁begin\uff5c><\uff5ctool▁call▁begin\uff5c>function", "a tool"),
        ("<|channel|>commentary to=functions.look_up <|message|>{}<|call|>", "look_up"),
        (
            "<|start|>assistant to=functions.look_up<|channel|>commentary json<|message|>{}<|call|>",
            "look_up",
        ),
        ('<TOOLCALL>[{"name": "look_up"}]</TOOLCALL>', "look_up"),
        (
            f'<{DSML}function_calls><{DSML}invoke name="look_up"></{DSML}invoke></{DSML}function_calls>',
            "look_up",
        ),
        (
            "<function=look_up>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>",
            "look_up",
        ),
        ("<function=look_up></function>", "look_up"),
        ('<function name="look_up"><param name="city">Paris</param></function>', "look_up"),
        (
            "<tool_call>look_up\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>",
            "look_up",
        ),
        ('<function_calls>\nlook_up(city="Paris")\n</function_calls>', "look_up"),
        ('<tool_use><name>look_up</name><arguments>{"a": 1}</arguments></tool_use>', "look_up"),
        (
            '<minimax:tool_call><invoke name="look_up"><parameter name="a">1</parameter></invoke></minimax:tool_call>',
            "look_up",
        ),
        ('<tool_call>{"name": "look_up"}</tool_call><|im_end|>', "look_up"),
        (
            '<xai:function_call name="look_up"><parameter name="a">1</parameter></xai:function_call>',
            "look_up",
        ),
        ("<use_mcp_tool><server_name>maps</server_name>Paris</use_mcp_tool>", "a tool"),
        (
            "<call_tool><tool_name>look_up</tool_name><arguments>{}</arguments></call_tool>",
            "look_up",
        ),
        ("<tool_code>\nlook_up('Paris')\n</tool_code>", "look_up"),
        ("<tool_code>\nx = 1\nlook_up(x)\n</tool_code>", "look_up"),
        ('commentary to=functions.look_up json{"a": 1}', "look_up"),
        ('to=functions.look_up <|message|>{"a": 1}', "look_up"),
        ('assistant to=functions.look_up code {"a": 1}', "look_up"),
    ],
)
def test_a_tool_call_written_as_text_is_no_answer(content: str, name: str) -> None:
    with pytest.raises(NoAnswer, match=f"the model called {name} and gave no answer"):
        read({"content": content})


@pytest.mark.parametrize(
    ("preamble", "call"),
    [
        ("I will look up Paris.", '\n<tool_call>{"name": "look_up"}</tool_call>'),
        ("I will look up Paris:", ' <tool_call>{"name": "look_up"}</tool_call>'),
        ("I will look up Paris", '\n<tool_call>{"name": "look_up"}'),
        ("Paris", '[TOOL_CALLS][{"name": "look_up"}]'),
        ("Let me see Paris.", "<|tool_calls_section_begin|><|tool_call_begin|>functions.look_up:0"
         '<|tool_call_argument_begin|>{"a": 1}<|tool_call_end|><|tool_calls_section_end|>'),
        ("I will check.", '\n\n<function_calls><invoke name="look_up"></invoke></function_calls>'),
        ("Paris", '<|action_start|><|plugin|>{"name": "look_up"}<|action_end|>'),
        ("Plan: Paris", '\nAction: ```json\n[{"tool_name": "look_up", "parameters": {}}]\n```'),
        ("Paris?", "\n```tool_code\nlook_up(1)\n```"),
        ("Paris?", "\n<function=look_up>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>"),
    ],
)  # fmt: skip
def test_what_stands_before_a_call_as_text_is_no_answer(preamble: str, call: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        read({"content": preamble + call})
    assert f"called look_up and gave no final answer: it says {preamble!r} first" in str(
        caught.value
    )


@pytest.mark.parametrize(
    "content",
    [
        "<tool_call>x</tool_call> is how Qwen calls a tool.",
        "[TOOL_CALLS] is a token of Mistral.",
        "Use <tool_call>.",
        '{"name": "look_up", "arguments": {}}',
        "functools is a module.",
        "The tag <|channel|>commentary to=functions.get_weather means a call.",
        '<function name="add">adds</function>',
        "<invoke>x</invoke>",
        '<invoke url="x"><param>1</param></invoke>',
        '<root>\n<invoke name="x"><param>1</param></invoke>\n</root>',
        'Qwen writes <tool_call>{"name": "f"}</tool_call>',
        '```xml\n<tool_call>{"name": "f"}</tool_call>\n```',
        'It is `<tool_call>{"name": "f"}</tool_call>`.',
        'Mistral writes [TOOL_CALLS][{"name": "f"}] first.',
        "<tool_calls>5</tool_calls>",
        "<tool_use>Hammer</tool_use>",
        "def f(x):\n    return functools.reduce(x)",
        "<tool_request>Hammer</tool_request>",
        "<use_tool>Hammer</use_tool>",
        "<use_tool>hammer (large)</use_tool>",
        "<tool_code>ABC-123</tool_code>",
        '<tool name="hammer">x</tool>',
        "<tool_code>",
        "to=functions.f is the header of a call.",
        "It writes `commentary to=functions.f json{}`",
        'git push to=functions.f {"a": 1}',
        'Thought: I look.\nAction: look_up\nAction Input: {"a": 1}\nObservation:',
        "[look_up(city='Paris')]",
    ],
)
def test_a_text_about_tool_calls_is_an_answer(content: str) -> None:
    assert read({"content": content}).text == content


TOOLS = {"tools": [{"type": "function", "function": {"name": "look_up"}}, None, {"function": 5}]}


@pytest.mark.parametrize("body", [TOOLS, {"functions": [{"name": "look_up"}]}])
@pytest.mark.parametrize(
    "content",
    [
        'Thought: I look.\nAction: look_up\nAction Input: {"a": 1}\nObservation:',
        "[look_up(city='Paris')]",
        "look_up(city='Paris')",
        'I look it up.\n```json\n{"tool": "look_up", "args": {"a": 1}}\n```',
        '{"name": "look_up", "arguments": {"a": 1}}',
        '{"type": "function", "function": {"name": "look_up", "parameters": {}}}',
    ],
)
def test_a_call_of_a_tool_that_the_request_offers_is_one_in_any_format(
    body: dict[str, Any], content: str
) -> None:
    with pytest.raises(NoAnswer, match="the model called look_up and gave no answer"):
        read({"content": content}, body=body)
    assert read({"content": content}).text == content, "without such a tool, it may be demanded"


@pytest.mark.parametrize(
    "content",
    [
        "I used look_up (twice): Paris.",
        "The tool look_up is not needed.",
        '{"name": "France", "capital": "Paris"}',
        "Action: none",
    ],
)
def test_an_answer_that_speaks_of_an_offered_tool_is_one(content: str) -> None:
    assert read({"content": content}, body=TOOLS).text == content


@pytest.mark.parametrize("gap", ["\n", " ", "\n ", "[ ", "\n```x"])
def test_a_long_text_is_searched_for_calls_in_linear_time(gap: str) -> None:
    assert read({"content": f"x{50_000 * gap}y"}, body=TOOLS).text.endswith("y")


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (
            {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
            402,
            "insufficient",
        ),
        ({"base_resp": {"status_code": 1000, "status_msg": ""}}, 502, "status code 1000"),
        ({"errors": [{"message": "boom"}]}, 502, "boom"),
        ({"errors": "boom"}, 502, "boom"),
        ({"object": "error", "message": "no", "code": 400}, 400, "no"),
        ({"code": 429, "msg": "slow down"}, 429, "slow down"),
        ({"error_code": 17, "error_msg": "daily limit"}, 502, "daily limit"),
    ],
)
def test_an_error_next_to_choices_is_an_error(more: dict[str, Any], status: int, said: str) -> None:
    reply = {"choices": [{"message": {"content": "Paris"}, "finish_reason": "stop"}], **more}
    with pytest.raises(ErrorInReply) as caught:
        read_completion(json.dumps(reply), model="m", endpoint="e", latency_s=1.0)
    assert caught.value.error.status == status
    assert said in caught.value.error.text


@pytest.mark.parametrize(
    "more",
    [
        {"base_resp": {"status_code": 0, "status_msg": "success"}},
        {"base_resp": None, "errors": [], "code": 0, "msg": "success", "success": True},
        {"errors": None, "error_code": 0, "code": "200", "object": "chat.completion"},
    ],
)
def test_a_report_of_success_is_no_error(more: dict[str, Any]) -> None:
    reply = {"choices": [{"message": {"content": "Paris"}, "finish_reason": "stop"}], **more}
    assert (
        read_completion(json.dumps(reply), model="m", endpoint="e", latency_s=1.0).text == "Paris"
    )


@pytest.mark.parametrize(
    "more",
    [
        {"error": {"message": "", "code": None}},
        {"error": {"message": None, "type": "", "code": 0}},
        {"error_code": "00000"},
        {"error_code": 0, "error_msg": ""},
        {"error": {}},
        {"errors": []},
    ],
)
def test_an_error_without_a_word_or_with_the_code_of_success_is_none(more: dict[str, Any]) -> None:
    reply = {"choices": [{"message": {"content": "Paris"}, "finish_reason": "stop"}], **more}
    text = json.dumps(reply)
    assert read_completion(text, model="m", endpoint="e", latency_s=1.0).text == "Paris"
