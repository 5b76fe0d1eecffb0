"""The records that a run leaves behind: one for each case, and one for the run itself. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_llmeval.records.comparison import Comparison, GateOutcome
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.verdicts import JUDGED_CODES

SELFTEST_SHARE = 0.8
"""Share of each kind of answers that a judge must judge as it should, to be let near a gate."""


@dataclass(frozen=True)
class Traffic:
    """What a run has sent, also for cases that left no result because the run was cut off.

    Attributes:
        calls: Calls that gave an answer.
        attempts: Everything that was sent, failed attempts included.
        usd: US dollars for the answers whose price is known.
        unpriced: Answers whose price is unknown.
    """

    calls: int = 0
    attempts: int = 0
    usd: float = 0.0
    unpriced: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            *(
                mine + theirs
                for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)
            )
        )


@dataclass(frozen=True)
class SelfTest:
    """How a judge did on answers whose worth is known.

    Attributes:
        right: By kind of answer (``expected``, ``empty``, ``constant``, ``other``, ``injection``):
            how many it judged as it should.
        tried: How many it judged of each kind.
        complaint: What went wrong, where something did; empty if nothing.
        calls: Model calls that were made for it; those that a store answered are not counted.
        usd: US dollars for them; ``None`` if a price is unknown.
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
        """Whether at least four in five of every kind were judged as they should be."""
        return bool(self.right) and all(
            right >= SELFTEST_SHARE * self.tried for right in self.right.values()
        )


@dataclass(frozen=True)
class Calibration:
    """How well a judge agrees with people.

    Attributes:
        figures: By name (``kappa``, ``weighted_kappa``, ``alpha``, ``pearson``, ``spearman``,
            ``kendall``, ``offset``,
            ``mean``, …), each with its bootstrap interval.
        cases: Labelled cases with a score.
        unscored: Labelled cases that the judge could not score.
        labels: The file of the labels, as it was named.
        made_at: ISO 8601 with UTC offset.
    """

    figures: Mapping[str, Interval]
    cases: int
    unscored: int = 0
    labels: str = ""
    made_at: str = ""


@dataclass(frozen=True)
class JudgeFacts:
    """What is known of a judge that scored in a run.

    Attributes:
        fingerprint: The version of its scores.
        name: Name of the score.
        model: Model that judges.
        selftest: Its self-test; ``None`` if it had none.
        untested: Why it had none; empty if it had one.
        calibration: ``None``: uncalibrated.
    """

    fingerprint: str
    name: str
    model: str = ""
    selftest: SelfTest | None = None
    untested: str = ""
    calibration: Calibration | None = None


NoteKind = Literal[
    "judge",
    "setting",
    "recording",
    "baseline",
    "quarantine",
    "gate",
    "cut_off",
    "rescoring",
]
"""What a note is about."""

GATE_NOTES: tuple[NoteKind, ...] = ("baseline", "quarantine", "gate", "cut_off")
"""Notes about how a run was gated, and not about its results."""


@dataclass(frozen=True)
class Note:
    """What the user should know about a run.

    Attributes:
        kind: What it is about.
        text: The note, as a person reads it.
    """

    kind: NoteKind
    text: str


@dataclass(frozen=True)
class Run:
    """One session, without its results.

    Attributes:
        id: Experiment id, unique.
        name: What the user called it; empty if nothing.
        started_at: ISO 8601 with UTC offset.
        finished_at: The same; empty while it runs.
        settings: The settings that differ from their defaults, as text.
        versions: Of this package, Python and pytest.
        notes: What the user should know, for example that no judge is set.
        lost: Node ids of tests that died with their worker.
        exit_code: pytest's exit code; ``None`` while it runs.
        traffic: What the run has sent.
        judges: What is known of the judges that scored in it.
        gates: What became of each of its gates, the worst first.
        comparisons: One for each baseline that could be read.
        is_cut_off: Whether it was ended before every test had run.
        parts: Ids of the runs that it was merged from; none, where it was not.
        group: What it shares with other runs of its session; empty: it stands alone.
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

    @property
    def is_whole(self) -> bool:
        """Whether it came to its end: not killed, not interrupted, not stopped by ``-x``."""
        return self.exit_code in JUDGED_CODES and not self.is_cut_off
