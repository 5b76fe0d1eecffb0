"""No run is green because nothing was judged: the exit code, and the last line of the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.plugin.conftest import Project

FINE, WORSE, BROKEN, USAGE, EMPTY, UNJUDGED = 0, 1, 2, 4, 5, 10
PLAIN = "def test_plain(): pass\n"
ROWS = [
    f"c{number},Question {number},yes,yes,{'no' if number % 2 else 'yes'},{number % 3}\n"
    for number in range(6)
]
COLUMNS = "id,prompt,expected,old,new,level\n"
OLD = ("--llm-provider", "column:old", "--llm-threshold", "exact_match>=1")
NEW = ("--llm-provider", "column:new", "--llm-threshold", "exact_match>=1")
APP = ("--llm-provider", "python:app:answer")
SILENT = "1 passed"
"""The last line of pytest: nothing was said."""

both = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["n0", "n2"])


@pytest.fixture
def made(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with six golden cases, a plain test, and an application."""
    monkeypatch.delenv("LLMEVAL_NO_SELFTEST")
    monkeypatch.delenv("OPENAI_BASE_URL")
    (project.path / "golden/faq.csv").unlink()
    project.write("golden/rows.csv", COLUMNS + "".join(ROWS))
    project.write("test_plain.py", PLAIN)
    project.write("app.py", "def answer(case):\n    return 'yes'\n")
    ini(project)
    return project


def ini(project: Project, *lines: str, golden: str = "golden") -> None:
    named = f"llm_golden = {golden}\n" if golden else ""
    project.write("pytest.ini", f"[pytest]\npythonpath = .\n{named}" + "\n".join(lines) + "\n")


def last_line(run: pytest.RunResult) -> str:
    """The last line of the output; a usage error is the last of the other stream."""
    lines = [line for line in run.errlines if line.startswith("ERROR: ")] or run.outlines
    return next(line for line in reversed(lines) if line.strip())


def check(project: Project, code: int, text: str, *args: str) -> pytest.RunResult:
    run = project.run(*args)
    assert (run.ret, text in last_line(run)) == (code, True), last_line(run)
    return run


@both
@pytest.mark.parametrize(
    ("golden", "more", "args", "code", "text"),
    [
        ("goldne", "", (*NEW, "--llm-strict"), USAGE, "'goldne' matches no golden file below"),
        ("golden", "testpaths = tests", (*NEW,), USAGE, "the ini key testpaths leaves 'golden' out"),
        ("golden", "norecursedirs = golden", (*NEW,), USAGE, "left out by norecursedirs"),
        ("goldne", "", ("--llm-provider", "column:new"), FINE, "no golden case was judged; llm_golden"),
        ("goldne", "llm_gate = pass_rate>=.9", (), USAGE, "Did you mean 'golden'?"),
        ("goldne", "llm_gate = pass_rate>=.9", ("test_plain.py",), FINE, "no golden case was judged"),
        ("golden", "llm_gate = pass_rate>=.9\nllm_min_score = 4", ("test_plain.py",), FINE, SILENT),
        ("golden", "addopts = --llm-strict", ("test_plain.py",), FINE, SILENT),
        ("golden", "", ("test_plain.py", *NEW), UNJUDGED, "no case was tried"),
        ("golden", "", ("--ignore", "golden", *NEW, "--llm-gate", "pass_rate>=.9"), UNJUDGED, "no case was tried"),
    ],
)  # fmt: skip
def test_golden_files_that_are_not_collected(
    made: Project, golden: str, more: str, args: tuple[str, ...], code: int, text: str,
    workers: tuple[str, ...],
) -> None:  # fmt: skip
    ini(made, more, golden=golden)
    made.write("tests/test_x.py", PLAIN)
    check(made, code, text, *args, *workers)


