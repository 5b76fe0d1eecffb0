"""What a reviewer takes along from a case: all of it as JSON, the command that runs it again, a link."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.browser.conftest import Open, Written
from tests.browser.made import JUDGE, MODEL

pytestmark = pytest.mark.xdist_group("browser")


def test_a_case_is_copied_as_json_as_command_and_as_link(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("searchbox").fill("honorific-meal")
    page.locator(".window .grid-row").first.click()
    drawer = page.locator("dialog.drawer")

    def copied(name: str) -> str:
        drawer.get_by_role("button", name=name).click()
        page.get_by_role("status").filter(has_text=f"{name}: done").wait_for()
        text = page.evaluate("navigator.clipboard.readText()")
        assert isinstance(text, str)
        return text

    told = json.loads(shop_report.json.read_text())["results"]
    [expected] = [result for result in told if result["case"]["id"] == "honorific-meal"]
    assert json.loads(copied("Copy as JSON")) == expected
    options = [
        "--llm-model",
        MODEL,
        "--llm-temperature",
        "0.2",
        "--llm-judge-model",
        JUDGE,
        "--min-score",
        "4.0",
    ]
    assert shlex.split(copied("Copy the command")) == ["pytest", expected["nodeid"], *options]
    other = opened(shop_report.html, "#" + copied("Copy the link").partition("#")[2])
    other.locator("dialog .answer").wait_for()
    assert other.locator("#drawer-title").text_content() == "honorific-meal"
