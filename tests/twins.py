"""Loopback twins of endpoints: each refuses what the real one refuses, in the words of the real one.

The words are those of public issues and documentation. A twin is chosen by the first part of the path of its base
URL. Behind what it refuses, each answers and judges alike: it knows the capital of France, judges an answer by the
expected one, and finds the word "stupid" toxic.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.mock_endpoint import BLOCK, MockEndpoint, Received, Reply

Body = dict[str, Any]
Refusal = tuple[int, Any]
"""The status of an error, and its body."""

TEXT, INSULT = "Paris", "You are stupid."
REASONING_TOKENS = 900
"""Tokens that a twin with ``reasons`` needs before it says a word."""


@dataclass(frozen=True)
class Twin:
    """One endpoint.

    Attributes:
        refuse: Returns the refusal of a request, or ``None``.
        dress: Turns content and request into the message of the reply.
        reasons: Whether it reasons before it answers, within the token limit.
        sends_logprobs: Whether it sends log probabilities where they are requested.
        takes_formats: Whether the reply follows the response format.
    """

    refuse: Callable[[Body, int], Refusal | None] = lambda body, number: None
    dress: Callable[[str], Body] = lambda content: {"content": content}
    reasons: bool = False
    sends_logprobs: bool = False
    takes_formats: bool = True


def openai(message: str, **more: Any) -> Any:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


def unsupported(name: str, hint: str = "") -> Refusal:
    message = f"Unsupported parameter: '{name}' is not supported with this model.{hint}"
    return 400, openai(message, param=name, code="unsupported_parameter")


def refuse_as_gpt_5(body: Body, number: int) -> Refusal | None:
    if "max_tokens" in body:
        return unsupported("max_tokens", " Use 'max_completion_tokens' instead.")
    for name in ("temperature", "top_p"):
        if body.get(name, 1) != 1:
            message = f"Unsupported value: '{name}' does not support {body[name]} with this model. "
            message += "Only the default (1) value is supported."
            return 400, openai(message, param=name, code="unsupported_value")
    if body.get("logprobs"):
        return 403, openai("You are not allowed to request logprobs from this model.", param=None)
    if "stop" in body:
        return unsupported("stop")
    schema = str(body.get("response_format", {}).get("json_schema"))
    for keyword in ("minimum", "maximum"):
        if f"'{keyword}'" in schema:
            message = "Invalid schema for response_format 'judgement': In context=('properties', "
            message += f"'score'), '{keyword}' is not permitted."
            return 400, openai(message, param="response_format", code=None)
    return None


def refuse_as_o1_mini(body: Body, number: int) -> Refusal | None:
    for position, message in enumerate(body["messages"]):
        if message["role"] == "system":
            name = f"messages[{position}].role"
            text = f"Unsupported value: '{name}' does not support 'system' with this model."
            return 400, openai(text, param=name, code="unsupported_value")
    if "response_format" in body:
        return 400, openai(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
            param=None, code=None,
        ) if body["response_format"]["type"] == "json_schema" else unsupported("response_format")  # fmt: skip
    refusal = refuse_as_gpt_5(body, number)
    if (
        refusal is None
        and body.get("max_completion_tokens", REASONING_TOKENS * 2) < REASONING_TOKENS
    ):
        message = (
            "Could not finish the message because max_tokens or model output limit was reached. "
        )
        return 400, openai(message + "Please try again with higher max_tokens.", param=None)
    return refusal


def vllm(message: str) -> Refusal:
    return 400, {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": 400}  # fmt: skip


def alternates(body: Body) -> bool:
    roles = [message["role"] for message in body["messages"]]
    return all(role == ("user", "assistant")[at % 2] for at, role in enumerate(roles))


def refuse_as_gemma(body: Body, number: int) -> Refusal | None:
    if body["messages"][0]["role"] == "system":
        return vllm("System role not supported")
    if not alternates(body):
        return vllm("Conversation roles must alternate user/assistant/user/assistant/...")
    return None


def refuse_as_llama_cpp(body: Body, number: int) -> Refusal | None:
    if alternates(body):
        return None
    message = "\n------------\nWhile executing CallExpression at line 19, column 27 in source:\n"
    message += "Error: Jinja Exception: Conversation roles must alternate user/assistant/user/..."
    return 500, {"error": {"code": 500, "message": message, "type": "server_error"}}


def refuse_as_gemma_of_gemini(body: Body, number: int) -> Refusal | None:
    if body["messages"][0]["role"] == "system":
        return gemini("Developer instruction is not enabled for models/gemma-3-27b-it")
    if "response_format" in body:
        return gemini("JSON mode is not enabled for models/gemma-3-27b-it")
    return None


def refuse_as_claude(body: Body, number: int) -> Refusal | None:
    error = {"code": "invalid_request_error", "type": "invalid_request_error", "param": None}
    if "temperature" in body:
        return 400, {"error": {**error, "message": "`temperature` is deprecated for this model."}}
    if body.get("n", 1) != 1:
        return 400, {"error": {**error, "message": "n: must be exactly 1"}}
    schema = str(body.get("response_format"))
    if "'minimum'" in schema or "'maximum'" in schema:
        kind = "integer" if "'integer'" in schema else "number"
        text = f"output_config.format.schema: For '{kind}' type, properties maximum, minimum are not supported"
        return 400, {"error": {**error, "message": text}}
    return None


def gemini(message: str) -> Refusal:
    return 400, [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}]


def refuse_as_gemini(body: Body, number: int) -> Refusal | None:
    unknown = [name for name in ("seed", "frequency_penalty") if name in body]
    if unknown:
        lines = (
            f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            for name in unknown
        )
        return gemini("\n".join(lines))
    if body.get("logprobs"):
        return gemini("Logprobs is not enabled for models/gemini-2.5-flash")
    if "additionalProperties" in str(body.get("response_format")):
        return gemini(
            'Invalid JSON payload received. Unknown name "additionalProperties" at '
            "'generation_config.response_schema': Cannot find field."
        )
    return None


def refuse_as_vllm(body: Body, number: int) -> Refusal | None:
    if body.get("top_logprobs", 0) > 5:
        return vllm(
            f"Requested sample logprobs of {body['top_logprobs']}, which is greater than max allowed: 5"
        )
    if "'minimum'" in str(body.get("response_format")):
        return vllm("The provided JSON schema contains features not supported by xgrammar.")
    return None


def refuse_as_lm_studio(body: Body, number: int) -> Refusal | None:
    if body.get("response_format", {}).get("type", "text") not in ("json_schema", "text"):
        return 400, {"error": "'response_format.type' must be 'json_schema' or 'text'"}
    return None


def refuse_as_openrouter(body: Body, number: int) -> Refusal | None:
    if "response_format" in body:
        message = "No endpoints found that support the provided 'response_format' value. To learn more about "
        message += "provider routing, visit: https://openrouter.ai/docs/provider-routing"
        return 404, {"error": {"message": message, "code": 404}}
    if body.get("logprobs"):
        raw = json.dumps({"error": {"message": "logprobs is not supported", "code": 400}})
        metadata = {"raw": raw, "provider_name": "Crucible"}
        return 400, {
            "error": {"message": "Provider returned error", "code": 400, "metadata": metadata}
        }
    if number == 0:  # each request is broken off once, in a reply with status 200
        choice = {
            "index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "error",
            "error": {"code": 502, "message": "Upstream error: the provider closed the connection"},
        }  # fmt: skip
        return 200, {"id": "gen-1", "choices": [choice]}
    return None


def refuse_as_azure(body: Body, number: int) -> Refusal | None:
    for name in ("logprobs", "top_logprobs"):
        if name in body:
            return 400, openai(
                f"Unrecognized request argument supplied: {name}", param=None, code=None
            )
    if body.get("response_format", {}).get("type") == "json_schema":
        message = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. "
        message += "Learn more about supported models at the Structured Outputs guide"
        return 400, openai(message, param=None, code=None)
    return None


def refuse_as_mistral(body: Body, number: int) -> Refusal | None:
    extra = [name for name in ("logprobs", "top_logprobs", "seed") if name in body]
    if not extra:
        return None
    detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted",
               "input": body[name]} for name in extra]  # fmt: skip
    return 422, {
        "object": "error",
        "message": {"detail": detail},
        "type": "invalid_request_error",
        "code": None,
    }


def refuse_as_groq(body: Body, number: int) -> Refusal | None:
    kind = body.get("response_format", {}).get("type")
    if kind == "json_schema":
        return 400, openai(
            "This model does not support response format `json_schema`. See supported models at "
            "https://console.groq.com/docs/structured-outputs#supported-models"
        )
    if body.get("logprobs"):
        return 400, openai("`logprobs` is not supported with this model")
    if body.get("n", 1) > 1:
        return 400, openai("'n' : number must be at most 1")
    if kind == "json_object" and len(body["messages"]) == 2:  # the first reply of each dialogue
        return 400, {"error": {
            "message": "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
            "type": "invalid_request_error", "code": "json_validate_failed", "failed_generation": "{\"score\": five",
        }}  # fmt: skip
    return None


def refuse_as_deepseek(body: Body, number: int) -> Refusal | None:
    if body.get("response_format", {}).get("type") == "json_schema":
        return 400, openai("This response_format type is unavailable now", param=None)
    return None


def refuse_as_deepseek_reasoner(body: Body, number: int) -> Refusal | None:
    for name in ("logprobs", "top_logprobs", "presence_penalty"):
        if name in body:
            return 400, openai(
                f"deepseek-reasoner does not support the parameter `{name}`", param=None
            )
    if "response_format" in body:
        return 400, openai("deepseek-reasoner does not support Json Output.", param=None)
    return None


def refuse_as_grok(body: Body, number: int) -> Refusal | None:
    code = "Client specified an invalid argument"
    for name, alias in (
        ("presence_penalty", "presencePenalty"),
        ("stop", "stop"),
        ("logprobs", "logprobs"),
    ):
        if name in body:
            return 400, {"code": code, "error": f"Argument not supported on this model: {alias}"}
    if "response_format" in body:
        text = "The response_format parameter is unsupported at the moment. Leave it unset."
        return 400, {"code": code, "error": text}
    return None


def refuse_as_yi(body: Body, number: int) -> Refusal | None:
    if any(message["role"] == "system" for message in body["messages"]):
        return 400, openai("Role `system` is not supported. Please use `user`")
    if "seed" in body or "logprobs" in body:
        name = "seed" if "seed" in body else "logprobs"
        return 400, {"errors": [{"message": f"Please remove `{name}` from the request"}]}
    return None


def refuse_as_nova(body: Body, number: int) -> Refusal | None:
    if body.get("temperature") == 0:
        text = "#/inferenceConfig/temperature: 0 is not greater than 0.00001"
        return 400, {"__type": "ValidationException", "message": f"Malformed input request: {text}"}
    if body.get("max_tokens", 256) < 256:
        return 400, {"errors": [{"param": "max_tokens", "message": "must be >= 256"}]}
    if body.get("top_logprobs", 0) > 1:
        return 400, openai(f"logprobs accepts values [0, 1], got {body['top_logprobs']}")
    return None


def in_vendor_think(content: str) -> Body:
    return {"content": f"<nova_think>\nIs it Lyon? No.\n</nova_think>\n{content}<|im_end|>"}


def in_think(content: str) -> Body:
    return {"content": f"<think>\nIs it Lyon? No.\n</think>\n\n{content}"}


def in_think_without_start(content: str) -> Body:
    return {"content": f"Is it Lyon? No.\n</think>\n\n{content}"}


def in_reasoning(content: str) -> Body:
    return {"content": content, "reasoning_content": "Is it Lyon? No."}


def in_parts(content: str) -> Body:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Is it Lyon? No."}]}
    return {"content": [thinking, {"type": "text", "text": content}]}


def in_fence(content: str) -> Body:
    return {"content": f"```json\n{content}\n```" if content.startswith("{") else content}


TWINS: dict[str, Twin] = {
    "gpt-5": Twin(refuse_as_gpt_5, reasons=True),
    "o1-mini": Twin(refuse_as_o1_mini, reasons=True),
    "gemma-vllm": Twin(refuse_as_gemma, sends_logprobs=True),
    "gemma-llama-cpp": Twin(refuse_as_llama_cpp, sends_logprobs=True),
    "gemma-gemini": Twin(refuse_as_gemma_of_gemini),
    "claude": Twin(refuse_as_claude),
    "gemini": Twin(refuse_as_gemini),
    "vllm": Twin(refuse_as_vllm, sends_logprobs=True),
    "vllm-qwen3": Twin(dress=in_reasoning, reasons=True, sends_logprobs=True),
    "vllm-qwq": Twin(dress=in_think_without_start, reasons=True, sends_logprobs=True),
    "ollama": Twin(dress=in_fence, takes_formats=False),
    "ollama-r1": Twin(dress=in_think, reasons=True),
    "lm-studio": Twin(refuse_as_lm_studio),
    "openrouter": Twin(refuse_as_openrouter),
    "azure": Twin(refuse_as_azure),
    "mistral": Twin(refuse_as_mistral),
    "magistral": Twin(refuse_as_mistral, in_parts, reasons=True),
    "groq": Twin(refuse_as_groq),
    "deepseek": Twin(refuse_as_deepseek, sends_logprobs=True),
    "deepseek-reasoner": Twin(refuse_as_deepseek_reasoner, in_reasoning),
    "grok": Twin(refuse_as_grok),
    "yi": Twin(refuse_as_yi),
    "nova": Twin(refuse_as_nova, in_vendor_think, sends_logprobs=True),
}


class TwinEndpoint(MockEndpoint):
    """A server of all twins: the base URL of one is `url_of` its name.

    Attributes:
        refused: How many requests each twin has refused.
        refuses: Whether the twins refuse anything.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refused: Counter[str] = Counter()
        self.refuses = True

    def __enter__(self) -> TwinEndpoint:
        super().__enter__()
        return self

    def url_of(self, twin: str) -> str:
        return self.url.replace("/v1", f"/{twin}/v1")

    def arrived(self, request: Received) -> tuple[Reply | None, str]:
        super().arrived(request)
        name = request.path.split("/")[1]
        refusal = TWINS[name].refuse(request.body, request.attempt) if self.refuses else None
        if refusal is not None:
            self.refused[name] += 1
            return Reply(refusal[0], json.dumps(refusal[1])), ""
        return Reply(200, json.dumps(_answered(TWINS[name], request))), ""


