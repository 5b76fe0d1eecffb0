"""The verdicts, states and outcomes of metrics, gates, cases and runs, a table of each kind.

A row holds the severity, the exit code and the presentation. Reports, exit codes and the script of
the HTML page read these tables. A new word also stands in its ``Literal`` and in the schema of the
JSON report, and something gives it: a verdict `stats.gate`, with its sentence in `stats.reasons`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_llmeval.records.result import Outcome


FINE = 0
"""Exit code: nothing is worse than required, and everything could be judged."""

WORSE = 1
"""Exit code: a case or a gate is worse than required."""

UNJUDGED = 10
"""Exit code: nothing is worse, but something could not be judged."""

JUDGED_CODES = (FINE, WORSE, UNJUDGED)
"""Exit codes of a run that came to its end."""

Verdict = Literal["ERROR", "REGRESSED", "INCONCLUSIVE", "NO BASELINE", "WARN", "OK"]
"""The verdict on a metric that was compared with a baseline.

``ERROR``: it could not be compared. ``REGRESSED``: certainly worse, by the margin or more.
``INCONCLUSIVE``: neither a regression nor its absence could be shown. ``WARN``: certainly worse,
but by less than the margin. ``OK``: a drop as large as the margin is ruled out.
"""

GateState = Literal["missed", "error", "open", "met"]
"""The state of a gate.

``error``: it could not be decided. ``open``: nothing was shown, and the run does not fail.
"""

RunOutcome = Literal["failed", "error", "empty", "open", "passed"]
"""The outcome of a run. ``empty``: no case was tried. ``open``: a gate showed nothing."""


@dataclass(frozen=True)
class Tone:
    """The presentation of a verdict, state or outcome.

    Attributes:
        name: The class in the HTML report.
        colour: The colour in a terminal.
        sign: The sign in Markdown; empty: none.
        level: The level of an annotation of a CI job; empty: no annotation.
    """

    name: str
    colour: str
    sign: str = ""
    level: Literal["error", "warning", ""] = ""


BAD = Tone("bad", "red", "❌", "error")
UNDECIDED = Tone("undecided", "red", "❌", "error")
DOUBTFUL = Tone("doubtful", "yellow", "⚠️", "warning")
NEUTRAL = Tone("neutral", "yellow")  # pytest shows skipped and xfailed tests in yellow, too
GOOD = Tone("good", "green", "✅")


@dataclass(frozen=True)
class VerdictRow:
    """The consequences of a verdict.

    Attributes:
        state: The state of a gate with this verdict, where the gate is not strict.
        tone: Its presentation.
        is_explained: Whether the reason is shown too, because the figures alone do not explain it.
    """

    state: GateState
    tone: Tone
    is_explained: bool = False


@dataclass(frozen=True)
class Row:
    """The consequences of the state of a gate, or the outcome of a case or a run.

    Attributes:
        severity: Rank among states and outcomes, the worst highest.
        exit_code: Exit code of pytest.
        tone: Its presentation.
        title: The word in a headline.
    """

    severity: int
    exit_code: int
    tone: Tone
    title: str


@dataclass(frozen=True)
class OutcomeRow(Row):
    """The consequences of the outcome of a case.

    Attributes:
        passes: Whether the case passed; ``None`` if it was not judged.
        mark: One character that stands for it in a history.
    """

    passes: bool | None
    mark: str


_HALF = 0.5

VERDICTS: Mapping[Verdict, VerdictRow] = {
    "ERROR": VerdictRow("error", UNDECIDED, is_explained=True),
    "REGRESSED": VerdictRow("missed", BAD),
    "INCONCLUSIVE": VerdictRow("open", DOUBTFUL, is_explained=True),
    "NO BASELINE": VerdictRow("open", DOUBTFUL, is_explained=True),
    "WARN": VerdictRow("met", DOUBTFUL),
    "OK": VerdictRow("met", GOOD),
}
"""The worst first."""

GATE_STATES: Mapping[GateState, Row] = {
    "missed": Row(4, WORSE, BAD, "MISSED"),
    "error": Row(3, UNJUDGED, UNDECIDED, "ERROR"),
    "open": Row(1, FINE, DOUBTFUL, "OPEN"),
    "met": Row(0, FINE, GOOD, "MET"),
}
"""The worst first."""

RUN_OUTCOMES: Mapping[RunOutcome, Row] = {
    "failed": Row(4, WORSE, BAD, "Failed"),
    "error": Row(3, UNJUDGED, UNDECIDED, "Error"),
    "empty": Row(2, FINE, DOUBTFUL, "Nothing tried"),
    "open": Row(1, FINE, DOUBTFUL, "Open"),
    "passed": Row(0, FINE, GOOD, "Passed"),
}
"""The worst first."""

NOT_RUN = "-"
"""Mark of a case that was not run, or was skipped, in a history."""

OUTCOMES: Mapping[Outcome, OutcomeRow] = {
    "failed": OutcomeRow(4, WORSE, BAD, "Failed", passes=False, mark="F"),
    "error": OutcomeRow(3, UNJUDGED, UNDECIDED, "Error", passes=None, mark="E"),
    "xfailed": OutcomeRow(2, FINE, NEUTRAL, "Xfailed", passes=False, mark="X"),
    "passed": OutcomeRow(0, FINE, GOOD, "Passed", passes=True, mark="P"),
    "skipped": OutcomeRow(0, FINE, NEUTRAL, "Skipped", passes=None, mark=NOT_RUN),
}
"""The outcomes of a case, the worst first."""

PASS_VALUES: Mapping[Outcome, float] = {
    outcome: float(row.passes) for outcome, row in OUTCOMES.items() if row.passes is not None
}
"""Value of a case in the pass rate, by its outcome: 1 or 0. The remaining outcomes do not count."""

VERDICTS_WORST_FIRST = tuple(VERDICTS)

SLICES_WORST_FIRST: tuple[Verdict, ...] = (
    "REGRESSED",
    "ERROR",
    "NO BASELINE",
    "WARN",
    "INCONCLUSIVE",
    "OK",
)
"""Which slice speaks for all: one that is shown to be worse is more than one that is not compared.
"""


def flip(before: str, now: str) -> Literal["lost", "gained"] | None:
    """Return how a case changed from one outcome to the next.

    ``lost``: it passed before and fails now. ``gained``: it failed before and passes now. ``None``:
    neither, or an outcome is unknown.
    """
    return flip_of_values(pass_value(before), pass_value(now))


def flip_of_values(before: float | None, now: float | None) -> Literal["lost", "gained"] | None:
    """Return the same as `flip` for shares of passing samples: half of them make a pass."""
    if before is None or now is None or (before >= _HALF) == (now >= _HALF):
        return None
    return "gained" if now >= _HALF else "lost"


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; ERROR if there is none, because nothing was compared."""
    return min(verdicts, key=VERDICTS_WORST_FIRST.index, default="ERROR")


