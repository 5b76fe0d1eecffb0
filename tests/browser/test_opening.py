"""What a reader has who opens the file: all of the run, whole, and without asking anybody for anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.text import number, seconds, usd
from tests.browser.conftest import Open, Written
from tests.browser.made import Made, many, shop
from tests.checked import checks_of

pytestmark = pytest.mark.xdist_group("browser")

HELD = """async () => {
  const store = await Store.load();
  const results = [];
  for (const row of store.rows) results.push(await store.result(row));
  return JSON.stringify({run: store.run, summary: store.summary, history: store.history, results});
}"""


def test_the_page_holds_what_the_json_report_says(shop_report: Written, opened: Open) -> None:
    held = json.loads(opened(shop_report.html).evaluate(HELD))
    told = json.loads(shop_report.json.read_text())
    told.pop("schema")
    assert held == told


def test_numbers_read_as_in_every_other_report(shop_report: Written, opened: Open) -> None:
    page = opened(shop_report.html)
    scores = (0, 0.00002, 0.00012, 0.12345, 4.5, 1234.6, 9999.4, 9999.6, 12345.6, -9999.7, 1e6)
    times = (0.0004, 0.25, 1.27, 59.4, 61, 119.7, 3599.7, 3700.2, 90_061)
    dollars = (0, 0.000012, 0.00034, 0.0123, 0.5, 1, 12.345, 1234.56)
    assert page.evaluate("values => values.map(number)", scores) == [
        number(value) for value in scores
    ]
    assert page.evaluate("values => values.map(seconds)", times) == [
        seconds(value) for value in times
    ]
    assert page.evaluate("values => values.map(usd)", dollars) == [usd(value) for value in dollars]
    assert number(9_999.6) == "10,000"
    assert seconds(119.7) == "2 min 00 s"


def test_a_bound_stands_with_the_score_that_it_is_on(
    written: Callable[[Made], Written], opened: Open
) -> None:
    made = shop()
    params = ({"text": "shipping"}, {"text": "refund"})
    scores = (
        Score("contains", 0.0, params=params[1]),
        Score("contains", 1.0, params=params[0]),
    )
    bounds = tuple(Threshold("contains", ">=", 1.0, each) for each in params)
    bounds += (Threshold("length", "<=", 9.0),)
    case = replace(made.results[0], scores=scores, checks=checks_of(scores, bounds), samples=())
    page = opened(written(Made(made.run, (case,))).html)
    page.locator(".window .grid-row").first.click()
    rows = page.locator("dialog .scores tbody tr").all_inner_texts()
    assert [" ".join(row.split()) for row in rows] == [
        "contains 0 of 1 missed >= 1, text “refund”",
        "contains 1 of 1 met >= 1, text “shipping”",
        "length not taken not decided <= 9",
    ]


def test_twenty_thousand_results_are_a_file_of_at_most_25_megabytes(large_report: Written) -> None:
    assert {len(each.completion.text) for each in large_report.made.results if each.completion} == {
        500
    }
    assert large_report.html.stat().st_size <= 25_000_000


def test_two_hundred_results_are_a_file_of_at_most_500_kilobytes(
    written: Callable[[Made], Written],
) -> None:
    assert written(many(200)).html.stat().st_size <= 500_000