@both
@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        ((*NEW, "--llm-where", "id == 'zz'"), UNJUDGED, "selects none of 6 cases"),
        (("--llm-provider", "column:new", "--llm-where", "id == 'zz'"), FINE, "selects none of 6 cases"),
        ((*OLD, "--llm-where", "metadata.levl == '1' or id == 'c1'"), USAGE, "Did you mean 'level'?"),
        (("-k", "plain", *NEW, "--llm-strict"), UNJUDGED, "none of 6 golden cases is selected"),
        (("-k", "plain"), FINE, SILENT),
        ((*OLD, "--llm-must-pass", "id == 'zz'", "--llm-strict"), USAGE, "It names none of 6 cases"),
        (("golden", *OLD, "--llm-where", "id == 'zz'"), UNJUDGED, "selects none of 6 cases"),
        (("golden", *OLD, "-k", "zz"), UNJUDGED, "none of 6 golden cases is selected"),
        (("golden", "--llm-provider", "column:old", "-k", "zz"), EMPTY, "none of 6 golden cases"),
        (("golden", "-k", "zz"), EMPTY, "====="),  # nothing of ours
        (("golden", *OLD, "--llm-limit", "0"), USAGE, "a whole number, at least 1"),
        ((*OLD, "--llm-must-pass", "id == 'zz'"), FINE, "names none of 6 cases. All 6 cases passed"),
    ],
)  # fmt: skip
def test_selections_that_match_nothing(
    made: Project, args: tuple[str, ...], code: int, text: str, workers: tuple[str, ...]
) -> None:
    check(made, code, text, *args, *workers)


UNNAMED = "golden/rows.csv is not collected: name the file, or add llm_golden = golden to the ini"


@both
@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (("golden", "tests", "--llm-provider", "column:old"), FINE, UNNAMED),
        (("golden", "--llm-provider", "column:old"), EMPTY, UNNAMED),
        (("golden", *OLD), UNJUDGED, UNNAMED),
        (("--llm-provider", "column:old"), FINE, UNNAMED),
        (("tests", *OLD), UNJUDGED, UNNAMED),
        (("tests", "--llm-provider", "column:old"), FINE, "no golden case was judged"),
        (("golden", "tests"), FINE, SILENT),
        (("golden/rows.csv", "tests", *OLD), FINE, "7 passed"),
        (("tests", "marked", *OLD), FINE, "7 passed"),
    ],
)  # fmt: skip
def test_golden_files_in_a_folder_that_llm_golden_does_not_name(
    made: Project, args: tuple[str, ...], code: int, text: str, workers: tuple[str, ...]
) -> None:
    ini(made, golden="")
    (made.path / "test_plain.py").unlink()
    made.write("tests/test_x.py", PLAIN)
    made.write("tests/data.json", '{"name": "no golden file"}')
    made.write(
        "marked/test_rows.py",
        "import pytest\n@pytest.mark.llm_golden('../golden/rows.csv')\n"
        "def test_rows(llm_completion): pass\n",
    )
    if "marked" not in args:
        (made.path / "marked/test_rows.py").unlink()
    check(made, code, text, *args, *workers)


@both
def test_the_last_failed_where_nothing_failed(made: Project, workers: tuple[str, ...]) -> None:
    check(made, FINE, "6 passed", "golden", *OLD)
    args = ("golden", *OLD, "-p", "cacheprovider", "--lf", "--lfnf", "none")
    check(made, UNJUDGED, "none of 6 golden cases is selected", *args, *workers)


def test_a_text_that_a_test_supplies_is_no_call(made: Project) -> None:
    made.write(
        "test_text.py",
        "def test_text(llm_metric): assert llm_metric('contains', 'a b', text='b') >= 1\n",
    )
    made.run("test_text.py").stdout.fnmatch_lines(["calls * 0 made, 0 answered*"])


MARKED = """
import pytest

@pytest.mark.{gate}
@pytest.mark.llm_golden("golden/rows.csv", {keywords})
def test_rows(llm_completion):
    {body}
"""


