"""What the SDK raises, as our errors: what happened, and what to do about it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.errors import CallError, CallRefused, CallTimeout, EndpointDown, RateLimited
from pytest_llmeval.providers.openai.rate_limits import retry_after_s

if TYPE_CHECKING:
    import openai


_LONGEST_TEXT = 300
"""Characters of a server's text that are shown: some servers answer with a whole page."""

_BAD_REQUEST = (400, 413, 422)
"""Statuses that are about the request: another endpoint would say the same."""

_TOO_EARLY = (409, 425)
"""Somebody else holds a lock, or it is too soon: the same request may succeed later."""

_OVERLOADED = (503, 529)

_NO_KEY_HERE = "api.key.not.valid|(invalid|incorrect).api.key"
"""Some servers answer 400 to a wrong key."""

_SET_A_KEY = (
    "Set a valid key in LLMEVAL_API_KEY (the judge's in LLMEVAL_JUDGE_API_KEY; the second endpoint's of a list in "
    "LLMEVAL_API_KEY_2, and so on), or in OPENAI_API_KEY, for Azure in AZURE_OPENAI_API_KEY."
)

_REMEDIES: tuple[tuple[tuple[int, ...], str, str], ...] = (
    ((402,), "", "The account has no credit left."),
    ((429,), "insufficient.(quota|credit|fund|balance)", "The account has no credit left."),
    (_BAD_REQUEST, _NO_KEY_HERE, _SET_A_KEY),
    (_BAD_REQUEST, "context.length|context.size|maximum context|too many tokens|prompt is too long",
     "The model's context is too small: shorten the prompt or lower --llm-max-tokens."),
    (_BAD_REQUEST, "content.filter|content management|ResponsibleAI|content.policy",
     "The endpoint's content filter refused the prompt: change the case, or the filter."),
    (_BAD_REQUEST, "unsupported.(parameter|value)|unrecognized (request )?argument|extra_forbidden",
     "Leave that parameter unset; another name for it can be given in --llm-extra-body."),
    (_BAD_REQUEST, "response_format|json_schema|json_object",
     "The endpoint does not know this response format: try --llm-judge-format json_object or text."),
    ((413,), "", "The request is too large: shorten the prompt."),
    ((401,), "", _SET_A_KEY),
    ((403,), "", "The key may not use this model: check its project and permissions, or set another one."),
    ((404,), "", "Check the model's name (for Azure, the deployment's) and the base URL, which often ends in /v1."),
)  # fmt: skip
"""HTTP statuses, a pattern in the server's text or code, and what to do. The first match counts."""


def call_error(error: Exception, asked: str, hide: Callable[[str], str]) -> CallError:
    """The error to raise for an exception of the SDK.

    Raise it where the exception is no longer handled: an exception of the SDK holds the request
    with its key, and must not become the context of ours.

    Args:
        error: What the SDK raised.
        asked: Endpoint and model, for the message.
        hide: Removes secrets from a text.
    """
    import aiohttp
    import openai

    if isinstance(error, openai.APIStatusError):
        return _status_error(error, asked, hide)
    reason = hide(_reason(error))
    if isinstance(error, openai.APIConnectionError):
        if _is_timeout(error):
            options = "--llm-read-timeout, --llm-connect-timeout"
            return CallTimeout(
                f"{asked}: no answer in time ({reason}). Raise {options}, or lower --llm-concurrency."
            )
        return EndpointDown(
            f"{asked}: no connection ({reason}). Check the base URL and that the endpoint runs."
        )
    if isinstance(error, aiohttp.ClientError):
        return EndpointDown(f"{asked}: what came back is no HTTP ({reason}). Check the base URL.")
    return CallRefused(f"{asked}: the request could not be made ({reason}).")


def _status_error(
    error: openai.APIStatusError, asked: str, hide: Callable[[str], str]
) -> CallError:
    status, said = error.status_code, hide(_said(error))
    what = f"{asked}: HTTP {status}: {said}"
    remedy = _remedy(status, f"{error.code} {said}")
    patience_s = retry_after_s(error.response.headers)
    if status == 429 and not remedy:
        return RateLimited(
            f"{what}. Ask for less with --llm-rpm, --llm-tpm or --llm-concurrency.", patience_s
        )
    if status == 408:
        return CallTimeout(f"{what}. Lower --llm-concurrency, or run again later.", patience_s)
    if status >= 500 or status in _TOO_EARLY:
        down = EndpointDown(what, patience_s)
        down.is_overload = status in _OVERLOADED
        return down
    refused = CallRefused(f"{what}. {remedy}".strip())
    refused.is_about_endpoint = status not in _BAD_REQUEST or remedy == _SET_A_KEY
    return refused


def _said(error: openai.APIStatusError) -> str:
    """The server's own words, on one line: ``error.message`` of the SDK repeats them in another form per version."""
    body = error.body
    if isinstance(body, Mapping):
        body = (
            body.get("message")
            or body.get("detail")
            or json.dumps(body, ensure_ascii=False, default=str)
        )
    return " ".join(str(body or "no text").split())[:_LONGEST_TEXT].rstrip(".")


def _remedy(status: int, text: str) -> str:
    for statuses, pattern, remedy in _REMEDIES:
        if status in statuses and re.search(pattern, text, re.IGNORECASE):
            return remedy
    return ""


def _reason(error: Exception) -> str:
    """The text of the cause: the SDK's own says only "Connection error"."""
    cause = error.__cause__ or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())[:_LONGEST_TEXT]


def _is_timeout(error: BaseException) -> bool:
    """Whether a time-out is among the causes: over aiohttp the SDK calls a refused connection a time-out, too."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (TimeoutError, asyncio.TimeoutError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
