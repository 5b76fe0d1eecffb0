"""A baseline is replaced by a whole run that was judged, and by no part of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import Project
from tests.warm import Ended

ROWS = "".join(f"c{number:02},Question {number},yes,yes,nix\n" for number in range(20))
OLD = ("--llm-provider", "column:old", "--llm-threshold", "exact_match>=1")


def accept(project: Project, *args: str) -> Ended:
    return project.llmeval("baseline", "accept", *args)


@pytest.fixture
def made(project: Project) -> Project:
    """A project with 20 cases of one file, all of which pass."""
    (project.path / "golden/faq.csv").unlink()
    project.write("pytest.ini", "[pytest]\nllm_golden = golden\n")
    project.write("golden/a.csv", "id,prompt,expected,old,new\n" + ROWS)
    return project


def test_a_part_does_not_replace_a_baseline(made: Project) -> None:
    made.run(*OLD)
    first = accept(made)
    assert (first.returncode, first.stderr) == (0, "")
    file = made.path / "golden/baselines/main.jsonl"
    whole = file.read_bytes()
    for selection, left in ((("-k", "c01"), 19), (("--llm-limit", "5"), 15)):
        made.run(*OLD, *selection)
        refused = accept(made)
        assert refused.returncode == 2
        assert "it holds 20 cases" in refused.stderr
        assert f"lacks {left} of them (it has {20 - left} case" in refused.stderr
        assert "Run every case, without -k, --llm-where or --llm-limit" in refused.stderr
        assert "use another --name, or delete" in refused.stderr
        assert file.read_bytes() == whole
    other = accept(made, "--name", "smoke")
    assert other.returncode == 0
    assert "is a part of the suite (limit=5): the other cases do not gate" in other.stderr
    made.run(*OLD, "-k", "c02")
    assert "(selected by options of pytest)" in accept(made, "--name", "one").stderr
    report = Path(".llmeval/report.json")
    assert accept(made, str(report)).returncode == 2
    file.unlink()
    assert accept(made).returncode == 0


def test_a_baseline_follows_a_suite_that_changes_a_little(made: Project) -> None:
    made.run(*OLD)
    assert accept(made).returncode == 0
    # One of 20 is gone, one has a new name, and five are new.
    rows = ROWS.replace("c01,", "renamed,").split("\n", 1)[1]
    rows += "".join(f"n{number},New {number},yes,yes,no\n" for number in range(5))
    made.write("golden/a.csv", "id,prompt,expected,old,new\n" + rows)
    made.run(*OLD)
    found = accept(made)
    assert (found.returncode, found.stderr) == (0, "")
    assert "24 cases of" in found.stdout
    made.write("golden/a.csv", "id,prompt,expected,old,new\n" + rows.split("\n", 2)[2])
    made.run(*OLD)
    assert accept(made).returncode == 2  # two of 24


def test_a_broken_baseline_is_replaced_and_another_file_is_not(made: Project) -> None:
    made.run(*OLD)
    assert accept(made).returncode == 0
    file = made.path / "golden/baselines/main.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole.rsplit(b"\n", 3)[0])
    assert accept(made).returncode == 0
    assert file.read_bytes() == whole
    golden = made.path / "golden/a.csv"
    before = golden.read_bytes()
    refused = accept(made, "--to", "golden/a.csv")
    assert refused.returncode == 2
    assert "it is no baseline, and would be overwritten" in refused.stderr
    assert golden.read_bytes() == before


def test_a_newer_run_that_was_cut_off_is_passed_over_aloud(made: Project) -> None:
    made.run(*OLD)
    made.run("--llm-provider", "column:new", "--llm-threshold", "exact_match>=1", "-x")
    found = accept(made)
    assert found.returncode == 0
    assert "warning: the newest run " in found.stderr
    assert "was cut off: the run before it was taken" in found.stderr
    identifier = found.stdout.split(" of ")[1].split()[0]
    again = accept(made, identifier)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_run_in_which_no_case_was_judged_is_no_baseline(made: Project) -> None:
    made.write(
        "bot.py",
        "def reply(case):\n    raise OSError('down')\n\n"
        "def half(case):\n    if case.id < 'c02':\n        raise OSError('down')\n"
        "    return 'yes'\n",
    )
    made.write("pytest.ini", "[pytest]\nllm_golden = golden\npythonpath = .\n")
    threshold = ("--llm-threshold", "exact_match>=1")
    made.run("--llm-provider", "python:bot:reply", *threshold)
    refused = accept(made)
    assert refused.returncode == 2
    assert "none of the 20 cases of" in refused.stderr
    assert not (made.path / "golden/baselines/main.jsonl").exists()
    made.run("--llm-provider", "python:bot:half", *threshold)
    found = accept(made)
    assert found.returncode == 0
    assert "warning: 2 of 20 cases could not be judged: nothing is compared with" in found.stderr


def test_a_run_that_failed_and_is_worse_is_accepted_aloud(made: Project) -> None:
    gate = ("--llm-fail-on", "gate", "--llm-gate", "pass_rate>=.9")
    threshold = ("--llm-threshold", "exact_match>=1")
    made.write("golden/a.csv", "id,prompt,expected,old,new,less\n" + _mixed())
    made.run("--llm-provider", "column:old", *threshold, *gate)
    assert accept(made).stderr == ""
    worse = made.run("--llm-provider", "column:new", *threshold, *gate)
    assert worse.ret == 1
    found = accept(made)
    assert found.returncode == 0
    failed, dropped = found.stderr.splitlines()
    assert failed.startswith(
        "warning: the verdict of this run was FAILED: 1 gate missed. 8 of 20 cases failed"
    )
    assert dropped.startswith(
        "warning: worse than the baseline that it replaces: exact_match: dropped 40.0 points: "
        "8 of 20 passed before and fail now"
    )
    # The way back fails nothing, and is better.
    made.run("--llm-provider", "column:old", *threshold, *gate)
    assert accept(made).stderr == ""
    made.run("--llm-provider", "column:less", *threshold)
    found = accept(made, ".llmeval/report.json")
    assert found.stderr.splitlines() == [
        "warning: the verdict of this run was FAILED: 1 of 20 cases missed its threshold.",
        "warning: 1 case passed in the baseline that it replaces and fails now",
    ]


def _mixed() -> str:
    """Rows of which 8 fail with ``new`` and 1 with ``less``."""
    rows = []
    for number in range(20):
        new = "no" if number < 8 else "yes"
        less = "no" if number < 1 else "yes"
        rows.append(f"c{number:02},Question {number},yes,yes,{new},{less}\n")
    return "".join(rows)
