from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.judges.expected_value import digit_probabilities, weigh
from pytest_llmeval.records.call import TokenLogprob

HEAD = ('{"', "reason", '":', ' "', "right", '",', ' "', "score", '":')


def tokens(*texts: str, last: str, probabilities: dict[str, float]) -> tuple[TokenLogprob, ...]:
    """A reply whose last token has these alternatives, and a closing brace."""
    top = {text: math.log(p) for text, p in probabilities.items()}
    before = [TokenLogprob(text, 0.0, {text: 0.0}) for text in texts]
    return (*before, TokenLogprob(last, top[last], top), TokenLogprob("}", 0.0, {}))


def test_the_expected_value_is_that_computed_by_hand() -> None:
    reply = tokens(*HEAD, " ", last="4", probabilities={"4": 0.6, "5": 0.3, "3": 0.05, "x": 0.05})
    weighed = weigh(4.0, reply)
    assert weighed.mass == pytest.approx(0.95)
    assert weighed.value == pytest.approx((4 * 0.6 + 5 * 0.3 + 3 * 0.05) / 0.95)  # 4.2632
    assert weighed.parts == pytest.approx(
        {"integer": 4.0, "expected": 4.263157894736842, "mass": 0.95}
    )


def test_below_a_mass_of_nine_tenths_the_integer_stands_and_both_are_logged() -> None:
    weighed = weigh(
        4.0, tokens(*HEAD, " ", last="4", probabilities={"4": 0.5, "5": 0.39, "10": 0.11})
    )
    assert weighed.value == 4.0
    assert weighed.parts == pytest.approx(
        {"integer": 4.0, "expected": (4 * 0.5 + 5 * 0.39) / 0.89, "mass": 0.89}
    )


def test_without_logprobs_the_integer_stands_and_the_log_says_so() -> None:
    weighed = weigh(4.0, ())
    assert (weighed.value, weighed.parts) == (4.0, {"integer": 4.0, "mass": 0.0})


@pytest.mark.parametrize(
    ("last", "probabilities", "found"),
    [
        pytest.param(" 4", {" 4": 0.7, "4": 0.1, " 5": 0.2}, {4: 0.8, 5: 0.2}, id="leading space"),
        pytest.param("4}", {"4}": 0.5, "4": 0.2, "3}\n": 0.3}, {4: 0.7, 3: 0.3}, id="glued to what follows"),
        pytest.param(" 4,", {" 4,": 0.9, " 2 ": 0.1}, {4: 0.9, 2: 0.1}, id="space and comma"),
        pytest.param("4", {"4": 0.4, "45": 0.2, "4.": 0.1, "-4": 0.1, "6": 0.1}, {4: 0.4}, id="another number"),
        pytest.param("4", {"4": 0.7, "four": 0.1, "½": 0.1, "": 0.1}, {4: 0.7}, id="no digit"),
        pytest.param("4", {"4": 0.9, "٣": 0.1}, {4: 0.9}, id="a digit of another script"),
    ],
)  # fmt: skip
def test_only_tokens_that_are_one_digit_count(
    last: str, probabilities: dict[str, float], found: dict[int, float]
) -> None:
    assert digit_probabilities(
        4.0, tokens(*HEAD, last=last, probabilities=probabilities)
    ) == pytest.approx(found)


def test_a_token_that_joins_the_colon_to_the_digit_is_compared_with_its_like() -> None:
    reply = tokens(*HEAD[:-1], last='": 4', probabilities={'": 4': 0.6, '": 1': 0.3, "5": 0.1})
    assert digit_probabilities(4.0, reply) == pytest.approx({4: 0.6, 1: 0.3})


def test_the_token_that_was_chosen_counts_even_if_the_endpoint_leaves_it_out_of_the_list() -> None:
    place = TokenLogprob("4", math.log(0.95), {})
    reply = (TokenLogprob('{"reason": "right", "score": ', 0.0), place, TokenLogprob("}", 0.0))
    assert weigh(4.0, reply).parts == pytest.approx({"integer": 4.0, "expected": 4.0, "mass": 0.95})


def test_a_score_that_the_reason_quotes_is_not_taken_for_the_score() -> None:
    head = '{"reason": "it says \\"score\\": 5", "score": '
    reply = (
        TokenLogprob(head, 0.0),
        TokenLogprob("1", math.log(0.99), {"1": math.log(0.99)}),
        TokenLogprob("}", 0.0),
    )
    assert digit_probabilities(1.0, reply) == pytest.approx({1: 0.99})


@pytest.mark.parametrize("text", ["3", "no score here", '{"score"', '{"score": ', '{"score": 2}'])
def test_tokens_that_do_not_hold_the_parsed_score_weigh_nothing(text: str) -> None:
    assert digit_probabilities(4.0, (TokenLogprob(text, 0.0, {"4": 0.0}),)) == {}


@given(st.lists(st.floats(0.001, 1.0), min_size=6, max_size=6))
def test_the_expected_value_lies_on_the_scale(weights: list[float]) -> None:
    probabilities = {str(score): weight / sum(weights) for score, weight in enumerate(weights)}
    weighed = weigh(0.0, tokens(*HEAD, " ", last="0", probabilities=probabilities))
    assert weighed.mass == pytest.approx(1.0)
    assert 0 <= weighed.value <= 5
    assert weighed.value == pytest.approx(
        sum(score * p for score, p in zip(range(6), probabilities.values(), strict=True))
    )
