"""Replies of real judges, as they were published; see ``../shared/data/README.md``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.errors import BadReply
from pytest_llmeval.judges.replies import parse_rating

DATA = Path(__file__).parents[3] / "shared/data"


def accuracy(verdicts: Sequence[tuple[str, str]], labels: Sequence[str]) -> float | None:
    """Share of verdicts that name the answer that people prefer, the mean over both orders.

    Source: LLMBar, arXiv 2310.07641, section 4.

    Args:
        verdicts: For each pair, who won in either order.
        labels: Whom people prefer.

    Returns:
        From 0 to 1; ``None`` without pairs.
    """
    right = [
        (verdict == label) for pair, label in zip(verdicts, labels, strict=True) for verdict in pair
    ]
    return sum(right) / len(right) if right else None


def position_agreement(verdicts: Sequence[tuple[str, str]]) -> float | None:
    """Share of pairs on which both orders have the same winner. Source: the same.

    Returns:
        From 0 to 1; ``None`` without pairs.
    """
    return sum(first == second for first, second in verdicts) / len(verdicts) if verdicts else None


def rows(name: str) -> list[Any]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"needs {name}, which is not part of the project")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_rating_of_mt_bench_is_read_as_it_was_recorded_and_failures_are_unscored() -> None:
    read, unscored = 0, 0
    for row in rows("mtbench_gpt4_single_judgments.jsonl"):
        try:
            assert parse_rating(row["judgment"], 1, 10).score == row["score"]
            read += 1
        except BadReply:
            assert row["score"] == -1
            unscored += 1
    assert (read, unscored) == (1446, 4)


def winners(row: Any, judge: str) -> tuple[str, str]:
    """Whose answer each order's reply names: ``Output (a)`` is the one that stood first."""
    said = row["judgments"][judge]
    first = {"Output (a)": "1", "Output (b)": "2"}[said["ab"]["text"].strip()]
    second = {"Output (a)": "2", "Output (b)": "1"}[said["ba"]["text"].strip()]
    return first, second


@pytest.mark.parametrize(
    ("subset", "judge", "right", "agreeing"),
    [
        ("Natural", "GPT-4/Vanilla", 95.5, 95.0),
        ("MT-Bench", "GPT-4/Vanilla_NoRules", 81.0, 87.0),
        ("MT-Bench", "ChatGPT/Vanilla_NoRules", 71.25, 57.5),
    ],
)
def test_llmbar_comes_out_as_it_was_published(
    subset: str, judge: str, right: float, agreeing: float
) -> None:
    pairs = [row for row in rows("llmbar_natural_mtbench.jsonl") if row["subset"] == subset]
    verdicts = [winners(row, judge) for row in pairs]
    labels = [str(row["label"]) for row in pairs]

    assert 100 * (accuracy(verdicts, labels) or 0) == pytest.approx(right)
    assert 100 * (position_agreement(verdicts) or 0) == pytest.approx(agreeing)
