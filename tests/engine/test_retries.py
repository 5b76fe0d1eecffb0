from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.engine.retries import BASE_S, LONGEST_S, RetryPolicy, gave_up
from pytest_llmeval.errors import (
    BadReply,
    BudgetSpent,
    CallError,
    CallRefused,
    CallTimeout,
    EndpointDown,
    NoAnswer,
    NotRecorded,
    RateLimited,
    Stopped,
)

DOWN = EndpointDown("down")


@given(st.integers(0, 5000), st.floats(0, 1))
def test_the_wait_is_drawn_from_zero_to_a_bound_that_doubles(attempt: int, drawn: float) -> None:
    wait_s = RetryPolicy(10_000, 1000.0, lambda: drawn).wait_s(DOWN, attempt, 0.0)

    assert wait_s == pytest.approx(drawn * min(BASE_S * 2 ** min(attempt, 100), LONGEST_S))


def test_the_wait_is_random() -> None:
    policy = RetryPolicy(6, 600.0)
    waits = {policy.wait_s(DOWN, 3, 0.0) for _ in range(20)}
    assert len(waits) == 20


def test_what_the_endpoint_asks_for_comes_before_the_jitter() -> None:
    policy = RetryPolicy(6, 600.0, lambda: 0.5)
    assert policy.wait_s(RateLimited("busy", 20.0), 1, 0.0) == 20.5


def test_no_attempt_begins_after_the_deadline() -> None:
    policy = RetryPolicy(6, 60.0, lambda: 1.0)
    assert policy.wait_s(DOWN, 0, 59.4) == 0.5
    assert policy.wait_s(DOWN, 0, 59.5) is None
    assert policy.wait_s(RateLimited("busy", 3600.0), 0, 0.0) is None


def test_so_many_attempts_are_made_and_no_more() -> None:
    policy = RetryPolicy(2, 600.0)
    assert [policy.wait_s(DOWN, attempt, 0.0) is None for attempt in range(4)] == [
        False,
        False,
        True,
        True,
    ]
    assert RetryPolicy(0, 600.0).wait_s(DOWN, 0, 0.0) is None


@pytest.mark.parametrize("kind", [CallTimeout, RateLimited, EndpointDown, BadReply])
def test_what_may_pass_is_tried_again(kind: type[CallError]) -> None:
    assert RetryPolicy(6, 600.0).wait_s(kind("no"), 0, 0.0) is not None


@pytest.mark.parametrize("kind", [CallError, CallRefused, BudgetSpent, NotRecorded, Stopped])
def test_what_would_fail_again_is_not_tried_again(kind: type[CallError]) -> None:
    assert RetryPolicy(6, 600.0).wait_s(kind("no"), 0, 0.0) is None


POLICY = RetryPolicy(6, 600.0)


def test_the_last_error_says_how_often_and_how_long_it_was_tried() -> None:
    given_up = gave_up(EndpointDown("down.", 7.0), 3, 41.7, POLICY)
    assert isinstance(given_up, EndpointDown)
    assert (str(given_up), given_up.retry_after_s) == ("down. Tried 3 times in 42 s.", 7.0)


def test_fewer_calls_help_against_a_limit_and_against_a_long_wait_patience_alone() -> None:
    short = gave_up(RateLimited("HTTP 429.", 7.0), 3, 41.7, POLICY)
    assert str(short) == (
        "HTTP 429. Lower --llm-rpm, --llm-tpm or --llm-concurrency. Tried 3 times in 42 s."
    )
    long = gave_up(RateLimited("HTTP 429.", 34_123.0), 1, 0.1, POLICY)
    assert str(long) == (
        "HTTP 429. The endpoint asks to wait 9 h 28 min, which is longer than --llm-deadline "
        "(600 s) allows: run again later, or raise it."
    )


def test_an_error_of_the_only_attempt_stays_as_it_is() -> None:
    refused = CallRefused("no such model")
    assert gave_up(refused, 1, 0.2, POLICY) is refused


def test_what_was_known_of_the_last_error_is_kept() -> None:
    refused = CallRefused("wrong key")
    refused.is_about_endpoint = True
    given_up = gave_up(refused, 2, 1.0, POLICY)
    assert isinstance(given_up, CallRefused)
    assert given_up.is_about_endpoint


def test_an_error_may_be_worth_fewer_attempts_than_the_policy_allows() -> None:
    error = NoAnswer("empty")
    error.is_transient, error.most_retries = True, 2
    policy = RetryPolicy(6, 600.0, lambda: 0.0)
    assert [policy.wait_s(error, attempt, 0.0) for attempt in (0, 1, 2)] == [0.0, 0.0, None]
    assert RetryPolicy(1, 600.0, lambda: 0.0).wait_s(error, 1, 0.0) is None
