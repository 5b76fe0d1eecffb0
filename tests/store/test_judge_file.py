"""What is known of judges, kept in a file that people commit."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from pytest_llmeval.errors import StoreError
from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.run import SelfTest
from pytest_llmeval.store.judge_file import JudgeEntry, JudgeFile

SELFTEST = SelfTest(
    {"expected": 5, "empty": 4}, 5, calls=10, usd=0.01, made_at="2026-01-01T00:00:00+00:00"
)
CALIBRATION = Calibration({"kappa": Interval(0.5, 0.1, 0.8, 20)}, 20, 1, "labels.csv")


def note_one(path: Path, number: int) -> None:
    JudgeFile(path).note(f"rubric-{number:02}", name="rubric", model="m", selftest=SELFTEST)


def test_what_was_noted_comes_back_as_it_was(tmp_path: Path) -> None:
    file = JudgeFile(tmp_path / "golden" / "judges.json")

    file.note("rubric-1", name="rubric", model="gpt-4", selftest=SELFTEST)

    assert file.get("rubric-1") == JudgeEntry("rubric", "gpt-4", SELFTEST)
    assert file.get("rubric-2") is None


def test_a_calibration_stands_beside_the_self_test(tmp_path: Path) -> None:
    file = JudgeFile(tmp_path / "judges.json")

    file.note("rubric-1", name="rubric", model="gpt-4", selftest=SELFTEST)
    file.note("rubric-1", name="rubric", model="gpt-4", calibration=CALIBRATION)

    assert file.get("rubric-1") == JudgeEntry("rubric", "gpt-4", SELFTEST, CALIBRATION)


def test_the_file_is_sorted_and_nothing_else_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "judges.json"

    for number in (2, 1):
        note_one(path, number)

    assert list(json.loads(path.read_text(encoding="utf-8"))["judges"]) == [
        "rubric-01",
        "rubric-02",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["judges.json"]


def test_processes_that_note_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "judges.json"

    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(note_one, [path] * 12, range(12)))

    assert all(JudgeFile(path).get(f"rubric-{number:02}") for number in range(12))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 9, "judges": {}}', '{"format": 1, "judges": {"a": 1}}']
)
def test_a_file_that_cannot_be_read_is_named_with_the_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "judges.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(StoreError, match=r"judges\.json: found an invalid file .* Restore it"):
        JudgeFile(path).get("rubric-1")
    with pytest.raises(StoreError, match="an invalid file"):
        JudgeFile(path).note("rubric-1", name="rubric", model="m")
    assert path.read_text(encoding="utf-8") == content
