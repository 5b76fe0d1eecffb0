"""The step to version 5: the facts that older rows did not hold, as the programs of their time inferred them.

Version 5 holds which score a threshold was held against, what a score was taken with and who judged
it, why a case ended as it did, and of a run its parts and whether it was cut off. Older logs left
all that to be inferred from names, positions, versions and the wording of messages. It is inferred
here for the last time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pytest_llmeval.records.result import Cause, Check, check_scores
from pytest_llmeval.records.run import NoteKind
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.runlog.database import Row, as_json, from_json, restored, storable

if TYPE_CHECKING:
    from sqlalchemy import Connection

COLUMNS = (
    "ALTER TABLE runs RENAME COLUMN warnings TO notes",
    "ALTER TABLE runs ADD COLUMN is_cut_off BOOLEAN",
    "ALTER TABLE runs ADD COLUMN parts TEXT",
    "ALTER TABLE runs ADD COLUMN run_group TEXT",
    "ALTER TABLE cases RENAME COLUMN thresholds TO checks",
    "ALTER TABLE cases ADD COLUMN cause TEXT",
    "ALTER TABLE scores ADD COLUMN params TEXT",
    "ALTER TABLE scores ADD COLUMN judge TEXT",
    "ALTER TABLE samples RENAME COLUMN kept TO met",
    "UPDATE gates SET state = 'met' WHERE state = 'kept'",
)
PAGE = 500
CUT_OFF = "the run was cut off before its end"
BEGINNINGS: tuple[tuple[str, NoteKind], ...] = (
    (CUT_OFF, "cut_off"),
    ("with --llm-fail-on gate the gates alone decide", "gate"),
    ("the gates could not be decided", "gate"),
    ("no case was tried", "gate"),
    ("baseline ", "baseline"),
    ("quarantine ", "quarantine"),
    ("No judge is set", "judge"),
)
WITHIN: tuple[tuple[str, NoteKind], ...] = (
    (" judges ", "judge"),
    (" not used; --llm-record all", "recording"),
    (" kept as before: ", "rescoring"),
)
HEXADECIMAL = frozenset("0123456789abcdef")
UNKNOWN = "unknown"
"""The judge of a score of which nothing says who it was."""


def complete_records(connection: Connection) -> None:
    """To version 5: checks, arguments and judges of scores, causes, parts, notes by their kind."""
    for statement in COLUMNS:
        connection.exec_driver_sql(statement)
    models = {run["id"]: _complete_run(connection, run) for run in _rows(connection, RUNS)}
    last = 0
    while cases := _rows(connection, CASES, last=last, page=PAGE):
        last = cases[-1]["number"]
        bounds = {"first": cases[0]["number"], "last": last}
        scores = _by_case(connection, SCORES, bounds)
        answers = _by_case(connection, ANSWERS, bounds)
        for case in cases:
            number = case["number"]
            old = OldCase(case, scores.get(number, []), answers.get(number, []))
            _complete_case(connection, old, models.get(case["run_id"], {}))


RUNS = "SELECT id, settings, notes, judges FROM runs"
CASES = (
    "SELECT number, run_id, outcome, message, checks, judge_model, must_pass FROM cases "
    "WHERE number > :last ORDER BY number LIMIT :page"
)
SCORES = (
    "SELECT case_number, position, name, value, version, sample FROM scores "
    "WHERE case_number BETWEEN :first AND :last ORDER BY case_number, position"
)
ANSWERS = (
    "SELECT case_number, text FROM completions "
    "WHERE position = 0 AND case_number BETWEEN :first AND :last ORDER BY case_number"
)


def _rows(connection: Connection, query: str, **values: Any) -> list[Row]:
    from sqlalchemy import text

    found = connection.execute(text(query), values).mappings()
    return [restored(dict(row)) for row in found]


def _by_case(connection: Connection, query: str, bounds: Mapping[str, int]) -> dict[int, list[Row]]:
    key = itemgetter("case_number")
    return {case: list(rows) for case, rows in groupby(_rows(connection, query, **bounds), key=key)}


def _write(connection: Connection, statement: str, values: dict[str, Any]) -> None:
    from sqlalchemy import text

    connection.execute(text(statement), storable(values))


def _complete_run(connection: Connection, run: Row) -> dict[str, str]:
    """Write what was inferred of a run, and return the models of its judges by fingerprint."""
    settings = from_json(run["settings"], {})
    texts = from_json(run["notes"], ())
    parts = [part for part in settings.pop("merged", "").split(", ") if part]
    values = {
        "id": run["id"],
        "settings": as_json(settings),
        "notes": as_json([{"kind": _note_kind(note), "text": note} for note in texts]),
        "parts": as_json(parts),
        "is_cut_off": any(note.startswith(CUT_OFF) for note in texts),
    }
    statement = (
        "UPDATE runs SET settings = :settings, notes = :notes, parts = :parts, "
        "is_cut_off = :is_cut_off, run_group = '' WHERE id = :id"
    )
    _write(connection, statement, values)
    return {each["fingerprint"]: each["model"] for each in from_json(run["judges"], ())}


def _note_kind(note: str) -> NoteKind:
    for beginning, kind in BEGINNINGS:
        if note.startswith(beginning):
            return kind
    return next((kind for part, kind in WITHIN if part in note), "setting")


@dataclass
class OldCase:
    """A case of an older log.

    Attributes:
        row: Its own row.
        scores: The rows of its scores, those of its samples included.
        answers: The row of its answer, if anything was asked.
    """

    row: Row
    scores: Sequence[Row]
    answers: Sequence[Row]

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """The thresholds in force."""
        return tuple(Threshold(**each) for each in from_json(self.row["checks"], ()))

    def params_of(self, metric: str) -> list[Mapping[str, Any]]:
        """The different arguments with which thresholds name a metric, in their order."""
        found: list[Mapping[str, Any]] = []
        for threshold in self.thresholds:
            if threshold.metric == metric and threshold.params not in found:
                found.append(threshold.params)
        return found

    def checks(self) -> list[Check]:
        """What became of each threshold.

        Where a metric has several sets of arguments, the n-th score of it is that of the n-th set;
        else every score of it is held to the threshold, and the worst one decides.
        """
        return [check_scores(bound, self._bounded(bound)) for bound in self.thresholds]

    def _bounded(self, threshold: Threshold) -> list[tuple[int, Score]]:
        whole = [row for row in self.scores if row["sample"] is None]
        found = [
            (index, Score(row["name"], row["value"]))
            for index, row in enumerate(whole)
            if row["name"] == threshold.metric
        ]
        sets = self.params_of(threshold.metric)
        if len(sets) == 1:
            return found
        place = sets.index(threshold.params)
        return found[place : place + 1]

    def params(self) -> Iterator[tuple[Row, Mapping[str, Any]]]:
        """Each score with the arguments that it was taken with, as far as thresholds name them."""
        counts: dict[tuple[int | None, str], int] = {}
        for row in self.scores:
            key = (row["sample"], row["name"])
            place = counts.get(key, 0)
            counts[key] = place + 1
            sets = self.params_of(row["name"])
            if len(sets) == 1:
                yield row, sets[0]
            else:
                yield row, sets[place] if place < len(sets) else {}

    def cause(self, checks: Sequence[Check]) -> Cause:
        """Why it ended as it did, by its outcome and the wording of its message."""
        outcome, message = self.row["outcome"], self.row["message"] or ""
        if outcome == "passed":
            return ""
        if outcome == "skipped":
            return "no_model" if " is configured: set " in message else "skip"
        if outcome == "error":
            return self._cause_of_error(message)
        if any(_is_missed_line(message, check) for check in checks if check.met is False):
            return "threshold"
        return _cause_of_failure(outcome, message)

    def _cause_of_error(self, message: str) -> Cause:
        names = {row["name"] for row in self.scores}
        if any(message.startswith(f"{name} is unscored: ") for name in names):
            return "unscored"
        if "the case must pass and misses" in message:
            return "undecided"
        is_unanswered = any(row["text"] is None for row in self.answers)
        return "call" if is_unanswered else "exception"


def _is_missed_line(message: str, check: Check) -> bool:
    """Whether a message begins with the line about the threshold of a check."""
    head, _, rest = message.partition(" is ")
    named = head == check.threshold.metric or head.startswith(f"{check.threshold.metric} ")
    return named and ", asked " in rest.partition("\n")[0]


def _cause_of_failure(outcome: str, message: str) -> Cause:
    if not message:
        return "xpass"
    if outcome == "xfailed" and message.startswith(("_pytest.outcomes.XFailed", "XFailed")):
        return "xfail"
    is_assertion = message.startswith(("AssertionError", "assert ", "Failed"))
    return "assertion" if is_assertion else "exception"


def _complete_case(connection: Connection, case: OldCase, models: Mapping[str, str]) -> None:
    checks = case.checks()
    objects = [{**vars(check), "threshold": vars(check.threshold)} for check in checks]
    values = {
        "number": case.row["number"],
        "checks": as_json(objects),
        "cause": case.cause(checks),
    }
    _write(
        connection,
        "UPDATE cases SET checks = :checks, cause = :cause WHERE number = :number",
        values,
    )
    for row, params in case.params():
        judge = ""
        if _is_fingerprint(row["version"] or ""):
            judge = case.row["judge_model"] or models.get(row["version"], "") or UNKNOWN
        score = {
            "case": case.row["number"],
            "position": row["position"],
            "params": as_json(params),
            "judge": judge,
        }
        statement = (
            "UPDATE scores SET params = :params, judge = :judge "
            "WHERE case_number = :case AND position = :position"
        )
        _write(connection, statement, score)


def _is_fingerprint(version: str) -> bool:
    """Whether the version of a score is that of a judge: a name, a hyphen and 16 hexadecimal digits."""
    kind, _, digits = version.rpartition("-")
    return bool(kind) and len(digits) == 16 and set(digits) <= HEXADECIMAL
