"""A reply without an answer is an error of its case, and stays nowhere as an answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mock_endpoint import MockEndpoint, Received, Reply
from tests.plugin.conftest import Project, project

__all__ = ["project"]


def choice(message: dict[str, Any], finish: str = "stop", **more: Any) -> str:
    first = {"index": 0, "message": message, "finish_reason": finish, **more}
    return json.dumps(
        {"model": "m", "choices": [first], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}
    )


CALL = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
ODD = {
    "choice-error": choice({"content": ""}, "error", error={"code": 502, "message": "upstream idle timeout"}),
    "choice-error-with-text": choice({"content": "Par"}, "error"),
    "filtered": choice({"content": ""}, "content_filter"),
    "filtered-in-part": choice({"content": "Par"}, "content_filter"),
    "tool-call": choice({"content": None, "tool_calls": [CALL]}, "tool_calls"),
    "preamble": choice({"content": "Paris? Let me check.", "tool_calls": [CALL]}, "tool_calls"),
    "preamble-stop": choice({"content": "Paris? Let me check.", "tool_calls": [CALL]}, "stop"),
    "preamble-as-text": choice({"content": 'Paris?\n<tool_call>{"name": "look_up"}</tool_call>'}),
    "tool-call-as-text": choice({"content": '<tool_call>{"name": "look_up"}</tool_call>'}),
    "camel-filter": choice({"content": "Paris is"}, "contentFiltered"),
    "hidden-filter": choice({"content": "Paris is"}, native_finish_reason="SAFETY"),
    "analysis": choice({"content": "<|channel|>analysis<|message|>Is it Paris?"}),
    "only-control": choice({"content": "<|im_end|>"}),
    "balance": json.dumps({**json.loads(choice({"content": "Paris"})),
                           "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
    "echo": choice({"role": "user", "content": "Paris"}),
    "failed": json.dumps({**json.loads(choice({"content": "Paris"})), "status": "failed"}),
    "vendor-tag": choice({"content": "<longcat_think>Paris"}),
    "xai-call": choice({"content": '<xai:function_call name="f"><parameter name="a">1</parameter></xai:function_call>'}),
    "empty": choice({"content": ""}),
    "absent": choice({}),
    "only-reasoning": choice({"content": None, "reasoning_content": "Lyon?"}),
    "cut-while-thinking": choice({"content": "<think>Lyon? It"}, "length"),
    "credit": json.dumps({"error": {"message": "Insufficient credits", "code": 402}}),
    "no-choices": json.dumps({"choices": []}),
    "null-choices": json.dumps({"choices": None}),
    "page": "<html><title>Sign in</title></html>",
    "stream": 'data: {"choices": []}\n\ndata: [DONE]\n\n',
}  # fmt: skip
SAID = {
    "choice-error": "an error in a reply with status 200 (code 502): upstream idle timeout",
    "choice-error-with-text": "the endpoint broke off the reply (finish reason 'error')",
    "filtered": "a content filter withheld the answer",
    "filtered-in-part": "a content filter withheld the answer",
    "tool-call": "the model called look_up and gave no answer",
    "preamble": "the model called look_up and gave no final answer",
    "preamble-stop": "the model called look_up and gave no final answer",
    "preamble-as-text": "the model called look_up and gave no final answer",
    "tool-call-as-text": "the model called look_up and gave no answer",
    "camel-filter": "a content filter withheld the answer (finish reason 'contentFiltered')",
    "hidden-filter": "a content filter withheld the answer (finish reason 'SAFETY')",
    "analysis": "only reasoning and no answer",
    "only-control": "no answer: its text is empty",
    "balance": "insufficient balance. The account has no credit left.",
    "echo": "the message has the role 'user'",
    "failed": "the reply has the status 'failed'",
    "vendor-tag": "only reasoning and no answer",
    "xai-call": "the model called f and gave no answer",
    "empty": "no answer: its text is empty (finish reason 'stop')",
    "absent": "no answer: its text is empty (finish reason 'stop')",
    "only-reasoning": "only reasoning and no answer",
    "cut-while-thinking": "only reasoning and was cut at the token limit of the endpoint",
    "credit": "Insufficient credits. The account has no credit left.",
    "no-choices": "the reply has no choices",
    "null-choices": "the reply has no choices",
    "page": "found a web page: 'Sign in'. Check the base URL.",
    "stream": "found a stream of events in one body",
}
ANSWERS = {
    "refusal": choice({"content": None, "refusal": "I cannot help with that."}),
    "parts": choice({"content": [{"type": "output_text", "text": "Paris"}]}),
    "think": choice({"content": "<think>Lyon?</think>\nParis"}),
    "odd-ending": choice({"content": "Paris"}, "OTHER"),
    "run-on": choice({"content": "Paris<|im_end|>\n<|im_start|>user\nNext?<|im_end|>"}),
    "odd-logprobs": json.dumps(
        {"choices": [{"message": {"content": "Paris"}, "logprobs": {"content": [None]}}]}
    ),
}


class OddEndpoint(MockEndpoint):
    """Replies as the prompt says, by the name of an odd reply."""

    def arrived(self, request: Received) -> tuple[Reply | None, str]:
        plain = super().arrived(request)
        replies = {**ODD, **ANSWERS}
        named = [name for name in replies if request.text.endswith(f"reply {name}")]
        return (Reply(200, replies[named[0]]), "") if named else plain


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    with OddEndpoint() as server:
        yield server


def golden(names: list[str]) -> str:
    return "id,prompt,expected\n" + "".join(f"{name},Please reply {name},Paris\n" for name in names)


def stored(project: Project) -> list[str]:
    """The texts in the completion store."""
    connection = sqlite3.connect(project.path / ".llmeval/completions.sqlite")
    try:
        rows = connection.execute("SELECT completion FROM completions").fetchall()
    finally:
        connection.close()
    return sorted(json.loads(row[0])["text"] for row in rows)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_no_odd_reply_passes_a_bound_or_stays_in_store_and_recording(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.write("golden/odd.csv", golden([*ODD, *ANSWERS]))
    args = (
        "golden/odd.csv",
        "--llm-model",
        "m",
        "--llm-retries",
        "0",
        "--llm-record",
        "new_episodes",
    )

    result = project.run(*args, "--llm-threshold", "length<=100", *workers)

    assert result.ret == 10
    passed = dict.fromkeys(ANSWERS, "passed")
    assert project.outcomes() == {**dict.fromkeys(ODD, "error"), **passed}
    messages = {row["case"]["id"]: row["message"] for row in project.report()["results"]}
    for name, said in SAID.items():
        assert said in messages[name]
    texts = ["I cannot help with that.", "Paris", "Paris", "Paris", "Paris", "Paris"]
    assert stored(project) == texts
    lines = (project.path / "golden/recordings/odd.csv.jsonl").read_text().splitlines()
    recorded = [json.loads(line)["completion"]["text"] for line in lines if '"completion"' in line]
    assert sorted(recorded) == texts
    reasons = {row["case"]["id"]: row["completion"] for row in project.report()["results"]}
    assert reasons["refusal"]["finish_reason"] == "refusal"
    assert "1 case had an answer with the unknown finish reason 'OTHER'" in result.stdout.str()
    bound = ("--llm-threshold", "length<=100", "--llm-strict")
    strict = project.run("golden/odd.csv::odd-ending", "--llm-model", "m", *bound)
    assert "The answer of 1 case ended with an unknown reason: 'OTHER'" in strict.stdout.str()
    run_on = "1 case had an answer that went on behind the end of its turn (<|im_end|>)"
    assert run_on in result.stdout.str()
    assert reasons["think"]["raw_text"] == "<think>Lyon?</think>\nParis"


def test_an_empty_reply_is_tried_twice_more_and_what_it_cost_is_counted(project: Project) -> None:
    project.write("golden/odd.csv", golden(["empty"]))
    project.write("pytest.ini", "[pytest]\nllm_prices = m = 1000 1000\n")

    result = project.run("golden/odd.csv", "--llm-model", "m", "--llm-threshold", "length<=100")

    assert result.ret == 10
    assert project.endpoint.count() == 3
    [usd] = [row[0] for row in project.query("SELECT spent_usd FROM runs")]
    assert usd == pytest.approx(3 * 12 * 1000 / 1_000_000)


BLANK = {"text": "", "finish_reason": "content_filter"}
"""What an earlier release kept of a filtered reply."""


def test_a_blank_answer_that_an_earlier_release_stored_is_asked_again(project: Project) -> None:
    args = ("golden/faq.csv", "--llm-model", "m", "--llm-threshold", "length<=100")
    assert project.run(*args).ret == 0
    connection = sqlite3.connect(project.path / ".llmeval/completions.sqlite")
    for key, text in connection.execute("SELECT key, completion FROM completions").fetchall():
        changed = json.dumps({**json.loads(text), **BLANK})
        connection.execute("UPDATE completions SET completion = ? WHERE key = ?", (changed, key))
    connection.commit()
    connection.close()

    assert project.run(*args, "-n", "2").ret == 0

    assert project.endpoint.count() == 6
    assert all(stored(project))
    assert project.run(*args).ret == 0
    assert project.endpoint.count() == 6


def test_a_blank_answer_in_a_recording_is_no_answer_and_can_be_recorded_again(
    project: Project,
) -> None:
    args = (
        "golden/faq.csv",
        "--llm-model",
        "m",
        "--llm-threshold",
        "length<=100",
        "--llm-no-cache",
    )
    assert project.run(*args, "--llm-record", "once").ret == 0
    path = project.path / "golden/recordings/faq.csv.jsonl"
    lines = []
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if entry.get("case") == "shipping":
            entry["completion"].update(BLANK)
        lines.append(json.dumps(entry))
    path.write_text("\n".join(lines) + "\n")

    for mode in ("none", "once"):
        result = project.run(*args, "--llm-record", mode)
        assert result.ret == 10
        [message] = [row["message"] for row in project.report()["results"] if row["message"]]
        assert "golden/recordings/faq.csv.jsonl: the entry of 'shipping' (answer, key " in message
        assert "holds no answer (finish reason 'content_filter')" in message
        assert "Record it again with --llm-record all." in message
    assert project.run(*args, "--llm-record", "new_episodes").ret == 0
    assert project.endpoint.count() == 4
    assert project.run(*args, "--llm-record", "none").ret == 0


def test_an_application_may_answer_with_an_empty_text(project: Project) -> None:
    project.write(
        "app.py",
        """
        from pytest_llmeval import Completion

        def nothing(case):
            return ""

        def filtered(case):
            return Completion("", finish_reason="content_filter")

        def absent(case):
            return None

        def streamed(case):
            yield "Paris"

        async def streamed_later(case):
            yield "Paris"

        class Message:
            content = ""
            tool_calls = [{"name": "look_up", "args": {}, "id": "1"}]
            response_metadata = {"finish_reason": "tool_calls"}

        class Chain:
            def invoke(self, prompt):
                return Message()
        """,
    )
    bound = ("--llm-threshold", "length<=100", "golden/faq.csv")
    assert project.run(*bound, "--llm-provider", "python:app:nothing").ret == 0
    for name, said in {
        "filtered": "a content filter withheld the answer",
        "absent": "absent returned NoneType None; allowed: str or Completion",
        "streamed": "streamed returned generator",
        "streamed_later": "streamed_later returned async_generator",
        "Chain": "the model called look_up and gave no answer",
    }.items():
        result = project.run(
            *bound, "--llm-provider", f"python:app:{name}", "-p", "no:cacheprovider"
        )
        assert result.ret == 10
        assert said in project.report()["results"][0]["message"]
