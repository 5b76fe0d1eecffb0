"""The table of 20,000 cases: never blank, narrowed and sorted as Python would, and the same view behind a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.records.result import CaseResult
from tests.browser.conftest import Open, Written

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")

RANKS = ("failed", "error", "xfailed", "passed", "skipped")
IDS = ".window .grid-row .case-cell b"
BLANK = """() => {
  const frame = document.querySelector(".grid").getBoundingClientRect();
  const head = document.querySelector(".grid-head").getBoundingClientRect();
  const rows = [...document.querySelectorAll(".window .grid-row")].map((row) => [row.getBoundingClientRect(), row]);
  rows.sort(([one], [other]) => one.top - other.top);
  const isSeamless = rows.every(([box], place) => !place || Math.abs(box.top - rows[place - 1][0].bottom) < 1);
  const covers = rows[0][0].top <= head.bottom + 1 && rows.at(-1)[0].bottom >= frame.bottom - 2;
  return {isSeamless, covers, empty: rows.filter(([, row]) => !row.querySelector("b").textContent).length};
}"""
WHOLE = {"isSeamless": True, "covers": True, "empty": 0}
SCROLLED = "share => { const grid = document.querySelector('.grid'); grid.scrollTop = share * grid.scrollHeight; }"
FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def results(large_report: Written) -> tuple[CaseResult, ...]:
    return large_report.made.results


@pytest.fixture
def page(large_report: Written, opened: Open) -> Page:
    page: Page = opened(large_report.html)
    return page


def case_count(page: Page) -> int:
    """How many cases the page says that it shows."""
    return int((page.locator(".case-count").text_content() or "").split()[0].replace(",", ""))


def first_ids(page: Page) -> list[str]:
    return page.locator(IDS).all_text_contents()


def score_of(result: CaseResult) -> float | None:
    return result.scores[0].value


def test_wherever_it_is_scrolled_every_row_in_sight_has_its_text(page: Page) -> None:
    page.locator(".grid").scroll_into_view_if_needed()
    seen = set()
    for share in (0, 0.1, 0.33, 0.5, 0.77, 0.999, 1, 0.02):
        page.evaluate(SCROLLED, share)
        page.evaluate(FRAME)
        assert page.evaluate(BLANK) == WHOLE, share
        seen.update(first_ids(page))
    assert len(seen) > 50
    page.locator(".grid").hover()
    for _ in range(5):
        page.mouse.wheel(0, 5_000)
        page.evaluate(FRAME)
        assert page.evaluate(BLANK) == WHOLE


def test_each_filter_leaves_as_many_cases_as_python_counts(
    page: Page, results: tuple[CaseResult, ...]
) -> None:
    def count(wanted: Callable[[CaseResult], Any]) -> int:
        return sum(bool(wanted(result)) for result in results)

    assert case_count(page) == len(results)
    page.get_by_role("button", name="failed").click()
    assert case_count(page) == count(lambda result: result.outcome == "failed")
    page.get_by_role("button", name="error").click()
    assert case_count(page) == count(lambda result: result.outcome in ("failed", "error"))
    page.get_by_role("combobox", name="Tag").select_option("topic 7")
    assert case_count(page) == count(
        lambda result: result.outcome in ("failed", "error") and "topic 7" in result.case.tags
    )
    page.get_by_role("button", name="Show all").click()
    assert case_count(page) == len(results)
    page.get_by_role("button", name="unscored").click()
    assert case_count(page) == count(lambda result: score_of(result) is None)
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("at least").fill("1")
    page.get_by_label("at most").fill("2.5")
    page.keyboard.press("Enter")
    assert case_count(page) == count(
        lambda result: 1 <= (-1 if score_of(result) is None else score_of(result) or 0) <= 2.5
    )


def test_the_search_finds_ids_at_once_and_whole_answers_in_a_while(
    page: Page, results: tuple[CaseResult, ...]
) -> None:
    page.get_by_role("searchbox").fill("question-00777")
    assert first_ids(page) == ["question-00777"]
    answer = results[15_000].completion
    assert answer
    words = " ".join(answer.text.split()[40:52])
    page.get_by_role("searchbox").fill(words)
    sought = words.lower().split()
    expected = sum(all(word in text_of(result) for word in sought) for result in results)
    page.get_by_role("status").filter(has_text=f"{expected:,} of 20,000").wait_for()


def text_of(result: CaseResult) -> str:
    asked = [message["content"] for message in result.request.messages] if result.request else []
    answer = result.completion.text if result.completion else ""
    score, case = result.scores[0], result.case
    texts = [
        *asked,
        case.expected,
        answer,
        result.message,
        score.reason,
        score.error,
        case.id,
        *case.tags,
        case.source,
    ]
    return "\n".join(str(text) for text in texts if text).lower()


COLUMNS: dict[str, Callable[[CaseResult], Any]] = {
    "Case": lambda result: result.case.id,
    "Outcome": lambda result: RANKS.index(result.outcome),
    "rubric": score_of,
    "Tags": lambda result: ", ".join(result.case.tags),
    "Latency": lambda result: result.completion.latency_s if result.completion else None,
    "Took": lambda result: result.duration_s,
}


def test_each_column_sorts_as_python_does_and_what_has_no_value_comes_last(
    page: Page, results: tuple[CaseResult, ...]
) -> None:
    for column, read in COLUMNS.items():
        known = [result for result in results if read(result) is not None]
        unknown = [result.case.id for result in results if read(result) is None]
        head = page.get_by_role("columnheader", name=column).get_by_role("button")
        for is_reversed in (False, True):
            head.click()
            ids = [
                result.case.id for result in sorted(known, key=read, reverse=is_reversed)
            ] + unknown
            found = first_ids(page)
            assert found == ids[: len(found)], column
            page.locator(".grid").press("End")
            found = first_ids(page)
            assert found == ids[-len(found) :], column
        head.click()
        assert first_ids(page)[0] == next(
            result.case.id for result in results if result.outcome == "failed"
        )


def test_a_link_shows_the_same_view_with_the_same_case_open(
    page: Page, large_report: Written, opened: Open
) -> None:
    page.get_by_role("button", name="failed").click()
    page.get_by_role("combobox", name="Tag").select_option("topic 3")
    page.get_by_role("combobox", name="Sort").select_option("-took")
    page.get_by_label("at most").fill("3")
    page.get_by_role("searchbox").fill("question")
    page.locator(".window .grid-row").nth(2).click()
    page.locator("dialog .answer").wait_for()

    def state(page: Page) -> Any:
        chosen = page.locator("select").evaluate_all("all => all.map(each => each.value)")
        return (
            case_count(page),
            first_ids(page),
            page.locator("#drawer-title").text_content(),
            chosen,
            filters(page),
        )

    other = opened(large_report.html, page.evaluate("location.hash"))
    other.locator("dialog .answer").wait_for()
    assert state(other) == state(page)
    page.reload()
    page.locator("dialog .answer").wait_for()
    assert state(other) == state(page)


def filters(page: Page) -> list[str]:
    pressed = page.locator("[aria-pressed=true]").all_text_contents()
    return [
        *pressed,
        *page.locator(".active-filters button").all_text_contents(),
        page.locator("#search").input_value(),
    ]
