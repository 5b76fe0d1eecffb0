"""The regression gate: every cell of the verdict, which test decides, several metrics, and what always holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_llmeval.records.comparison import GateResult
from pytest_llmeval.records.verdicts import VERDICTS_WORST_FIRST, Verdict
from pytest_llmeval.stats.gate import GateRules, gate, gate_metrics
from pytest_llmeval.stats.paired import PairedScores, paired_change, t_p
from pytest_llmeval.stats.reasons import reason
from pytest_llmeval.stats.sign_flip import sign_flip

FEW = GateRules(draws=499)
scores = st.integers(0, 10).map(lambda step: step / 10)
runs = st.lists(st.tuples(scores, scores), min_size=1, max_size=60)


def drops(*groups: tuple[int, float], clusters: list[int] | None = None) -> PairedScores:
    """Groups of (how many cases, by how much they changed)."""
    changes = [change for count, change in groups for _ in range(count)]
    return PairedScores([0.5] * len(changes), [0.5 + change for change in changes], clusters)


def flags(lost: int, gained: int, n: int, kept: int = 0) -> PairedScores:
    before = [1.0] * lost + [0.0] * gained + [1.0] * kept + [0.0] * (n - lost - gained - kept)
    after = [0.0] * lost + [1.0] * gained + [1.0] * kept + [0.0] * (n - lost - gained - kept)
    return PairedScores(before, after, is_pass_fail=True)


def levels(before: list[float], size: int = 1) -> PairedScores:
    """Cases that stayed as they were, in clusters of a size."""
    return PairedScores(before, before, [row // size for row in range(len(before))])


def noisy(mean: float, n: int, noise: float = 0.1) -> PairedScores:
    """``n`` cases, half of them ``noise`` above the mean and half below."""
    return drops((n // 2, mean + noise), (n - n // 2, mean - noise))


@pytest.mark.parametrize(
    ("scores", "verdict", "test", "reason"),
    [
        (noisy(-0.05, 100), "REGRESSED", "t", "dropped 5.0 points (95% sure: at least 2.5; margin 2 points)"),
        (
            noisy(-0.01, 400, 0.05), "WARN", "t",
            "dropped 1.0 points (95% sure: at least 0.4; within the margin of 2 points)",
        ),
        (noisy(0.0, 300), "OK", "t", "no change (95% sure: a drop of at most 1.5; margin 2 points)"),
        (noisy(0.05, 100), "OK", "t", "rose 5.0 points (95% sure: a rise of at least 1.3; margin 2 points)"),
        (
            noisy(-0.01, 40), "INCONCLUSIVE", "t",
            "dropped 1.0 points, which may be chance, and a drop of 9.2 is not ruled out (margin 2 points; "
            "a drop of 6.4 would show, one of 5.0 with 57 cases)",
        ),
        (noisy(0.0, 40), "INCONCLUSIVE", "t", "no change, but a drop of 8.2 is not ruled out"),
        (noisy(-0.2, 12), "REGRESSED", "t", "dropped 20.0 points (95% sure: at least 5.2; margin 2 points)"),
        (
            noisy(-0.4, 12), "REGRESSED", "permutation",
            "dropped 40.0 points (p = 0.0002, permutation test; margin 2 points)",
        ),
        (drops((17, 0.0), (3, 0.1)), "INCONCLUSIVE", "permutation", "rose 1.5 points, but a drop of 13.6 is not ruled out"),
        (drops((20, 0.0)), "INCONCLUSIVE", "permutation", "no change, but a drop of 15.0 is not ruled out"),
        (drops((146, 0.0), (3, 0.1)), "OK", "permutation", "rose 0.2 points (95% sure: a drop of at most 1.8;"),
        # Three of a hundred and fifty (the "rule of three"), whatever these have to lose.
        (drops((149, 0.0)), "INCONCLUSIVE", "permutation", "no change, but a drop of 2.0 is not ruled out"),
        (drops((150, 0.0)), "OK", "permutation", "no change (95% sure: a drop of at most 2.0; margin 2 points)"),
        (levels([0.0] * 149), "INCONCLUSIVE", "permutation", "no change, but a drop of 2.0 is not ruled out"),
        (levels([0.01] * 30), "INCONCLUSIVE", "permutation", "no change, but a drop of 10.0 is not ruled out"),
        (levels([0.0] * 40, size=10), "INCONCLUSIVE", "permutation", "no change, but a drop of 74.9 is not ruled out"),
        (flags(0, 0, 149), "INCONCLUSIVE", "mcnemar", "no change: 0 of 149 passed before and fail now, 0 failed"),
        (flags(0, 0, 149, 149), "INCONCLUSIVE", "mcnemar", "no change: 0 of 149 passed before and fail now, 0 failed"),
        (flags(0, 0, 150, 150), "OK", "mcnemar", "no change: 0 of 150 passed before and fail now, 0 failed"),
        (
            flags(9, 1, 100, 60), "REGRESSED", "mcnemar",
            "dropped 8.0 points: 9 of 100 passed before and fail now, 1 failed before and pass now "
            "(p = 0.0107, exact McNemar test; margin 2 points)",
        ),
        (
            flags(9, 0, 9), "REGRESSED", "mcnemar",
            "dropped 100.0 points: 9 of 9 passed before and fail now, 0 failed before and pass now "
            "(p = 0.0020, exact McNemar test; margin 2 points)",
        ),
        (flags(5, 0, 5), "REGRESSED", "mcnemar", "dropped 100.0 points: 5 of 5 passed"),
        (
            flags(4, 0, 4), "INCONCLUSIVE", "mcnemar",
            "dropped 100.0 points: 4 of 4 passed before and fail now, 0 failed before and pass now, which may be chance, "
            "and a drop of 100.0 is not ruled out (margin 2 points; no drop would show)",
        ),
        (
            flags(3, 3, 100, 60), "INCONCLUSIVE", "mcnemar",
            "no change: 3 of 100 passed before and fail now, 3 failed before and pass now, but a drop of 5.7 is not ruled out",
        ),
        (flags(9, 1, 1000, 60), "WARN", "mcnemar", "dropped 0.8 points: 9 of 1000"),
        (flags(2, 3, 400, 60), "OK", "mcnemar", "rose 0.2 points: 2 of 400"),
        (PairedScores([], []), "ERROR", None, "nothing to compare: no case has a score in both runs"),
        (PairedScores([0.5], [0.1]), "INCONCLUSIVE", None, "only 1 case: nothing shows how much the scores vary"),
    ],
)  # fmt: skip
def test_the_verdict_and_its_reason(
    scores: PairedScores, verdict: str, test: str | None, reason: str
) -> None:
    found = gate(scores)
    assert (found.verdict, found.reason[: len(reason)]) == (verdict, reason)
    assert found.test == test


@pytest.mark.parametrize("verdict", VERDICTS_WORST_FIRST)
def test_a_verdict_without_a_sentence_is_an_error_and_never_called_chance(verdict: Verdict) -> None:
    dropped = replace(gate(drops((60, -0.5))), verdict=verdict)
    if verdict in (
        "ERROR",
        "NO BASELINE",
    ):  # nothing was compared: whoever says so gives the reason
        with pytest.raises(NotImplementedError, match=f"no sentence for the verdict '{verdict}'"):
            reason(dropped)
    else:
        assert reason(dropped).startswith("dropped 50.0 points")


def test_a_cluster_that_went_wrong_is_one_misfortune_however_many_cases_it_holds() -> None:
    """Six cases of sixty dropped: six misfortunes where each stands alone, one where they are one document's."""
    scores = drops((6, -0.5), (54, 0.0))
    document = drops((6, -0.5), (54, 0.0), clusters=[place // 6 for place in range(60)])
    assert gate(scores).verdict == "REGRESSED"
    assert gate(document).verdict == "INCONCLUSIVE"


def test_cases_in_clusters_are_no_proof_of_many() -> None:
    """200 cases about 20 documents are twenty chances to see a document fail."""
    found = gate(drops((200, 0.0), clusters=[place // 10 for place in range(200)]))
    alone = gate(drops((20, 0.0)))
    assert found.verdict == "INCONCLUSIVE"
    assert (found.lower, found.detectable) == pytest.approx((alone.lower, alone.detectable))


@given(st.lists(st.floats(-0.5, 0.2), min_size=2, max_size=20))
def test_with_few_clusters_both_the_t_test_and_the_permutation_have_to_agree(
    changes: list[float],
) -> None:
    scores = PairedScores([0.5] * len(changes), [0.5 + change for change in changes])
    change = paired_change(scores)
    p = t_p(change)
    flipped = sign_flip(change.sums, FEW.draws).p
    found = gate(scores, FEW)
    assert found.p == max(p, flipped)
    assert found.test == ("t" if flipped < p else "permutation")


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.03])
@pytest.mark.parametrize("n", [20, 50])
def test_noise_of_the_judge_does_not_make_a_small_run_ok(n: int, noise: float) -> None:
    """Half of the runs of 20 cases hold no case that failed, where 3% fail."""
    scores = PairedScores([0.9] * n, [0.9 + noise * (-1) ** place for place in range(n)])
    found = gate(scores)
    assert found.verdict == "INCONCLUSIVE"
    # Without a change the drop that is ruled out is -ln(.05)/n of what there is to lose.
    assert found.lower is not None
    assert found.lower < -0.95 * 0.9 * 2.996 / n


def test_one_large_cluster_rules_nothing_out_that_it_could_hide() -> None:
    """Half of the cases are one document's: twelve documents are no proof against its failure."""
    codes = [0] * 22 + [1 + place // 2 for place in range(22)]
    found = gate(PairedScores([0.7] * 44, [0.7 + 0.001 * (code % 2) for code in codes], codes))
    assert found.verdict == "INCONCLUSIVE"
    assert found.lower is not None
    assert found.lower < -0.5


def test_many_small_losses_are_not_worse_where_a_rare_gain_would_make_up_for_them() -> None:
    """19 of 20 cases lose 5 points, and the kind that gains 100 is not among them by chance."""
    found = gate(PairedScores([0.1] * 20, [0.05] * 20))
    assert found.verdict == "INCONCLUSIVE"
    assert gate(PairedScores([0.1] * 100, [0.05] * 100)).verdict == "REGRESSED"


@given(st.lists(st.tuples(scores, scores), min_size=2, max_size=60), st.booleans())
def test_bounds_stay_on_the_scale_and_enclose_the_change(
    pairs: list[tuple[float, float]], is_pass_fail: bool
) -> None:
    values = [(round(before), round(after)) for before, after in pairs] if is_pass_fail else pairs
    before, after = zip(*values, strict=True)
    found = gate(PairedScores(before, after, is_pass_fail=is_pass_fail), FEW)
    assert found.change is not None
    assert found.lower is not None
    assert found.upper is not None
    assert -1 <= found.lower <= found.change + 1e-9
    assert found.change - 1e-9 <= found.upper <= 1


def test_identical_answers_are_ok_whatever_their_number() -> None:
    found = gate(drops((3, 0.0)), identical=True)
    assert (found.verdict, found.reason, found.is_shown) == (
        "OK",
        "identical: every answer is the baseline's",
        True,
    )


def test_pass_fail_scores_bring_exact_intervals() -> None:
    found = gate(flags(9, 1, 100, 60))
    exact = stats.binomtest(69, 100).proportion_ci(0.95, "exact")
    assert found.before.estimate == pytest.approx(0.69)
    assert (found.before.low, found.before.high) == pytest.approx(tuple(exact))
    assert found.after.estimate == pytest.approx(0.61)
    assert (found.lost, found.gained) == (9, 1)


@pytest.mark.parametrize(
    ("clusters", "last"), [([0, *range(99)], 0.0), (None, 0.5)], ids=["clusters", "samples"]
)
def test_pass_fail_scores_in_clusters_or_over_samples_are_numbers(
    clusters: list[int] | None, last: float
) -> None:
    table = flags(9, 1, 100, 60)
    found = gate(PairedScores(table.before, [*table.after[:-1], last], clusters, is_pass_fail=True))
    assert (found.test == "mcnemar", found.lost) == (False, None)


def test_drawn_permutations_name_their_seed_and_enumerated_ones_none() -> None:
    assert gate(noisy(-0.4, 20), GateRules(seed=5)).seed == 5
    assert gate(noisy(-0.4, 12), GateRules(seed=5)).seed is None
    assert gate(noisy(-0.05, 100), GateRules(seed=5)).seed is None


def test_a_drop_of_just_the_margin_counts_as_one() -> None:
    found = gate(drops((50, -0.04), (50, 0.0)))
    assert found.change == pytest.approx(-0.02)
    assert found.verdict == "REGRESSED"


def test_holm_takes_several_metrics_for_several_chances() -> None:
    """p = .029 alone; among three metrics it is .086."""
    weak, calm = flags(10, 3, 100, 60), noisy(0.0, 300)
    assert gate(weak).verdict == "REGRESSED"
    found = gate_metrics({"weak": weak, "calm": calm, "other": calm})
    assert [each.verdict for each in found.values()] == ["INCONCLUSIVE", "OK", "OK"]
    assert found["weak"].adjusted_p == pytest.approx(3 * (found["weak"].p or 0))
    assert "which may be chance among 3 metrics (p = 0.1384)" in found["weak"].reason


def test_a_metric_that_cannot_regress_costs_the_others_nothing() -> None:
    strong = flags(9, 1, 100, 60)
    found = gate_metrics({"strong": strong, "one": drops((1, -0.1)), "none": PairedScores([], [])})
    assert found["strong"] == gate(strong)
    assert (found["one"].verdict, found["none"].verdict) == ("INCONCLUSIVE", "ERROR")


def test_a_regression_among_several_metrics_names_both_p_values() -> None:
    found = gate_metrics({"strong": noisy(-0.05, 200), "calm": noisy(0.0, 200)})
    assert (
        found["strong"].reason
        == "dropped 5.0 points (p < 0.0001, t test; p < 0.0001 among 2 metrics; margin 2 points)"
    )


@given(runs)
def test_of_two_runs_at_most_one_is_worse(pairs: list[tuple[float, float]]) -> None:
    before, after = zip(*pairs, strict=True)
    forth, back = gate(PairedScores(before, after), FEW), gate(PairedScores(after, before), FEW)
    assert back.change == pytest.approx(-(forth.change or 0), abs=1e-12)
    assert {forth.verdict, back.verdict} & {"OK", "INCONCLUSIVE"}


@given(runs, st.floats(0.0, 0.3), st.floats(0.0, 0.3))
def test_a_wider_margin_never_makes_the_verdict_worse(
    pairs: list[tuple[float, float]], first: float, second: float
) -> None:
    order = ["REGRESSED", "INCONCLUSIVE", "WARN", "OK"]
    before, after = zip(*pairs, strict=True)
    scores = PairedScores(before, after)
    narrow, wide = (
        gate(scores, GateRules(margin, draws=499)) for margin in sorted((first, second))
    )
    assert order.index(wide.verdict) >= order.index(narrow.verdict)
    assert (wide.is_shown, wide.p) >= (narrow.is_shown, narrow.p)


@given(runs, st.booleans())
def test_the_verdict_is_the_cell_of_its_numbers(
    pairs: list[tuple[float, float]], is_pass_fail: bool
) -> None:
    values = [(round(before), round(after)) for before, after in pairs] if is_pass_fail else pairs
    before, after = zip(*values, strict=True)
    found = gate(PairedScores(before, after, is_pass_fail=is_pass_fail), FEW)
    assert found.verdict == cell(found)


def cell(found: GateResult) -> str:
    """The table of the method, read from the bottom of the result."""
    if found.p is None or found.change is None or found.lower is None:
        return "INCONCLUSIVE"
    if found.p < 0.05:
        return "REGRESSED" if found.change <= -0.02 + 1e-9 else "WARN"
    return "OK" if found.lower > -0.02 + 1e-9 else "INCONCLUSIVE"


def test_the_same_scores_and_seed_give_the_same_result() -> None:
    values = np.random.default_rng(1).random((2, 25)).tolist()
    assert gate(PairedScores(*values)) == gate(PairedScores(*values))


def test_missing_scores_count_as_the_worst_beside_the_estimate() -> None:
    """Ten of 200 answers are missing: the rest is the baseline's, and up to five points are lost."""
    whole = PairedScores([1.0] * 190, [1.0] * 190, is_pass_fail=True)
    holed = replace(whole, missing=[1.0] * 10)
    assert gate(whole).verdict == "OK"
    found = gate(holed)
    assert (found.verdict, found.is_shown, found.missing) == ("INCONCLUSIVE", False, 10)
    assert found.worst == pytest.approx(-0.05)
    assert found.reason.startswith(
        "no change: 0 of 190 passed before and fail now, 0 failed before and pass now, but "
        "10 cases without a score may have the worst one: a drop of 8."
    )
    assert gate(holed, identical=True).reason.startswith("every answer is the baseline's, but 10")


def test_a_missing_score_that_was_the_worst_before_costs_nothing() -> None:
    scores = PairedScores([1.0] * 199, [1.0] * 199, is_pass_fail=True, missing=[0.0])
    assert gate(scores).verdict == "OK"
