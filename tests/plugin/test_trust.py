"""A judge gates only if it has passed its self-test, and agrees with people as far as that is asked for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.store.judge_file import JudgeFile
from tests.mock_endpoint import Received, honest_judge
from tests.plugin.conftest import Project

Judge = Callable[[Received], str]
RIGHT = "30 days with the receipt."
CHANCE = random.Random(7)

GOLDEN = f"""\
id,prompt,expected
right,How long can I return a bike? [[answer={RIGHT}]],{RIGHT}
wrong,What does shipping cost? [[answer=A lot.]],It is free from 50 euros.
"""

BROKEN: dict[str, Judge] = {
    "always 5": lambda _: json.dumps({"reason": "fine", "score": 5}),
    "always 0": lambda _: json.dumps({"reason": "bad", "score": 0}),
    "random": lambda _: json.dumps({"reason": "who knows", "score": CHANCE.randint(0, 5)}),
    "prose": lambda _: "I would give this answer a 5 out of 5.",
    "empty": lambda _: "",
}


@pytest.fixture
def shop(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose judge is honest, and is tested."""
    monkeypatch.delenv("LLMEVAL_NO_SELFTEST")
    project.write("golden/faq.csv", GOLDEN)
    project.endpoint.judge = honest_judge
    return project


def run(project: Project, *more: str) -> pytest.RunResult:
    return project.run(
        "golden/faq.csv",
        "--llm-model",
        "gpt-4",
        "--llm-judge-model",
        "gpt-4o",
        "--min-score=4",
        *more,
    )


def judges_of(project: Project) -> dict[str, object]:
    content: dict[str, object] = json.loads((project.path / ".llmeval/judges.json").read_text())[
        "judges"
    ]
    return content


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_judge_that_tells_right_from_wrong_gates(shop: Project, workers: tuple[str, ...]) -> None:
    result = run(shop, *workers)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert shop.outcomes() == {"right": "passed", "wrong": "failed"}
    result.stdout.fnmatch_lines(["judge * rubric by gpt-4o: self-test 25 of 25, uncalibrated"])
    assert shop.endpoint.count("generation") == 2
    assert (
        shop.endpoint.count("judge") == 26
    )  # 25 of the self-test, of which one is the judgement of "right" as well
    (facts,) = shop.report()["run"]["judges"]
    assert facts["selftest"]["right"] == dict.fromkeys(
        ("expected", "empty", "constant", "other", "injection"), 5
    )


def test_a_judge_is_tested_once_for_all_runs(shop: Project) -> None:
    run(shop)
    before = shop.endpoint.count()

    result = run(shop, "--llm-no-cache")

    assert shop.endpoint.count() == before + 4  # two answers, two judgements
    result.stdout.fnmatch_lines(["judge * self-test 25 of 25 (*), *"])
    assert shop.report()["summary"]["selftest"]["calls"] == 0


def test_a_self_test_expires(shop: Project) -> None:
    """The store still answers what was asked then, and the judge has changed since."""
    run(shop)
    path = shop.path / ".llmeval/judges.json"
    content = json.loads(path.read_text("utf-8"))
    for judge in content["judges"].values():
        judge["selftest"]["made_at"] = "2026-01-02T03:04:05+00:00"
    path.write_text(json.dumps(content), "utf-8")
    shop.endpoint.requests.clear()
    shop.endpoint.judge = BROKEN["always 5"]

    kept = run(shop, "--llm-selftest-days", "36500")
    assert shop.endpoint.count("judge") == 0
    kept.stdout.fnmatch_lines(["judge * self-test 25 of 25 (2026-01-02), uncalibrated"])

    expired = run(shop)
    assert shop.endpoint.count("judge") == 25
    expired.stdout.fnmatch_lines(["judge * FAILED its self-test 5 of 25*"])
    assert expired.ret == 10


@pytest.mark.parametrize(
    ("kind", "workers"),
    [*((kind, ()) for kind in BROKEN), ("always 5", ("-n", "2")), ("random", ("-n", "2"))],
)
def test_a_broken_judge_never_lets_a_run_pass(
    shop: Project, kind: str, workers: tuple[str, ...]
) -> None:
    shop.endpoint.judge = BROKEN[kind]

    result = run(shop, *workers)

    assert result.ret == 10
    assert set(shop.outcomes().values()) == {"error"}
    assert shop.scores("rubric") == {"right": None, "wrong": None}
    (summary,) = shop.report()["summary"]["scores"]
    assert (summary["unscored"], summary["mean"]["n"], summary["mean"]["estimate"]) == (2, 0, None)


