from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.records.comparison import Slice
from pytest_llmeval.stats.gate import USUAL, gate
from pytest_llmeval.stats.paired import PairedScores, paired_change
from pytest_llmeval.stats.slices import SliceScores, judge_slices, slices_of
from tests.stats.gate_worlds import tagged
from tests.stats.simulate_slices import errors, shares


def judged(overall: float = 0.0, /, **parts: PairedScores) -> dict[str, Slice]:
    slices = {tag: SliceScores(tag, scores) for tag, scores in parts.items()}
    tests = judge_slices(slices, dict.fromkeys(slices, USUAL))
    return {
        part.tag: part for part in slices_of([(slices[tag], tests[tag]) for tag in slices], overall)
    }


def flips(lost: int, gained: int, same: int) -> PairedScores:
    before = [1.0] * lost + [0.0] * gained + [1.0] * same
    after = [0.0] * lost + [1.0] * gained + [1.0] * same
    return PairedScores(before, after, is_pass_fail=True)


def test_only_tags_that_can_show_anything_share_the_level() -> None:
    """Four changed cases have a p-value of 1/16 at best, so nine such tags cost nothing."""
    quiet = {f"quiet{number}": flips(4, 0, 20) for number in range(9)}
    found = judged(0.0, lost=flips(6, 0, 0), **quiet)
    assert (found["lost"].p, found["lost"].adjusted_p, found["lost"].tested) == (1 / 64, 1 / 64, 1)
    assert found["lost"].verdict == "REGRESSED"
    assert (found["quiet0"].adjusted_p, found["quiet0"].verdict) == (1.0, "INCONCLUSIVE")
    many = judged(
        0.0, lost=flips(6, 0, 0), **{f"busy{number}": flips(5, 4, 9) for number in range(9)}
    )
    assert (many["lost"].adjusted_p, many["lost"].verdict) == (10 / 64, "INCONCLUSIVE")
    assert many["lost"].is_wiped_out


def test_tags_of_the_same_cases_are_one_test() -> None:
    rows = tuple(range(6))
    slices = {tag: SliceScores(tag, flips(6, 0, 0), rows) for tag in ("a", "b", "c")}
    tests = judge_slices(slices, dict.fromkeys(slices, USUAL))
    assert [test.facts.adjusted_p for test in tests.values()] == [1 / 64] * 3


@pytest.mark.parametrize(
    ("scores", "is_wiped_out"),
    [
        (flips(5, 0, 0), True),
        (flips(4, 0, 0), False),
        (flips(9, 0, 1), True),
        (flips(8, 0, 2), False),
        (PairedScores([0.95] * 6, [0.05] * 6), True),
        (PairedScores([0.6] * 6, [0.05] * 6), False),
        (PairedScores([1.0] * 3, [0.0] * 3, missing=[1.0] * 3), True),
    ],
)
def test_a_slice_is_wiped_out_if_nearly_all_of_it_is_lost(
    scores: PairedScores, is_wiped_out: bool
) -> None:
    assert judged(part=scores)["part"].is_wiped_out == is_wiped_out


def test_a_slice_without_any_score_is_an_error() -> None:
    found = judged(gone=PairedScores([], [], missing=[1.0] * 12), rest=flips(0, 0, 20))["gone"]
    assert (found.verdict, found.n, found.missing, found.after) == ("ERROR", 0, 12, None)
    assert (found.before, found.is_wiped_out) == (1.0, True)


def test_the_shrunken_change_is_that_of_the_formula() -> None:
    """Three graded slices without unseen changes of note; computed by hand from the formula."""
    random = np.random.default_rng(3)
    parts = {}
    for tag, (n, change) in {"a": (40, 0.1), "b": (20, -0.1), "c": (10, 0.0)}.items():
        before = np.full(n, 0.5)
        parts[tag] = PairedScores(
            before.tolist(), (before + random.normal(change, 0.05, n)).tolist()
        )
    changes = {tag: np.subtract(part.after, part.before) for tag, part in parts.items()}
    one = sum(((d - d.mean()) ** 2).sum() for d in changes.values()) / (39 + 19 + 9)
    everything = np.abs(np.concatenate(list(changes.values())))
    size = (everything**2).sum() / everything.sum()
    # w of w + 1.645 √w = -ln(.05)
    unseen = 1.2134 * size**2
    variances = {tag: one / len(d) + unseen / len(d) ** 2 for tag, d in changes.items()}
    between = np.mean([changes[tag].mean() ** 2 - variances[tag] for tag in parts])
    for tag, part in judged(0.0, **parts).items():
        share = between / (between + variances[tag])
        assert part.shrunken == pytest.approx(share * changes[tag].mean(), rel=1e-3)


sizes = st.lists(
    st.tuples(*[st.integers(0, 8)] * 3).filter(lambda counts: sum(counts) > 0),
    min_size=1,
    max_size=6,
)


@given(sizes, st.floats(-1, 1))
def test_a_shrunken_change_lies_between_the_change_and_that_of_all(
    counts: list[tuple[int, int, int]], overall: float
) -> None:
    parts = {f"tag{number}": flips(*of) for number, of in enumerate(counts)}
    for part in judged(overall, **parts).values():
        assert part.change is not None
        assert part.shrunken is not None
        low, high = sorted((part.change, overall))
        assert low - 1e-9 <= part.shrunken <= high + 1e-9


@given(st.lists(st.floats(0, 1), min_size=5, max_size=12), st.integers(0, 5))
def test_the_interval_agrees_with_the_test_that_decides(after: list[float], lost: int) -> None:
    """A permutation or McNemar's test that shows nothing stands beside an interval with 0."""
    lost_cases = [0.0] * lost
    for scores in (
        PairedScores([0.6] * len(after) + [1.0] * lost, [*after, *lost_cases]),
        flips(lost, len(after) % 3, len(after)),
    ):
        result = gate(scores)
        assert result.p is not None
        assert result.upper is not None
        if result.test != "t" and result.p >= result.alpha:
            assert result.upper >= 0
        if result.p < result.alpha:
            assert result.upper <= 0


def test_slices_seldom_err_and_see_what_is_wiped_out() -> None:
    """A small part of `make simulate`."""
    for world in (tagged(5, 0.1), tagged(20, 0.03, is_graded=True)):
        _, named, _ = shares(world, 0.0, 60)
        assert named <= 0.13
        assert shares(world, 1.0, 30)[2] >= 0.9
        raw, shrunken = errors(world, 0.0, 30)
        assert shrunken < raw


def test_the_change_of_all_cases_is_no_part_of_a_slice() -> None:
    found = judged(paired_change(flips(0, 20, 80)).mean, a=flips(0, 10, 0), b=flips(0, 0, 50))
    assert found["a"].shrunken is not None
    assert 0.2 < found["a"].shrunken < 1
