"""No run is green because cases vanished, nothing was held against a bound, or a name was misspelt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_llmeval.plugin.markers import FIXTURES
from tests.plugin.conftest import Project
from tests.plugin.test_nothing_judged import (
    COLUMNS,
    FINE,
    NEW,
    OLD,
    PLAIN,
    ROWS,
    UNJUDGED,
    USAGE,
    both,
    check,
    ini,
    last_line,
    made,
)

__all__ = ["made"]

PLAIN_NEW = NEW[:2]
STRICT = "--llm-strict"
MISSED = 1


def many_rows(project: Project, more: str = "", value: str = "") -> None:
    """Enough rows for a verdict of a regression gate."""
    rows = [f"c{number},Q{number},yes,yes,no,1{value}\n" for number in range(160)]
    project.write("golden/rows.csv", f"{COLUMNS.strip()}{more}\n" + "".join(rows))


# Cases without a result


@both
def test_a_run_that_pytest_exit_ends_is_cut_off(made: Project, workers: tuple[str, ...]) -> None:
    made.write(
        "test_rows.py",
        """
        import pytest

        @pytest.mark.llm_golden("golden/rows.csv", threshold="exact_match>=1")
        def test_rows(llm_completion, llm_case):
            if llm_case.id == "c3":
                pytest.exit("done", 0)
        """,
    )
    run = made.run("test_rows.py", *OLD, STRICT, *workers)
    assert run.ret not in (FINE, MISSED)  # xdist calls it an internal error
    said = [line for line in run.outlines if line.startswith("llm: ERROR: The run was cut off")]
    assert len(said) == 1
    assert made.report()["summary"]["verdict"] == "error"
    if not workers:
        assert made.run("test_rows.py", "--llm-provider", "column:old").ret == UNJUDGED  # marker
        made.write("test_early.py", "import pytest\npytest.exit('no', 0)\n")
        assert made.run("test_early.py", "golden", *OLD).ret != FINE


@both
@pytest.mark.parametrize(
    ("hook", "text"),
    [
        (
            "def pytest_runtest_protocol(item):\n"
            "    return True if item.name in ('c1', 'c3', 'c5') else None\n",
            "3 of 6 cases left no result",
        ),
        (
            "def pytest_collection_modifyitems(items):\n"
            "    items[:] = [item for item in items if item.name in ('c0', 'c2', 'c4')]\n",
            "3 of 6 golden cases were removed by a hook that does not call pytest_deselected",
        ),
    ],
)
def test_cases_that_a_hook_takes_away(
    made: Project, hook: str, text: str, workers: tuple[str, ...]
) -> None:
    made.write("conftest.py", hook)
    check(made, UNJUDGED, f"ERROR: {text}", "golden", *NEW, *workers)
    check(made, FINE, f"{text}. All 3 cases passed", "golden", *PLAIN_NEW, *workers)


def test_a_loop_that_runs_nothing(made: Project) -> None:
    made.write("conftest.py", "def pytest_runtestloop(): return True\n")
    check(made, UNJUDGED, "6 of 6 cases left no result", "golden", *OLD)
    check(made, FINE, "6 of 6 cases left no result", "golden", *OLD[:2])


@pytest.mark.parametrize(
    "args",
    [
        ("golden/rows.csv::c0",),
        ("golden", "golden/rows.csv", "--keep-duplicates"),
        ("golden", "-k", "c0"),
        ("golden", "--llm-limit", "2"),
        ("golden", "--deselect", "golden/rows.csv::c1"),
    ],
)
def test_cases_that_somebody_leaves_out_are_not_missed(
    made: Project, args: tuple[str, ...]
) -> None:
    assert "llm:" not in last_line(made.run(*args, *OLD, STRICT))


# Cases that nothing could fail


MARKED = """
import pytest

