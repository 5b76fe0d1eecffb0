"""`llmeval compare` of tables that any tool may have written: levels, columns, repeated ids, tags."""

from __future__ import annotations

import csv
import json
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


def labelled(name: str, **cells: Sequence[float]) -> None:
    """A table of 300 cases with a score that does not change, and further columns."""
    rows = scores(*[0.9] * 300)
    for n, row in enumerate(rows):
        row.update({column: values[n % len(values)] for column, values in cells.items()})
    write(f"{name}.csv", rows)
    Path(f"{name}.xml").write_text(junit(rows))


def test_texts_of_a_case_and_what_a_run_costs_are_no_scores(llmeval: Command) -> None:
    common = {"prompt_tokens": [512], "expected": [0, 1], "gold_label": [1]}
    labelled("a", answer=[1, 1, 1], latency=[0.1], costUsd=[0.5], **common)
    labelled("b", answer=[1, 1, 0], latency=[0.9], costUsd=[0.1], **common)
    result = llmeval.run("compare", "a.csv", "b.csv")
    assert result.exit_code == 0, result.output
    assert ("answer:" in result.output, result.output.count("warning")) == (False, 1)
    assert (
        "warning: not compared: answer, latency, costUsd, prompt_tokens, expected, gold_label, "
        "which are no scores by their names; --score NAME compares one\n"
    ) in result.output
    properties = llmeval.run("compare", "a.xml", "b.xml", "--json", "-")
    shown = {item["name"]: item["is_gated"] for item in json.loads(properties.output)["metrics"]}
    assert [name for name, is_gated in shown.items() if is_gated] == ["score"]
    assert {"latency", "costUsd"} <= shown.keys()

    chosen = llmeval.run("compare", "a.csv", "b.csv", "--score", "answer")
    assert "REGRESSED: answer against a.csv: dropped 33.3 points" in chosen.output
    assert "not compared" not in chosen.output
    late = llmeval.run("compare", "a.xml", "b.xml", "--score", "latency", "--direction", "lower")
    assert "REGRESSED: latency against a.xml: dropped 80.0 points" in late.output


def test_the_errors_of_columns_name_the_one_to_compare(llmeval: Command) -> None:
    labelled("a", stars=[4])
    outside = llmeval.run("compare", "a.csv", "a.csv")
    assert "another range: --scale LOW HIGH; without this column: --score score" in outside.output
    write("b.csv", [{"id": "x", "latency": 0.3}])
    none = llmeval.run("compare", "b.csv", "b.csv")
    assert (none.exit_code, none.output.strip()) == (
        2,
        "b.csv: found no column of scores (not compared: latency, which is no score by its name; "
        "--score NAME compares one); allowed: --score COLUMN, one of id, latency",
    )


def repeated(name: str, *samples: Sequence[float | str | None]) -> None:
    """160 cases with a result of each series, as a table and as JUnit; ``None`` is no row."""
    rows = [
        {"id": f"c{n}", "sample": number, "score": values[n % len(values)]}
        for number, values in enumerate(samples)
        for n in range(160)
        if values[n % len(values)] is not None
    ]
    write(f"{name}.csv", rows)
    Path(f"{name}.xml").write_text(junit(rows))


@pytest.mark.parametrize("suffix", ["csv", "xml"])
@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([[0.9], [0.9]], [[0.0], [0.9]], "REGRESSED: score against a: dropped 45.0 points"),
        ([[0.9], [0.9]], [[0.9], [0.0]], "REGRESSED: score against a: dropped 45.0 points"),
        ([[0.9], [0.9]], [[""], [0.9]], "ERROR: score against a: nothing to compare"),
        ([[0.9], [0.9]], [[0.9], [0.9]], "OK: score against a: no change"),
        # A lost result leaves no row: in half of the cases, in a few, and in those of a baseline
        # with one result.
        (
            [[0.9], [0.9]],
            [[0.9], [0.9, None]],
            "ERROR: score against a: 80 of 160 scores are missing",
        ),
        (
            [[0.9]],
            [[0.9], [0.9] * 3 + [None]],
            "ERROR: score against a: 40 of 160 scores are missing",
        ),
        ([[0.9], [0.9] + [None] * 9], [[0.9], [None]], "OK: score against a: no change"),
        # Reruns of a few cases are no samples that the others lack.
        (
            [[0.9], [0.9] + [None] * 39],
            [[0.9], [None, 0.9] + [None] * 38],
            "OK: score against a: no change",
        ),
        # Another number of all cases is another setting.
        ([[0.9], [0.9]], [[0.9]], "warning: a has 2 samples of a case, b 1 sample"),
        ([[0.9]], [[0.9], [0.9]], "warning: a has 1 sample of a case, b 2 samples"),
    ],
)
def test_results_of_one_case_are_samples_and_none_may_be_missing(
    llmeval: Command, suffix: str, before: Any, after: Any, found: str
) -> None:
    repeated("a", *before)
    repeated("b", *after)
    result = llmeval.run("compare", f"a.{suffix}", f"b.{suffix}")
    assert found in result.output.replace(f".{suffix}", ""), result.output


