"""A lane where no call gets an answer, or where the endpoint wants a longer wait than allowed."""

from __future__ import annotations

import pytest

from pytest_llmeval.engine.lane_rules import Ceilings, Document, Grant, Report, Sent, grant, settle
from pytest_llmeval.engine.lane_trouble import COOL_DOWN_S
from pytest_llmeval.records.call import Quota, RateLimits

DEADLINE_S = 600.0
LIMITS = Ceilings(50, deadline_s=DEADLINE_S)
TEXT = "http://host/v1: nothing listens there."


class Clocked:
    """A lane of one process, at a time that moves on as long as calls may not be sent."""

    def __init__(self, ceilings: Ceilings = LIMITS) -> None:
        self.document: Document = {}
        self.ceilings, self.now, self.attempts = ceilings, 1000.0, 0

    def grant(self, waiting: int = 1) -> Grant:
        return grant(self.document, "main", 0, [1.0] * waiting, self.ceilings, self.now)

    def end(self, sent: Sent, trouble: str = "", is_unreachable: bool = False) -> None:
        report = Report(sent, not trouble, trouble=trouble, is_unreachable=is_unreachable)
        settle(self.document, [report], self.ceilings, self.now)

    def attempt(self, trouble: str = TEXT, is_unreachable: bool = True, wait: int = 50) -> Grant:
        """Wait until calls may be sent, send them, and let all of them fail."""
        while True:
            granted = self.grant(wait)
            if granted.refusal and not granted.calls:
                return granted
            self.attempts += granted.calls
            for _ in range(granted.calls):
                self.end(granted.before, trouble, is_unreachable)
            if granted.calls:
                return granted
            assert granted.again_s is not None
            self.now += granted.again_s


def test_a_port_where_nobody_listens_costs_a_few_attempts_for_all_cases_together() -> None:
    lane = Clocked()
    began = lane.now
    while not lane.attempt().refusal:
        pass
    assert lane.attempts == 10 + 3
    assert lane.now - began == pytest.approx(0.5 + 1 + 2)
    refused = lane.grant(50)
    assert refused.calls == 0
    assert refused.refusal == f"not sent, because the calls before it got no answer: {TEXT}"


def test_an_endpoint_that_has_answered_gets_longer_to_come_back() -> None:
    lane = Clocked()
    lane.end(lane.grant().before)
    began = lane.now
    while not lane.attempt().refusal:
        pass
    assert lane.now - began == pytest.approx(0.5 + 1 + 2 + 4 + 8 + 16)


def test_after_a_while_one_call_probes_and_the_others_do_not_wait_for_it() -> None:
    lane = Clocked()
    while not lane.attempt().refusal:
        pass
    lane.now += COOL_DOWN_S
    probe = lane.grant(50)
    assert probe.calls == 1
    assert probe.refusal, "the other 49"
    assert lane.grant(1).refusal
    lane.end(probe.before)
    assert lane.grant(50).calls > 1


def test_a_probe_that_fails_keeps_the_endpoint_down() -> None:
    lane = Clocked()
    while not lane.attempt().refusal:
        pass
    lane.now += COOL_DOWN_S
    probe = lane.grant(1)
    lane.end(probe.before, TEXT, is_unreachable=True)
    lane.now += COOL_DOWN_S - 1
    assert lane.grant(1).refusal


def test_nothing_but_failures_for_the_deadline_ends_the_waiting() -> None:
    lane = Clocked()
    began = lane.now
    while not lane.attempt("HTTP 500", is_unreachable=False, wait=1).refusal:
        lane.now += 20
    assert DEADLINE_S < lane.now - began < DEADLINE_S + 100


def test_one_answer_among_failures_begins_anew() -> None:
    lane = Clocked()
    for number in range(200):
        granted = lane.grant()
        assert granted.calls == 1
        lane.end(granted.before, "" if number % 20 == 0 else "HTTP 500")
        lane.now += 20


def test_failures_of_long_ago_do_not_count() -> None:
    lane = Clocked()
    lane.end(lane.grant().before, "HTTP 500")
    lane.now += DEADLINE_S * 2
    granted = lane.grant()
    lane.end(granted.before, "HTTP 500")
    assert lane.grant().calls == 1


def test_a_pause_beyond_the_deadline_is_refused_at_once_and_names_the_wait() -> None:
    lane = Clocked()
    for _ in range(2):
        granted = lane.grant()
        settle(lane.document, [Report(granted.before, False, True, 3600.0)], LIMITS, lane.now)
    refused = lane.grant(50)
    assert refused.refusal == (
        "not sent: it wants a pause (Retry-After), and the next call may be sent in 1 h 00 min. "
        "That is longer than --llm-deadline (600 s): run again later, or raise it."
    )


def quota(lane: Clocked, remaining: float, reset_s: float, is_window: bool = False) -> None:
    """Let a call be answered, with the headers of a limit of ten requests."""
    sent = lane.grant().before
    limits = RateLimits(Quota(10, remaining, reset_s, is_window))
    report = Report(Sent(sent.at, sent.requests + 1, sent.tokens + 1), True, rate_limits=limits)
    settle(lane.document, [report], lane.ceilings, lane.now)


def test_a_quota_beyond_the_deadline_is_refused_and_names_the_header() -> None:
    lane = Clocked()
    quota(lane, 0, 36_000)
    assert "x-ratelimit-remaining-requests" in lane.grant().refusal
    assert "in 2 h 00 min" in lane.grant().refusal


def test_a_call_in_flight_may_bring_better_news_of_a_quota() -> None:
    lane = Clocked()
    quota(lane, 0, 36_000)
    waiting = grant(lane.document, "main", 1, [1.0], LIMITS, lane.now)
    assert not waiting.refusal
    assert waiting.why


def test_a_limit_of_the_user_is_waited_for_however_long_it_takes() -> None:
    lane = Clocked(Ceilings(50, rpm=0.01, deadline_s=DEADLINE_S))
    assert lane.grant(2).calls == 1
    waiting = lane.grant()
    assert not waiting.refusal
    assert waiting.why == "--llm-rpm allows 0.01 a minute"
    assert waiting.again_s == pytest.approx(6000)


def test_a_window_is_whole_again_at_its_end() -> None:
    lane = Clocked()
    quota(lane, 0, 300, is_window=True)
    waiting = lane.grant(9)
    assert waiting.calls == 0
    assert waiting.again_s == pytest.approx(60)
    lane.now += 300
    assert lane.grant(9).calls == 9
