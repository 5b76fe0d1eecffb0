"""A case is known by its content: an edit of a golden file shows, and hides no regression."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.plugin.conftest import Project

COUNT = 20
EXACT = ("--llm-threshold", "exact_match>=1")
OLD = ("--llm-provider", "column:old", *EXACT)
NEW = ("--llm-provider", "column:new", *EXACT, "--llm-fail-on", "gate", "--llm-baseline", "main")

both = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["n0", "n2"])

Row = dict[str, str]


def rows_of_main() -> list[Row]:
    """Twenty cases that passed with the old answers; the new ones lose the first six."""
    return [
        {
            "id": f"c{number:02}",
            "prompt": f"Question {number}",
            "expected": f"answer {number}",
            "old": f"answer {number}",
            "new": f"{'bad' if number < 6 else 'answer'} {number}",
        }
        for number in range(COUNT)
    ]


def write_rows(project: Project, rows: list[Row], name: str = "faq") -> None:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    project.write(f"golden/{name}.jsonl", lines)


@pytest.fixture
def made(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the baseline ``main`` of its twenty cases."""
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    write_rows(project, rows_of_main())
    kept = tmp_path_factory.getbasetemp() / "golden_edits_main.jsonl"
    if not project.take_baseline(kept):
        assert project.run(*OLD).ret == 0
        project.accept(kept)
    return project


def comparison_of(project: Project) -> Mapping[str, Any]:
    (comparison,) = project.report()["run"]["comparisons"]
    assert isinstance(comparison, dict)
    return comparison


@both
def test_an_edited_reference_is_applied_to_both_runs(
    made: Project, workers: tuple[str, ...]
) -> None:
    rows = rows_of_main()
    for row in rows[:6]:
        row["expected"] = row["new"]
    write_rows(made, rows)

    run = made.run(*NEW, *workers, "--llm-summary", "summary.md", "--llm-html", "report.html")

    text = run.stdout.str()
    assert "exact_match: rose 30.0 points: 0 of 20 passed before and fail now, 6 failed" in text
    assert "the expected answer of 6 cases was edited" in text
    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    edited = "expected answer of 6 cases was edited since main, whose answers were scored again"
    assert edited in last
    assert "6 edited cases now hold or expect exactly what this run answered" in last
    comparison = comparison_of(made)
    assert comparison["edited"][0] == {
        "name": "golden/faq.jsonl::c00",
        "field": "expected",
        "before": "answer 0",
        "after": "bad 0",
        "is_rescored": True,
        "is_answer": True,
        "is_failure": False,
        "is_as_mean": False,
    }
    assert comparison["metrics"][0]["coverage"]["rescored"] == 6
    summary = (made.path / "summary.md").read_text("utf-8")
    assert "golden cases edited since main" in summary
    assert "answer 0" in summary
    page = (made.path / "report.html").read_text("utf-8").partition("<script")[0]
    assert "Edited since the baseline: 6 cases" in page


def test_a_harder_reference_is_no_regression(made: Project) -> None:
    rows = rows_of_main()
    for row in rows:
        row["new"] = row["old"]
    for row in rows[:6]:
        row["expected"] = "something harder"
    write_rows(made, rows)

    run = made.run(*NEW)

    assert run.ret == 0
    run.stdout.fnmatch_lines(["OK: regression against main: exact_match: identical*"])
    assert comparison_of(made)["metrics"][0]["result"]["before"]["estimate"] == 0.7


@both
def test_another_prompt_under_the_same_id_is_a_new_case(
    made: Project, workers: tuple[str, ...]
) -> None:
    rows = rows_of_main()
    for row in rows[:6]:
        row.update(prompt="Say yes", expected="yes", new="yes", old="yes")
    write_rows(made, rows)

    run = made.run(*NEW, *workers)

    assert run.ret == 10
    text = run.stdout.str()
    assert "only 14 of the baseline's 20 cases have a score in both runs (6 edited since" in text
    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    assert "The prompt of 6 cases was edited since main, so they were not compared" in last
    assert "fail now" not in last
    assert comparison_of(made)["edited"][0]["field"] == "prompt"
    assert comparison_of(made)["edited"][0]["before"] == "Question 0"
    assert comparison_of(made)["edited"][0]["after"] == "Say yes"


