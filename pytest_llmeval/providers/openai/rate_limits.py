"""Rate limits and waiting times in the headers of a reply."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from pytest_llmeval.records.call import Quota, RateLimits
from pytest_llmeval.text import instant

_DAY_S = 86_400.0
_UNITS_S = {
    "d": _DAY_S, "day": _DAY_S, "days": _DAY_S,
    "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9,
}  # fmt: skip
_PART = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([a-zµμ]+)"
_DURATION = re.compile(rf"(?:{_PART}[\s,]*)+", re.IGNORECASE)

_LONGEST_S = 31 * _DAY_S
"""The longest window of a rate limit. What names a longer wait is not believed."""

_LONGEST_PLAIN_S = 3600.0
"""The longest reset as a plain number that is one of seconds; a larger one is of milliseconds."""

_NEAR_S = 10 * 366 * _DAY_S
"""How far from now a number may be to be a point in time, in seconds since 1970 or parts of one."""

_MOST = 1e15
"""The largest limit that is believed."""


def read_rate_limits(headers: Mapping[str, str]) -> RateLimits | None:
    """Read the headers ``x-ratelimit-{limit,remaining,reset}-{requests,tokens}``.

    A quota needs all three headers. Azure often sends only the remaining number, which does not say
    when to continue.

    Args:
        headers: Headers of the reply. Lookups use lower case.

    Returns:
        The limits, or ``None`` without a complete quota that can be believed.
    """
    requests, tokens = _quota(headers, "requests"), _quota(headers, "tokens")
    return RateLimits(requests, tokens) if requests or tokens else None


def _quota(headers: Mapping[str, str], resource: str) -> Quota | None:
    remaining = _number(headers.get(f"x-ratelimit-remaining-{resource}"))
    if remaining is None:
        return None  # most endpoints send no such header
    limit = _number(headers.get(f"x-ratelimit-limit-{resource}"))
    text = headers.get(f"x-ratelimit-reset-{resource}")
    now = _now(headers)
    reset_s = seconds_until(text, now, is_reset=True)
    if not limit or limit > _MOST or reset_s is None:
        return None
    return Quota(limit, min(remaining, limit), reset_s, _is_point_in_time(text or "", now))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After-Ms``, or ``Retry-After`` as seconds or date (RFC 9110, 10.2.3).

    Returns:
        The seconds, or ``None`` if the headers name no wait, or none that can be believed.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _believed(milliseconds / 1000)
    return seconds_until(headers.get("retry-after"), _now(headers))


def seconds_until(text: str | None, now: float, is_reset: bool = False) -> float | None:
    """Read a wait in any form: a number of seconds, a duration, a point in time.

    Args:
        text: For example ``12``, ``1m30s``, ``120ms``, ``2025-06-01T12:00:00Z``, seconds or
            milliseconds since 1970, or a date as HTTP writes it.
        now: Unix time by the clock of the endpoint.
        is_reset: Whether a plain number may be one of milliseconds. ``Retry-After`` is in seconds.

    Returns:
        The seconds, 0 for a time that is past, or ``None`` for any other text, a negative or an
        infinite number, and a wait that is longer than any rate limit's.
    """
    stripped = (text or "").strip()
    number = _number(stripped)
    if number is not None:
        return _believed(_of_number(number, now, is_reset))
    if _DURATION.fullmatch(stripped):
        parts = re.findall(_PART, stripped.lower())
        if all(unit in _UNITS_S for _, unit in parts):
            return _believed(sum(float(amount) * _UNITS_S[unit] for amount, unit in parts))
    moment = _moment(stripped)
    return None if moment is None else _believed(max(0.0, moment - now))


def _is_point_in_time(text: str, now: float) -> bool:
    """Return whether a reset is the end of a window, and no duration."""
    number = _number(text.strip())
    if number is not None:
        return _unix_time(number, now) is not None
    return not _DURATION.fullmatch(text.strip())


def _of_number(number: float, now: float, is_reset: bool) -> float:
    moment = _unix_time(number, now)
    if moment is not None:
        return max(0.0, moment - now)
    return number / 1000 if is_reset and number > _LONGEST_PLAIN_S else number


def _unix_time(number: float, now: float) -> float | None:
    """Read a number as a point in time, if it is plainly one."""
    for parts_a_second in (1.0, 1e3, 1e6, 1e9):
        moment = number / parts_a_second
        if abs(moment - now) < _NEAR_S:
            return moment
    return None


def _moment(text: str) -> float | None:
    """Read a date as HTTP or ISO 8601 writes it, as Unix time."""
    with contextlib.suppress(TypeError, ValueError, OverflowError, IndexError):
        return parsedate_to_datetime(text).timestamp()
    with contextlib.suppress(ValueError, OverflowError):
        date = instant(re.sub(r"(\.\d{6})\d+", r"\1", text)) if re.match(r"\d{4}-", text) else None
        return None if date is None else date.timestamp()
    return None


def _now(headers: Mapping[str, str]) -> float:
    """Return the time by the clock of the endpoint, which its points in time refer to."""
    date = headers.get("date")
    moment = _moment(date) if date else None
    return time.time() if moment is None else moment


def _believed(seconds: float) -> float | None:
    return seconds if seconds <= _LONGEST_S else None


def _number(text: str | None) -> float | None:
    """Read a finite number of zero or more; ``None`` for anything else."""
    if text is None or not text.isascii():
        return None  # Python reads the digits of any script
    with contextlib.suppress(TypeError, ValueError):
        number = float(text)
        return number if math.isfinite(number) and number >= 0 else None
    return None
