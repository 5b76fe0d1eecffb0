"""How a run ends: its gates decided, and the exit code that its cases and gates make, for every door alike."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.results import UNJUDGED, WORSE

if TYPE_CHECKING:
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.session.gating import Gates
    from pytest_llmeval.session.recorder import Recorder

CUT_OFF = "the run was cut off before its end"
NO_VERDICT = f"{CUT_OFF}, so its gates give no verdict"
NOTHING_DECIDES = (
    "with --llm-fail-on gate the gates alone decide, and there is none: give one with --llm-gate or --llm-baseline"
)
UNDECIDED = "the gates could not be decided"
NOTES = (CUT_OFF, NOTHING_DECIDES, UNDECIDED, "baseline ", "quarantine ")
"""How the notes begin that are about the gates of a run, and not about its results."""


def decide(
    recorder: Recorder, gates: Gates, quarantine: Quarantine | None, is_whole: bool
) -> tuple[int, tuple[str, ...]]:
    """Decide the gates of a run that came to its end.

    Args:
        recorder: Has the results, and gets what became of the gates.
        gates: What is asked.
        quarantine: Cases that do not gate.
        is_whole: Whether the run has all cases there are.

    Returns:
        The exit code that the gates ask for, and what the user should be told.
    """
    if not gates.is_asked:
        return (UNJUDGED, (NOTHING_DECIDES,)) if gates.settings.fail_on == "gate" else (0, ())
    from pytest_llmeval.session.gating import exit_code

    try:
        warnings = recorder.judge(gates, quarantine, is_whole)
    except (LLMEvalError, OSError) as error:
        return UNJUDGED, (f"{UNDECIDED}: {error}",)
    return exit_code(recorder.run.gates), warnings


def case_code(outcomes: Collection[str], has_other_failures: bool) -> int:
    """The exit code that the cases of a run ask for.

    Args:
        outcomes: How they ended.
        has_other_failures: Whether a test failed that has no case.
    """
    if has_other_failures or "failed" in outcomes:
        return WORSE
    return UNJUDGED if "error" in outcomes else 0


def joint_code(*codes: int) -> int:
    """The exit code of a run of which several things ask for one: worse comes before not judged."""
    return next((code for code in (WORSE, UNJUDGED) if code in codes), 0)
