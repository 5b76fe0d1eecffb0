from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import date
from types import MappingProxyType
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.records.calibration import Calibration, Confusion
from pytest_llmeval.records.call import (
    Completion,
    Parameters,
    Quota,
    RateLimits,
    Request,
    TokenLogprob,
    Usage,
)
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.comparison import (
    AnchorCheck,
    AnsweringModel,
    CaseChange,
    CaseEdit,
    Comparison,
    Coverage,
    GateOutcome,
    GateResult,
    LengthChange,
    MetricComparison,
    Portion,
    Renaming,
    SameRequests,
    Slice,
)
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import Before, BeforeScore, CaseResult, Cause, Check, Sample
from pytest_llmeval.records.run import (
    JudgeFacts,
    Note,
    NoteKind,
    Run,
    SelfTest,
    Traffic,
)
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.stopping import EarlyStop
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.records.verdicts import VERDICTS_WORST_FIRST
from pytest_llmeval.records.wire import from_wire, to_builtin, to_wire

BUILTIN = {dict, list, str, int, float, bool, type(None)}
"""Exact types: execnet, jsonschema and JSON readers know no subclass and no tuple."""

texts = st.text(
    st.characters(exclude_categories=()), max_size=5
)  # lone surrogates too: models write them
numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=3,
)
objects = st.dictionaries(texts, json_values, max_size=2)
weights = st.dictionaries(texts, numbers, max_size=2)