def gate_state(verdict: Verdict, is_strict: bool = False, is_shown: bool = True) -> GateState:
    """Return the state of a regression gate.

    Args:
        verdict: Its worst verdict.
        is_strict: Whether the run must be shown to be no worse.
        is_shown: Whether it was shown to be no worse.
    """
    state = VERDICTS[verdict].state
    if GATE_STATES[state].exit_code != FINE or not is_strict or is_shown:
        return state
    # Without a baseline nothing was compared, so nothing is worse.
    return "error" if verdict == "NO BASELINE" else "missed"


def outcome_tone(outcome: str) -> Tone:
    """Return the tone of an outcome; the outcome of a baseline may be unknown here."""
    return next((row.tone for name, row in OUTCOMES.items() if name == outcome), NEUTRAL)


def pass_value(outcome: str) -> float | None:
    """Return the value of an outcome in the pass rate; ``None`` if it does not count."""
    return next((value for name, value in PASS_VALUES.items() if name == outcome), None)


def joint_exit_code(codes: Iterable[int]) -> int:
    """Combine several exit codes: worse takes precedence over unjudged."""
    combined = set(codes)
    if WORSE in combined:
        return WORSE
    if UNJUDGED in combined:
        return UNJUDGED
    return FINE


def case_exit_code(outcomes: Iterable[Outcome]) -> int:
    """Return the exit code for the outcomes of cases."""
    return joint_exit_code(OUTCOMES[outcome].exit_code for outcome in outcomes)


def gate_exit_code(states: Iterable[GateState]) -> int:
    """Return the exit code for the states of gates."""
    return joint_exit_code(GATE_STATES[state].exit_code for state in states)
