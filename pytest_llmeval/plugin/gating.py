"""pytest's side of the gates: what is required of the run, and the verdict at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_llmeval.plugin.state import PluginState

if TYPE_CHECKING:
    from pytest_llmeval.records.run import Note
    from pytest_llmeval.runs.gates import Gates
    from pytest_llmeval.runs.recorder import Recorder


Told = list[tuple[str, list[str]]]
"""What a process tells of markers: where each stands, and its rules."""

NO_CASE = "no case was tried, so there is nothing to gate"


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
