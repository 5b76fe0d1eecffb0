from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.conftest import Command

GOOD = "good.csv: 2 cases, each with an expected answer\n  columns: prompt, expected\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text("prompt,expected\nWhy?,So\nHow?,Thus\n")
    (tmp_path / "one.jsonl").write_text('{"prompt": "Why?"}\n')
    (tmp_path / "bad.csv").write_text("prompt,min_score\nWhy?,9\n")
    (tmp_path / "own.csv").write_text("유저,답\n왜?,네\n", "utf-8")
    return tmp_path


def test_good_files_are_counted(llmeval: Command) -> None:
    result = llmeval.run("validate", "good.csv", "one.jsonl")

    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        "good.csv: 2 cases, each with an expected answer\n"
        "  columns: prompt, expected\n"
        "one.jsonl: 1 case, without an expected answer\n"
        "  columns: prompt\n",
        "",
    )


def test_a_bad_file_is_explained_and_the_others_still_checked(llmeval: Command) -> None:
    result = llmeval.run("validate", "bad.csv", "good.csv", "missing.csv")

    assert result.exit_code == 2
    assert result.stdout == GOOD
    assert result.stderr == (
        "1 problem in bad.csv\n"
        "  bad.csv:2: row 1, column 'min_score' found 9.0; allowed: a number from 0 to 5\n"
        "1 problem in missing.csv\n"
        "  missing.csv: found no such file; allowed: a readable golden file\n"
    )


def test_own_column_names_are_mapped(llmeval: Command) -> None:
    result = llmeval.run(
        "validate", "own.csv", "--columns", "유저 = prompt", "--columns", "답 = expected"
    )

    assert (result.exit_code, result.stdout) == (
        0,
        "own.csv: 1 case, with an expected answer\n  columns: 유저 = prompt, 답 = expected\n",
    )


@pytest.mark.parametrize("key", ["llm_provider", "llm_judge_against"])
def test_a_column_that_answers_in_a_run_is_no_expected_answer(
    llmeval: Command, folder: Path, key: str
) -> None:
    (folder / "answered.csv").write_text("prompt,response\nWhy?,So\n")
    refused = llmeval.run("validate", "answered.csv")
    (folder / "pytest.ini").write_text(f"[pytest]\n{key} = column:response\n")
    taken = llmeval.run("validate", "answered.csv")

    assert (refused.exit_code, taken.exit_code, taken.stderr) == (2, 0, "")
    assert "metadata: response" in taken.stdout


def test_a_wrong_mapping_is_a_usage_error(llmeval: Command) -> None:
    result = llmeval.run("validate", "own.csv", "--columns", "유저 = promt")

    assert result.exit_code == 2
    assert result.stderr.startswith("--columns: found '유저 = promt'; allowed: ")


def test_without_files_it_reads_those_of_the_project(llmeval: Command, folder: Path) -> None:
    none = llmeval.run("validate")
    (folder / "pytest.ini").write_text("[pytest]\nllm_golden = goldne\n")
    misspelt = llmeval.run("validate")
    golden = folder / "golden"
    (golden / "baselines").mkdir(parents=True)
    (golden / "recordings").mkdir()
    (golden / "faq.csv").write_text("prompt,expected\nWhy?,So\nHow?,Thus\n")
    (golden / "recordings" / "faq.csv.jsonl").write_text("{}\n")
    (golden / "baselines" / "main.jsonl").write_text('{"format": "llmeval-baseline-1"}\n')
    (golden / "notes.txt").write_text("no golden file\n")
    (folder / "pytest.ini").write_text("[pytest]\nllm_golden =\n    golden\n    good.csv\n")
    of_project = llmeval.run("validate")
    of_folder = llmeval.run("validate", "golden")
    empty = llmeval.run("validate", "golden/baselines", "golden/faq.csv")

    assert (none.exit_code, misspelt.exit_code, empty.exit_code) == (2, 2, 2)
    assert none.stderr.startswith("llm_golden: found nothing; allowed: golden files. Name them: ")
    assert "llm_golden: found no golden file by goldne; allowed" in misspelt.stderr
    lines = "golden/faq.csv: 2 cases, each with an expected answer\n  columns: prompt, expected\n"
    assert (of_folder.exit_code, of_folder.stdout) == (0, lines)
    assert (of_project.exit_code, of_project.stdout) == (0, lines + GOOD)
    assert "golden/baselines: found no golden file in this folder" in empty.stderr


