"""What every test of this suite shares: metrics of our own, and the failures that we know of."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support_metrics import FieldsRight, GroundedNumbers

from pytest_llmeval import Scorer

KNOWN_FAILURES = Path(__file__).with_name("known_failures.csv")


def pytest_llmeval_metrics() -> list[Scorer]:
    """Add our metrics to those that the plugin has."""
    return [GroundedNumbers(), FieldsRight()]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the known failures: each is run and reported, and none makes the suite red."""
    with KNOWN_FAILURES.open(encoding="utf-8", newline="") as file:
        reasons = {row["test"]: row["reason"] for row in csv.DictReader(file)}
    for item in items:
        if item.nodeid in reasons:
            item.add_marker(pytest.mark.xfail(reason=reasons[item.nodeid], strict=False))
