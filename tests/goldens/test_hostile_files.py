"""Files that cannot be used: one clear error each, with everything that is wrong in them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.reading import read_cases
from tests.goldens.conftest import GoldenFolder

PROMPT_NAMES = "prompt, input, question, query, user_input, instruction, messages"
HOSTILE = {
    "empty file": ("a.csv", b"", "a.csv: found an empty file; allowed: at least one case"),
    "only blanks": (
        "a.jsonl",
        b"\n \n",
        "a.jsonl: found an empty file; allowed: at least one case",
    ),
    "only a byte order mark": (
        "a.csv",
        b"\xef\xbb\xbf",
        "a.csv: found an empty file; allowed: at least one case",
    ),
    "only a header": (
        "a.csv",
        b"prompt,expected\n",
        "a.csv:1: found only a header; allowed: at least one row below it",
    ),
    "no rows": ("a.json", b"[]", "a.json: found no rows; allowed: at least one case"),
    "no prompt column": (
        "a.csv",
        b"promt,expected\nWhy?,So\n",
        "a.csv:1: found no prompt column among 'promt', 'expected'; "
        f"allowed: a column {PROMPT_NAMES}, or one mapped to prompt with llm_columns. "
        "Did you mean 'prompt'? (column 'promt')",
    ),
    "semicolons": (
        "a.csv",
        b"a;b\n1;2\n",
        "a.csv:1: found one column 'a;b'; allowed: cells separated by commas. This file has semicolons: "
        "save it with commas, or write sep=; as its first line",
    ),
    "semicolons, and commas in a text": (
        "a.csv",
        b"id;prompt;expected\na;Hi, you?;Hello\n",
        "a.csv:1: found one column 'id;prompt;expected'; allowed: cells separated by commas. "
        "This file has semicolons: save it with commas, or write sep=; as its first line",
    ),
    "a semicolon after the only name": (
        "a.csv",
        b"prompt;;\nHi?;;\n",
        "a.csv:1: found one column 'prompt;;'; allowed: cells separated by commas. "
        "This file has semicolons: save it with commas, or write sep=; as its first line",
    ),
    "tabs": (
        "a.csv",
        "id\tprompt\r\na\tHi, you?\r\n".encode("utf-16"),
        "a.csv:1: found one column 'id\\tprompt'; allowed: cells separated by commas. "
        "This file has tabs: rename it to .tsv, or write sep=\\t as its first line",
    ),
    "commas in a file of tabs": (
        "a.tsv",
        b"id,prompt\na,Hi\n",
        "a.tsv:1: found one column 'id,prompt'; allowed: cells separated by tabs. "
        "This file has commas: save it with tabs, or write sep=, as its first line",
    ),
    "empty prompt": (
        "a.csv",
        b"prompt,expected\n,So\n",
        "a.csv:2: row 1, column 'prompt' found nothing; "
        "allowed: text that is not blank, a number, or a list of chat messages",
    ),
    "blank prompt": (
        "a.csv",
        b'prompt,expected\n"\n ",So\n',
        "a.csv:2: row 1, column 'prompt' found '\\n '; "
        "allowed: text that is not blank, a number, or a list of chat messages",
    ),
    "duplicate ids": (
        "a.csv",
        b'id,prompt\na,"Why\nso?"\nb,How?\na,Who?\n',
        "a.csv:5: row 3, column 'id' found the id 'a', already used in line 2; allowed: each id once in a file",
    ),
    "the same prompt twice": (
        "a.csv",
        b"prompt\nWhy?\nHow?\nWhy?\n",
        "a.csv:4: row 3 found the same prompt as in line 2; "
        "allowed: each prompt once in a file, or a column id that distinguishes the rows, "
        "which llmeval ids --write a.csv adds",
    ),
    "the same prompt twice in columns": (
        "a.json",
        b'{"prompt": ["Why?", "Why?"]}',
        "a.json:1: row 2 found the same prompt as in line 1; "
        "allowed: each prompt once in a file, or a column id that distinguishes the rows",
    ),
    "broken line": (
        "a.jsonl",
        b'{"prompt": "Why?"}\n{"prompt": "How?"\n',
        "a.jsonl:2: row 2 found broken JSON (Expecting ',' delimiter); "
        "allowed: one JSON object a line (a document over several lines is a .json file)",
    ),
    "a line that is no object": (
        "a.jsonl",
        b'{"prompt": "Why?"}\n["How?"]\n',
        "a.jsonl:2: row 2 found ['How?']; allowed: an object, one key a column",
    ),
    "an object without a key alone": (
        "a.json",
        b"[{}]",
        "a.json:1: row 1 found an object without a key; allowed: a case in each row; delete this row",
    ),
    "an object without a key in a list": (
        "a.json",
        b'{"cases": [{}]}',
        "a.json:1: row 1 found an object without a key; allowed: a case in each row; delete this row",
    ),
    "an object without a key below a case": (
        "a.jsonl",
        b'{"prompt": "Why?"}\n\n{}\n',
        "a.jsonl:3: row 2 found an object without a key; allowed: a case in each row; delete this row",
    ),
    "truncated JSON": (
        "a.json",
        b'[\n  {"prompt": "Why?"},\n  {"prompt": "Ho',
        "a.json:3: found broken JSON (Unterminated string starting at) at column 14; "
        "allowed: one JSON document (one object a line is a .jsonl file)",
    ),
    "JSONL in a JSON file": (
        "a.json",
        b'{"prompt": "Why?"}\n{"prompt": "How?"}\n',
        "a.json:2: found broken JSON (Extra data) at column 1; "
        "allowed: one JSON document (one object a line is a .jsonl file)",
    ),
    "JSON that is no rows": (
        "a.json",
        b'{"version": 2}',
        "a.json: found {'version': 2}; allowed: an array of objects, an object with one array of objects under "
        "cases, goldens, examples, data, tests, rows, or columns",
    ),
    "JSON nested without end": (
        "a.json",
        b"[" * 100_000,
        "a.json: found JSON nested too deeply; allowed: one JSON document (one object a line is a .jsonl file)",
    ),
    "infinity": (
        "a.jsonl",
        b'{"prompt": Infinity}',
        "a.jsonl:1: row 1 found broken JSON (Infinity is not JSON); "
        "allowed: one JSON object a line (a document over several lines is a .json file)",
    ),
    "a key twice": (
        "a.jsonl",
        b'{"prompt": "Why?", "prompt": "How?"}',
        "a.jsonl:1: row 1 found the column 'prompt' twice; allowed: each column name once; rename one",
    ),
    "a list of cases twice": (
        "a.json",
        b'{"cases": [{"prompt": "Why?"}], "cases": []}',
        "a.json: found the key 'cases' twice; allowed: each key once",
    ),
    "two lists of cases": (
        "a.json",
        b'{"cases": [{"prompt": "Why?"}], "tests": []}',
        "a.json: found arrays under cases and tests; allowed: an array of objects, an object with one array of objects "
        "under cases, goldens, examples, data, tests, rows, or columns",
    ),
    "columns of different lengths": (
        "a.json",
        b'{"prompt": ["Why?", "How?"], "expected": ["So"]}',
        "a.json: found columns that do not fit together (the arrays differ in length); allowed: "
        "an array of objects, an object with one array of objects under cases, goldens, examples, data, tests, rows, or columns",
    ),
    "columns of different kinds": (
        "a.json",
        b'{"prompt": ["Why?"], "expected": {"0": "So"}}',
        "a.json: found columns that do not fit together (some are arrays, others objects); "
        "allowed: an array of objects, an object with one array of objects under cases, goldens, examples, "
        "data, tests, rows, or columns",
    ),
    "columns without rows": (
        "a.json",
        b'{"prompt": {}}',
        "a.json: found no rows; allowed: at least one case",
    ),
    "a column twice": (
        "a.csv",
        b"prompt,note,note\nWhy?,1,2\n",
        "a.csv:1: found the column 'note' twice; allowed: each column name once; rename one",
    ),
    "two spellings of a column": (
        "a.csv",
        b"prompt,Prompt\nWhy?,How?\n",
        "a.csv: found the columns 'prompt' and 'Prompt', which count as the same name; "
        "allowed: each column name once; rename one",
    ),
    "latin-1": (
        "a.csv",
        "prompt\nWhy?\nGrüße?\n".encode("latin-1"),
        "a.csv:3: found byte 0xfc at offset 14, which is not UTF-8; "
        "allowed: text in UTF-8, or UTF-16 with a byte order mark; save as UTF-8",
    ),
    "NUL": (
        "a.csv",
        b"prompt\nWhy\0?\n",
        "a.csv:2: found a NUL character; allowed: text in UTF-8 without NUL characters; save as UTF-8",
    ),
    "too many cells": (
        "a.csv",
        b'prompt,expected\n"Why,\nso?",So\nHow, then?,So\n',
        "a.csv:4: row 2 found 3 cells; allowed: 2, as in the header; "
        'a cell with a comma, quote or line break in double quotes, and every " inside it doubled',
    ),
    "too few cells": (
        "a.csv",
        b"prompt,expected\nWhy?\n",
        "a.csv:2: row 1 found 1 cell; allowed: 2, as in the header; "
        'a cell with a comma, quote or line break in double quotes, and every " inside it doubled',
    ),
    "open quote": (
        "a.csv",
        b'prompt,expected\nWhy?,So\n"How?,So\n\nWho?,So\n',
        "a.csv:3: row 2 found broken quotes (unexpected end of data); allowed: "
        'a cell with a comma, quote or line break in double quotes, and every " inside it doubled',
    ),
    "a quote in quotes": (
        "a.csv",
        b'prompt\n"Why "so"?"\n',
        "a.csv:2: row 1 found broken quotes (',' expected after '\"'); allowed: "
        'a cell with a comma, quote or line break in double quotes, and every " inside it doubled',
    ),
    "messages that are a number": (
        "a.jsonl",
        b'{"messages": 5}',
        "a.jsonl:1: row 1, column 'messages' found 5; "
        "allowed: a list of chat messages, or its JSON text, with at least one message of the role user",
    ),
    "messages that are broken JSON": (
        "a.csv",
        b'messages\n"[{""role"": ""user""}"\n',
        """a.csv:2: row 1, column 'messages' found '[{"role": "user"}'; """
        "allowed: a list of chat messages, or its JSON text, with at least one message of the role user",
    ),
    "a chat without the user": (
        "a.jsonl",
        b'{"messages": [{"role": "system", "content": "x"}]}',
        "a.jsonl:1: row 1, column 'messages' found [{'role': 'system', 'content': 'x'}]; "
        "allowed: a list of chat messages, or its JSON text, with at least one message of the role user",
    ),
    "bad role": (
        "a.jsonl",
        b'{"input": [{"role": "human", "content": "Why?"}]}',
        "a.jsonl:1: row 1, column 'input[0].role' found 'human'; allowed: system, developer, user, assistant or tool",
    ),
    "content of a wrong type": (
        "a.jsonl",
        b'{"messages": [{"role": "user", "content": 7}]}',
        "a.jsonl:1: row 1, column 'messages[0].content' found 7; allowed: text or a list of content parts",
    ),
    "no content": (
        "a.jsonl",
        b'{"messages": [{"role": "user"}]}',
        "a.jsonl:1: row 1, column 'messages[0]' found {'role': 'user'}; "
        "allowed: an object with role and content (only an assistant message may lack content)",
    ),
    "expected of a wrong type": (
        "a.jsonl",
        b'{"prompt": "Why?", "answer": {"a": 1}}',
        "a.jsonl:1: row 1, column 'answer' found {'a': 1}; "
        "allowed: text, a number, true, false, or a list of texts that are all accepted; "
        "a member of the object with --llm-columns 'answer.a = expected' (--columns of llmeval, or this line in llm_columns)",
    ),
    "context of a wrong type": (
        "a.jsonl",
        b'{"prompt": "Why?", "context": ["x", {"text": "y"}]}',
        "a.jsonl:1: row 1, column 'context[1]' found {'text': 'y'}; allowed: text",
    ),
    "bad bound": (
        "a.csv",
        b"prompt,thresholds\nWhy?,toxicity<=0.2; polite\n",
        "a.csv:2: row 1, column 'thresholds' found 'polite'; "
        "allowed: NAME, one of >= <= > < ==, and a number, for example 'toxicity<=0.2'",
    ),
    "min_score that is no number": (
        "a.csv",
        b"prompt,min_score\nWhy?,high\n",
        "a.csv:2: row 1, column 'min_score' found 'high'; allowed: a number from 0 to 5",
    ),
    "min_score outside the scale": (
        "a.csv",
        b"prompt,min_score\nWhy?,6\n",
        "a.csv:2: row 1, column 'min_score' found 6.0; allowed: a number from 0 to 5",
    ),
    "min_score that is not finite": (
        "a.csv",
        b"prompt,min_score\nWhy?,nan\n",
        "a.csv:2: row 1, column 'min_score' found 'nan'; allowed: a number from 0 to 5",
    ),
    "an id that splits a node id": (
        "a.csv",
        b"id,prompt\na::b,Why?\n",
        "a.csv:2: row 1, column 'id' found 'a::b'; "
        "allowed: text of at most 200 characters without '::', control characters, or blanks at either end",
    ),
    "an id of blanks": (
        "a.csv",
        b"id,prompt\n a,Why?\n",
        "a.csv:2: row 1, column 'id' found ' a'; "
        "allowed: text of at most 200 characters without '::', control characters, or blanks at either end",
    ),
    "an id with a line break": (
        "a.jsonl",
        b'{"id": "a\\n", "prompt": "Why?"}',
        "a.jsonl:1: row 1, column 'id' found 'a\\n'; "
        "allowed: text of at most 200 characters without '::', control characters, or blanks at either end",
    ),
    "a long id": (
        "a.jsonl",
        b'{"id": "' + b"x" * 201 + b'", "prompt": "Why?"}',
        f"a.jsonl:1: row 1, column 'id' found '{'x' * 56}...; "
        "allowed: text of at most 200 characters without '::', control characters, or blanks at either end",
    ),
    "no Parquet": (
        "a.parquet",
        b"prompt\nWhy?\n",
        "a.parquet: found unreadable Parquet (Parquet magic bytes not found in footer. "
        "Either the file is corrupted or this is not a parquet file); "
        "allowed: a Parquet file as pandas writes it",
    ),
    "a bound that is no text": (
        "a.jsonl",
        b'{"prompt": "Why?", "thresholds": [["x"]]}',
        "a.jsonl:1: row 1, column 'thresholds[0]' found ['x']; allowed: a threshold like \"toxicity<=0.2\"",
    ),
    "bounds in an object": (
        "a.jsonl",
        b'{"prompt": "Why?", "thresholds": {"toxicity": 0.2}}',
        "a.jsonl:1: row 1, column 'thresholds' found {'toxicity': 0.2}; "
        'allowed: thresholds like "toxicity<=0.2; flesch_reading_ease>=50", or a list of them',
    ),
    "tags of a wrong type": (
        "a.jsonl",
        b'{"prompt": "Why?", "tags": {"a": 1}}',
        "a.jsonl:1: row 1, column 'tags' found {'a': 1}; allowed: text, a list of texts, or the text of a list, "
        'which is best written as JSON: ["a", "b"]; '
        "a member of the object with --llm-columns 'tags.a = tags' (--columns of llmeval, or this line in llm_columns)",
    ),
    "another format": (
        "a.xlsx",
        b"PK",
        "a.xlsx: found the suffix '.xlsx'; allowed: a file with the suffix .csv, .tsv, .json, .jsonl, .ndjson, .parquet",
    ),
}


@pytest.mark.parametrize(("name", "content", "text"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_file_that_cannot_be_used_says_why(
    folder: GoldenFolder, name: str, content: bytes, text: str
) -> None:
    path = folder.write(name, content).relative_to(folder.path)
    with pytest.raises(GoldenFileError) as caught:
        read_cases(path, folder.path)

    assert str(caught.value) == f"1 problem in {name}\n  {text}"


def test_all_problems_of_a_file_are_reported_at_once_in_file_order(folder: GoldenFolder) -> None:
    text = "id,prompt,min_score,threshold\na,Why?,9,x\na::b,,4,\nc,Who?,4,y>1\nc,When?,4,\n"
    with pytest.raises(GoldenFileError) as caught:
        folder.read("faq.csv", text)

    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == [(2, "threshold"), (2, "min_score"), (3, "prompt"), (3, "id"), (5, "id")]
    assert str(caught.value).startswith("5 problems in ")


def test_every_ragged_row_is_reported(folder: GoldenFolder) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read("faq.csv", 'prompt,expected\na\nb,c\nd,e,f\n"open\n')

    assert [(problem.line, problem.row) for problem in caught.value.problems] == [
        (2, 1),
        (4, 3),
        (5, 4),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "prompt,min_score\nA?\nB?,9\nA?,4\nA?,3\n"),
        (
            "a.jsonl",
            '{"prompt"\n{"prompt": "B?", "min_score": 9}\n{"prompt": "A?"}\n{"prompt": "A?"}',
        ),
    ],
)
def test_rows_that_cannot_be_read_do_not_hide_the_mistakes_of_the_others(
    folder: GoldenFolder, name: str, content: str
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read(name, content)

    first = 2 if name == "a.csv" else 1
    places = [(problem.line, problem.row, problem.column) for problem in caught.value.problems]
    assert places == [(first, 1, ""), (first + 1, 2, "min_score"), (first + 3, 4, "")]


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet"])
def test_a_missing_file_is_one_problem(folder: GoldenFolder, name: str) -> None:
    with pytest.raises(
        GoldenFileError,
        match=f"{name}: found no such file; allowed: a readable golden file",
    ):
        read_cases(folder.path / name, folder.path)


def test_a_directory_is_one_problem(folder: GoldenFolder) -> None:
    (folder.path / "faq.csv").mkdir()
    with pytest.raises(GoldenFileError, match=r"faq\.csv: found a directory"):
        read_cases(folder.path / "faq.csv", folder.path)


def _zipped(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "prompt,expected\nWhy?,So\n")
    return packed.getvalue()


_ROWS = b"prompt,expected\nWhy?,So\n"


@pytest.mark.parametrize(
    ("name", "data", "kind", "remedy"),
    [
        ("a.csv", _zipped("xl/workbook.xml"), "an Excel workbook (.xlsx)", "save the table as CSV"),
        ("a.csv", _zipped("word/document.xml"), "a Word document (.docx)", "save the table as CSV"),
        ("a.json", _zipped("rows.json"), "a ZIP archive", "unpack the golden file"),
        ("a.csv", gzip.compress(_ROWS), "a file compressed by gzip", "unpack the golden file"),
        ("a.tsv", bz2.compress(_ROWS), "a file compressed by bzip2", "unpack the golden file"),
        ("a.jsonl", lzma.compress(_ROWS), "a file compressed by xz", "unpack the golden file"),
        ("a.csv", b"%PDF-1.7\nx,y\n", "a PDF", "export the rows as CSV or JSONL"),
        ("a.csv", b"SQLite format 3\0" + bytes(84), "an SQLite database", "export the rows"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an old Microsoft Office", "as CSV"),
        ("a.json", b"\x80\x04]\x94.", "a pickle", "export the rows"),
        ("a.csv", b"<!DOCTYPE html>\n<html><body>prompt,expected</body></html>", "a page in HTML", "download"),
        ("a.json", b"\xef\xbb\xbf <html><head></head></html>", "a page in HTML", "download the file itself"),
        ("a.csv", b"<?xml version='1.0'?><rows/>", "a document in XML or HTML", "export the rows"),
        ("a.csv", b'[{"prompt": "Why?", "expected": "So"}]', "JSON", "name the file .json, or .jsonl"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a pointer of Git LFS", "git lfs pull"),
    ],
)  # fmt: skip
def test_another_kind_of_file_is_named(
    folder: GoldenFolder, name: str, data: bytes, kind: str, remedy: str
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read(name, data)
    message = str(caught.value)
    assert f"{name}: found {kind}; allowed: " in message
    assert remedy in message
