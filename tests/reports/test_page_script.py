"""The script of the HTML report: plain statements, as in the modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.page_source import nested_conditionals, sources_of_page


@pytest.mark.parametrize("path", sources_of_page("js"), ids=lambda path: path.name)
def test_no_conditional_expression_is_inside_another(path: Path) -> None:
    assert list(nested_conditionals(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("const x = a ? 1 : b ? 2 : 3;", [1]),
        ("const x = a\n  ? (b ? 1 : 2) : 3;", [2]),
        ("f(a ? `${b ? 1 : 2}` : 3);", [1]),
        ("f(a ? 1 : 2, b ? 1 : 2);\nconst x = a ? 1 : 2;\nconst y = b?.c ?? (d ? 1 : 2);", []),
        ("const f = a ? (x) => { return x ? 1 : 2; } : null;", []),
    ],
)
def test_a_planted_conditional_expression_is_seen(script: str, expected: list[int]) -> None:
    assert list(nested_conditionals(script)) == expected
