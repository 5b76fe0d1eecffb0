"""The gates of a run, decided once at its end, where all of its results are known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_llmeval.assembly.roles import judges_itself
from pytest_llmeval.baselines.lookup import accept_command
from pytest_llmeval.errors import LLMEvalError, NoSuchRun, SettingError
from pytest_llmeval.gating.bounds import check_bound
from pytest_llmeval.gating.comparing import FIRST, Task, compare_sides
from pytest_llmeval.gating.pairing import ends
from pytest_llmeval.gating.rules import BoundRule, RegressionRule, Rule, parse_rules
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.records.comparison import (
    Comparison,
    GateOutcome,
    GateResult,
    MetricComparison,
)
from pytest_llmeval.records.result import PASS_RATE, Key
from pytest_llmeval.records.run import Traffic
from pytest_llmeval.records.verdicts import (
    GATE_STATES,
    VERDICTS_WORST_FIRST,
    gate_state,
    worst_verdict,
)
from pytest_llmeval.runlog.lookup import LATEST
from pytest_llmeval.settings.table import Settings
from pytest_llmeval.stats.comparability import no_baseline
from pytest_llmeval.stats.gate import GateRules

NO_JUDGE = (
    "no judge is set, so the model under test judges itself and the judge changes with it: pin one with "
    "--llm-judge-model"
)
ALL = ""


@dataclass(frozen=True)
class Gates:
    """What is asked of a run.

    Attributes:
        settings: The settings in force.
        scoped: Rules of markers, by where the marker stands.
    """

    settings: Settings
    scoped: Mapping[str, tuple[str, ...]]

    @property
    def is_asked(self) -> bool:
        """Whether there is any."""
        return bool(self.settings.gate or self.settings.baseline or self.scoped)

    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules by their scope; with a baseline and no rule of its own, the run must not be worse than it.

        Raises:
            SettingError: A rule cannot be read.
        """
        whole = parse_rules(self.settings.gate)
        scoped = {
            scope: parse_rules(texts, f"@pytest.mark.llm_gate on {scope}")
            for scope, texts in self.scoped.items()
        }
        every = [rule for rules in (whole, *scoped.values()) for rule in rules]
        if self.settings.baseline and not any(isinstance(rule, RegressionRule) for rule in every):
            whole = (RegressionRule("regression"), *whole)
        return {ALL: whole, **scoped}


@dataclass(frozen=True)
class Judgement:
    """What became of the gates.

    Attributes:
        gates: One outcome for each rule and baseline, the worst first.
        comparisons: One for each baseline that could be read.
    """

    gates: tuple[GateOutcome, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True)
class _Asked:
    """One regression rule against one baseline: the metrics it is about, and the place of its comparison."""

    rule: RegressionRule
    scope: str
    source: str
    metrics: tuple[str, ...]
    place: tuple[str, str]


Load = Callable[[str], RunScores]


def judge_run(
    gates: Gates,
    side: RunScores,
    lost: Sequence[str],
    traffic: Traffic,
    left_out: Collection[Key],
    load: Load,
) -> Judgement:
    """Decide every gate of a run.

    Args:
        gates: What is asked.
        side: The run.
        lost: Node ids of tests that died with their worker.
        traffic: What the run has sent.
        left_out: Cases in quarantine.
        load: Reads a baseline by its name.

    Raises:
        SettingError: A rule cannot be read.
    """
    outcomes: list[GateOutcome] = []
    asked: list[tuple[RegressionRule, str, RunScores]] = []
    for scope, rules in gates.rules().items():
        own = side if scope == ALL else _within(side, scope, lost)
        for rule in rules:
            if isinstance(rule, BoundRule):
                outcomes.append(_scoped(check_bound(rule, own.without(left_out), traffic), scope))
            else:
                asked.append((rule, scope, own))
    regressions, comparisons = _regressions(gates.settings, asked, left_out, load)
    found = sorted([*outcomes, *regressions], key=lambda gate: -GATE_STATES[gate.state].severity)
    return Judgement(tuple(found), comparisons)


def check(settings: Settings) -> None:
    """Look, before anything is sent, whether the gates of the settings can be used.

    Raises:
        SettingError: A rule cannot be read, or the rubric would gate without a judge of its own.
    """
    rules = Gates(settings, {}).rules()[ALL]
    gated = {rule.metric or FIRST for rule in rules if isinstance(rule, RegressionRule)}
    bounded = {threshold.metric for threshold in settings.thresholds()}
    if judges_itself(settings) and FIRST in gated & bounded:
        raise SettingError(
            "--llm-baseline", FIRST, "a regression gate on what a pinned judge has scored", NO_JUDGE
        )


def default_metrics(side: RunScores) -> tuple[str, ...]:
    """The metrics of a regression gate that names none: the rubric; else all with a scale of two ends; else passing."""
    if FIRST in side.scales:
        return (FIRST,)
    scaled = tuple(
        sorted(name for name, scale in side.scales.items() if ends(scale) and name != PASS_RATE)
    )
    return scaled or (PASS_RATE,)


