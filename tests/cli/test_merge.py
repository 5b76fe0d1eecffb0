"""The shards of a run, joined and gated: each a real run of pytest with a log and a report of its own."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog
from tests.cli.conftest import Command
from tests.commands import OTHERS_OFF
from tests.mock_endpoint import MockEndpoint
from tests.warm import warm

SUITE = "test_rows.py::TestRows::test_rows"
LOW, HIGH = ([f"{kind}-{place:02}" for place in range(10)] for kind in ("low", "high"))
PARTS = ("low", "high-00 or high-01", "high and not (high-00 or high-01)")
SPLIT = ("one", "two", "three")
BETTER, SAME = [3.5] * 10 + [5.0] * 10, [4.0] * 10 + [5.0] * 10
TESTS = """
import pytest

@pytest.mark.llm_gate("rubric.mean>=4.5")
class TestRows:
    @pytest.mark.llm_golden("golden/rows.csv")
    def test_rows(self, llm_completion): pass
"""
OTHERS = """\
id,prompt,expected
bad,What does it cost? [[score=1]],Nothing.
silent,Are you open? [[judge_fault=401]],Yes.
"""


class Shards:
    """A folder with the logs and reports of the shards."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self._environment = folder, environment

    def run(self, name: str, *arguments: str) -> int:
        """One job: pytest with a log and a report of this name; its exit code."""
        models = (
            "--llm-model",
            "gpt-4",
            "--llm-judge-model",
            "gpt-4o",
            "--min-score",
            "3",
            "--llm-name",
            "nightly",
        )
        left = ("--llm-log", f"{name}.sqlite", "--llm-json", f"{name}.json", "--llm-html", "")
        done = warm().run(
            *("python", "-m", "pytest", *OTHERS_OFF, "-q", *models, *left, *arguments),
            folder=self.folder,
            environment=self._environment,
        )
        assert (self.folder / f"{name}.json").is_file(), done.stdout + done.stderr
        return done.returncode

    def logs(self, *names: str) -> list[str]:
        return [str(self.folder / f"{name}.sqlite") for name in names]

    def reports(self, *names: str) -> list[str]:
        return [str(self.folder / f"{name}.json") for name in names]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    """Three shards of one suite: ``one`` has the low scores, the others the high; and ``others``, with what goes wrong.

    The gate of the marker is missed by the first alone, and met by the whole.
    """
    folder = tmp_path_factory.mktemp("shards")
    rows = [
        f"{name},Question {name} [[score={4 if name in LOW else 5}]],Answer\n"
        for name in (*LOW, *HIGH)
    ]
    (folder / "golden").mkdir()
    (folder / "golden" / "rows.csv").write_text("id,prompt,expected\n" + "".join(rows))
    (folder / "golden" / "others.csv").write_text(OTHERS)
    (folder / "test_rows.py").write_text(TESTS)
    baseline(folder, [5.0] * 20)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LLMEVAL_", "PYTEST_"))
    }
    with MockEndpoint() as endpoint:
        own = {
            "OPENAI_API_KEY": "sk-example",
            "OPENAI_BASE_URL": endpoint.url,
            "LLMEVAL_NO_SELFTEST": "true",
        }
        made = Shards(folder, {**inherited, **own})
        codes = [
            made.run(name, "test_rows.py", "-k", part)
            for name, part in zip(SPLIT, PARTS, strict=True)
        ]
        assert codes == [1, 0, 0]
        assert made.run("others", "golden/others.csv") == 1
        assert made.run("cut", "golden/others.csv", "-x") == 1
        assert made.run("whole", "test_rows.py", "--llm-baseline", "main") == 1
    return made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The job that merges: an empty folder, and no model."""
    for name in [name for name in os.environ if name.startswith(("LLMEVAL_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def baseline(folder: Path, scores: Sequence[float | None]) -> None:
    """The baseline ``main``, as an accepted run would have left it; ``None``: unscored."""
    scale = {"low": 0.0, "high": 5.0, "higher_is_better": True, "unit": ""}
    head = {"format": "llmeval-baseline-1", "name": "main", "scales": {"rubric": scale}}
    where = {
        "file": "golden/rows.csv",
        "suite": SUITE,
        "outcome": "passed",
        "tags": [],
        "answers": ["before"],
    }
    rows = [
        {**where, "id": name, "scores": {"rubric": {"values": [] if score is None else [score]}}}
        for name, score in zip((*LOW, *HIGH), scores, strict=True)
    ]
    path = folder / "golden/baselines/main.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in (head, *rows)))


def newest(path: str = ".llmeval/runs.sqlite") -> tuple[Run, list[CaseResult]]:
    with closing(RunLog(path, must_exist=True)) as log:
        run = next(log.runs())
        return run, list(log.results(run.id))


def edited(path: str, name: str, change: Callable[[Any], object]) -> str:
    """A copy of a report with a change in it."""
    report = json.loads(Path(path).read_text())
    change(report)
    Path(name).write_text(json.dumps(report))
    return name


def refused(result: Result, *told: str) -> None:
    """That a command said why it does not merge, and wrote nothing."""
    assert result.exit_code == 2, result.output
    assert all(text in result.stderr for text in told), result.stderr
    assert not Path(".llmeval").exists()


def test_the_joined_run_holds_all_that_its_shards_hold(llmeval: Command, shards: Shards) -> None:
    result = llmeval.run("merge", *shards.logs(*SPLIT), "--html", "whole.html")
    assert result.exit_code == 0, result.output
    run, results = newest()
    parts = [newest(path) for path in shards.logs(*SPLIT)]
    first, *lines = result.stdout.splitlines()
    assert first == f"20 cases of 3 shards joined as {run.id}"
    assert lines[0].startswith(
        f"MET: rubric.mean>=4.5 on {SUITE.rpartition('::')[0]}: mean of rubric is 4.5 over 20"
    )
    assert lines[1] == "PASSED: All 20 cases passed."
    by_identity = {each.key: each for each in results}
    assert by_identity == {each.key: each for _, own in parts for each in own}
    assert run.traffic.calls == sum(part.traffic.calls for part, _ in parts) > 0
    assert (run.name, run.exit_code, run.started_at) == (
        "nightly",
        0,
        min(part.started_at for part, _ in parts),
    )
    assert [facts.name for facts in run.judges] == ["rubric"]
    assert run.settings == {
        "model": "gpt-4", "judge_model": "gpt-4o", "min_score": "3.0", "base_url": run.settings["base_url"],
        "no_selftest": "True", "html": "", "name": "nightly",
    }  # fmt: skip
    assert run.parts == tuple(part.id for part, _ in parts)
    assert all(Path(name).is_file() for name in ("whole.html", ".llmeval/report.json"))


@pytest.mark.parametrize(
    ("before", "margin", "verdict", "code"),
    [
        ([5.0] * 20, ".02", "REGRESSED: regression against main: rubric: dropped 10.0 points", 1),
        ([5.0] * 20, ".15", "WARN: regression against main: rubric: dropped 10.0 points", 0),
        ([1.0] * 20, ".02", "OK: regression against main: rubric: rose 70.0 points", 0),
        (
            [3.1, 5.0] * 5 + [5.0] * 10,
            ".02",
            "INCONCLUSIVE: regression against main: rubric: dropped 0.5 points",
            0,
        ),
        ([None, None, *SAME[2:]], ".02", "ERROR: regression against main: rubric: ", 10),
        (
            None,
            ".02",
            "NO BASELINE: regression against main: there is no baseline to compare with",
            0,
        ),
    ],
)
def test_every_verdict_is_printed_and_sets_the_exit_code(
    llmeval: Command,
    shards: Shards,
    folder: Path,
    before: list[float | None] | None,
    margin: str,
    verdict: str,
    code: int,
) -> None:
    if before is not None:
        baseline(folder, before)
    judged = ("--baseline", "main", "--margin", margin)
    result = llmeval.run("merge", *shards.logs(*SPLIT), *judged)
    assert any(line.startswith(verdict) for line in result.stdout.splitlines()[1:3]), result.output
    assert result.exit_code == code
    run, _ = newest()
    assert run.exit_code == code
    assert verdict.partition(":")[0] in [gate.verdict for gate in run.gates]


@pytest.mark.parametrize("kind", ["logs", "reports"])
def test_the_whole_is_gated_as_if_it_had_not_been_split(
    llmeval: Command, shards: Shards, folder: Path, kind: str
) -> None:
    baseline(folder, [5.0] * 20)
    sources = shards.logs(*SPLIT) if kind == "logs" else shards.reports(*SPLIT)
    assert llmeval.run("merge", *sources, "--baseline", "main").exit_code == 1
    run, _ = newest()
    whole, _ = newest(*shards.logs("whole"))
    assert run.gates == whole.gates
    assert [each.metrics for each in run.comparisons] == [
        each.metrics for each in whole.comparisons
    ]


def test_cases_of_a_missing_shard_are_not_said_to_be_removed(
    llmeval: Command, shards: Shards, folder: Path
) -> None:
    baseline(folder, [5.0] * 20)
    first, *others = shards.logs(*SPLIT)
    joined = llmeval.run("merge", first, "--baseline", "main")
    assert " of main are in no shard (removed, or a shard is missing)" in joined.output
    assert "were removed" not in joined.output
    assert "in no shard" not in llmeval.run("merge", first, *others, "--baseline", "main").output


def test_settings_of_ini_file_and_environment_count(
    llmeval: Command, shards: Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("pytest.ini").write_text("[pytest]\nllm_gate = pass_rate>=.9\nllm_strict = true\n")
    monkeypatch.setenv("LLMEVAL_BASELINE", "main")
    monkeypatch.setenv("LLMEVAL_LOG", "whole.sqlite")
    result = llmeval.run("merge", *shards.logs(*SPLIT), "--name", "main build")
    assert result.exit_code == 10  # strict: there is no baseline
    run, _ = newest("whole.sqlite")
    assert run.name == "main build"
    decided = {gate.rule: gate.state for gate in run.gates}
    assert decided == {"regression": "error", "pass_rate>=.9": "met", "rubric.mean>=4.5": "met"}


@pytest.mark.parametrize(
    ("arguments", "outcomes", "code", "told"),
    [
        ((), {"bad": "failed", "silent": "error"}, 1, "FAILED: 1 of 2 cases missed its threshold"),
        (
            ("--fail-on", "gate"),
            {"bad": "xfailed", "silent": "error"},
            10,
            "only gates decide, and there is none",
        ),
        (
            ("--fail-on", "gate", "--gate", "unscored<=.5"),
            {"bad": "xfailed", "silent": "error"},
            10,
            "MET: ",
        ),
        (
            ("--fail-on", "gate", "--gate", "unscored<=.1"),
            {"bad": "xfailed", "silent": "error"},
            1,
            "MISSED: ",
        ),
        (("--quarantine", "held.csv"), {"bad": "xfailed", "silent": "error"}, 10, "ERROR: "),
    ],
)
def test_what_fails_the_run_is_decided_anew(
    llmeval: Command,
    shards: Shards,
    arguments: tuple[str, ...],
    outcomes: dict[str, str],
    code: int,
    told: str,
) -> None:
    Path("held.csv").write_text("id,until,reason\nbad,2999-12-31,waits for new prices\n")
    result = llmeval.run("merge", *shards.logs("others"), *arguments)
    assert result.exit_code == code, result.output
    assert told in result.stdout
    assert {each.case.id: each.outcome for each in newest()[1]} == outcomes


@pytest.mark.parametrize(("cause", "ended"), [("threshold", "xfailed"), ("assertion", "failed")])
def test_the_cause_of_a_failure_says_whether_gates_decide_and_not_its_message(
    llmeval: Command, shards: Shards, cause: str, ended: str
) -> None:
    def reword(report: Any) -> None:
        bad = next(each for each in report["results"] if each["case"]["id"] == "bad")
        assert bad["cause"] == "threshold"
        assert bad["checks"][0]["met"] is False  # a miss stands beside the assertion, too
        bad.update(cause=cause, message="worded in another way")

    [others] = shards.reports("others")
    path = edited(others, "reworded.json", reword)
    llmeval.run("merge", path, "--fail-on", "gate", "--gate", "unscored<=.5")
    assert {each.case.id: each.outcome for each in newest()[1]}["bad"] == ended


def test_github_is_told_of_the_whole(
    llmeval: Command, shards: Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "absent/page.md")
    printed = llmeval.run(
        "merge", *shards.logs("others"), "--log", "", "--json", "", "--html", ""
    ).stdout.splitlines()
    assert (
        "llm: the summary of this step, absent/page.md, cannot be written: No such file or directory"
        in printed
    )
    (one, other) = (line for line in printed if line.startswith("::error "))
    assert one.startswith(
        "::error file=golden/others.csv,line=2,title=missed its threshold%3A bad::"
    )
    assert other.startswith(
        "::error file=golden/others.csv,line=3,title=could not be judged%3A silent::"
    )


def test_a_case_in_two_shards_is_an_error_that_names_both(llmeval: Command, shards: Shards) -> None:
    ids = [newest(path)[0].id for path in shards.logs("one", "whole")]
    refused(
        llmeval.run("merge", *shards.logs("one", "two", "whole")),
        f"nightly ({ids[0]}) of ",
        f"nightly ({ids[1]}) of ",
        f"found 12 cases in two of them: {SUITE}[low-00], ",
        "low-04] and 7 more; allowed: each case in one shard",
    )


def test_a_shard_that_was_cut_off_is_an_error(
    llmeval: Command, shards: Shards, folder: Path
) -> None:
    (killed,) = shards.logs("one")
    shutil.copy(killed, "killed.sqlite")
    with closing(sqlite3.connect("killed.sqlite")) as log, log:
        log.execute("UPDATE runs SET exit_code = NULL, finished_at = ''")
    stopped = llmeval.run("merge", *shards.logs("two", "cut"))
    refused(
        stopped,
        f"of {shards.folder / 'cut.sqlite'}: the run was cut off before its end",
        "Run that shard again",
    )
    refused(
        llmeval.run("merge", *shards.logs("two"), "killed.sqlite"),
        "of killed.sqlite",
        "(it has no exit code)",
    )


def test_shards_in_one_log_are_named_and_are_no_baseline_of_the_whole(
    llmeval: Command, shards: Shards
) -> None:
    for name in SPLIT[:2]:
        assert llmeval.run(
            "merge", *shards.logs(name), "--log", "shared.sqlite", "--name", name
        ).exit_code in (0, 1)
    again = (
        "merge",
        "shared.sqlite",
        "--run",
        "one",
        "--run",
        "two",
        "--log",
        "shared.sqlite",
        "--baseline",
        "latest",
    )
    first = llmeval.run(*again)
    assert first.stdout.startswith("12 cases of 2 shards joined as ")
    assert (
        "NO BASELINE: regression against latest: no earlier run is in the run log" in first.stdout
    )
    second = llmeval.run(*again, "--name", "whole")
    assert "OK: regression against latest: rubric: " in second.stdout
    shutil.rmtree(".llmeval")
    unknown = llmeval.run("merge", "shared.sqlite", "--run", "four")
    refused(
        unknown,
        "--run: four: no such run; allowed: latest, or the name or id of a run of the log (whole, ",
    )


def test_shards_with_different_judges_are_refused(llmeval: Command, shards: Shards) -> None:
    version = newest(*shards.logs("one"))[0].judges[0].fingerprint
    other = "rubric-0123456789abcdef"
    (path,) = shards.reports("two")
    Path("other.json").write_text(Path(path).read_text().replace(version, other))
    refused(
        llmeval.run("merge", *shards.logs("one"), "other.json"),
        f"rubric: found scores by {version} (nightly (",
        f"by {other} (nightly (",
        "Pin it for every shard with --llm-judge-model",
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("model", "gpt-5", "--llm-model: found gpt-4 ("),
        ("provider", "column:old", "--llm-provider: found nothing ("),
        ("temperature", "0.5", "--llm-temperature: found nothing ("),
        ("samples", "3", "--llm-samples: found nothing ("),
    ],
)
def test_shards_that_another_system_answered_are_refused(
    llmeval: Command, shards: Shards, name: str, value: str, words: str
) -> None:
    (path,) = shards.reports("two")
    edited(path, "stale.json", lambda report: report["run"]["settings"].update({name: value}))
    result = llmeval.run("merge", *shards.logs("one"), "stale.json")
    refused(result, words, f"and {value} (nightly (", "omit the log of an earlier run")


def test_shards_of_two_endpoints_are_refused(llmeval: Command, shards: Shards) -> None:
    """The address stands in the fingerprint of who answered, and not only in the settings."""
    (path,) = shards.reports("two")

    def elsewhere(report: dict[str, Any]) -> None:
        for result in report["results"]:
            result["basis"]["provider"] = "another-endpoint"

    edited(path, "stale.json", elsewhere)
    result = llmeval.run("merge", *shards.logs("one"), "stale.json")
    refused(result, f"provider of {SUITE}: found ", "and another-endpoint (nightly (")


def test_a_judge_that_no_shard_has_pinned_may_not_gate(
    llmeval: Command, shards: Shards, folder: Path
) -> None:
    baseline(folder, BETTER)
    unpinned = [
        edited(path, f"{name}.json", lambda report: report["run"]["settings"].pop("judge_model"))
        for name, path in zip(SPLIT, shards.reports(*SPLIT), strict=True)
    ]
    result = llmeval.run("merge", *unpinned, "--baseline", "main")
    assert result.exit_code == 10
    assert (
        "ERROR: regression: No judge is set, so the model under test judges itself" in result.stdout
    )


def test_a_shard_in_which_a_test_without_a_case_failed_fails_the_whole(
    llmeval: Command, shards: Shards
) -> None:
    (two,) = shards.reports("two")
    failed = {"exit_code": 1, "failures_without_case": 1}
    path = edited(two, "failed.json", lambda report: report["run"].update(failed))
    assert llmeval.run("merge", *shards.logs("one"), path).exit_code == 1


def test_what_the_gates_decided_by_shard_cannot_be_undone(llmeval: Command, shards: Shards) -> None:
    (others,) = shards.reports("others")
    path = edited(
        others, "gated.json", lambda report: report["run"]["settings"].update(fail_on="gate")
    )
    result = llmeval.run("merge", path)
    assert "only gates decide, and there is none" in result.stdout
    assert newest()[0].settings["fail_on"] == "gate"
    shutil.rmtree(".llmeval")
    refused(
        llmeval.run("merge", path, "--fail-on", "case"),
        "--fail-on: found 'case'; allowed: 'gate', because nightly",
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("absent.sqlite",), "absent.sqlite: there is no such file"),
        (
            ("others", "--gate", "points.men>=4"),
            "--gate: found 'points.men>=4'; allowed: points.mean, ",
        ),
    ],
)
def test_what_cannot_be_used_is_told(
    llmeval: Command, shards: Shards, arguments: tuple[str, ...], told: str
) -> None:
    name, *others = arguments
    refused(llmeval.run("merge", *(shards.logs(name) if others else [name]), *others), told)
