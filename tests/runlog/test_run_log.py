"""The run log, on real SQLite files."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmeval.errors import LLMEvalError, MissingExtraError, RunLogError, SettingError
from pytest_llmeval.records.call import Completion, Parameters, Request, TokenLogprob, Usage
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.result import Before, BeforeScore, CaseResult, Cause, Check, Sample
from pytest_llmeval.records.run import Run, Traffic
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.runlog.log import PAGE, RunLog

texts = st.text(st.characters(), max_size=12)
numbers = st.none() | st.floats(allow_nan=False)
maps = st.dictionaries(
    texts, st.none() | st.booleans() | st.integers() | texts | st.lists(texts), max_size=2
)
tuples = st.lists(texts, max_size=2).map(tuple)
messages = st.lists(
    st.fixed_dictionaries({"role": texts, "content": st.none() | texts}), max_size=2
).map(tuple)
bounds = st.builds(
    Threshold, texts, st.sampled_from(["<=", "=="]), st.floats(allow_nan=False), maps, texts
)
thresholds = st.lists(bounds, max_size=2).map(tuple)
checks = st.builds(
    Check, bounds, st.none() | st.integers(0, 9), st.none() | st.floats(allow_nan=False), st.none() | st.booleans()
)  # fmt: skip
calls = st.builds(
    Completion, texts, texts, tuples, texts, texts, texts, st.none() | st.builds(Usage, st.integers(0, 99)), numbers,
    st.floats(0, 99), tuples, st.lists(st.builds(TokenLogprob, texts, st.floats(-9, 0)), max_size=2).map(tuple),
    st.booleans(), texts, texts,
)  # fmt: skip
scales = st.builds(Scale, numbers, numbers, st.booleans(), texts)
values = st.none() | st.floats(allow_nan=False, allow_infinity=False)
scores = st.builds(
    Score, texts, values, scales, texts, texts, st.none() | texts, texts,
    st.dictionaries(texts, st.floats(0, 1), max_size=2), st.lists(calls, max_size=2).map(tuple), maps, texts,
)  # fmt: skip
cases = st.builds(
    Case, texts, texts, st.builds(Source, texts, st.integers(1, 99)), messages, st.none() | texts, tuples, tuples, maps,
    thresholds, st.none() | st.booleans(),
)  # fmt: skip
samples = st.builds(
    Sample, st.integers(0, 9), st.none() | calls, st.lists(scores, max_size=2).map(tuple), st.none() | st.booleans(),
    st.booleans(), texts,
)  # fmt: skip
befores = st.builds(
    Before, texts, texts, st.none() | texts,
    st.dictionaries(texts, st.builds(BeforeScore, values, texts), max_size=2),
)  # fmt: skip
parameters = st.builds(
    Parameters, numbers, numbers, st.none() | st.integers(1, 99), tuples, st.none() | st.integers(-9, 9), numbers,
    numbers, st.none() | st.integers(1, 3), st.none() | st.booleans(), st.none() | st.integers(0, 3), st.none() | maps,
    maps,
)  # fmt: skip


@st.composite
def case_results(draw: st.DrawFn) -> CaseResult:
    case = draw(cases)
    seen = st.sampled_from([None, case])
    asked = st.none() | st.builds(Request, messages, texts, parameters, st.integers(0, 3), seen)
    outcome = st.sampled_from(["passed", "failed", "error", "skipped"])
    built = st.builds(
        CaseResult, texts, st.just(case), texts, outcome, asked, st.none() | calls,
        st.lists(scores, max_size=2).map(tuple), st.lists(checks, max_size=2).map(tuple),
        st.sampled_from(get_args(Cause)), texts, texts,
        st.floats(0, 99), texts, st.lists(samples, max_size=3, unique_by=lambda sample: sample.number).map(tuple),
        st.lists(befores, max_size=2).map(tuple),
    )  # fmt: skip
    result, is_own = draw(built), draw(st.booleans())
    # A check is of a score that the result has, or of none.
    present = [
        check for check in result.checks if check.score is None or check.score < len(result.scores)
    ]
    result = replace(result, checks=tuple(present))
    if result.samples and is_own:  # the answer of the case is that of a sample
        result = replace(result, completion=result.samples[0].completion)
    return result


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RunLog]:
    with closing(RunLog(str(tmp_path / "runs.sqlite"))) as opened:
        yield opened


@pytest.mark.parametrize("number", [2**63, -(2**70), 10**400])
def test_no_whole_number_is_too_large_for_the_log(
    log: RunLog, run: Run, results: list[CaseResult], number: int
) -> None:
    request = Request((), "m", Parameters(seed=number))
    huge = replace(results[0], request=request, scores=(Score("custom", number),), checks=())
    log.begin(run)
    log.add(run.id, huge)
    log.finish(run)
    [logged] = log.results(run.id)
    assert logged.request is not None
    most = float(number) if number < 10**300 else math.inf
    assert logged.request.parameters.seed == pytest.approx(most)
    assert logged.scores[0].value == (pytest.approx(most) if most < math.inf else None)


def test_what_was_written_is_read_back_equal(
    log_url: str, run: Run, results: list[CaseResult]
) -> None:
    with closing(RunLog(log_url)) as log:
        assert log.run(run.id) == run
        assert list(log.runs()) == [run]
        by_place = sorted(
            results, key=lambda each: (each.suite, each.case.source.line, each.case.id)
        )
        assert list(log.results(run.id)) == by_place


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(result=case_results())
def test_any_result_is_read_back_equal(result: CaseResult) -> None:
    with closing(RunLog("sqlite://")) as log:
        log.begin(Run("r"))
        log.add("r", result)
        assert list(log.results("r")) == [result]


def test_what_baselines_say_is_entered_when_the_results_are_there(
    log: RunLog, results: list[CaseResult]
) -> None:
    log.begin(Run("r"))
    for result in results:
        log.add("r", result)
    keys = [(result.suite, result.case.source.file, result.case.id) for result in results]
    unknown = ("golden/faq.csv", "golden/faq.csv", "removed")

    for name in ("main", "v1"):
        log.add_before("r", [(key, Before(name, "passed", key[2])) for key in (unknown, *keys[1:])])

    found = {result.case.id: result.before for result in log.results("r")}
    assert found.pop(keys[0][2]) == ()
    assert found == {
        key[2]: (Before("main", "passed", key[2]), Before("v1", "passed", key[2]))
        for key in keys[1:]
    }


def test_results_can_be_read_twice_and_while_more_are_written(
    log: RunLog, results: list[CaseResult]
) -> None:
    log.begin(Run("r"))
    many = [
        replace(results[0], case=replace(results[0].case, id=f"case-{n:04}"))
        for n in range(PAGE + 3)
    ]
    for result in many:
        log.add("r", result)
    seen = log.results("r")
    reading = iter(seen)
    assert next(reading) == many[0]
    log.add("r", replace(many[-1], outcome="failed"))
    assert [result.case.id for result in reading] == [result.case.id for result in many[1:]]
    assert list(seen)[-1].outcome == "failed"


def test_the_order_is_that_of_the_files_whatever_the_order_of_arrival(
    log: RunLog, results: list[CaseResult]
) -> None:
    log.begin(Run("r"))
    for result in reversed(results):
        log.add("r", result)
    places = [(each.suite, each.case.source.line) for each in log.results("r")]
    assert places == sorted(places)


def test_a_second_result_of_the_same_identity_replaces_the_first(
    log: RunLog, results: list[CaseResult]
) -> None:
    amended = replace(
        results[0],
        outcome="error",
        message="teardown failed",
        scores=results[0].scores[:1],
        checks=(),
    )
    log.begin(Run("r"))
    log.add("r", results[0])
    log.add("r", amended)
    assert list(log.results("r")) == [amended]


def test_an_empty_column_of_an_older_log_is_the_default_of_its_field(
    tmp_path: Path, results: list[CaseResult]
) -> None:
    path = tmp_path / "runs.sqlite"
    with closing(RunLog(str(path))) as log:
        log.begin(Run("r"))
        log.add("r", replace(results[0], worker="gw1", message="why", duration_s=2.0))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE cases SET worker = NULL, message = NULL, duration_s = NULL")
        connection.execute("UPDATE scores SET reason = NULL, judge = NULL, value = NULL")
        connection.execute("UPDATE completions SET made_at = NULL, cost_usd = NULL")
    with closing(RunLog(str(path))) as log:
        [result] = log.results("r")
    assert (result.worker, result.message, result.duration_s) == ("main", "", 0.0)
    assert {(score.reason, score.judge, score.value) for score in result.scores} == {("", "", None)}
    assert result.completion is not None
    assert (result.completion.made_at, result.completion.cost_usd) == ("", None)


def test_the_newest_run_comes_first(log: RunLog) -> None:
    for name in ("first", "second"):
        log.begin(Run(name))
    second = Run("second", exit_code=10, lost=("a.csv::x",), traffic=Traffic(12, 15, 0.25, 2))
    log.finish(second)
    assert list(log.runs()) == [second, Run("first")]


def test_a_value_that_is_no_number_is_unscored(log: RunLog, results: list[CaseResult]) -> None:
    log.begin(Run("r"))
    log.add("r", replace(results[0], scores=(Score("odd", float("nan")),), checks=()))
    (kept,) = log.results("r")
    assert kept.scores[0].value is None
    assert kept.scores[0].error == "the scorer gave nan, not a finite number"


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (lambda log, result: log.run("absent"), "no run 'absent'; the newest in it: r"),
        (lambda log, result: log.finish(Run("absent")), "no run 'absent'"),
        (lambda log, result: log.begin(Run("r")), "UNIQUE constraint failed: runs.id"),
    ],
)
def test_a_wrong_run_id_is_an_error(
    deed: Callable[[RunLog, CaseResult], object], told: str, log: RunLog, results: list[CaseResult]
) -> None:
    log.begin(Run("r"))
    with pytest.raises(RunLogError, match=told):
        deed(log, results[0])


def test_a_result_of_a_run_that_never_began_is_an_error(
    tmp_path: Path, results: list[CaseResult]
) -> None:
    log = RunLog(str(tmp_path / "runs.sqlite"))
    log.add("absent", results[0])
    with pytest.raises(RunLogError, match="FOREIGN KEY constraint failed"):
        log.flush()
    with pytest.raises(RunLogError, match="FOREIGN KEY constraint failed"):
        log.close()


def test_a_person_can_read_the_tables(log_url: str) -> None:
    query = """
        SELECT cases.case_id, outcome, file || ':' || line, scores.value, completions.text
        FROM cases JOIN scores ON scores.case_number = cases.number AND scores.name = 'rubric'
        JOIN completions ON completions.case_number = cases.number AND purpose = 'answer'
        WHERE outcome = 'error'"""
    with closing(sqlite3.connect(log_url)) as database:
        rows = database.execute(query).fetchall()
    assert rows == [
        ("do-you-ship-to", "error", "golden/faq.csv:4", None, "We do, at no extra cost.")
    ]


def test_a_person_can_read_what_a_case_and_the_run_cost(log_url: str) -> None:
    columns = "case_id, round(generation_usd, 6), round(judging_usd, 6)"
    with closing(sqlite3.connect(log_url)) as database:
        costs = database.execute(
            f"SELECT {columns} FROM cases WHERE outcome != 'skipped' ORDER BY number"
        ).fetchall()
        sent = database.execute("SELECT calls, attempts, spent_usd, unpriced FROM runs").fetchall()
    assert costs == [
        ("how-long-do-refunds", 0.00094, 0.00021),
        ("can-i-return-a", 0.00094, 0.00021),
        (
            "do-you-ship-to",
            0.0,
            None,
        ),  # the answer is cached, the price of one call of the judge unknown
        ("what-is-your-warranty", 0.0, 0.0),
        ("أين-طلبي", None, 0.00021),
    ]
    assert sent == [(8, 8, 0.00293, 1)]


def test_a_prompt_that_is_all_that_was_sent_is_stored_once(log_url: str) -> None:
    with closing(sqlite3.connect(log_url)) as database:
        chats = "SELECT messages FROM completions WHERE requested_model = 'local'"
        assert database.execute(chats).fetchall() == [(None,)]


WRITER = """
import sys
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.runlog.log import RunLog