def test_a_few_lost_results_count_as_the_worst_ones(llmeval: Command) -> None:
    repeated("a", [0.9], [0.9])
    repeated("b", [0.9], [0.9] * 31 + [None])
    result = llmeval.run("compare", "a.csv", "b.csv")
    assert (
        "INCONCLUSIVE: score against a.csv: no change, but 5 cases without a score" in result.output
    )
    assert (
        "warning: b.csv: 5 cases lack a result of several, by the number in a.csv, and count as "
        "missing: c127, c159, c31, c63, c95\n"
    ) in result.output


def test_a_property_that_a_test_records_twice_is_two_samples(llmeval: Command) -> None:
    """Scores that were recorded once belong to both."""
    both = '<property name="score" value="{}"/><property name="score" value="{}"/>'
    once = '<property name="exact" value="1"/>'
    for name, values in (("a", (0.9, 0.9)), ("b", (0.1, 0.9)), ("c", (0.9, 0.1))):
        tests = "".join(
            f'<testcase name="t{n}"><properties>{both.format(*values)}{once}</properties></testcase>'
            for n in range(160)
        )
        Path(f"{name}.xml").write_text(f"<testsuite>{tests}</testsuite>")
    for after in ("b.xml", "c.xml"):
        result = llmeval.run("compare", "a.xml", after)
        assert "REGRESSED: score against a.xml: dropped 40.0 points" in result.output
        assert "OK: exact against a.xml: no change" in result.output
    text = Path("a.xml").read_text().replace(once, once * 3)
    Path("d.xml").write_text(text)
    unequal = llmeval.run("compare", "a.xml", "d.xml")
    assert "found 2 values of score in t0, and 3 of another score" in unequal.output


def test_our_own_tables_are_compared_with_their_tags(
    llmeval: Command, pytester: pytest.Pytester
) -> None:
    rows = [
        {"id": f"c{n}", "prompt": f"Question {n}", "expected": "yes", "old": "yes", "new": "yes"}
        for n in range(60)
    ]
    for row in rows[:6]:
        row.update(new="no", tags="safety; shop")
    (pytester.path / "golden").mkdir()
    write(str(pytester.path / "golden" / "f.csv"), rows)
    for column in ("old", "new"):
        pytester.runpytest_subprocess(
            "golden/f.csv", f"--llm-provider=column:{column}", f"--llm-csv={column}.csv",
            "--llm-threshold=exact_match>=1", "--llm-fail-on=gate",
        )  # fmt: skip
    result = llmeval.run("compare", "old.csv", "new.csv")
    assert result.exit_code == 1, result.output
    # A run says nothing of rows.
    lines = Path("new.csv").read_text().splitlines(keepends=True)
    Path("more.csv").write_text("".join([*lines, lines[1]]))
    for files in ((".llmeval/report.json", "more.csv"), ("more.csv", ".llmeval/report.json")):
        repeat = llmeval.run("compare", *files)
        assert "exact_match against" in repeat.output, repeat.exception
    assert "'safety' (exact_match: 6 of 6 passed before, 0 now)" in result.output
    assert "REGRESSED: exact_match against old.csv: dropped 10.0 points" in result.output
    assert "not compared" not in result.output


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