def rename_ids(rows: list[Row]) -> list[Row]:
    return [{**row, "id": f"x-{row['id']}"} for row in rows]


def shift_ids(rows: list[Row]) -> list[Row]:
    """Insert a case at the top of a file whose ids count its rows."""
    first = {"prompt": "New", "expected": "new", "old": "new", "new": "new"}
    return [{**row, "id": f"c{number:02}"} for number, row in enumerate([first, *rows])]


@both
@pytest.mark.parametrize("change", [rename_ids, shift_ids])
def test_a_case_under_another_name_is_the_same_case(
    made: Project, change: Callable[[list[Row]], list[Row]], workers: tuple[str, ...]
) -> None:
    write_rows(made, change(rows_of_main()))

    run = made.run(*NEW, *workers)

    assert run.ret == 1
    assert "6 of 20 passed before and fail now, 0 failed before" in run.stdout.str()
    comparison = comparison_of(made)
    assert len(comparison["renamed"]) == COUNT
    assert not comparison["removed"]
    assert len(comparison["lost"]) == 6
    before = [result["before"] for result in made.report()["results"] if result["before"]]
    assert len(before) == COUNT


def test_a_moved_file_holds_the_same_cases(made: Project) -> None:
    (made.path / "golden/faq.jsonl").unlink()
    write_rows(made, rows_of_main(), "questions")

    assert made.run(*NEW).ret == 1
    assert comparison_of(made)["renamed"][0] == {
        "before": "golden/faq.jsonl::c00",
        "after": "golden/questions.jsonl::c00",
    }


def test_equal_questions_are_told_apart_by_their_ids(made: Project) -> None:
    rows = [{**row, "prompt": "Say it"} for row in rows_of_main()]
    write_rows(made, rows)
    assert made.run(*OLD).ret == 0
    made.accept()
    write_rows(made, rows[1:])

    made.run(*NEW)

    comparison = comparison_of(made)
    assert comparison["removed"] == ["golden/faq.jsonl::c00"]
    assert not comparison["renamed"]


def test_a_deleted_failure_and_a_quarantined_loss_stand_in_the_headline(made: Project) -> None:
    rows = rows_of_main()
    rows[19]["old"] = "wrong"
    write_rows(made, rows)
    made.run(*OLD)
    made.accept()
    write_rows(made, rows[:19])
    made.write("quarantine.csv", "id,until,reason\nc00,2999-01-01,flaky\n")
    reports = ("--llm-summary", "summary.md", "--llm-html", "report.html")

    run = made.run(*NEW, "--llm-quarantine", "quarantine.csv", *reports)

    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    page = (made.path / "report.html").read_text("utf-8").partition("<script")[0]
    summary = (made.path / "summary.md").read_text("utf-8")
    for text in (last, summary, page):
        assert "1 case of main was removed, 1 of which had failed" in text
        assert "1 case in quarantine passed in main and now fail" in text


def test_a_subset_of_the_cases_has_no_removed_ones(made: Project) -> None:
    made.run(*NEW, "--llm-limit", "5", "--llm-where", "id != 'c19'")
    assert not comparison_of(made)["removed_failures"]


def test_the_requirements_of_a_row_are_a_part_of_its_reference(project: Project) -> None:
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    rows = [
        {"id": row["id"], "prompt": row["prompt"], "old": row["old"], "contains_all": ["answer"]}
        for row in rows_of_main()
    ]
    contains = ("--llm-provider", "column:old", "--llm-threshold", "contains_all>=1")

    def write(texts: list[str]) -> None:
        lines = [json.dumps({**row, "contains_all": texts}) for row in rows]
        project.write("golden/faq.jsonl", "\n".join(lines))

    write(["answer"])
    assert project.run(*contains).ret == 0
    project.accept()
    write(["answer", "please"])

    project.run(*contains, "--llm-fail-on", "gate", "--llm-baseline", "main")

    comparison = comparison_of(project)
    assert [edit["is_rescored"] for edit in comparison["edited"]] == [True] * COUNT
    assert comparison["metrics"][0]["result"]["change"] == 0


