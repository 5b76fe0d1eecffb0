"""Texts that try to become more than text, in every field of a run: they are shown, and nothing else happens.

That nothing executes and no request leaves is checked by the fixture `opened`, after each test of
this folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.reports.html.page import CARDS, clipped
from pytest_llmeval.text import visible
from tests.browser.conftest import DESKTOP, PHONE, Open, Written, go_on
from tests.browser.made import Made, shop
from tests.reports.hostile import HOSTILE, everywhere

pytestmark = pytest.mark.xdist_group("browser")

OVERFLOW = "node => node.scrollWidth - node.clientWidth"
WORD = "y" * 1_000_000
LIVE = "a[href]:not(.skip), img, iframe, object, embed, form:not(.range-form), base, link, svg image, svg style"


@pytest.fixture(scope="package")
def hostile(written: Callable[[Made], Written]) -> Written:
    """Each text in every field of a case that failed and has samples, and all of them in every field of the run."""
    made = shop()
    pattern = next(each for each in made.results if each.outcome == "failed" and each.samples)
    results = [planted(pattern, text) for text in HOSTILE]
    long = replace(pattern.case, id="long", prompt=WORD, expected=WORD, tags=(WORD,))
    answer = replace(pattern.completion, text=WORD) if pattern.completion else None
    results.append(replace(pattern, case=long, completion=answer, message=WORD, nodeid=WORD))
    every = " ".join(text for text in HOSTILE if len(text) < 1000)
    run, history = everywhere((made.run, made.history), lambda original: f"{every}{original}")
    return written(Made(run, tuple(results), history))


def planted(pattern: CaseResult, text: str) -> CaseResult:
    """The result with a text before every other, its baseline's name apart: by that it is found."""
    then = pattern.before[0]
    changed: CaseResult = everywhere(replace(pattern, before=()), lambda original: text + original)
    before: Any = everywhere(then, lambda original: text + original)
    return replace(
        changed, before=(replace(before, baseline=then.baseline, scores=scores_of(before, text)),)
    )


def scores_of(before: Any, text: str) -> Any:
    return {name: replace(score, reason=f"{text}before") for name, score in before.scores.items()}


def test_every_case_opens_and_shows_its_texts_as_text(hostile: Written, opened: Open) -> None:
    page = opened(hostile.html)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert page.locator("html").evaluate(OVERFLOW) <= 0
    titles, answers = [], []
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    for place, result in enumerate(hostile.made.results):
        drawer = page.locator("dialog.drawer")
        drawer.locator(".answer").wait_for()
        titles.append(whole(drawer.get_by_role("heading", level=2).text_content()))
        answers.append(whole(drawer.locator(".answer").text_content()))
        assert drawer.evaluate(OVERFLOW) <= 0, result.case.id[:100]
        if place < len(HOSTILE):
            go_on(page)
    texts = [
        (each.case.id, each.completion.text if each.completion else "")
        for each in hostile.made.results
    ]
    assert [title[:1000] for title in titles] == [whole(visible(id_[:1000])) for id_, _ in texts]
    assert answers == [whole(visible(text[:20_000])) for _, text in texts]
    assert page.locator(LIVE).count() == 0


def whole(text: str | None) -> str:
    """A text without halves of a character, which do not come out of the browser as they are."""
    return re.sub("[\ud800-\udfff\ufffd]|\\\\ud83d", "", text or "")


def test_rendered_markdown_has_no_live_part_and_fits_a_phone(
    hostile: Written, opened: Open
) -> None:
    page = opened(hostile.html, viewport=PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert page.locator("html").evaluate(OVERFLOW) <= 0
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Markdown").click()  # and so for all that follow
    for place in range(len(hostile.made.results)):
        drawer = page.locator("dialog.drawer")
        drawer.locator(".rendered").wait_for()
        assert drawer.evaluate(OVERFLOW) <= 0, place
        assert drawer.locator(LIVE).count() == 0
        if place < len(HOSTILE):
            go_on(page)


def test_the_table_shows_each_text_in_one_line_of_its_row(hostile: Written, opened: Open) -> None:
    page = opened(hostile.html)
    page.locator(".grid").focus()
    seen: set[str] = set()
    for _ in hostile.made.results:
        seen.update(page.locator(".case-cell b").all_text_contents())
        page.keyboard.press("ArrowDown")
    assert len(seen) == len(hostile.made.results)
    heights = page.locator(".window .grid-row").evaluate_all(
        "rows => rows.map(row => row.offsetHeight)"
    )
    assert len(set(heights)) == 1


SLOW = {
    "a heading without a text": "## ",
    "almost a table": f"{'|' * 9_000}\n{'-' * 9_000}x",
    "almost links": "![a](b" * 3_000,
}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_no_answer_keeps_markdown_from_being_shown(
    answer: str, written: Callable[[Made], Written], opened: Open
) -> None:
    answered = next(each for each in shop().results if each.completion)
    page = opened(
        written(Made(shop().run, (replace(answered, completion=Completion(answer)),))).html
    )
    page.locator(".window .grid-row").first.click()
    page.get_by_role("button", name="Markdown").click()
    page.locator("dialog .rendered").wait_for()


@pytest.mark.parametrize("name", ["constructor", "__proto__"])
def test_a_score_and_a_baseline_may_have_a_name_that_every_object_has(
    name: str, written: Callable[[Made], Written], opened: Open
) -> None:
    made = shop()
    scored = next(each for each in made.results if each.before)
    score, before = replace(scored.scores[0], name=name), replace(scored.before[0], baseline=name)
    named = replace(
        scored, scores=(score,), before=(replace(before, scores={name: before.scores["rubric"]}),)
    )
    other = replace(
        scored, case=replace(scored.case, id="other"), scores=scored.scores[1:], before=()
    )
    page = opened(written(Made(made.run, (named, other))).html)
    heads = page.locator(".grid").get_by_role("columnheader").all_text_contents()
    rows = [
        row.get_by_role("gridcell").all_text_contents()
        for row in page.locator(".window .grid-row").all()
    ]
    assert sorted(row[heads.index(name)] for row in rows) == ["-", "5"]
    assert page.get_by_role("heading", name="What changed").is_visible()
    page.locator(".window .grid-row").first.click()
    page.locator("dialog .answer").wait_for()


@pytest.mark.parametrize("name", ["constructor", "__proto__", "__defineGetter__"])
def test_an_address_that_names_what_every_object_has_is_passed_over(
    name: str, shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html, f"#sort={name}&outcome={name}&change={name}&range={name},1,")
    names = page.locator(".active-filters button").all_text_contents()
    assert names == [f"{name} \u00d7", f"1 ≤ {name} \u00d7", "Show all"]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_without_a_script_the_texts_stand_there_too(
    hostile: Written, opened: Open, viewport: dict[str, int]
) -> None:
    page = opened(hostile.html, viewport=viewport, java_script_enabled=False)
    assert page.locator("html").evaluate(OVERFLOW) <= 0
    answers = page.locator(".static .answer").all_text_contents()
    expected = [
        visible(clipped(each.completion.text))
        for each in hostile.made.results[:CARDS]
        if each.completion
    ]
    assert answers == [text.replace("\r\n", "\n") for text in expected]
    assert page.locator(LIVE).count() == 0
