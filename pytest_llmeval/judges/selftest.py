"""The self-test of a judge: answers whose worth is known, which it must tell apart before it may gate.

On each of five cases the expected answer must get at least four fifths of the scale; an empty
answer, one that is the same for every case, the expected answer of another case and a text that
orders a high score must get at most one fifth. At least four in five of each kind must be judged
so. A judge that always says 5, always 0, anything at random, or nothing that can be read, does not
pass.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from pytest_llmeval.errors import NotTested
from pytest_llmeval.judges.prompting import prompt_file
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.run import SELFTEST_SHARE, SelfTest
from pytest_llmeval.records.score import Score

CASES = 5
_GOOD, _BAD = 0.8, 0.2
"""Share of the scale: 4 and 1 of 5."""
_EXPECTED = "expected"
_DATA = "selftest.json"


@dataclass(frozen=True)
class _Probe:
    """One answer whose worth is known."""

    kind: str
    case: Case
    answer: str

    def is_judged_right(self, score: Score) -> bool:
        """Whether a score says what is known of the answer."""
        low, high = score.scale.low or 0.0, 1.0 if score.scale.high is None else score.scale.high
        if score.value is None:
            return False
        share = (score.value - low) / (high - low)
        return share >= _GOOD if self.kind == _EXPECTED else share <= _BAD


async def examine(judge: BaseScorer, cases: Sequence[Case]) -> SelfTest:
    """Let a judge score answers whose worth is known.

    Args:
        judge: The judge.
        cases: Cases with an expected answer; where there are fewer than five, our own are added.

    Raises:
        NotTested: A call gave no completion.
    """
    asked = probes(cases)
    scored: list[Any] = [
        judge.score(probe.case, Completion(probe.answer, endpoint="self-test", cost_usd=0.0))
        for probe in asked
    ]
    results = await asyncio.gather(*scored, return_exceptions=True)
    scores = []
    for result in results:
        if isinstance(result, BaseException):
            raise NotTested(f"the judge's self-test could not be made: {result}") from result
        scores.append(result)
    return _counted(asked, scores)


def probes(cases: Sequence[Case]) -> list[_Probe]:
    """The answers: for each of five cases, one of each kind.

    Args:
        cases: Cases with an expected answer, of which the first five that differ are taken.
    """
    data = json.loads(prompt_file(_DATA))
    known = {
        _plain(case): case
        for case in reversed([*cases, *map(_own, data["cases"])])
        if case.expected
    }
    chosen = list(reversed(known.values()))[:CASES]
    found = []
    for place, case in enumerate(chosen):
        other = chosen[(place + 1) % len(chosen)]
        answers = {
            _EXPECTED: case.expected or "",
            "empty": "",
            "constant": data["constant"],
            "other": other.expected or "",
            "injection": data["injection"],
        }
        case = replace(case, metadata={})  # a row's own criterion is not what is tested
        found += [_Probe(kind, case, answer) for kind, answer in answers.items()]
    return found


def _own(row: dict[str, str]) -> Case:
    return Case(row["id"], row["prompt"], Source(_DATA, 1), expected=row["expected"])


def _plain(case: Case) -> str:
    """The expected answer, so that those of two chosen cases differ in more than case and spaces."""
    return " ".join((case.expected or "").casefold().split())


def _counted(asked: Sequence[_Probe], scores: Sequence[Score]) -> SelfTest:
    right = dict.fromkeys((probe.kind for probe in asked), 0)
    wrong = []
    for probe, score in zip(asked, scores, strict=True):
        is_right = probe.is_judged_right(score)
        right[probe.kind] += is_right
        if not is_right:
            wrong.append((probe, score))
    made = {call.call: call.cost_usd for score in scores for call in score.calls if not call.cached}
    usd = (
        None
        if None in made.values()
        else math.fsum(cost for cost in made.values() if cost is not None)
    )
    tried = len(asked) // len(right)
    failed = [kind for kind, count in right.items() if count < SELFTEST_SHARE * tried]
    complaint = "" if not failed else _complaint(failed, right, tried, wrong)
    made_at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return SelfTest(right, tried, complaint, len(made), usd, made_at)


def _complaint(
    failed: Sequence[str], right: dict[str, int], tried: int, wrong: Sequence[tuple[_Probe, Score]]
) -> str:
    """What went wrong, with the first example of it."""
    counts = ", ".join(f"{kind} {right[kind]} of {tried}" for kind in failed)
    probe, score = next(each for each in wrong if each[0].kind == failed[0])
    found = f"unscored ({score.error})" if score.value is None else f"{score.value:g}"
    return f"right on {counts}; the {probe.kind} answer to {probe.case.id!r} got {found}"
