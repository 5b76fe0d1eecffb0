"""The self-test of a judge: it must tell good from bad answers before its scores can gate.

On each of five cases, the expected answer must get at least four fifths of the scale. At most one
fifth must go to an empty answer, a constant answer, the expected answer of a different case, and a
text that demands a high score. At least four in five of each kind must be judged so. A judge fails
if it always says 5, always says 0, scores at random, or cannot be read.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_llmeval.errors import NotTested
from pytest_llmeval.judges.prompting import prompt_file
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.run import SELFTEST_SHARE, SelfTest
from pytest_llmeval.records.score import Score
from pytest_llmeval.text import timestamp

CASES = 5
_GOOD, _BAD = 0.8, 0.2
"""Shares of the scale: 4 and 1 of 5."""
_EXPECTED = "expected"
_DATA = "selftest.json"


@dataclass(frozen=True)
class _Probe:
    """One answer of known quality."""

    kind: str
    case: Case
    answer: str

    def is_judged_right(self, score: Score) -> bool:
        """Return whether a score fits the known quality."""
        low = score.scale.low or 0.0
        high = 1.0 if score.scale.high is None else score.scale.high
        if score.value is None:
            return False
        share = (score.value - low) / (high - low)
        return share >= _GOOD if self.kind == _EXPECTED else share <= _BAD


async def examine(judge: BaseScorer, cases: Sequence[Case]) -> SelfTest:
    """Let a judge score answers of known quality.

    Args:
        judge: The judge.
        cases: Cases with an expected answer. Built-in ones are added if there are fewer than five.

    Raises:
        NotTested: A call returned no completion.
    """
    tests = probes(cases)
    scored: list[Any] = [
        judge.score(probe.case, Completion(probe.answer, endpoint="self-test", cost_usd=0.0))
        for probe in tests
    ]
    results = await asyncio.gather(*scored, return_exceptions=True)
    scores = []
    for result in results:
        if isinstance(result, BaseException):
            raise NotTested(f"the judge's self-test failed to run: {result}") from result
        scores.append(result)
    return _counted(tests, scores)


def probes(cases: Sequence[Case]) -> list[_Probe]:
    """Make the answers: one of each kind for each of five cases.

    Args:
        cases: Cases with an expected answer. The first five different ones are used.
    """
    data = json.loads(prompt_file(_DATA))
    known = {
        _plain(case): case
        for case in reversed([*cases, *map(_built_in_case, data["cases"])])
        if case.expected
    }
    chosen = list(reversed(known.values()))[:CASES]
    chosen_probes: list[_Probe] = []
    for position, case in enumerate(chosen):
        neighbour = chosen[(position + 1) % len(chosen)]
        answers = {
            _EXPECTED: case.expected or "",
            "empty": "",
            "constant": data["constant"],
            "other": neighbour.expected or "",
            "injection": data["injection"],
        }
        case = replace(case, metadata={})  # the row's criterion is not under test
        chosen_probes += [_Probe(kind, case, answer) for kind, answer in answers.items()]
    return chosen_probes


def _built_in_case(row: dict[str, str]) -> Case:
    return Case(row["id"], row["prompt"], Source(_DATA, 1), expected=row["expected"])


def _plain(case: Case) -> str:
    """Return the expected answer without case and extra spaces, to compare cases."""
    return " ".join((case.expected or "").casefold().split())


def _counted(tests: Sequence[_Probe], scores: Sequence[Score]) -> SelfTest:
    right = dict.fromkeys((probe.kind for probe in tests), 0)
    wrong = []
    for probe, score in zip(tests, scores, strict=True):
        is_right = probe.is_judged_right(score)
        right[probe.kind] += is_right
        if not is_right:
            wrong.append((probe, score))
    call_costs = {
        call.call: call.cost_usd for score in scores for call in score.calls if not call.cached
    }
    usd = (
        None
        if None in call_costs.values()
        else math.fsum(cost for cost in call_costs.values() if cost is not None)
    )
    tried = len(tests) // len(right)
    failed = [kind for kind, count in right.items() if count < SELFTEST_SHARE * tried]
    complaint = "" if not failed else _complaint(failed, right, tried, wrong)
    made_at = timestamp()
    return SelfTest(right, tried, complaint, len(call_costs), usd, made_at)


def _complaint(
    failed: Sequence[str], right: dict[str, int], tried: int, wrong: Sequence[tuple[_Probe, Score]]
) -> str:
    """Describe the failed kinds, with the first example."""
    counts = ", ".join(f"{kind} {right[kind]} of {tried}" for kind in failed)
    probe, score = next(pair for pair in wrong if pair[0].kind == failed[0])
    outcome = f"unscored ({score.error})" if score.value is None else f"{score.value:g}"
    return f"right on {counts}; the {probe.kind} answer to {probe.case.id!r} got {outcome}"
