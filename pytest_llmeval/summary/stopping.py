"""The words for a run that stopped as soon as its verdict was certain."""

from __future__ import annotations

from pytest_llmeval.records.stopping import EarlyStop
from pytest_llmeval.text import count, usd


def early_stop_text(early_stop: EarlyStop) -> str:
    """Write what was not run and what that saved, as a note."""
    run = f"{early_stop.cases - early_stop.not_run:,} of {count(early_stop.cases, 'case')}"
    money = ""
    if early_stop.saved_usd:
        money = f", which saved about {usd(early_stop.saved_usd)}"
    return (
        f"stopped early, because the verdict was certain: {run} run, "
        f"{early_stop.not_run:,} not run{money}"
    )
