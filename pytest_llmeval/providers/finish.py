"""The end of a reply: what its finish reason says, and the errors of one without an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import shorten
from typing import Literal

from pytest_llmeval.errors import EndpointDown, NoAnswer
from pytest_llmeval.providers.reasoning import says_something
from pytest_llmeval.records.call import LENGTH, REFUSAL, Completion

Ending = Literal["whole", "cut", "withheld", "broken", "unfinished", "unknown"]
"""How a reply ended."""

_LONGEST = 200
_SHOWN = 60

_REASON_KEYS = ("reason", "finish_reason", "type", "name", "value", "code")
"""Members of a finish reason that is an object."""

_PREFIX = re.compile(r"^.*?\b(?:finish|stop|done) ?reasons? (?=.)")
"""The name of the enumeration before the name of its member: ``FinishReason.STOP``."""

_BY_WORD: tuple[tuple[Ending, str], ...] = (
    ("withheld",
     r"filter|safe|polic[iy]|guard ?rail|prohibit|refus|moderat|block|sensitiv|recitation|spii|"
     r"\bpii|flagged|withheld|censor|violat|\brisk|harm(?!on)|toxic|\bhate|sexual|jailbreak|"
     r"interven|copyright|compliance|armor|shield|illegal|forbid|disallow|inappropriate|reject|"
     r"denied|abus|nsfw|^language$"),
    ("cut",
     r"length|(?:max|limit)[a-z ]*token|token[a-z ]*(?:limit|max|exceed|exhaust)|context ?window|"
     r"truncat|^(?:error )?limit"),
    ("unfinished",
     r"\bpaus|in ?progress|\brequires?\b|\brequired\b|\bpending|queued|\bwait|\brunning|"
     r"\bprocessing|suspend|resum|handoff|hand off|\bcontinue|\b(?:max|limit)[a-z ]*"
     r"\b(?:step|turn|iteration|round|call)s?\b"),
    ("broken",
     r"\berr\b|error|fail|overload|terminat|abort|cancel|incomplete|malform|timed? ?out|limit|"
     r"insufficient|unexpected|too many|missing|invalid|interrupt|disconnect|exception|fatal|"
     r"crash|unavailable|exhaust|preempt|evict|kill|partial|unfinish|\bnot\b|quota|budget|"
     r"abnormal|lost|busy|capacity|loop|repetit|degenerat"),
    ("whole",
     r"\b(?:stop|stopped|end|ended|eos|eot|eom|tools?|function|done|completed?|finish|finished|"
     r"success|succeeded|successful|ok|normal)\b|tool ?(?:call|use)|function ?call|endturn|"
     r"stopsequence"),
)  # fmt: skip
"""Endings by words of finish reasons. The first match counts."""

_EMPTY_RETRIES = 2
"""Attempts after an empty reply: some endpoints send one while a model starts."""


def finish_name(reason: object) -> str:
    """Return the finish reason as OpenAI names it, where it has the same meaning."""
    if isinstance(reason, Mapping):
        inner = next(filter(None, map(reason.get, _REASON_KEYS)), "")
        return finish_name(inner if isinstance(inner, (str, int)) else str(reason))
    name = str(reason or "")
    return LENGTH if ending(name) == "cut" else name


def ending(reason: str) -> Ending:
    """Return how a reply ended, by the words of its finish reason.

    Services and SDKs write one reason in many ways: ``content_filter``, ``contentFiltered``,
    ``FinishReason.SAFETY``, ``content-filter: hate``.
    """
    if not reason or reason.lower() in ("none", "null"):
        return "whole"  # many servers give no reason
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", reason.strip()[:_LONGEST])
    words = _PREFIX.sub("", re.sub(r"[\W_]+", " ", spaced).strip().lower())
    for kind, pattern in _BY_WORD:
        if re.search(pattern, words):
            return kind
    return "unknown"


def is_withheld(reason: str) -> bool:
    """Return whether a content filter ended the reply."""
    return ending(reason) == "withheld"


def is_broken_off(reason: str) -> bool:
    """Return whether the generation itself failed."""
    return ending(reason) == "broken"


def is_unfinished(reason: str) -> bool:
    """Return whether the model would go on: the turn is paused, or waits for somebody."""
    return ending(reason) == "unfinished"


def is_unknown(reason: str) -> bool:
    """Return whether a finish reason has no meaning that is known."""
    return ending(reason) == "unknown"


def calls_tools(reason: str) -> bool:
    """Return whether a reply ended for the call of a tool, so that the answer is yet to come."""
    words = re.sub(r"[\W_]+", "", reason.lower())
    return ending(reason) == "whole" and re.search("tool|function", words) is not None


def is_answer(completion: Completion) -> bool:
    """Return whether a completion of a model says something, and is no reply that was cut short."""
    reason = completion.finish_reason
    # A refusal that the model itself has said is an answer.
    is_withheld_text = is_withheld(reason) and reason != REFUSAL
    is_failed = is_withheld_text or is_broken_off(reason) or is_unfinished(reason)
    return says_something(completion.text) and not is_failed


def broken_off(reason: str) -> EndpointDown:
    """Make the error of a generation that failed after the reply had begun."""
    return EndpointDown(f"the endpoint broke off the reply (finish reason {reason!r})")


def unfinished(reason: str) -> NoAnswer:
    """Make the error of a turn that the model has not finished."""
    return NoAnswer(
        f"the turn is not finished (finish reason {reason!r}), so its text is no final answer. "
        "Test the application that lets the model go on, with --llm-provider "
        "python:PACKAGE.MODULE:NAME."
    )


def withheld(reason: str) -> NoAnswer:
    """Make the error of a reply that a content filter withheld."""
    return NoAnswer(
        f"a content filter withheld the answer (finish reason {reason!r}). "
        "Change the case, or the filter of the endpoint."
    )


def refused() -> NoAnswer:
    """Make the error of a model that refuses without a word."""
    return NoAnswer("the model refused to answer, and says nothing")


def called_tools(names: list[str], preamble: str = "") -> NoAnswer:
    """Make the error of a reply that calls tools, and whose text is no final answer.

    Args:
        names: Names of the tools.
        preamble: What the model says before the call.
    """
    tools = ", ".join(names) or "a tool"
    what = "gave no answer"
    if preamble:
        what = f"gave no final answer: it says {shorten(preamble, _SHOWN, placeholder='…')!r} first"
    return NoAnswer(
        f"the model called {tools} and {what}. Test the application that runs the tools, "
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