def _regressions(
    settings: Settings,
    asked: Sequence[tuple[RegressionRule, str, RunScores]],
    left_out: Collection[Key],
    load: Load,
) -> tuple[list[GateOutcome], tuple[Comparison, ...]]:
    """Holm's procedure goes over all metrics and baselines of the run: they are compared together."""
    usual = GateRules(margin=settings.margin, alpha=settings.alpha)
    outcomes, tasks, pending = [], dict[tuple[str, str], Task](), list[_Asked]()
    baselines = {source: _loaded(load, source) for source in settings.baseline} if asked else {}
    for rule, scope, own in asked:
        why = _refusal(settings, rule, own.without(left_out))
        if why or not settings.baseline:
            result = (
                GateResult("ERROR", why)
                if why
                else no_baseline("llmeval baseline accept --name main, then --llm-baseline main")
            )
            outcomes.append(_scoped(_outcome(rule, "", [("", result)], settings.strict), scope))
            continue
        metrics = (rule.metric,) if rule.metric else default_metrics(own)
        for source, (baseline, trouble) in baselines.items():
            if baseline is None:
                outcomes.append(
                    _scoped(_outcome(rule, source, [("", trouble)], settings.strict), scope)
                )
                continue
            place = (source, scope)
            before = tasks[place].gated if place in tasks else {}
            gated = {**before, **{metric: rule.rules(usual) for metric in metrics}}
            told = replace(baseline, name=f"{baseline.name} ({scope})" if scope else baseline.name)
            inside = told if scope == ALL else told.within({key[0] for key in own.entries})
            shown = [name for name in own.scales if name not in gated and name in baseline.scales]
            tasks[place] = Task(inside, own, gated, shown, left_out, accept_command(source))
            pending.append(_Asked(rule, scope, source, metrics, place))
    try:
        comparisons = dict(zip(tasks, compare_sides(list(tasks.values())), strict=True))
    except LLMEvalError as error:
        failed = [("", GateResult("ERROR", str(error)))]
        return [
            *outcomes,
            *(
                _scoped(_outcome(each.rule, each.source, failed, False), each.scope)
                for each in pending
            ),
        ], ()
    for each in pending:
        metrics_found = [
            metric for metric in comparisons[each.place].metrics if metric.name in each.metrics
        ]
        results = [(metric.name, metric.result) for metric in metrics_found]
        outcome = _outcome(each.rule, each.source, results, settings.strict, metrics_found)
        outcomes.append(_scoped(outcome, each.scope))
    return outcomes, tuple(comparisons.values())


def _loaded(load: Load, source: str) -> tuple[RunScores | None, GateResult]:
    """A baseline, or why there is none: not made yet, or broken."""
    try:
        return load(source), GateResult("OK", "")
    except NoSuchRun:
        told = no_baseline(accept_command(source))
        if source == LATEST:
            told = replace(
                told,
                reason="no earlier run is in the run log; this one is the baseline of the next",
            )
        return None, told
    except LLMEvalError as error:
        return None, GateResult("ERROR", str(error))


def _refusal(settings: Settings, rule: RegressionRule, side: RunScores) -> str:
    """Why a regression cannot be gated, whatever the baseline says."""
    if not any(entry.outcome != "skipped" for entry in side.entries.values()):
        return "no case was tried: there is nothing to gate"
    metrics = {rule.metric} if rule.metric else set(default_metrics(side))
    return NO_JUDGE if judges_itself(settings) and metrics & side.judged else ""


def _outcome(
    rule: RegressionRule,
    source: str,
    results: Iterable[tuple[str, GateResult]],
    strict: bool,
    metrics: Sequence[MetricComparison] = (),
) -> GateOutcome:
    found = sorted(results, key=lambda each: VERDICTS_WORST_FIRST.index(each[1].verdict))
    verdict = worst_verdict(result.verdict for _, result in found)
    name, first = found[0]
    state = gate_state(verdict, strict, all(result.is_shown for _, result in found))
    n = max((metric.result.n for metric in metrics), default=0)
    reason = f"{name}: {first.reason}" if name else first.reason
    return GateOutcome(rule.text, state, reason, first.change, n, verdict, source)


def _scoped(outcome: GateOutcome, scope: str) -> GateOutcome:
    return replace(outcome, scope=scope)


def _within(side: RunScores, scope: str, lost: Sequence[str]) -> RunScores:
    """The cases that a marker is about, and how many of them died with their worker."""
    suites = {suite for suite, _, _ in side.entries if _is_below(suite, scope)}
    return replace(side.within(suites), lost=sum(_is_below(nodeid, scope) for nodeid in lost))


def _is_below(nodeid: str, scope: str) -> bool:
    """Whether a suite, or a test, belongs to the test, class, module or folder on which a marker stands."""
    return nodeid == scope or nodeid.startswith((f"{scope}[", f"{scope}::", f"{scope}/"))
