"""What a run costs, the cap on it, and what it would cost."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

JUDGED = ("--llm-model", "mock", "--llm-judge-model", "judge", "--min-score", "1")
ROWS = ("golden/rows.csv", *JUDGED)
PRICED = "[pytest]\nllm_prices =\n    mock = 1000 2000\n    judge = 0.02\n"
FLAT = "[pytest]\nllm_prices =\n    mock = 0.01\n    judge = 0.02\n"
both = pytest.mark.parametrize("workers", ["0", "2"])


@both
def test_own_prices_make_the_cost_known_everywhere(project: Project, workers: str) -> None:
    project.write("pytest.ini", PRICED)
    project.rows(4)

    run = project.run(*ROWS, "-n", workers)

    run.assert_outcomes(passed=4)
    results = project.report()["results"]
    usages = [result["completion"]["usage"] for result in results]
    costs = [
        (1000 * usage["prompt_tokens"] + 2000 * usage["completion_tokens"]) / 1e6
        for usage in usages
    ]
    assert [result["cost_usd"]["generation"] for result in results] == pytest.approx(costs)
    assert [result["cost_usd"]["judging"] for result in results] == pytest.approx([0.02] * 4)
    summary = project.report()["summary"]
    assert summary["generation"]["usd"] == pytest.approx(sum(costs))
    assert summary["judging"]["usd"] == pytest.approx(0.08)
    run.stdout.fnmatch_lines([f"cost * generation ${sum(costs):.4f}, judge $0.0800"])
    columns = {row[1] for row in project.query("PRAGMA table_info(cases)")}
    logged = sorted(name for name in columns if "usd" in name)
    assert logged, columns
    sums = project.query("SELECT " + ", ".join(f"sum({name})" for name in logged) + " FROM cases")[
        0
    ]
    assert any(value == pytest.approx(sum(costs)) for value in sums), dict(
        zip(logged, sums, strict=True)
    )
    assert any(value == pytest.approx(0.08) for value in sums), dict(zip(logged, sums, strict=True))


@both
@pytest.mark.parametrize(("budget", "most"), [("0.18", 0.20), ("0.005", 0.01), ("0.03", 0.03)])
def test_a_budget_is_kept_and_what_it_does_not_pay_is_an_error(
    project: Project, workers: str, budget: str, most: float
) -> None:
    project.write("pytest.ini", FLAT)
    project.rows(12)

    run = project.run(*ROWS, "--llm-budget", budget, "-n", workers)

    spent = 0.01 * project.endpoint.count("generation") + 0.02 * project.endpoint.count("judge")
    assert float(budget) <= spent + 1e-9
    assert spent <= most + 1e-9
    outcomes = list(project.outcomes().values())
    assert set(outcomes) <= {"passed", "error"}
    assert (len(outcomes), "error" in outcomes, run.ret) == (12, True, 10)
    run.stdout.fnmatch_lines([f"*the budget of ${budget} is spent*--llm-budget*"])
    reported = project.report()["run"]["traffic"]
    assert reported["usd"] == pytest.approx(spent)


@both
def test_a_budget_that_is_enough_changes_nothing(project: Project, workers: str) -> None:
    project.write("pytest.ini", FLAT)
    project.rows(6)

    project.run(*ROWS, "--llm-budget", "0.18", "-n", workers).assert_outcomes(passed=6)

    assert (project.endpoint.count("generation"), project.endpoint.count("judge")) == (6, 6)


@both
@pytest.mark.parametrize("known", ["mock", "judge"])
def test_a_budget_with_an_unknown_price_is_a_usage_error(
    project: Project, workers: str, known: str
) -> None:
    project.write("pytest.ini", f"[pytest]\nllm_prices =\n    {known} = 0.01\n")
    project.rows(2)

    run = project.run(*ROWS, "--llm-budget", "1", "-n", workers)

    assert run.ret != 0
    text = run.stdout.str() + run.stderr.str()
    assert "llm_prices" in text
    assert "Traceback" not in text
    assert project.endpoint.count() == 0
    if workers == "0":
        assert run.ret == pytest.ExitCode.USAGE_ERROR


def test_a_price_that_cannot_be_read_is_a_usage_error(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nllm_prices = mock = cheap\n")
    project.rows(2)

    run = project.run(*ROWS)

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(["*llm_prices*mock = cheap*MODEL = INPUT OUTPUT*"])
    assert project.endpoint.count() == 0


@both
def test_a_dry_run_tells_requests_and_cost_and_neither_sends_nor_runs_anything(
    project: Project, workers: str
) -> None:
    project.write("pytest.ini", FLAT)
    project.rows(4)
    project.write(
        "test_faq.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv", where="id == 'row-00'")
        def test_faq(llm_completion):
            open("ran.txt", "w").close()

        def test_own(llm_generate):
            llm_generate("Hello")
        """,
    )
    run = project.run("golden/rows.csv", "test_faq.py", *JUDGED, "--llm-dry-run", "-n", workers)

    assert run.ret == 10  # a threshold is set, and a dry run judges nothing
    run.stdout.fnmatch_lines(
        [
            "*llm dry run: nothing was sent*",
            "purpose *requests *answered *tokens in *tokens out *cost",
            "answer *mock * 4 * 0 * 800 *$0.0400",
            "rubric *judge * 4 * 0 * 800 *$0.0800",
            "To send: 8 requests, about $0.12*.",
            "Not counted: calls in the body of 1 test: test_faq.py::test_own",
        ]
    )
    assert project.endpoint.count() == 0
    assert not (project.path / "ran.txt").exists()
    assert not (project.path / ".llmeval").exists()


@both
def test_a_dry_run_tells_what_is_answered_already(project: Project, workers: str) -> None:
    project.write("pytest.ini", FLAT)
    project.rows(2)
    project.run(*ROWS, "-n", workers).assert_outcomes(passed=2)
    project.rows(3)
    project.endpoint.requests.clear()

    run = project.run(*ROWS, "--llm-dry-run", "-n", workers)

    run.stdout.fnmatch_lines(
        [
            "answer *mock * 3 * 2 *$0.0100",
            "rubric *judge * 3 * 2 *$0.0200",
            "To send: 2 requests, about $0.03*.",
        ]
    )
    assert project.endpoint.count() == 0
    assert project.query("SELECT count(*) FROM runs") == [(1,)]


def test_the_dry_run_of_a_recorded_project_asks_for_nothing(project: Project) -> None:
    project.rows(2)
    project.run(*ROWS, "--llm-no-cache", "--llm-record", "once").assert_outcomes(passed=2)
    project.endpoint.requests.clear()

    run = project.run(*ROWS, "--llm-no-cache", "--llm-record", "none", "--llm-dry-run")

    run.stdout.fnmatch_lines(
        ["answer * 2 * 2 *", "rubric * 2 * 2 *", "To send: 0 requests, about $0.00."]
    )
    assert project.endpoint.count() == 0
