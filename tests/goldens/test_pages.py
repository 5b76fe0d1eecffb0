"""One page of a longer list is no whole golden file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmeval.errors import GoldenFileError
from tests.goldens.conftest import GoldenFolder

ROWS = [{"prompt": "Why?", "expected": "So"}, {"prompt": "How?", "expected": "Thus"}]


@pytest.mark.parametrize(
    ("beside", "written"),
    [
        ({"meta": {"page": 1, "limit": 2, "totalItems": 200, "totalPages": 100}}, "totalItems 200"),
        ({"meta": {"page": 2, "totalPages": 2, "totalItems": 2}}, "totalPages 2"),
        ({"object": "list", "has_more": True, "last_id": "x"}, "has_more True"),
        ({"next_cursor": "abc"}, "next_cursor 'abc'"),
        ({"links": {"self": "u", "next": "https://a.example/2"}}, "next 'https://a.example/2'"),
        ({"total": 200, "page": 1}, "total 200"),
        ({"num_rows_total": 100, "partial": True}, "num_rows_total 100"),
        ({"@odata.nextLink": "https://a.example"}, "@odata.nextLink 'https://a.example'"),
        ({"pageInfo": {"hasNextPage": True, "endCursor": "x"}}, "hasNextPage True"),
    ],
)
def test_a_page_is_an_error_that_says_so(
    folder: GoldenFolder, beside: dict[str, Any], written: str
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.json", json.dumps({"data": ROWS, **beside}))
    (problem,) = caught.value.problems
    assert problem.value == f"one page of a longer list ({written}, 2 rows here)"
    assert problem.allowed.startswith("all rows; export every page into one list")


@pytest.mark.parametrize(
    "beside",
    [
        {"meta": {"page": 1, "limit": 50, "totalItems": 2, "totalPages": 1}},
        {"has_more": False, "next": None},
        {"links": {"self": "u", "next": ""}},
        {"total": 200},
        {"count": 2, "next": None, "previous": None},
        {"pageInfo": {"hasNextPage": False, "endCursor": "x"}},
        {"metadata": {"pages": 3}},
        {"version": 2, "description": "next"},
    ],
)
def test_a_whole_list_is_read(folder: GoldenFolder, beside: dict[str, Any]) -> None:
    assert len(folder.read("a.json", json.dumps({"data": ROWS, **beside}))) == 2
