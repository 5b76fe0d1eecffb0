"""The checks of gates and baselines before anything is sent."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.roles import JUDGES_ITSELF, judges_itself
from pytest_llmeval.baselines.baselines import known_baselines
from pytest_llmeval.baselines.lookup import accept_command, baseline_finder, opened_log
from pytest_llmeval.errors import (
    MISSPELT,
    InputError,
    LLMEvalError,
    NoSuchRun,
    SettingError,
    nearest,
)
from pytest_llmeval.gating.rules import (
    FIGURES,
    BoundRule,
    RegressionRule,
    check_possible,
    parse_rules,
)
from pytest_llmeval.goldens.formats import format_of
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.runlog.lookup import LATEST
from pytest_llmeval.runs.gates import Gates
from pytest_llmeval.runs.scopes import WHOLE_RUN
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.table import Settings

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session


def check_gates(settings: Settings) -> None:
    """Check the gates of the settings before anything is sent.

    Raises:
        SettingError: A rule cannot be read, also one that a nearer setting replaces. Or the rubric
            would gate without a separate judge.
    """
    for replaced in settings.replaced_gates:
        parse_rules((replaced.text,), replaced.origin)
    rules = Gates(settings, {}).rules()[WHOLE_RUN]
    gated = {rule.metric or RUBRIC for rule in rules if isinstance(rule, RegressionRule)}
    bounded = {threshold.metric for threshold in settings.thresholds()}
    if judges_itself(settings) and RUBRIC in gated & bounded:
        allowed = "a regression gate on what a pinned judge has scored"
        origin = settings.origin("baseline" if settings.baseline else "gate")
        raise SettingError(origin, RUBRIC, allowed, JUDGES_ITSELF)


def check_rules(gates: Gates, session: Session) -> None:
    """Refuse a rule that no score can meet, or whose score is almost a judge or metric by its name.

    Other names may be those of scores that only the tests know, so the end of the run tells.

    Args:
        gates: The gates of the run.
        session: The session that makes the scorers.

    Raises:
        SettingError: There is such a rule.
    """
    names = session.score_names()
    for scope, rules in gates.rules().items():
        origin = f"@pytest.mark.llm_gate on {scope}" if scope else "--llm-gate"
        for rule in rules:
            if isinstance(rule, BoundRule):
                _check_possible(rule, session, origin)
            metric = rule.metric.partition(".")[0]
            if not metric or metric in (*names, *FIGURES):
                continue
            hint = nearest(metric, names, MISSPELT)
            if hint:
                allowed = "a rule on a score that 'llmeval metrics' lists"
                raise SettingError(origin, rule.text, allowed, hint)


def _check_possible(rule: BoundRule, session: Session, origin: str) -> None:
    """Refuse a bound on a metric that no score of it can meet, if its scale is known already."""
    if rule.fixed_scale is not None:
        return
    try:
        scale = session.scale(rule.metric, {}, session.settings)
    except InputError:
        return  # It takes parameters that only a test knows, or is no metric.
    if scale is not None:
        check_possible(rule, scale, origin)


def check_baselines(settings: Settings, locations: Locations) -> None:
    """Refuse a baseline of the command line or the environment that does not exist.

    A name that the ini file declares may come to exist with its first accepted run. So may any
    plain name in a project that has no baseline and no named run: it cannot be a misspelt one.

    Raises:
        SettingError: There is no such baseline.
        RunLogError: The run log cannot be read.
    """
    if "baseline" not in settings.explicit | settings.environment:
        return
    with opened_log(locations.address("log", settings.log) if settings.log else "") as log:
        finder = baseline_finder(settings, locations, log)
        known = known_baselines(locations, log)
        for name in settings.baseline:
            try:
                finder.find(name)
            except NoSuchRun:
                is_declared = name == LATEST or name in settings.declared_baselines
                if is_declared or (not known and not _is_path(name)):
                    continue
                raise _no_baseline(settings, name, known) from None
            except (LLMEvalError, OSError):
                continue  # its gate gives the reason


def _is_path(name: str) -> bool:
    return Path(name).name != name or format_of(Path(name)) is not None


def _no_baseline(settings: Settings, name: str, known: Collection[str]) -> SettingError:
    origin = settings.origin("baseline")
    allowed = [*known, LATEST]
    return SettingError(
        origin,
        name,
        f"{', '.join(allowed)}, the id of a run, or the path of a file",
        f"{nearest(name, allowed)} Accept a run with: {accept_command(name)}. A name without an "
        "accepted run yet is declared with the ini key llm_baseline.".strip(),
    )
