from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.runlog.log import RunLog
from tests.cli.conftest import Command
from tests.finished_run import FINGERPRINT, RUBRIC, judge_call, passed

LOG = ".llmeval/runs.sqlite"
SPENT = "$0.0306  generation $0.0300, judge $0.00063  500 ms (median), 500 ms (p95)"


def case(
    id_: str, value: float, judge: str = FINGERPRINT, file: str = "golden/faq.csv"
) -> CaseResult:
    """A case that passes from 4 on; its answer says how well."""
    source = replace(passed().case.source, file=file, line=2 + len(id_))
    score = Score(
        "rubric",
        value,
        RUBRIC,
        f"Worth {value:g}.",
        judge,
        calls=(judge_call(f"{id_} {value} {judge}"),),
        judge="judge-large",
    )
    return replace(
        passed(),
        suite=file,
        case=replace(passed().case, id=id_, source=source),
        outcome="passed" if value >= 4 else "failed",
        message="" if value >= 4 else f"rubric {value:g} is not >= 4",
        completion=Completion(
            f"Answer of {value:g}.", model="gpt-4", latency_s=0.5, cost_usd=0.01, call=f"{id_}"
        ),
        scores=(score,),
        checks=(),
    )


def enter(run: Run, *results: CaseResult) -> None:
    with closing(RunLog(LOG)) as log:
        log.begin(run)
        for result in results:
            log.add(run.id, result)
        log.finish(run)


