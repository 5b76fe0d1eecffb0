"""What the endpoint counts."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass
class Body:
    """What became of one request body.

    Times are those of ``time.monotonic``, which all processes of a machine share.

    Attributes:
        requests: How often it came.
        answered_at: When it was last answered; ``None`` if it never was.
        was_judged: Whether a judge was shown its answer, so that the client has it for sure.
        is_dropped: Whether the client went before the reply, and has not asked again.
    """

    requests: int = 0
    answered_at: float | None = None
    was_judged: bool = False
    is_dropped: bool = False


class Ledger:
    """Counts requests and replies. `mark` starts the counts again but remembers the bodies."""

    def __init__(self) -> None:
        self._bodies: dict[str, Body] = {}
        self._answers: dict[str, Body] = {}
        self._in_flight = 0
        self.mark()

    def mark(self) -> None:
        """Set every count back to zero; a body that was seen stays seen."""
        self._requests = self._duplicates = self._dropped = 0
        self._judged = self._judged_again = 0
        self._highest = self._in_flight
        self._statuses: Counter[str] = Counter()
        self._first: float | None = None
        self._last_arrival = self._last = self._resumed_at = 0.0
        self._longest_pause_s = 0.0
        self._again_after: list[float] = []
        self._prompt_tokens = self._completion_tokens = 0
        self._largest_prompt = self._largest_completion = 0

    def arrived(self, key: str) -> int:
        """Note a request.

        Returns:
            How often its body came before.
        """
        now = time.monotonic()
        body = self._bodies.get(key)
        if body is None:
            body = self._bodies[key] = Body()
        else:
            self._came_again(body, now)
        if self._first is None:
            self._first = self._last_arrival = now
        self._longest_pause_s = max(self._longest_pause_s, now - self._last_arrival)
        self._last_arrival = now
        body.requests += 1
        self._requests += 1
        self._in_flight += 1
        self._highest = max(self._highest, self._in_flight)
        return body.requests - 1

    def judged(self, answer: str) -> None:
        """Note that a judge was shown an answer, if it is one that this endpoint gave."""
        body = self._answers.get(answer)
        if body is not None and not body.was_judged:
            body.was_judged = True
            self._judged += 1

    def _came_again(self, body: Body, now: float) -> None:
        self._duplicates += 1
        if body.answered_at is not None:
            self._again_after.append(body.answered_at)
        if body.was_judged:
            self._judged_again += 1
        if body.is_dropped:
            body.is_dropped = False
            self._resumed_at = now

    def ended(self, status: str) -> None:
        """Note a reply, or a connection that the endpoint reset."""
        self._last = time.monotonic()
        self._in_flight -= 1
        self._statuses[status] += 1

    def answered(self, key: str, answer: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Note a reply that the client can use."""
        self.ended("200")
        body = self._bodies[key]
        body.answered_at = self._last
        self._answers[answer] = body
        self._prompt_tokens += prompt_tokens
        self._completion_tokens += completion_tokens
        self._largest_prompt = max(self._largest_prompt, prompt_tokens)
        self._largest_completion = max(self._largest_completion, completion_tokens)

    def dropped(self, key: str) -> None:
        """Note a client that went before the reply."""
        self._in_flight -= 1
        self._bodies[key].is_dropped = True
        self._dropped += 1

    def stats(self) -> dict[str, Any]:
        """Report everything since the last `mark`, for ``/stats``."""
        return {
            "requests": self._requests,
            "distinct": len(self._bodies),
            "duplicates": self._duplicates,
            "judged": self._judged,
            "judged_again": self._judged_again,
            "again_after_answer": self._again_after,
            "in_flight": self._in_flight,
            "highest_in_flight": self._highest,
            "statuses": dict(self._statuses),
            "dropped": self._dropped,
            "resumed_at": self._resumed_at,
            "first_at": self._first,
            "span_s": self._last - self._first if self._first is not None else 0.0,
            "longest_pause_s": self._longest_pause_s,
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": self._completion_tokens,
            "largest_prompt": self._largest_prompt,
            "largest_completion": self._largest_completion,
        }
