"""The sentence that explains a gate's verdict. A point is a hundredth of the scale."""

from __future__ import annotations

from pytest_llmeval.records.comparison import GateResult
from pytest_llmeval.stats.paired import rules_out
from pytest_llmeval.text import change_text, count, level, margin_text, p_text, points

_TEST_NAMES = {
    "t": "t test",
    "permutation": "permutation test",
    "mcnemar": "exact McNemar test",
    "betting": "e-process",
}


def reason(result: GateResult) -> str:
    """Write the sentence for a result whose verdict and numbers are known."""
    return _verdict(result) + _correction(result)


def _correction(result: GateResult) -> str:
    """Write that the baseline's scores of all cases corrected those of a random part."""
    if result.narrowed is None or result.is_identical:
        return ""
    error = f"standard error {100 * result.narrowed:.0f}% smaller"
    return f"; corrected by the baseline's scores of all its cases ({error})"


def _verdict(result: GateResult) -> str:
    limit = margin_text(result.margin)
    margin = f"margin {limit}"
    if result.is_identical and result.is_shown:
        return "identical: every answer is the baseline's"
    if _is_open_by_missing(result):
        return _missing(result)
    if result.error is None:
        return f"only {_clusters(result)}: nothing shows how much the scores vary"
    if result.verdict == "REGRESSED":
        return f"{_change(result)} ({_evidence(result)}; {margin})"
    if result.verdict == "WARN":
        return f"{_change(result)} ({_evidence(result)}; within the margin of {limit})"
    if result.verdict == "OK":
        return f"{_change(result)} ({_bound(result)}; {margin})"
    if result.verdict == "INCONCLUSIVE":
        return _open_question(result)
    raise NotImplementedError(f"stats/reasons.py: no sentence for the verdict {result.verdict!r}")


def _is_open_by_missing(result: GateResult) -> bool:
    """Return whether only the missing scores stand between a result and OK."""
    return (
        result.verdict == "INCONCLUSIVE"
        and bool(result.missing)
        and (result.is_identical or rules_out(result.lower, result.margin))
    )


def _missing(result: GateResult) -> str:
    shown = "every answer is the baseline's" if result.is_identical else _change(result)
    return (
        f"{shown}, but {count(result.missing, 'case')} without a score may have the worst one: "
        f"a drop of {_points(result.worst_lower)} is not ruled out "
        f"(margin {margin_text(result.margin)})"
    )


def _open_question(result: GateResult) -> str:
    margin = f"margin {margin_text(result.margin)}"
    return f"{_change(result)}, {_doubt(result)} ({margin}; {_outlook(result)})"


def _change(result: GateResult) -> str:
    words = change_text(result.change)
    if result.lost is None:
        return words
    return (
        f"{words}: {result.lost} of {result.n} passed before and fail now, "
        f"{result.gained} failed before and pass now"
    )


def _evidence(result: GateResult) -> str:
    """Write how sure it is that the score dropped."""
    if result.metrics > 1:
        return f"{_test(result)}; {p_text(result.adjusted_p)} among {result.metrics} metrics"
    if result.test in ("t", "betting"):
        return f"{level(1 - result.alpha)} sure: at least {_points(result.upper)}"
    return _test(result)


def _bound(result: GateResult) -> str:
    """Write which drop is ruled out, or which rise is sure."""
    lower = result.lower or 0.0
    sure = f"{level(1 - result.alpha)} sure"
    if lower < 0 or _points(lower) == "0.0":
        return f"{sure}: a drop of at most {_points(lower)}"
    return f"{sure}: a rise of at least {_points(lower)}"


def _doubt(result: GateResult) -> str:
    lower = f"a drop of {_points(result.lower)} is not ruled out"
    if (result.change or 0.0) >= 0:
        return f"but {lower}"
    if result.p is not None and result.p < result.alpha:
        chance = f"may be chance among {result.metrics} metrics ({p_text(result.adjusted_p)})"
        return f"which {chance}, and {lower}"
    return f"which may be chance, and {lower}"


def _outlook(result: GateResult) -> str:
    """Write which drop this run would have shown, and how many cases a drop of 5 points needs."""
    if result.test == "betting":
        required = result.metrics / result.alpha
        return f'e-value {result.e_value or 0:.3g} of "worse", {required:g} required'
    detectable = "no drop would show"
    if result.detectable is not None:
        detectable = f"a drop of {_points(result.detectable)} would show"
    if result.cases_needed is None:
        return detectable
    return f"{detectable}, one of 5.0 with {count(result.cases_needed, 'case')}"


def _test(result: GateResult) -> str:
    if not result.test:
        return p_text(result.p)
    return f"{p_text(result.p)}, {_TEST_NAMES[result.test]}"


def _clusters(result: GateResult) -> str:
    if result.clusters == result.n:
        return count(result.n, "case")
    return f"{count(result.clusters, 'cluster')} of {count(result.n, 'case')}"


def _points(value: float | None) -> str:
    return points(None if value is None else abs(value), signed=False)
