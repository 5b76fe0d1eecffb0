"""The column of cases that must pass."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import GoldenFileError
from tests.goldens.conftest import GoldenFolder


@pytest.mark.parametrize(
    ("cell", "expected"), [("true", True), ("FALSE", False), (" True ", True), ("", None)]
)
def test_a_row_says_whether_its_case_must_pass(
    folder: GoldenFolder, cell: str, expected: bool | None
) -> None:
    (case,) = folder.read("faq.csv", f"prompt,must_pass\nHow long?,{cell}\n")
    assert case.must_pass is expected
    assert case.metadata == {}


def test_in_json_it_is_true_or_false(folder: GoldenFolder) -> None:
    (case,) = folder.read("faq.jsonl", '{"prompt": "How long?", "must_pass": true}\n')
    assert case.must_pass is True


@pytest.mark.parametrize("cell", ["yes", "1"])
def test_another_word_is_refused(folder: GoldenFolder, cell: str) -> None:
    with pytest.raises(
        GoldenFileError, match=r"column 'must_pass' found '?\w+'?; allowed: true or false"
    ):
        folder.read("faq.csv", f"prompt,must_pass\nHow long?,{cell}\n")
