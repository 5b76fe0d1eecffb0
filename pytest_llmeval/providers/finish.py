"""The end of a reply: what its finish reason says, and whether it says anything at all."""

from __future__ import annotations

import re
from typing import NamedTuple

from pytest_llmeval.errors import EndpointDown, NoAnswer
from pytest_llmeval.records.call import LENGTH, Completion

_LENGTH_NAMES = {
    "length", "max_tokens", "model_length", "max_output_tokens", "max_completion_tokens",
    "token_limit", "length_limit",
}  # fmt: skip
_WITHHELD = {
    "content_filter", "content_filtered", "contentfilter", "safety", "recitation", "blocklist",
    "prohibited_content", "spii", "image_safety", "language", "sensitive", "guardrail_intervened",
    "risk", "moderation", "blocked",
}  # fmt: skip
"""Finish reasons of a filter: of OpenAI and Azure, Gemini, Zhipu, Bedrock and gateways."""

_BROKEN = {
    "error", "network_error", "insufficient_system_resource", "abort", "aborted", "cancelled",
    "canceled", "failed", "timeout", "malformed_function_call", "engine_overloaded",
}  # fmt: skip
"""Finish reasons of a generation that broke off: of OpenRouter, Zhipu, DeepSeek, vLLM, Gemini."""

_EMPTY_RETRIES = 2
"""Attempts after an empty reply: some endpoints send one while a model starts."""

_TAGS = "(?:seed:)?think(?:ing)?|thought|reasoning"
_START = re.compile(rf"\s*(?:<(?:{_TAGS})>|\[THINK\]|◁think▷)", re.IGNORECASE)
_END = re.compile(rf"</(?:{_TAGS})>|\[/THINK\]|◁/think▷", re.IGNORECASE)
_END_ALONE = re.compile(r"(?:</(?:seed:)?think>|\[/THINK\])[ \t]*(?=\r?\n|$|\{|```)", re.IGNORECASE)
"""A closing tag whose opening one the chat template wrote: at the end of a line, or before JSON."""


class Thought(NamedTuple):
    """A text in two parts.

    Attributes:
        reasoning: What the model thought; empty without a block of reasoning.
        answer: What it said after that.
    """

    reasoning: str
    answer: str


def split_reasoning(text: str) -> Thought:
    """Take a leading block of reasoning off a text.

    The block is ``<think>…</think>``. A chat template may have written the opening tag, so that the
    reply begins inside the block. It then ends with a closing tag at the end of a line. A block
    that does not end is reasoning alone.
    """
    start = _START.match(text)
    if start is None:
        end = _END_ALONE.search(text)
        # A tag that the text opens itself is a part of the answer.
        if end is None or _START.search(text[: end.start()]):
            return Thought("", text)
        return Thought(text[: end.start()].strip(), text[end.end() :].lstrip())
    end = _END.search(text, start.end())
    if end is None:
        return Thought(text[start.end() :].strip(), "")
    return Thought(text[start.end() : end.start()].strip(), text[end.end() :].lstrip())


def says_something(text: str) -> bool:
    """Return whether a text has a visible character."""
    return any(letter.isprintable() and not letter.isspace() for letter in text)


def finish_name(reason: object) -> str:
    """Return the finish reason as OpenAI names it, where it has the same meaning."""
    name = str(reason or "")
    return LENGTH if name.lower() in _LENGTH_NAMES else name


def is_withheld(reason: str) -> bool:
    """Return whether a content filter ended the reply."""
    # Some gateways append a category: "content_filter: SAFETY".
    return re.split(r"[:\s]", reason.lower())[0].removeprefix("finishreason.") in _WITHHELD


def is_broken_off(reason: str) -> bool:
    """Return whether the generation itself failed."""
    return reason.lower() in _BROKEN


def is_answer(completion: Completion) -> bool:
    """Return whether a completion of a model says something, and is no reply that was cut short."""
    reason = completion.finish_reason
    is_failed = is_withheld(reason) or is_broken_off(reason)
    return says_something(completion.text) and not is_failed


def broken_off(reason: str) -> EndpointDown:
    """Make the error of a generation that failed after the reply had begun."""
    return EndpointDown(f"the endpoint broke off the reply (finish reason {reason!r})")


def withheld(reason: str) -> NoAnswer:
    """Make the error of a reply that a content filter withheld."""
    return NoAnswer(
        f"a content filter withheld the answer (finish reason {reason!r}). "
        "Change the case, or the filter of the endpoint."
    )


def refused() -> NoAnswer:
    """Make the error of a model that refuses without a word."""
    return NoAnswer("the model refused to answer, and says nothing")


def called_tools(names: list[str]) -> NoAnswer:
    """Make the error of a reply that calls tools and says nothing."""
    tools = ", ".join(names) or "a tool"
    return NoAnswer(
        f"the model called {tools} and gave no answer. Test the application that runs the tools, "
        "with --llm-provider python:PACKAGE.MODULE:NAME."
    )


def cut_off(limit: int | None, has_reasoning: bool) -> NoAnswer:
    """Make the error of a reply that the token limit ended before it said anything.

    Args:
        limit: The limit of the request; ``None`` if it had none.
        has_reasoning: Whether the reply holds reasoning.
    """
    what = "only reasoning" if has_reasoning else "nothing"
    if limit is None:
        text = (
            f"the reply holds {what} and was cut at the token limit of the endpoint. "
            "Raise the limit of the endpoint, or shorten the prompt."
        )
    else:
        text = (
            f"the reply holds {what} and was cut at {limit:,} tokens. "
            "Raise --llm-max-tokens (--llm-judge-max-tokens for the judge)."
        )
    error = NoAnswer(text)
    error.is_cut_off = True
    return error


def empty(reason: str, has_reasoning: bool) -> NoAnswer:
    """Make the error of a reply that says nothing."""
    what = "only reasoning and no answer" if has_reasoning else "no answer: its text is empty"
    ending = f" (finish reason {reason!r})" if reason else ""
    error = NoAnswer(f"the reply holds {what}{ending}")
    error.is_transient = True
    error.most_retries = _EMPTY_RETRIES
    return error
