"""What the endpoint of the benchmarks answers: a text, or a verdict in the shape that was asked for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

HIGHEST_SCORE = 5
CHARACTERS_PER_TOKEN = 4


def number(*parts: object) -> int:
    """A number that depends on the parts alone: the same in every process and run."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def answer(prompt: str) -> str:
    """The text generated for a prompt."""
    return f"Answer {number(prompt):020d}: we will look into it and write to you within two days."


def completion(request: dict[str, Any], body: str, lowest_score: int) -> tuple[str, int, int]:
    """A reply to a chat completions request.

    Args:
        request: The request.
        body: What identifies its body.
        lowest_score: The judge's scores lie between this and 5.

    Returns:
        The reply as JSON, its prompt tokens and its completion tokens.
    """
    wanted = request.get("response_format") or {}
    if wanted.get("type", "text") == "text":
        text = answer(str(request["messages"][-1]["content"]))
    else:
        text = json.dumps(
            _verdict(
                wanted, lowest_score + number("score", body) % (HIGHEST_SCORE + 1 - lowest_score)
            )
        )
    asked = sum(len(str(message.get("content"))) for message in request["messages"])
    tokens = asked // CHARACTERS_PER_TOKEN + 1, len(text) // CHARACTERS_PER_TOKEN + 1
    reply = {
        "id": f"chatcmpl-{body}",
        "object": "chat.completion",
        "model": request.get("model", "mock-1"),
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        ],
        "usage": {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "total_tokens": sum(tokens),
        },
    }
    return json.dumps(reply), *tokens


def _verdict(wanted: dict[str, Any], score: int) -> dict[str, Any]:
    """Score at every number and reason at every text of the schema, or of our own where none was given."""
    schema = wanted.get("json_schema", {}).get("schema", {})
    properties = schema.get("properties") or {
        "reason": {"type": "string"},
        "score": {"type": "number"},
    }
    texts = {"string": "as the benchmark decides", "boolean": score >= 4}
    return {name: texts.get(str(rule.get("type")), score) for name, rule in properties.items()}
