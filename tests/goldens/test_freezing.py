"""`write_ids`: the ids get into the file, and nothing else changes."""

from __future__ import annotations

import codecs
import csv
import io
import json
import stat
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.freezing import cases_without_id, write_ids
from pytest_llmeval.goldens.reading import read_cases
from tests.goldens.conftest import GoldenFolder


def test_a_csv_file_gets_a_first_column(folder: GoldenFolder) -> None:
    path = folder.write("faq.csv", '"prompt", note\r\n"Why\r\nso?",007\r\n\r\n,\r\nHow?,"1,50"')

    assert write_ids(path) == 2
    assert path.read_bytes().decode() == (
        'id,"prompt", note\r\nwhy-so-436c7fd8,"Why\r\nso?",007\r\n\r\n,,\r\nhow-d95e63e1,How?,"1,50"'
    )


def test_empty_cells_of_an_id_column_are_filled(folder: GoldenFolder) -> None:
    path = folder.write("faq.csv", 'prompt,ID,note\n"Why?",,"a,b"\n"How?",own,"x"\nWho?,,')

    assert write_ids(path) == 2
    assert (
        path.read_text()
        == 'prompt,ID,note\nWhy?,why-87bcfe60,"a,b"\n"How?",own,"x"\nWho?,who-52dae67f,'
    )


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b""])
def test_the_encoding_of_the_file_stays(folder: GoldenFolder, mark: bytes) -> None:
    codec = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(mark, "utf-8")
    path = folder.write("faq.csv", mark + "prompt\nWarum, äh?\n".replace(",", "").encode(codec))

    assert write_ids(path) == 1
    data = path.read_bytes()
    assert data.startswith(mark)
    assert data[len(mark) :].decode(codec).splitlines()[1].endswith(",Warum äh?")


def test_jsonl_stays_as_it_was_written(folder: GoldenFolder) -> None:
    lines = [
        '{"prompt": "Why?", "x": 1.50}',
        "",
        '  {"id": null,"prompt":"\\u00e4?"}',
        '{"id": "own", "prompt": "B?"}',
    ]
    path = folder.write("faq.jsonl", "\r\n".join(lines))

    assert write_ids(path) == 2
    first, blank, second, third = path.read_bytes().decode().split("\r\n")
    assert first == '{"id": "why-87bcfe60", "prompt": "Why?", "x": 1.50}'
    assert (blank, third) == ("", lines[3])
    assert second == '  {"id": "ä-{}","prompt":"\\u00e4?"}'.replace(
        "{}", json.loads(second)["id"][-8:]
    )


def test_indented_json_stays_indented(folder: GoldenFolder) -> None:
    text = json.dumps(
        {"about": "x", "cases": [{"prompt": "Why?", "x": 1}, {"prompt": "How?"}]}, indent=2
    )
    path = folder.write("faq.json", text)

    assert write_ids(path) == 2
    written = json.loads(path.read_text())
    assert path.read_text() == json.dumps(written, indent=2)
    assert [list(row) for row in written["cases"]] == [["id", "prompt", "x"], ["id", "prompt"]]


def test_parquet_keeps_its_columns_and_types(folder: GoldenFolder) -> None:
    path = folder.path / "faq.parquet"
    frame = pd.DataFrame(
        {"prompt": ["A?", "B?"], "n": pd.array([1, None], dtype="Int64"), "l": [["x"], None]}
    )
    frame.to_parquet(path)
    before = pd.read_parquet(path)

    assert write_ids(path) == 2
    after = pd.read_parquet(path)
    assert list(after.columns) == ["id", "prompt", "n", "l"]
    pd.testing.assert_frame_equal(after.drop(columns="id"), before)


@pytest.mark.parametrize("name", ["faq.csv", "faq.json", "faq.jsonl"])
def test_a_second_time_there_is_nothing_to_write(folder: GoldenFolder, name: str) -> None:
    path = folder.write(name, "prompt\nWhy?\n" if name == "faq.csv" else '{"prompt": "Why?"}')
    if name == "faq.json":
        path.write_text(f"[{path.read_text()}]")
    made = [case.id for case in cases_without_id(path, folder.path)]
    write_ids(path)
    data = path.read_bytes()

    assert [case.id for case in read_cases(path, folder.path)] == made
    assert cases_without_id(path, folder.path) == []
    assert write_ids(path) == 0
    assert path.read_bytes() == data