@pytest.mark.llm_gate("pass_rate>=.1")
@pytest.mark.llm_golden("golden/rows.csv", where="id == 'c0'", threshold="exact_match>=1")
def test_marked(llm_completion): pass
"""


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        ((*PLAIN_NEW, "--llm-gate", "pass_rate>=.9"), UNJUDGED, ""),
        ((*PLAIN_NEW, "--llm-gate", "pass_rate>=.9", STRICT), UNJUDGED, ""),
        ((*PLAIN_NEW, "--llm-gate", "cost<=1"), FINE, "6 passed"),
        ((*PLAIN_NEW, "--llm-gate", "cost<=1", STRICT), UNJUDGED, "no case has a threshold, and no gate judges the answers"),
        ((*PLAIN_NEW, "--llm-gate", "unscored<=.1", STRICT), UNJUDGED, "no gate judges the answers"),
        ((*NEW, "--llm-gate", "pass_rate>=.9"), MISSED, "3 of 6 cases missed"),
        ((*NEW, "--llm-gate", "cost<=1", "--llm-fail-on", "gate"), UNJUDGED, "3 cases missed a threshold, which does not count by --llm-fail-on gate, but no gate"),
        ((*NEW, "--llm-gate", "pass_rate>=.5", "--llm-fail-on", "gate", STRICT), FINE, "3 xfailed"),
        (("test_marked.py", *PLAIN_NEW, STRICT), UNJUDGED, "no case of golden/rows.csv has a threshold, and no gate"),
        (("test_marked.py", *NEW, "--llm-fail-on", "gate", STRICT), UNJUDGED, "3 cases missed a threshold"),
    ],
)  # fmt: skip
def test_gates_on_cases_that_nothing_can_fail(
    made: Project, args: tuple[str, ...], code: int, text: str
) -> None:
    made.write("test_marked.py", MARKED)
    run = check(made, code, text, "golden", *args)
    if not text:
        reason = "ERROR: pass_rate>=.9: no case can pass or fail, because none was held against"
        assert reason in run.stdout.str()


def test_a_row_without_a_threshold_does_not_dilute_the_pass_rate(made: Project) -> None:
    rows = [f"{row.strip()},{'exact_match>=1' if number < 2 else ''}\n" for number, row in enumerate(ROWS)]  # fmt: skip
    made.write("golden/rows.csv", f"{COLUMNS.strip()},threshold\n" + "".join(rows))
    run = made.run("golden", *PLAIN_NEW, "--llm-gate", "pass_rate>=.6", "--llm-fail-on", "gate")
    assert run.ret == MISSED
    assert "pass rate 50.0% of 2 cases that could fail (" in run.stdout.str()


# Scores of the baseline that the run does not take


def test_scores_of_the_baseline_that_the_run_does_not_take(made: Project) -> None:
    many_rows(made)
    two = ("--llm-threshold", "contains>=0")
    assert made.run("golden", *OLD, *two, "--llm-name", "good").ret == FINE
    gated = ("golden", *OLD[:2], *two, "--llm-baseline", "good")
    lost = "the baseline good has a score 'exact_match' that this run does not take"
    for args, code, text in (
        ((), FINE, lost.capitalize()),
        ((STRICT,), UNJUDGED, lost.capitalize()),
        ((STRICT, "-n", "2"), UNJUDGED, lost.capitalize()),
        (("--llm-gate", "regression(contains)", STRICT), FINE, "160 passed"),
        (("--llm-gate", "regression(exact_match)"), UNJUDGED, ""),
        (("--llm-threshold", "exact_match>=1", STRICT), FINE, "160 passed"),
    ):
        run = made.run(*gated, *args)
        assert run.ret == code, (args, run.outlines[-3:])
        if text.startswith("The"):
            assert text in last_line(run)
    run = made.run("golden", *OLD[:2], "--llm-baseline", "good", STRICT)
    assert run.ret == UNJUDGED
    assert "ERROR: regression: no case can pass or fail" in run.stdout.str()


# Names and values that nobody sees


@pytest.mark.parametrize(
    ("args", "variables", "code", "text"),
    [
        (OLD, {"LLMEVAL_LIMIT": "1"}, FINE, "Only 1 of 6 cases are selected by LLMEVAL_LIMIT of the environment"),
        ((*OLD, STRICT, "-n", "2"), {"LLMEVAL_WHERE": "id == 'c0'"}, UNJUDGED, "ERROR: Only 1 of 6 cases are selected by LLMEVAL_WHERE"),
        ((*OLD, "--llm-gate", "pass_rate>=.5"), {"PYTEST_ADDOPTS": "--llm-limit 2"}, UNJUDGED, "selected by --llm-limit in PYTEST_ADDOPTS"),
        ((*OLD, STRICT, "--llm-limit", "2"), {"LLMEVAL_LIMIT": "1"}, FINE, "2 passed"),
        ((*OLD, STRICT, "--llm-limit", "2"), {"PYTEST_ADDOPTS": "--llm-limit 2 --llm-limit-seed 5"}, FINE, "2 passed"),
        ((*OLD, STRICT, "--llm-limit", "2"), {"PYTEST_ADDOPTS": "--llm-limit-seed 5"}, FINE, "2 passed"),
        ((*OLD, STRICT), {"LLM_GATE": "pass_rate>=2", "LLM_PASS": "secret"}, FINE, "No setting reads the variable LLM_GATE; did you mean LLMEVAL_GATE? All 6"),
        ((*OLD[:2], "-n", "2"), {"LLMEVAL_FOO": "1"}, FINE, "No setting reads the variable LLMEVAL_FOO. All 6"),
    ],
)  # fmt: skip
def test_variables_that_are_left_over(
    made: Project, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...],
    variables: Mapping[str, str], code: int, text: str,
) -> None:  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    check(made, code, text, "golden", *args)


@pytest.mark.parametrize(
    ("lines", "args", "text"),
    [
        (("min_score = 4",), OLD[:2], "ini key min_score; did you mean llm_min_score?"),
        (("llmeval_threshold = a>=1",), OLD[:2], "did you mean llm_threshold?"),
        ((), (*OLD[:2], "-o", "llm_gte=pass_rate>=.9"), "ini key llm_gte; did you mean llm_gate?"),
    ],
)
def test_ini_keys_that_nothing_reads(
    made: Project, lines: tuple[str, ...], args: tuple[str, ...], text: str
) -> None:
    ini(made, *lines)
    check(made, USAGE, text, "golden", *args)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("@pytest.mark.llm_gat('pass_rate>=.9')\ndef test_a(): pass\n", USAGE, "Did you mean 'llm_gate'?"),
        ("@pytest.mark.llm_slow\ndef test_a(): pass\n", USAGE, "@pytest.mark.llm_slow: found 'llm_slow'"),
        ("@pytest.mark.llm_mine\ndef test_a(): pass\n", FINE, "7 passed"),
        ("@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.llm_golden('golden/rows.csv'))])\n"
         "def test_a(x): pass\n", USAGE, "a mark of pytest.param"),
        ("def test_a(request): request.node.add_marker(pytest.mark.llm_metric('contains', min=1))\n", MISSED, "1 error"),
        ("class TestA:\n"
         "    def test_a(self, request): request.node.parent.add_marker(pytest.mark.llm_judge(min_score=5))\n", MISSED, "1 error"),
    ],
)  # fmt: skip
def test_markers_that_declare_nothing(made: Project, body: str, code: int, text: str) -> None:
    ini(made, "markers = llm_mine: one of the project's")
    made.write("test_marks.py", f"import pytest\n\n{body}")
    check(made, code, text, "golden", "test_marks.py", *OLD)


def test_bounds_and_gates_that_the_command_line_lowers(made: Project) -> None:
    ini(made, "llm_threshold = exact_match>=1", "llm_gate = pass_rate>=.9")
    low = ("--llm-threshold", "exact_match>=.1", "--llm-gate", "pass_rate>=.2")
    said = "--llm-threshold exact_match>=0.1 replaces ini llm_threshold exact_match>=1. --llm-gate replaces ini llm_gate pass_rate>=.9. All 6"  # fmt: skip
    check(made, FINE, said, "golden", *OLD[:2], *low)
    ini(made, "llm_gate = regression margin=0.02")
    run = check(made, USAGE, "", "golden", *OLD[:2], "--llm-gate", "pass_rate>=.5")
    assert "ini llm_gate: found 'regression margin=0.02'" in run.stderr.str()
    ini(made, "llm_threshold = exact_match>=1", "llm_gate = pass_rate>=.9")
    high = ("--llm-threshold", "exact_match>=1", "--llm-gate", "pass_rate>=.95")
    check(made, FINE, "6 passed", "golden", *OLD[:2], *high)
    made.write("test_plain.py", PLAIN)
    check(made, FINE, "1 passed", "test_plain.py")


def test_a_project_of_fixtures_alone_is_one_that_uses_the_plugin(made: Project) -> None:
    made.write("app.py", "def answer(prompt): return 'four'\n")
    body = "@pytest.mark.llm_threshold('length<=1')\ndef test_a(llm_generate): llm_generate('x')\n"
    made.write("test_a.py", f"import pytest\n\n{body}")
    run = made.run("test_a.py", "--llm-provider", "python:app:answer")
    assert run.ret == USAGE
    assert "@pytest.mark.llm_threshold: found 'llm_threshold'" in run.stderr.str()
    run = made.run("test_a.py")
    assert run.ret == USAGE, "whether or not somebody evaluates now"


def test_a_project_without_the_plugin_has_its_own_names(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (project.path / ".llmeval").symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.setenv("LLMEVAL_MIN_SCOR", "4")
    project.write(
        "test_a.py",
        "import pytest\n\n"
        "@pytest.fixture\ndef llm_judge(): return 1\n\n"
        "@pytest.mark.ll_judge\n@pytest.mark.llm_goldens\ndef test_a(llm_judge): pass\n",
    )
    run = project.run("test_a.py", "-W", "ignore::pytest.PytestUnknownMarkWarning")
    assert run.ret == FINE
    assert "llm:" not in run.stdout.str()

    project.write("golden/rows.csv", "prompt,expected\n2+2,4\n")
    run = project.run("golden/rows.csv", "--llm-provider", "column:expected")
    assert run.ret == USAGE
    assert "--llm-store, --llm-judges, --llm-log, --llm-json, --llm-html: found" in run.stderr.str()


def test_the_fixtures_by_which_a_project_is_one_that_uses_the_plugin_are_all_of_them(
    project: Project,
) -> None:
    run = project.run("--fixtures", "-q")
    names = {line.split()[0] for line in run.outlines if line.startswith("llm_")}
    assert names == {*FIXTURES, "llm_provider"}
