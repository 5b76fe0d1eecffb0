"""The records of a comparison of two runs, and of the gates of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.verdicts import GATE_STATES, VERDICTS, GateState, Tone, Verdict

DecidedBy = Literal["t", "permutation", "mcnemar", "betting"]


_UNKNOWN = Interval(None, None, None, 0)


@dataclass(frozen=True)
class GateResult:
    """The result of the regression gate for one metric.

    Differences are after minus before, on a scale from 0 to 1.

    Attributes:
        verdict: The verdict.
        reason: The reason, in one sentence.
        change: Mean difference d̄; below 0 is worse. ``None`` where nothing could be compared.
        error: Its standard error; ``None`` with fewer than two clusters.
        lower: Lower bound of the true difference, one-sided at ``1 - alpha``: t, Tango's where
            McNemar decided, or one that holds at any time where betting did.
        upper: Upper bound, likewise. Where a permutation or McNemar's test decided that nothing is
            shown to be worse, it is not below 0.
        p: One-sided p-value of "worse".
        adjusted_p: ``p`` after Holm over the metrics that were gated together; below ``alpha`` is
            worse.
        detectable: Smallest true drop that four of five runs would detect.
        cases_needed: Number of cases that would detect 5 points; ``None`` if unknown.
        n: Cases with a score in both runs.
        clusters: Clusters of these cases.
        changed: Clusters in which a case changed.
        test: The test that decided on "worse".
        seed: Seed of the permutations; ``None`` where none were drawn.
        lost: Cases that passed before and fail now, where McNemar decided.
        gained: Cases that failed before and pass now, likewise.
        metrics: Number of metrics that were tested together.
        before: Mean in the baseline; with its exact interval if it is a pass rate.
        after: Mean in the candidate, likewise.
        margin: Smallest drop that matters.
        alpha: Level of the test.
        is_shown: Whether it is shown to be no worse than the margin (non-inferior), as a strict
            gate requires.
        is_identical: Whether every answer is that of the baseline.
        missing: Cases that should have a score in the candidate, and do not.
        worst: Mean difference if each of them had the worst score; ``None`` if none is missing.
        worst_lower: Lower bound of the true difference then.
        e_value: Evidence of "worse" as an e-value (`stats.betting`), of which runs can be added up;
            ``None`` where nothing could be compared.
        narrowed: Share by which the baseline's scores of all cases narrowed the standard error of a
            random part of them; ``None`` where they were not used.
    """

    verdict: Verdict
    reason: str
    change: float | None = None
    error: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    adjusted_p: float | None = None
    detectable: float | None = None
    cases_needed: int | None = None
    n: int = 0
    clusters: int = 0
    changed: int = 0
    test: DecidedBy | None = None
    seed: int | None = None
    lost: int | None = None
    gained: int | None = None
    metrics: int = 1
    before: Interval = _UNKNOWN
    after: Interval = _UNKNOWN
    margin: float = 0.02
    alpha: float = 0.05
    is_shown: bool = False
    is_identical: bool = False
    missing: int = 0
    worst: float | None = None
    worst_lower: float | None = None
    e_value: float | None = None
    narrowed: float | None = None

    @property
    def deciding_p(self) -> float | None:
        """The p-value that decides: adjusted if several metrics were gated together."""
        if self.metrics == 1 or self.adjusted_p is None:
            return self.p
        return self.adjusted_p


@dataclass(frozen=True)
class Coverage:
    """The part of the baseline that a run can be compared with.

    Attributes:
        selected: Cases of the baseline that this run selected.
        paired: Of these, the ones with a valid score in both runs.
        expected: Scores that this run should have.
        unscored: Of these, the ones without a value.
        is_same_judge: Whether both runs have scores of one fingerprint, after judging the answers
            of the baseline again where necessary.
        before: Cases of the whole baseline with this score, selected or not; 0 if unknown.
        edited: Of these, the ones whose prompt, expected answer, thresholds, duty to pass, samples,
            reducer or pattern of the answer changed, so that their scores cannot be compared.
        rescored: Compared cases whose answers were scored again, because their expected answer was
            edited.
        is_drifted: Whether the scores are of one fingerprint, but its judge has changed in between.
        added: Cases of this run with this score that the baseline does not have.
        not_run: Of these, the ones that were left out because the verdict was certain.
        settings: Which number of samples, reducer or pattern of the answer changed so that scores
            of the resampled cases cannot be compared: before and now; empty if none did.
        resampled: Of the edited ones, those with a score in both runs that differ only in these.
        is_judged: Whether the scores may be those of a judge.
    """

    selected: int
    paired: int
    expected: int
    unscored: int = 0
    is_same_judge: bool = True
    before: int = 0
    edited: int = 0
    rescored: int = 0
    is_drifted: bool = False
    added: int = 0
    not_run: int = 0
    settings: str = ""
    resampled: int = 0
    is_judged: bool = True


@dataclass(frozen=True)
class LengthChange:
    """The change in the length of the answers between two runs of the same cases.

    Attributes:
        before: Mean length in the baseline, in the unit of the caller.
        after: Mean length in the candidate.
        correlation: Spearman's rank correlation, over the cases, of the change in length with the
            change in score, from -1 to 1; ``None`` with fewer than three cases, or if all changes
            of one kind are equal.
        n: Number of cases.
    """

    before: float
    after: float
    correlation: float | None
    n: int

    @property
    def share(self) -> float | None:
        """The change as a share of the length before: 0.1 is 10% longer; ``None`` if it was 0."""
        return (self.after - self.before) / self.before if self.before else None


@dataclass(frozen=True)
class CaseChange:
    """One case in two runs.

    Attributes:
        suite: Golden file or test function; empty for a plain table.
        file: The golden file; empty for a plain table.
        id: The case's id.
        line: Line of the golden file; 0 if unknown.
        before: Mean over its samples in the baseline, in the metric's own unit.
        after: Likewise in the candidate.
        p: One-sided p-value of "worse" of this case alone; ``None`` without several samples in both
            runs.
        is_marked: Whether it stands out from the noise of all cases (Benjamini and Hochberg at q =
            .10).
    """

    suite: str
    file: str
    id: str
    line: int
    before: float
    after: float
    p: float | None = None
    is_marked: bool = False


EditedField = Literal[
    "prompt", "expected", "columns", "threshold", "must_pass", "samples", "answer_pattern"
]
"""``prompt``: the prompt, the chat, the contexts or the tools. ``expected``: the accepted answers,
or else what scorers read in the row. ``columns``: other columns, which a metric or a test of the
user may read. ``threshold``: the thresholds, of the row or of any setting. ``must_pass``: whether
it must pass. ``samples``: the number of samples, or their reducer. ``answer_pattern``: the pattern
that takes the answer out of the reply.
"""


MUST_PASS, MAY_FAIL = "must pass", "may fail"
"""Texts of an edit of ``must_pass``."""


@dataclass(frozen=True)
class CaseEdit:
    """An edit of a case since the baseline: in its golden file, or of the settings for it.

    Attributes:
        name: Suite, file and id of the case in the run.
        field: The part that was edited.
        before: Its text in the baseline; empty if unknown.
        after: Its text now. The same as before, if not the text itself was edited. Of other columns
            their names.
        is_rescored: Whether the answers of the baseline were scored, reduced or decided again, so
            that the case can be compared.
        is_answer: Whether the text is now exactly what this run answered.
        is_failure: Whether the case fails in this run.
        is_as_mean: Whether scores are compared that were not made again, because the mean of any
            number of samples is the same on average. The pass rate is not compared.
    """

    name: str
    field: EditedField
    before: str = ""
    after: str = ""
    is_rescored: bool = False
    is_answer: bool = False
    is_failure: bool = False
    is_as_mean: bool = False


@dataclass(frozen=True)
class AnchorCheck:
    """Stored answers of a baseline, scored then and again now by the same judge.

    The text is the same, so a difference is the judge's.

    Attributes:
        metric: The score.
        n: Number of answers with a score then and now.
        changed: Number of these whose score changed.
        shift: Mean of now minus then, on a scale from 0 to 1; below 0 is stricter.
        p: Two-sided p-value of "the judge is as before".
        is_drift: Whether the judge has changed.
        rejudged: Cases of the baseline that were therefore judged again.
        error: Why the answers could not be judged; empty if they were.
    """

    metric: str
    n: int
    changed: int = 0
    shift: float = 0.0
    p: float = 1.0
    is_drift: bool = False
    rejudged: int = 0
    error: str = ""


@dataclass(frozen=True)
class Renaming:
    """A case that asks the same under another name than in the baseline.

    Attributes:
        before: Suite, file and id in the baseline.
        after: Suite, file and id in the run.
    """

    before: str
    after: str


@dataclass(frozen=True)
class Slice:
    """The cases with one tag, unless all cases have it.

    Attributes:
        tag: The tag.
        n: Cases with a score in both runs.
        before: Their mean in the baseline, from 0 to 1; that of the missing cases if ``n`` is 0.
        after: Their mean in the candidate, likewise; ``None`` if ``n`` is 0.
        error: Standard error of the difference; ``None`` with fewer than two clusters, or if all
            changed alike, because nothing shows how much they vary.
        verdict: The verdict; ERROR if ``n`` is 0.
        shrunken: The difference, shrunk toward that of all cases; ``None`` if ``n`` is 0.
        p: One-sided p-value of "worse"; ``None`` with fewer than two clusters.
        adjusted_p: ``p`` after Holm over the slices that were tested together; 1 for a slice in
            which too little changed to show anything.
        tested: Number of slices that were tested together.
        lost: Cases that passed before and fail now, of pass/fail scores.
        gained: Cases that failed before and pass now, likewise.
        missing: Cases that should have a score in the candidate, and do not.
        is_wiped_out: Whether nearly all that its cases had is lost.
        margin: Smallest drop that matters.
    """

    tag: str
    n: int
    before: float
    after: float | None
    error: float | None
    verdict: Verdict = "INCONCLUSIVE"
    shrunken: float | None = None
    p: float | None = None
    adjusted_p: float | None = None
    tested: int = 1
    lost: int | None = None
    gained: int | None = None
    missing: int = 0
    is_wiped_out: bool = False
    margin: float = 0.02

    @property
    def change(self) -> float | None:
        """Mean difference; below 0 is worse."""
        return None if self.after is None else self.after - self.before


@dataclass(frozen=True)
class Portion:
    """The change of a metric over some of the cases.

    Attributes:
        n: Cases with a score in both runs.
        change: Mean difference, after minus before, on a scale from 0 to 1.
        error: Its standard error; ``None`` with fewer than two clusters.
    """

    n: int
    change: float = 0.0
    error: float | None = None


@dataclass(frozen=True)
class SameRequests:
    """The change of a metric, apart for the requests of the baseline that were sent again.

    Attributes:
        same: Cases whose request and thresholds are those of the baseline, answered anew.
        others: All other cases.
        of_tests: Of the first, the ones of a test function, whose code may have changed.
    """

    same: Portion
    others: Portion
    of_tests: int = 0


@dataclass(frozen=True)
class AnsweringModel:
    """A model with the number of its answers to requests that were sent in both runs.

    Attributes:
        name: Model and configuration, as the endpoint names them.
        before: Its answers in the baseline.
        after: Its answers in the candidate.
    """

    name: str
    before: int
    after: int


@dataclass(frozen=True)
class MetricComparison:
    """One metric in two runs.

    Attributes:
        name: The metric; ``pass_rate`` is the share of cases that passed.
        result: The result of the gate.
        coverage: Numbers of cases that could be compared.
        is_gated: Whether its verdict counts; if not, it is only shown.
        length: Change in the length of the answers; ``None`` if unknown.
        dropped: Cases that became worse, the most suspicious first, at most 20.
        drops: Number of cases that became worse.
        slices: By tag, those with a verdict of REGRESSED first, then the largest drop.
        is_sliced: Whether a gate requires that no slice is worse.
        topped: Cases with the best possible score in both runs.
        floored: Cases with the worst possible score in both runs.
        low: Value of the metric that is 0 in ``result``.
        high: Value that is 1.
        same_requests: Its change where the request was sent again; ``None`` without such cases.
    """

    name: str
    result: GateResult
    coverage: Coverage
    is_gated: bool = True
    length: LengthChange | None = None
    dropped: tuple[CaseChange, ...] = ()
    drops: int = 0
    slices: tuple[Slice, ...] = ()
    is_sliced: bool = False
    topped: int = 0
    low: float = 0.0
    high: float = 1.0
    same_requests: SameRequests | None = None
    floored: int = 0


@dataclass(frozen=True)
class Comparison:
    """Two runs over the same cases.

    Attributes:
        baseline: The baseline, as the user named it.
        candidate: The run that was compared with it.
        metrics: The metrics, the gated ones first.
        lost: Cases that passed before and fail now.
        gained: Cases that failed before and pass now.
        added: Names of cases that the baseline does not have.
        removed: Names of cases of the baseline that were not run.
        quarantined: Names of cases that were run, but do not count for the verdict.
        edited: Cases that were edited, with what was edited.
        renamed: Cases that were renamed or moved, and are compared under their new name.
        deleted: Names of the removed cases that the run was to have.
        removed_failures: Those of them that failed in the baseline.
        quarantined_losses: Names of the cases in quarantine that passed in the baseline and fail
            now.
        anchors: Checks of the judges on stored answers of the baseline.
        baseline_hash: Hash of the baseline's scores, which changes when a new one is accepted;
            empty if unknown.
        models: Who answered the requests that were sent again, before and after.
    """

    baseline: str
    candidate: str
    metrics: tuple[MetricComparison, ...]
    lost: tuple[CaseChange, ...] = ()
    gained: tuple[CaseChange, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()
    edited: tuple[CaseEdit, ...] = ()
    renamed: tuple[Renaming, ...] = ()
    deleted: tuple[str, ...] = ()
    removed_failures: tuple[str, ...] = ()
    quarantined_losses: tuple[str, ...] = ()
    anchors: tuple[AnchorCheck, ...] = ()
    baseline_hash: str = ""
    models: tuple[AnsweringModel, ...] = ()


@dataclass(frozen=True)
class GateOutcome:
    """The outcome of one gate of a run.

    Attributes:
        rule: The gate, as the user wrote it.
        state: Whether it is met.
        reason: The reason, in one sentence with the numbers.
        value: The number that was compared with the bound; ``None`` if there is none.
        n: Number of cases behind it.
        verdict: Verdict of a regression gate; empty for any other gate.
        baseline: Baseline of a regression gate.
        scope: Node id of the test, class, module or folder with the marker of the gate, which
            applies to nothing else. Empty for the whole run.
    """

    rule: str
    state: GateState
    reason: str
    value: float | None = None
    n: int = 0
    verdict: Verdict | Literal[""] = ""
    baseline: str = ""
    scope: str = ""

    @property
    def title(self) -> str:
        """The rule and its scope."""
        return f"{self.rule} on {self.scope}" if self.scope else self.rule

    @property
    def answer(self) -> str:
        """The verdict or the state, as a headline shows it."""
        return self.verdict or GATE_STATES[self.state].title

    @property
    def tone(self) -> Tone:
        """The tone of the verdict, unless a strict gate has changed the state."""
        if self.verdict and VERDICTS[self.verdict].state == self.state:
            return VERDICTS[self.verdict].tone
        return GATE_STATES[self.state].tone