@pytest.mark.parametrize(
    ("gate", "keywords", "body", "code", "text"),
    [
        ("rows", "where='id == 1'", "pass", BROKEN, "1 error"),
        ("rows", "must_pass='id == 1', threshold='exact_match>=1'", "pass", USAGE, "names none of the selected cases"),
        ("llm_gate('pass_rate>=.5')", "", "pytest.skip('later')", UNJUDGED, "nothing to gate (--llm-strict). 1 gate could not be decided. 6 skipped."),
        ("llm_gate('exact_match.max>=0')", "threshold='exact_match>=1'", "pass", UNJUDGED, "exact_match.max>=0 requires nothing"),
        ("rows", "threshold='exact_match>=1'", "pytest.skip('later')", UNJUDGED, "nothing to judge (--llm-strict). 6 skipped."),
        ("rows", "threshold='exact_match<=1'", "pass", USAGE, "a threshold that a score can miss"),
        ("llm_generate(n=3, reducer='vote')", "", "pass", USAGE, "found 'vote'; allowed: mean, because"),
    ],
)  # fmt: skip
def test_markers_that_judge_nothing(
    made: Project, gate: str, keywords: str, body: str, code: int, text: str
) -> None:
    ini(made, "markers = rows", golden="")
    made.write("test_rows.py", MARKED.format(gate=gate, keywords=keywords, body=body))
    check(made, code, text, "test_rows.py", "--llm-provider", "column:old", "--llm-strict")


def test_a_gate_on_a_test_without_a_case_is_an_error(made: Project) -> None:
    made.write(
        "test_gate.py",
        "import pytest\n@pytest.mark.llm_gate('pass_rate>=.9')\ndef test_gate(): pass\n",
    )
    check(made, UNJUDGED, "nothing to gate (@pytest.mark.llm_gate)", "test_gate.py")
    run = made.run(*OLD)
    assert run.ret == UNJUDGED
    assert "ERROR: pass_rate>=.9 on test_gate.py::test_gate: no case was tried" in run.stdout.str()


@both
@pytest.mark.parametrize(
    ("lines", "args", "variables", "code", "text"),
    [
        ((), (), {}, FINE, "6 cases skipped, because no model or judge is configured"),
        (("llm_min_score = 4", "llm_judge_model = j"), (), {}, FINE, "6 cases skipped"),
        (("llm_gate = pass_rate>=.9",), (), {}, UNJUDGED, "nothing to gate (ini llm_gate)"),
        (("llm_min_score = 4",), ("--llm-model", ""), {}, UNJUDGED, "--llm-model is given without a value. 6 of 6 cases"),
        (("llm_min_score = 4",), (), {"LLMEVAL_MODEL": ""}, UNJUDGED, "LLMEVAL_MODEL is given without a value"),
        (("llm_min_score = 4",), (), {"LLMEVAL_MODLE": "m"}, USAGE, "did you mean LLMEVAL_MODEL?"),
        ((), ("--llm-provider", "column:old"), {"LLMEVAL_MIN_SCOR": "4"}, USAGE, "did you mean LLMEVAL_MIN_SCORE?"),
        (("llm_min_scor = 4",), ("--llm-provider", "column:old"), {}, USAGE, "did you mean llm_min_score?"),
        (("llm_min_score = 4",), APP, {}, UNJUDGED, "ERROR: 6 of 6 cases could not be judged"),
        (("llm_min_score = 4",), ("--llm-judge-model", "j"), {}, UNJUDGED, "ERROR: 6 of 6 cases could not"),
        (("llm_gate = pass_rate>=.9",), (*OLD, "--llm-gate", ""), {}, FINE, "--llm-gate is given without a value. All 6 cases"),
    ],
)  # fmt: skip
def test_models_and_judges_that_nobody_names(
    made: Project, monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], args: tuple[str, ...],
    variables: Mapping[str, str], code: int, text: str, workers: tuple[str, ...],
) -> None:  # fmt: skip
    ini(made, *lines)
    if "--llm-judge-model" in args:
        monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    check(made, code, text, *args, *workers)


