"""No run is green because somebody's folder, variable, link or plugin hides rows of the golden files."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_nothing_judged import (
    COLUMNS,
    FINE,
    NEW,
    OLD,
    PLAIN,
    ROWS,
    SILENT,
    UNJUDGED,
    USAGE,
    check,
    ini,
    last_line,
    made,
)

__all__ = ["made"]

PLAIN_OLD = OLD[:2]
STRICT = "--llm-strict"
MORE_ROWS = "".join(row.replace("c", "d", 1).replace("Question", "More") for row in ROWS)


# A pattern of llm_golden of which a part is hidden


@pytest.mark.parametrize(
    ("hidden", "lines", "conftest", "reason"),
    [
        ("golden/b.csv", ("testpaths = golden/a",), "", "the ini key testpaths leaves it out"),
        ("golden/build/b.csv", (), "", "pytest enters no folder 'build' (norecursedirs); rename it"),
        ("golden/b.csv", (), 'collect_ignore_glob = ["golden/b*"]\n', "--ignore in addopts or a conftest.py"),
    ],
    ids=["testpaths", "norecursedirs", "conftest"],
)  # fmt: skip
def test_files_of_a_pattern_that_pytest_leaves_out(
    made: Project, hidden: str, lines: tuple[str, ...], conftest: str, reason: str
) -> None:
    (made.path / "golden/rows.csv").unlink()
    made.write("golden/a/rows.csv", COLUMNS + "".join(ROWS))
    made.write(hidden, COLUMNS + MORE_ROWS)
    made.write("conftest.py", conftest)
    ini(made, *lines)
    said = f"llm_golden: {hidden} of 'golden' is not collected: {reason}"
    check(made, USAGE, said, *OLD)
    check(made, FINE, f"PASSED: {said}", *PLAIN_OLD, "-n", "2")
    check(made, FINE, "6 passed", "golden/a", *OLD, STRICT)  # a choice


def test_files_that_nobody_means(made: Project) -> None:
    ini(made, golden="*rows.csv")
    for name in ("build/rows.csv", ".tox/rows.csv", "env/lib/rows.csv", "golden/recordings/x.csv"):
        made.write(name, COLUMNS + MORE_ROWS)
    made.write("env/pyvenv.cfg", "")
    made.write("golden/baselines/rows.csv.jsonl", '{"format": "llmeval-baseline-1"}\n')
    check(made, FINE, "7 passed", *OLD, STRICT, "--ignore=test_none.py")


def test_a_pattern_that_leads_outside_the_root(made: Project) -> None:
    made.write("part/pytest.ini", "[pytest]\nllm_golden = ../golden\n")
    made.write("part/test_plain.py", PLAIN)
    run = made.run("--rootdir=part", "-c", "part/pytest.ini", "part", *OLD)
    assert (run.ret, "make a symbolic link to it below the root" in last_line(run)) == (USAGE, True)
    (made.path / "part/golden").symlink_to("../golden")
    made.write("part/pytest.ini", "[pytest]\nllm_golden = golden\n")
    refused = made.run("--rootdir=part", "-c", "part/pytest.ini", "part", *OLD)
    subprocess.run(["git", "init", "--quiet", "."], cwd=made.path, check=True)
    (made.path / "part/golden/git.csv").symlink_to(made.path / ".git/config")
    within = made.run("--rootdir=part", "-c", "part/pytest.ini", "part/golden/rows.csv", *OLD)
    token = made.run("--rootdir=part", "-c", "part/pytest.ini", "part/golden/git.csv", *OLD)
    assert (refused.ret, within.ret, token.ret) == (2, FINE, 2)
    assert "found a symbolic link to" in token.stdout.str()


# What the environment takes away or lowers


@pytest.mark.parametrize(
    ("variables", "args", "code", "text"),
    [
        ({"LLMEVAL_QUARANTINE": "q.csv"}, (*NEW, STRICT), UNJUDGED, "3 of 6 cases are in quarantine by LLMEVAL_QUARANTINE"),
        ({"LLMEVAL_QUARANTINE": "q.csv"}, NEW, FINE, "3 of 6 cases are in quarantine by LLMEVAL_QUARANTINE"),
        ({"PYTEST_ADDOPTS": "-o llm_quarantine=q.csv"}, (*NEW, STRICT, "-n", "2"), UNJUDGED, "by -o llm_quarantine in PYTEST_ADDOPTS"),
        ({}, (*NEW, STRICT, "--llm-quarantine", "q.csv"), FINE, "3 passed, 3 xfailed"),
        ({"PYTEST_ADDOPTS": "-k c0"}, (*OLD, STRICT, "-n", "2"), UNJUDGED, "Only 1 of 6 cases are selected by -k in PYTEST_ADDOPTS"),
        ({"PYTEST_ADDOPTS": "--deselect golden/rows.csv::c1"}, OLD, FINE, "Only 5 of 6 cases are selected by --deselect"),
        ({"PYTEST_ADDOPTS": "golden/rows.csv::c0"}, (*OLD, STRICT), UNJUDGED, "Only 1 of 6 cases"),
        ({"PYTEST_ADDOPTS": "-o llm_limit=1"}, (*OLD, STRICT), UNJUDGED, "by -o llm_limit in PYTEST_ADDOPTS"),
        ({"PYTEST_ADDOPTS": "--ignore=golden"}, (*OLD, STRICT), FINE, "6 passed"),  # named
        ({"PYTEST_ADDOPTS": "-k c0"}, (*OLD, STRICT, "-k", "c1"), FINE, "1 passed"),
        ({"PYTEST_ADDOPTS": "--llm-limit-seed 7 -p no:cacheprovider"}, (*OLD, STRICT, "--llm-limit", "3"), FINE, "3 passed"),
    ],
)  # fmt: skip
def test_what_the_environment_takes_away(
    made: Project, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str],
    args: tuple[str, ...], code: int, text: str,
) -> None:  # fmt: skip
    quarantined = "".join(f"c{number},2099-01-01,known\n" for number in (1, 3, 5))
    made.write("q.csv", f"id,until,reason\n{quarantined}")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    paths = () if "golden/rows.csv::c0" in variables.values() else ("golden",)
    check(made, code, text, *paths, *args)


@pytest.mark.parametrize(
    ("variable", "args", "text"),
    [
        ("", ("-o", "llm_threshold=exact_match>=.1"), "-o llm_threshold exact_match>=0.1 replaces ini llm_threshold exact_match>=1"),
        ("", ("-o", "llm_threshold=", "-n", "2"), "-o llm_threshold replaces ini llm_threshold exact_match>=1"),
        ("", ("-o", "llm_gate=pass_rate>=.1"), "-o llm_gate replaces ini llm_gate pass_rate>=.9"),
        ("", ("-o", "llm_gate="), "-o llm_gate replaces ini llm_gate pass_rate>=.9"),
        ("", ("-o", "llm_strict=false"), "-o llm_strict replaces ini llm_strict true"),
        ("LLMEVAL_STRICT=0", (), "LLMEVAL_STRICT replaces ini llm_strict true"),
        ("LLMEVAL_MARGIN=.5", (), "LLMEVAL_MARGIN replaces the default margin 0.02"),
        ("LLMEVAL_GOLDEN=golden/rows.csv", (), "LLMEVAL_GOLDEN replaces ini llm_golden golden"),
        ("PYTEST_ADDOPTS=-o llm_must_pass=", (), "-o llm_must_pass replaces ini llm_must_pass id == 'c0'"),
        ("", ("-o", "llm_threshold=exact_match>=1", "-o", "llm_gate=pass_rate>=.95"), "6 passed"),
    ],
)  # fmt: skip
def test_what_replaces_the_values_of_the_ini_file(
    made: Project, monkeypatch: pytest.MonkeyPatch, variable: str, args: tuple[str, ...], text: str
) -> None:
    ini(
        made, "llm_threshold = exact_match>=1", "llm_gate = pass_rate>=.9", "llm_strict = true",
        "llm_must_pass = id == 'c0'",
    )  # fmt: skip
    if variable:
        monkeypatch.setenv(*variable.split("=", 1))
    assert text in last_line(made.run("golden", *PLAIN_OLD, *args))


# The search for golden files that nothing names


def test_the_search_reads_the_head_of_regular_files(made: Project) -> None:
    made.write("pytest.ini", "[pytest]\nllm_gate = pass_rate>=.9\n")
    (made.path / "golden/rows.csv").unlink()
    os.mkfifo(made.path / "golden/pipe.jsonl")
    os.mkfifo(made.path / "golden/pipe.csv")
    rows = [{"question": f"Question {number}", "answer": "yes"} for number in range(5000)]
    other = made.write("golden/a.json", json.dumps([{"size": 1}] * 20_000))
    named = "golden/z.json is not collected: name the file, or add llm_golden = golden"
    made.write("golden/z.json", json.dumps(rows)[:-1] + "   and what follows is never read")

    check(made, UNJUDGED, named, "--llm-strict")
    check(made, FINE, SILENT, "test_plain.py")
    alone = made.run("test_plain.py", "--llm-model", "m")
    assert (alone.ret, last_line(alone)) == (FINE, "llm: no golden case was judged")
    (made.path / "golden/z.json").unlink()
    assert str(other) not in check(made, UNJUDGED, "no case was tried", STRICT).stdout.str()


# Plugins that take cases away


def test_a_shard_says_how_to_shard(made: Project) -> None:
    made.write(
        "conftest.py",
        "def pytest_addoption(parser):\n"
        "    parser.addoption('--num-shards', type=int, default=1)\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items[:] = items[:3]\n",
    )
    said = "(--num-shards): give each machine its part with pytest-split"
    check(made, FINE, said, "golden", *OLD, "--num-shards", "2")
    check(made, UNJUDGED, said, "golden", *OLD, STRICT, "--num-shards", "2")


def test_a_renamed_case_is_no_vanished_one(made: Project) -> None:
    made.write(
        "conftest.py",
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        item.name, item._nodeid = item.name.upper(), item.nodeid.upper()\n",
    )
    assert "removed" not in made.run("golden", *OLD).stdout.str()


def test_markers_of_the_setup_and_the_teardown(made: Project) -> None:
    made.write(
        "test_late.py",
        """
        import pytest

        @pytest.fixture
        def late(request):
            yield
            request.node.add_marker(pytest.mark.llm_gate("pass_rate>=.9"))

        @pytest.fixture
        def wrong(request):
            request.node.add_marker("llm_gat")

        def test_late(late): pass
        def test_wrong(wrong): pass
        def test_fine(request): request.node.add_marker("slow")
        """,
    )
    run = made.run("golden", "test_late.py", *OLD, "-W", "ignore")
    run.assert_outcomes(passed=8, errors=2)
    assert "Did you mean 'llm_gate'?" in run.stdout.str()


def test_a_template_is_read_once_at_the_start(made: Project, tmp_path: Path) -> None:
    made.write("t.txt", "{{ promt")
    (made.path / "l.txt").symlink_to("/etc/hostname")
    for name, text in (("t.txt", "end of print statement"), ("l.txt", "A symbolic link leads to"), ("none", "No such file")):  # fmt: skip
        check(made, USAGE, text, "golden", *OLD, "--llm-template", f"file:{name}")