def test_a_metric_of_a_test_cannot_be_applied_to_the_baseline(made: Project) -> None:
    made.write("pytest.ini", "[pytest]\n")
    made.write(
        "test_own.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/faq.jsonl")
        def test_own(llm_case, llm_generate):
            assert llm_generate().text == llm_case.expected
        """,
    )
    made.run("--llm-provider", "column:old")
    made.accept()
    rows = rows_of_main()
    rows[0]["expected"] = "bad 0"
    write_rows(made, rows)

    run = made.run("--llm-provider", "column:new", "--llm-baseline", "main")

    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    assert "was edited since main, whose answers were not scored again" in last
    comparison = comparison_of(made)
    assert comparison["edited"][0]["is_rescored"] is False
    assert comparison["metrics"][0]["coverage"]["edited"] == 1
    assert comparison["metrics"][0]["result"]["n"] == COUNT - 1


def test_a_baseline_of_an_older_version_matches_any_content(made: Project) -> None:
    path = made.path / "golden/baselines/main.jsonl"
    head, *lines = map(json.loads, path.read_text("utf-8").splitlines())
    older = [
        {key: value for key, value in line.items() if key not in ("prompt", "expected", "content")}
        for line in lines
    ]
    path.write_text("\n".join(map(json.dumps, [head, *older])), "utf-8")

    run = made.run(*NEW)

    assert run.ret == 1
    assert "main does not say what its cases ask and accept, so an edit of a golden" in (
        run.stdout.str()
    )
    assert not comparison_of(made)["edited"]


def test_compare_lists_edits_and_leaves_them_out(made: Project) -> None:
    rows = rows_of_main()
    rows[0]["expected"] = rows[0]["new"]
    write_rows(made, rows)
    made.run(*NEW)

    done = made.llmeval("compare", "golden/baselines/main.jsonl", "latest")

    assert "expected answer 'answer 0' -> 'bad 0'" in done.stdout
    assert "covers 19 of the baseline's 20 cases (1 edited since)" in done.stdout


def test_an_edit_far_into_a_long_prompt_is_shown(made: Project) -> None:
    rows = rows_of_main()
    rows[0]["prompt"] = "Frage " * 80 + "Answer in German."
    write_rows(made, rows)
    made.run(*OLD)
    made.accept()
    rows[0]["prompt"] = "Frage " * 80 + "Answer in French."
    write_rows(made, rows)

    made.run(*NEW)

    (edit,) = comparison_of(made)["edited"]
    assert edit["before"].endswith("Answer in German.")
    assert edit["after"].endswith("Answer in French.")
    assert len(edit["after"]) < 100


def test_the_same_text_from_other_passages_is_another_answer(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The retriever breaks, and the model says the same; a metric reads what was retrieved."""
    rows = [f"r{number:02},Question {number}\n" for number in range(20)]
    project.write("golden/faq.csv", "id,prompt\n" + "".join(rows))
    project.write(
        "app.py",
        """
        import os
        from pytest_llmeval import Completion

        def answer(case):
            return Completion("I see.", contexts=(os.environ["PASSAGE"],))
        """,
    )
    project.write(
        "conftest.py",
        """
        from pytest_llmeval.protocols import BaseScorer

        class Retrieved(BaseScorer):
            name, version = "retrieved", "1"

            def score(self, case, completion):
                return float("price" in completion.contexts[0])

        def pytest_llmeval_metrics():
            return [Retrieved()]
        """,
    )
    app = (
        "golden/faq.csv",
        "--llm-provider",
        "python:app:answer",
        "--llm-threshold",
        "retrieved>=.5",
    )
    monkeypatch.setenv("PASSAGE", "the price")
    project.run(*app)
    project.accept()
    monkeypatch.setenv("PASSAGE", "nothing")

    run = project.run(*app, "--llm-baseline", "main", "--llm-fail-on", "gate")

    assert run.ret == 1
    run.stdout.fnmatch_lines(["REGRESSED: regression against main: retrieved: *"])


