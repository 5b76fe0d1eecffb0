from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.match import Contains, ExactMatch, Regex, StartsWith
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score
from pytest_llmeval.text import is_blank

words = st.text(min_size=1).filter(lambda text: not is_blank(text))


def case(expected: str | None = None, metadata: Mapping[str, Any] | None = None) -> Case:
    return Case("c", "What?", Source("g.csv", 2), expected=expected, metadata=metadata or {})


def score(
    metric: ExactMatch | Contains | Regex, answer: str, expected: str | None = None, **meta: Any
) -> Score:
    return metric.score(case(expected, meta), Completion(answer))


@pytest.mark.parametrize(
    ("metric", "answer", "expected", "value"),
    [
        (ExactMatch(), "Paris", "Paris", 1),
        (ExactMatch(), "  Paris\n", "Paris", 1),
        (ExactMatch(), "New \n York", "New York", 1),
        (ExactMatch(), "NewYork", "New York", 0),
        (ExactMatch(ignore_whitespace=False), " Paris", "Paris", 0),
        (ExactMatch(), "paris", "Paris", 0),
        (ExactMatch(ignore_case=True), "STRASSE", "straße", 1),
        (ExactMatch(), "cafe\u0301", "café", 1),
        (ExactMatch(), "", "Paris", 0),
        (Contains(), "It is Paris.", "Paris", 1),
        (Contains(), "It is Rome.", "Paris", 0),
        (Contains("refund"), "We refund you.", None, 1),
        (Contains("refund"), "We Refund you.", None, 0),
        (Contains("refund", ignore_case=True), "We Refund you.", "Paris", 1),
        (StartsWith("Yes"), "\n Yes, it is.", None, 1),
        (StartsWith("Yes"), "Well, Yes", None, 0),
        (StartsWith(ignore_case=True), "YES", "yes", 1),
        (Regex(r"\d{2}"), "in 42 days", None, 1),
        (Regex(r"^\d{2}$"), "in 42 days", None, 0),
        (Regex(), "order VN123", r"VN\d+", 1),
        (Regex("paris", ignore_case=True), "PARIS", None, 1),
        (Regex("(?s)a.b"), "a\nb", None, 1),
    ],
)
def test_match(
    metric: ExactMatch | Contains | Regex, answer: str, expected: str | None, value: float
) -> None:
    assert score(metric, answer, expected).value == value


def test_the_reason_says_what_was_looked_for() -> None:
    assert score(Contains("refund"), "No.").reason == "does not contain 'refund'"
    assert score(StartsWith("Yes"), "No.").reason == "does not start with 'Yes'"
    assert score(Regex("a+"), "b").reason == "does not match 'a+'"
    assert score(ExactMatch(), "b", "a").reason == "is not 'a'"
    assert score(ExactMatch(), "a", "a").reason == "is 'a'"
    assert len(score(ExactMatch(), "b", "long text " * 100).reason) < 100


@pytest.mark.parametrize("metric", [ExactMatch(), Contains(), StartsWith(), Regex()])
def test_one_of_several_accepted_answers_is_enough(metric: ExactMatch | Contains | Regex) -> None:
    assert score(metric, "Rome", "Paris", ideal=["Lyon", "Rome"]).value == 1
    assert score(metric, "Rome", None, ideal=["Rome"]).value == 1
    assert score(metric, "Oslo", "Paris", ideal=["Lyon", "Rome"]).reason.endswith(
        "'Paris' or 'Lyon' or 'Rome'"
    )


@pytest.mark.parametrize("metric", [ExactMatch(), Contains(), StartsWith(), Regex()])
@pytest.mark.parametrize("ideal", [None, [], [None, 3]])
def test_without_an_expected_text_the_answer_is_unscored(
    metric: ExactMatch | Contains | Regex, ideal: Any
) -> None:
    result = score(metric, "Paris", None, ideal=ideal)
    assert result.value is None
    assert "the case has no expected text" in str(result.error)


def test_a_broken_pattern_is_refused_at_once() -> None:
    with pytest.raises(
        SettingError, match=r"regex pattern: found '\('; allowed: a regular expression"
    ):
        Regex("(")


def test_a_broken_pattern_in_a_row_is_unscored_and_named() -> None:
    assert "g.csv:2: the expected text is no regular expression" in str(
        score(Regex(), "x", "(").error
    )


@pytest.mark.parametrize("make", [Contains, StartsWith, Regex])
def test_an_empty_text_would_match_everything_and_is_refused(
    make: type[Contains] | type[Regex],
) -> None:
    with pytest.raises(SettingError, match="allowed: text of at least one character"):
        make("")


@pytest.mark.parametrize(
    ("answer", "text"), [("un cafe\u0301", "caf\u00e9"), ("caf\u00e9", "cafe\u0301"), ("\u1112\u1161\u11ab", "\ud55c")]
)  # fmt: skip
def test_an_accent_is_found_in_each_way_to_write_it(answer: str, text: str) -> None:
    for metric in (Regex(), Regex(text), Contains()):
        assert score(metric, answer, text) == 1


def test_the_version_tells_settings_apart() -> None:
    assert Contains().version == "3"
    assert Contains("a", ignore_case=True).version == '3/ignore_case=true/text="a"'
    assert ExactMatch(ignore_whitespace=False).version == "1/ignore_whitespace=false"


@given(words)
def test_every_text_matches_itself(text: str) -> None:
    metrics = (
        ExactMatch(),
        ExactMatch(True, False),
        Contains(),
        StartsWith(),
        StartsWith(ignore_case=True),
    )
    for metric in metrics:
        assert score(metric, text, text).value == 1
    assert score(Regex(re.escape(text)), text).value == 1


@given(st.text(), words, st.text())
def test_a_text_is_found_wherever_it_stands(before: str, text: str, after: str) -> None:
    joined = (
        f"{before}\n{text}\n{after}"  # line ends keep combining marks from joining their neighbours
    )
    if not text[0].isspace() and not text[-1].isspace():
        assert score(Contains(text), joined).value == 1


@given(st.text(), words)
def test_case_and_white_space_make_no_difference_when_ignored(answer: str, expected: str) -> None:
    strict = score(ExactMatch(), answer, expected)
    loose = score(ExactMatch(ignore_case=True), f"\n{answer}  ", expected)
    assert float(loose) >= float(strict)


@pytest.mark.parametrize("answer", ["", "😀" * 10, "w" * 50_000, "\u202eABC", "\ud800", "\x00"])
@pytest.mark.parametrize("metric", [ExactMatch(), Contains(), StartsWith(), Regex("x+y")])
def test_hostile_answers_are_scored(metric: ExactMatch | Contains | Regex, answer: str) -> None:
    assert score(metric, answer, "Paris").value == 0
