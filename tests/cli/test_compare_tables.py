"""`llmeval compare` of tables that any tool may have written: levels, columns, repeated ids, tags."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with Path(name).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def scores(*values: float | str, **cells: Any) -> list[dict[str, Any]]:
    return [{"id": f"c{n}", **cells, "score": value} for n, value in enumerate(values)]


@pytest.mark.parametrize("level", ["0.5", "0.4999999", "0.0001"])
@pytest.mark.parametrize("margin", ["0.0001", "1"])
def test_every_level_and_margin_that_is_allowed_gives_a_verdict(
    llmeval: Command, level: str, margin: str
) -> None:
    """Pass/fail scores, graded ones, and clusters."""
    passes = [1, 1, 1, 0] * 5
    write("a.csv", [{**row, "doc": f"d{n // 2}"} for n, row in enumerate(scores(*passes))])
    write("b.csv", [{**row, "doc": f"d{n // 2}"} for n, row in enumerate(scores(*passes[1:], 1))])
    write("c.csv", [{**row, "doc": f"d{n // 2}"} for n, row in enumerate(scores(*[0.5] * 20))])
    bounds = ("--alpha", level, "--margin", margin)
    for files in (("a.csv", "a.csv"), ("a.csv", "b.csv"), ("b.csv", "c.csv")):
        for cluster in ((), ("--cluster", "doc")):
            result = llmeval.run("compare", *files, *bounds, *cluster)
            assert f"score against {files[0]}: " in result.output, result.exception
            assert "\N{MINUS SIGN}0.0" not in result.output
    beyond = llmeval.run("compare", "a.csv", "b.csv", "--alpha", "0.51")
    assert (beyond.exit_code, "from 0.0001 to 0.5" in beyond.output) == (2, True)


@pytest.mark.parametrize("tags", ["safety;topic{}", "safety, topic{}", '["safety", "topic{}"]'])
def test_tags_are_written_as_in_a_golden_file(llmeval: Command, tags: str) -> None:
    for name, safe in (("a", 1), ("b", 0)):
        rows = scores(*[safe] * 8, *[1] * 60)
        for n, row in enumerate(rows):
            row["tags"] = tags.format(n // 2) if n < 8 else "shop"
        write(f"{name}.csv", rows)
        Path(f"{name}.xml").write_text(junit(rows))
    for suffix in ("csv", "xml"):
        result = llmeval.run("compare", f"a.{suffix}", f"b.{suffix}", "--margin", ".2")
        assert "Tag 'safety' (score: 8 of 8 passed before, 0 now) was wiped out" in result.output


def junit(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as test cases with properties."""
    tests = []
    for row in rows:
        cells = [(name, cell) for name, cell in row.items() if name != "id"]
        properties = "".join(
            f'<property name="{name}" value={quoteattr(str(cell))}/>' for name, cell in cells
        )
        name = row["id"]
        tests.append(f'<testcase name="{name}"><properties>{properties}</properties></testcase>')
    return f"<testsuite>{''.join(tests)}</testsuite>"
