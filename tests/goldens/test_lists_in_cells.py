"""Lists in the text of a cell: as JSON, Python, pandas and numpy write them, or a problem; never one text."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.records.case import Case
from tests.goldens.conftest import GoldenFolder


def read(folder: GoldenFolder, **cells: str) -> Case:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["prompt", *cells], ["Why?", *cells.values()]])
    (case,) = folder.read("cells.csv", text.getvalue())
    return case


@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        ('["a", "b"]', ("a", "b")),
        ("['a', 'b']", ("a", "b")),
        ("['a', 'b',]", ("a", "b")),
        ("""['it\\'s', "it's"]""", ("it's", "it's")),
        ("""["a", 'b']""", ("a", "b")),
        ("[nan, 'a', None, 1, 2.5]", ("a", "1", "2.5")),
        ("['a' 'b']", ("a", "b")),
        ("['a, or'\n 'b']", ("a, or", "b")),
        ("['a'\r\n 'b'\r\n 'c']", ("a", "b", "c")),
        ("array(['a', 'b'], dtype=object)", ("a", "b")),
        ("[np.str_('a'), np.str_('b')]", ("a", "b")),
        ("('a', 'b')", ("a", "b")),
        ("{'a'}", ("a",)),
        ("[u'a', b'b']", ("a", "b")),
        ("['\\d+', 'a']", ("\\d+", "a")),
        ("[]", ()),
    ],
)
def test_a_list_is_read_as_one(folder: GoldenFolder, cell: str, texts: tuple[str, ...]) -> None:
    case = read(folder, contexts=cell, tags=cell)

    assert case.contexts == texts
    assert case.tags == texts


@pytest.mark.parametrize(
    "text",
    [
        "[1] Smith, 2020",
        "[1] Smith, [2] Jones",
        "[see below]",
        "[docs](https://x.org)",
        "(see above, please)",
        '{"name": "x"}',
        "array of texts",
        "a, b",
        "[" * 1000,
    ],
)
def test_an_ordinary_text_stays_one_context(folder: GoldenFolder, text: str) -> None:
    assert read(folder, contexts=text).contexts == (text,)


@pytest.mark.parametrize(
    "cell",
    [
        '["a", "b"',
        "['a', 'b'] and more",
        "['a', ..., 'z']",
        "['a' ... 'z']",
        "['cell''s', 'b']",
        "['a' 'b', 'c']",
        "[a, b]",
        "[“a”, “b”]",
        "[Document(page_content='a', metadata={})]",
        "0    a\n1    b\ndtype: object",
    ],
)
def test_what_looks_like_a_list_and_cannot_be_read_is_a_problem(
    folder: GoldenFolder, cell: str
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        read(folder, contexts=cell)

    (problem,) = caught.value.problems
    assert (problem.line, problem.row, problem.column) == (2, 1, "contexts")
    assert problem.allowed.endswith('which is best written as JSON: ["a", "b"]')


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("[a, b]", ("a", "b")),
        ("{a,b}", ("a", "b")),
        ("[a; b]", ("a", "b")),
        ('"a, b"; c', ("a, b", "c")),
        ('"billing, refunds",legal', ("billing, refunds", "legal")),
        ("'a', 'b'", ("a", "b")),
        ("it's, that's", ("it's", "that's")),
        ("[1] x", ("[1] x",)),
    ],
)
def test_tags_may_be_a_list_without_quotes_or_in_quotes(
    folder: GoldenFolder, cell: str, tags: tuple[str, ...]
) -> None:
    assert read(folder, tags=cell).tags == tags


@pytest.mark.parametrize("cell", ["[“a”, “b”]", "['a', 'b'", "[a, b's]"])
def test_tags_that_cannot_be_read_are_a_problem(folder: GoldenFolder, cell: str) -> None:
    with pytest.raises(GoldenFileError, match=r"column 'tags' found .*best written as JSON"):
        read(folder, tags=cell)


def test_bounds_may_be_a_python_list(folder: GoldenFolder) -> None:
    case = read(folder, threshold="['toxicity<=0.2', 'rubric>=3']")

    assert [str(bound) for bound in case.thresholds] == ["toxicity <= 0.2", "rubric >= 3"]


@pytest.mark.parametrize("column", ["messages", "input"])
@pytest.mark.parametrize(
    "chat",
    [
        "[{'role': 'user', 'content': 'Hi?'}]",
        "[{'role': 'user', 'content': \"Hi?\", 'name': None},]",
        '[{"role": "user", "content": "Hi?"}]',
    ],
)
def test_a_chat_may_be_a_list_in_a_cell(folder: GoldenFolder, column: str, chat: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[column, "expected"], [chat, "Hello"]])
    (case,) = folder.read("chat.csv", text.getvalue())

    assert (case.prompt, len(case.messages), case.expected) == ("Hi?", 1, "Hello")


def test_lists_and_objects_that_metrics_read_may_be_python(folder: GoldenFolder) -> None:
    case = read(
        folder,
        contains_all="['a, b' 'c']",
        contains_any='"a, b",c',
        json_schema="{'type': 'object'}",
        anchors="{0: 'bad', 5: 'good'}",
    )

    assert case.metadata == {
        "contains_all": ["a, b", "c"],
        "contains_any": '"a, b",c',
        "json_schema": {"type": "object"},
        "anchors": {"0": "bad", "5": "good"},
    }
    with pytest.raises(GoldenFileError, match=r"column 'contains_none' found .*a JSON list"):
        read(folder, contains_none="['a', 'b'")
    with pytest.raises(GoldenFileError, match=r"column 'contains_none' found .*a JSON list"):
        read(folder, contains_none='{"a": 1, "b": 2}')
    assert read(folder, contains_none="{name}").metadata["contains_none"] == ["{name}"]


def test_what_pandas_and_numpy_write_is_read_back(folder: GoldenFolder) -> None:
    lists = [["one, two", "it's", 'say "so"'], ["x" * 90, "y" * 90]]
    frame = pd.DataFrame({"prompt": ["A?", "B?"], "contexts": lists, "tags": [["t"], ["u", "v"]]})
    arrays = frame.assign(contexts=[pd.array(texts).to_numpy(object) for texts in lists])

    for table in (frame, arrays):
        cases = folder.read("pandas.csv", table.to_csv(index=False))
        assert [case.contexts for case in cases] == [tuple(texts) for texts in lists]
        assert [case.tags for case in cases] == [("t",), ("u", "v")]


@pytest.mark.parametrize(
    ("text", "score"), [("3,5", 3.5), ("4,25", 4.25), (" 4 ", 4), ("4.5", 4.5)]
)
def test_a_score_may_have_a_decimal_comma(folder: GoldenFolder, text: str, score: float) -> None:
    (bound,) = read(folder, min_score=text).thresholds

    assert bound.bound == score


@pytest.mark.parametrize("text", ["4,500", "3;5", "4/5", "3,5,1"])
def test_another_comma_is_no_number(folder: GoldenFolder, text: str) -> None:
    with pytest.raises(GoldenFileError, match="allowed: a number from 0 to 5"):
        read(folder, min_score=text)
