"""The refusal of thresholds that every score meets, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import MissingKeyError, NoSuchScore, SettingError
from pytest_llmeval.records.score import UNDECLARED_REMEDY, UNIT_SCALE

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.records.score import Scale
    from pytest_llmeval.records.threshold import Threshold


def check_bounds(session: Session, plan: Plan, checked: set[object]) -> None:
    """Refuse a threshold that every score meets, because it would hide a real one, or none meets.

    Args:
        session: The session that makes the scorers.
        plan: The plan of a case.
        checked: Keys of what is checked already.

    Raises:
        SettingError: A threshold is met by every score, or by none.
    """
    for threshold in plan.thresholds:
        key = (str(threshold), repr(threshold.params), threshold.origin, plan.settings)
        if key in checked:
            continue
        checked.add(key)
        scale = session.scale(threshold.metric, threshold.params, plan.settings)
        if scale is None:
            _check_bound(threshold, UNIT_SCALE, UNDECLARED_REMEDY)
        else:
            _check_bound(threshold, scale)


def _check_bound(threshold: Threshold, scale: Scale, remedy: str = "") -> None:
    """Refuse a threshold that every score on a scale meets, or none."""
    if not threshold.can_be_missed(scale.low, scale.high):
        who, verb = "Every", "miss"
    elif not threshold.can_be_met(scale.low, scale.high):
        who, verb = "No", "meet"
    else:
        return
    hint = remedy or threshold.as_share(scale.low, scale.high)
    reason = f"{who} score of {threshold.metric} meets it, because it is {scale.range}. {hint}"
    error = SettingError(
        f"threshold ({threshold.origin})",
        str(threshold),
        f"a threshold that a score can {verb}",
        reason.rstrip(),
    )
    error.is_shared = threshold.is_shared
    raise error


def with_setting(error: NoSuchScore, plan: Plan) -> NoSuchScore:
    """Return the error with the setting of a plan that names the score."""
    for threshold in plan.thresholds:
        if threshold.metric == error.value:
            return error.at(f"threshold ({threshold.origin})", threshold.is_shared)
    if error.value in [name for name, _ in plan.metrics]:
        return error.at("@pytest.mark.llm_metric", False)
    return error


def with_threshold(error: MissingKeyError, scorer: object, plan: Plan) -> MissingKeyError:
    """Return the error with the threshold that needs the judge.

    Args:
        error: The error.
        scorer: The key of the scorer that lacks its key; anything else for a provider.
        plan: The plan of the case.
    """
    for threshold in plan.thresholds:
        if threshold.scorer == scorer:
            needs = f"{threshold} ({threshold.origin}) needs the judge"
            return MissingKeyError(f"{error} {needs}.")
    return error
