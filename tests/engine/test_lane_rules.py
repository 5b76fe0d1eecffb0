from __future__ import annotations

import random
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.engine.lane_rules import (
    START,
    Ceilings,
    Document,
    Report,
    Sent,
    bury,
    grant,
    settle,
)
from pytest_llmeval.records.call import Quota, RateLimits
from tests.engine.simulation import NoLimit, Simulation, SlidingWindow, TokenBucket

FIFTY = Ceilings(50)
WORKERS = ("gw0", "gw1", "gw2", "gw3")
NOW = 1000.0


def sent(at: float = NOW, number: float = 1) -> Sent:
    return Sent(at, number, 500.0 * number)


def answered(document: Document, count: int, ceilings: Ceilings = FIFTY) -> None:
    settle(document, [Report(sent(), True)] * count, ceilings, NOW)


def refused(document: Document, at: float = NOW, now: float = NOW, pause_s: float = 0.0) -> None:
    settle(document, [Report(sent(at), False, True, pause_s)], FIFTY, now)


def granted(
    document: Document, member: str, held: int, wants: int, now: float = NOW, limit: int = 50
) -> int:
    return grant(document, member, held, [500.0] * wants, Ceilings(limit), now).calls


def test_a_few_calls_go_first_and_every_answer_allows_two_more() -> None:
    document: Document = {}

    assert granted(document, "main", 0, 100) == START
    answered(document, 5)
    assert granted(document, "main", START - 5, 100) == 15
    answered(document, 100)
    assert document["limit"] == 50


def test_after_a_refusal_the_limit_is_half_and_grows_by_one_a_round() -> None:
    document: Document = {}
    answered(document, 100)

    refused(document)
    assert document["limit"] == 25
    answered(document, 26)
    assert document["limit"] == pytest.approx(26, abs=0.1)


def test_all_calls_that_were_sent_before_a_cut_cut_once() -> None:
    document: Document = {}
    answered(document, 100)

    for _ in range(20):
        refused(document, at=NOW, now=NOW + 1)
    assert document["limit"] == 25
    refused(document, at=NOW + 2, now=NOW + 3)
    assert document["limit"] == 12.5


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 64))
def test_the_limit_stays_between_one_and_the_users(endings: list[bool], concurrency: int) -> None:
    document: Document = {}
    for number, is_answered in enumerate(endings):
        report = Report(sent(NOW + number), is_answered, not is_answered)
        settle(document, [report], Ceilings(concurrency), NOW + number)
        assert 1 <= document["limit"] <= concurrency


def test_one_refusal_pauses_nobody_and_two_in_a_row_everybody() -> None:
    document: Document = {}

    refused(document, pause_s=7)
    assert granted(document, "main", 0, 1) == 1
    answered(document, 1)
    refused(document, pause_s=7)
    assert granted(document, "main", 0, 1) == 1
    refused(document, pause_s=7)
    held_up = grant(document, "gw1", 0, [1.0], FIFTY, NOW + 2)
    assert held_up[:3] == (0, Sent(NOW + 2, 2, 1000), 5)
    assert held_up.why == "it wants a pause (Retry-After)"
    assert granted(document, "main", 0, 1, now=NOW + 7) == 1


def test_a_call_that_failed_for_itself_changes_nothing() -> None:
    document: Document = {}
    settle(document, [Report(sent(), False)], FIFTY, NOW)
    assert document["limit"] == START


@pytest.mark.parametrize(
    ("demands", "shares"),
    [
        ([20, 20], [5, 5]),
        ([2, 20, 20], [2, 4, 4]),
        ([20, 0, 3], [7, 0, 3]),
        ([1, 1, 1], [1, 1, 1]),
        ([20, 20, 20], [4, 3, 3]),
    ],
)
def test_members_share_by_max_min_fairness(demands: list[int], shares: list[int]) -> None:
    document: Document = {}
    held = dict.fromkeys(WORKERS[: len(demands)], 0)
    for _ in range(2):  # the first time, not everybody is known yet
        for name, demand in zip(held, demands, strict=True):
            held[name] = min(held[name], sum(held.values()) if len(held) > 1 else 10)
            grant(document, name, held[name], [], Ceilings(10), NOW)
            document["members"][name]["wants"] = demand
    for name, demand in zip(held, demands, strict=True):
        held[name] += granted(document, name, held[name], demand, limit=10)
    assert list(held.values()) == shares


