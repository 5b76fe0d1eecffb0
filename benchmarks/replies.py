"""What the endpoint answers: a text, or the verdict of a judge that goes by content."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

EXPECTED_SCORE = 5
CHARACTERS_PER_TOKEN = 4
BLOCK = re.compile(r"<([a-z]+)-([0-9a-f]{16,})>\n(.*?)\n</\1-\2>", re.DOTALL)
"""A text under judgement, as the package's prompt and the floor's delimit it."""
MARK = "|"


class UnreadableRequest(ValueError):
    """A judge's prompt that lacks a question, an answer or an expected answer."""


@dataclass(frozen=True)
class Reply:
    """A reply to a chat completions request.

    Attributes:
        body: The reply as JSON.
        text: What the model says in it.
        prompt_tokens: Tokens of the request.
        completion_tokens: Tokens of the text.
    """

    body: str
    text: str
    prompt_tokens: int
    completion_tokens: int


def number(*parts: object) -> int:
    """Compute a number that depends on the parts alone: the same in every process and run."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def answer_to(prompt: str) -> str:
    """Generate the text for a prompt."""
    return f"Answer {number(prompt):020d}: we will look into it and write to you within two days."


def is_judge_call(request: dict[str, Any]) -> bool:
    """Whether a request wants a verdict, which is the only thing wanted in JSON."""
    wanted = request.get("response_format") or {}
    return bool(wanted.get("type", "text") != "text")


def judged_texts(request: dict[str, Any]) -> dict[str, str]:
    """Read question, answer and expected answer out of a judge's prompt.

    Raises:
        UnreadableRequest: One of them is missing.
    """
    prompt = str(request["messages"][-1]["content"])
    texts = {name: _unmarked(text) for name, _, text in BLOCK.findall(prompt)}
    missing = {"question", "answer", "expected"} - set(texts)
    if missing:
        raise UnreadableRequest(
            f"the judge's prompt has no block for {', '.join(sorted(missing))}: "
            "benchmarks/replies.py reads blocks <NAME-CODE>"
        )
    return texts


def score_of(texts: dict[str, str], lowest_score: int, highest_score: int) -> int:
    """Score an answer by its content.

    The expected answer is worth 5. What this endpoint generates for the question is worth
    between ``lowest_score`` and ``highest_score``. Everything else is wrong and worth 0: an empty
    answer, one to another question, an order to give 5. So this judge passes the self-test.
    """
    answer = texts["answer"]
    if answer == texts["expected"]:
        return EXPECTED_SCORE
    if answer == answer_to(texts["question"]):
        scores = highest_score + 1 - lowest_score
        return lowest_score + number("score", texts["question"]) % scores
    return 0


def completion(request: dict[str, Any], key: str, lowest_score: int, highest_score: int) -> Reply:
    """Reply to a chat completions request.

    Args:
        request: The request.
        key: What identifies its body.
        lowest_score: The judge's lowest score of an answer of this endpoint.
        highest_score: The judge's highest score of such an answer.

    Raises:
        UnreadableRequest: It asks for a verdict on texts that cannot be read.
    """
    if is_judge_call(request):
        score = score_of(judged_texts(request), lowest_score, highest_score)
        text = json.dumps(_verdict(request["response_format"], score))
    else:
        text = answer_to(str(request["messages"][-1]["content"]))
    characters = sum(len(str(message.get("content"))) for message in request["messages"])
    prompt_tokens = characters // CHARACTERS_PER_TOKEN + 1
    completion_tokens = len(text) // CHARACTERS_PER_TOKEN + 1
    message = {"role": "assistant", "content": text}
    reply = {
        "id": f"chatcmpl-{key}",
        "object": "chat.completion",
        "model": request.get("model", "mock-1"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }
    return Reply(json.dumps(reply), text, prompt_tokens, completion_tokens)


def _unmarked(text: str) -> str:
    """The text without the mark with which each line of an answer begins."""
    return "\n".join(line.removeprefix(MARK).strip() for line in text.strip().splitlines())


def _verdict(wanted: dict[str, Any], score: int) -> dict[str, Any]:
    """Fill the schema: the score at every number and a reason at every text."""
    schema = wanted.get("json_schema", {}).get("schema", {})
    properties = schema.get("properties") or {
        "reason": {"type": "string"},
        "score": {"type": "number"},
    }
    values: dict[str, object] = {"string": "by its content", "boolean": score >= 4}
    return {name: values.get(str(rule.get("type")), score) for name, rule in properties.items()}
