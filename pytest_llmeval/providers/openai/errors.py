"""The translation of SDK exceptions to this package's errors, each with a remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pytest_llmeval.errors import (
    BadReply,
    CallError,
    CallRefused,
    CallTimeout,
    EndpointDown,
    RateLimited,
)
from pytest_llmeval.providers.openai.connection import connection_error
from pytest_llmeval.providers.openai.credit import is_out_of_credit
from pytest_llmeval.providers.openai.rate_limits import retry_after_s
from pytest_llmeval.providers.openai.service_error import ServiceError

_LONGEST_TEXT = 300
"""Maximum length of a shown server text: some servers answer with a whole page."""

_BAD_REQUEST = (400, 413, 422)
"""Statuses that concern the request, so any other endpoint would refuse it too."""

_MAY_BE_CREDIT = (400, 401, 403, 429, *range(500, 600))
"""Statuses with which services report a quota that is used up."""

_TOO_EARLY = (409, 425)
"""Statuses of a lock or of a request that came too soon: it may succeed later."""

_OVERLOADED = (503, 529)

_NO_KEY_HERE = "api.key.not.valid|(invalid|incorrect).api.key"
"""Texts of servers that answer 400 to a wrong key."""

_SET_A_KEY = (
    "Set a valid key in LLMEVAL_API_KEY (LLMEVAL_JUDGE_API_KEY for the judge, LLMEVAL_API_KEY_2 "
    "for the second endpoint of a list, and so on, LLMEVAL_JURY_API_KEY for the first juror), "
    "in OPENAI_API_KEY, or in AZURE_OPENAI_API_KEY."
)

_ADD_CREDIT = "The account has no credit left. Add some, or use the key of another account."

_REMEDIES: tuple[tuple[tuple[int, ...], str, str], ...] = (
    ((402,), "", _ADD_CREDIT),
    (_BAD_REQUEST, _NO_KEY_HERE, _SET_A_KEY),
    (_BAD_REQUEST,
     "context.length|context.size|maximum context|too many tokens|prompt is too long",
     "The model's context is too small: shorten the prompt, or lower --llm-max-tokens "
     "(--llm-judge-max-tokens for the judge)."),
    (_BAD_REQUEST, "content.filter|content management|ResponsibleAI|content.policy",
     "The endpoint's content filter refused the prompt: change the case, or the filter."),
    ((413,), "", "The request is too large: shorten the prompt."),
    ((401,), "", _SET_A_KEY),
    ((403,), "",
     "The key may not use this model: check its project and permissions, or set a different key."),
    ((404,), "",
     "Check the name of the model (for Azure, of the deployment) and the base URL, "
     "which often ends in /v1."),
)  # fmt: skip
"""HTTP statuses, a pattern of the server's text or code, and the remedy. The first match counts."""


def call_error(
    error: Exception, target: str, hide: Callable[[str], str], address: str = "the base URL"
) -> CallError:
    """Translate an exception of the SDK that is no reply.

    Raise the result outside the except block: an exception of the SDK holds the request with its
    key, and must not become the context of this error.

    Args:
        error: The exception of the SDK.
        target: Endpoint and model, for the message.
        hide: Removes secrets from a text.
        address: The base URL in words, with the setting that holds it.
    """
    import aiohttp
    import openai

    if isinstance(error, (openai.APIConnectionError, OSError)):
        return connection_error(error, target, hide, address)
    reason = hide(f"{type(error).__name__}: {error}")
    if isinstance(error, aiohttp.ClientError):
        return EndpointDown(f"{target}: the reply is not HTTP ({reason}). Check {address}.")
    return CallRefused(f"{target}: cannot make the request ({reason}).")


def service_call_error(
    error: ServiceError,
    headers: Mapping[str, str],
    target: str,
    hide: Callable[[str], str],
    origin: str = "",
) -> CallError:
    """Translate an error that an endpoint reports, by its status or the code in its body.

    Args:
        error: What the endpoint says.
        headers: The headers of the reply, which may say how long to wait.
        target: Endpoint and model, for the message.
        hide: Removes secrets from a text.
        origin: Where the error stands; empty for an HTTP status.
    """
    status = error.status
    server_text = hide(error.text)[:_LONGEST_TEXT].rstrip(".") or "no text"
    message = f"{target}: {origin or f'HTTP {status}'}: {server_text}"
    is_spent = status in _MAY_BE_CREDIT and is_out_of_credit(error.words)
    remedy = _ADD_CREDIT if is_spent else _remedy(status, error.words)
    patience_s = retry_after_s(headers)
    if error.written:
        bad = BadReply(message)
        bad.is_transient = False
        bad.written = error.written
        return bad
    if status == 429 and not remedy:
        return RateLimited(f"{message}.", patience_s)
    if status == 408:
        return CallTimeout(f"{message}. Lower --llm-concurrency, or run again later.", patience_s)
    if (status >= 500 and not remedy) or status in _TOO_EARLY:
        down = EndpointDown(message, patience_s)
        down.is_overload = status in _OVERLOADED
        return down
    refused = CallRefused(f"{message}. {remedy}".strip())
    concerns_account = remedy in (_SET_A_KEY, _ADD_CREDIT)
    refused.is_about_endpoint = status not in _BAD_REQUEST or concerns_account
    return refused


def _remedy(status: int, text: str) -> str:
    for statuses, pattern, remedy in _REMEDIES:
        if status in statuses and re.search(pattern, text, re.IGNORECASE):
            return remedy
    return ""
