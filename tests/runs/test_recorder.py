from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from pytest_llmeval.assembly.providers import Environment
from pytest_llmeval.assembly.run_record import started_run
from pytest_llmeval.assembly.session import Session
from pytest_llmeval.gating.scores import Selection
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.runs.gates import GateDecider, Gates
from pytest_llmeval.runs.recorder import Recorder
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.table import Settings
from tests.finished_run import passed


def test_a_report_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = replace(
        Settings(), log="runs.sqlite", json="file/report.json", html="", csv="cases.csv"
    )
    locations = Locations(tmp_path, tmp_path)
    recorder = Recorder(
        settings, locations, started_run("run", settings, datetime.now(timezone.utc), {})
    )
    recorder.add(passed())
    summary, paths, errors = recorder.finish(0, ())
    assert summary is not None
    assert set(paths) == {"log", "csv"}
    assert ["JSON report" in str(error) for error in errors] == [True]
    assert (tmp_path / "cases.csv").exists()
    assert not (tmp_path / "runs.sqlite-wal").exists()  # SQLite removes it with the last connection


def test_the_latest_run_stays_the_baseline_while_a_later_one_ends(tmp_path: Path) -> None:
    settings = replace(Settings(), log="runs.sqlite", html="", baseline=("latest",))
    log_run(tmp_path, "before", "The answer before.")
    locations = Locations(tmp_path, tmp_path)
    recorder = Recorder(settings, locations, Run("now", started_at="2026-02-01T00:00:00+00:00"))
    recorder.add(passed())
    session = Session(settings, Environment(locations, {}, {}))
    decider = GateDecider(Gates(settings, {}), recorder)
    decider.read_baselines(session)
    session.close()
    log_run(tmp_path, "meanwhile", "The answer meanwhile.")
    decider.decide(None, Selection())
    recorder.finish(0, ())

    with closing(RunLog(str(tmp_path / "runs.sqlite"))) as log:
        assert [each.before[0].answer for each in log.results("now")] == ["The answer before."]


def log_run(folder: Path, run_id: str, answer: str) -> None:
    run, result = Run(run_id, started_at="2026-01-01T00:00:00+00:00", exit_code=0), passed()
    with closing(RunLog(str(folder / "runs.sqlite"))) as log:
        log.begin(run)
        log.add(run_id, replace(result, completion=Completion(answer)))
        log.finish(run)
