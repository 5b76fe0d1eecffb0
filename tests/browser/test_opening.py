"""What a reader has who opens the file: all of the run, whole, and without asking anybody for anything."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.browser.conftest import Open, Written
from tests.browser.made import Made, many

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


def test_twenty_thousand_results_are_a_file_of_at_most_25_megabytes(large_report: Written) -> None:
    assert {len(each.completion.text) for each in large_report.made.results if each.completion} == {500}
    assert large_report.html.stat().st_size <= 25_000_000


def test_two_hundred_results_are_a_file_of_at_most_500_kilobytes(written: Callable[[Made], Written]) -> None:
    assert written(many(200)).html.stat().st_size <= 500_000
