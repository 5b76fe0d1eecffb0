"""The record of a run, and of the judges that scored in it. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.comparison import Comparison, GateOutcome
from pytest_llmeval.records.stopping import EarlyStop
from pytest_llmeval.records.verdicts import JUDGED_CODES
from pytest_llmeval.text import count

SELFTEST_SHARE = 0.8
"""Share of every kind of answer that a judge must judge correctly before it may gate."""


@dataclass(frozen=True)
class Traffic:
    """The calls of a run, including those of cases that a cut-off run left without a result.

    Attributes:
        calls: Calls that gave an answer.
        attempts: All requests that were sent, including failed attempts.
        usd: US dollars for the answers whose price is known.
        unpriced: Answers whose price is unknown.
    """

    calls: int = 0
    attempts: int = 0
    usd: float = 0.0
    unpriced: int = 0

    def __add__(self, traffic: Traffic) -> Traffic:
        return Traffic(
            calls=self.calls + traffic.calls,
            attempts=self.attempts + traffic.attempts,
            usd=self.usd + traffic.usd,
            unpriced=self.unpriced + traffic.unpriced,
        )

    def at_least(self, traffic: Traffic) -> Traffic:
        """Return the larger figure of each kind, of two counts of the same calls."""
        return Traffic(
            calls=max(self.calls, traffic.calls),
            attempts=max(self.attempts, traffic.attempts),
            usd=max(self.usd, traffic.usd),
            unpriced=max(self.unpriced, traffic.unpriced),
        )


@dataclass(frozen=True)
class SelfTest:
    """The result of a judge on answers of known quality.

    Attributes:
        right: Number of correct judgements, by kind of answer (``expected``, ``empty``,
            ``constant``, ``other``, ``injection``).
        tried: Number of judgements of every kind.
        complaint: Why the self-test failed; empty if it passed.
        calls: Model calls of the self-test, without those that the store answered.
        usd: US dollars for these calls; ``None`` if a price is unknown.
        made_at: ISO 8601 with UTC offset.
    """

    right: Mapping[str, int]
    tried: int
    complaint: str = ""
    calls: int = 0
    usd: float | None = 0.0
    made_at: str = ""

    @property
    def passed(self) -> bool:
        """Whether at least four in five answers of every kind were judged correctly."""
        return bool(self.right) and all(
            right >= SELFTEST_SHARE * self.tried for right in self.right.values()
        )


@dataclass(frozen=True)
class JudgeFacts:
    """The facts about a judge that scored in a run.

    Attributes:
        fingerprint: The version of its scores.
        name: Name of the score.
        model: Model that judges.
        selftest: Its self-test; ``None`` without one.
        untested: Why there is no self-test; empty if there is one.
        calibration: Its calibration; ``None`` without one.
        is_tested_here: Whether the self-test was made in this run, and not in an earlier one.
    """

    fingerprint: str
    name: str
    model: str = ""
    selftest: SelfTest | None = None
    untested: str = ""
    calibration: Calibration | None = None
    is_tested_here: bool = False


NoteKind = Literal[
    "judge",
    "setting",
    "recording",
    "baseline",
    "quarantine",
    "gate",
    "cut_off",
    "incomplete",
    "unjudged",
    "coverage",
    "rescoring",
    "store",
    "drift",
    "early_stop",
]
"""The subject of a note.