def test_the_installed_command_runs(folder: Path) -> None:
    command = Path(sys.executable).with_name("llmeval")
    good = subprocess.run(
        [command, "validate", "good.csv"], capture_output=True, text=True, cwd=folder
    )
    bad = subprocess.run(
        [command, "validate", "bad.csv"], capture_output=True, text=True, cwd=folder
    )

    assert (good.returncode, good.stdout, good.stderr) == (0, GOOD, "")
    assert bad.returncode == 2
    assert "Traceback" not in bad.stderr


def test_the_version_is_that_of_the_distribution(llmeval: Command) -> None:
    assert llmeval.run("--version").stdout == f"llmeval, version {version('pytest-llm-golden')}\n"


def test_it_says_what_each_column_became(llmeval: Command, folder: Path) -> None:
    (folder / "mixed.jsonl").write_text(
        '{"id": "a", "question": "A?", "truth": "x", "answer": "y", "category": "c", "n": 1}\n'
        '{"id": "A", "input": "B?", "truth": "nan", "Min Score": 4}\n'
        '{"id": "b", "input": "C?", "category": "d"}\n'
    )
    result = llmeval.run("validate", "mixed.jsonl")

    assert result.stdout == (
        "mixed.jsonl: 3 cases, 1 without an expected answer\n"
        "  columns: id, question = prompt (1 row), input = prompt (2 rows), truth = expected, "
        "category = tags, Min Score = min_score\n"
        "  metadata: answer, n\n"
        "  note: the expected answer is the word 'nan' (line 2); an empty cell is an absent value\n"
        "  note: ids differ only in case or blanks: 'a' and 'A'\n"
    )


def test_it_tells_settings_of_a_row_from_metadata(llmeval: Command, folder: Path) -> None:
    (folder / "set.jsonl").write_text(
        '{"id": "a", "prompt": "A?", "criteria": "It is polite.", "jsonSchema": {}, "level": 1}\n'
        '{"id": "b", "prompt": "B?", "contains_all": ["x"]}\n'
    )
    result = llmeval.run("validate", "set.jsonl")
    assert "  settings of the row: criteria, jsonSchema, contains_all\n  metadata: level\n" in (
        result.stdout
    )


def test_it_tells_an_answer_from_the_text_of_a_list(llmeval: Command, folder: Path) -> None:
    (folder / "list.csv").write_text("prompt,expected\nA?,\"['a', 'b']\"\n")
    (folder / "ideal.csv").write_text("prompt,ideal\nA?,\"['a', 'b']\"\n")

    assert "note: the expected answer is the text of a list (line 2)" in (
        llmeval.run("validate", "list.csv").stdout
    )
    assert "note" not in llmeval.run("validate", "ideal.csv").stdout


def test_a_prompt_that_is_an_object_is_noted(llmeval: Command, folder: Path) -> None:
    (folder / "items.csv").write_text('input,expected\n"{""question"": ""A?""}",a\n')

    assert "note: the prompt is the text of an object (line 2)" in (
        llmeval.run("validate", "items.csv").stdout
    )
    mapped = llmeval.run("validate", "items.csv", "--columns", "input.question = prompt")
    assert "columns: input.question = prompt, expected\n" in mapped.stdout


def test_the_remedies_of_an_unread_column_work(llmeval: Command, folder: Path) -> None:
    (folder / "unread.csv").write_text("prompt,expected_ouput\nA?,a\n")
    refused = llmeval.run("validate", "unread.csv")
    assert refused.exit_code == 2
    assert "no expected answer (1 case)" in refused.stderr

    for field, answered in (("expected", "with"), ("metadata", "without")):
        result = llmeval.run("validate", "unread.csv", "--columns", f"expected_ouput = {field}")
        assert result.stdout.startswith(f"unread.csv: 1 case, {answered} an expected answer\n")