def test_a_mapped_id_column_is_the_one_that_is_filled(folder: GoldenFolder) -> None:
    path = folder.write("faq.csv", "key,prompt\n,Why?\n")

    assert write_ids(path, {"key": "id"}) == 1
    assert path.read_text() == "key,prompt\nwhy-87bcfe60,Why?\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"prompt": "Hi?"}\n{"prompt": "Hi?"}\n{"prompt": "Ho?"}\n{"prompt": "Hi?"}'),
        ("a.json", '[{"prompt": "Hi?"}, {"prompt": "Hi?"}, {"prompt": "Ho?"}, {"prompt": "Hi?"}]'),
        ("a.csv", "prompt,expected\nHi?,a\nHi?,b\nHo?,c\nHi?,d\n"),
        ("a.csv", "id,prompt\n,Hi?\nhi-a523d845-2,Hi?\n,Ho?\n,Hi?\n"),
        ("a.csv", "id,prompt\nhi-a523d845,Hi?\n,Hi?\n,Ho?\n,Hi?\n"),
    ],
)
def test_repeated_prompts_get_numbered_ids(folder: GoldenFolder, name: str, content: str) -> None:
    path = folder.write(name, content)
    with pytest.raises(GoldenFileError, match=r"each prompt once in a file"):
        read_cases(path, folder.path)
    shown = [case.id for case in cases_without_id(path, folder.path)]

    assert write_ids(path) == len(shown)
    ids = [case.id for case in read_cases(path, folder.path)]
    assert ids == ["hi-a523d845", "hi-a523d845-2", "ho-e771ef37", "hi-a523d845-3"]
    assert [written for written in ids if written in shown] == shown
    assert write_ids(path) == 0


def test_repeated_prompts_of_a_parquet_file_get_numbered_ids(folder: GoldenFolder) -> None:
    path = folder.path / "a.parquet"
    pd.DataFrame({"prompt": ["Hi?", "Hi?"]}).to_parquet(path)

    assert write_ids(path) == 2
    ids = [case.id for case in read_cases(path, folder.path)]
    assert ids == ["hi-a523d845", "hi-a523d845-2"]


def test_ids_that_stand_twice_are_no_work_for_numbers(folder: GoldenFolder) -> None:
    path = folder.write("a.csv", "id,prompt\na,Hi?\na,Ho?\n")
    with pytest.raises(GoldenFileError, match="the id 'a', already used in line 2"):
        write_ids(path)


def test_excels_first_line_and_its_delimiter_stay(folder: GoldenFolder) -> None:
    path = folder.write("a.csv", "sep=;\r\nprompt;note\r\nHi?;1,5\r\n")

    assert write_ids(path) == 1
    assert path.read_bytes() == b"sep=;\r\nid;prompt;note\r\nhi-a523d845;Hi?;1,5\r\n"


def test_ids_of_questions_in_squads_file_are_written(folder: GoldenFolder) -> None:
    path = folder.write(
        "dev.json",
        '{"data": [{"title": "T", "paragraphs": [{"context": "c", "qas": [{"question": "Hi?"}]}]}]}',
    )

    assert write_ids(path) == 1
    assert '"qas": [{"id": "hi-a523d845", "question": "Hi?"}]' in path.read_text()


def test_an_id_column_that_is_mapped_elsewhere_leaves_no_name_for_ids(folder: GoldenFolder) -> None:
    path = folder.write("a.csv", "id,prompt\n7,Hi?\n")
    with pytest.raises(GoldenFileError, match="a column 'id' that is mapped to another field"):
        write_ids(path, {"id": "metadata"})


def test_the_permissions_of_the_file_stay_and_nothing_is_left_beside_it(
    folder: GoldenFolder,
) -> None:
    path = folder.write("faq.csv", "prompt\nWhy?\n")
    path.chmod(0o640)
    write_ids(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(folder.path.iterdir()) == [path]


def test_json_in_columns_is_refused_and_stays_as_it_is(folder: GoldenFolder) -> None:
    path = folder.write("faq.json", '{"prompt": {"0": "Why?"}}')
    with pytest.raises(
        GoldenFileError, match="found JSON in columns; allowed: an array of objects"
    ):
        write_ids(path)

    assert path.read_text() == '{"prompt": {"0": "Why?"}}'


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5),
    quoted=st.booleans(),
    has_column=st.booleans(),
)
def test_any_other_cell_of_a_csv_file_stays(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    quoted: bool,
    has_column: bool,
) -> None:
    path: Path = tmp_path_factory.mktemp("any") / "any.csv"
    text = io.StringIO(newline="")
    writer = (
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL) if quoted else csv.writer(text)
    )
    table = [
        ["prompt", "a", "b"],
        *([f"Question {number}?", *cells] for number, cells in enumerate(rows)),
    ]
    writer.writerows(
        [["id", *table[0]], *(["", *row] for row in table[1:])] if has_column else table
    )
    path.write_bytes(text.getvalue().encode())

    assert write_ids(path) == len(rows)
    with path.open(encoding="utf-8", newline="") as stream:
        assert [row[1:] for row in csv.reader(stream)] == table
