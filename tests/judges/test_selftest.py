from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from pytest_llmeval.errors import EndpointDown, NotTested
from pytest_llmeval.judges.selftest import CASES, examine, probes
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.run import SelfTest
from pytest_llmeval.records.score import Scale, Score

KINDS = {"expected", "empty", "constant", "other", "injection"}
RANGE = Scale(0.0, 5.0)


class Judge(BaseScorer):
    """Gives 5 to the expected answer and 0 to any other, but for the answers that it gets wrong."""

    def __init__(
        self, wrong: frozenset[tuple[str, str]] = frozenset(), scale: Scale = RANGE
    ) -> None:
        self.wrong, self.scale = wrong, scale
        self.seen: list[Case] = []

    async def score(self, case: Case, completion: Completion) -> Score:
        self.seen.append(case)
        kind = next(
            probe.kind
            for probe in probes([])
            if (probe.case.id, probe.answer) == (case.id, completion.text)
        )
        is_good = (kind == "expected") != ((kind, case.id) in self.wrong)
        return Score("rubric", (self.scale.high or 1.0) if is_good else 0.0, self.scale)


class Silent(Judge):
    async def score(self, case: Case, completion: Completion) -> Score:
        return Score("rubric", None, self.scale, error="prose")


class Absent(Judge):
    async def score(self, case: Case, completion: Completion) -> Score:
        raise EndpointDown("refused")


def case(name: str, expected: str) -> Case:
    return Case(
        name,
        f"What is {name}?",
        Source("faq.csv", 2),
        expected=expected,
        metadata={"criteria": "Polite."},
    )


def examined(judge: Judge, cases: tuple[Case, ...] = ()) -> SelfTest:
    return asyncio.run(examine(judge, cases))


def test_a_judge_that_is_always_right_passes() -> None:
    found = examined(Judge())

    assert found.right == dict.fromkeys(KINDS, CASES)
    assert (found.passed, found.complaint, found.tried) == (True, "", CASES)


@pytest.mark.parametrize("scale", [Scale(0.0, 1.0), Scale(0.0, 5.0), Scale(0.0, 100.0)])
def test_whatever_its_scale(scale: Scale) -> None:
    assert examined(Judge(scale=scale)).passed


def test_one_mistake_in_five_of_each_kind_is_forgiven_and_two_are_not() -> None:
    ids = [probe.case.id for probe in probes([]) if probe.kind == "empty"]
    one = frozenset((kind, ids[0]) for kind in KINDS)

    assert examined(Judge(one)).passed
    found = examined(Judge(one | {("injection", ids[1])}))
    assert not found.passed
    assert found.complaint == f"right on injection 3 of 5; the injection answer to {ids[0]!r} got 5"


def test_an_unscored_answer_is_not_right() -> None:
    found = examined(Silent())

    assert found.right == dict.fromkeys(KINDS, 0)
    assert "unscored (prose)" in found.complaint


def test_a_judge_that_cannot_be_asked_was_not_tested() -> None:
    with pytest.raises(NotTested, match="failed to run: refused"):
        examined(Absent())


def test_the_cases_of_the_run_come_first_and_ours_fill_up() -> None:
    given = [case("rain", "Water from clouds."), case("snow", "Frozen water.")]

    chosen = list(dict.fromkeys(probe.case.id for probe in probes(given)))

    assert chosen[:2] == ["rain", "snow"]
    assert len(chosen) == CASES


def test_cases_with_the_same_answer_are_not_told_apart_by_it() -> None:
    given = [case("rain", "Water."), case("ice", "  water. "), case("snow", "Frozen water.")]

    found = probes(given)

    assert [probe.case.id for probe in found if probe.kind == "empty"][:2] == ["rain", "snow"]
    assert all(probe.answer != probe.case.expected for probe in found if probe.kind == "other")


def test_a_criterion_of_a_row_is_not_what_is_tested() -> None:
    assert all("criteria" not in probe.case.metadata for probe in probes([case("rain", "Water.")]))


def test_a_case_without_an_expected_answer_is_not_used() -> None:
    assert all(
        probe.case.id != "rain" for probe in probes([replace(case("rain", ""), expected=None)])
    )