url, run_id = sys.argv[1:]
log = RunLog(url)
log.begin(Run(run_id))
for n in range(150):
    log.add(run_id, CaseResult("faq.csv", Case(f"case-{n}", "?", Source("faq.csv", n)), f"faq.csv::case-{n}", "passed"))
log.finish(Run(run_id, exit_code=0))
log.close()
"""


def test_two_processes_make_and_write_one_log_at_the_same_time(tmp_path: Path) -> None:
    url = str(tmp_path / "new" / "runs.sqlite")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, name]) for name in ("left", "right")
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    with closing(RunLog(url)) as log:
        assert {run.id for run in log.runs()} == {"left", "right"}
        assert [sum(1 for _ in log.results(name)) for name in ("left", "right")] == [150, 150]


def test_what_a_killed_process_had_finished_is_there(tmp_path: Path) -> None:
    url = str(tmp_path / "runs.sqlite")
    waits = WRITER.partition("log.finish")[0] + "input()"
    with subprocess.Popen(
        [sys.executable, "-c", waits, url, "killed"], stdin=subprocess.PIPE
    ) as writer:
        until = time.monotonic() + 60
        while _count(url) < 150 and time.monotonic() < until:
            assert writer.poll() is None
        writer.kill()
    assert _count(url) == 150


def _count(url: str) -> int:
    with closing(RunLog(url)) as log:
        return sum(1 for _ in log.results("killed"))


def test_what_was_added_is_there_before_the_log_is_closed(
    log: RunLog, results: list[CaseResult]
) -> None:
    log.begin(Run("r"))
    log.add("r", results[0])
    assert list(log.results("r")) == results[:1]


def test_a_new_folder_of_our_own_keeps_itself_out_of_git(tmp_path: Path) -> None:
    RunLog(str(tmp_path / ".llmeval" / "runs.sqlite")).close()
    assert (tmp_path / ".llmeval" / ".gitignore").read_text() == "*\n"
    assert "Do not commit" in (tmp_path / ".llmeval" / "README.md").read_text()


def test_a_folder_of_the_users_gets_nothing_but_the_log(tmp_path: Path) -> None:
    RunLog(str(tmp_path / "logs" / "runs.sqlite")).close()
    assert [file.name for file in (tmp_path / "logs").iterdir()] == ["runs.sqlite"]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are my notes, and they are longer than a SQLite header is.\n" * 20)
    with pytest.raises(
        RunLogError, match=r"notes\.txt: file is not a database\. Allowed: .* --llm-log"
    ):
        RunLog(str(file))
    assert file.read_text().startswith("These are my notes")


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "app.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE runs (distance REAL)")
    with pytest.raises(RunLogError, match=r"app\.sqlite belongs to another program"):
        RunLog(str(file))
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunLogError, match=r"Not a directory|File exists"):
        RunLog(str(tmp_path / "file" / "runs.sqlite"))


def test_a_log_that_must_exist_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(RunLogError, match="no such file"):
        RunLog(str(tmp_path / "absent" / "runs.sqlite"), must_exist=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "error", "told"),
    [
        ("nosuch://me:hunter2@db/x", SettingError, "nosuch://db/x"),
        ("postgresql://me:hunter2@db:port/x", SettingError, r"found '\[hidden\]'"),
        (
            "mysql+aiomysql://me:hunter2@db/x?ssl_key=hunter2",
            MissingExtraError,
            "pip install aiomysql",
        ),
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_its_password(
    url: str, error: type[LLMEvalError], told: str
) -> None:
    with pytest.raises(error, match=told) as caught:
        RunLog(url)
    assert "hunter2" not in str(caught.value)