def _answered(twin: Twin, request: Received) -> Body:
    body = request.body
    content = _content(request)
    message = {"role": "assistant", **twin.dress(content)}
    limit = body.get("max_tokens") or body.get("max_completion_tokens")
    finish = "stop"
    used = REASONING_TOKENS + 30 if twin.reasons else 30
    if twin.reasons and limit and limit < used:
        used, finish = limit, "length"
        message = _cut(message)
    choice: Body = {"index": 0, "message": message, "finish_reason": finish}
    if twin.sends_logprobs and body.get("logprobs"):
        choice["logprobs"] = {"content": list(_tokens(message))}
    usage = {"prompt_tokens": len(request.text) // 4, "completion_tokens": used}
    return {"model": body.get("model"), "choices": [choice], "usage": usage}


def _cut(message: Body) -> Body:
    """The message of a model that was cut while it reasoned."""
    content = message["content"]
    if "reasoning_content" in message or isinstance(content, list):
        return {**message, "content": None, "reasoning_content": "Is it Lyon?"}
    return {**message, "content": "" if "</think>" not in content else f"{content[:15]}"}


def _content(request: Received) -> str:
    text = request.text
    if "yes or no" in text.lower():
        last = str(request.body["messages"][-1]["content"])
        return "yes" if "stupid" in last else "no"
    if '"steps"' in text:
        return json.dumps({"steps": ["Read the answer.", "Compare it with the expected answer."]})
    if '"score"' not in text:
        return INSULT if "Insult" in text else TEXT
    blocks = {name: inside for name, _, inside in BLOCK.findall(text)}
    answer = _plain(blocks["answer"])
    is_right = answer == _plain(blocks.get("expected", ""))
    return json.dumps({"reason": "as compared", "score": 5 if is_right else 0})


def _plain(block: str) -> str:
    return "\n".join(line.removeprefix("|").strip() for line in block.strip().splitlines())


def _tokens(message: Body) -> Iterator[Body]:
    content = message["content"] or ""
    for piece in re.findall(r"\d|[^\W\d]+|\W", content):
        top = [{"token": piece, "logprob": math.log(0.95)}]
        yield {"token": piece, "logprob": math.log(0.95), "top_logprobs": top}