def test_cases_without_a_judge_are_missing_from_a_gate(made: Project) -> None:
    rows = [f"{row.strip()},{'4' if number < 2 else ''}\n" for number, row in enumerate(ROWS)]
    made.write("golden/rows.csv", f"{COLUMNS.strip()},min_score\n" + "".join(rows))
    run = made.run(*APP, "--llm-gate", "pass_rate>=.5")
    assert run.ret == UNJUDGED
    assert "ERROR: pass_rate>=.5: 2 of 2 cases without pass_rate" in run.stdout.str()
    made.write("golden/rows.csv", COLUMNS + "".join(ROWS))
    made.write(
        "test_judged.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv")
        def test_judged(llm_completion, llm_judge):
            assert llm_judge(llm_completion) >= 4

        @pytest.mark.llm_golden("golden/rows.csv", threshold="exact_match>=1")
        def test_other(llm_completion): pass
        """,
    )
    run = made.run("test_judged.py", *APP, "--llm-gate", "pass_rate>=.5")
    assert run.ret == UNJUDGED
    assert "ERROR: pass_rate>=.5: 6 of 12 cases without pass_rate" in run.stdout.str()
    assert made.report()["summary"]["skipped"] == 6


@pytest.mark.parametrize(
    ("lines", "args", "code", "text"),
    [
        ((), ("--llm-provider", "column:new", "--llm-strict"), UNJUDGED, "no case has a threshold, and there is no gate"),
        ((), ("--llm-provider", "column:new", "--llm-strict", "--llm-threshold", "exact_match>=0"), UNJUDGED, "no case has a threshold"),
        (("llm_threshold = exact_match>=1",), ("--llm-provider", "column:new", "--llm-threshold", "exact_match>=-1"), USAGE, "a threshold that a score can miss"),
        (("llm_threshold = exact_match>=1",), ("--llm-provider", "column:new", "--llm-threshold", "exact_match<=1"), USAGE, "from 0 to 1"),
        (("llm_threshold = exact_match>=1",), ("--llm-provider", "column:new", "--llm-threshold", "exact_match<=.9"), WORSE, "6 failed"),
        (("llm_min_score = 4",), (*APP, "--llm-threshold", "rubric<=5"), USAGE, "from 0 to 5"),
        ((), (*NEW, "--llm-gate", "pass_rate<=1"), USAGE, "Every run meets it, because pass_rate is from 0 to 1"),
        ((), (*NEW, "--llm-gate", "unscored<=1"), USAGE, "a gate that a run can miss"),
        ((), (*NEW, "--llm-gate", "cost>=-1"), USAGE, "because cost is at least 0"),
        ((), (*NEW, "--llm-gate", "cost<=inf"), USAGE, "found 'cost<=inf'"),
        ((), (*OLD, "--llm-gate", "exact_match.mean<=1"), UNJUDGED, "1 gate could not be decided"),
        ((), (*OLD, "--llm-gate", "exact_match.mean<=.5"), WORSE, "FAILED: 1 gate missed. All 6 cases"),
        ((), (*OLD, "--llm-gate", "similarity.mean>=.5"), UNJUDGED, "1 gate could not be decided"),
        ((), (*OLD, "--llm-fail-on", "gate"), UNJUDGED, "ERROR: No gate decided. All 6 cases passed"),
        ((), (*OLD, "--llm-gate", "pass_rate>=.9", "--llm-strict"), FINE, "6 passed"),
        ((), (*OLD, "--llm-gate", "pass_rate>=0"), FINE, "pass_rate>=0 requires nothing"),
        ((), (*OLD, "--llm-gate", "pass_rate>=0", "--llm-strict"), UNJUDGED, "pass_rate>=0 requires nothing"),
        ((), (*OLD, "--llm-gate", "pass_rate>=0", "--llm-fail-on", "gate"), UNJUDGED, "pass_rate>=0 requires nothing"),
        ((), (*OLD, "--llm-gate", "exact_match.mean>=0"), FINE, "exact_match.mean>=0 requires nothing"),
        ((), (*OLD, "--llm-gate", "exact_match.min>=0", "--llm-gate", "pass_rate>=.5", "--llm-strict"), UNJUDGED, "exact_match.min>=0 requires nothing"),
        ((), (*NEW, "--llm-gate", "exact_match.p10>=0", "--llm-fail-on", "gate"), UNJUDGED, "3 cases missed a threshold, which does not count"),
        ((), (*OLD, "--llm-gate", "exact_match.p50>=0", "--llm-fail-on", "gate", "-n", "2"), UNJUDGED, "exact_match.p50>=0 requires nothing"),
        ((), (*NEW, "--llm-gate", "exact_match.mean>=0", "--llm-gate", "pass_rate>=.5", "--llm-fail-on", "gate"), FINE, "exact_match.mean>=0 requires nothing"),
        ((), ("--llm-provider", "column:new", "--llm-threshold", "exact_match>=0", "--llm-gate", "exact_match.mean>=0", "--llm-strict"), UNJUDGED, "no gate judges the answers"),
        ((), (*OLD, "--llm-gate", "regression(exact_mtch)"), USAGE, "Did you mean 'exact_match'?"),
        ((), (*OLD, "--llm-gate", "regression(qqqq)"), UNJUDGED, "1 gate could not be decided"),
        ((), ("--llm-model", "a", "--llm-model=b"), USAGE, "--llm-model: found 'a' and 'b'; allowed: one value"),
        (("addopts = --llm-provider column:new",), OLD, FINE, "6 passed"),
        ((), (*OLD, "--llm-n", "3", "--llm-reducer", "vote"), USAGE, "For more samples, set --llm-samples"),
        ((), (*OLD, "--llm-samples", "1", "--llm-reducer", "vote"), FINE, "6 passed"),
        ((), (*OLD, "--llm-judge-against", "run:mian"), FINE, "--llm-judge-against has no effect"),
        ((), (*OLD, "--llm-min-agreement", "kappa>=-1"), USAGE, "a threshold that a judge can miss"),
    ],
)  # fmt: skip
def test_bounds_and_gates_that_nothing_misses(
    made: Project, lines: tuple[str, ...], args: tuple[str, ...], code: int, text: str
) -> None:
    ini(made, *lines)
    check(made, code, text, "golden", *args)


def test_a_bound_on_a_score_that_nobody_takes(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.write("test_free.py", "def test_free(llm_generate): assert llm_generate('Hi').text\n")
    made.write(
        "conftest.py",
        "import pytest\n@pytest.fixture\ndef llm_provider(): return lambda case: 'Hello'\n",
    )
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    args = ("test_free.py", "--llm-judge-model", "j", "--min-score", "4")
    check(made, UNJUDGED, "No case has a score 'rubric', which --min-score requires", *args)


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        ((), FINE, "Every case is in quarantine, so none of them counts. 3 of 6 cases failed"),
        (("--llm-strict",), UNJUDGED, "ERROR: Every case is in quarantine"),
        (("--llm-gate", "pass_rate>=.5"), UNJUDGED, "1 gate could not be decided"),
    ],
)
def test_every_case_in_quarantine(
    made: Project, args: tuple[str, ...], code: int, text: str
) -> None:
    lines = "".join(f"c{number},2999-12-31,flaky\n" for number in range(6))
    made.write("quarantine.csv", f"id,until,reason\n{lines}")
    check(made, code, text, *NEW, "--llm-quarantine", "quarantine.csv", *args)


@both
@pytest.mark.parametrize(
    ("lines", "args", "code", "text"),
    [
        ((), ("--llm-provider", "column:old"), FINE, "DRY RUN: nothing was sent, so nothing was judged"),
        ((), OLD, UNJUDGED, "DRY RUN: nothing was sent, so nothing was judged, as --llm-threshold requires"),
        (("llm_gate = pass_rate>=.9",), ("--llm-provider", "column:old"), UNJUDGED, "as ini llm_gate requires"),
        (("llm_golden =",), (), FINE, "DRY RUN"),
    ],
)  # fmt: skip
def test_a_dry_run_left_in_the_environment(
    made: Project, monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], args: tuple[str, ...],
    code: int, text: str, workers: tuple[str, ...],
) -> None:  # fmt: skip
    ini(made, *lines, golden="" if "llm_golden =" in lines else "golden")
    monkeypatch.setenv("LLMEVAL_DRY_RUN", "1")
    check(made, code, text, *args, *workers)


def test_a_dry_run_of_thresholds_in_rows_alone(made: Project) -> None:
    rows = [f"{row.strip()},exact_match>=1\n" for row in ROWS]
    made.write("golden/rows.csv", f"{COLUMNS.strip()},threshold\n" + "".join(rows))
    args = ("--llm-provider", "column:old", "--llm-dry-run")
    check(made, UNJUDGED, "as a threshold of a test requires", *args)


def test_the_file_that_pytest_does_not_read(made: Project) -> None:
    made.write("pyproject.toml", "[tool.pytest.ini_options]\nllm_min_score = '4'\n")
    check(made, USAGE, "pyproject.toml are ignored, because pytest reads", *OLD)
    check(made, FINE, "pyproject.toml are ignored", "--llm-provider", "column:old")


@both
def test_a_broken_golden_file_ends_the_run_as_without_xdist(
    made: Project, workers: tuple[str, ...]
) -> None:
    made.write("golden/bad.csv", "id,prompt\na,\n")
    run = made.run(*OLD, *workers)
    assert run.ret == BROKEN
    assert "Interrupted: 1 error during collection" in run.stdout.str()
    assert not (made.path / ".llmeval").exists()

    run = made.run(*OLD, *workers, "--continue-on-collection-errors", "--llm-summary", "s.md")
    assert run.ret == WORSE
    said = "1 file could not be collected: golden/bad.csv. 6 cases passed."
    assert last_line(run) == f"llm: ERROR: {said}"
    summary = made.report()["summary"]
    assert (summary["verdict"], summary["headline"]) == ("error", said)
    assert (made.path / "s.md").read_text().splitlines()[2] == f"## ❌ ERROR: {said}"


def test_a_run_that_was_cut_off_is_not_passed(made: Project) -> None:
    made.write("test_z.py", "def test_z(): assert False\ndef test_y(): pass\n")
    run = made.run("golden", "test_z.py", *OLD, "-x")
    assert last_line(run) == "llm: ERROR: The run was cut off before its end. 6 cases passed."
    assert made.report()["summary"]["verdict"] == "error"


def test_skipped_cases_are_counted_where_a_case_was_tried(made: Project) -> None:
    made.write(
        "test_rows.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv", threshold="exact_match>=1")
        def test_rows(llm_completion, llm_case):
            if llm_case.id == "c1":
                pytest.skip("later")

        @pytest.mark.skip(reason="later")
        @pytest.mark.llm_golden("golden/rows.csv")
        def test_others(llm_completion): pass
        """,
    )
    run = made.run("test_rows.py", "--llm-provider", "column:old")
    assert "PASSED: All 5 cases passed. 7 skipped." in run.stdout.str()
    causes = {result["cause"] for result in made.report()["results"]}
    assert causes == {"", "skip"}


