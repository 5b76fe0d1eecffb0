from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmeval.cli.cache import cache
from pytest_llmeval.records.call import Completion
from pytest_llmeval.store.maintenance import clear, info
from pytest_llmeval.store.sqlite import SqliteStore

PATH = Path(".llmeval/completions.sqlite")
NOW = datetime.now(timezone.utc)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose store holds two new answers of one model and an old one of another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMEVAL_STORE", raising=False)
    old = Completion("old", model="old-model", made_at=(NOW - timedelta(days=10)).isoformat())
    new = Completion("new", model="new-model", made_at=NOW.isoformat())

    async def fill() -> None:
        store = SqliteStore(PATH, "run")
        for key, completion in {"a": new, "b": replace(new, text="b"), "c": old}.items():
            await store.put(key, completion)
        await store.close()

    asyncio.run(fill())
    return tmp_path


def llmeval_cache(*arguments: str) -> Result:
    return CliRunner().invoke(cache, arguments)


def test_info_counts_answers_by_model() -> None:
    result = llmeval_cache("info")
    assert result.exit_code == 0
    first, *models, dates, claims = result.output.splitlines()
    assert first.startswith(f"{PATH}: 3 completions, 0.")
    assert models == ["  new-model: 2", "  old-model: 1"]
    assert f"{NOW - timedelta(days=10):%Y-%m-%d}" in dates
    assert f"{NOW:%Y-%m-%d}" in dates
    assert claims == "calls in flight: 0; abandoned: 0"


def test_info_counts_the_claims_of_a_running_process() -> None:
    async def scenario() -> int:
        store = SqliteStore(PATH, "run")
        await store.claim("d")
        living = info(PATH).living_claims
        await store.close()
        return living

    assert asyncio.run(scenario()) == 1


def test_prune_deletes_what_is_older() -> None:
    assert llmeval_cache("prune", "--older-than", "5").output == f"{PATH}: 1 completion deleted\n"
    assert info(PATH).models == {"new-model": 2}


def test_clear_deletes_everything() -> None:
    assert llmeval_cache("clear").output == f"{PATH}: 3 completions deleted\n"
    assert info(PATH).completions == 0
    assert llmeval_cache("info").exit_code == 0


def test_clear_refuses_while_a_run_uses_the_store() -> None:
    async def scenario() -> Result:
        store = SqliteStore(PATH, "busy-run")
        await store.claim("d")
        result = llmeval_cache("clear")
        await store.close()
        return result

    result = asyncio.run(scenario())
    assert result.exit_code == 2
    assert "in use by busy-run/main/" in result.output
    assert clear(PATH) == 3


def test_another_store_is_named_by_option_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "other.sqlite does not exist" in llmeval_cache("info", "--store", "other.sqlite").output
    monkeypatch.setenv("LLMEVAL_STORE", "third.sqlite")
    result = llmeval_cache("info")
    assert result.exit_code == 2
    assert "third.sqlite does not exist" in result.output
    assert not Path("third.sqlite").exists()


def test_a_file_of_something_else_is_refused() -> None:
    Path("golden.csv").write_text("id,prompt\n" * 200)
    result = llmeval_cache("clear", "--store", "golden.csv")
    assert result.exit_code == 2
    assert "golden.csv is not an SQLite database" in result.output
