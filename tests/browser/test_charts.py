"""The charts: they say what they show, and each mark leads to exactly the cases that it counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.stats.intervals import proportion_interval
from tests.browser.conftest import Open, Written
from tests.browser.made import Made

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.xdist_group("browser")

CHARTS = {
    "rubric: how many cases", "rubric: before and now", "Pass rate by tag", "How long an answer takes",
    "Pass rate over 8 runs", "Mean rubric over 8 runs", "Pass rate against cost",
}  # fmt: skip


def chart(page: Page, name: str) -> Locator:
    return page.locator("figure").filter(has_text=name)


def shown(page: Page) -> set[str]:
    """The ids of the cases in the table, which all fit into it here."""
    count = int((page.locator(".case-count").text_content() or "").split()[0])
    ids = page.locator(".window .case-cell b").all_text_contents()
    while len(ids) < count:
        page.locator(".grid").press("PageDown")
        ids += [
            each
            for each in page.locator(".window .case-cell b").all_text_contents()
            if each not in ids
        ]
    assert len(ids) == count
    return set(ids)


def test_each_chart_has_a_title_a_description_and_values_to_read(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    figures = page.locator("figure")
    assert set(page.locator("figure svg > title").all_text_contents()) == CHARTS
    for figure in figures.all():
        assert figure.locator("svg > desc").text_content()
        marks = figure.locator(".mark > title").all_text_contents()
        assert all(re.search(r"\d", mark) for mark in marks)
        assert figure.locator("text.value").count() or figure.locator("circle").count()
        assert figure.locator("text.tick").count() >= 3


def test_a_bar_of_the_histogram_leads_to_the_cases_that_it_counts(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    results = shop_report.made.results
    marks = chart(page, "rubric: how many cases").get_by_role("button")
    counts = {}
    for place in range(marks.count()):
        name = marks.nth(place).get_attribute("aria-label") or ""
        value, count = re.findall(r"[\d.]+", name)[:2]
        counts[float(value)] = int(count)
        marks.nth(place).dispatch_event("click")
        expected = {each.case.id for each in results if each.scores[0].value == float(value)}
        assert (len(expected), shown(page)) == (int(count), expected)
    assert sum(counts.values()) == sum(each.scores[0].value is not None for each in results)


def test_a_bar_of_the_latencies_shares_the_cases_out(shop_report: Written, opened: Open) -> None:
    page = opened(shop_report.html)
    marks = chart(page, "How long an answer takes").get_by_role("button")
    found: list[str] = []
    for place in range(marks.count()):
        marks.nth(place).dispatch_event("click")
        found += shown(page)
    expected = [
        each.case.id
        for each in shop_report.made.results
        if each.completion and not each.completion.cached
    ]
    assert sorted(found) == sorted(expected)


def test_a_few_latencies_are_shared_out_on_a_scale_and_a_mean_has_the_decimals_of_the_table(
    shop_report: Written, written: Callable[[Made], Written], opened: Open
) -> None:
    page = opened(written(replace(shop_report.made, results=shop_report.made.results[:8])).html)
    marks = chart(page, "How long an answer takes").get_by_role("button")
    names = [marks.nth(place).get_attribute("aria-label") or "" for place in range(marks.count())]
    assert names
    assert all("≤ Latency <" in name for name in names)
    mean = (
        page.get_by_role("region", name="Table of scores")
        .get_by_role("row")
        .nth(1)
        .get_by_role("cell")
        .first
    )
    assert f"mean {mean.text_content()}" in (
        chart(page, "rubric: how many cases").text_content() or ""
    )


def test_a_point_of_before_and_now_leads_to_its_cases(shop_report: Written, opened: Open) -> None:
    page = opened(shop_report.html)
    pairs: dict[tuple[float, float], set[str]] = {}
    for each in shop_report.made.results:
        now, then = (
            each.scores[0].value,
            each.before[0].scores["rubric"].value if each.before else None,
        )
        if now is not None and then is not None:
            pairs.setdefault((then, now), set()).add(each.case.id)
    marks = chart(page, "rubric: before and now").get_by_role("button")
    assert marks.count() == len(pairs)
    for place in range(marks.count()):
        name = marks.nth(place).get_attribute("aria-label") or ""
        then, now = (float(value) for value in re.findall(r"([\d.]+) (?:before|now)", name))
        marks.nth(place).dispatch_event("click")
        assert shown(page) == pairs[then, now]


def test_a_tag_chosen_by_enter_shows_the_cases_with_it_at_their_rate(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    results = shop_report.made.results
    mark = chart(page, "Pass rate by tag").get_by_role("button").first
    tag, _, told = (mark.get_attribute("aria-label") or "").partition(": ")
    judged = [
        each for each in results if tag in each.case.tags and each.outcome in ("passed", "failed")
    ]
    passed = sum(each.outcome == "passed" for each in judged)
    assert f"{passed} of {len(judged)}" in told
    mark.focus()
    page.keyboard.press("Enter")
    assert shown(page) == {each.case.id for each in results if tag in each.case.tags}


def test_a_run_whose_cost_is_unknown_is_no_point_of_the_costs(
    shop_report: Written, opened: Open
) -> None:
    figure = chart(opened(shop_report.html), "Pass rate against cost")
    assert shop_report.made.history[-1].cost.usd is None
    assert figure.locator("circle").count() == len(shop_report.made.history) - 1
    assert figure.get_by_text("this run").count() == 0


def test_means_of_several_judges_are_not_told_as_one_trend(
    shop_report: Written, written: Callable[[Made], Written], opened: Open
) -> None:
    *older, last = shop_report.made.history
    other = replace(older[0].metrics[0], versions=("rubric-other",), is_judged=True)
    history = (replace(older[0], metrics=(other,)), *older[1:], last)
    page = opened(written(replace(shop_report.made, history=history)).html)
    told = "2 judges, whose scores cannot be compared"
    assert told in (chart(page, "Mean rubric over 8 runs").text_content() or "")
    assert told not in (chart(page, "Pass rate over 8 runs").text_content() or "")


PROPORTIONS = (
    (0, 1),
    (1, 1),
    (0, 12),
    (1, 10),
    (7, 12),
    (11, 12),
    (50, 100),
    (199, 200),
    (3, 9000),
)


def test_the_whisker_of_a_pass_rate_is_the_interval_of_every_other_report(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    pairs = [list(pair) for pair in PROPORTIONS]
    drawn = page.evaluate("pairs => pairs.map(([hits, n]) => proportionInterval(hits, n))", pairs)
    for (hits, n), (low, high) in zip(PROPORTIONS, drawn, strict=True):
        interval = proportion_interval(hits, n)
        assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-5), (hits, n)
