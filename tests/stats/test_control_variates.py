from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytest_llmeval.stats.control_variates import corrected_change
from pytest_llmeval.stats.gate import GateRules, gate
from pytest_llmeval.stats.paired import PairedScores, paired_change
from tests.stats.gate_worlds import Part, graded_part, pass_fail_part

RUNS = 120


def corrected(scores: PairedScores) -> tuple[float, float] | None:
    found = corrected_change(scores, paired_change(scores))
    return None if found is None else (found.change.mean, found.change.error or 0.0)


def test_a_change_that_the_baseline_foretells_is_known_of_all_cases() -> None:
    """Every case rises by half of what it lacks, so that the part says all of the whole."""
    everything = np.linspace(0, 0.9, 200)
    part = everything[::3]
    scores = PairedScores(part.tolist(), (part + (1 - part) / 2).tolist())
    found = corrected(replace(scores, everything=everything.tolist()))
    assert found is not None
    assert found[0] == pytest.approx(float((1 - everything).mean() / 2))
    # What is left is the spread of the 200 cases of the baseline.
    assert found[1] == pytest.approx(0.5 * float(everything.std(ddof=1)) / 200**0.5)


def test_where_it_does_not_hold_nothing_is_corrected() -> None:
    random = np.random.default_rng(1)
    scores = graded_part(200, 60).draw(random, 0.0)
    assert corrected(scores) is not None
    assert corrected(replace(scores, everything=())) is None
    assert corrected(replace(scores, everything=scores.before)) is None
    assert corrected(replace(scores, clusters=[row // 2 for row in range(60)])) is None
    assert corrected(graded_part(200, 49).draw(random, 0.0)) is None
    assert corrected(pass_fail_part(400, 99).draw(random, 0.0)) is None


@pytest.mark.parametrize(
    "world", [graded_part(200, 50), pass_fail_part(400, 100)], ids=lambda world: world.name
)
def test_a_corrected_part_keeps_the_levels_of_the_gate_and_is_unbiased(world: Part) -> None:
    random = np.random.default_rng(3)
    rules = GateRules(draws=399)
    quiet = [gate(world.draw(random, 0.0), rules) for _ in range(RUNS)]
    dropped = [gate(world.draw(random, rules.margin), rules) for _ in range(RUNS)]
    assert sum(found.narrowed is not None for found in quiet) > 0.6 * RUNS
    assert sum(found.verdict in ("REGRESSED", "WARN") for found in quiet) <= 0.1 * RUNS
    assert sum(found.verdict == "OK" for found in dropped) <= 0.1 * RUNS
    changes = [found.change or 0.0 for found in quiet]
    assert abs(float(np.mean(changes))) < 3 * float(np.std(changes)) / RUNS**0.5
