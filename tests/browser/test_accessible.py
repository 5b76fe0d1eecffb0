"""What axe-core finds: no serious or critical violation, in light and dark, on a desk and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Open, Written

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")

GRAVE = ("serious", "critical")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    shop_report: Written, opened: Open, scheme: str, viewport: dict[str, int]
) -> None:
    page = opened(shop_report.html, color_scheme=scheme, viewport=viewport)
    page.locator("#changes .diff").first.wait_for()
    page.get_by_role("button", name="failed").click()
    assert violations(page) == []
    page.keyboard.press("?")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".window .grid-row").first.click()
    page.locator("dialog .answer").wait_for()
    page.keyboard.press("w")
    page.get_by_role("button", name="Against expected").click()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_page_without_a_script(
    shop_report: Written, opened: Open, scheme: str
) -> None:
    page = opened(shop_report.html, color_scheme=scheme)
    page.evaluate("document.documentElement.classList.remove('live')")  # axe itself needs scripts
    page.evaluate(
        "document.querySelectorAll('#all, #changes, #charts').forEach(part => part.remove())"
    )
    assert violations(page) == []


def violations(page: Page) -> list[Any]:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed: `make env`"
    ).Axe()
    found = axe.run(page).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in GRAVE]
