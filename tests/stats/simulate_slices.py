"""How often slices are called worse when the truth is known, a thousand runs of each situation.

Not collected with the tests: `make simulate` runs it. Bars, each plus two standard errors of the
simulation:

- nothing changed: any slice is REGRESSED, or named in a headline, in at most 6% of the runs;
- a slice of 12 cases loses everything: it is REGRESSED in at least 95%;
- the shrunken changes are nearer to the truth than the changes themselves.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_llmeval.records.comparison import Slice
from pytest_llmeval.stats.gate import GateRules
from pytest_llmeval.stats.paired import PairedScores, paired_change
from pytest_llmeval.stats.slices import SliceScores, judge_slices, slices_of
from tests.stats.gate_worlds import Tagged, tagged
from tests.stats.simulate_gate import Say, say

__all__ = ["say"]

RUNS = 1_000
ERRORS = 0.06 + 2 * math.sqrt(0.06 * 0.94 / RUNS)
POWER = 0.95 - 2 * math.sqrt(0.05 * 0.95 / RUNS)

WORLDS = [
    *(tagged(tags, change) for tags in (5, 20) for change in (0.02, 0.1, 0.3)),
    *(tagged(tags, change, is_graded=True) for tags in (5, 20) for change in (0.03, 0.1)),
    tagged(20, 0.1, overlaps=True),
    tagged(5, 0.3, overlaps=True),
]


def part(scores: PairedScores, tag: str, rows: list[int]) -> SliceScores:
    before, after = ([values[row] for row in rows] for values in (scores.before, scores.after))
    return SliceScores(tag, PairedScores(before, after, None, scores.is_pass_fail), tuple(rows))


def judged(scores: PairedScores, groups: dict[str, list[int]], seed: int = 0) -> tuple[Slice, ...]:
    slices = {tag: part(scores, tag, rows) for tag, rows in groups.items()}
    tests = judge_slices(slices, dict.fromkeys(slices, GateRules(draws=999, seed=seed)))
    overall = paired_change(scores).mean
    return slices_of([(slices[tag], tests[tag]) for tag in slices], overall)


def shares(world: Tagged, drop: float, runs: int = RUNS) -> tuple[float, float, float]:
    """How often any slice is REGRESSED, any is named, and the first one is REGRESSED."""
    random = np.random.default_rng([*world.name.encode(), int(1e6 * drop)])
    regressed = named = first = 0
    for seed in range(runs):
        slices = judged(*world.draw(random, drop), seed)
        worse = [part.tag for part in slices if part.verdict == "REGRESSED"]
        regressed += bool(worse)
        named += bool(worse) or any(part.is_wiped_out for part in slices)
        first += "tag 0" in worse
    return regressed / runs, named / runs, first / runs


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_without_a_change_few_slices_are_called_worse(world: Tagged, say: Say) -> None:
    regressed, named, _ = shares(world, 0.0)
    say(f"no difference | {world.name} | any slice REGRESSED {regressed:.1%}, named {named:.1%}")
    assert named <= ERRORS


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_slice_that_is_wiped_out_is_called_worse(world: Tagged, say: Say) -> None:
    _, _, found = shares(world, 1.0)
    say(f"12 cases lose everything | {world.name} | REGRESSED {found:.1%}")
    assert found >= POWER


def errors(world: Tagged, drop: float, runs: int = RUNS) -> tuple[float, float]:
    """The root of the mean squared error of the changes, and of the shrunken ones."""
    random = np.random.default_rng([*world.name.encode(), 5])
    raw = shrunken = 0.0
    slices = 0
    for _ in range(runs):
        for found in judged(*world.draw(random, drop)):
            truth = 0.0
            assert found.change is not None
            assert found.shrunken is not None
            raw += (found.change - truth) ** 2
            shrunken += (found.shrunken - truth) ** 2
            slices += 1
    return math.sqrt(raw / slices), math.sqrt(shrunken / slices)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_shrunken_changes_are_nearer_to_the_truth(world: Tagged, say: Say) -> None:
    raw, shrunken = errors(world, 0.0, 200)
    say(
        f"no difference | {world.name} | error {100 * raw:.1f}, shrunken {100 * shrunken:.1f} points"
    )
    assert shrunken <= raw