def run(number: int, name: str = "", exit_code: int | None = 0) -> Run:
    return Run(f"run-{number}", name, f"2025-06-{number:02}T10:00:00+00:00", exit_code=exit_code)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with five runs: whole, whole, cut off, by another judge, one with a case less and one more."""
    monkeypatch.chdir(tmp_path)
    enter(run(1, "main", 1), case("refund", 5), case("shipping", 2), case("gifts", 4))
    enter(run(2, "main"), case("refund", 5), case("shipping", 4), case("gifts", 4))
    enter(run(3, "", 2), case("refund", 1))
    other = "rubric/1:other"
    enter(run(4, "judge", 1), *(case(id_, 3, other) for id_ in ("refund", "shipping", "gifts")))
    enter(
        run(5, "main", 1),
        case("refund", 4, other),
        case("shipping", 2, other),
        case("new", 5, other),
    )
    return tmp_path


def shown(llmeval: Command, *arguments: str) -> list[str]:
    result = llmeval.run("history", *arguments)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def found(llmeval: Command, *arguments: str) -> Any:
    return json.loads(llmeval.run("history", *arguments, "--json", "-").stdout)


def change(point: Mapping[str, Any]) -> tuple[float | None, int, str] | None:
    return None if point["change"] is None else tuple(point["change"].values())


def test_every_run_has_a_row_in_every_block_the_oldest_first(llmeval: Command) -> None:
    lines = shown(llmeval)
    assert [re.sub(" {3,}", "  ", line) for line in lines] == [
        "pass rate",
        "  2025-06-01 10:00 UTC  main  FAILED  66.7% [9.4%, 99.2%]  2 passed, 1 failed",
        "  2025-06-02 10:00 UTC  main  PASSED  100% [29.2%, 100%]  +33.3 points  3 passed",
        "  2025-06-03 10:00 UTC  run-3  cut off (exit code 2)  0.0% [0.0%, 97.5%]  1 failed",
        "  2025-06-04 10:00 UTC  judge  FAILED  0.0% [0.0%, 70.8%]  another judge  3 failed",
        "  2025-06-05 10:00 UTC  main  FAILED  66.7% [9.4%, 99.2%]  +50.0 points over 2 cases  2 passed, 1 failed",
        "rubric (higher is better)",
        "  2025-06-01 10:00 UTC  main  3.67 [0.00, 5.00]  n=3",
        "  2025-06-02 10:00 UTC  main  4.33 [0.58, 5.00]  n=3  +0.67",
        "  2025-06-03 10:00 UTC  run-3  1.00  n=1  cut off (exit code 2)",
        "  2025-06-04 10:00 UTC  judge  3.00 [2.40, 3.00]  n=3  another judge",
        "  2025-06-05 10:00 UTC  main  3.67 [0.00, 5.00]  n=3  0.00 over 2 cases",
        "cost and time per answer",
        f"  2025-06-01 10:00 UTC  main  {SPENT}",
        f"  2025-06-02 10:00 UTC  main  {SPENT}",
        "  2025-06-03 10:00 UTC  run-3  $0.0102  generation $0.0100, judge $0.00021  500 ms (median), 500 ms (p95)",
        f"  2025-06-04 10:00 UTC  judge  {SPENT}",
        f"  2025-06-05 10:00 UTC  main  {SPENT}",
        "plan: rubric: no drop shows in 80% of runs, 5.0 needs 220 cases; strict holds no margin "
        "(llmeval plan)",
        "cases that flip most, 3 of 4 flip (F failed, E error, X xfailed, P passed, - not run)",
        "  PPFP  2 flips  now passed  golden/faq.csv:8 refund",
        "  FPFF  2 flips  now failed  golden/faq.csv:10 shipping",
        "  PPF-  1 flip  now failed  golden/faq.csv:7 gifts",
    ]
    assert len({line.index(" n=") for line in lines if " n=" in line}) == 1


def test_a_program_gets_the_same_as_json(llmeval: Command) -> None:
    history = found(llmeval)
    assert history["schema"] == "urn:pytest-llm-golden:history-1"
    runs = history["runs"]
    assert [(each["id"], each["is_whole"]) for each in runs] == [
        (f"run-{n}", n != 3) for n in range(1, 6)
    ]
    assert [change(each) for each in runs] == [
        None, (pytest.approx(1 / 3), 3, ""), None, (None, 0, "another judge"), (0.5, 2, ""),
    ]  # fmt: skip
    assert [change(each["metrics"][0]) for each in runs] == [
        None, (pytest.approx(2 / 3), 3, ""), None, (None, 0, "another judge"), (0.0, 2, ""),
    ]  # fmt: skip
    assert (history["cases"], [each["marks"] for each in history["flips"]]) == (
        4,
        ["PPFP", "FPFF", "PPF-"],
    )
    assert history["flips"][0]["last"] == "passed"


def test_the_newest_ten_flipping_cases_are_listed_and_all_written(
    llmeval: Command, folder: Path
) -> None:
    for number, value in ((6, 5), (7, 1)):
        enter(run(number, "many"), *(case(f"case-{n:02}", value) for n in range(12)))
    lines = shown(llmeval, "--name", "many", "--json", "made/history.json")
    assert "cases that flip most, 12 of 12 flip" in lines[-12]
    assert [line.split()[-1] for line in lines[-11:-1]] == [f"case-{n:02}" for n in range(10)]
    assert lines[-1] == "  and 2 more (--json PATH has all)"
    assert len(json.loads((folder / "made/history.json").read_text())["flips"]) == 12


def test_runs_and_metrics_can_be_chosen(llmeval: Command) -> None:
    assert [each["id"] for each in found(llmeval, "--limit", "2")["runs"]] == ["run-4", "run-5"]
    assert [each["id"] for each in found(llmeval, "--name", "main", "--limit", "2")["runs"]] == [
        "run-2",
        "run-5",
    ]
    enter(
        run(6),
        replace(case("refund", 5), scores=(*case("refund", 5).scores, Score("length", 12.0))),
    )
    assert "length (higher is better)" in shown(llmeval)
    lines = shown(llmeval, "--metric", "length")
    assert "length (higher is better)" in lines
    assert "rubric (higher is better)" not in lines
    (case_,) = found(llmeval, "--metric", "length", "--case", "refund")["cases"]
    assert [len(point["scores"]) for point in case_["points"]] == [0, 0, 0, 0, 0, 1]


def test_one_case_is_followed_through_the_runs(llmeval: Command) -> None:
    assert shown(llmeval, "--case", "refund") == [
        "golden/faq.csv:8 refund, 5 runs",
        "2025-06-01 10:00 UTC  main  PASSED",
        "  rubric 5: Worth 5.",
        "  answer: Answer of 5.",
        "2025-06-02 10:00 UTC  main  PASSED",
        "  rubric 5: Worth 5.",
        "  the same answer",
        "2025-06-03 10:00 UTC  run-3  FAILED, in a run that is cut off (exit code 2)",
        "  rubric 1: Worth 1.",
        "  rubric 1 is not >= 4",
        "  answer: Answer of 1.",
        "2025-06-04 10:00 UTC  judge  FAILED",
        "  rubric 3: Worth 3. (another judge)",
        "  rubric 3 is not >= 4",
        "  answer: Answer of 3.",
        "2025-06-05 10:00 UTC  main  PASSED",
        "  rubric 4: Worth 4.",
        "  answer: Answer of 4.",
    ]


def test_a_case_is_named_by_its_id_or_by_file_and_id(llmeval: Command) -> None:
    enter(
        run(6), case("refund", 5, file="golden/shop.csv"), case("a::b", 5, file="golden/shop.csv")
    )
    both = found(llmeval, "--case", "refund")["cases"]
    assert [(each["file"], len(each["points"])) for each in both] == [
        ("golden/faq.csv", 5),
        ("golden/shop.csv", 1),
    ]
    (one,) = found(llmeval, "--case", "golden/shop.csv::refund")["cases"]
    assert one["points"][0]["scores"] == [
        {
            "name": "rubric",
            "value": 5.0,
            "reason": "Worth 5.",
            "version": FINGERPRINT,
            "is_judged": True,
        }
    ]
    for name in ("a::b", "golden/shop.csv::a::b"):
        assert [each["id"] for each in found(llmeval, "--case", name)["cases"]] == ["a::b"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--case", "refunds"],
            "--case: found 'refunds'; allowed: a case of these runs, as ID or FILE::ID. Did you",
        ),
        (
            ["--metric", "rubrik"],
            "--metric: found 'rubrik'; allowed: rubric. Did you mean 'rubric'?",
        ),
        (["--metric", "rubrik", "--case", "refund"], "--metric: found 'rubrik'; allowed: rubric."),
        (["--name", "mian"], "--name: found 'mian'; allowed: main, judge. Did you mean 'main'?"),
        (["--limit", "0"], "--limit"),
        (["--log", "absent.sqlite"], "absent.sqlite: there is no such file"),
        (["--json", f"{LOG}/h.json"], f"history {LOG}/h.json: cannot be written"),
    ],
)
def test_what_cannot_be_done_is_told(llmeval: Command, arguments: list[str], told: str) -> None:
    result = llmeval.run("history", *arguments)
    assert (result.exit_code, told in result.stderr) == (2, True), result.output


def test_no_case_id_begins_a_line_or_steers_the_terminal(llmeval: Command) -> None:
    for number, value in ((6, 5), (7, 2)):
        enter(run(number, "main"), case("a\n::error::forged\x1b[2J", value))
    for arguments in ([], ["--case", "a\n::error::forged\x1b[2J"]):
        printed = llmeval.run("history", "--limit", "2", *arguments).stdout
        assert "a ::error::forged␛[2J" in printed
        assert "\x1b" not in printed
        assert not any(line.startswith("::") for line in printed.splitlines())


def test_a_log_without_runs_is_told(llmeval: Command) -> None:
    RunLog("empty.sqlite").close()
    result = llmeval.run("history", "--log", "empty.sqlite")
    assert (result.exit_code, result.stderr) == (
        2,
        "the run log has no run yet; pytest writes one with its first case\n",
    )
