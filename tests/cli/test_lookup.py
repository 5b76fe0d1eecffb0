"""Which run each command means by ``latest``, a name, an id or the beginning of one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmeval.assembly.opponents import RunOpponent
from pytest_llmeval.baselines.lookup import BaselineFinder
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.settings.locations import Locations
from tests.cli.conftest import Command
from tests.finished_run import passed

LOG = ".llmeval/runs.sqlite"
WHOLE = Run("20260101T100000-aaaaaa", "main", exit_code=0)
INTERRUPTED = Run("20260102T100000-bbbbbb", "main", exit_code=2)
STOPPED = Run("20260102T110000-abcabc", "main", exit_code=1, is_cut_off=True)
KILLED = Run("20260103T100000-cccccc", "main")
PARTS = (
    Run("20260104T100000-d1d1d1", "main", exit_code=0),
    Run("20260104T100001-d2d2d2", "shard", exit_code=1),
)
MERGED = Run("20260105T100000-eeeeee", "whole", exit_code=0)
AFTER_MERGE = Run("20260106T100000-ffffff", exit_code=None)


def merged_from(parts: tuple[Run, ...]) -> Run:
    return replace(MERGED, parts=tuple(part.id for part in parts))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def enter(*runs: Run) -> None:
    with closing(RunLog(LOG)) as log:
        for number, run in enumerate(runs):
            run = replace(run, started_at=f"2026-01-{number + 1:02}T10:00:00+00:00")
            log.begin(run)
            log.add(run.id, replace(passed(), completion=Completion(f"Answer of {run.id}.")))
            log.finish(run)


def by_report(llmeval: Command, source: str) -> str:
    result = llmeval.run("report", *([source] if source else []), "--json", "made.json")
    assert result.exit_code == 0, result.output
    return str(json.loads(Path("made.json").read_text(encoding="utf-8"))["run"]["id"])


def by_compare(llmeval: Command, source: str) -> str:
    return llmeval.run("compare", source or "latest", source or "latest").output


def by_accept(llmeval: Command, source: str) -> str:
    result = llmeval.run("baseline", "accept", *([source] if source else []), "--to", "b.jsonl")
    assert result.exit_code == 0, result.output
    return result.output


def by_show(llmeval: Command, source: str) -> str:
    return llmeval.run("baseline", "show", source or "latest").output


def by_baseline_option(llmeval: Command, source: str) -> str:
    with closing(RunLog(LOG)) as log:
        return BaselineFinder(Locations(Path(), Path()), log).find(source or "latest").source


def by_opponent(llmeval: Command, source: str) -> str:
    opponent = RunOpponent(source or "latest", LOG)
    return asyncio.run(opponent.answer(passed().case)).text


def by_merge(llmeval: Command, source: str) -> str:
    chosen = ["--run", source] if source else []
    llmeval.run("merge", LOG, *chosen, "--log", "new.sqlite", "--json", "", "--html", "")
    with closing(RunLog("new.sqlite")) as log:
        return ", ".join(next(log.runs()).parts)


FINDERS = {
    "report": by_report,
    "compare": by_compare,
    "baseline accept": by_accept,
    "baseline show": by_show,
    "--llm-baseline": by_baseline_option,
    "--llm-judge-against": by_opponent,
    "merge": by_merge,
}
Finder = Callable[[Command, str], str]
every_finder = pytest.mark.parametrize("find", FINDERS.values(), ids=FINDERS)
all_but_merge = pytest.mark.parametrize(
    "find", [find for find in FINDERS.values() if find is not by_merge]
)


@all_but_merge
@pytest.mark.parametrize("source", ["", "main"])
def test_the_latest_run_is_the_newest_that_came_to_its_end(
    llmeval: Command, find: Finder, source: str
) -> None:
    enter(WHOLE, INTERRUPTED, STOPPED, KILLED)
    assert WHOLE.id in find(llmeval, source)


@all_but_merge
def test_a_merged_run_stands_for_its_parts(llmeval: Command, find: Finder) -> None:
    enter(WHOLE, *PARTS, merged_from(PARTS), AFTER_MERGE)
    assert MERGED.id in find(llmeval, "")
    assert WHOLE.id in find(llmeval, "main")


@every_finder
def test_an_id_or_its_beginning_names_any_run_even_a_part(llmeval: Command, find: Finder) -> None:
    enter(WHOLE, *PARTS, merged_from(PARTS))
    assert PARTS[0].id in find(llmeval, PARTS[0].id)
    assert PARTS[1].id in find(llmeval, "20260104T100001")


@pytest.mark.parametrize("run", [INTERRUPTED, STOPPED, KILLED])
def test_a_run_that_was_cut_off_is_no_baseline(llmeval: Command, run: Run) -> None:
    enter(run)
    result = llmeval.run("baseline", "accept", run.id)
    assert result.exit_code == 2
    assert "it did not finish; allowed: a run that finished" in result.stderr


def test_the_beginning_of_several_ids_names_none_of_them(llmeval: Command) -> None:
    enter(*PARTS)
    result = llmeval.run("report", "20260104")
    assert (result.exit_code, result.stderr) == (
        2,
        "20260104: the prefix matches 2 runs (20260104T100001-d2d2d2, "
        "20260104T100000-d1d1d1); give more characters\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "main"),
        ("baseline", "accept", "main"),
        ("rescore", "main", "--judge-model", "m"),
        ("merge", LOG, "--run", "main"),
        ("compare", "main", "main"),
    ],
)
def test_a_run_that_was_cut_off_is_named_by_its_id_alone(
    llmeval: Command, arguments: tuple[str, ...]
) -> None:
    enter(INTERRUPTED, KILLED)
    result = llmeval.run(*arguments)
    assert result.exit_code == 2
    assert "main: no such " in result.stderr
    assert f"Run {KILLED.id} did not finish; use its id." in result.stderr


def test_a_run_that_was_cut_off_is_shown_by_its_id(llmeval: Command) -> None:
    enter(WHOLE, KILLED)
    assert by_report(llmeval, KILLED.id) == KILLED.id


def test_a_merge_takes_no_older_run_in_place_of_one_that_was_cut_off(llmeval: Command) -> None:
    enter(WHOLE, KILLED)
    result = llmeval.run("merge", LOG, "--log", "new.sqlite")
    assert result.exit_code == 2
    assert f"({KILLED.id}) of {LOG}: the run was cut off before its end" in result.stderr


def test_the_history_has_merged_runs_without_their_parts(llmeval: Command) -> None:
    enter(WHOLE, *PARTS, merged_from(PARTS), AFTER_MERGE)
    llmeval.run("history", "--json", "made.json")
    runs = json.loads(Path("made.json").read_text(encoding="utf-8"))["runs"]
    assert [run["id"] for run in runs] == [WHOLE.id, MERGED.id, AFTER_MERGE.id]
