"""Several samples of a case: one item, every sample kept, and their scores reduced to one."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.plugin.conftest import PATIENCE_S, Project

MODEL = ("--llm-model", "mock", "--llm-judge-model", "judge")
SEEDED = (*MODEL, "--llm-seed", "0")  # so that the endpoint knows which sample it is asked for
FLAKY = 'id,prompt,expected\nflaky,"Say it. [[scores=5/0/4/5/3]]",It.\n'
both = pytest.mark.parametrize("workers", ["0", "2"])


def run_flaky(project: Project, *args: str, golden: str = FLAKY) -> pytest.RunResult:
    project.write("golden/flaky.csv", golden)
    return project.run("golden/flaky.csv", *SEEDED, *args)


def result_of(project: Project) -> dict[str, Any]:
    (result,) = project.report()["results"]
    return dict(result)


def told_by_samples(result: dict[str, Any]) -> list[tuple[int, str, float, bool | None]]:
    """Number, answer, rubric score and verdict of each sample."""
    return [
        (
            sample["number"],
            sample["completion"]["text"],
            sample["scores"][0]["value"],
            sample["met"],
        )
        for sample in result["samples"]
    ]


ALL_FIVE = [
    (number, f"Sample {number}.", score, score >= 4) for number, score in enumerate((5, 0, 4, 5, 3))
]


@both
def test_samples_are_one_item_and_every_one_of_them_is_kept(project: Project, workers: str) -> None:
    run = run_flaky(project, "--llm-samples", "5", "--min-score", "4", "-n", workers)

    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines([
        "rubric scored 3.4; required >= 4 (--min-score), golden/flaky.csv:2",
        "  reason    mean of 5 samples: as scripted",
        "  samples   3 of 5 met",
        "samples  3 of 5 met (60.0%); every sample met in 0 of 1 case",
    ])  # fmt: skip
    result = result_of(project)
    assert result["completion"]["text"] == "Sample 0."
    assert told_by_samples(result) == ALL_FIVE
    (score,) = result["scores"]
    parts = {
        "n": 5,
        "scored": 5,
        "unscored": 0,
        "min": 0,
        "max": 5,
        "mean": 3.4,
        "sd": pytest.approx(2.0736, abs=1e-4),
    }
    assert (score["value"], score["parts"]) == (3.4, parts)
    assert project.report()["summary"]["samples"] == {
        "cases": 1,
        "samples": 5,
        "met": 3,
        "steady": 0,
        "unscored": 0,
    }
    asked = [request for request in project.endpoint.requests if request.kind == "generation"]
    assert sorted(request.sample for request in asked) == [0, 1, 2, 3, 4]  # a seed counts up
    assert project.endpoint.count("judge") == 5


@both
def test_samples_and_their_scores_are_asked_for_together(project: Project, workers: str) -> None:
    project.endpoint.gathering = threading.Barrier(3, timeout=PATIENCE_S)

    run = run_flaky(
        project,
        "--llm-samples",
        "3",
        "--llm-threshold",
        "rubric>=1",
        "--llm-retries",
        "0",
        "-n",
        workers,
    )

    run.assert_outcomes(passed=1)
    assert project.endpoint.highest_in_flight == 3


@pytest.mark.parametrize(
    ("reducer", "value"),
    [
        ("mean", 3.4),
        ("median", 4),
        ("min", 0),
        ("max", 5),
        ("majority", 4),
        ("pass@1", 3.4),
        ("pass^5", 0),
    ],
)
def test_the_reducer_says_what_the_samples_are_as_one(
    project: Project, reducer: str, value: float
) -> None:
    run_flaky(
        project, "--llm-samples", "5", "--llm-reducer", reducer, "--min-score", "3"
    ).assert_outcomes(**({"passed": 1} if value >= 3 else {"failed": 1}))
    assert project.scores("rubric") == {"flaky": value}


def test_a_call_of_a_sample_is_told_and_paid_once(project: Project) -> None:
    project.write(
        "pytest.ini", "[pytest]\nllm_prices =\n    mock = 1000 1000\n    judge = 1000 1000\n"
    )
    run_flaky(project, "--llm-samples", "3", "--min-score", "3").assert_outcomes(passed=1)

    report = project.report()
    result, summary, traffic = report["results"][0], report["summary"], report["run"]["traffic"]
    assert (
        summary["generation"]["calls"],
        summary["judging"]["calls"],
        summary["unused"]["calls"],
    ) == (3, 3, 0)
    assert traffic["calls"] == 6
    assert sum(result["cost_usd"].values()) == pytest.approx(traffic["usd"])
    assert result["scores"][0]["calls"] == []
    assert project.query(
        "SELECT purpose, sample, text FROM completions WHERE purpose = 'answer' ORDER BY sample"
    ) == [("answer", number, f"Sample {number}.") for number in range(3)]
    assert project.query("SELECT sample, value FROM scores ORDER BY position") == [
        (None, 3),
        (0, 5),
        (1, 0),
        (2, 4),
    ]
    assert project.query("SELECT number, met FROM samples ORDER BY position") == [
        (0, 1),
        (1, 0),
        (2, 1),
    ]
    assert project.query("SELECT round(SUM(cost_usd), 9) FROM completions") == [
        (round(traffic["usd"], 9),)
    ]


VOTES = 'id,prompt,expected\nsum,"2 + 2? [[answers=5/4/ 4 /four/4]]",4\n'


def test_the_answer_that_most_samples_give_is_scored(project: Project) -> None:
    run = run_flaky(
        project,
        "--llm-samples",
        "5",
        "--llm-reducer",
        "vote",
        "--llm-threshold",
        "rubric>=5",
        golden=VOTES,
    )
    run.assert_outcomes(passed=1)
    result = result_of(project)
    (score,) = result["scores"]
    assert score["reason"] == "3 of 5 samples agree: as scripted"
    assert score["parts"] == {"n": 5, "votes": 3, "classes": 3, "unparsable": 0}
    assert [bool(sample["scores"]) for sample in result["samples"]] == [
        False,
        True,
        False,
        False,
        False,
    ]
    assert project.endpoint.count("judge") == 1


def test_an_answer_that_lost_the_vote_can_be_scored_all_the_same(project: Project) -> None:
    project.write("golden/flaky.csv", FLAKY)
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/flaky.csv", min_score=5)
        @pytest.mark.llm_generate(samples=3, reducer="vote")
        def test_it(llm_samples, llm_judge):
            assert [float(llm_judge(each)) for each in llm_samples] == [5, 0, 4]
        """,
    )
    project.run("test_it.py", *SEEDED).assert_outcomes(passed=1)


