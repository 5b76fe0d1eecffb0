from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.engine import budget as budget_module
from pytest_llmeval.engine.budget import Budget
from pytest_llmeval.errors import BudgetSpent
from pytest_llmeval.protocols import SharedState
from pytest_llmeval.store.memory import LocalState
from pytest_llmeval.store.sqlite import SqliteStore

CENTS = st.integers(0, 100).map(lambda cents: cents / 100)


@pytest.fixture(autouse=True)
def _polls_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_module, "POLL_S", 0)


async def document(state: SharedState) -> dict[str, Any]:
    return await state.change("budget", dict)


async def spend(budget: Budget, worst: float, actual: float, ticks: int) -> float:
    """One call; what it has cost, 0 if it was not sent."""
    try:
        await budget.reserve(worst)
    except BudgetSpent:
        return 0.0
    for _ in range(ticks):
        await asyncio.sleep(0)
    await budget.settle(worst, actual)
    return actual


@settings(max_examples=60)
@given(
    st.lists(st.tuples(CENTS, CENTS, st.integers(0, 5)), min_size=1, max_size=40),
    st.floats(0.01, 10),
)
def test_the_cap_is_passed_by_the_price_of_one_call_at_most(
    calls: list[tuple[float, float, int]], cap: float
) -> None:
    async def scenario() -> list[float]:
        budget = Budget(cap, LocalState())
        return await asyncio.gather(
            *(spend(budget, max(a, b), min(a, b), ticks) for a, b, ticks in calls)
        )

    spent = asyncio.run(scenario())

    assert sum(spent) <= cap + max(spent) + 1e-9
    if sum(min(a, b) for a, b, _ in calls) < cap:
        assert sum(spent) == pytest.approx(sum(min(a, b) for a, b, _ in calls))


def test_two_processes_share_one_cap(tmp_path: Path) -> None:
    async def scenario() -> None:
        stores = [SqliteStore(tmp_path / "s.sqlite", "run", member=name) for name in ("gw0", "gw1")]
        budgets = [Budget(1.0, store) for store in stores]
        spent = await asyncio.gather(*(spend(budgets[n % 2], 0.3, 0.1, 2) for n in range(40)))

        assert 1.0 <= sum(spent) + 1e-9 < 1.1 + 1e-9
        assert (await document(stores[0]))["spent"] == pytest.approx(sum(spent))
        for store in stores:
            await store.close()

    asyncio.run(scenario())


def test_when_it_is_spent_the_error_says_what_to_do() -> None:
    async def scenario() -> None:
        budget = Budget(0.5, LocalState())
        await budget.reserve(0.6)
        await budget.settle(0.6, 0.5)
        with pytest.raises(
            BudgetSpent, match=r"the budget of \$0\.5 is spent\. Raise --llm-budget, or run fewer"
        ):
            await budget.reserve(0.1)

    asyncio.run(scenario())


def test_near_the_end_a_call_waits_for_those_in_flight() -> None:
    async def scenario() -> None:
        budget = Budget(1.0, LocalState())
        await budget.reserve(0.7)
        second = asyncio.ensure_future(budget.reserve(0.7))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not second.done()

        await budget.settle(0.7, 0.1)

        await asyncio.wait_for(second, 30)

    asyncio.run(scenario())


def test_the_last_call_may_begin_while_anything_is_left() -> None:
    async def scenario() -> None:
        budget = Budget(0.01, LocalState())
        await budget.reserve(5.0)

    asyncio.run(scenario())


def test_nobody_waits_for_an_application_that_is_free_itself() -> None:
    """It may wait for model calls of its own."""

    async def scenario() -> None:
        budget = Budget(0.5, LocalState())
        await budget.reserve(0.0)
        await asyncio.wait_for(budget.reserve(0.6), 30)
        await budget.settle(0.6, 0.1)
        await budget.settle(0.0, 0.0)

    asyncio.run(scenario())


def test_what_a_dead_process_had_reserved_counts_as_spent(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteStore(tmp_path / "s.sqlite", "run", member="gw0")
        died = {"spent": 0.1, "reserved": {"gw7": 0.8}, "flying": {"gw7": 1}}
        await store.change("budget", lambda found: found.update(died))
        budget = Budget(1.0, store)

        await asyncio.wait_for(budget.reserve(0.2), 30)

        left = await document(store)
        assert (left["spent"], left["reserved"], left["flying"]) == (
            pytest.approx(0.9),
            {"gw0": 0.2},
            {"gw0": 1},
        )
        await store.close()

    asyncio.run(scenario())
