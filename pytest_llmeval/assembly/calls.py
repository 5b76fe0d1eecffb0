"""The parts that make calls, built from the settings: store, limits, budget and recordings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.open_files import most_connections
from pytest_llmeval.engine.lane import LANE
from pytest_llmeval.engine.waits import DOCUMENT as WAITS
from pytest_llmeval.errors import SettingError
from pytest_llmeval.records.process import ALONE
from pytest_llmeval.settings.locations import is_url
from pytest_llmeval.settings.table import OFF, RECORD_ALL, REPLAY

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.engine.caller import LiveCaller
    from pytest_llmeval.protocols import CompletionStore, SharedState
    from pytest_llmeval.records.run import Traffic
    from pytest_llmeval.redaction import Secrets
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings
    from pytest_llmeval.store.recordings.recordings import Recordings


_DAY_S = 86_400
DRAIN_S = 1.0
"""Seconds that calls in flight may still take when the run ends: they are paid for anyway."""


@dataclass(frozen=True)
class Process:
    """One process of a run.

    Attributes:
        run: Id of the run.
        member: Name of the process: `ALONE`, that of an xdist worker, or `CONTROLLER`.
    """

    run: str = ""
    member: str = ALONE

    @property
    def is_alone(self) -> bool:
        """Whether the run has no other process."""
        return self.member == ALONE


def make_store(
    settings: Settings, process: Process, locations: Locations
) -> tuple[CompletionStore, SharedState]:
    """Make the completion store and the state that the processes share, without opening a file.

    Raises:
        SettingError: ``--llm-store`` names no file.
    """
    from pytest_llmeval.store.memory import LocalState, MemoryStore
    from pytest_llmeval.store.sqlite import SqliteStore

    path = store_path(settings, locations)
    is_transient = _is_transient(settings)
    if settings.record == REPLAY or (is_transient and process.is_alone):
        return MemoryStore(), LocalState()
    store = SqliteStore(
        path,
        process.run,
        member=process.member,
        max_age_s=_max_age_s(settings),
        transient=is_transient,
    )
    state = LocalState() if process.is_alone else store
    return store, state


def _is_transient(settings: Settings) -> bool:
    """Return whether completions are neither taken from other runs nor left for them."""
    return settings.no_cache or settings.record == RECORD_ALL


def _max_age_s(settings: Settings) -> float | None:
    if settings.max_age is None:
        return None
    return settings.max_age * _DAY_S


def shared_lanes(settings: Settings, run: str, locations: Locations) -> list[dict[str, Any]]:
    """Return the state of the lanes that workers share; see `pytest_llmeval.engine.lane_rules`."""
    from pytest_llmeval.store.maintenance import shared_documents

    documents = shared_documents(store_path(settings, locations), run)
    return [document for name, document in documents.items() if name.startswith(LANE)]


def shared_waits(settings: Settings, run: str, locations: Locations) -> Mapping[str, Any]:
    """Return the waits that workers share; see `pytest_llmeval.engine.waits`."""
    from pytest_llmeval.store.maintenance import shared_documents

    return shared_documents(store_path(settings, locations), run).get(WAITS, {})


async def end_run(store: CompletionStore) -> None:
    """Drop what only this run could use; the last of its processes calls this once.

    Raises:
        StoreError: The store cannot be written.
    """
    from pytest_llmeval.store.sqlite import SqliteStore

    if isinstance(store, SqliteStore):
        await store.end_run()
        await store.close()


async def stored_traffic(store: CompletionStore) -> Traffic:
    """Add up the calls that the processes of a run have left in a completion store.

    Raises:
        StoreError: The store cannot be read.
    """
    from pytest_llmeval.records.run import Traffic
    from pytest_llmeval.store.sqlite import SqliteStore

    if not isinstance(store, SqliteStore):
        return Traffic()
    try:
        return await store.traffic()
    finally:
        await store.close()


def store_path(settings: Settings, locations: Locations) -> Path:
    """Return the file of the completion store.

    Raises:
        SettingError: ``--llm-store`` names no file.
    """
    if is_url(settings.store) or not settings.store:
        raise SettingError(
            settings.origin("store"),
            settings.store,
            "the path of a file",
            "For none, set --llm-no-cache.",
        )
    return locations.path("store", settings.store)


def make_overlay(settings: Settings, locations: Locations) -> CompletionStore:
    """Make the store of a dry run: it reads the completion store and never writes to it.

    Raises:
        SettingError: ``--llm-store`` names no file.
    """
    from pytest_llmeval.store.memory import MemoryStore, Overlay
    from pytest_llmeval.store.sqlite import SqliteStore

    path = store_path(settings, locations)
    if _is_transient(settings) or settings.record == REPLAY or not path.exists():
        return MemoryStore()
    return Overlay(SqliteStore(path, "", max_age_s=_max_age_s(settings)))


def make_caller(settings: Settings, state: SharedState, secrets: Secrets) -> LiveCaller:
    """Make the sender of live calls.

    Args:
        settings: The settings in force.
        state: What the processes of the run share.
        secrets: What neither an answer nor an error may show.

    Raises:
        SettingError: A line of ``llm_prices`` cannot be read.
    """
    from pytest_llmeval.engine.budget import Budget
    from pytest_llmeval.engine.caller import CallPolicy, LiveCaller
    from pytest_llmeval.engine.lane_rules import Ceilings
    from pytest_llmeval.engine.pricing import Prices
    from pytest_llmeval.engine.retries import RetryPolicy
    from pytest_llmeval.store.memory import LocalState

    policy = CallPolicy(
        settings.timeout,
        RetryPolicy(settings.retries, settings.deadline),
        Ceilings(min(settings.concurrency, most_connections()), settings.rpm, settings.tpm),
    )
    # Processes that share times need a clock that they share, too.
    clock = None if isinstance(state, LocalState) else time.monotonic
    caller = LiveCaller(policy, Prices(settings.prices), state, secrets=secrets, clock=clock)
    if settings.budget is not None:
        caller.budget = Budget(settings.budget, state, caller.waits)
    return caller


def make_recordings(settings: Settings, locations: Locations) -> Recordings | None:
    """Return the recordings; ``None`` in a run that neither records nor replays."""
    if settings.record == OFF:
        return None
    from pytest_llmeval.store.recordings.recordings import Recordings

    folder = settings.recordings
    if folder is not None:
        path = locations.path("recordings", folder)
        if path.is_relative_to(locations.root):
            path = path.relative_to(locations.root)
        folder = str(path)
    return Recordings(settings.record, locations.root, folder)
