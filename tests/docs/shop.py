"""The model and the judge that the pages talk to: a real endpoint on loopback with scripted answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.mock_endpoint import MockEndpoint, Received, Reply

SCRIPT: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("answers.json").read_text(encoding="utf-8")
)


class ShopEndpoint(MockEndpoint):
    """Answers the questions of ``answers.json``, and judges those answers; else as `MockEndpoint` does.

    An entry counts for a request that holds all of its ``about``. ``answer`` is what the model
    says; ``score`` and
    ``reason`` are the judge's, ``reply`` is that of a judge that gives something else.
    """

    def arrived(self, request: Received) -> tuple[Reply | None, str]:
        """Note a request.

        Returns:
            The scripted reply, if any, and the fault to show, if any.
        """
        reply, fault = super().arrived(request)
        text = _scripted(request)
        if reply is None and text:
            usage = {
                "prompt_tokens": len(request.text) // 4,
                "completion_tokens": len(text) // 4 + 1,
            }
            choice = {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
            body = {
                "object": "chat.completion",
                "model": request.body["model"],
                "choices": [choice],
                "usage": usage,
            }
            reply = Reply(200, json.dumps(body))
        return reply, fault


def _scripted(request: Received) -> str:
    entries = [entry for entry in SCRIPT if all(part in request.text for part in entry["about"])]
    if request.kind == "generation":
        return str(next((entry["answer"] for entry in entries if "answer" in entry), ""))
    if request.kind == "embedding":
        return ""
    replies = (entry for entry in entries if "reply" in entry or "score" in entry)
    judged = (
        entry.get("reply") or {"reason": entry["reason"], "score": entry["score"]}
        for entry in replies
    )
    return next(map(json.dumps, judged), "")
