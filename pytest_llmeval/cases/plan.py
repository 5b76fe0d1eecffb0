"""One case on its way through a test: what its fixtures share, and in the end its CaseResult."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmeval.engine.context import CallContext
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.threshold import Threshold

if TYPE_CHECKING:
    from pytest_llmeval.settings.table import Settings


@dataclass(frozen=True)
class Plan:
    """What a test declares about its case before it runs.

    Attributes:
        nodeid: pytest's node id.
        suite: The golden file's path, or the test function's node id without the case.
        case: The case, with whether it must pass; for a test without a golden file, one made from
            the test itself.
        settings: The settings with the test's markers in them.
        thresholds: The bounds in force.
        metrics: Metrics to take although they have no bound: names with parameters.
        is_golden: Whether the case is a golden one.
        order: Position of the test among all.
    """

    nodeid: str
    suite: str
    case: Case
    settings: Settings
    thresholds: tuple[Threshold, ...] = ()
    metrics: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    is_golden: bool = True
    order: int = 0

    @property
    def call_context(self) -> CallContext:
        """On whose behalf the test's calls are made."""
        return CallContext(self.case.source.file, self.case.id, order=self.order)
