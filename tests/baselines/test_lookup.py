from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmeval.baselines.file import has_count, is_baseline, read_baseline, write_baseline
from pytest_llmeval.baselines.lookup import BaselineFinder, accept_command, find_file
from pytest_llmeval.cli import main
from pytest_llmeval.errors import InputError, NoSuchRun
from pytest_llmeval.gating.scores import RunScores, run_scores
from pytest_llmeval.records.result import Key
from pytest_llmeval.reports.json_report import count_and_write_json
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.settings.locations import Locations
from tests.finished_run import make_results, make_run


def told(side: RunScores) -> dict[Key, object]:
    """What decides: outcome, scores and answers by case."""
    return {
        key: (entry.outcome, entry.by_metric, entry.answer, entry.length)
        for key, entry in side.cases.items()
    }


@pytest.fixture
def expected() -> RunScores:
    return run_scores("run", make_results())


def test_a_json_report_says_the_same_as_the_run(tmp_path: Path, expected: RunScores) -> None:
    count_and_write_json(tmp_path / "report.json", make_run(), make_results())
    found = BaselineFinder(Locations(tmp_path, tmp_path), None).scores("report.json")
    assert (told(found), found.scales, found.judged) == (
        told(expected),
        expected.scales,
        expected.judged,
    )


def test_the_run_log_says_the_same_as_the_run(tmp_path: Path, expected: RunScores) -> None:
    run = make_run()
    with closing(RunLog(str(tmp_path / "runs.sqlite"))) as log:
        log.begin(run)
        for result in make_results():
            log.add(run.id, result)
        log.finish(run)
        for source in (run.id, run.name):
            assert told(BaselineFinder(Locations(tmp_path, tmp_path), log).scores(source)) == told(
                expected
            )
        with pytest.raises(NoSuchRun, match="latest: no such file or run"):
            BaselineFinder(Locations(tmp_path, tmp_path), log, excluded=run.id).scores("latest")


def test_a_baseline_file_says_the_same_as_the_run_in_any_order(
    tmp_path: Path, expected: RunScores
) -> None:
    texts = []
    for results in (make_results(), reversed(make_results())):
        with io.StringIO() as file:
            write_baseline(file, "main", results)
            texts.append(file.getvalue())
    assert texts[0] == texts[1]
    path = tmp_path / "main.jsonl"
    path.write_text(texts[0], encoding="utf-8", errors="backslashreplace")
    assert is_baseline(path)
    tried = {
        key: value
        for key, value in told(expected).items()
        if expected.cases[key].outcome != "skipped"
    }
    assert told(read_baseline(path)) == tried


@pytest.mark.parametrize(
    "text", ["", "[]\n", '{"format": "llmeval-baseline-9"}\n', '{"format": "llmeval-baseline-1"}\n']
)
def test_a_broken_baseline_is_refused_with_the_command_that_makes_it_again(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "main.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match="Make it again: llmeval baseline accept --to"):
        read_baseline(path)


def test_a_baseline_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    with io.StringIO() as file:
        cases = write_baseline(file, "main", make_results())
        head, *lines = file.getvalue().splitlines(keepends=True)
    path = tmp_path / "main.jsonl"
    for kept in ([], lines[:2], [*lines, lines[0].replace('"id": "', '"id": "another ')]):
        path.write_text("".join([head, *kept]), encoding="utf-8", errors="backslashreplace")
        with pytest.raises(InputError, match=f"allowed: {cases}, as its first line says"):
            read_baseline(path)
        assert has_count(path)


def test_an_older_baseline_does_not_say_how_many_cases_it_holds(tmp_path: Path) -> None:
    with io.StringIO() as file:
        write_baseline(file, "main", make_results())
        head, *lines = file.getvalue().splitlines(keepends=True)
    older = {name: value for name, value in json.loads(head).items() if name != "cases"}
    path = tmp_path / "main.jsonl"
    text = "".join([f"{json.dumps(older)}\n", *lines])
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    assert len(read_baseline(path).cases) == len(lines)
    assert not has_count(path)


@pytest.mark.parametrize(
    ("source", "is_plain", "command"),
    [
        ("main", False, "--name main"),
        ("gpt-4.1", False, "--name gpt-4.1"),
        ("golden/baselines/old.jsonl", False, "--to golden/baselines/old.jsonl"),
        ("latest", False, "--name main, then --llm-baseline main"),
        ("old.json", False, "--name main, then --llm-baseline main"),
        ("results.eval", True, "--name main, then --llm-baseline main"),
        ("scores.CSV", True, "--name main, then --llm-baseline main"),
        ("promptfoo.jsonl", True, "--name main, then --llm-baseline main"),
        ("runs/nightly", False, "--name main, then --llm-baseline main"),
    ],
)
def test_the_command_that_makes_a_baseline_works_for_any_source(
    source: str, is_plain: bool, command: str
) -> None:
    assert accept_command(source, is_plain) == f"llmeval baseline accept {command}"


def test_no_baseline_takes_the_place_of_the_latest_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["baseline", "accept", "--name", "latest"])
    assert result.exit_code != 0
    assert "found 'latest'; allowed: any other plain word, such as main" in result.output
    (tmp_path / "golden/baselines").mkdir(parents=True)
    (tmp_path / "golden/baselines/latest.jsonl").touch()
    assert find_file("latest", Locations(tmp_path, tmp_path)) is None
