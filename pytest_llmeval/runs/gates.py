"""The gates of a run, which are decided once at its end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.roles import JUDGES_ITSELF, judges_itself
from pytest_llmeval.baselines.baselines import read_baseline_of
from pytest_llmeval.baselines.lookup import USUAL_ACCEPT, accept_command
from pytest_llmeval.errors import LLMEvalError, NoSuchRun
from pytest_llmeval.gating.comparing import (
    Task,
    compare_runs,
    gated_metrics,
    untaken,
    usual_metrics,
)
from pytest_llmeval.gating.control import draw_of
from pytest_llmeval.gating.recorded import made_again
from pytest_llmeval.gating.rules import (
    NO_CASE,
    BoundRule,
    RegressionRule,
    Rule,
    compares_all,
    is_on_answers,
    parse_rules,
)
from pytest_llmeval.gating.scores import (
    RunScores,
    Selection,
    baseline_case,
    is_below,
    no_such_score,
    run_scores,
)
from pytest_llmeval.gating.sequential import RunningOrder, compare_in_order
from pytest_llmeval.records.comparison import Comparison, GateOutcome, GateResult
from pytest_llmeval.records.result import PASS_RATE, CaseResult, Key
from pytest_llmeval.records.run import Note, Run
from pytest_llmeval.records.score import Scale
from pytest_llmeval.records.verdicts import GATE_STATES, gate_state, worst_verdict
from pytest_llmeval.runlog.lookup import LATEST, shown
from pytest_llmeval.runs.blind_gates import unless_blind
from pytest_llmeval.runs.calibrated_gate import check_figure
from pytest_llmeval.runs.clusters import check_tasks
from pytest_llmeval.runs.coverage_notes import coverage_notes
from pytest_llmeval.runs.judge_changes import baseline_notes, explain_early_stop, why_apart
from pytest_llmeval.runs.scopes import WHOLE_RUN, baseline_within, run_within
from pytest_llmeval.runs.tag_gates import TagGate, worst_tag_outcome
from pytest_llmeval.settings.table import Settings
from pytest_llmeval.stats.comparability import by_outcome, is_partial, no_baseline, not_compared
from pytest_llmeval.stats.gate import GateRules

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.baselines.baselines import Baseline
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.runs.recorder import Recorder


@dataclass(frozen=True)
class Gates:
    """The gates that a run must meet.

    Attributes:
        settings: The settings in force.
        scoped: Rules of markers by the test, class, module or folder of the marker.
    """

    settings: Settings
    scoped: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, settings: Settings, marked: Iterable[tuple[str, Iterable[str]]]) -> Gates:
        """Return the gates of the settings and those of markers from several processes."""
        scoped: dict[str, tuple[str, ...]] = {}
        for scope, rules in marked:
            scoped[scope] = tuple(dict.fromkeys((*scoped.get(scope, ()), *rules)))
        return cls(settings, scoped)

    @property
    def are_required(self) -> bool:
        """Whether there is a gate."""
        return bool(self.settings.gate or self.settings.baseline or self.scoped)

    def covers(self, suite: str, scales: Mapping[str, Scale]) -> bool:
        """Return whether a gate judges the answers of a golden file or test, by known scales.

        Cost, latency and the share of missing scores are honest figures, but not of the answers.
        """
        return any(
            any(is_on_answers(rule, scales) for rule in rules)
            and (scope == WHOLE_RUN or is_below(suite, scope))
            for scope, rules in self.rules().items()
        )

    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """Return the rules by scope; a baseline without a rule on all cases means ``regression``.

        Raises:
            SettingError: A rule cannot be read, or two compare a metric with different limits.
        """
        whole = parse_rules(self.settings.gate, self.settings.origin("gate"))
        scoped = {
            scope: parse_rules(texts, f"@pytest.mark.llm_gate on {scope}")
            for scope, texts in self.scoped.items()
        }
        every = [rule for rules in (whole, *scoped.values()) for rule in rules]
        if self.settings.baseline and not any(map(compares_all, every)):
            whole = (RegressionRule("regression"), *whole)
        return {WHOLE_RUN: whole, **scoped}


@dataclass(frozen=True)
class GateDecisions:
    """The decided gates of a run.

    Attributes:
        gates: An outcome per rule and baseline, the worst first.
        comparisons: A comparison per readable baseline.
        untaken: Scores of each baseline that the run does not take, though its gates would compare
            them.
    """

    gates: tuple[GateOutcome, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    untaken: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _ScopedRule:
    """A regression rule with the scores of its cases."""

    rule: RegressionRule
    scope: str
    scores: RunScores

    def metrics(self, baseline: RunScores | None) -> tuple[str, ...]:
        """Return the metrics that it compares with a baseline."""
        if self.rule.metric:
            return (self.rule.metric,)
        if baseline is None:
            return usual_metrics(self.scores.scales)
        names = {name for case in baseline.cases.values() for name in case.by_metric}
        known = {name: scale for name, scale in baseline.scales.items() if name in names}
        return gated_metrics(known, self.scores.scales) or usual_metrics(self.scores.scales)

    def untaken(self, baseline: RunScores | None, quarantined: Collection[Key]) -> tuple[str, ...]:
        """Return the metrics that it would compare if the run took them as the baseline did.

        A rule that names its metric leaves out the rest on purpose.
        """
        if self.rule.metric or baseline is None:
            return ()
        try:
            missing = untaken(baseline, self.scores, quarantined)
        except LLMEvalError:
            return ()  # the comparison gives the same reason
        usual = usual_metrics({**baseline.scales, **self.scores.scales})
        return tuple(name for name in usual if name in missing)

    def outcome(
        self,
        source: str,
        results: Mapping[str, GateResult],
        is_strict: bool,
        is_partial: bool = False,
    ) -> GateOutcome:
        """Return the outcome for a baseline, which is that of the worst metric.

        Args:
            source: The baseline; empty if there is none.
            results: Results by metric; an empty name stands for all metrics.
            is_strict: Whether the gate must prove that there is no regression.
            is_partial: Whether too few of the baseline's cases were run for such a proof.
        """
        verdict = worst_verdict(result.verdict for result in results.values())
        name = next(name for name, result in results.items() if result.verdict == verdict)
        worst = results[name]
        is_shown = all(result.is_shown for result in results.values())
        state = gate_state(verdict, is_strict, is_shown)
        reason = f"{name}: {worst.reason}" if name else worst.reason
        if is_strict and is_partial and state == "met":
            state = "error"
            reason = f"{reason}, and --llm-strict requires all"
        n = max(result.n for result in results.values())
        return GateOutcome(
            self.rule.text, state, reason, worst.change, n, verdict, source, self.scope
        )


@dataclass(frozen=True)
class _Pairing:
    """A regression rule with one of the baselines.

    Attributes:
        rule: The rule.
        source: The baseline.
        metrics: Metrics that it compares.
        untaken: Metrics that it would compare if the run took them as the baseline did.
        is_strict: Whether a verdict without these is an error.
    """

    rule: _ScopedRule
    source: str
    metrics: tuple[str, ...]
    untaken: tuple[str, ...]
    is_strict: bool

    @property
    def gated(self) -> tuple[str, ...]:
        """The metrics that decide it."""
        return (*self.metrics, *(self.untaken if self.is_strict else ()))

    def outcome(self, comparison: Comparison) -> GateOutcome:
        """Return the outcome of the comparison, which is that of the worst metric or slice."""
        rule = self.rule
        gated = [metric for metric in comparison.metrics if metric.name in self.gated]
        partial = any(is_partial(metric.coverage) for metric in gated)
        if rule.rule.by_tag:
            gate = TagGate(rule.rule.text, self.source, rule.scope)
            return worst_tag_outcome(gate, gated, is_strict=self.is_strict, is_partial=partial)
        results = {metric.name: metric.result for metric in gated}
        outcome = rule.outcome(self.source, results, self.is_strict, partial)
        return unless_blind(outcome, gated) if self.is_strict else outcome


_ComparisonKey = tuple[str, str]
"""The baseline and the scope of a comparison."""


def _decide_gates(
    gates: Gates,
    scores: RunScores,
    run: Run,
    quarantined: Collection[Key],
    baselines: Mapping[str, Baseline],
    results: Callable[[], Iterable[CaseResult]],
    order: RunningOrder | None = None,
) -> GateDecisions:
    """Decide every gate of a run.

    Args:
        gates: The gates.
        scores: Scores of the run.
        run: Record of the run, with its traffic and the cases that died with a worker.
        quarantined: Cases that do not gate.
        baselines: Baselines by name.
        results: Reads the results of the run.
        order: The order of the cases of a run that may stop early.
    """
    outcomes: list[GateOutcome] = []
    regressions: list[_ScopedRule] = []
    for scope, rules in gates.rules().items():
        inside = scores if scope == WHOLE_RUN else run_within(scores, scope, run.lost)
        for rule in rules:
            if isinstance(rule, BoundRule):
                outcome = check_figure(rule, inside.without(quarantined), run, results)
                outcomes.append(replace(outcome, scope=scope))
            else:
                regressions.append(_ScopedRule(rule, scope, inside))
    decided = _decide_regressions(gates.settings, regressions, quarantined, baselines, order)
    compared = decided.gates
    if run.early_stop is not None:
        compared = tuple(explain_early_stop(gate, baselines) for gate in compared)
    worst_first = sorted([*outcomes, *compared], key=lambda gate: -GATE_STATES[gate.state].severity)
    return replace(decided, gates=tuple(worst_first))


class GateDecider:
    """Reads the baselines of a run while calls are possible, and decides its gates.

    Args:
        gates: The gates.
        recorder: The recorder of the results, which also logs the baselines' cases.
        order: The order of the cases of a run that may stop early.

    Attributes:
        gates: The gates.
    """

    def __init__(self, gates: Gates, recorder: Recorder, order: RunningOrder | None = None) -> None:
        self.gates = gates
        self._order = order
        self._recorder = recorder
        self._baselines: dict[str, Baseline] = {}

    @cached_property
    def _scores(self) -> RunScores:
        """The scores of all results, which are read only once."""
        cluster = self.gates.settings.cluster
        scores = run_scores(shown(self._recorder.run), self._recorder.results(), cluster)
        return replace(scores, read_cases=lambda: map(baseline_case, self._recorder.results()))

    def read_baselines(self, session: Session) -> tuple[Note, ...]:
        """Read the baselines, judge them again where their judge differs, and return notes on it.

        Args:
            session: The open session that judges.

        Raises:
            RunLogError: The log cannot be read.
        """
        settings = self.gates.settings
        finder = self._recorder.baseline_finder()
        for name in settings.baseline:
            results = self._recorder.results()
            self._baselines[name] = read_baseline_of(finder, name, session, self._scores, results)
        return tuple(baseline_notes(self._baselines, self._scores))

    def decide(
        self, quarantine: Quarantine | None, selection: Selection
    ) -> tuple[GateDecisions, tuple[Note, ...]]:
        """Decide the gates, record them in the run, and return them with notes for the user.

        Args:
            quarantine: Cases that do not gate.
            selection: The cases that the run was meant to have.

        Raises:
            RunLogError: The log cannot be read.
            SettingError: A rule cannot be read.
        """
        run = self._recorder.run
        draw = draw_of(run.settings)
        live = replace(self._scores, lost=len(run.lost), selection=selection, draw=draw)
        scores = live
        for baseline in self._baselines.values():
            if baseline.scores is not None:
                scores = scores.with_unchanged(baseline.scores, selection.unchanged)
        quarantined: list[Key] = []
        notes: tuple[Note, ...] = ()
        if quarantine is not None:
            cases = [(file, case) for _, file, case in scores.cases]
            quarantined = [key for key in scores.cases if quarantine.find(key[1], key[2])]
            texts = quarantine.warnings(cases, selection.is_whole)
            notes = tuple(Note("quarantine", text) for text in texts)
        decisions = _decide_gates(
            self.gates,
            scores,
            run,
            quarantined,
            self._baselines,
            self._recorder.results,
            self._order,
        )
        for baseline in self._baselines.values():
            self._recorder.add_before(baseline.befores(live))
        self._recorder.run = replace(run, gates=decisions.gates, comparisons=decisions.comparisons)
        return decisions, (
            *notes,
            *coverage_notes(decisions.comparisons, decisions.untaken, is_joined=bool(run.parts)),
        )


def _decide_regressions(
    settings: Settings,
    rules: Sequence[_ScopedRule],
    quarantined: Collection[Key],
    baselines: Mapping[str, Baseline],
    order: RunningOrder | None,
) -> GateDecisions:
    """Decide every regression rule for every baseline."""
    outcomes: list[GateOutcome] = []
    comparable: list[_Pairing] = []
    for rule in rules:
        refusal = _refusal(settings, rule, quarantined)
        if refusal is not None:
            outcomes.append(rule.outcome("", {"": refusal}, settings.strict))
            continue
        for source in settings.baseline:
            missing = _missing(source, baselines[source])
            if missing is None:
                comparable.append(_pairing(rule, source, baselines[source], quarantined, settings))
            else:
                outcomes.append(rule.outcome(source, {"": missing}, settings.strict))
    comparisons, failure = _compare(settings, comparable, quarantined, baselines, order)
    for pairing in comparable:
        if failure is None:
            outcomes.append(pairing.outcome(comparisons[pairing.source, pairing.rule.scope]))
        else:
            outcomes.append(pairing.rule.outcome(pairing.source, {"": failure}, settings.strict))
    lost = [(pairing.source, name) for pairing in comparable for name in pairing.untaken]
    names = tuple(dict.fromkeys(lost))
    return GateDecisions(tuple(outcomes), tuple(comparisons.values()), names)


def _pairing(
    rule: _ScopedRule,
    source: str,
    baseline: Baseline,
    quarantined: Collection[Key],
    settings: Settings,
) -> _Pairing:
    inside = None
    if baseline.scores is not None:
        inside = baseline_within(baseline.scores, rule.scope)
    untaken = rule.untaken(inside, quarantined)
    return _Pairing(rule, source, rule.metrics(inside), untaken, settings.strict)


def _compare(
    settings: Settings,
    comparable: Sequence[_Pairing],
    quarantined: Collection[Key],
    baselines: Mapping[str, Baseline],
    order: RunningOrder | None,
) -> tuple[dict[_ComparisonKey, Comparison], GateResult | None]:
    """Return the comparisons, or the reason why there are none."""
    usual = GateRules(margin=settings.margin, alpha=settings.alpha)
    tasks: dict[_ComparisonKey, Task] = {}
    for pairing in comparable:
        rule, source = pairing.rule, pairing.source
        key = (source, rule.scope)
        limits = rule.rule.rules(usual)
        gated = dict(tasks[key].gated) if key in tasks else {}
        sliced = dict(tasks[key].sliced) if key in tasks else {}
        limited = sliced if rule.rule.by_tag else gated
        for metric in pairing.gated:
            if limited.setdefault(metric, limits) != limits:
                return {}, not_compared(
                    f"{rule.rule.text} and another rule compare {metric} with different limits; "
                    "allowed: one rule for a metric"
                )
        baseline = baselines[source]
        if baseline.scores is not None:
            task = _task(pairing, baseline.scores, gated, quarantined)
            tasks[key] = replace(task, sliced=sliced, apart=why_apart(settings, baseline, task))
    # All together, because the correction covers all metrics and baselines of a run.
    every = list(tasks.values())
    try:
        check_tasks(settings, every)
        compared = compare_runs(every) if order is None else compare_in_order(order, every)
    except LLMEvalError as error:
        return {}, not_compared(str(error))
    comparisons = {}
    for key, comparison in zip(tasks, compared, strict=True):
        baseline = baselines[key[0]]
        comparisons[key] = replace(
            comparison, anchors=baseline.anchors, baseline_hash=baseline.digest
        )
    return comparisons, None


def _task(
    pairing: _Pairing,
    baseline: RunScores,
    gated: Mapping[str, GateRules],
    quarantined: Collection[Key],
) -> Task:
    """Return the comparison of a rule's cases; other shared metrics are shown without gating."""
    rule = pairing.rule
    shown = [name for name in rule.scores.scales if name not in gated and name in baseline.scales]
    inside = baseline_within(baseline, rule.scope)
    shown += [name for name in pairing.untaken if name not in gated]
    remedy = made_again(baseline, accept_command(pairing.source, baseline.is_plain))
    return Task(inside, rule.scores, gated, shown, quarantined, remedy, scope=rule.scope)


