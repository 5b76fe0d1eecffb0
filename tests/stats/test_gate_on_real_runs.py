"""The gate on published judgments: MT-bench, 80 questions of two turns each, judged by GPT-4 from 1 to 10.

The data is no part of the project; the figures are worked out independently and stand beside it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import pytest

from pytest_llmeval.records.comparison import GateResult
from pytest_llmeval.stats.gate import gate
from pytest_llmeval.stats.paired import PairedScores

FILE = Path(__file__).parents[3] / "shared" / "data" / "mtbench_gpt4_single_judgments.jsonl"
SONNET, OPUS = "claude-3-5-sonnet-20240620", "claude-3-opus-20240229"
LLAMA, TUNED = "llama2_chat_7b", "finetune_llama2_chat_7b"
MEANS = {
    SONNET: "9.2062",
    OPUS: "8.675",
    "Meta-Llama-3-8B-Instruct-Normal": "7.7688",
    "Meta-Llama-3-8B-Instruct-Griffin": "2.7000",
    LLAMA: "6.1906",
}

Judgments = Mapping[str, Mapping[tuple[int, int], float]]


@pytest.fixture(scope="module")
def judgments() -> Judgments:
    """By model, then by question and turn; the last row of a key holds, and -1 is a judge that failed."""
    if not FILE.is_file():
        pytest.skip(
            "the published judgments are not here: ../shared/data/mtbench_gpt4_single_judgments.jsonl"
        )
    found: dict[str, dict[tuple[int, int], float]] = defaultdict(dict)
    for line in FILE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["model"]][row["question_id"], row["turn"]] = row["score"]
    return {
        model: {key: score for key, score in rows.items() if score != -1}
        for model, rows in found.items()
    }


def compared(judgments: Judgments, before: str, after: str) -> GateResult:
    keys = sorted(judgments[before].keys() & judgments[after].keys())
    old, new = ([judgments[model][key] / 10 for key in keys] for model in (before, after))
    return gate(PairedScores(old, new, [question for question, _ in keys]))


@pytest.mark.parametrize(("model", "mean"), MEANS.items())
def test_the_means_are_the_printed_ones(judgments: Judgments, model: str, mean: str) -> None:
    assert len(judgments[model]) == 160
    assert fmean(judgments[model].values()) == pytest.approx(float(mean), abs=5.1e-5)


@pytest.mark.parametrize(
    ("before", "after", "verdict", "change", "error", "reason"),
    [
        (
            SONNET,
            OPUS,
            "REGRESSED",
            -0.0531,
            0.0199,
            "dropped 5.3 points (95% sure: at least 0.9; margin 2 points)",
        ),
        (
            OPUS,
            SONNET,
            "OK",
            0.0531,
            0.0199,
            "rose 5.3 points (95% sure: a drop of at most 0.2; margin 2 points)",
        ),
        (
            LLAMA,
            TUNED,
            "REGRESSED",
            -0.1566,
            0.0304,
            "dropped 15.7 points (95% sure: at least 9.2; margin 2 points)",
        ),
    ],
)
def test_the_verdicts_are_the_printed_ones(
    judgments: Judgments,
    before: str,
    after: str,
    verdict: str,
    change: float,
    error: float,
    reason: str,
) -> None:
    found = compared(judgments, before, after)
    assert (found.verdict, found.reason, found.test) == (verdict, reason, "t")
    assert found.change == pytest.approx(change, abs=5.1e-5)
    assert found.error == pytest.approx(error, abs=5.1e-5)
    assert (found.n, found.clusters) == (160, 80)
