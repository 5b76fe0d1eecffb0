"""Rate limits and waiting times in the headers of a reply."""

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
    """Read the headers ``x-ratelimit-{limit,remaining,reset}-{requests,tokens}``.

    A quota needs all three headers. Azure often sends only the remaining number, which does not say
    when to continue.

    Args:
        headers: Headers of the reply. Lookups use lower case.

    Returns:
        The limits, or ``None`` without a complete quota.
    """
    requests, tokens = _quota(headers, "requests"), _quota(headers, "tokens")
    return RateLimits(requests, tokens) if requests or tokens else None


def _quota(headers: Mapping[str, str], resource: str) -> Quota | None:
    remaining = _number(headers.get(f"x-ratelimit-remaining-{resource}"))
    if remaining is None:
        return None  # most endpoints send no such header
    limit = _number(headers.get(f"x-ratelimit-limit-{resource}"))
    reset_s = duration_s(headers.get(f"x-ratelimit-reset-{resource}"))
    if not limit or reset_s is None:
        return None
    return Quota(limit, remaining, reset_s)


def duration_s(text: str | None) -> float | None:
    """Read a duration such as ``1h2m3s``, ``6m0s`` or ``120ms``, or a number of seconds.

    Returns:
        The seconds, or ``None`` for any other text, a negative or an infinite number.
    """
    stripped = (text or "").strip()
    if re.fullmatch(rf"(?:{_PART})+", stripped):
        return sum(float(number) * _UNITS_S[unit] for number, unit in re.findall(_PART, stripped))
    return _number(stripped)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After-Ms``, or ``Retry-After`` as seconds or date (RFC 9110, 10.2.3)."""
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
    """Read a finite number of zero or more; ``None`` for anything else."""
    with contextlib.suppress(TypeError, ValueError):
        number = float(text or "")
        return number if math.isfinite(number) and number >= 0 else None
    return None
