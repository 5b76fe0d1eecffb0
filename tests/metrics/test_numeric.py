from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.metrics.numbers.metric import Numeric
from pytest_llmeval.metrics.numbers.reading import last_quantity
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

numbers = st.floats(min_value=-1e12, max_value=1e12).filter(
    lambda value: value == 0 or abs(value) > 1e-6
)


def score(metric: Numeric, answer: str, expected: str | None) -> Score:
    return metric.score(
        Case("c", "How many?", Source("g.csv", 2), expected=expected), Completion(answer)
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("The total is 1,000.", "1000"),
        ("1 000 000 people", "1,000,000"),
        ("1\u202f000", "1000"),
        ("1'000.5", "1000.5"),
        ("about 0.5", "1/2"),
        ("½", "0.5"),
        ("2½ cups", "2.5"),
        ("2 1/2", "2.5"),
        (".5", "0.5"),
        ("50%", "0.5"),
        ("50 percent", "50"),
        ("0.5", "50%"),
        ("50\\%", "50%"),
        ("1.5e3", "1500"),
        ("1.5 × 10^3", "1500"),  # noqa: RUF001
        ("1.5·10³", "1500"),
        (r"$1.5 \times 10^{3}$", "1500"),
        ("3 x 10^8 m/s", "300000000"),
        ("2 million", "2000000"),
        ("$5k", "5000"),
        ("3 km", "3000 m"),
        ("3000 metres", "3 km"),
        ("3", "3 km"),
        ("60 km/h", "60"),
        ("90 min", "1.5 hours"),
        ("a 5-minute walk", "300 s"),
        ("5 m²", "50000 cm^2"),
        ("20 °C", "68 °F"),
        ("$1,000.50", "1000.5"),
        ("100 cents", "$1"),
        ("-$5", "-5"),
        ("x = −3", "-3"),  # noqa: RUF001
        ("First 3, then 4.", "4"),
        ("#### 42", "42"),
        (r"\boxed{\frac{1}{2}}, so 7 apples", "0.5"),
        (r"\boxed{5\text{ cm}}", "0.05 m"),
        ("42nd", "42"),
        ("5 in total", "5"),
        ("one 5-star hotel", "5"),
        ("one 5-minute break", "5 minutes"),
        ("one 5-pound bag", "5"),
        ("In one 24-hour day", "24 hours"),
        ("one 5\u2011day trip", "5"),
        ("a 5-day week", "5 days"),
        ("The answer is 42. Forty-two.", "42"),
        ("**Answer:** 5 \u2014 five", "5"),
        ("1,005 apples. One thousand and five apples.", "1005"),
        ("The total is 310,020: three hundred ten thousand twenty", "310020"),
        ("Final: 0. Zero.", "0"),
    ],
)
def test_the_same_number_is_found_however_it_is_written(answer: str, expected: str) -> None:
    assert score(Numeric(), answer, expected) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("50", "0.5"),
        ("5%", "0.5"),
        ("3 kg", "3000 m"),
        ("3 kg", "3 m"),
        ("€5", "$5"),
        ("first 4, then 3", "4"),
        ("1.001", "1"),
        ("-5", "5"),
        ("none", "4"),
        ("H2O", "2"),
        ("1/0", "3"),
        ("3 km", "3001 m"),
    ],
)
def test_another_number_is_not_taken_for_it(answer: str, expected: str) -> None:
    assert score(Numeric(), answer, expected) == 0


def test_the_reason_names_both_numbers() -> None:
    assert score(Numeric(), "It is 3 km.", "3 kg").reason == "3 km is not 3 kg"
    assert score(Numeric(), "It is far.", "3 kg").reason == "the answer has no number"


def test_the_reason_names_the_words_that_contradict_each_other() -> None:
    error = score(Numeric(), "They made a loss of 5.", "a gain of 5").error
    assert error == "5 is 5, but 'loss' is the opposite of 'gain'"
    assert score(Numeric(), "They made a loss of 5.", "5") == 1
    assert "says how many times as much" in str(score(Numeric(), "5 times as many", "5").error)
    assert "'2024' is a part of a date" in str(score(Numeric(), "5 May 2024", "2024").error)


def test_a_word_far_from_the_number_or_in_another_clause_says_nothing_of_it() -> None:
    for answer in (
        "After a loss at first, the company has 5.",
        "It ended up with 5.",
        "The loss of the first year was larger than that of all later years, namely 5",
    ):
        assert score(Numeric(), answer, "a gain of 5") == 1


def test_the_reason_names_the_number_in_words_that_was_not_read() -> None:
    for answer, word in (("one hundred 5", "hundred"), ("5 twenty", "twenty"), ("बीस 5", "बीस")):
        error = str(score(Numeric(), answer, "5").error)
        assert "cannot be read as one number" in error
        assert f"{word!r} is a number in words" in error
    for other in (
        "42. Forty-three.",
        "The answer is -42. Forty-two.",
        "It is 42. Forty-two dozen.",
    ):
        assert "is a number in words, which is not read" in str(score(Numeric(), other, "42").error)
    assert "has two units" in str(score(Numeric(), "a 5-foot inch", "5 feet").error)
    error = str(score(Numeric(), "Of these 12, the answer is forty.", "12").error)
    assert error == "the answer: 'forty' is a number in words, which is not read."
    assert "'forty-two' is a number in words" in str(score(Numeric(), "forty-two", "42").error)


def test_an_expected_text_without_a_number_leaves_the_answer_unscored() -> None:
    assert score(Numeric(), "3", "three").error == "g.csv:2: the expected text has no number"
    assert "no expected text" in str(score(Numeric(), "3", None).error)


def test_the_tolerance_is_in_the_unit_of_the_expected_number() -> None:
    assert score(Numeric(tolerance=5), "3,004 m", "3000 m") == 1
    assert score(Numeric(tolerance=5), "3,006 m", "3000 m") == 0
    assert score(Numeric(rel_tolerance=0.01), "3.14", "3.14159") == 1
    assert score(Numeric(), "0.333333", "1/3") == 1
    assert score(Numeric(), "0.33", "1/3") == 0


def test_a_comma_can_stand_before_the_decimals() -> None:
    assert score(Numeric(decimal=","), "1.000,5 Euro", "1000,5") == 1
    assert "'1.000,5' cannot be read as one number" in str(
        score(Numeric(), "1.000,5", "1000.5").error
    )
    with pytest.raises(SettingError, match=r"numeric decimal: found ';'"):
        Numeric(decimal=";")
    with pytest.raises(SettingError, match=r"numeric tolerance: found -1"):
        Numeric(tolerance=-1)


@given(numbers)
def test_a_number_is_itself_with_separators_and_in_words_around_it(value: float) -> None:
    metric = Numeric()
    for text in (f"It is {value!r}.", f"{value:,.12f}", f"{value:.15e} or so"):
        assert score(metric, text, repr(value)) == 1


@given(numbers, numbers)
def test_sameness_is_mutual(one: float, other: float) -> None:
    metric = Numeric()
    first, second = metric.parse(f"{one!r} km"), metric.parse(f"{other!r} m")
    assert first is not None
    assert second is not None
    assert metric.same(first, second) == metric.same(second, first)
    assert metric.same(first, first)


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    for decimal in ".,":
        try:
            found = last_quantity(text, decimal)
        except InputError:
            continue
        assert found is None or found.number == found.number
