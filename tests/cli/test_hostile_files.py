"""Files that a bad disk, a stranger or another program has made: one clear error, and no traceback.

``tests/mutations.py`` makes many more of them.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval import evaluate
from pytest_llmeval.errors import SettingError
from pytest_llmeval.runlog.log import RunLog
from tests.cli.conftest import Command
from tests.finished_run import make_results, make_run
from tests.mutations import (
    DEEP,
    ends_badly,
    failures,
    make_tool_files,
    mutate_database,
    mutate_json,
)

MUTATIONS = 16


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log of two runs, a JSON report and a baseline."""
    folder = tmp_path_factory.mktemp("logged")
    with closing(RunLog(str(folder / "runs.sqlite"))) as log:
        for name in ("before", "after"):
            run = dataclasses.replace(make_run(), id=f"run-{name}", name=name, exit_code=1)
            log.begin(run)
            for result in make_results():
                log.add(run.id, result)
            log.finish(run)
    log_option = ("--log", str(folder / "runs.sqlite"))
    for arguments in (
        ("report", *log_option, "--json", str(folder / "good.json"), "--html="),
        ("baseline", "accept", *log_option, "--to", str(folder / "base.jsonl")),
    ):
        assert not ends_badly(arguments)
    return folder


def test_no_command_breaks_on_a_run_log_that_was_spoilt(logged: Path) -> None:
    def commands(log: Path) -> list[list[str]]:
        option = ["--log", str(log)]
        report = ["report", *option, "--json", str(log.with_name("out.json")), "--html="]
        return [report, ["history", *option], ["compare", "before", "after", *option]]

    found = failures(logged / "runs.sqlite", MUTATIONS, 5, mutate_database, commands)
    assert list(found) == []


@pytest.mark.parametrize("name", ["good.json", "base.jsonl"])
def test_no_comparison_breaks_on_a_file_that_was_spoilt(
    logged: Path, tmp_path: Path, name: str
) -> None:
    log = str(tmp_path / "other.sqlite")

    def commands(file: Path) -> list[list[str]]:
        return [["compare", str(file), str(logged / "good.json"), "--log", log]]

    assert list(failures(logged / name, MUTATIONS, 5, mutate_json, commands)) == []


def test_no_comparison_breaks_on_a_file_of_a_tool_that_was_spoilt(tmp_path: Path) -> None:
    for kind in make_tool_files(tmp_path):
        found = failures(tmp_path / kind.name, MUTATIONS, 5, kind.mutate, kind.commands)
        assert list(found) == [], kind.name


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE schema_version SET version = 'x'", "tables"),
        ("UPDATE cases SET outcome = 'green'", "outcome is 'green'"),
        ("UPDATE scores SET value = 'many'", "value is 'many'"),
        ("UPDATE scores SET value = 9e999", "value is inf"),
        ("UPDATE runs SET notes = '[1]'", "a run"),
        ("UPDATE cases SET checks = '{'", "a case"),
        ("DROP TABLE scores", "no such table"),
    ],
)
def test_the_error_names_the_log_and_what_is_wrong(
    llmeval: Command, logged: Path, tmp_path: Path, statement: str, said: str
) -> None:
    log = tmp_path / "runs.sqlite"
    log.write_bytes((logged / "runs.sqlite").read_bytes())
    with closing(sqlite3.connect(log, isolation_level=None)) as db:
        db.execute(statement)

    result = llmeval.run("report", "--log", str(log), "--html=", "--json=")

    assert result.exit_code == 2
    assert f"run log {log}: " in result.output
    assert said in result.output


@pytest.mark.parametrize("table", ["users", "runs", "schema_version"])
def test_another_programs_database_is_refused_and_stays_as_it_is(
    llmeval: Command, tmp_path: Path, table: str
) -> None:
    file = tmp_path / "app.sqlite"
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"CREATE TABLE {table} (name TEXT)")
        db.commit()
    before = file.read_bytes()

    for option in (
        ("report", "--log"),
        ("cache", "info", "--store"),
        ("cache", "clear", "--store"),
    ):
        result = llmeval.run(*option, str(file))
        assert result.exit_code == 2
        assert str(file) in result.output

    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["app.sqlite"]


def test_a_table_with_more_cells_than_columns_is_refused(llmeval: Command, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("id,human\na,1\nb,2,3\n", encoding="utf-8")
    result = llmeval.run("compare", str(table), str(table))
    assert result.exit_code == 2
    assert "a cell for each column" in result.output


def test_mutations_are_reproducible(logged: Path, tmp_path: Path) -> None:
    said = []
    for name in ("one", "two"):
        copy = tmp_path / name
        copy.write_bytes((logged / "base.jsonl").read_bytes())
        said.append((mutate_json(copy, random.Random(3)), copy.read_bytes()))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["results"], None, "found NoneType under 'results'; allowed: a list of results"),
        (["results"], {}, "found dict under 'results'"),
        (["run"], None, "a run that cannot be read"),
        (["results", 0], None, "a result that cannot be read"),
        (["results", 0, "scores"], [], "a check is of score 0, of 0 scores"),
        (["results", 0, "checks", 0, "score"], -1, "a check is of score -1"),
    ],
)
def test_a_report_of_a_stranger_is_refused_in_a_sentence(
    logged: Path, tmp_path: Path, llmeval: Command, path: list[Any], value: object, said: str
) -> None:
    report = json.loads((logged / "good.json").read_text(encoding="utf-8"))
    if path[:2] == ["results", 0] and len(path) > 2:
        report["results"].sort(key=lambda result: not result["checks"])
    holder = report
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report), encoding="utf-8")

    result = llmeval.run("merge", str(file), "--log", str(tmp_path / "log.sqlite"), "--html=")

    assert result.exit_code == 2
    assert said in result.output
    assert str(file) in result.output


