"""The end of a run: whatever ends it or goes wrong then, what has come is kept and written."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import PATIENCE_S, Project

MODEL = ("--llm-model", "mock")
TAKEN = """
import os, pytest, sys

class Taken:
    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            print("taken", file=sys.stderr)

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Taken())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("workers", "name", "is_for_all"),
    [
        ("0", "SIGTERM", True),
        ("0", "SIGHUP", False),
        ("2", "SIGTERM", False),
        ("2", "SIGHUP", True),
        ("2", "SIGINT", False),
    ],
)
def test_a_signal_ends_a_run_and_what_has_come_is_kept(
    project: Project, workers: str, name: str, is_for_all: bool
) -> None:
    project.rows(6, {5: "[[answer_fault=hang:1]]"})
    project.write("conftest.py", TAKEN)
    run = project.start("golden/rows.csv", *MODEL, "-n", workers)
    run.read_until("taken", 5)
    assert project.endpoint.hanging.wait(PATIENCE_S)

    run.send(signal.Signals[name], is_for_all)

    assert run.end() == pytest.ExitCode.INTERRUPTED, run.text
    assert "Traceback" not in run.text
    report = project.report()
    assert report["run"]["is_cut_off"]
    assert len(report["results"]) == 5
    assert project.query("SELECT exit_code, calls FROM runs") == [(2, 5)]
    project.endpoint.requests.clear()
    project.run("golden/rows.csv", *MODEL).assert_outcomes(passed=6)
    assert project.endpoint.count() == 1


def test_what_a_dead_worker_has_spent_and_recorded_counts(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import os

        def pytest_runtest_setup(item):
            if "row-05" in item.nodeid and "PYTEST_XDIST_WORKER" in os.environ:
                os._exit(1)
        """,
    )
    project.rows(12)
    arguments = ("golden/rows.csv", *MODEL, "-n", "2", "--llm-lookahead", "0")
    priced = ("-o", "llm_prices=mock = 1000 1000", "--llm-gate", "cost<=0")

    run = project.run(*arguments, *priced, "--llm-record", "once")

    assert len(project.outcomes()) == 11
    [(calls, spent)] = project.query("SELECT calls, spent_usd FROM runs")
    [(of_cases,)] = project.query("SELECT sum(generation_usd) FROM cases")
    assert calls == project.endpoint.count() == 11
    assert spent == pytest.approx(of_cases)
    run.stdout.fnmatch_lines(["MISSED*cost<=0*", "*rows.csv.jsonl lacks cases of this run*"])
    recording = project.path / "golden/recordings/rows.csv.jsonl"
    assert len(recording.read_text().splitlines()) == 11

    (project.path / "conftest.py").unlink()
    project.run(*arguments, "--llm-record", "new_episodes").assert_outcomes(passed=12)
    project.run(*arguments, "--llm-record", "none").assert_outcomes(passed=12)


def newer(path: Path) -> None:
    """Leave a store of a newer release."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA application_id = 0x4C4C4D45")
        db.execute("PRAGMA user_version = 99")


def foreign(path: Path) -> None:
    """Leave a database of another program."""
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE things (name TEXT)")


def garbage(path: Path) -> None:
    """Leave a file that is no database."""
    path.write_bytes(b"no database " * 1000)


@pytest.mark.parametrize(
    ("spoil", "workers", "said"),
    [
        (newer, "0", "found version 99"),
        (newer, "2", "found version 99"),
        (foreign, "0", "belongs to another program"),
        (garbage, "2", "is not an SQLite database"),
        (Path.mkdir, "0", "unable to open database file"),
    ],
)
def test_trouble_with_the_store_costs_no_report(
    project: Project, spoil: Callable[[Path], None], workers: str, said: str
) -> None:
    (project.path / ".llmeval").mkdir()
    spoil(project.path / ".llmeval/completions.sqlite")

    run = project.run("golden/faq.csv", *MODEL, "-n", workers)

    assert run.ret == 10
    run.stdout.no_fnmatch_line("*Traceback*")
    run.stdout.fnmatch_lines([f"*{said}*"])
    report = project.report()
    assert {result["outcome"] for result in report["results"]} == {"error"}
    assert [note["kind"] for note in report["run"]["notes"]].count("store") <= 1
    assert (project.path / ".llmeval/report.html").exists()
    assert project.query("SELECT exit_code, finished_at != '' FROM runs") == [(10, 1)]


def test_a_store_that_breaks_at_the_end_leaves_no_verdict_but_every_report(
    project: Project,
) -> None:
    project.write(
        "conftest.py",
        """
        import sqlite3, pytest

        @pytest.hookimpl(tryfirst=True, wrapper=True)
        def pytest_sessionfinish(session):
            with sqlite3.connect(".llmeval/completions.sqlite", timeout=30) as db:
                db.execute("DROP TABLE shared")
            return (yield)
        """,
    )

    run = project.run("golden/faq.csv", *MODEL)

    assert run.ret == 10
    run.assert_outcomes(passed=3)
    report = project.report()
    assert (report["run"]["exit_code"], report["summary"]["verdict"]) == (10, "error")
    assert "no such table: shared" in report["summary"]["headline"]
    assert {result["outcome"] for result in report["results"]} == {"passed"}
