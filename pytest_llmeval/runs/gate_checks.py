"""The checks of gates and baselines before anything is sent."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pytest_llmeval.assembly.roles import JUDGES_ITSELF, judges_itself
from pytest_llmeval.baselines.baselines import known_baselines
from pytest_llmeval.baselines.lookup import accept_command, baseline_finder, opened_log
from pytest_llmeval.errors import MISSPELT, LLMEvalError, NoSuchRun, SettingError, nearest
from pytest_llmeval.gating.rules import FIGURES, RegressionRule, parse_rules
from pytest_llmeval.goldens.formats import format_of
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.runlog.lookup import LATEST
from pytest_llmeval.runs.gates import WHOLE_RUN, Gates
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.table import Settings


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


def check_rules(gates: Gates, names: Collection[str]) -> None:
    """Refuse a rule on a score whose name is almost that of a judge or metric.

    Other names may be those of scores that only the tests know, so the end of the run tells.

    Args:
        gates: The gates of the run.
        names: Names of all judges and metrics.

    Raises:
        SettingError: A rule names such a score.
    """
    for scope, rules in gates.rules().items():
        origin = f"@pytest.mark.llm_gate on {scope}" if scope else "--llm-gate"
        for rule in rules:
            metric = rule.metric.partition(".")[0]
            if not metric or metric in (*names, *FIGURES):
                continue
            hint = nearest(metric, names, MISSPELT)
            if hint:
                raise SettingError(origin, rule.text, f"a rule on {', '.join(names)}", hint)


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
