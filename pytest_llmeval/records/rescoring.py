"""The records of a rescoring: the changes after answers were judged again. All are frozen."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.run import Note, Run


@dataclass(frozen=True)
class ScoreChange:
    """One score before and after.

    Attributes:
        name: Name of the score.
        before: Mean before, over the answers scored both times.
        after: Mean after, over the same answers.
        difference: Mean of the differences (after minus before) with its 95% interval (Student,
            paired).
        changed: Answers with a changed score.
        unscored_before: Answers without a score before.
        unscored_after: Answers without a score after.
        versions_before: Fingerprints of the judges before.
        versions_after: Fingerprints of the judges after.
    """

    name: str
    before: float | None
    after: float | None
    difference: Interval
    changed: int
    unscored_before: int
    unscored_after: int
    versions_before: tuple[str, ...]
    versions_after: tuple[str, ...]


@dataclass(frozen=True)
class Flip:
    """A case with a changed outcome.

    Attributes:
        id: Id of the case.
        nodeid: Its node id.
        before: Its outcome before.
        after: Its outcome now.
        scores: Its judged scores as ``NAME BEFORE -> AFTER``.
        reason: Reason of the judge after, or why the case could not be judged.
    """

    id: str
    nodeid: str
    before: Outcome
    after: Outcome
    scores: str
    reason: str


@dataclass(frozen=True)
class Rescoring:
    """The changes.

    Attributes:
        source: The run with the judged answers.
        run: The run with the new scores.
        cases: Results of the run.
        judged: Number of new scores.
        scores: Every new score, by name.
        flips: Every case with a changed outcome.
        notes: What was left as it was, and why.
    """

    source: Run
    run: Run
    cases: int
    judged: int
    scores: tuple[ScoreChange, ...]
    flips: tuple[Flip, ...]
    notes: tuple[Note, ...]
