"""Everything without a mouse: each control is reached and does its work, and the focus is never lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PHONE, Open, Written

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")

FOCUSED = """() => {
  const node = document.activeElement;
  const text = node.getAttribute("aria-label") || node.textContent || node.placeholder || "";
  const name = node.id || node.className.baseVal || node.className;
  return node === document.body ? "" : `${node.localName} ${name} ${text}`;
}"""
OUT_OF_SIGHT = """() => {
  const box = document.activeElement.getBoundingClientRect();
  return box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth || !box.width;
}"""
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
  .filter((node) => node.tabIndex >= 0 && node.checkVisibility() && !node.closest("dialog")).length"""


def focused(page: Page) -> str:
    found = page.evaluate(FOCUSED)
    assert isinstance(found, str)
    return found


def title(page: Page) -> str:
    return page.locator("#drawer-title").text_content() or ""


def test_tab_reaches_every_control_once_and_each_is_in_sight(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    seen: list[str] = []
    page.keyboard.press("Tab")
    assert "Skip to the cases" in focused(page)
    while (now := focused(page)) and len(seen) < 300:
        assert not page.evaluate(OUT_OF_SIGHT), now
        seen.append(now)
        page.keyboard.press("Tab")
    assert len(seen) == page.evaluate(REACHABLE)
    for part in ("search", "grid", "mark", "chip bad", "summary", "scroll", "Attention first"):
        assert [name for name in seen if part in name], part


def test_cases_are_walked_opened_and_closed_and_the_focus_comes_back(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    page.keyboard.press("j")
    assert "grid" in focused(page)
    ids = page.locator(".case-cell b").all_text_contents()
    for key in ("j", "ArrowDown", "k", "j"):
        page.keyboard.press(key)
    assert page.locator(".grid-row.active b").first.text_content() == ids[2]
    page.keyboard.press("Enter")
    page.locator("dialog .answer").wait_for()
    assert title(page) == ids[2]
    page.keyboard.press("j")
    page.get_by_role("heading", name=ids[3]).wait_for()
    page.keyboard.press("Escape")
    assert not page.locator("dialog[open]").count()
    assert "grid" in focused(page)
    page.locator(".grid-row.active .case-cell b").filter(has_text=ids[3]).wait_for()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator("dialog .answer").wait_for()
    page.keyboard.press("j")
    assert page.locator("dialog[open]").count() == 1


def test_the_drawer_holds_the_focus_and_its_controls_work(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("dialog .answer").wait_for()
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert inside, focused(page)
        seen.add(focused(page))
    for name in (
        "Close",
        "Markdown",
        "Against before",
        "Copy as JSON",
        "Right",
        "Note",
        "Raw reply of the judge",
    ):
        assert [each for each in seen if name in each], name
    press(page, "Against expected")
    assert page.locator("dialog .diff").is_visible()
    assert "Against expected" in focused(page)
    press(page, "Wrong")
    assert page.get_by_role("button", name="Wrong").get_attribute("aria-pressed") == "true"
    press(page, "Close")
    assert "grid" in focused(page)
    assert "wrong" in (page.locator(".grid-row.active").text_content() or "")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")


def test_search_and_filters_work_from_the_keyboard(shop_report: Written, opened: Open) -> None:
    page = opened(shop_report.html)
    page.keyboard.press("/")
    assert "search" in focused(page)
    page.keyboard.type("warranty j?")
    assert not page.locator("dialog[open]").count()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("warranty")
    page.get_by_role("status").filter(has_text=re.compile("^[1-9]+ of 53")).wait_for()
    page.keyboard.press("Escape")
    assert "grid" in focused(page)
    page.get_by_role("button", name="failed").focus()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="failed").get_attribute("aria-pressed") == "true"
    assert "failed" in focused(page)
    page.get_by_role("combobox", name="Tag").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator(".active-filters button").count()
    page.locator(".active-filters button").first.focus()
    page.keyboard.press("Enter")
    assert "Show all" in focused(page)
    page.keyboard.press("Enter")
    assert "search" in focused(page)
    head = page.get_by_role("grid").get_by_role("columnheader", name="rubric")
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert "rubric" in focused(page)


def test_a_button_that_has_done_its_work_hands_the_focus_on(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    count = page.locator("#changes summary").count()
    page.get_by_role("button", name="more of").focus()
    page.keyboard.press("Enter")
    assert (
        page.locator("#changes summary")
        .nth(count)
        .evaluate("node => node === document.activeElement")
    )


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desktop", "phone"])
def test_a_question_mark_lists_the_keys(
    shop_report: Written, opened: Open, viewport: dict[str, int] | None
) -> None:
    page = opened(shop_report.html, **({"viewport": viewport} if viewport else {}))
    page.keyboard.press("j")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog[open]").count()
    assert "grid" in focused(page)


def test_marks_of_a_chart_are_one_stop_whose_arrows_go_on(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    first = page.locator(".chart").first
    first.locator("[tabindex='0']").focus()
    names = first.get_by_role("button").evaluate_all(
        "marks => marks.map(mark => mark.getAttribute('aria-label'))"
    )
    page.keyboard.press("ArrowRight")
    assert names[1] in focused(page)
    page.keyboard.press("Enter")
    assert "grid" in focused(page)
    assert page.locator(".active-filters button").count()