def test_a_lone_surrogate_is_printed_escaped(
    logged: Path, tmp_path: Path, llmeval: Command
) -> None:
    baseline = (logged / "base.jsonl").read_text(encoding="utf-8").splitlines()
    line = {**json.loads(baseline[1]), "suite": "\ud800", "file": "\udfff.csv", "outcome": "passed"}
    file = tmp_path / "base.jsonl"
    file.write_text("\n".join([baseline[0], json.dumps(line), *baseline[2:]]), encoding="utf-8")
    report = json.loads((logged / "good.json").read_text(encoding="utf-8"))
    for result in report["results"]:
        result["nodeid"] = result["suite"] = "\ud83d"
    twice = tmp_path / "twice.json"
    twice.write_text(json.dumps(report), encoding="utf-8")
    log = ("--log", str(tmp_path / "log.sqlite"))

    compared = llmeval.run("compare", str(file), str(logged / "good.json"), *log)
    merged = llmeval.run("merge", str(twice), str(twice), *log, "--html=")

    assert compared.exit_code != 2, compared.output
    assert "\\ud800" in compared.output
    assert merged.exit_code == 2
    assert "\\ud83d" in merged.output


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("deep.jsonl", ("validate", "{}")),
        ("deep.jsonl", ("compare", "{}", "{}")),
        ("deep.json", ("compare", "{}", "{}")),
        ("deep.json", ("merge", "{}", "--html=")),
        ("deep.json", ("merge", "runs.sqlite", "--html=", "--quarantine", "{}")),
        ("deep.json", ("validate", "{}")),
    ],
)
def test_brackets_without_end_are_refused(
    logged: Path, tmp_path: Path, llmeval: Command, name: str, arguments: tuple[str, ...]
) -> None:
    file = tmp_path / name
    file.write_text("[" * DEEP, encoding="utf-8")
    log = str(logged / "runs.sqlite")
    texts = [text.format(file).replace("runs.sqlite", log) for text in arguments]
    into = () if arguments[0] == "validate" else ("--log", str(tmp_path / "log.sqlite"))

    result = llmeval.run(*texts, *into)

    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert "nested too deeply" in result.output


def test_an_expression_and_a_body_without_end_are_refused(llmeval: Command, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id,prompt,human\na,p,1\n", encoding="utf-8")
    judge = ("--judge-model", "m", "--judge-base-url", "http://127.0.0.1:9/v1", "--dry-run")
    result = llmeval.run("calibrate", str(file), *judge, "--judge-extra-body", "[" * DEEP)
    assert result.exit_code == 2
    assert "allowed: a JSON object" in result.output


def test_a_deleted_folder_is_an_error_with_a_remedy(
    llmeval: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()

    result = llmeval.run("history")

    assert result.exit_code == 2
    assert "the current folder: found 'No such file or directory'" in result.output
    assert "Change to the folder of the project" in result.output
    with pytest.raises(SettingError, match="Change to the folder of the project"):
        evaluate("rows.csv")
    monkeypatch.chdir(tmp_path)


def test_no_command_follows_a_link_outside(
    tmp_path: Path, llmeval: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "DB_PASSWORD=zq7secret"
    root, outside = tmp_path / "project", tmp_path / "outside"
    outside.mkdir()
    (outside / "env").write_text(f"{secret}\n", encoding="utf-8")
    (outside / "rows.csv").write_text("prompt,expected\nA?,yes\n", encoding="utf-8")
    (root / "golden").mkdir(parents=True)
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (root / "golden" / "env.csv").symlink_to(outside / "env")
    (root / "golden" / "rows.csv").symlink_to(outside / "rows.csv")
    monkeypatch.chdir(root)
    judge = ("--judge-model", "m", "--judge-base-url", "http://127.0.0.1:9/v1", "--dry-run")

    for arguments in (
        ("validate", "golden/env.csv"),
        ("ids", "golden/env.csv"),
        ("ids", "--write", "golden/rows.csv"),
        ("calibrate", "golden/env.csv", *judge),
    ):
        result = llmeval.run(*arguments)
        assert result.exit_code == 2, arguments
        assert "found a symbolic link to" in result.output
        assert secret not in result.output
    assert llmeval.run("validate", str(outside / "rows.csv")).exit_code == 0
