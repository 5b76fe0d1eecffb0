"""Gates on the run as a whole: a baseline it must not be worse than, bounds on its figures, and its exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.mock_endpoint import judged_texts
from tests.plugin.conftest import Project

GRADED = ("golden/rows.csv", "--llm-provider", "column:answer", "--llm-threshold", "points>=1")
GATED = (*GRADED, "--llm-baseline", "main")
JUDGED = (
    "golden/rows.csv", "--llm-provider", "column:answer", "--llm-judge-model", "judge", "--llm-threshold", "rubric>=1",
)  # fmt: skip
POINTS = """
from pytest_llmeval.records.score import Scale

class Points:
    name, version, scale = "points", "1", Scale(0.0, 5.0)

    def score(self, case, completion):
        return float(completion.text.split()[0])

def pytest_llmeval_metrics():
    return [Points]
"""
both = pytest.mark.parametrize("workers", ["0", "2"])


def judge_by_answer(project: Project) -> None:
    """Let the judge score what is in the answer, whichever question it belongs to."""
    project.endpoint.judge = lambda request: (
        f'{{"reason": "As it says.", "score": {judged_texts(request)["answer"].split()[0]}}}'
    )


def write(project: Project, scores: Sequence[float | str], tags: str = "") -> None:
    """A golden file whose n-th answer is worth the n-th score, for the metric ``points`` and for the judge.

    The questions do not name the scores, because another question would be another case.
    """
    judge_by_answer(project)
    project.write("conftest.py", POINTS)
    lines = [
        f"row-{place:02},Question {place},Answer,{score} points,{tags}\n"
        for place, score in enumerate(scores)
    ]
    project.write("golden/rows.csv", "id,prompt,expected,answer,tags\n" + "".join(lines))


def baseline(project: Project, scores: Sequence[float]) -> None:
    """The baseline ``main``, as an accepted run would have left it."""
    scale = {"low": 0.0, "high": 5.0, "higher_is_better": True, "unit": ""}
    head = {"format": "llmeval-baseline-1", "name": "main", "scales": {"points": scale}}
    where = {"file": "golden/rows.csv", "suite": "golden/rows.csv", "outcome": "passed", "tags": []}
    rows = [
        {
            **where,
            "id": f"row-{place:02}",
            "scores": {"points": {"values": [score]}},
            "answers": [f"before {place}"],
        }
        for place, score in enumerate(scores)
    ]
    project.write(
        "golden/baselines/main.jsonl", "".join(f"{json.dumps(row)}\n" for row in (head, *rows))
    )


def accepted(project: Project, scores: Sequence[float | str], *args: str) -> None:
    """Run with these scores, and accept the run as ``main``."""
    write(project, scores)
    assert project.run(*(args or GRADED)).ret == 0
    found = project.llmeval("baseline", "accept", "--name", "main")
    assert found.returncode == 0, found.stderr


BEFORE = [4, 4.5] * 10


@both
@pytest.mark.parametrize(
    ("before", "after", "verdict", "code"),
    [
        (
            BEFORE,
            [3, 3.5] * 10,
            "REGRESSED: regression against main: points: dropped 20.0 points",
            1,
        ),
        (
            [4.9, 5] * 10,
            [4.85, 4.95] * 10,
            "WARN: regression against main: points: dropped 1.0 points",
            0,
        ),
        (BEFORE, [4.95, 5] * 10, "OK: regression against main: points: rose 14.5 points", 0),
        (
            BEFORE,
            [4.9, 4.5, 2.5, 4.5] * 5,
            "INCONCLUSIVE: regression against main: points: dropped 3.0 points",
            0,
        ),
        (
            BEFORE,
            [4, 4.5] * 9 + ["no"] * 2,
            "ERROR: regression against main: points: 2 of 20 scores",
            10,
        ),
    ],
)
def test_every_verdict_is_printed_first_and_sets_the_exit_code(
    project: Project,
    workers: str,
    before: list[float],
    after: list[float | str],
    verdict: str,
    code: int,
) -> None:
    baseline(project, before)
    write(project, after)
    run = project.run(*GATED, "-n", workers)

    lines = run.stdout.str().partition("= llm evaluation =")[2].splitlines()
    assert next(filter(None, lines[1:])).startswith(verdict)
    assert run.ret == code
    (gate,) = project.report()["run"]["gates"]
    assert gate["verdict"] == verdict.partition(":")[0]
    assert project.query("SELECT verdict, baseline FROM gates") == [(gate["verdict"], "main")]
    assert project.report()["run"]["exit_code"] == code


@both
def test_two_rules_that_would_compare_a_metric_differently_decide_nothing(
    project: Project, workers: str
) -> None:
    baseline(project, BEFORE)
    write(project, [3, 3.5] * 10)
    wide = ("--llm-gate", "regression(points, margin=0.9)")
    run = project.run(*GATED, "--llm-gate", "regression", *wide, "-n", workers)

    run.stdout.fnmatch_lines(["*ERROR: regression*compare points with different limits*"])
    assert run.ret == 10


@both
def test_without_a_baseline_the_run_passes_and_says_how_to_make_one(
    project: Project, workers: str
) -> None:
    write(project, BEFORE)
    run = project.run(*GATED, "-n", workers)
    assert run.ret == 0
    assert (
        "NO BASELINE: regression against main: there is no baseline to compare with"
        in run.stdout.str()
    )
    assert "llmeval baseline accept --name main" in run.stdout.str()
    strict = project.run(*GATED, "-n", workers, "--llm-strict")
    assert strict.ret == 10  # nothing is worse, and nothing was compared
    assert "llm: ERROR: 1 gate could not be decided" in strict.stdout.lines[-1]
    assert "--llm-strict requires OK; found NO BASELINE. " in strict.stdout.lines[-1]


def test_an_empty_baseline_on_the_command_line_takes_that_of_the_ini_file_away(
    project: Project,
) -> None:
    write(project, BEFORE)
    project.write("pytest.ini", "[pytest]\nllm_baseline = main\n")
    assert "NO BASELINE" in project.run(*GRADED).stdout.str()
    assert "NO BASELINE" not in project.run(*GRADED, "--llm-baseline", "").stdout.str()


def test_strict_asks_for_a_proof(project: Project) -> None:
    baseline(project, BEFORE)
    write(project, [4.9, 4.5, 2.5, 4.5] * 5)
    run = project.run(*GATED, "--llm-strict")
    assert run.ret == 1
    reason = "1 gate missed. --llm-strict requires OK; found INCONCLUSIVE. "
    assert reason in run.stdout.lines[-1]
    # The sentence is shown whole, however long it is.
    headline = run.stdout.lines[-1].removeprefix("llm: ")
    assert headline in run.stdout.lines
    assert headline in project.llmeval("report").stdout.splitlines()


def test_the_latest_run_and_a_pinned_one_are_gated_together(project: Project) -> None:
    baseline(project, BEFORE)
    write(project, [3, 3.5] * 10)
    assert project.run(*GRADED).ret == 0
    write(project, [2, 2.5] * 10)
    run = project.run(*GATED, "--llm-baseline", "latest")
    assert run.ret == 1
    verdicts = {gate["baseline"]: gate["verdict"] for gate in project.report()["run"]["gates"]}
    assert verdicts == {"main": "REGRESSED", "latest": "REGRESSED"}
    assert [
        each["metrics"][0]["result"]["metrics"] for each in project.report()["run"]["comparisons"]
    ] == [2, 2]


def test_a_baseline_is_stable_when_it_is_accepted_again(project: Project) -> None:
    accepted(project, BEFORE)
    path = project.path / "golden/baselines/main.jsonl"
    first = path.read_bytes()
    accepted(project, BEFORE, *GRADED, "-n", "2")
    assert path.read_bytes() == first
    head, row, *_ = map(json.loads, first.decode().splitlines())
    assert head["format"] == "llmeval-baseline-1"
    assert (row["file"], row["id"], row["scores"]["points"]["values"]) == (
        "golden/rows.csv",
        "row-00",
        [4.0],
    )
    assert row["answers"]


def test_a_baseline_among_golden_files_is_no_golden_file(project: Project) -> None:
    write(project, BEFORE)
    baseline(project, BEFORE)
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    assert "main.jsonl" not in project.run("--collect-only", "-q").stdout.str()


def test_baselines_are_shown_and_listed(project: Project) -> None:
    assert "no baseline yet" in project.llmeval("baseline", "list").stdout
    accepted(project, BEFORE, *GRADED, "--llm-name", "release")
    shown = project.llmeval("baseline", "show").stdout
    assert "main: 20 cases\n  points: mean 4.25, n=20, by " in shown
    listed = project.llmeval("baseline", "list").stdout
    assert "main  golden/baselines/main.jsonl  20 cases" in listed
    assert "release  run " in listed
    missing = project.llmeval("baseline", "accept", "nobody")
    assert missing.returncode == 2
    assert "nobody: no such run; allowed: latest, or the name or id" in missing.stderr


@pytest.mark.parametrize(("instead", "code"), [("--collect-only", 0), ("--llm-dry-run", 10)])
def test_where_nothing_is_run_nothing_is_gated(project: Project, instead: str, code: int) -> None:
    write(project, BEFORE)
    baseline(project, BEFORE)
    run = project.run(*GATED, instead)
    assert run.ret == code
    assert "regression" not in run.stdout.str()


@both
def test_a_run_that_was_cut_off_has_no_verdict(project: Project, workers: str) -> None:
    baseline(project, BEFORE)
    write(project, [0, *[3.0] * 19])
    run = project.run(*GATED, "-x", "-n", workers)
    assert run.ret == (
        pytest.ExitCode.INTERRUPTED if workers == "2" else pytest.ExitCode.TESTS_FAILED
    )
    assert project.report()["run"]["gates"] == []
    assert "cut off before its end, so its gates give no verdict" in run.stdout.str()


def test_only_cases_that_the_run_selects_count(project: Project) -> None:
    write(project, BEFORE)
    baseline(project, BEFORE)
    run = project.run(*GATED, "-k", "row-0")
    (comparison,) = project.report()["run"]["comparisons"]
    assert run.ret == 0
    assert comparison["metrics"][0]["coverage"]["selected"] == 10
    assert len(comparison["removed"]) == 10


def test_a_model_that_judges_itself_may_not_gate(project: Project) -> None:
    write(project, BEFORE)
    run = project.run(
        "golden/rows.csv", "--llm-model", "mock", "--min-score", "1", "--llm-baseline", "main"
    )
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "No judge is set, so the model under test judges itself" in run.stderr.str()


@both
def test_bounds_on_the_run_decide_alone_where_they_are_told_to(
    project: Project, workers: str
) -> None:
    write(project, [4, 4.5] * 9 + [0, 0.5], tags="bikes")
    told = {
        "pass_rate>=.95": "MISSED: pass_rate>=.95: pass rate 90.0% of 20 cases (one-sided 95% bounds: 71.7%,",
        "pass_rate.low>=.9": "MISSED: pass_rate.low>=.9: pass rate 90.0% of 20 cases (one-sided 95% bounds: 71.7%",
        "points.mean>=3.9": "MISSED: points.mean>=3.9: mean of points is 3.85 over 20 cases",
        "points.p10>=4": "MISSED: points.p10>=4: p10 of points is 3.65 over 20 cases",
        "latency.p95<=2": "ERROR: latency.p95<=2: no live answers",
        "toxicity.mean<=1": "ERROR: toxicity.mean<=1: no case has a score 'toxicity'; there are points, pass_rate.",
        "pass_rate>=.9": "MET: pass_rate>=.9: pass rate 90.0% of 20 cases",
        "points.worst_tag>=3": "MET: points.worst_tag>=3: points is worst for the tag 'bikes': mean 3.85",
        "unscored<=0.05": "MET: unscored<=0.05: 0 of 20 cases could not be judged (0.0%)",
        "cost<=1": "MET: cost<=1: the run cost 0.0000 US dollars",
    }
    rules = [word for rule in told for word in ("--llm-gate", rule)]
    run = project.run(*GRADED, "-n", workers, "--llm-fail-on", "gate", *rules)
    run.assert_outcomes(passed=18, xfailed=2)
    lines = run.stdout.str().partition("= llm evaluation =")[2].splitlines()
    shown = [line for line in lines if line.startswith(("MISSED", "ERROR", "MET"))]
    assert [line[: len(start)] for line, start in zip(shown, told.values(), strict=True)] == list(
        told.values()
    )
    assert run.ret == 1


@pytest.mark.parametrize(("rule", "code"), [("pass_rate>=.9", 0), ("toxicity.mean<=1", 10)])
def test_a_gate_that_is_kept_passes_and_one_that_cannot_be_decided_does_not(
    project: Project, rule: str, code: int
) -> None:
    write(project, [4, 4.5] * 9 + [0, 0.5])
    assert project.run(*GRADED, "--llm-fail-on", "gate", "--llm-gate", rule).ret == code


def test_a_case_that_must_pass_fails_though_gates_decide(project: Project) -> None:
    project.write(
        "golden/rows.csv", "id,prompt,expected,answer,must_pass\na,Say,x,0,true\nb,Say so,x,0,\n"
    )
    project.write("conftest.py", POINTS)
    run = project.run(*GRADED, "--llm-fail-on", "gate", "--llm-gate", "unscored<=0")
    run.assert_outcomes(failed=1, xfailed=1)
    assert run.ret == 1


def test_gates_that_decide_alone_must_exist(project: Project) -> None:
    write(project, [0, 0])
    run = project.run(*GRADED, "--llm-fail-on", "gate")
    assert run.ret == 10
    assert "only gates decide, and there is none" in run.stdout.str()
    assert (
        "ERROR: No gate decided. 2 of 2 cases failed; only gates count (--llm-fail-on gate)."
        in run.stdout.str()
    )


def test_a_gate_on_no_case_is_an_error(project: Project) -> None:
    project.write("test_it.py", "def test_nothing(): pass\n")
    run = project.run("test_it.py", "--llm-gate", "pass_rate>=.9")
    assert run.ret == 10
    assert "no case was tried: there is nothing to gate" in run.stdout.str()


def test_a_rule_that_cannot_be_read_is_told_before_anything_is_sent(project: Project) -> None:
    write(project, BEFORE)
    run = project.run(*GRADED, "--llm-gate", "points.men>=4")
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "--llm-gate: found 'points.men>=4'; allowed: points.mean, " in run.stderr.str()
    assert "Did you mean 'points.mean'?" in run.stderr.str()


@both
def test_a_marker_gates_the_cases_of_its_tests(project: Project, workers: str) -> None:
    write(project, BEFORE)
    project.write(
        "test_rows.py",
        """
        import pytest

        @pytest.mark.llm_gate("points.mean>=4.5", "pass_rate>=.5")
        @pytest.mark.llm_golden("golden/rows.csv", threshold="points>=1")
        def test_rows(llm_completion): pass

        @pytest.mark.llm_golden("golden/rows.csv", threshold="points>=1")
        def test_others(llm_completion): pass
        """,
    )
    run = project.run("test_rows.py", *GRADED[1:3], "-n", workers)
    assert run.ret == 1
    gates = [
        (gate["rule"], gate["scope"], gate["state"], gate["n"])
        for gate in project.report()["run"]["gates"]
    ]
    assert gates == [
        ("points.mean>=4.5", "test_rows.py::test_rows", "missed", 20),
        ("pass_rate>=.5", "test_rows.py::test_rows", "met", 20),
    ]
    assert (
        "MISSED: points.mean>=4.5 on test_rows.py::test_rows: mean of points is 4.25"
        in run.stdout.str()
    )


def test_a_marker_is_about_the_folder_module_or_parameters_it_stands_on(project: Project) -> None:
    write(project, [4, 4.5])
    project.write(
        "conftest.py",
        f"""{POINTS}