``cut_off``: the run ended early. ``incomplete``: a file of tests could not be read. ``unjudged``: a
verdict was required, and there is none. ``coverage``: less was judged than the settings suggest,
and the exit code allows that. ``store``: the completion store or a recording could not be used.
``drift``: a judge gives the same answers other scores than before, or nobody knows.
``early_stop``: the rest of the cases was not run, because the verdict was certain.
"""

GATE_NOTES: tuple[NoteKind, ...] = (
    "baseline",
    "quarantine",
    "gate",
    "cut_off",
    "unjudged",
    "coverage",
    "drift",
    "early_stop",
)
"""Notes about the gates of a run, not about its results."""

_BROKEN_NOTES: tuple[NoteKind, ...] = ("cut_off", "incomplete", "unjudged", "store")
"""Notes that leave a run without the verdict that it should have."""

_HEADLINE_NOTES: tuple[NoteKind, ...] = (*_BROKEN_NOTES, "drift", "early_stop", "coverage")
"""Notes in the headline of a run."""

_SELECTING = {"limit", "where", "changed"}
"""Settings that select some of the cases."""


@dataclass(frozen=True)
class Note:
    """A note for the reader of a run.

    Attributes:
        kind: The subject.
        text: The text.
    """

    kind: NoteKind
    text: str


@dataclass(frozen=True)
class Run:
    """One session, without its results.

    Attributes:
        id: Experiment id, unique.
        name: The name from ``--llm-name``; empty without one.
        started_at: ISO 8601 with UTC offset.
        finished_at: ISO 8601 with UTC offset; empty while the run goes on.
        settings: The settings that differ from their defaults, as text.
        versions: Versions of this package, Python and pytest.
        notes: Notes for the reader, for example that no judge is set.
        lost: Node ids of tests that died with their worker.
        exit_code: pytest's exit code; ``None`` while the run goes on.
        traffic: The calls of the run.
        judges: Facts about the judges that scored in it.
        gates: Outcomes of its gates, the worst first.
        comparisons: Comparisons with the baselines that could be read.
        is_cut_off: Whether it ended before every test had run.
        parts: Ids of the runs that it was merged from; empty for any other run.
        group: Id that the runs of one session share; empty for a single run.
        failures_without_case: Number of failures of plain tests and of the collection.
        rescored_from: Id of the run whose answers it judged again; empty for any other run.
        early_stop: What it left out because the verdict was certain; ``None`` for any other run.
        unchanged: Number of cases that were not run, because nothing about them has changed since
            the baseline, and that count with their scores of the baseline.
        unchanged_failures: Of these, the ones that failed in the baseline, and so fail the run.
        is_narrowed: Whether pytest selected some of the tests, by ``-k``, a node id and the like.
    """

    id: str
    name: str = ""
    started_at: str = ""
    finished_at: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    lost: tuple[str, ...] = ()
    exit_code: int | None = None
    traffic: Traffic = field(default_factory=Traffic)
    judges: tuple[JudgeFacts, ...] = ()
    gates: tuple[GateOutcome, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    is_cut_off: bool = False
    parts: tuple[str, ...] = ()
    group: str = ""
    failures_without_case: int = 0
    rescored_from: str = ""
    early_stop: EarlyStop | None = None
    unchanged: int = 0
    unchanged_failures: int = 0
    is_narrowed: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it ran to its end: not killed, interrupted or stopped, by ``-x`` or early."""
        is_ended = self.exit_code in JUDGED_CODES and not self.is_cut_off
        return is_ended and self.early_stop is None

    @property
    def is_selected(self) -> bool:
        """Whether pytest or its settings selected some of the cases."""
        return self.is_narrowed or bool(_SELECTING & self.settings.keys())

    @property
    def selecting(self) -> frozenset[str]:
        """Its settings that select some of the cases."""
        return frozenset(_SELECTING & self.settings.keys())

    @property
    def headline_notes(self) -> tuple[str, ...]:
        """The notes that belong into the headline, those that leave it without a verdict first."""
        texts = [note for note in self.notes if note.kind in _HEADLINE_NOTES]
        texts.sort(key=lambda note: _HEADLINE_NOTES.index(note.kind))
        return tuple(note.text for note in texts)

    @property
    def further_notes(self) -> tuple[str, ...]:
        """The notes that do not stand in the headline."""
        return tuple(note.text for note in self.notes if note.kind not in _HEADLINE_NOTES)

    @property
    def is_broken(self) -> bool:
        """Whether it lacks the verdict that it should have."""
        is_noted = any(note.kind in _BROKEN_NOTES for note in self.notes)
        return is_noted or self.is_cut_off or bool(self.lost)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Why it lacks results that it should have; empty if it is complete."""
        gaps = [note.text for note in self.notes if note.kind == "incomplete"]
        if self.lost:
            lost = count(len(self.lost), "test")
            gaps.append(f"{lost} died with a worker and left no result: {self.lost[0]}")
        return tuple(gaps)
