"""Every command reads pytest's ini file, from the root and from a folder below it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.store.sqlite import SqliteStore
from tests.cli.conftest import Command
from tests.finished_run import passed
from tests.mock_endpoint import MockEndpoint

INI = {
    "pytest.ini": """[pytest]
llm_log = logs/runs.sqlite
llm_store = logs/store.sqlite
llm_judges = logs/judges.json
llm_judge_model = judge-1
llm_judge_base_url = {url}
llm_cluster = priority
llm_columns =
    Frage = prompt
    Antwort = expected
""",
    "pyproject.toml": """[tool.pytest.ini_options]
llm_log = "logs/runs.sqlite"
llm_store = "logs/store.sqlite"
llm_judges = "logs/judges.json"
llm_judge_model = "judge-1"
llm_judge_base_url = "{url}"
llm_cluster = "priority"
llm_columns = ["Frage = prompt", "Antwort = expected"]
""",
}
GOLDEN = "Frage,Antwort\nWarum?,Darum.\nWie?,So.\n"
LABELS = "Frage,answer,label,points,priority\n" + "".join(
    f"Frage {number}?,Antwort {number}.,{number % 6},{number % 6},{number}\n"
    for number in range(12)
)


@pytest.fixture(params=INI)
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMEVAL_API_KEY", "key")
    endpoint = request.getfixturevalue("endpoint")
    (tmp_path / request.param).write_text(INI[request.param].format(url=endpoint.url))
    (tmp_path / "evals").mkdir()
    for folder in (tmp_path, tmp_path / "evals"):
        (folder / "laden.csv").write_text(GOLDEN)
        (folder / "labels.csv").write_text(LABELS)
    first = Run("20260101T100000-aaaaaa", "main", "2026-01-01T10:00:00+00:00", exit_code=0)
    second = Run("20260102T100000-bbbbbb", "", "2026-01-02T10:00:00+00:00", exit_code=0)
    with closing(RunLog(str(tmp_path / "logs" / "runs.sqlite"))) as log:
        for run in (first, second):
            log.begin(run)
            log.add(run.id, replace(passed(), completion=Completion("Answer.")))
            log.finish(run)
    return tmp_path


@pytest.fixture(params=["the root", "a folder below"])
def folder(request: pytest.FixtureRequest, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    here = root if request.param == "the root" else root / "evals"
    monkeypatch.chdir(here)
    return here


def runs(root: Path) -> list[Run]:
    with closing(RunLog(str(root / "logs" / "runs.sqlite"))) as log:
        return list(log.runs())


def done(llmeval: Command, *arguments: str) -> str:
    result = llmeval.run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_reports_and_trends_are_made_from_the_log_of_the_ini_file(
    llmeval: Command, folder: Path
) -> None:
    assert "report.json" in done(llmeval, "report", "main", "--json", "report.json")
    assert (folder / "report.json").is_file()
    done(llmeval, "history", "--json", "history.json")
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    assert [run["id"] for run in history["runs"]] == [
        "20260101T100000-aaaaaa",
        "20260102T100000-bbbbbb",
    ]


def test_a_report_writes_what_its_own_options_name(
    llmeval: Command, root: Path, folder: Path
) -> None:
    done(llmeval, "report")
    assert not (root / ".llmeval").exists()


def test_runs_of_the_log_of_the_ini_file_are_compared(llmeval: Command, folder: Path) -> None:
    result = llmeval.run("compare", "latest", "main")
    assert "OK: rubric against 20260102T100000-bbbbbb: identical" in result.output


def test_a_baseline_lies_below_the_root(llmeval: Command, root: Path, folder: Path) -> None:
    assert "main" in done(llmeval, "baseline", "accept", "main")
    assert (root / "golden" / "baselines" / "main.jsonl").is_file()
    assert "1 case" in done(llmeval, "baseline", "show", "main")
    assert "main.jsonl" in done(llmeval, "baseline", "list")
    assert "20260102T100000-bbbbbb" in done(llmeval, "baseline", "show", "latest")


def test_golden_files_are_read_with_the_columns_of_the_ini_file(
    llmeval: Command, folder: Path
) -> None:
    assert done(llmeval, "validate", "laden.csv").startswith("laden.csv: 2 cases, ")
    assert len(done(llmeval, "ids", "laden.csv").splitlines()) == 2
    assert done(llmeval, "ids", "laden.csv", "--write") == "laden.csv: 2 ids written\n"


def test_a_wrong_column_of_the_ini_file_is_named(
    llmeval: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "laden.csv").write_text(GOLDEN)
    (tmp_path / "pytest.ini").write_text("[pytest]\nllm_columns = Frage = promt\n")
    result = llmeval.run("validate", "laden.csv")
    assert result.exit_code == 2
    assert result.stderr.startswith("ini llm_columns: found 'Frage = promt'; allowed: ")


def test_the_store_of_the_ini_file_is_shown_and_cleared(
    llmeval: Command, root: Path, folder: Path
) -> None:
    async def fill() -> None:
        store = SqliteStore(root / "logs" / "store.sqlite", "run")
        await store.put("key", Completion("Answer."))
        await store.close()

    asyncio.run(fill())
    assert "1 completion, " in done(llmeval, "cache", "info")
    assert "0 completions deleted" in done(llmeval, "cache", "prune", "--older-than", "1")
    assert "1 completion deleted" in done(llmeval, "cache", "clear")


def test_a_merge_is_entered_into_the_log_of_the_ini_file(
    llmeval: Command, root: Path, folder: Path
) -> None:
    log = str(root / "logs" / "runs.sqlite")
    output = done(llmeval, "merge", log, "--run", "main", "--json", "", "--html", "")
    assert "1 case of 1 shard joined" in output
    assert len(runs(root)) == 3


def test_a_rescoring_asks_the_judge_of_the_ini_file(
    llmeval: Command, root: Path, folder: Path, endpoint: MockEndpoint
) -> None:
    result = llmeval.run("rescore", "main", "--no-selftest")
    assert "Traceback" not in result.output
    assert endpoint.count() > 0, result.output
    assert len(runs(root)) == 3


def test_a_calibration_is_stored_in_the_judge_file_of_the_ini_file(
    llmeval: Command, root: Path, folder: Path
) -> None:
    scores = ("--score", "points", "--scale", "0", "5", "--fingerprint", "rubric-0123456789abcdef")
    assert "12 cases" in done(llmeval, "calibrate", "labels.csv", *scores)
    assert "rubric-0123456789abcdef" in (root / "logs" / "judges.json").read_text()


def test_a_path_of_the_command_line_is_relative_to_the_current_folder(
    llmeval: Command, root: Path, folder: Path
) -> None:
    result = llmeval.run("report", "--log", "logs/runs.sqlite")
    assert (result.exit_code == 0) == (folder == root)


def test_the_environment_counts_before_the_ini_file(
    llmeval: Command, root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMEVAL_LOG", "absent.sqlite")
    for arguments in (["report"], ["history"], ["rescore"]):
        result = llmeval.run(*arguments)
        assert result.exit_code == 2
        assert "absent.sqlite: there is no such file" in result.stderr


def test_a_broken_ini_file_is_named(
    llmeval: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest")
    result = llmeval.run("history")
    assert (result.exit_code, "pyproject.toml: found" in result.stderr) == (2, True), result.output


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest_llmeval", "options", "llm_log"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "  --llm-log URL, llm_log, LLMEVAL_LOG\n" in result.stdout
    assert "(default: .llmeval/runs.sqlite)" in result.stdout


def test_all_settings_are_listed(llmeval: Command) -> None:
    output = done(llmeval, "options")
    for text in (
        "Model\n",
        "  --min-score X, llm_min_score,",
        "  --llm-columns LINE, llm_columns, LLMEVAL_COLUMNS",
        "  llm_prices, LLMEVAL_PRICES",
    ):
        assert text in output