PARSING = """
import pytest
from pytest_llmeval.plugin import hookspecs

class Number:
    name, version = "number", "1"
    def parse(self, text):
        return int(text) if text.strip().isdigit() else None
    def same(self, one, other):
        return one % 10 == other % 10
    def score(self, case, completion):
        return float(self.same(self.parse(completion.text), int(case.expected)))

def pytest_llmeval_metrics():
    return [Number()]
"""


@pytest.mark.parametrize(
    ("answers", "value", "parts"),
    [
        ("x/14/y/4/5", 1.0, {"n": 5, "votes": 2, "classes": 2, "unparsable": 2}),
        ("x/y", None, {"unparsable": 5}),
    ],
)
def test_a_scorer_says_which_answers_are_equal(
    project: Project, answers: str, value: float | None, parts: dict[str, int]
) -> None:
    project.write("conftest.py", PARSING)
    golden = f'id,prompt,expected\nsum,"2 + 2? [[answers={answers}]]",4\n'
    voting = ("--llm-samples", "5", "--llm-reducer", "vote", "--llm-threshold", "number>=1")
    run = run_flaky(project, *voting, golden=golden)

    run.assert_outcomes(**({"passed": 1} if value else {"errors": 1}))
    (score,) = result_of(project)["scores"]
    assert score["value"] == value
    assert parts.items() <= score["parts"].items()
    assert value or score["error"] == "none of 5 answers can be parsed"


