"""What the status line says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_llmeval.reports.phrases import seconds, usd


def status_text(done: int, total: int, lanes: Sequence[Mapping[str, Any]], elapsed_s: float) -> str:
    """One line: tests done, calls in flight and how many may be, cost, and how long it may still take.

    Args:
        done: Tests that have ended.
        total: Tests that will run; 0 if that is not known yet.
        lanes: For each endpoint what is in flight, as `pytest_llmeval.engine.lane_rules` has it.
        elapsed_s: Seconds since the first test began.
    """
    calls = sum(member["held"] for lane in lanes for member in lane["members"].values())
    limit, spent = sum(int(lane["limit"]) for lane in lanes), sum(lane["usd"] for lane in lanes)
    parts = [f"{done:,} of {total:,} tests" if total else f"{done:,} tests"]
    parts.append(f"{calls:,} calls in flight (limit {limit:,})")
    if spent:
        parts.append(usd(spent))
    if done and total > done:
        parts.append(f"about {seconds(elapsed_s / done * (total - done))} left")
    return f"  llm: {', '.join(parts)}"