def _missing(source: str, baseline: Baseline) -> GateResult | None:
    """Return why a baseline is missing or broken, or ``None`` if there is one."""
    if baseline.error is None:
        return None
    if not isinstance(baseline.error, NoSuchRun):
        return not_compared(str(baseline.error))
    if source != LATEST:
        return no_baseline(accept_command(source))
    reason = "no earlier run is in the run log; this one is the baseline of the next"
    return GateResult("NO BASELINE", reason)


def _refusal(
    settings: Settings, rule: _ScopedRule, quarantined: Collection[Key]
) -> GateResult | None:
    """Return why a regression cannot be gated with any baseline, or ``None`` if it can."""
    scores = rule.scores.without(quarantined)
    if scores.selection.by_outcome:
        return by_outcome(scores.selection.by_outcome)
    if all(case.outcome == "skipped" for case in scores.cases.values()):
        return not_compared(NO_CASE)
    if rule.rule.metric and rule.rule.metric not in scores.scales:
        return not_compared(no_such_score(rule.rule.metric, scores.scales))
    metrics = {rule.rule.metric} if rule.rule.metric else set(usual_metrics(scores.scales))
    if PASS_RATE in metrics and PASS_RATE not in scores.scales:
        return not_compared(no_such_score(PASS_RATE, scores.scales))
    if judges_itself(settings) and metrics & scores.judged:
        return not_compared(JUDGES_ITSELF)
    if not settings.baseline:
        return no_baseline(USUAL_ACCEPT)
    return None
