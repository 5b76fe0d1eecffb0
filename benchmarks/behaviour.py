"""How the endpoint behaves: latency, seeded faults, and a limit on requests a minute."""

from __future__ import annotations

import argparse
import dataclasses
import time
from dataclasses import dataclass, field

from benchmarks.replies import number


def _option(default: float, text: str) -> float:
    option: float = field(default=default, metadata={"help": text})
    return option


@dataclass
class Behaviour:
    """The options of the endpoint; ``POST /config`` changes them while it runs."""

    latency_ms: float = _option(200, "milliseconds until a reply")
    lowest_score: float = _option(4, "the judge's lowest score of an answer of this endpoint")
    highest_score: float = _option(5, "the judge's highest score of such an answer")
    seed: float = _option(0, "seed of the faults")
    fault_429: float = _option(0, "share of attempts that are answered with 429")
    fault_500: float = _option(0, "share of attempts that are answered with 500")
    fault_reset: float = _option(0, "share of attempts whose connection is reset")
    fault_badjson: float = _option(0, "share of attempts that are answered with half the JSON")
    fault_hang: float = _option(0, "share of attempts that are never answered")
    retry_after_s: float = _option(1, "Retry-After of the 429s of fault_429, in seconds")
    rpm: float = _option(0, "requests that come back in a window (0: no limit)")
    window_s: float = _option(60, "length of that window in seconds")
    burst: float = _option(0, "requests that may come at once (0: those of a window)")

    def fault(self, key: str, attempt: int) -> str:
        """Draw the fault of an attempt, or nothing: the same for the same key, attempt and seed."""
        shares = {
            "429": self.fault_429,
            "500": self.fault_500,
            "reset": self.fault_reset,
            "badjson": self.fault_badjson,
            "hang": self.fault_hang,
        }
        drawn = number("fault", self.seed, key, attempt) / 2**64
        for name, share in shares.items():
            drawn -= share
            if drawn < 0:
                return name
        return ""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare an option for each field of `Behaviour`."""
    for option in dataclasses.fields(Behaviour):
        parser.add_argument(
            f"--{option.name.replace('_', '-')}",
            type=float,
            default=option.default,
            help=f"{option.metadata['help']} (%(default)s)",
        )


class Bucket:
    """A token bucket, and the ``x-ratelimit-*`` headers that an endpoint sends about it.

    Args:
        behaviour: Its limit.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._filled_at = time.monotonic()
        self._left = self._size

    @property
    def _size(self) -> float:
        return self._behaviour.burst or self._behaviour.rpm

    @property
    def _per_second(self) -> float:
        return self._behaviour.rpm / self._behaviour.window_s

    def wait_s(self) -> float:
        """Take one request out of the bucket.

        Returns:
            0, or the seconds until there is one, where there is none.
        """
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0

    def headers(self) -> str:
        """Write the headers that follow a request."""
        refill_s = (self._size - self._left) / self._per_second
        return (
            f"x-ratelimit-limit-requests: {self._behaviour.rpm:.0f}\r\n"
            f"x-ratelimit-remaining-requests: {int(self._left)}\r\n"
            f"x-ratelimit-reset-requests: {refill_s:.3f}s\r\n"
        )