def test_a_place_goes_to_who_has_waited_longest_not_back_to_who_had_it() -> None:
    document: Document = {}
    holder, order = "", ""
    for _ in range(9):
        for name in (
            (holder, *WORKERS[:3]) if holder else WORKERS[:3]
        ):  # who ends a call is the first to ask
            if granted(document, name, 0, 5, limit=1):
                holder = name
                break
        order += holder[-1]
        for name in WORKERS[:3]:
            if name != holder:
                assert not granted(document, name, 0, 5, limit=1)
    assert order == "012012012"


def test_a_member_that_waits_no_longer_keeps_no_place_from_others() -> None:
    document: Document = {}
    assert granted(document, "gw0", 0, 100, limit=10) == 10
    assert granted(document, "gw1", 0, 100, limit=10) == 0

    assert granted(document, "gw0", 5, 100, now=NOW + 0.5, limit=10) == 0
    assert granted(document, "gw0", 5, 100, now=NOW + 5, limit=10) == 5


def test_what_a_dead_member_held_is_free_again() -> None:
    document: Document = {}
    granted(document, "gw0", 0, 100)
    assert granted(document, "gw1", 0, 100) == 0

    bury(document, {"gw0", "never heard of"})

    assert granted(document, "gw1", 0, 100) == START
    bury({}, {"gw0"})


STEPS = st.lists(
    st.tuples(st.sampled_from(WORKERS), st.integers(0, 3), st.integers(0, 20)), max_size=80
)


@given(STEPS, st.integers(1, 12))
def test_however_members_come_and_go_they_hold_no_more_than_the_limit(
    steps: list[tuple[str, int, int]], concurrency: int
) -> None:
    document: Document = {}
    held = dict.fromkeys(WORKERS, 0)
    for number, (name, ended, wants) in enumerate(steps):
        now = NOW + number / 100
        if wants == 20:
            bury(document, {name})
            held[name] = 0
            continue
        ended = min(ended, held[name])
        held[name] -= ended
        settle(document, [Report(sent(now), True)] * ended, Ceilings(concurrency), now)
        held[name] += granted(document, name, held[name], wants, now, concurrency)
        assert sum(held.values()) <= document["limit"]


@given(STEPS, st.integers(1, 6))
def test_whatever_was_before_everybody_who_waits_gets_a_place_within_a_few_rounds(
    steps: list[tuple[str, int, int]], concurrency: int
) -> None:
    document: Document = {}
    held, served, ceilings = dict.fromkeys(WORKERS, 0), set(), Ceilings(concurrency)
    for name, ended, wants in steps:
        held[name] = max(0, held[name] - ended)
        held[name] += granted(document, name, held[name], wants, limit=concurrency)
    for _ in range(2 * len(WORKERS) + concurrency):
        for name in WORKERS:  # all want more than there is, and one call of each ends
            held[name] = max(0, held[name] - 1)
            settle(document, [Report(sent(), True)], ceilings, NOW)
            count = granted(document, name, held[name], 20, limit=concurrency)
            held[name] += count
            served |= {name} if count else set()
    assert served == set(WORKERS)


@pytest.mark.parametrize("names", [("main",), WORKERS], ids=["one process", "four"])
@pytest.mark.parametrize(
    ("server", "of_tokens", "least_s"),
    [
        (TokenBucket(600, 10), False, 199),
        (TokenBucket(600, 600), False, 140),
        (SlidingWindow(600), False, 181),
        (TokenBucket(300_000, 5_000), True, 199),
        (TokenBucket(300_000, 300_000), True, 140),
    ],
    ids=["small bucket", "full bucket", "window", "few tokens", "many tokens"],
)
def test_a_limit_a_minute_is_learned_from_the_headers(
    server: TokenBucket | SlidingWindow, of_tokens: bool, least_s: float, names: tuple[str, ...]
) -> None:
    run = Simulation(deepcopy(server), names=names, of_tokens=of_tokens).run()

    assert (run.answered, run.in_flight) == (2000, 0)
    assert run.took_s < 1.05 * least_s
    assert run.refused_share < (0.02 if isinstance(server, SlidingWindow) else 0.001)


