from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.session.recorder import Recorder, started_run
from pytest_llmeval.settings import Settings
from tests.reports.conftest import passed


def test_the_log_is_closed_where_a_report_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = replace(Settings(), log="runs.sqlite", json="file/report.json", html="")
    recorder = Recorder(settings, tmp_path, tmp_path, started_run("run", settings, datetime.now(timezone.utc), {}))
    recorder.add(passed())
    with pytest.raises(LLMEvalError, match="JSON report"):
        recorder.finish(0, (), ())
    assert not (tmp_path / "runs.sqlite-wal").exists()  # SQLite removes it with the last connection
