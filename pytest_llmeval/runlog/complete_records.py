"""The step to version 5, which infers the facts that older rows do not hold.

Version 5 holds the score of every threshold, the arguments and the judge of every score, the cause
of every outcome, the parts of a merged run, its failures without a case, and whether it was cut
off. Older programs inferred all that from names, positions, versions and the wording of messages.
This step does so for the last time.
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
from pytest_llmeval.text import instant

if TYPE_CHECKING:
    from sqlalchemy import Connection

_OLD_MET = "kept"
"""The word for *met* until version 4."""

_OLD_REQUIRED = "asked"
"""The word for *required* until version 4."""

_COLUMNS = (
    "ALTER TABLE runs RENAME COLUMN warnings TO notes",
    "ALTER TABLE runs ADD COLUMN is_cut_off BOOLEAN",
    "ALTER TABLE runs ADD COLUMN parts TEXT",
    "ALTER TABLE runs ADD COLUMN run_group TEXT",
    "ALTER TABLE runs ADD COLUMN failures_without_case INTEGER",
    "ALTER TABLE runs ADD COLUMN rescored_from TEXT",
    "ALTER TABLE cases RENAME COLUMN thresholds TO checks",
    "ALTER TABLE cases ADD COLUMN cause TEXT",
    "ALTER TABLE scores ADD COLUMN params TEXT",
    "ALTER TABLE scores ADD COLUMN judge TEXT",
    f"ALTER TABLE samples RENAME COLUMN {_OLD_MET} TO met",
    f"UPDATE gates SET state = 'met' WHERE state = '{_OLD_MET}'",
)
_FAILURES_WITHOUT_CASE = """
UPDATE runs SET failures_without_case = 1 WHERE exit_code = 1 AND lost IS NULL
AND NOT EXISTS (SELECT 1 FROM cases WHERE cases.run_id = runs.id AND outcome = 'failed')
AND NOT EXISTS (SELECT 1 FROM gates WHERE gates.run_id = runs.id AND state = 'missed')
"""
"""If neither a case nor a gate nor a dead worker explains why a run failed, another test did."""

_PAGE = 500
_CUT_OFF = "the run was cut off before its end"
_BEGINNINGS: tuple[tuple[str, NoteKind], ...] = (
    (_CUT_OFF, "cut_off"),
    ("with --llm-fail-on gate the gates alone decide", "gate"),
    ("the gates could not be decided", "gate"),
    ("no case was tried", "gate"),
    ("baseline ", "baseline"),
    ("quarantine ", "quarantine"),
    ("No judge is set", "judge"),
)
_WITHIN: tuple[tuple[str, NoteKind], ...] = (
    (" judges ", "judge"),
    (" not used; --llm-record all", "recording"),
    (f" {_OLD_MET} as before: ", "rescoring"),
)
_HEXADECIMAL = frozenset("0123456789abcdef")
_UNKNOWN = "unknown"
"""The judge of a score whose judge cannot be inferred."""


def complete_records(connection: Connection) -> None:
    """Upgrade to version 5: checks, arguments, judges, causes, parts and kinds of notes."""
    for statement in _COLUMNS:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(_FAILURES_WITHOUT_CASE)
    models = {run["id"]: _complete_run(connection, run) for run in _rows(connection, _RUNS)}
    last = 0
    while cases := _rows(connection, _CASES, last=last, page=_PAGE):
        last = cases[-1]["number"]
        bounds = {"first": cases[0]["number"], "last": last}
        scores = _by_case(connection, _SCORES, bounds)
        answers = _by_case(connection, _ANSWERS, bounds)
        for case in cases:
            number = case["number"]
            old = _OldCase(case, scores.get(number, []), answers.get(number, []))
            _complete_case(connection, old, models.get(case["run_id"], {}))


_RUNS = "SELECT id, started_at, settings, notes, judges, comparisons FROM runs"
_CASES = (
    "SELECT number, run_id, outcome, message, checks, judge_model, must_pass FROM cases "
    "WHERE number > :last ORDER BY number LIMIT :page"
)
_SCORES = (
    "SELECT case_number, position, name, value, version, sample FROM scores "
    "WHERE case_number BETWEEN :first AND :last ORDER BY case_number, position"
)
_ANSWERS = (
    "SELECT case_number, text FROM completions "
    "WHERE position = 0 AND case_number BETWEEN :first AND :last ORDER BY case_number"
)


def _rows(connection: Connection, query: str, **values: Any) -> list[Row]:
    from sqlalchemy import text

    rows = connection.execute(text(query), values).mappings()
    return [restored(dict(row)) for row in rows]


def _by_case(connection: Connection, query: str, bounds: Mapping[str, int]) -> dict[int, list[Row]]:
    rows = _rows(connection, query, **bounds)
    return {case: list(group) for case, group in groupby(rows, key=itemgetter("case_number"))}


def _write(connection: Connection, statement: str, values: dict[str, Any]) -> None:
    from sqlalchemy import text

    connection.execute(text(statement), storable(values))


def _complete_run(connection: Connection, run: Row) -> dict[str, str]:
    """Write the inferred facts of a run, and return the models of its judges by fingerprint."""
    settings = from_json(run["settings"], {})
    texts = from_json(run["notes"], ())
    parts = [part for part in settings.pop("merged", "").split(", ") if part]
    values = {
        "id": run["id"],
        "notes": as_json([{"kind": _note_kind(note), "text": note} for note in texts]),
        "parts": as_json(parts),
        "comparisons": as_json(_renamed_coverage(run["comparisons"])),
        "rescored_from": settings.pop("rescored", ""),
        "judges": as_json(_dated_selftests(run)),
        "settings": as_json(settings),
        "is_cut_off": any(note.startswith(_CUT_OFF) for note in texts),
    }
    statement = (
        "UPDATE runs SET settings = :settings, notes = :notes, parts = :parts, "
        "comparisons = :comparisons, judges = :judges, is_cut_off = :is_cut_off, "
        "rescored_from = :rescored_from, run_group = '' WHERE id = :id"
    )
    _write(connection, statement, values)
    return {judge["fingerprint"]: judge["model"] for judge in from_json(run["judges"], ())}


def _renamed_coverage(text: str | None) -> list[dict[str, Any]]:
    """Return comparisons with the number of expected scores under its new name."""
    comparisons: list[dict[str, Any]] = from_json(text, [])
    for comparison in comparisons:
        for metric in comparison["metrics"]:
            coverage = metric["coverage"]
            coverage["expected"] = coverage.pop(_OLD_REQUIRED)
    return comparisons


def _dated_selftests(run: Row) -> list[dict[str, Any]]:
    """Return the judges of a run; a self-test that is no older than the run was made in it."""
    judges: list[dict[str, Any]] = from_json(run["judges"], [])
    started = instant(run["started_at"] or "")
    for judge in judges:
        made = instant((judge["selftest"] or {}).get("made_at", ""))
        judge["is_tested_here"] = bool(made and started and made >= started)
    return judges


def _note_kind(note: str) -> NoteKind:
    for beginning, kind in _BEGINNINGS:
        if note.startswith(beginning):
            return kind
    return next((kind for part, kind in _WITHIN if part in note), "setting")


@dataclass
class _OldCase:
    """A case of an older log.

    Attributes:
        row: The row of the case.
        scores: The rows of its scores and of the scores of its samples.
        answers: The row of its answer; empty if nothing was sent.
    """

    row: Row
    scores: Sequence[Row]
    answers: Sequence[Row]

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """The thresholds in force."""
        return tuple(Threshold(**values) for values in from_json(self.row["checks"], ()))

    def params_of(self, metric: str) -> list[Mapping[str, Any]]:
        """Return the different arguments of the thresholds on a metric, in their order."""
        sets: list[Mapping[str, Any]] = []
        for threshold in self.thresholds:
            if threshold.metric == metric and threshold.params not in sets:
                sets.append(threshold.params)
        return sets

    def checks(self) -> list[Check]:
        """Make the checks of the thresholds.

        The n-th score of a metric has the n-th set of arguments. With a single set, the worst score
        of the metric decides.
        """
        return [check_scores(bound, self._bounded(bound)) for bound in self.thresholds]

    def _bounded(self, threshold: Threshold) -> list[tuple[int, Score]]:
        """Return the scores of a threshold, with their indexes."""
        case_scores = [row for row in self.scores if row["sample"] is None]
        scores = [
            (index, Score(row["name"], row["value"]))
            for index, row in enumerate(case_scores)
            if row["name"] == threshold.metric
        ]
        sets = self.params_of(threshold.metric)
        if len(sets) == 1:
            return scores
        number = sets.index(threshold.params)
        return scores[number : number + 1]

    def params(self) -> Iterator[tuple[Row, Mapping[str, Any]]]:
        """Yield every score with its arguments, as far as thresholds name them."""
        counts: dict[tuple[int | None, str], int] = {}
        for row in self.scores:
            key = (row["sample"], row["name"])
            number = counts.get(key, 0)
            counts[key] = number + 1
            sets = self.params_of(row["name"])
            if len(sets) == 1:
                yield row, sets[0]
            elif number < len(sets):
                yield row, sets[number]
            else:
                yield row, {}

    def cause(self, checks: Sequence[Check]) -> Cause:
        """Infer the cause of the outcome from the wording of the message."""
        outcome = self.row["outcome"]
        message = self.row["message"] or ""
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
    """Return whether a message begins with the line about the threshold of a check."""
    head, _, rest = message.partition(" is ")
    named = head == check.threshold.metric or head.startswith(f"{check.threshold.metric} ")
    return named and f", {_OLD_REQUIRED} " in rest.partition("\n")[0]


def _cause_of_failure(outcome: str, message: str) -> Cause:
    if not message:
        return "xpass"
    if outcome == "xfailed" and message.startswith(("_pytest.outcomes.XFailed", "XFailed")):
        return "xfail"
    is_assertion = message.startswith(("AssertionError", "assert ", "Failed"))
    return "assertion" if is_assertion else "exception"


def _complete_case(connection: Connection, case: _OldCase, models: Mapping[str, str]) -> None:
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
            judge = case.row["judge_model"] or models.get(row["version"], "") or _UNKNOWN
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
    """Return whether a version is a judge's: a name, a hyphen and 16 hexadecimal digits."""
    kind, _, digits = version.rpartition("-")
    return bool(kind) and len(digits) == 16 and set(digits) <= _HEXADECIMAL
