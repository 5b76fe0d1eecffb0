"""What changed against the baseline: first what flipped, with the words that differ and both reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.summary.changes import change_of
from tests.browser.conftest import Open, Written
from tests.browser.made import Made, shop

pytestmark = pytest.mark.xdist_group("browser")


def change(result: CaseResult) -> str:
    return change_of(result, result.before[0] if result.before else None)


def test_what_was_lost_comes_first_then_what_was_gained(shop_report: Written, opened: Open) -> None:
    page = opened(shop_report.html)
    found = page.locator("#changes .case")
    page.get_by_role("button", name="more of").click()
    order = ("lost", "gained", "flipped", "worse")
    changes = {each.case.id: change(each) for each in shop_report.made.results}
    shown = [changes[name] for name in found.locator(".case-id").all_text_contents()]
    assert shown == sorted((name for name in changes.values() if name in order), key=order.index)
    assert " ".join(found.first.locator(".flip").inner_text().split()) == "passed → failed"


def test_a_flipped_case_marks_the_words_that_differ_and_tells_both_reasons(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    case = page.locator("#changes .case").filter(has_text="invoices-after-deletion")
    for side in case.locator(".diff").all():
        assert side.locator("del").all_text_contents() == ["8"]
        assert side.locator("ins").all_text_contents() == ["12"]
        assert side.text_content() == "No, the law requires us to keep invoices for 812 years."
    then, now = (case.get_by_role("heading", name=f"rubric {word}") for word in ("before", "now"))
    assert (then.text_content(), now.text_content()) == ("rubric before: 4.5", "rubric now: 1.5")
    assert case.get_by_text("All that the expected answer says.").is_visible()
    assert case.get_by_text("The answer promises another period than the policy").is_visible()
    one, other = then.bounding_box(), now.bounding_box()
    assert one
    assert other
    assert (one["y"], one["x"] < other["x"]) == (other["y"], True)


def test_the_count_of_a_change_shows_its_cases(shop_report: Written, opened: Open) -> None:
    page = opened(shop_report.html)
    counts = Counter(change(each) for each in shop_report.made.results)
    chips = page.get_by_role("group", name="Changes; each shows its cases").get_by_role("button")
    assert {tuple((text or "").split()) for text in chips.all_text_contents()} == {
        (str(count), name) for name, count in counts.items()
    }
    for chip in chips.all():
        count, name = (chip.text_content() or "").split()
        chip.click()
        assert page.locator(".case-count").text_content() == f"{count} of 53 cases"
        assert set(page.locator(".grid-row [role=gridcell]:nth-child(3)").all_text_contents()) == {
            name
        }


def test_the_first_baseline_is_shown_unless_the_address_names_another(
    written: Callable[[Made], Written], opened: Open
) -> None:
    case = next(each for each in shop().results if each.before)
    befores = tuple(replace(case.before[0], baseline=name) for name in ("main", "2024"))
    page = opened(written(Made(shop().run, (replace(case, before=befores),))).html)
    chosen = page.get_by_role("combobox", name="Baseline")
    assert chosen.input_value() == "main"
    chosen.select_option("2024")
    page.evaluate("location.hash = '#q=x'")
    page.locator(".case-count").filter(has_text="0 of 1 case").wait_for()
    assert chosen.input_value() == "main"


def test_the_drawer_reads_the_answer_against_both_and_shows_both_reasons(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    page.locator("#changes .case").first.get_by_role("button", name="Open the case").click()
    drawer = page.locator("dialog.drawer")
    for reading in ("Against expected", "Against before"):
        drawer.get_by_role("button", name=reading).click()
        assert (
            drawer.locator("del").all_text_contents(),
            drawer.locator("ins").all_text_contents(),
        ) == (
            ["free"],
            ["charged"],
        )
    columns = drawer.locator(".columns").first
    assert [" ".join(text.split()) for text in columns.locator("> div").all_inner_texts()] == [
        "now The answer promises another period than the policy, and so contradicts it.",
        "before All that the expected answer says.",
    ]
    assert drawer.get_by_role("heading", name="Answer before").is_visible()