import pytest

def pytest_collectstart(collector):
    if collector.nodeid == "answers":
        collector.add_marker(pytest.mark.llm_gate("points.mean>=1"))
""",
    )
    project.write(
        "answers/test_rows.py",
        """
        import pytest

        pytestmark = pytest.mark.llm_gate("points.mean>=2")
        long = pytest.param("long", marks=pytest.mark.llm_gate("points.mean>=4"))

        @pytest.mark.llm_gate("points.mean>=3")
        @pytest.mark.parametrize("style", ["short", long])
        @pytest.mark.llm_golden("golden/rows.csv", threshold="points>=1")
        def test_rows(llm_completion, style): pass

        @pytest.mark.llm_golden("golden/rows.csv", threshold="points>=1")
        def test_rows_again(llm_completion): pass
        """,
    )
    assert project.run("answers", *GRADED[:3]).ret == 0
    gates = {gate["scope"]: (gate["rule"], gate["n"]) for gate in project.report()["run"]["gates"]}
    assert gates == {
        "answers": ("points.mean>=1", 6),
        "answers/test_rows.py": ("points.mean>=2", 6),
        "answers/test_rows.py::test_rows": ("points.mean>=3", 4),
        "answers/test_rows.py::test_rows[long]": ("points.mean>=4", 2),
    }


@both
def test_a_case_in_quarantine_is_shown_and_does_not_gate(project: Project, workers: str) -> None:
    write(project, [4, 4.5] * 9 + [0, 0.5])
    project.write(
        "quarantine.csv",
        "id,until,reason\ngolden/rows.csv::row-18,2999-12-31,flaky\nrow-19,2999-12-31,waits for new prices\n",
    )
    gates = ("--llm-gate", "pass_rate>=1", "--llm-quarantine", "quarantine.csv", "-n", workers)
    run = project.run(*GRADED, *gates)
    run.assert_outcomes(passed=18, xfailed=2)
    run.stdout.fnmatch_lines(["MET: pass_rate>=1: pass rate 100% of 18 cases*"])
    assert run.ret == 0


def test_compare_leaves_out_what_a_run_had_in_quarantine(project: Project) -> None:
    accepted(project, BEFORE)
    write(project, [1, 1, *BEFORE[2:]])
    project.write("quarantine.csv", "id,until,reason\nrow-00,2999-12-31,x\nrow-01,2999-12-31,x\n")
    run = project.run(*GATED, "--llm-quarantine", "quarantine.csv", "--llm-name", "new")
    run.stdout.fnmatch_lines(["OK: regression against main: points: identical*"])

    compared = project.llmeval("compare", "main", "new")

    assert compared.stdout.startswith("OK: points against main: identical")
    assert "2 cases in quarantine, not counted: golden/rows.csv::row-00" in compared.stdout


def test_a_baseline_of_something_else_is_an_error(project: Project) -> None:
    """It is there, so there is nothing to wait for."""
    write(project, BEFORE)
    project.write("other.csv", "id,fluency\n" + "".join(f"a{number},1\n" for number in range(9)))
    run = project.run(*GRADED, "--llm-baseline", "other.csv", "--llm-fail-on", "gate")
    assert run.ret == 10
    run.stdout.fnmatch_lines(
        [
            "ERROR: regression against other.csv: points: other.csv has no case in common with *; "
            "name another one, or make other.csv again"
        ]
    )


def test_a_quarantine_that_is_over_or_names_nothing_is_told(project: Project) -> None:
    write(project, [0, 4.5])
    project.write(
        "quarantine.csv", "id,until,reason\nrow-00,2020-01-31,flaky\nrow-77,2999-12-31,gone\n"
    )
    run = project.run(*GRADED, "--llm-gate", "pass_rate>=.1", "--llm-quarantine", "quarantine.csv")
    run.assert_outcomes(passed=1, failed=1)
    output = run.stdout.str()
    assert (
        "quarantine quarantine.csv: row-00 expired on 2020-01-31; the case counts again" in output
    )
    assert "quarantine quarantine.csv: no such case: row-77" in output


def test_a_quarantine_without_an_end_is_refused(project: Project) -> None:
    write(project, [0, 4.5])
    project.write("quarantine.csv", "id,until,reason\nrow-00,,flaky\n")
    run = project.run(*GRADED, "--llm-quarantine", "quarantine.csv")
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "column 'until' found ''; allowed: the last day of the quarantine" in run.stderr.str()


def columns(project: Project, old: Sequence[str], new: Sequence[str]) -> None:
    """A golden file with the answers of two versions, of which "yes" is right."""
    lines = [
        f"row-{row:03},Question {row},yes,{a},{b}\n"
        for row, (a, b) in enumerate(zip(old, new, strict=True))
    ]
    project.write("golden/rows.csv", "id,prompt,expected,old,new\n" + "".join(lines))


EXACT = ("golden/rows.csv", "--llm-threshold", "exact_match>=1", "--llm-fail-on", "gate")


def test_llmeval_compare_gives_the_verdict_of_the_gate(project: Project) -> None:
    """14 of 100 lost and 5 gained: the pass rate is the same column, and may not halve the level."""
    columns(project, ["yes"] * 95 + ["no"] * 5, ["no"] * 14 + ["yes"] * 86)
    first = (*EXACT, "--llm-provider", "column:old", "--llm-name", "old")
    assert project.run(*first, "--llm-gate", "pass_rate>=.9").ret == 0
    project.accept()
    second = (*EXACT, "--llm-provider", "column:new", "--llm-name", "new")
    assert project.run(*second, "--llm-baseline", "main").ret == 1
    (gate,) = project.report()["run"]["gates"]
    assert (gate["verdict"], gate["value"] is None) == ("REGRESSED", False)
    for before in ("old", "golden/baselines/main.jsonl"):
        compared = project.llmeval("compare", before, "new", "--json", "-")
        found = json.loads(compared.stdout)
        assert (found["verdict"], compared.returncode) == ("REGRESSED", 1)
        exact, passes = found["metrics"]
        assert (exact["name"], exact["is_gated"], passes["is_gated"]) == (
            "exact_match",
            True,
            False,
        )
        assert exact["result"]["metrics"] == 1


def test_a_collapse_of_nine_cases_is_a_regression(project: Project) -> None:
    columns(project, ["yes"] * 9, ["no"] * 9)
    assert (
        project.run(*EXACT, "--llm-provider", "column:old", "--llm-gate", "pass_rate>=.9").ret == 0
    )
    project.accept()
    run = project.run(*EXACT, "--llm-provider", "column:new", "--llm-baseline", "main")
    assert run.ret == 1
    run.stdout.fnmatch_lines(
        ["REGRESSED: regression against main: exact_match: dropped 100.0 points*"]
    )


@pytest.mark.parametrize(("reducer", "shown"), [("pass^4", "86.0%"), ("pass@4", "100%")])
def test_gates_take_the_reduced_score(project: Project, reducer: str, shown: str) -> None:
    """14 of 100 cases fail in one of four samples; the gate may not take the mean of the samples."""
    project.write(
        "bot.py",
        """
        from collections import Counter

        asked = Counter()

        def answer(case):
            asked[case.id] += 1
            return "no" if case.id < "row-014" and asked[case.id] == 2 else "yes"
        """,
    )
    columns(project, ["-"] * 100, ["-"] * 100)
    sampled = (
        "--llm-provider",
        "python:bot:answer",
        "--llm-samples",
        "4",
        "--llm-reducer",
        reducer,
    )
    rules = ("--llm-gate", "pass_rate>=.9", "--llm-gate", "exact_match.mean>=.9")
    run = project.run(*EXACT, *sampled, *rules)
    word = "MISSED" if reducer == "pass^4" else "MET"
    run.stdout.fnmatch_lines([f"{word}: pass_rate>=.9: pass rate {shown} of 100 cases*"])
    run.stdout.fnmatch_lines([f"{word}: exact_match.mean>=.9: mean of exact_match is *"])
    assert run.ret == (1 if reducer == "pass^4" else 0)