def test_the_error_says_what_the_judge_got_wrong(shop: Project) -> None:
    shop.endpoint.judge = BROKEN["always 5"]

    result = run(shop)

    result.stdout.fnmatch_lines(
        [
            "*rubric is unscored: the judge failed its self-test: right on empty 0 of 5, * the empty answer to *got 5;*"
        ]
    )
    result.stdout.fnmatch_lines(["judge * FAILED its self-test 5 of 25, *"])


def test_a_failing_judge_can_be_let_through_and_the_report_says_so(shop: Project) -> None:
    shop.endpoint.judge = BROKEN["always 5"]

    result = run(shop, "--llm-no-selftest")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["judge * no self-test (skipped with --llm-no-selftest), uncalibrated"]
    )
    assert "skipped with --llm-no-selftest" in (shop.path / ".llmeval/report.html").read_text()


def test_a_self_test_that_cannot_be_made_is_told_and_not_kept(shop: Project) -> None:
    shop.write(
        "golden/faq.csv", f"id,prompt,expected\nright,Question [[judge_fault=401]],{RIGHT}\n"
    )

    result = run(shop)

    assert result.ret == 10
    assert not (shop.path / ".llmeval/judges.json").exists()


def test_a_criterion_that_is_not_the_expected_answer_needs_no_self_test(shop: Project) -> None:
    shop.endpoint.judge = BROKEN["always 5"]

    result = run(shop, "--llm-judge-criteria", "The answer is polite.")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["judge * no self-test (it does not judge by the expected answer), *"]
    )
    assert shop.endpoint.count("judge") == 2


def test_a_replayed_judge_is_not_asked(shop: Project) -> None:
    run(shop, "--llm-record", "all")
    (shop.path / ".llmeval/judges.json").unlink()
    before = shop.endpoint.count()

    result = run(shop, "--llm-record", "none")

    assert shop.endpoint.count() == before
    assert shop.outcomes() == {"right": "passed", "wrong": "failed"}
    result.stdout.fnmatch_lines(["judge * no self-test (its replies come from recordings), *"])
    recorded = (shop.path / "golden/recordings/faq.csv.jsonl").read_text()
    assert "Ignore the above" not in recorded


def test_a_dry_run_counts_the_self_test(shop: Project) -> None:
    result = run(shop, "--llm-dry-run")

    result.stdout.fnmatch_lines(["*self-test*gpt-4o*25*"])
    assert shop.endpoint.count() == 0


def calibrate(project: Project, kappa: float) -> None:
    (fingerprint,) = judges_of(project)
    figure = Interval(kappa, kappa - 0.2, kappa + 0.2, 40)
    path = project.path / ".llmeval/judges.json"
    JudgeFile(path).note(
        fingerprint, name="rubric", model="gpt-4o", calibration=Calibration({"kappa": figure}, 40)
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_judge_must_agree_with_people_as_far_as_is_asked(
    shop: Project, workers: tuple[str, ...]
) -> None:
    first = run(shop, "--llm-min-agreement", "kappa>=0.6", *workers)
    assert first.ret == 10
    first.stdout.fnmatch_lines(
        ["*the judge is uncalibrated, and --llm-min-agreement requires kappa >= 0.6: *"]
    )

    calibrate(shop, 0.5)
    second = run(shop, "--llm-min-agreement", "kappa>=0.6", *workers)
    assert second.ret == 10
    second.stdout.fnmatch_lines(
        [
            "*agrees too little with people: kappa is 0.5, but --llm-min-agreement requires kappa >= 0.6*"
        ]
    )

    calibrate(shop, 0.7)
    third = run(shop, "--llm-min-agreement", "kappa>=0.6", *workers)
    assert shop.outcomes() == {"right": "passed", "wrong": "failed"}
    third.stdout.fnmatch_lines(["judge * kappa 0.70 [[]0.50, 0.90], n=40"])

    assert run(shop, "--llm-min-agreement", "kappa.low>=0.6", *workers).ret == 10


def test_an_unknown_figure_of_agreement_is_refused_before_anything_is_sent(shop: Project) -> None:
    result = run(shop, "--llm-min-agreement", "kapa>=0.6")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--llm-min-agreement: found 'kapa'; allowed: kappa, * Did you mean 'kappa'?"]
    )
    assert shop.endpoint.count() == 0


def test_a_judge_file_that_is_broken_is_an_error_and_not_a_pass(shop: Project) -> None:
    Path(shop.path / ".llmeval").mkdir()
    (shop.path / ".llmeval/judges.json").write_text("{", encoding="utf-8")

    assert run(shop).ret == 10
    assert set(shop.outcomes().values()) == {"error"}
