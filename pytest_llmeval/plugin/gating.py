"""pytest's side of the gates: the marker, cases in quarantine, and the verdict at the end of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.plugin.collection import GoldenItem, case_of
from pytest_llmeval.plugin.markers import check_keywords
from pytest_llmeval.plugin.state import STATE, PluginState

if TYPE_CHECKING:
    from pytest_llmeval.gating.quarantine import Quarantined
    from pytest_llmeval.records.run import Note
    from pytest_llmeval.runs.gates import Gates
    from pytest_llmeval.runs.recorder import Recorder


Told = list[tuple[str, list[str]]]
"""What a process tells of markers: where each stands, and its rules."""

NO_CASE = "no case was tried, so there is nothing to gate"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Note the gates of the markers."""
    note_gates(session.config.stash[STATE], session.items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Show a case in quarantine that fails as expected to fail."""
    report = yield
    excuse(item, report, call)
    return report


def note_gates(activation: PluginState, items: Iterable[pytest.Item]) -> None:
    """Keep the rules of ``llm_gate`` markers, by where they stand.

    Raises:
        pytest.UsageError: A rule cannot be read.
    """
    found: dict[str, list[str]] = {}
    for item in items:
        for node, mark in item.iter_markers_with_node("llm_gate"):
            rules = found.setdefault(scope_of(item, mark) if node is item else node.nodeid, [])
            rules += [text for text in texts_of(mark, activation) if text not in rules]
    activation.marked_gates = list(found.items())


def scope_of(item: pytest.Item, mark: pytest.Mark) -> str:
    """What a marker of an item itself is about: the test with all its parameters, or those that it was given with."""
    from pytest_llmeval.plugin.item_plan import suite_of  # late: most runs have no such marker

    is_of_parameters = any(
        mark is each for each in getattr(getattr(item, "callspec", None), "marks", ())
    )
    return (
        suite_of(item)
        if is_of_parameters or isinstance(item, GoldenItem)
        else item.nodeid.partition("[")[0]
    )


def texts_of(mark: pytest.Mark, activation: PluginState) -> Sequence[str]:
    """The rules of a marker; what is wrong with one is said before anything is sent."""
    from pytest_llmeval.gating.rules import parse_rules

    try:
        check_keywords(mark, ())
        if not mark.args or not all(isinstance(text, str) for text in mark.args):
            raise SettingError(
                "@pytest.mark.llm_gate",
                mark.args,
                "one or more rules, for example 'pass_rate>=.95'",
            )
        parse_rules(mark.args, "@pytest.mark.llm_gate")
    except InputError as error:
        activation.refuse(pytest.UsageError(str(error)))
        return ()
    return mark.args


def excuse(item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Turn the failure of a case in quarantine into an expected one; an error stays one."""
    if report.when != "call" or not report.failed or item.config.option.runxfail:
        return
    entry = quarantined(item)
    if entry is not None:
        report.outcome = "skipped"
        report.wasxfail = str(entry)


def quarantined(item: pytest.Item) -> Quarantined | None:
    """The entry of an item's case in the quarantine; ``None`` if it gates."""
    case, held = case_of(item), item.config.stash[STATE].quarantine
    return None if case is None or held is None else held.find(case.source.file, case.id)


def is_asked(activation: PluginState, told: Iterable[Mapping[str, Any]]) -> bool:
    """Whether anything is asked of the run as a whole."""
    settings = activation.settings
    if settings.dry_run or activation.config.option.collectonly:
        return False
    return bool(
        settings.gate or settings.baseline or activation.marked_gates or any(map(_gates, told))
    )


def _gates(told: Mapping[str, Any]) -> Told:
    found: Told = told.get("gates", [])
    return found


def gates_of(activation: PluginState, told: Iterable[Mapping[str, Any]]) -> Gates:
    """What is asked of a run, by its settings and by the markers that each process has seen."""
    from pytest_llmeval.runs.gates import Gates

    scoped: dict[str, tuple[str, ...]] = {}
    for scope, rules in [
        *activation.marked_gates,
        *(each for other in told for each in _gates(other)),
    ]:
        scoped[scope] = tuple(dict.fromkeys((*scoped.get(scope, ()), *rules)))
    return Gates(activation.settings, scoped)


def read_baselines(
    activation: PluginState, told: Iterable[Mapping[str, Any]], recorder: Recorder | None
) -> tuple[Note, ...]:
    """Read the baselines that a run is to be compared with, and judge again what another judge has scored.

    Args:
        activation: The plugin's state; its session is still open.
        told: What the xdist workers told.
        recorder: Has the results; ``None`` without any.

    Returns:
        What was judged again.

    Raises:
        LLMEvalError: The run log cannot be read.
    """
    if recorder is None or activation.is_cut_off or not is_asked(activation, told):
        return ()
    return recorder.read_baselines(activation.session)


def decide(
    activation: PluginState, told: Sequence[Mapping[str, Any]], recorder: Recorder | None
) -> tuple[int, tuple[Note, ...]]:
    """Decide the gates of a run.

    Args:
        activation: The plugin's state.
        told: What the xdist workers told.
        recorder: Has the results; ``None`` without any. Gets what became of the gates.

    Returns:
        The exit code that the gates ask for, and what the user should be told.
    """
    asked, settings = is_asked(activation, told), activation.settings
    if settings.dry_run or not (asked or recorder):
        return 0, ()
    from pytest_llmeval.records.run import Note
    from pytest_llmeval.records.verdicts import UNJUDGED
    from pytest_llmeval.runs import ending

    if activation.is_cut_off:
        return 0, (Note("cut_off", ending.NO_VERDICT if asked else ending.CUT_OFF),)
    if recorder is None:
        is_demanded = settings.strict or {"gate", "baseline"} & settings.explicit
        return UNJUDGED if is_demanded else 0, (Note("gate", NO_CASE),)
    if not asked and settings.fail_on == "case":
        return 0, ()
    return ending.decide(
        recorder, gates_of(activation, told), activation.quarantine, activation.is_whole
    )
