"""What the headers of a reply say of rate limits, and of how long to wait."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from pytest_llmeval.records.call import Quota, RateLimits

_UNITS_S = {
    "d": 86400.0,
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
}
_PART = r"(\d+(?:\.\d+)?|\.\d+)(ms|us|µs|ns|d|h|m|s)"


def read_rate_limits(headers: Mapping[str, str]) -> RateLimits | None:
    """The limits that ``x-ratelimit-{limit,remaining,reset}-{requests,tokens}`` tell.

    A quota of which one of the three is missing is left out: Azure, for one, often tells only what
    remains, and from that alone nobody can say when to go on.

    Args:
        headers: The reply's; names in lower case are found.

    Returns:
        The limits, or ``None`` if the reply tells none.
    """
    requests, tokens = _quota(headers, "requests"), _quota(headers, "tokens")
    return RateLimits(requests, tokens) if requests or tokens else None


def _quota(headers: Mapping[str, str], of: str) -> Quota | None:
    remaining = _number(headers.get(f"x-ratelimit-remaining-{of}"))
    if remaining is None:
        return None  # most endpoints say nothing at all
    limit = _number(headers.get(f"x-ratelimit-limit-{of}"))
    reset_s = duration_s(headers.get(f"x-ratelimit-reset-{of}"))
    return Quota(limit, remaining, reset_s) if limit and reset_s is not None else None


def duration_s(text: str | None) -> float | None:
    """Seconds of a duration as OpenAI writes it (``1h2m3s``, ``6m0s``, ``120ms``), or of a plain number of seconds.

    Returns:
        The seconds; ``None`` for what is neither, and for what is negative or endless.
    """
    stripped = (text or "").strip()
    if re.fullmatch(rf"(?:{_PART})+", stripped):
        return sum(float(number) * _UNITS_S[unit] for number, unit in re.findall(_PART, stripped))
    return _number(stripped)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: ``Retry-After-Ms``, or ``Retry-After`` as seconds or as a date (RFC 9110, 10.2.3)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    patience = headers.get("retry-after") or ""
    seconds = _number(patience)
    if seconds is not None:
        return seconds
    with contextlib.suppress(TypeError, ValueError, OverflowError):  # no date either
        return max(0.0, parsedate_to_datetime(patience).timestamp() - time.time())
    return None


def _number(text: str | None) -> float | None:
    """A number from zero on; ``None`` for anything else."""
    with contextlib.suppress(TypeError, ValueError):
        number = float(text or "")
        return number if math.isfinite(number) and number >= 0 else None
    return None
