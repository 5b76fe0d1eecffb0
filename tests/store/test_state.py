from __future__ import annotations

import asyncio
from typing import Any

from pytest_llmeval.protocols import SharedState
from pytest_llmeval.store.memory import LocalState


def test_a_document_is_empty_at_first_and_keeps_its_changes() -> None:
    def spend(document: dict[str, Any]) -> float:
        document["usd"] = document.get("usd", 0.0) + 0.5
        return float(document["usd"])

    async def scenario() -> None:
        state: SharedState = LocalState()
        assert await state.change("spent", dict) == {}
        assert [await state.change("spent", spend), await state.change("spent", spend)] == [
            0.5,
            1.0,
        ]
        assert await state.change("another", dict) == {}

    asyncio.run(scenario())


def test_the_only_process_is_the_only_one_alive() -> None:
    state = LocalState()
    assert state.member == "main"
    assert asyncio.run(state.alive(["main", "gw0"])) == {"main"}
    assert asyncio.run(state.alive(["gw0"])) == set()
