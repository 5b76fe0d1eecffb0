"""Metrics of the latency and the cost of an answer."""

from __future__ import annotations

from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score

_CACHED = "that of the call that gave the cached answer"


class Latency(BaseScorer):
    """Seconds from sending the request to the last byte of the answer.

    An answer from a store or a recording keeps the latency of the call that gave it.
    """

    name = "latency"
    version = "1"
    scale = Scale(0.0, None, higher_is_better=False, unit="s")
    about = "time that the answer took; a cached one keeps that of the call that gave it"
    source = "measured around the call"
    family = "spending"

    def score(self, case: Case, completion: Completion) -> Score:
        """Read the latency."""
        if completion.latency_s <= 0:
            return unscored(
                self, f"the latency is unknown: {_responder(completion)} did not report it"
            )
        return Score(
            self.name,
            completion.latency_s,
            self.scale,
            _CACHED if completion.cached else "",
            self.version,
        )


class Cost(BaseScorer):
    """US dollars that the answer cost, without those of its scores.

    An answer from a store or a recording keeps the cost of the call that gave it, although it is
    not paid again.
    """

    name = "cost"
    version = "1"
    scale = Scale(0.0, None, higher_is_better=False, unit="US dollars")
    about = "price of the answer; a cached one keeps that of the call that gave it"
    source = "ini key llm_prices, else the package genai-prices"
    family = "spending"

    def score(self, case: Case, completion: Completion) -> Score:
        """Read the cost."""
        if completion.cost_usd is None:
            return unscored(self, _unknown(completion))
        return Score(
            self.name,
            completion.cost_usd,
            self.scale,
            _CACHED if completion.cached else "",
            self.version,
        )


def _unknown(completion: Completion) -> str:
    """Write why a cost is unknown, and what to set."""
    what = completion.model or _responder(completion)
    remedy = "set it in the ini key llm_prices"
    if completion.usage is None and completion.endpoint:
        return (
            f"{completion.endpoint} reported no count of tokens; "
            f"the price of {what!r} for a call is unknown: {remedy}"
        )
    return f"the price of {what!r} is unknown; {remedy}"


def _responder(completion: Completion) -> str:
    return completion.endpoint or "the provider"