DIVIDING = """
from pytest_llmeval import Score

class Odds:
    name, version = "odds", "1"
    def score(self, case, completion):
        return Score("odds", float("VALUE"), version="1")

def pytest_llmeval_metrics():
    return [Odds()]
"""


@pytest.mark.parametrize(("value", "samples"), [("nan", "2"), ("inf", "2"), ("inf", "1")])
def test_a_score_that_is_no_finite_number_is_unscored_in_each_sample(
    project: Project, value: str, samples: str
) -> None:
    project.write("conftest.py", DIVIDING.replace("VALUE", value))
    run = run_flaky(project, "--llm-samples", samples, "--llm-threshold", "odds>=1")

    run.assert_outcomes(errors=1)
    result = result_of(project)
    (score,) = result["scores"]
    assert (result["outcome"], result["cause"], score["value"]) == ("error", "unscored", None)
    assert f"the scorer gave {value}, not a finite number" in score["error"]
    assert [check["met"] for check in result["checks"]] == [None]
    met = [sample["met"] for sample in result["samples"]]
    assert met == ([None, None] if samples == "2" else [])


FAULTS = 'id,prompt,expected\nfaulty,"Say it. [[scores=5]] [[answer_fault={fault}]]",It.\n'
BROKEN_ONES = """
import pytest
from pytest_llmeval import CallError

class App:
    fingerprint, sees_case = None, True
    async def complete(self, request):
        from pytest_llmeval import Completion
        if request.sample in %s:
            raise CallError(f"sample {request.sample} broke")
        return Completion(f"answer {request.sample}", cost_usd=0.0)

@pytest.fixture(scope="session")
def llm_provider():
    return App()
"""
BODY = """
import pytest

@pytest.mark.llm_golden("golden/flaky.csv")
@pytest.mark.llm_generate(samples=3, reducer="{reducer}")
@pytest.mark.llm_metric("lexicon_count", min=2)
def test_it(llm_completion, llm_samples):
    assert [each.text for each in llm_samples] == {texts}
    assert llm_completion.text == {texts}[0]
"""


@pytest.mark.parametrize(
    ("broken", "reducer", "texts", "outcome", "told"),
    [
        ([0], "mean", ["answer 1", "answer 2"], "passed", "mean of 2 of 3 samples"),
        ([1], "min", ["answer 0", "answer 2"], "errors", "no answer: sample 1 broke"),
        (
            [0, 2],
            "pass@2",
            ["answer 1"],
            "errors",
            "pass@2 needs 2 of 3 samples that are unscored",
        ),
        ([0, 1, 2], "mean", [], "errors", "sample 0 broke"),
    ],
)
def test_a_sample_without_an_answer_is_unscored(
    project: Project, broken: list[int], reducer: str, texts: list[str], outcome: str, told: str
) -> None:
    project.write("golden/flaky.csv", FLAKY)
    project.write("conftest.py", BROKEN_ONES % broken)
    project.write("test_it.py", BODY.format(reducer=reducer, texts=texts))

    run = project.run("test_it.py")

    run.assert_outcomes(**{outcome: 1})
    assert run.ret == (0 if outcome == "passed" else 10)
    result = result_of(project)
    assert told in result["message"] + "".join(score["reason"] for score in result["scores"])
    if texts:
        assert [bool(sample["error"]) for sample in result["samples"]] == [
            number in broken for number in range(3)
        ]


