from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.judges.rubrics import (
    ONLY,
    Rubric,
    default_rubric,
    load_rubrics,
    read_criteria,
    with_criteria,
)

MEMBERS: dict[str, Any] = {
    "criteria": "Tone: the answer is friendly.",
    "anchors": {str(score): f"Anchor {score}." for score in range(6)},
}


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "tone.json"
    path.write_text(json.dumps({**MEMBERS, **changes}), encoding="utf-8")
    return path


def load_one(path: Path) -> Rubric:
    return load_rubrics(path)[ONLY]


def test_the_default_rubric_judges_correctness_with_an_anchor_for_each_score() -> None:
    rubric = default_rubric()
    assert rubric.criteria.startswith("Correctness")
    assert len(set(rubric.anchors)) == 6
    assert rubric.fractions


def test_a_criterion_of_ones_own_gets_anchors_that_fit_any() -> None:
    rubric = with_criteria(" Tone: friendly. ")
    assert rubric.criteria == "Tone: friendly."
    assert len(set(rubric.anchors)) == 6
    assert rubric.anchors != default_rubric().anchors
    with pytest.raises(SettingError, match="criteria"):
        with_criteria(" ")


def test_a_rubric_is_read_from_a_file(tmp_path: Path) -> None:
    anchors = tuple(f"Anchor {score}." for score in range(6))
    assert load_one(write(tmp_path)) == Rubric("Tone: the answer is friendly.", anchors)
    path = write(tmp_path, fractions=False, source="our style guide")
    assert load_one(path) == Rubric("Tone: the answer is friendly.", anchors, fractions=False)


def test_the_shipped_rubrics_are_files_a_user_could_have_written(tmp_path: Path) -> None:
    from pytest_llmeval.judges.prompting import prompt_file

    path = tmp_path / "copy.json"
    path.write_text(prompt_file("default_rubric.json"), encoding="utf-8-sig")
    assert load_one(path) == default_rubric()


@pytest.mark.parametrize(
    ("changes", "place", "allowed"),
    [
        ({"criteria": ""}, "criteria", "text that is not empty"),
        ({"criteria": 5}, "criteria", "text that is not empty"),
        ({"anchors": ["a", "b"]}, "anchors", 'the keys "0" to "5"'),
        ({"anchors": {"0": "bad", "5": "good"}}, "anchors", 'the keys "0" to "5"'),
        ({"anchors": {**MEMBERS["anchors"], "3": " "}}, "anchors.3", "what this score means"),
        ({"anchors": {**MEMBERS["anchors"], "6": "too much"}}, "anchors", 'the keys "0" to "5"'),
        ({"fractions": "yes"}, "fractions", "true or false"),
        ({"name": "tone"}, "", "criteria and anchors"),
        ({"criterion": "misspelt"}, "", "criteria and anchors"),
    ],
)
def test_a_rubric_that_cannot_be_used_names_file_key_and_what_is_allowed(
    tmp_path: Path, changes: dict[str, Any], place: str, allowed: str
) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(SettingError) as refused:
        load_one(path)
    assert refused.value.where == (f"{path} key {place!r}" if place else str(path))
    assert allowed in refused.value.allowed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "tone.json:1:2"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "a JSON object with criteria"),
        (b"{}", "'criteria' is a required property"),
    ],
)
def test_a_file_that_is_no_rubric_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "tone.json"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=words):
        load_one(path)


def test_a_rubric_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"gone\.json: found 'No such file or directory'"):
        load_one(tmp_path / "gone.json")


def test_several_rubrics_stand_in_one_file_by_name(tmp_path: Path) -> None:
    path = tmp_path / "style.json"
    path.write_text(
        json.dumps({"rubrics": {"tone": MEMBERS, "brevity": {"criteria": "Short."}}}),
        encoding="utf-8",
    )

    rubrics = load_rubrics(path)

    assert list(rubrics) == ["tone", "brevity"]
    assert rubrics["tone"].anchors[5] == "Anchor 5."
    assert rubrics["brevity"] == with_criteria("Short.")


@pytest.mark.parametrize(
    "criteria",
    [
        {"tone": "Friendly.", "brevity": "Short."},
        '{"tone": "Friendly.", "brevity": "Short."}',
        {"rubrics": {"tone": {"criteria": "Friendly."}, "brevity": {"criteria": "Short."}}},
    ],
)
def test_several_criteria_are_given_by_name(criteria: Any) -> None:
    assert read_criteria(criteria) == {
        "tone": with_criteria("Friendly."),
        "brevity": with_criteria("Short."),
    }


def test_a_criterion_may_bring_its_anchors() -> None:
    assert read_criteria(MEMBERS)[ONLY].anchors == tuple(f"Anchor {score}." for score in range(6))


@pytest.mark.parametrize(
    "criteria", ["{broken", {"tone": ""}, {"two words": "Friendly."}, {"tone": 5}, {}]
)
def test_criteria_that_cannot_be_used_are_refused(criteria: Any) -> None:
    with pytest.raises(SettingError, match="the judge's criteria"):
        read_criteria(criteria)
