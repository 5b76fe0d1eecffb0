"""No run is green because PYTEST_ADDOPTS or addopts narrows it, or lets no test run."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_nothing_judged import (
    COLUMNS,
    FINE,
    NEW,
    OLD,
    ROWS,
    UNJUDGED,
    USAGE,
    WORSE,
    check,
    ini,
    last_line,
    made,
)

__all__ = ["made"]

STRICT = "--llm-strict"
GATE = ("--llm-gate", "pass_rate>=.4")
CACHED = ("-p", "cacheprovider", "-p", "stepwise")


def test_cases_that_are_chosen_by_how_they_ended(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.write("golden/b.csv", COLUMNS + "".join(f"b{row}" for row in ROWS[:1]))
    check(made, WORSE, "3 failed, 4 passed", "golden", *NEW, *CACHED)
    half = "Only 3 of 6 cases are selected by --lf"
    unread = "and 1 golden file was not read"
    text = f"PASSED: {half}, by how they ended last time, {unread}. All 3"
    old = ("golden", "--llm-provider", "column:old", *CACHED)
    check(made, FINE, text, *old, *GATE, "--llm-threshold", "exact_match>=0.5", "--lf", "-n", "2")
    check(made, WORSE, "3 failed, 4 passed", "golden", *NEW, *CACHED)
    for source, remedy in (("PYTEST_ADDOPTS", "unset it"), ("addopts", "take it out")):
        if source == "addopts":
            monkeypatch.delenv("PYTEST_ADDOPTS")
            ini(made, "addopts = --last-failed")
        else:
            monkeypatch.setenv(source, "--lf")
        text = f"{half} in {source}, {unread}: {remedy}, or give the option on the command line."
        check(made, WORSE, f"FAILED: {text}", *NEW, *CACHED, "golden")
        check(made, UNJUDGED, f"ERROR: {text}", *OLD, *CACHED, "golden", STRICT)
        check(made, WORSE, "3 failed", "golden", *NEW, *CACHED, "--lfnf", "all", "--cache-clear")


@pytest.mark.parametrize(
    ("option", "args", "code", "text"),
    [
        ("-k c0", GATE, UNJUDGED, "Only 1 of 6 cases are selected by -k in addopts: take it out"),
        ("-k c0", (*GATE, "-k", "c0"), FINE, "1 passed"),
        ("-k c0", (), FINE, "Only 1 of 6 cases are selected by -k in addopts"),
        ("--llm-limit 2", (STRICT,), UNJUDGED, "Only 2 of 6 cases are selected by --llm-limit in addopts"),
        ("--llm-limit 2", (STRICT, "--llm-limit", "3"), FINE, "3 passed"),
        ("--ff", (STRICT,), FINE, "6 passed"),
        ("--sw-skip", (STRICT,), FINE, "6 passed"),
        ("--ignore=golden/b.csv", (STRICT,), USAGE, "golden/b.csv of 'golden' is not collected"),
        ("--splits 3 --group 1", (STRICT, *GATE, "-n", "2"), FINE, "PASSED: Only 2 of 6 cases are selected by --splits: llmeval merge judges all parts as one run. All 2"),
        ("--collect-only -q", (STRICT,), UNJUDGED, "--collect-only in addopts lets no test run, so nothing was judged, as --llm-strict requires"),
        ("--markers", (STRICT,), USAGE, "no test would be run because of --markers in addopts"),
    ],
)  # fmt: skip
def test_options_of_the_ini_file(
    made: Project, option: str, args: tuple[str, ...], code: int, text: str
) -> None:
    if "b.csv" in option:
        made.write("golden/b.csv", COLUMNS + "".join(f"b{row}" for row in ROWS[:1]))
    ini(made, f"addopts = {option}")
    check(made, code, text, "golden", *OLD, *args, *(CACHED if option[2] in "fs" else ()))


@pytest.mark.parametrize("option", ["--co", "--setup-only", "--setup-plan", "--fixtures"])
def test_a_run_of_no_test(made: Project, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    typed = made.run("golden", *OLD, STRICT, option)
    assert (typed.ret, "lets no test run" in last_line(typed)) == (FINE, False)
    monkeypatch.setenv("PYTEST_ADDOPTS", option)
    code = USAGE if option == "--fixtures" else UNJUDGED
    check(made, code, " in PYTEST_ADDOPTS", "golden", *OLD, STRICT)
    assert made.run("golden", *OLD[:2]).ret == FINE
    if option == "--co":
        ini(made, "llm_gate = pass_rate>=.4")
        check(made, UNJUDGED, "as ini llm_gate requires", *OLD[:2], "-n", "2")


def test_paths_that_nobody_typed(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    made.write("golden/b.csv", COLUMNS + "".join(f"b{row}" for row in ROWS[:1]))
    monkeypatch.setenv("PYTEST_ADDOPTS", "golden/rows.csv")
    text = "golden/b.csv of 'golden' is not collected: PYTEST_ADDOPTS or addopts names other files"
    check(made, USAGE, text, *OLD, STRICT)
    check(made, FINE, text, *OLD[:2])
    check(made, FINE, "6 passed", *OLD, STRICT, "golden/rows.csv")
