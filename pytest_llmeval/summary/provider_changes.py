"""Was it us or the provider? In words for all reports."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llmeval.records.comparison import (
    AnsweringModel,
    Comparison,
    MetricComparison,
    Portion,
    SameRequests,
)
from pytest_llmeval.text import and_more, count, points

_NAMED = 3
_VISIBLE = 1.96
"""Standard errors from which a change is more than chance, two-sided at 95%."""


def provider_changes(comparison: Comparison) -> Iterator[str]:
    """Yield who answered before and now, and each gated metric's change apart."""
    if _is_new_model(comparison):
        yield _models_text(comparison)
    for metric in comparison.metrics:
        if metric.is_gated and metric.same_requests is not None:
            yield _metric_text(comparison, metric, metric.same_requests)


def visible_provider_changes(comparison: Comparison) -> Iterator[str]:
    """Yield what `provider_changes` says where the provider may have changed."""
    if _is_new_model(comparison):
        yield _models_text(comparison)
    for metric in comparison.metrics:
        part = metric.same_requests
        if not metric.is_gated or part is None:
            continue
        if _is_new_model(comparison) or _is_visible(part.same):
            yield _metric_text(comparison, metric, part)


def _is_new_model(comparison: Comparison) -> bool:
    """Return whether a model or a configuration answered that never did in the baseline."""
    return any(model.after and not model.before for model in comparison.models)


def _is_visible(portion: Portion) -> bool:
    return portion.error is not None and abs(portion.change) > _VISIBLE * portion.error


def _models_text(comparison: Comparison) -> str:
    before = _names([(model, model.before) for model in comparison.models])
    after = _names([(model, model.after) for model in comparison.models])
    return f"the same requests were answered by {before} for {comparison.baseline}, now by {after}"


def _names(counts: list[tuple[AnsweringModel, int]]) -> str:
    named = sorted(
        ((number, model.name) for model, number in counts if number), key=lambda row: -row[0]
    )
    texts = [f"{name} ({count(number, 'case')})" for number, name in named[:_NAMED]]
    if len(named) > _NAMED:
        texts.append(and_more(len(named) - _NAMED))
    return ", ".join(texts)


def _metric_text(comparison: Comparison, metric: MetricComparison, part: SameRequests) -> str:
    cases = count(part.same.n, "case")
    why = "the provider or chance"
    if part.of_tests:
        why = "the provider, the code of the tests or chance"
    text = (
        f"{metric.name}: {cases} sent the request of {comparison.baseline} again and were "
        f"answered anew: {_change(part.same)}, which is {why}"
    )
    if not part.others.n:
        return text
    return f"{text}; the other {part.others.n:,}: {_change(part.others)}"


def _change(portion: Portion) -> str:
    text = f"{points(portion.change)} points"
    if portion.error is None:
        return text
    return f"{text} (SE {points(portion.error, signed=False)})"