def many(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=2).map(tuple)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def record(record_type: Any, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Records of one class; every field must be given, so that a new one is not forgotten here."""
    assert {field.name for field in dataclasses.fields(record_type)} == set(fields)
    return st.builds(record_type, **fields)


thresholds = record(
    Threshold, metric=texts, comparison=texts, bound=numbers, params=objects, origin=texts
)
cases = record(
    Case,
    id=texts,
    prompt=texts,
    source=record(Source, file=texts, line=st.integers()),
    messages=many(objects),
    expected=maybe(texts),
    contexts=many(texts),
    tags=many(texts),
    metadata=objects,
    thresholds=many(thresholds),
    must_pass=maybe(st.booleans()),
)
parameters = record(
    Parameters,
    **dict.fromkeys(
        ("temperature", "top_p", "frequency_penalty", "presence_penalty"), maybe(numbers)
    ),
    **dict.fromkeys(
        ("max_tokens", "seed", "n", "top_logprobs", "reasoning_room"), maybe(st.integers())
    ),
    stop=many(texts),
    logprobs=maybe(st.booleans()),
    response_format=maybe(objects),
    extra_body=objects,
)
requests = record(
    Request,
    messages=many(objects),
    model=texts,
    parameters=parameters,
    sample=st.integers(),
    case=maybe(cases),
)
quotas = record(Quota, limit=numbers, remaining=numbers, reset_s=numbers, is_window=st.booleans())
completions = record(
    Completion,
    **dict.fromkeys(
        ("text", "raw_text", "model", "endpoint", "finish_reason", "call", "made_at"), texts
    ),
    choices=many(texts),
    usage=maybe(
        record(
            Usage,
            prompt_tokens=st.integers(),
            completion_tokens=st.integers(),
            cached_tokens=st.integers(),
            cache_write_tokens=st.integers(),
            reasoning_tokens=st.integers(),
        )
    ),
    cost_usd=maybe(numbers),
    latency_s=numbers,
    contexts=many(texts),
    logprobs=many(record(TokenLogprob, token=texts, logprob=numbers, top=weights)),
    cached=st.booleans(),
    adapted=many(texts),
    system_fingerprint=texts,
    rate_limits=maybe(record(RateLimits, requests=maybe(quotas), tokens=maybe(quotas))),
)
scores = record(
    Score,
    **dict.fromkeys(("name", "reason", "version", "raw"), texts),
    value=maybe(numbers),
    scale=record(
        Scale, low=maybe(numbers), high=maybe(numbers), higher_is_better=st.booleans(), unit=texts
    ),
    error=maybe(texts),
    parts=weights,
    calls=many(completions),
    params=objects,
    judge=texts,
)
samples = record(
    Sample,
    number=st.integers(),
    completion=maybe(completions),
    scores=many(scores),
    met=maybe(st.booleans()),
    is_draw=st.booleans(),
    error=texts,
)
befores = record(
    Before,
    **dict.fromkeys(("baseline", "outcome"), texts),
    answer=maybe(texts),
    scores=st.dictionaries(
        texts, record(BeforeScore, value=maybe(numbers), reason=texts), max_size=2
    ),
)
checks = record(
    Check,
    threshold=thresholds,
    score=maybe(st.integers()),
    value=maybe(numbers),
    met=maybe(st.booleans()),
)
case_results = record(
    CaseResult,
    **dict.fromkeys(("suite", "nodeid", "message", "started_at", "worker"), texts),
    case=cases,
    outcome=st.sampled_from(["passed", "failed", "error", "skipped"]),
    request=maybe(requests),
    completion=maybe(completions),
    scores=many(scores),
    checks=many(checks),
    cause=st.sampled_from(get_args(Cause)),
    duration_s=numbers,
    samples=many(samples),
    before=many(befores),
    request_key=texts,
    basis=st.dictionaries(texts, texts, max_size=2),
)
self_tests = record(
    SelfTest,
    **dict.fromkeys(("complaint", "made_at"), texts),
    right=st.dictionaries(texts, st.integers(), max_size=2),
    tried=st.integers(),
    calls=st.integers(),
    usd=maybe(numbers),
)
intervals = record(
    Interval, estimate=maybe(numbers), low=maybe(numbers), high=maybe(numbers), n=st.integers()
)
confusions = record(
    Confusion,
    **dict.fromkeys(("both_pass", "people_pass", "judge_passes", "both_fail"), st.integers()),
)
calibrations = record(
    Calibration,
    **dict.fromkeys(("labels", "made_at"), texts),
    figures=st.dictionaries(texts, intervals, max_size=2),
    cases=st.integers(),
    unscored=st.integers(),
    confusion=maybe(confusions),
    bound=maybe(numbers),
)
judges = record(
    JudgeFacts,
    **dict.fromkeys(("fingerprint", "name", "model", "untested"), texts),
    is_tested_here=st.booleans(),
    selftest=maybe(self_tests),
    calibration=maybe(calibrations),
)
gate_results = record(
    GateResult,
    verdict=st.sampled_from(VERDICTS_WORST_FIRST),
    reason=texts,
    **dict.fromkeys(
        (
            "change",
            "error",
            "lower",
            "upper",
            "p",
            "adjusted_p",
            "detectable",
            "worst",
            "worst_lower",
            "e_value",
            "narrowed",
        ),
        maybe(numbers),
    ),
    **dict.fromkeys(("cases_needed", "seed", "lost", "gained"), maybe(st.integers())),
    **dict.fromkeys(("n", "clusters", "changed", "metrics", "missing"), st.integers()),
    test=maybe(st.sampled_from(["t", "permutation", "mcnemar", "betting"])),
    before=intervals,
    after=intervals,
    margin=numbers,
    alpha=numbers,
    is_shown=st.booleans(),
    is_identical=st.booleans(),
)
coverages = record(
    Coverage,
    **dict.fromkeys(("selected", "paired", "expected", "unscored", "not_run"), st.integers()),
    **dict.fromkeys(("is_same_judge", "is_drifted", "is_judged"), st.booleans()),
    **dict.fromkeys(("before", "edited", "rescored", "added", "resampled"), st.integers()),
    settings=texts,
)
lengths = record(
    LengthChange, before=numbers, after=numbers, correlation=maybe(numbers), n=st.integers()
)
changes = record(
    CaseChange,
    **dict.fromkeys(("suite", "file", "id"), texts),
    line=st.integers(),
    before=numbers,
    after=numbers,
    p=maybe(numbers),
    is_marked=st.booleans(),
)
slices = record(
    Slice,
    tag=texts,
    **dict.fromkeys(("n", "tested", "missing"), st.integers()),
    **dict.fromkeys(("before", "margin"), numbers),
    **dict.fromkeys(("after", "error", "shrunken", "p", "adjusted_p"), maybe(numbers)),
    **dict.fromkeys(("lost", "gained"), maybe(st.integers())),
    verdict=st.sampled_from(["OK", "REGRESSED", "ERROR"]),
    is_wiped_out=st.booleans(),
)
portions = record(Portion, n=st.integers(), change=numbers, error=maybe(numbers))
metric_comparisons = record(
    MetricComparison,
    name=texts,
    result=gate_results,
    coverage=coverages,
    is_gated=st.booleans(),
    length=maybe(lengths),
    dropped=many(changes),
    drops=st.integers(),
    slices=many(slices),
    is_sliced=st.booleans(),
    topped=st.integers(),
    floored=st.integers(),
    low=numbers,
    high=numbers,
    same_requests=maybe(
        record(SameRequests, same=portions, others=portions, of_tests=st.integers())
    ),
)
edits = record(
    CaseEdit,
    **dict.fromkeys(("name", "before", "after"), texts),
    field=st.sampled_from(["prompt", "expected", "columns"]),
    **dict.fromkeys(("is_rescored", "is_answer", "is_failure", "is_as_mean"), st.booleans()),
)
every_comparison = record(
    Comparison,
    baseline=texts,
    candidate=texts,
    metrics=many(metric_comparisons),
    **dict.fromkeys(("lost", "gained"), many(changes)),
    **dict.fromkeys(("added", "removed", "quarantined"), many(texts)),
    edited=many(edits),
    renamed=many(record(Renaming, before=texts, after=texts)),
    **dict.fromkeys(("deleted", "removed_failures", "quarantined_losses"), many(texts)),
    models=many(record(AnsweringModel, name=texts, before=st.integers(), after=st.integers())),
    anchors=many(
        record(
            AnchorCheck,
            **dict.fromkeys(("metric", "error"), texts),
            **dict.fromkeys(("n", "changed", "rejudged"), st.integers()),
            **dict.fromkeys(("shift", "p"), numbers),
            is_drift=st.booleans(),
        )
    ),
    baseline_hash=texts,
)
gates = record(
    GateOutcome,
    **dict.fromkeys(("rule", "scope", "reason", "baseline"), texts),
    state=st.sampled_from(["met", "missed", "error", "open"]),
    value=maybe(numbers),
    n=st.integers(),
    verdict=st.sampled_from(["", "OK", "ERROR"]),
)
runs = record(
    Run,
    gates=many(gates),
    comparisons=many(every_comparison),
    **dict.fromkeys(("id", "name", "started_at", "finished_at"), texts),
    settings=st.dictionaries(texts, texts, max_size=2),
    versions=st.dictionaries(texts, texts, max_size=2),
    notes=many(record(Note, kind=st.sampled_from(get_args(NoteKind)), text=texts)),
    lost=many(texts),
    exit_code=maybe(st.integers()),
    traffic=record(
        Traffic, calls=st.integers(), attempts=st.integers(), usd=numbers, unpriced=st.integers()
    ),
    judges=many(judges),
    is_cut_off=st.booleans(),
    is_narrowed=st.booleans(),
    parts=many(texts),
    group=texts,
    failures_without_case=st.integers(),
    rescored_from=texts,
    early_stop=maybe(
        record(EarlyStop, cases=st.integers(), not_run=st.integers(), saved_usd=maybe(numbers))
    ),
    unchanged=st.integers(),
    unchanged_failures=st.integers(),
)


def types_in(value: Any) -> Iterator[type]:
    yield type(value)
    if isinstance(value, dict):
        for pair in value.items():
            yield from (inner for each in pair for inner in types_in(each))
    elif isinstance(value, (list, tuple)):
        yield from (inner for each in value for inner in types_in(each))


@given(case_results)
def test_a_case_result_comes_back_as_it_was(result: CaseResult) -> None:
    assert from_wire(CaseResult, to_wire(result)) == result


@given(runs)
def test_a_run_comes_back_as_it_was(run: Run) -> None:
    assert from_wire(Run, to_wire(run)) == run


@given(case_results)
def test_the_wire_is_one_line_of_ascii_json(result: CaseResult) -> None:
    text = to_wire(result)
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text)["outcome"] == result.outcome


@given(case_results)
def test_a_record_becomes_exact_builtin_types(result: CaseResult) -> None:
    assert set(types_in(to_builtin(result))) <= BUILTIN


def test_subclasses_of_builtin_types_become_exact_builtin_types() -> None:
    class Label(str):
        __slots__ = ()

    class Probability(float):
        __slots__ = ()

    score = Score(Label("toxicity"), Probability(0.5), parts={Label("insult"): Probability(0.25)})
    assert set(types_in(to_builtin(score))) <= BUILTIN
    assert from_wire(Score, to_wire(score)) == Score("toxicity", 0.5, parts={"insult": 0.25})


def test_any_mapping_is_written_as_an_object() -> None:
    score = Score("toxicity", 0.5, parts=MappingProxyType({"insult": 0.25}))
    assert from_wire(Score, to_wire(score)) == Score("toxicity", 0.5, parts={"insult": 0.25})


def test_what_json_has_no_form_for_is_refused() -> None:
    case = Case("a", "?", Source("faq.csv", 1), metadata={"due": date(2025, 6, 12)})
    with pytest.raises(TypeError, match="date cannot be written as JSON"):
        to_wire(case)


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "{}", '{"file":"faq.csv"}', '{"file":"faq.csv","line":"x"}']
)
def test_a_text_that_is_no_such_record_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"Source|Expecting|Invalid"):
        from_wire(Source, text)


def test_a_completion_keeps_what_a_model_wrote() -> None:
    text = 'half an emoji \ud83d, a "quote", a zero \x00 and 서울'
    assert from_wire(Completion, to_wire(Completion(text))).text == text
