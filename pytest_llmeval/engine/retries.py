"""When to try a failed call again: the one place where that is decided.

Two neighbours decide other things after a failure: `engine.lane_rules` how many calls may be in
flight after a 429, and how long all calls to the endpoint pause; and `providers.openai.failover`
how long an endpoint of a list cools down.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass

from pytest_llmeval.errors import CallError, RateLimited
from pytest_llmeval.text import seconds

BASE_S, LONGEST_S = 0.5, 30.0


@dataclass(frozen=True)
class RetryPolicy:
    """The limits on the attempts of a call.

    The wait before attempt n+1 is drawn from 0 to BASE_S·2ⁿ seconds ("full jitter", after M.
    Brooker, Exponential Backoff and Jitter, 2015), at most `LONGEST_S`; what the endpoint asks for
    with Retry-After comes on top.

    Attributes:
        retries: Attempts after the first.
        deadline_s: Seconds from the first attempt's sending, after which no other begins.
        draw: A number from 0 to 1.
    """

    retries: int
    deadline_s: float
    draw: Callable[[], float] = random.random

    def wait_s(self, error: CallError, attempt: int, elapsed_s: float) -> float | None:
        """Return the seconds to wait before the next attempt; ``None`` if there is none.

        Args:
            error: Why the last one failed.
            attempt: Number of the last one, from 0.
            elapsed_s: Seconds since the first was sent.
        """
        retries = self.retries
        if error.most_retries is not None:
            retries = min(retries, error.most_retries)
        if not error.is_transient or attempt >= retries:
            return None
        jitter = self.draw() * min(BASE_S * 2.0 ** min(attempt, 16), LONGEST_S)
        wait = (error.retry_after_s or 0.0) + jitter
        return wait if elapsed_s + wait < self.deadline_s else None

    def is_too_long(self, error: CallError, elapsed_s: float) -> bool:
        """Return whether the endpoint wants a longer wait than the deadline allows."""
        return elapsed_s + (error.retry_after_s or 0.0) >= self.deadline_s > elapsed_s


def gave_up(
    error: CallError, attempts: int, elapsed_s: float, policy: RetryPolicy, not_again: str = ""
) -> CallError:
    """Make the final error: the last one, with its remedy, and how often and how long it was tried.

    Args:
        error: Why the last attempt failed.
        attempts: How many there were.
        elapsed_s: Seconds since the first was sent.
        policy: When another attempt is allowed.
        not_again: Why there is no other, where that is known.
    """
    words = [str(error), _remedy(error, elapsed_s, policy), not_again]
    if attempts > 1:
        words.append(f"Tried {attempts} times in {elapsed_s:.0f} s.")
    text = " ".join(filter(None, words))
    if text == str(error):
        return error
    last = copy.copy(error)  # with what was noted on it
    last.args = (text,)
    return last


def _remedy(error: CallError, elapsed_s: float, policy: RetryPolicy) -> str:
    """Return what helps against a limit: fewer calls, or patience."""
    if not error.is_transient:
        return ""
    if error.retry_after_s and policy.is_too_long(error, elapsed_s):
        return (
            f"The endpoint asks to wait {seconds(error.retry_after_s)}, which is longer than "
            f"--llm-deadline ({policy.deadline_s:g} s) allows: run again later, or raise it."
        )
    if isinstance(error, RateLimited):
        return "Lower --llm-rpm, --llm-tpm or --llm-concurrency."
    return ""
