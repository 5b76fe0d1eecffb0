"""The early stop of a run: what it needs, and the decision while results come in."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.lookup import accept_command, baseline_finder, opened_log
from pytest_llmeval.errors import InputError, LLMEvalError, SettingError
from pytest_llmeval.gating.comparing import gated_metrics, usual_metrics
from pytest_llmeval.gating.rules import BoundRule, RegressionRule, is_on_answers
from pytest_llmeval.gating.scores import (
    CaseScores,
    RunScores,
    Selection,
    case_scores,
    is_below,
    scales_of,
)
from pytest_llmeval.gating.sequential import (
    Progress,
    RunningComparison,
    RunningOrder,
    is_covered,
    matching_cases,
)
from pytest_llmeval.records.result import CaseResult, Key
from pytest_llmeval.records.score import Scale
from pytest_llmeval.records.stopping import EarlyStop
from pytest_llmeval.runs.gates import Gates
from pytest_llmeval.runs.scopes import WHOLE_RUN, baseline_within
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.table import Settings
from pytest_llmeval.stats.gate import GateRules
from pytest_llmeval.summary.costs import case_cost

if TYPE_CHECKING:
    from pytest_llmeval.gating.quarantine import Quarantine

NOT_RUN = "not run: the verdict was certain (--llm-stop-early)"

_ALLOWED = "a run with a baseline and a gate 'regression'"


def check_stop_early(settings: Settings, locations: Locations) -> dict[str, RunScores]:
    """Read the baselines of an early stop, or refuse it, before anything is sent.

    Returns:
        The scores of each baseline; nothing without an early stop.

    Raises:
        SettingError: There is no baseline, it cannot be read, or a gate is on a figure of all
            cases.
    """
    if not settings.stop_early:
        return {}
    if not settings.baseline:
        remedy = "Name one with --llm-baseline; without it nothing becomes certain."
        raise SettingError(settings.origin("stop_early"), "no baseline", _ALLOWED, remedy)
    check_stopping_rules(Gates(settings, {}))
    return _read_baselines(settings, locations)


def check_stopping_rules(gates: Gates) -> None:
    """Refuse a gate that needs every case together with an early stop.

    Raises:
        SettingError: A gate is on a figure of the answers of all cases, or on the cases of a tag.
    """
    rules = gates.rules()
    for scope, of_scope in rules.items():
        for rule in of_scope:
            is_figure = isinstance(rule, BoundRule) and is_on_answers(rule, {})
            if is_figure or (isinstance(rule, RegressionRule) and rule.by_tag):
                where = f"@pytest.mark.llm_gate on {scope}" if scope else "--llm-gate"
                allowed = "gates 'regression', cost, latency and unscored with --llm-stop-early"
                remedy = "A figure of the cases that were run is not that of all cases."
                raise SettingError(where, rule.text, allowed, remedy)


def stoppable_scopes(gates: Gates) -> tuple[str, ...]:
    """Return the scopes of the regression gates: what lies outside is always run."""
    return tuple(
        scope
        for scope, rules in gates.rules().items()
        if any(isinstance(rule, RegressionRule) for rule in rules)
    )


def is_within(suite: str, scopes: Iterable[str]) -> bool:
    """Return whether a golden file or test belongs to one of some scopes."""
    return any(scope == WHOLE_RUN or is_below(suite, scope) for scope in scopes)


class Stopper:
    """Says while a run goes on whether its verdict is certain.

    Args:
        gates: The gates of the run.
        order: The order of its cases.
        baselines: Scores of its baselines by name.
        quarantine: Cases that do not gate.
        selection: The cases that the run was meant to have.

    Raises:
        SettingError: A rule cannot be read.
    """

    def __init__(
        self,
        gates: Gates,
        order: RunningOrder,
        baselines: Mapping[str, RunScores],
        quarantine: Quarantine | None,
        selection: Selection,
    ) -> None:
        settings = gates.settings
        self.order = order
        self._cluster = settings.cluster
        self._not_run = 0
        self._costs: list[float | None] = []
        left_out: list[Key] = []
        if quarantine is not None:
            left_out = [key for key in order.cases if quarantine.find(key[1], key[2])]
        comparisons = list(_comparisons(gates, baselines, order, left_out, selection))
        self._progress = Progress(order, comparisons)

    def take(self, result: CaseResult) -> bool:
        """Take a result, and return whether the verdict is certain."""
        if result.cause == "early_stop":
            self._not_run += 1
            return self._progress.is_certain
        self._costs.append(case_cost(result).total)
        case = case_scores(result, self._cluster)
        return self._progress.take(case, scales_of(result, case))

    def take_lost(self, key: Key) -> bool:
        """Take a case that died with its worker, and return whether the verdict is certain."""
        return self._progress.take(CaseScores(key, "error"), {})

    def early_stop(self) -> EarlyStop | None:
        """Return what the run has left out, or ``None`` if it has run every case."""
        if not self._not_run:
            return None
        known = [cost for cost in self._costs if cost is not None]
        saved = None
        if known and len(known) == len(self._costs):
            saved = math.fsum(known) / len(known) * self._not_run
        return EarlyStop(len(self.order.cases), self._not_run, saved)


def _comparisons(
    gates: Gates,
    baselines: Mapping[str, RunScores],
    order: RunningOrder,
    left_out: Collection[Key],
    selection: Selection,
) -> Iterable[RunningComparison]:
    settings = gates.settings
    usual = GateRules(margin=settings.margin, alpha=settings.alpha)
    for scope, rules in gates.rules().items():
        of_scope = [rule for rule in rules if isinstance(rule, RegressionRule)]
        if not of_scope:
            continue
        for scores in baselines.values():
            before = baseline_within(scores, scope)
            gated = partial(_gated, of_scope, usual, before.scales)
            matching, has_enough = _matching(before, order, scope, left_out, selection)
            yield RunningComparison(before, gated, order.largest, matching, is_covered=has_enough)


def _matching(
    before: RunScores,
    order: RunningOrder,
    scope: str,
    left_out: Collection[Key],
    selection: Selection,
) -> tuple[Mapping[Key, CaseScores], bool]:
    """Return the cases of the baseline by those of the run, and whether they are enough."""
    try:
        matching = matching_cases(before, order, scope, left_out)
        return matching, is_covered(before, order, selection, scope, left_out)
    except InputError:
        return {}, False  # Every case runs, and the gate gives the reason.


def _gated(
    rules: Sequence[RegressionRule],
    usual: GateRules,
    before: Mapping[str, Scale],
    seen: Mapping[str, Scale],
) -> dict[str, GateRules]:
    """Return the metrics of some rules; what the baseline has must come before a run may stop."""
    gated: dict[str, GateRules] = {}
    for rule in rules:
        names = (rule.metric,) if rule.metric else _usual(before, seen)
        for name in names:
            gated.setdefault(name, rule.rules(usual))
    return gated


def _usual(before: Mapping[str, Scale], seen: Mapping[str, Scale]) -> tuple[str, ...]:
    awaited = usual_metrics({**before, **seen})
    return tuple(dict.fromkeys((*gated_metrics(before, seen), *awaited)))


def _read_baselines(settings: Settings, locations: Locations) -> dict[str, RunScores]:
    """Read the scores of all baselines.

    Raises:
        SettingError: One is not there or cannot be read.
    """
    baselines: dict[str, RunScores] = {}
    with opened_log(locations.address("log", settings.log) if settings.log else "") as log:
        finder = baseline_finder(settings, locations, log)
        for name in settings.baseline:
            try:
                baselines[name] = finder.find(name).read_scores().as_for("")
            except (LLMEvalError, OSError) as error:
                raise SettingError(
                    settings.origin("baseline"),
                    name,
                    "a baseline that can be read before the run, for --llm-stop-early",
                    f"{str(error).rstrip('.')}. Make one with a run of every case, then "
                    f"{accept_command(name)}.",
                ) from None
    return baselines
