"""CSV: what was written is what is read, and every case knows its line."""

from __future__ import annotations

import csv
import io
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.reading import read_cases
from tests.goldens.conftest import GoldenFolder

CELLS = st.one_of(
    st.sampled_from(
        [
            "nan",
            "NA",
            "null",
            "None",
            "007",
            "1.50",
            "1e5",
            "TRUE",
            "-",
            '"',
            "a,b",
            "x\r\ny",
            " x ",
            "\r",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), quoted=st.booleans())
def test_any_text_is_read_back_as_it_was_written(rows: list[tuple[str, str]], quoted: bool) -> None:
    text = io.StringIO(newline="")
    # an older csv.writer with the line end \n leaves a lone \r unquoted, which no reader can tell
    # from a line end
    writer = (
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL) if quoted else csv.writer(text)
    )
    writer.writerow(["id", "prompt", "expected", "note"])
    lines = []
    for number, (expected, note) in enumerate(rows):
        lines.append(len(io.StringIO(text.getvalue(), newline="").readlines()) + 1)
        writer.writerow([number, "Why?", expected, note])
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "any.csv")
        path.write_bytes(text.getvalue().encode())
        cases = read_cases(path, Path(directory))

    assert [case.expected for case in cases] == [expected or None for expected, _ in rows]
    assert [case.metadata for case in cases] == [{"note": note} if note else {} for _, note in rows]
    assert [case.source.line for case in cases] == lines


def test_empty_cells_are_absent_values(folder: GoldenFolder) -> None:
    (case,) = folder.read("faq.csv", 'prompt,expected,context,tags,note,level\nWhy?,,,"",,\n')

    assert case.expected is None
    assert (case.contexts, case.tags, case.metadata) == ((), (), {})


def test_words_for_nothing_and_numbers_stay_the_text_that_was_written(folder: GoldenFolder) -> None:
    (case,) = folder.read("faq.csv", "id,prompt,expected,a,b,c\n007,NA,1.50,null,1e5,None\n")

    assert (case.id, case.prompt, case.expected) == ("007", "NA", "1.50")
    assert case.metadata == {"a": "null", "b": "1e5", "c": "None"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_with_a_byte_order_mark_and_both_line_ends(
    folder: GoldenFolder, encoding: str, ending: str
) -> None:
    text = f'prompt,expected{ending}"환불은{ending}어떻게?",Grüße{ending}Wie?,ja{ending}'
    first, second = folder.read("faq.csv", text.encode(encoding))

    assert (first.prompt, first.expected) == (f"환불은{ending}어떻게?", "Grüße")
    assert (first.source.line, second.source.line) == (2, 4)


@pytest.mark.parametrize(
    ("directive", "delimiter"),
    [
        ("sep=;", ";"),
        ("SEP=,", ","),
        ('"sep=;"', ";"),
        ("sep=\t", "\t"),
        ("sep=\\t", "\t"),
        ("sep=|", "|"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_first_line_of_excel_names_the_delimiter(
    folder: GoldenFolder, directive: str, delimiter: str, ending: str, encoding: str
) -> None:
    rows = [["id", "prompt", "min_score"], ["a", '"Hi, you;\t|?"', "3.5"], ["b", "Ho?", ""]]
    text = ending.join([directive, *(delimiter.join(row) for row in rows), ""])
    first, second = folder.read("excel.csv", text.encode(encoding))

    assert (first.prompt, [bound.bound for bound in first.thresholds]) == ("Hi, you;\t|?", [3.5])
    assert (first.source.line, second.source.line) == (3, 4)


def test_line_ends_of_the_old_macintosh(folder: GoldenFolder) -> None:
    first, second = folder.read("mac.csv", 'id,prompt\ra,"Hi\ryou?"\rb,Ho?\r')
    lines = folder.read("mac.jsonl", '{"prompt": "A?"}\r\r{"prompt": "B?"}\r')

    assert (first.prompt, second.prompt, second.source.line) == ("Hi\ryou?", "Ho?", 4)
    assert [(case.prompt, case.source.line) for case in lines] == [("A?", 1), ("B?", 3)]


def test_one_column_may_have_a_comma_in_its_name(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", '"Question, please"\nHi?\n', {"Question, please": "prompt"})

    assert case.prompt == "Hi?"


def test_blank_lines_and_rows_of_empty_cells_are_no_cases(folder: GoldenFolder) -> None:
    cases = folder.read("faq.csv", "\n\nprompt,expected\n\nA?,a\n,\n\nB?,b\n,\n\n")

    assert [(case.prompt, case.source.line) for case in cases] == [("A?", 5), ("B?", 8)]


def test_a_column_without_a_name_is_kept_under_the_name_pandas_gives_it(
    folder: GoldenFolder,
) -> None:
    (case,) = folder.read("faq.csv", ",prompt\n17,Why?\n")

    assert case.metadata == {"Unnamed: 0": "17"}


def test_a_cell_may_be_longer_than_the_csv_module_allows_by_default(folder: GoldenFolder) -> None:
    before = csv.field_size_limit()
    (case,) = folder.read("faq.csv", f"prompt,context\nWhy?,{'x' * 200_000}\n")

    assert len(case.contexts[0]) == 200_000
    assert csv.field_size_limit() == before


def test_the_source_is_relative_to_the_root_with_forward_slashes(folder: GoldenFolder) -> None:
    path = folder.write("golden/deep/faq.csv", "prompt\nWhy?\n")

    assert str(read_cases(path, folder.path)[0].source) == "golden/deep/faq.csv:2"
    assert str(read_cases(path, folder.path / "tests")[0].source) == "../golden/deep/faq.csv:2"


@settings(max_examples=100, deadline=None)
@given(
    suffix=st.sampled_from([".csv", ".tsv", ".json", ".jsonl", ".parquet"]),
    data=st.one_of(
        st.binary(), st.text(alphabet='prompt,id\n\r"[]{}:;1 \\é', max_size=60).map(str.encode)
    ),
)
def test_whatever_a_file_holds_the_error_is_ours(suffix: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, f"any{suffix}")
        path.write_bytes(data)
        with suppress(GoldenFileError):
            assert all(case.prompt.strip() for case in read_cases(path, Path(directory)))
