from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faq.csv").write_text("prompt,expected\nWhy?,So\nHow?,Thus\n")
    (tmp_path / "bad.csv").write_text("id,prompt\na,Why?\na,How?\n")
    (tmp_path / "twice.jsonl").write_text('{"prompt": "Why?"}\n{"prompt": "Why?"}\n')
    return tmp_path


def test_ids_are_shown_and_nothing_is_written(llmeval: Command, folder: Path) -> None:
    before = (folder / "faq.csv").read_bytes()
    result = llmeval.run("ids", "faq.csv")

    assert (result.exit_code, result.stdout) == (
        0,
        "faq.csv:2: why-87bcfe60\nfaq.csv:3: how-d95e63e1\n",
    )
    assert (folder / "faq.csv").read_bytes() == before


def test_ids_are_written_once(llmeval: Command, folder: Path) -> None:
    assert llmeval.run("ids", "--write", "faq.csv").stdout == "faq.csv: 2 ids written\n"
    assert (
        folder / "faq.csv"
    ).read_text() == "id,prompt,expected\nwhy-87bcfe60,Why?,So\nhow-d95e63e1,How?,Thus\n"
    assert llmeval.run("ids", "--write", "faq.csv").stdout == "faq.csv: 0 ids written\n"
    assert llmeval.run("ids", "faq.csv").stdout == "faq.csv: every case has an id\n"


def test_a_bad_file_is_explained_and_left_alone(llmeval: Command, folder: Path) -> None:
    result = llmeval.run("ids", "--write", "bad.csv", "faq.csv")

    assert result.exit_code == 2
    assert result.stdout == "faq.csv: 2 ids written\n"
    assert "bad.csv:3: row 2, column 'id' found the id 'a', already used" in result.stderr
    assert (folder / "bad.csv").read_text() == "id,prompt\na,Why?\na,How?\n"


def test_repeated_prompts_get_ids_with_numbers(llmeval: Command, folder: Path) -> None:
    refused = llmeval.run("validate", "twice.jsonl")
    assert (refused.exit_code, "llmeval ids --write twice.jsonl adds" in refused.stderr) == (
        2,
        True,
    )
    assert llmeval.run("ids", "twice.jsonl").stdout == (
        "twice.jsonl:1: why-87bcfe60\ntwice.jsonl:2: why-87bcfe60-2\n"
    )
    assert llmeval.run("ids", "--write", "twice.jsonl").stdout == "twice.jsonl: 2 ids written\n"
    assert llmeval.run("validate", "twice.jsonl").exit_code == 0
