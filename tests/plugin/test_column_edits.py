"""An edit of a column that only a metric of the user reads shows, whatever it holds now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_golden_edits import Row, comparison_of, write_rows

COUNT = 24
GATED = ("--llm-fail-on", "gate", "--llm-threshold", "keyword>=1")
NEW = ("--llm-provider", "column:new", *GATED, "--llm-baseline", "main")
METRIC = """
class Keyword:
    name = "keyword"
    version = "1"

    def score(self, case, completion):
        return float((case.metadata.get("keyword") or "no") == completion.text)


def pytest_llmeval_metrics():
    return [Keyword()]
"""


def rows_of_main() -> list[Row]:
    """Cases whose old answers have the keyword; the new ones lose the first six."""
    return [
        {
            "id": f"c{number:02}",
            "prompt": f"Question {number}",
            "keyword": "yes",
            "old": "yes",
            "new": "no" if number < 6 else "yes",
        }
        for number in range(COUNT)
    ]


@pytest.fixture
def made(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    project.write("conftest.py", METRIC)
    write_rows(project, rows_of_main())
    kept = tmp_path_factory.getbasetemp() / "column_edits_main.jsonl"
    if not project.take_baseline(kept):
        run = project.run("--llm-provider", "column:old", *GATED, "--llm-gate", "pass_rate>=1")
        assert run.ret == 0
        project.accept(kept)
    return project


def fitted(row: Row) -> Row:
    return {**row, "keyword": row["new"]}


def emptied(row: Row) -> Row:
    return {**row, "keyword": ""}


def removed(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "keyword"}


@pytest.mark.parametrize("edit", [fitted, emptied, removed])
def test_a_column_that_is_the_answer_now_or_is_gone_is_edited(
    made: Project, edit: Callable[[Row], Row]
) -> None:
    rows = rows_of_main()
    write_rows(made, [*map(edit, rows[:6]), *rows[6:]])

    run = made.run(*NEW)

    assert run.ret == 0
    # The old answers fail by the new keyword, too.
    assert "keyword: rose 25.0 points: 0 of 24 passed before and fail now, 6 failed" in (
        run.stdout.str()
    )
    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    assert "Other columns of 6 cases were edited since main" in last
    assert ("6 edited cases now hold or expect exactly what this run" in last) == (edit is fitted)
    edits = comparison_of(made)["edited"]
    assert [(one["field"], one["after"]) for one in edits] == [("columns", "keyword")] * 6
    compared = made.llmeval("compare", "main", "latest")
    assert "other columns of 6 cases were edited since main" in compared.stdout


def test_the_columns_with_the_answers_of_either_run_are_no_content(made: Project) -> None:
    """One of the two was added since, and the other one was filled anew."""
    write_rows(made, [{**row, "old": "else", "NEXT": "yes"} for row in rows_of_main()])

    made.run("--llm-provider", "column:next", *GATED, "--llm-baseline", "main")

    comparison = comparison_of(made)
    assert not comparison["edited"]
    assert comparison["metrics"][0]["result"]["verdict"] == "OK"


def test_a_column_that_was_added_is_an_edit(made: Project) -> None:
    write_rows(made, [{**row, "note": "new"} for row in rows_of_main()])

    made.run("--llm-provider", "column:old", *GATED, "--llm-baseline", "main")

    edits = comparison_of(made)["edited"]
    assert [(one["field"], one["after"]) for one in edits] == [("columns", "note")] * COUNT
