"""Failures that do not count: cases in quarantine, and thresholds that are left to the gates."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_llmeval.settings.table import BY_GATE

if TYPE_CHECKING:
    from pytest_llmeval.gating.quarantine import Quarantine, Quarantined
    from pytest_llmeval.records.case import Case
    from pytest_llmeval.records.changed import UnchangedCase
    from pytest_llmeval.records.result import CaseResult, Cause
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings


def open_quarantine(settings: Settings, locations: Locations) -> Quarantine | None:
    """Read the quarantine of today, or return ``None`` without a quarantine file.

    Raises:
        InputError: The file cannot be used.
    """
    name = settings.quarantine
    if not name:
        return None
    from pytest_llmeval.gating.quarantine import read_quarantine

    today = datetime.now().astimezone().date()
    return read_quarantine(locations.path("quarantine", name), name, today)


def quarantined(case: Case, quarantine: Quarantine | None) -> Quarantined | None:
    """Return the entry that exempts a case from gating, or ``None`` if it gates."""
    if quarantine is None:
        return None
    return quarantine.find(case.source.file, case.id)


def is_left_to_gates(case: Case, cause: Cause, fail_on: str) -> bool:
    """Return whether a failure does not count, because only the gates of the run decide.

    Args:
        case: The case that has failed.
        cause: The cause of its failure.
        fail_on: The setting ``fail_on``.
    """
    return fail_on == BY_GATE and cause == "threshold" and not case.must_pass


def is_failure(case: UnchangedCase, fail_on: str, quarantine: Quarantine | None) -> bool:
    """Return whether a case that need not run fails the run, because it failed in the baseline.

    Args:
        case: The case.
        fail_on: The setting ``fail_on``.
        quarantine: Cases that do not gate.
    """
    _, file, name = case.key
    if not case.is_failure or (quarantine is not None and quarantine.find(file, name)):
        return False
    return fail_on != BY_GATE or case.must_pass


def excuse(result: CaseResult, fail_on: str, quarantine: Quarantine | None) -> CaseResult:
    """Turn a failure that does not count into an expected failure, as pytest does.

    Args:
        result: The result, evaluated without these rules.
        fail_on: The setting ``fail_on``.
        quarantine: Cases that do not gate.
    """
    if result.outcome != "failed":
        return result
    is_left = is_left_to_gates(result.case, result.cause, fail_on)
    if not is_left and quarantined(result.case, quarantine) is None:
        return result
    return replace(result, outcome="xfailed")
