from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import SettingError, Unjudged
from pytest_llmeval.records.call import Parameters
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.scorer import ScorerKey
from pytest_llmeval.records.threshold import COMPARISONS, Threshold

numbers = st.floats(allow_nan=False)
finite = st.floats(allow_nan=False, allow_infinity=False)
operators = st.sampled_from(
    [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
)
names = st.from_regex(r"[a-z_]+(\.[a-z_]+)?", fullmatch=True)


def unscored() -> Score:
    return Score("rubric", None, error="the judge's reply was no JSON, three times")


@given(operators, finite, numbers)
def test_a_score_compares_like_its_value(
    compare: Callable[[Any, Any], bool], value: float, other: float
) -> None:
    assert compare(Score("rubric", value), other) == compare(value, other)
    assert compare(other, Score("rubric", value)) == compare(other, value)


@given(st.sampled_from([operator.lt, operator.le, operator.gt, operator.ge]), finite, finite)
def test_two_scores_are_ordered_like_their_values(
    compare: Callable[[Any, Any], bool], one: float, two: float
) -> None:
    assert compare(Score("rubric", one), Score("toxicity", two)) == compare(one, two)


@pytest.mark.parametrize(
    "compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
)
def test_comparing_an_unscored_score_with_a_number_raises_unjudged(
    compare: Callable[[Any, Any], bool],
) -> None:
    for left, right in [(unscored(), 4), (4, unscored())]:
        with pytest.raises(
            Unjudged, match="rubric is unscored: the judge's reply was no JSON, three times"
        ):
            compare(left, right)


def test_an_unscored_score_is_no_number() -> None:
    with pytest.raises(Unjudged):
        float(unscored())
    with pytest.raises(Unjudged, match="no reason given"):
        Threshold("rubric", ">=", 4).is_met_by(Score("rubric", None))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_unscored(value: float) -> None:
    score = Score("odd", value)
    assert (score.value, score.error) == (None, f"the scorer gave {value}, not a finite number")
    assert Score("odd", value, error="the endpoint broke").error == "the endpoint broke"
    with pytest.raises(Unjudged, match="not a finite number"):
        assert score < 4


def test_scores_are_equal_to_scores_in_every_field_and_to_other_things_never() -> None:
    assert unscored() == unscored()
    assert Score("rubric", 4.0) == Score("rubric", 4.0)
    assert Score("rubric", 4.0) != Score("rubric", 4.0, reason="short")
    assert Score("rubric", 4.0) != Score("toxicity", 4.0)
    assert Score("rubric", 4.0) != "4.0"
    assert unscored() is not None
    assert unscored() != "unscored"


@given(finite)
def test_equal_things_have_equal_hashes(value: float) -> None:
    assert hash(Score("rubric", value)) == hash(Score("rubric", value)) == hash(value)
    assert value in {Score("rubric", value)}
    assert {Score("rubric", value), Score("rubric", value, reason="short")} != {
        Score("rubric", value)
    }


@given(names, st.sampled_from(sorted(COMPARISONS)), finite, st.sampled_from(["", " "]))
def test_a_threshold_is_read_as_it_is_written(
    name: str, sign: str, bound: float, space: str
) -> None:
    threshold = Threshold.parse(f"{name}{space}{sign}{space}{bound!r}", "ini")
    assert threshold == Threshold(name, sign, bound, origin="ini")


@given(
    names,
    st.sampled_from(sorted(COMPARISONS)),
    st.integers(-9999, 9999).map(lambda tenths: tenths / 10),
)
def test_what_a_threshold_prints_is_read_back(name: str, sign: str, bound: float) -> None:
    threshold = Threshold(name, sign, bound, origin="row")
    assert Threshold.parse(str(threshold), "row") == threshold


@pytest.mark.parametrize(
    ("threshold", "value", "met"),
    [
        ("rubric>=4", 4.0, True),
        ("rubric>=4", 3.9, False),
        ("toxicity<=0.2", 0.2, True),
        ("toxicity<0.2", 0.2, False),
        ("rubric>4", 4.0, False),
        ("exact==1", 1.0, True),
        ("exact==1", 0.0, False),
        ("toxicity.insult<=-1e-3", -0.5, True),
    ],
)
def test_a_threshold_is_met_or_not(threshold: str, value: float, met: bool) -> None:
    assert Threshold.parse(threshold, "row").is_met_by(Score("any", value)) is met


def test_a_scorer_is_known_by_its_name_and_its_arguments_in_any_order() -> None:
    schema = {"type": "object", "required": ["a", 1]}
    key = ScorerKey.of("json_schema", {"schema": schema, "strict": True})
    turned = {"strict": True, "schema": dict(reversed(schema.items()))}
    assert {key} == {ScorerKey.of("json_schema", turned)}
    assert key == Threshold("json_schema", ">=", 1, turned).scorer
    assert key == Score("json_schema", 1.0, params=turned).scorer
    for name, params in [("regex", turned), ("json_schema", {**turned, "strict": "True"})]:
        assert key != ScorerKey.of(name, params)
    assert ScorerKey.of("length", {"max": 1}) != ScorerKey.of("length", {"max": True})


UNREADABLE = """
rubric
rubric>=
>=4
rubric>=four
rubric>=4%
rubric>=nan
rubric>=1e999
rubric=4
rubric!=4
rubric>==4
rubric=>4
rubric=<4
rubric<>4
1<=rubric<=4
"""


@pytest.mark.parametrize("text", UNREADABLE.split("\n")[1:])
def test_a_threshold_that_cannot_be_read_is_a_setting_error(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        Threshold.parse(text, "command line")
    assert str(caught.value) == (
        f"threshold (command line): found {text!r}; "
        "allowed: NAME, one of >= <= > < ==, and a number, for example 'toxicity<=0.2'."
    )


def test_parameters_that_are_not_set_are_not_sent_and_extra_ones_are_sent_as_they_are() -> None:
    assert Parameters().as_body() == {}
    assert Parameters(temperature=0.0, seed=0, logprobs=False).as_body() == {
        "temperature": 0.0,
        "seed": 0,
        "logprobs": False,
    }
    assert Parameters(
        stop=("\n", "END"), max_tokens=5, extra_body={"top_k": 1, "max_tokens": 7}
    ).as_body() == {
        "stop": ["\n", "END"],
        "max_tokens": 7,
        "top_k": 1,
    }


def test_a_result_is_known_by_suite_file_and_case() -> None:
    case = Case("refund", "How long?", Source("golden/faq.csv", 12))
    result = CaseResult("golden/faq.csv", case, "golden/faq.csv::refund", "passed", worker="gw1")
    assert result.key == ("golden/faq.csv", "golden/faq.csv", "refund")
    assert str(case.source) == "golden/faq.csv:12"