def test_a_test_can_ask_about_all_samples_or_one(project: Project) -> None:
    project.write("golden/flaky.csv", FLAKY)
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/flaky.csv")
        @pytest.mark.llm_generate(samples=3)
        def test_it(llm_completion, llm_samples, llm_judge):
            assert llm_judge(llm_completion) == 3
            assert [float(llm_judge(each)) for each in llm_samples] == [5, 0, 4]
            assert llm_judge(llm_completion, criteria="Short") == 3
            assert llm_judge(llm_samples[1], prompt="Is it? [[scores=4]]") == 4
        """,
    )
    project.run("test_it.py", *SEEDED, "--llm-threshold", "rubric>=3").assert_outcomes(passed=1)
    assert [score["value"] for score in result_of(project)["scores"]] == [3, 3, 4]
    assert project.endpoint.count("judge") == 7


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (
            ["--llm-reducer", "meen"],
            "*--llm-reducer: found 'meen'; allowed: mean, median*Did you mean 'mean'?",
        ),
        (["--llm-samples", "3", "--llm-reducer", "pass@4"], "*the number of samples, which is 3*"),
    ],
)
def test_a_reducer_that_cannot_be_used_is_said_before_anything_is_sent(
    project: Project, args: list[str], told: str
) -> None:
    run = run_flaky(project, *args)
    run.stderr.fnmatch_lines([told])
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert project.endpoint.count() == 0


def test_a_dry_run_counts_every_sample_and_its_score(project: Project) -> None:
    run = run_flaky(project, "--llm-samples", "3", "--min-score", "3", "--llm-dry-run")
    run.stdout.fnmatch_lines(
        ["answer * mock * 3 * 0 *", "rubric * judge * 3 * 0 *", "To send: 6 requests*"]
    )
    run = run_flaky(
        project, "--llm-samples", "3", "--llm-reducer", "vote", "--min-score", "3", "--llm-dry-run"
    )
    run.stdout.fnmatch_lines(["To send: 4 requests*"])


@both
def test_every_sample_is_recorded_and_replayed(project: Project, workers: str) -> None:
    sampled = ("--llm-samples", "3", "--min-score", "3", "-n", workers)
    run_flaky(project, *sampled, "--llm-record", "all").assert_outcomes(passed=1)
    first, sent = told_by_samples(result_of(project)), project.endpoint.count()

    run_flaky(project, *sampled, "--llm-record", "none").assert_outcomes(passed=1)
    assert told_by_samples(result_of(project)) == first
    assert project.endpoint.count() == sent

    run = run_flaky(
        project, "--llm-samples", "4", "--min-score", "3", "--llm-record", "none", "-n", workers
    )
    run.assert_outcomes(errors=1)  # a sample that is not recorded is none that is left out
    assert project.endpoint.count() == sent


def test_the_samples_stand_in_csv_and_junit(project: Project) -> None:
    run_flaky(
        project,
        "--llm-samples",
        "5",
        "--min-score",
        "3",
        "--llm-csv",
        "out.csv",
        "--junitxml",
        "out.xml",
    )

    head, row = (
        line.split(",") for line in (project.path / "out.csv").read_text().splitlines()[:2]
    )
    assert (head[-3:-1], row[-3:-1]) == (["samples", "samples_met"], ["5", "4"])
    assert (
        '<property name="llm_samples" value="4 of 5 met"' in (project.path / "out.xml").read_text()
    )


def test_samples_of_a_column_are_all_the_same(project: Project) -> None:
    project.write("golden/said.csv", "id,prompt,said\none,Say it.,Two words\n")
    column = (
        "--llm-provider",
        "column:said",
        "--llm-samples",
        "3",
        "--llm-threshold",
        "lexicon_count>=2",
    )
    project.run("golden/said.csv", *column).assert_outcomes(passed=1)
    assert [sample["completion"]["text"] for sample in result_of(project)["samples"]] == [
        "Two words"
    ] * 3


def test_a_function_is_called_for_every_sample(project: Project) -> None:
    project.write("golden/flaky.csv", FLAKY)
    project.write(
        "app.py",
        "import itertools\ncount = itertools.count()\n\ndef answer(case):\n    return f'call {next(count)}'\n",
    )
    run = project.run(
        "golden/flaky.csv", "--llm-provider", "python:app:answer", "--llm-samples", "3"
    )
    run.assert_outcomes(passed=1)
    texts = {sample["completion"]["text"] for sample in result_of(project)["samples"]}
    assert texts == {"call 0", "call 1", "call 2"}
