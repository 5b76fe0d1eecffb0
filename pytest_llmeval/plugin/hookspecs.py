"""The hooks that this plugin offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmeval.protocols import Scorer


def pytest_llmeval_metrics() -> Sequence[Scorer]:  # type: ignore[empty-body]
    """Custom metrics for thresholds, markers and the fixture ``llm_metric``.

    Returns:
        Objects with ``name``, ``version`` and ``score(case, completion)``, or classes that make
        them from keyword parameters.
    """
