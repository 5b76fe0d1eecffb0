"""TSV: a CSV with tabs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmeval.baselines.columns import Columns
from pytest_llmeval.baselines.table import read_table
from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.freezing import write_ids
from tests.goldens.conftest import GoldenFolder

TEXT = 'prompt\texpected\ttags\n"Why\tso?"\tSo, thus.\ta,b\nHow?\t"a\nb"\t\n'


@pytest.mark.parametrize("name", ["faq.tsv", "FAQ.TSV"])
def test_cells_are_separated_by_tabs_and_may_hold_commas(folder: GoldenFolder, name: str) -> None:
    first, second = folder.read(name, TEXT)
    assert (first.prompt, first.expected) == ("Why\tso?", "So, thus.")
    assert (second.prompt, second.expected, second.source.line) == ("How?", "a\nb", 3)


def test_ids_are_written_in_front_of_a_tab(folder: GoldenFolder) -> None:
    path = folder.write("faq.tsv", "prompt\tnote\nWhy?\ta,b\n")
    assert write_ids(path) == 1
    assert path.read_text() == "id\tprompt\tnote\nwhy-87bcfe60\tWhy?\ta,b\n"


def test_an_empty_id_is_filled(folder: GoldenFolder) -> None:
    path = folder.write("faq.tsv", "prompt\tid\nWhy?\t\nHow?\town\n")
    assert write_ids(path) == 1
    assert path.read_text() == "prompt\tid\nWhy?\twhy-87bcfe60\nHow?\town\n"


def test_a_row_with_too_many_cells_is_named(folder: GoldenFolder) -> None:
    with pytest.raises(
        GoldenFileError, match=r"faq\.tsv:2.*a cell with a tab, quote or line break"
    ):
        folder.read("faq.tsv", "prompt\texpected\nWhy?\ta\tb\n")


def test_a_table_of_scores_may_be_one(tmp_path: Path) -> None:
    path = tmp_path / "scores.tsv"
    path.write_text("id\tscore\na\t0.5\nb\t1\n")
    found = read_table(path, Columns())
    assert [case.by_metric["score"].value for case in found.cases.values()] == [0.5, 1.0]


def test_pytest_collects_one_without_python(pytester: pytest.Pytester) -> None:
    (pytester.path / "faq.tsv").write_text("id\tprompt\nfirst\tWhy?\nsecond\tHow?\n")
    result = pytester.runpytest("faq.tsv", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["faq.tsv::first", "faq.tsv::second"])
