"""Runs of an unusual shape: many scores and runs, huge numbers and texts, wide signs, one id twice, nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Message, Source
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import Before, BeforeScore, CaseResult
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.runlog.history import MetricPoint
from pytest_llmeval.text import number, seconds, usd
from tests.browser.conftest import Open, Written
from tests.browser.made import Made, earlier, shop

pytestmark = pytest.mark.xdist_group("browser")

NAMES = [f"metric_{'_of_a_long_name' * 7}_{place}" for place in range(40)]
TAGS = ("数据隐私与合规性审查流程和责任分配", "🙂" * 20, "a cafe\u0301 tag with many words in it")
LINES = "".join(f"line {place}\n" for place in range(20_000))
CALL = {
    "id": "call-1",
    "type": "function",
    "function": {"name": "find_order", "arguments": '{"id": 7}'},
}
CHAT: tuple[Message, ...] = (
    {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call-1", "content": "shipped"},
    {"role": "user", "content": "And now?", "name": None},
)
CALLED = """Let me look.
{
  "tool_calls": [
    {
      "id": "call-1",
      "type": "function",
      "function": {
        "name": "find_order",
        "arguments": "{\\"id\\": 7}"
      }
    }
  ]
}"""
TOLD = [CALLED, 'shipped\n{\n  "tool_call_id": "call-1"\n}', "And now?"]
LEFT = "cells => cells.map(cell => Math.round(cell.getBoundingClientRect().left))"
OUTSIDE = """svg => [...svg.querySelectorAll("text")].filter(text => {
    const [box, all] = [text.getBBox(), svg.viewBox.baseVal];
    return box.x < 0 || box.x + box.width > all.width || box.y < 0 || box.y + box.height > all.height;
}).map(text => text.textContent)"""


def result(suite: str, place: int) -> CaseResult:
    case = Case("same", "And now?", Source("golden/odd.csv", 2), CHAT, "short", tags=TAGS)
    scores = tuple(
        Score(name, 1e9 * (place + 1) + at, Scale(), f"reason {at}")
        for at, name in enumerate(NAMES)
    )
    values = {
        name: BeforeScore(2.5e9 + 2 * at * (at < 39), "then") for at, name in enumerate(NAMES)
    }
    return CaseResult(
        suite, case, f"{suite}[{case.id}]", "failed", completion=Completion(LINES, latency_s=1.0), scores=scores,
        before=(Before("main", "passed", f"{LINES}.", values),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def odd(written: Callable[[Made], Written]) -> Written:
    point = next(earlier())
    huge = MetricPoint(NAMES[0], Scale(), Interval(1.5e9, 1.4e9, 1.6e9, 2))
    points = tuple(replace(point, id=f"run-{place}", metrics=(huge,)) for place in range(200))
    return written(
        Made(
            shop().run,
            tuple(result(f"test_{name}.py::test_it", place) for place, name in enumerate("ab")),
            points,
        )
    )


def test_every_run_is_on_the_line_and_every_label_in_its_chart(odd: Written, opened: Open) -> None:
    page = opened(odd.html)
    lines = page.locator("polyline").evaluate_all(
        "lines => lines.map(line => line.points.numberOfItems)"
    )
    assert lines == [200, 200]
    assert page.locator(".chart").count() == 7
    assert page.locator(".chart svg").evaluate_all(f"charts => charts.flatMap({OUTSIDE})") == []


def test_long_answers_and_many_scores_leave_a_change_readable(odd: Written, opened: Open) -> None:
    change = opened(odd.html).locator("#changes .case").first
    change.get_by_text("34 more scores").wait_for()
    assert all(len(text) < 45_000 for text in change.locator(".diff").all_text_contents())
    assert change.locator(".pair > section > p").first.is_visible()
    assert not change.get_by_text("reason 39").is_visible()


def test_many_columns_leave_the_case_in_sight_and_one_id_is_told_apart(
    odd: Written, opened: Open
) -> None:
    page = opened(odd.html)
    grid, cells = page.locator(".grid"), page.locator(".window .case-cell")
    grid.evaluate("grid => { grid.scrollLeft = 2000; }")
    (frame, cell) = (each.bounding_box() for each in (grid, cells.first))
    assert frame
    assert cell
    assert 0 <= cell["x"] - frame["x"] < 20
    heads, row = (
        page.locator(".grid-head > *"),
        page.locator(".window .grid-row").first.locator("> *"),
    )
    assert heads.evaluate_all(LEFT) == row.evaluate_all(LEFT)
    page.get_by_role("searchbox").fill("caf\u00e9")  # one sign here, two in the run
    assert cells.locator("small").all_text_contents() == [
        f"{each.suite} · And now?" for each in odd.made.results
    ]


def test_the_calls_of_tools_are_part_of_a_chat(odd: Written, opened: Open) -> None:
    page = opened(odd.html)
    page.locator(".window .grid-row").first.click()
    page.locator("dialog .answer").wait_for()
    assert page.locator("dialog .message .text").all_text_contents() == TOLD
    assert page.locator(".static .case").first.locator(".message .text").all_text_contents() == TOLD


def test_a_run_without_cases_has_no_empty_part(
    written: Callable[[Made], Written], opened: Open
) -> None:
    page = opened(written(Made(shop().run, (), shop().history[-1:])).html)
    assert not page.get_by_role("heading", name="Charts").is_visible()
    assert "There is no case." in page.locator(".grid").evaluate(
        "grid => getComputedStyle(grid, '::after').content"
    )


def test_the_script_writes_numbers_as_all_reports_do(shop_report: Written, opened: Open) -> None:
    page = opened(shop_report.html)
    values = [
        0,
        1e-9,
        0.00012,
        0.01234,
        0.5,
        1,
        3.14159,
        59.94,
        119.6,
        3599.7,
        7300,
        9999.4,
        9999.6,
        12345.678,
        1e9,
    ]
    for name, phrase in (("number", number), ("seconds", seconds), ("usd", usd)):
        assert page.evaluate(f"values => values.map({name})", values) == [
            phrase(value) for value in values
        ]