@pytest.mark.parametrize(
    "ceilings", [Ceilings(50, rpm=600), Ceilings(50, tpm=300_000)], ids=["rpm", "tpm"]
)
def test_the_users_own_limit_is_kept_second_by_second(ceilings: Ceilings) -> None:
    run = Simulation(NoLimit(), calls=300, ceilings=ceilings).run()

    for at in run.sent_at:
        assert (
            sum(at <= each < at + 10 for each in run.sent_at) <= 111
        )  # ten a second, and ten at once
    assert run.took_s < 1.05 * 29.2


@pytest.mark.parametrize("names", [("main",), WORKERS], ids=["one process", "four"])
@pytest.mark.parametrize(("concurrency", "calls", "most_s"), [(50, 2000, 8.0), (1, 100, 20.0)])
def test_without_a_limit_hardly_a_place_stays_empty(
    names: tuple[str, ...], concurrency: int, calls: int, most_s: float
) -> None:
    def latency_s(draw: random.Random) -> float:
        return draw.uniform(0.1, 0.3)

    run = Simulation(NoLimit(), calls, names, Ceilings(concurrency), latency_s=latency_s).run()

    assert run.highest == concurrency
    assert run.took_s < 1.15 * most_s


def test_after_a_rest_no_more_is_sent_than_a_small_bucket_holds() -> None:
    document: Document = {}
    limits = RateLimits(Quota(600, 3, 0.7))  # a bucket of ten
    settle(document, [Report(Sent(NOW, 0, 0), True, rate_limits=limits)] * 50, FIFTY, NOW)

    assert granted(document, "main", 0, 50, now=NOW + 60) == 9  # one is left to others


def test_an_endpoint_that_gives_nothing_but_errors_for_long_is_asked_again() -> None:
    document: Document = {}
    limits = RateLimits(Quota(60, 59, 1.0))
    settle(document, [Report(Sent(NOW, 0, 0), True, rate_limits=limits)], FIFTY, NOW)
    calls = [granted(document, "main", 0, 1, now=NOW + 10 * number) for number in range(200)]
    assert sum(calls) == 200


@pytest.mark.parametrize(
    "quota", [Quota(1, 0, 60), Quota(1, 1, 0), Quota(600, 0, 0.01), Quota(600, 0, 0)]
)
def test_no_quota_keeps_the_lane_shut_for_good(quota: Quota) -> None:
    document: Document = {}
    settle(
        document, [Report(Sent(NOW, 0, 0), True, rate_limits=RateLimits(quota, quota))], FIFTY, NOW
    )

    assert granted(document, "main", 0, 1, now=NOW + 130) == 1


def test_a_call_with_more_tokens_than_there_ever_are_goes_when_the_quota_is_whole() -> None:
    document: Document = {}
    ceilings = Ceilings(50, tpm=6000)  # a hundred a second
    assert grant(document, "main", 0, [1000.0, 1.0], ceilings, NOW).calls == 1
    assert grant(document, "main", 1, [1.0], ceilings, NOW).again_s == pytest.approx(9.01)
    assert grant(document, "main", 0, [1.0], ceilings, NOW + 10).calls == 1


def test_what_is_older_than_what_is_known_of_a_quota_is_not_learned() -> None:
    document: Document = {}
    for number, remaining in ((5, 40), (3, 590)):
        limits = RateLimits(Quota(600, remaining, 30))
        settle(document, [Report(sent(number=number), True, rate_limits=limits)], FIFTY, NOW)
    assert document["requests"]["sent"] == 5