def test_renamed_rows_of_one_prompt_are_told_apart_by_what_they_accept(made: Project) -> None:
    """The word to translate is in a column, and the rows come in another order."""
    rows = [{**row, "prompt": "Translate.", "word": row["id"]} for row in rows_of_main()]
    write_rows(made, rows)
    assert made.run(*OLD).ret == 0
    made.accept()
    write_rows(made, [{**row, "id": f"x-{row['id']}"} for row in reversed(rows)])

    assert made.run(*NEW).ret == 1

    comparison = comparison_of(made)
    assert len(comparison["lost"]) == 6
    assert not comparison["edited"]


def test_rows_that_nothing_tells_apart_are_not_paired_at_random(made: Project) -> None:
    rows = [{**row, "prompt": "Translate."} for row in rows_of_main()]
    write_rows(made, rows)
    assert made.run(*OLD).ret == 0
    made.accept()
    write_rows(made, [{**row, "id": f"x{row['id']}", "expected": row["new"]} for row in rows])

    assert made.run(*NEW).ret == 10
    assert len(comparison_of(made)["renamed"]) == 14  # the rows whose expected answer is the same


READER = """
from pytest_llmeval.protocols import BaseScorer

class Keyword(BaseScorer):
    name, version = "keyword", "1"

    def score(self, case, completion):
        return float(case.metadata["keyword"] in completion.text)

def pytest_llmeval_metrics():
    return [Keyword()]
"""


def test_an_edited_column_that_a_metric_reads_is_named_and_applied_to_both(made: Project) -> None:
    made.write("conftest.py", READER)
    rows = [{**row, "keyword": "answer"} for row in rows_of_main()]
    write_rows(made, rows)
    keyword = ("--llm-threshold", "keyword>=1")
    assert made.run("--llm-provider", "column:old", *keyword).ret == 0
    made.accept()
    for row in rows[:6]:
        row["keyword"] = "bad"
    write_rows(made, rows)
    gated = ("--llm-fail-on", "gate", "--llm-baseline", "main")

    run = made.run("--llm-provider", "column:new", *keyword, *gated)

    last = next(line for line in reversed(run.outlines) if line.startswith("llm: "))
    assert "columns of 6 cases were edited since main, which a metric or a test may" in last
    comparison = comparison_of(made)
    assert comparison["edited"][0]["after"] == "keyword"
    assert comparison["metrics"][0]["result"]["before"]["estimate"] == 0.7


def test_new_answers_in_a_column_are_no_edit(made: Project) -> None:
    """The column that answers holds other answers now."""
    write_rows(made, [{**row, "old": row["new"]} for row in rows_of_main()])

    assert made.run(*OLD, "--llm-fail-on", "gate", "--llm-baseline", "main").ret == 1
    assert not comparison_of(made)["edited"]


BODY = """
import pytest

@pytest.mark.llm_golden("golden/faq.jsonl")
def test_body(llm_case, llm_completion, llm_metric):
    {guard}
    llm_metric("length", llm_completion)
"""


@pytest.mark.parametrize(
    "guard",
    [
        "assert 'bad' not in llm_completion.text",
        "if 'bad' in llm_completion.text: pytest.skip('not today')",
    ],
    ids=["assert", "skip"],
)
def test_a_test_that_ends_before_its_score_may_have_the_worst_one(
    made: Project, guard: str
) -> None:
    made.write("pytest.ini", "[pytest]\n")
    made.write("test_body.py", BODY.format(guard=guard))
    rows = rows_of_main()
    for row in rows[1:]:
        row["new"] = row["old"]
    write_rows(made, rows)
    provider = ("--llm-threshold", "length<=5")
    assert made.run("--llm-provider", "column:old", *provider).ret == 0
    made.accept()

    made.run("--llm-provider", "column:new", *provider, "--llm-baseline", "main")

    comparison = comparison_of(made)
    missing = {metric["name"]: metric["result"]["missing"] for metric in comparison["metrics"]}
    assert missing["pass_rate"] == 1 or comparison["lost"]


def test_a_moved_case_in_quarantine_is_named(made: Project) -> None:
    (made.path / "golden/faq.jsonl").unlink()
    write_rows(made, rows_of_main(), "questions")
    made.write("quarantine.csv", "id,until,reason\ngolden/questions.jsonl::c00,2999-01-01,flaky\n")

    made.run(*NEW, "--llm-quarantine", "quarantine.csv")

    assert comparison_of(made)["quarantined_losses"] == ["golden/questions.jsonl::c00"]
