"""The refusal of thresholds that hide a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import SettingError

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan


def check_bounds(session: Session, plan: Plan, checked: set[object]) -> None:
    """Refuse a threshold that every score meets, because it would hide a real one.

    Args:
        session: The session that makes the scorers.
        plan: The plan of a case.
        checked: Keys of what is checked already.

    Raises:
        SettingError: A threshold is met by every score.
    """
    for threshold in plan.thresholds:
        key = (str(threshold), repr(threshold.params), threshold.origin, plan.settings)
        if key in checked:
            continue
        checked.add(key)
        scale = session.scale(threshold.metric, threshold.params, plan.settings)
        if scale is None or threshold.can_be_missed(scale.low, scale.high):
            continue
        raise SettingError(
            f"threshold ({threshold.origin})",
            str(threshold),
            "a threshold that a score can miss",
            f"Every score of {threshold.metric} meets it, because it is {scale.range}.",
        )