def test_a_run_of_skipped_cases_leaves_nothing_behind(made: Project) -> None:
    assert made.run().ret == FINE
    assert not Path(made.path, ".llmeval").exists()


def test_criteria_that_no_test_asks_for(made: Project) -> None:
    criteria = json.dumps({"tone": "Is it polite?"})
    args = (*OLD, "--llm-judge-model", "j", "--llm-judge-criteria", criteria)
    check(
        made, FINE, "No test asks for the criterion tone; a threshold such as rubric.tone>=4", *args
    )


def test_gates_of_ci_leave_a_plain_pytest_green(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedy = (
        "To keep a plain pytest green, require this where CI alone does: on its command line "
        "(--llm-gate, --llm-baseline, --llm-fail-on), or by its variables (LLMEVAL_GATE, …)."
    )
    ini(made, "llm_fail_on = gate\nllm_gate = pass_rate>=.9")
    check(made, UNJUDGED, remedy)
    ini(made)
    check(made, FINE, "no golden case was judged")
    strict = check(made, UNJUDGED, "no case", "--llm-strict")
    assert remedy not in strict.stdout.str()
    gated = made.run("--llm-gate", "pass_rate>=.9", *OLD)
    monkeypatch.setenv("LLMEVAL_GATE", "pass_rate>=.9")
    by_variable = made.run(*OLD)
    for run in (gated, by_variable):
        assert run.ret == FINE
        assert "MET: pass_rate>=.9" in run.stdout.str()
