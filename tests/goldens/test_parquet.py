"""Parquet: types survive, empty cells are absent."""

from __future__ import annotations

import datetime
import decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.reading import read_cases
from tests.goldens.conftest import GoldenFolder


def test_cells_of_every_type(folder: GoldenFolder) -> None:
    path = folder.path / "faq.parquet"
    pd.DataFrame(
        {
            "Question": ["A?", "B?"],
            "expected": ["NA", None],
            "context": [["one", "two"], None],
            "level": pd.array([2**60 + 1, None], dtype="Int64"),
            "share": [0.5, float("nan")],
            "price": [decimal.Decimal("1.50"), None],
            "raw": [b"x", None],
            "day": [datetime.date(2024, 2, 29), None],
            "messages_seen": [[{"role": "user", "n": 1}], None],
        }
    ).to_parquet(path)
    first, second = read_cases(path, folder.path)

    assert (first.prompt, first.expected, first.contexts) == ("A?", "NA", ("one", "two"))
    assert first.metadata == {
        "level": 2**60 + 1,
        "share": 0.5,
        "price": "1.50",
        "raw": "x",
        "day": "2024-02-29",
        "messages_seen": [{"role": "user", "n": 1}],
    }
    assert (second.expected, second.contexts, second.metadata) == (None, (), {})
    assert (first.source.line, second.source.line) == (1, 2)


def test_a_named_index_is_a_column(folder: GoldenFolder) -> None:
    path = folder.path / "faq.parquet"
    pd.DataFrame({"prompt": ["A?", "B?"]}, index=pd.Index(["a", "b"], name="id")).to_parquet(path)

    assert [case.id for case in read_cases(path, folder.path)] == ["a", "b"]


def test_chats_in_nested_columns(folder: GoldenFolder) -> None:
    path = folder.path / "chat.parquet"
    pd.DataFrame(
        {
            "messages": [
                [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
            ]
        }
    ).to_parquet(path)
    (case,) = read_cases(path, folder.path)

    assert case.messages == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    )


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            pa.table({"prompt": pa.array([], pa.string())}),
            "a.parquet: found no rows; allowed: at least one case",
        ),
        (
            pa.table([["Why?"], ["How?"]], names=["prompt", "prompt "]),
            "a.parquet: found the column 'prompt' twice; allowed: each column name once; rename one",
        ),
    ],
    ids=["no rows", "a column twice"],
)
def test_parquet_that_cannot_be_used_says_why(
    folder: GoldenFolder, table: pa.Table, text: str
) -> None:
    pq.write_table(table, folder.path / "a.parquet")
    with pytest.raises(GoldenFileError) as caught:
        read_cases(folder.path / "a.parquet", folder.path)

    assert str(caught.value).endswith(text)
