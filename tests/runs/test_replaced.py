"""Thresholds and gates that a nearer setting replaces: whoever reads the result sees the weaker."""

from __future__ import annotations

import pytest

from pytest_llmeval.runs.replaced import weakened
from pytest_llmeval.settings.resolve import resolve


@pytest.mark.parametrize(
    ("old", "new", "is_weaker"),
    [
        ("pass_rate>=.9", "pass_rate>=.9", False),
        ("pass_rate>=.9", "pass_rate>=.8", True),
        ("rubric.mean>=4", "rubric.mean>4", False),
        ("rubric.mean>4", "rubric.mean>=4", True),
        ("cost<=1", "cost<1", False),
        ("cost<1", "cost<=1", True),
        ("cost<=1", "cost<=.5", False),
        ("cost<=1", "cost>=.5", True),
        ("pass_rate>=.9", "pass_rate.low>=.9", False),
        ("pass_rate.low>=.9", "pass_rate>=.95", True),
        ("rubric.mean>=4", "rubric.min>=4", False),
        ("rubric.min>=4", "rubric.mean>=4.5", True),
        ("rubric.p50>=4", "rubric.p10>=4", False),
        ("rubric.p10>=4", "rubric.p50>=4", True),
        ("latency.p95<=2", "latency.max<=2", False),
        ("latency.max<=2", "latency.p95<=1", True),
        ("rubric.worst_tag>=4", "rubric.mean>=4", True),
        ("rubric.mean==3", "rubric.mean>=3", True),
        ("rubric.mean>=3", "rubric.mean==3", False),
        ("regression(rubric, margin=0.02)", "regression(rubric, margin=0.01)", False),
        ("regression(rubric, margin=0.02)", "regression(rubric,margin=0.02)", False),
        ("regression(rubric, margin=0.02)", "regression(rubric, margin=0.03)", True),
        ("regression(rubric, margin=0.01)", "regression(rubric)", True),
        ("regression(rubric)", "regression(rubric, margin=0.02)", False),
        ("regression(rubric, alpha=0.01)", "regression(rubric, alpha=0.05)", True),
        ("regression(rubric)", "regression(relevance)", True),
        ("regression(rubric)", "pass_rate>=.9", True),
    ],
)
def test_a_gate_that_replaces_a_stricter_one_is_named(old: str, new: str, is_weaker: bool) -> None:
    settings = resolve({"gate": [new]}, {}, {"gate": [old]})
    sentence = f"--llm-gate replaces ini llm_gate {old}"
    assert list(weakened(settings)) == ([sentence] if is_weaker else [])


@pytest.mark.parametrize(
    ("old", "new", "is_weaker"),
    [
        ("rubric>=4", "rubric>4", False),
        ("rubric>4", "rubric>=4", True),
        ("cost<=1", "cost<1", False),
        ("length<=5", "length<=4", False),
        ("length<=5", "length<=6", True),
        ("bleu>=.5", "bleu==.5", False),
        ("bleu==.5", "bleu>=.5", False),
        ("bleu==.5", "bleu>=.4", True),
        ("bleu>.5", "bleu==.5", True),
    ],
)
def test_a_threshold_that_replaces_a_stricter_one_is_named(
    old: str, new: str, is_weaker: bool
) -> None:
    settings = resolve({"threshold": [new]}, {}, {"threshold": [old]})
    sentences = list(weakened(settings))
    assert bool(sentences) == is_weaker
    for sentence in sentences:
        assert sentence.startswith(f"--llm-threshold {new[:4]}"), sentence
