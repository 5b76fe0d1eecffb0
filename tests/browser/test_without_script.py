"""Without JavaScript, and on paper, there are the verdict, the gates, the tables and the cases that need attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.reports.html.page import CARDS, ROWS
from tests.browser.conftest import Open, Written

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")


def assert_all_is_there(page: Page, report: Written) -> None:
    run, results = report.made.run, report.made.results
    assert page.get_by_role("heading", level=1, name="Failed").is_visible()
    assert page.get_by_text(
        "1 gate missed. 5 of 53 cases missed their threshold; 3 could not be judged."
    ).is_visible()
    for gate in run.gates:
        assert page.get_by_role("list", name="Gates").get_by_text(gate.reason).is_visible()
    for caption in ("Compared with main", "Table of scores", "Table of runs"):
        assert page.get_by_role("region", name=caption).get_by_role("table").is_visible()
    for each in results:
        if each.outcome in ("failed", "error") and each.completion:
            case = page.locator(".static .case").filter(
                has=page.get_by_role("heading", name=each.case.id, exact=True)
            )
            for text in (each.message, each.case.prompt, each.case.expected, each.completion.text):
                assert case.get_by_text(text or "", exact=True).first.is_visible()
            assert case.get_by_text(f"pytest {each.nodeid}").is_visible()


def test_without_javascript_all_that_needs_attention_can_be_read(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html, java_script_enabled=False)
    assert_all_is_there(page, shop_report)
    assert page.locator("noscript p").is_visible()  # says what is missing
    assert not page.get_by_role("heading", name="Every case").is_visible()
    assert not page.locator("dialog, #charts").first.is_visible()


def test_on_paper_it_is_the_same_with_the_charts(shop_report: Written, opened: Open) -> None:
    page = opened(shop_report.html, color_scheme="dark")
    page.locator(".toolbar").get_by_role("button", name="passed").click()
    page.emulate_media(media="print")
    assert_all_is_there(page, shop_report)
    assert page.get_by_role("heading", name="Charts").is_visible()
    assert not page.get_by_role("searchbox").is_visible()
    assert (
        page.evaluate("getComputedStyle(document.body).color") == "rgb(30, 33, 38)"
    )  # dark on white
    assert page.locator("html").evaluate("node => node.scrollWidth <= node.clientWidth")
    assert page.pdf().startswith(b"%PDF")


def test_of_many_failures_the_first_stand_there_whole_more_in_a_table_and_the_others_are_counted(
    large_report: Written, opened: Open
) -> None:
    page = opened(large_report.html, java_script_enabled=False)
    urgent = [each for each in large_report.made.results if each.outcome in ("failed", "error")]
    ids = [each.case.id for each in urgent]
    assert page.locator(".static .case h3").all_text_contents() == ids[:CARDS]
    rows = page.get_by_role("region", name="More cases that failed or were not judged").locator(
        "tbody tr"
    )
    assert [row.split("\t") for row in rows.all_inner_texts()] == [
        [each.outcome, f"{each.case.id}\n{each.case.source}\n", each.message]
        for each in urgent[CARDS : CARDS + ROWS]
    ]
    assert page.get_by_text(f"These are {CARDS + ROWS:,} of {len(urgent):,}.").is_visible()
