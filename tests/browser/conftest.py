"""One browser for all of these tests, and the reports that they open."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.reports.html.page import write_html
from pytest_llmeval.reports.json_report import write_json
from pytest_llmeval.summary.summary import summarize
from tests.browser.made import Made, many, shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_MS = 30_000
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Written:
    """A report on disk, with what it was made of."""

    made: Made
    html: Path
    json: Path


@dataclass
class Opened:
    """A page of a report, with all that it must not do."""

    page: Page
    wrong: list[str] = field(default_factory=list)

    def watch(self, address: str) -> None:
        """Note every request but that of the file itself, every dialog, and everything on the console."""
        self.page.on(
            "request", lambda request: self._note(request.url, request.url.split("#")[0] != address)
        )
        self.page.on("dialog", lambda dialog: self._note(dialog.message))
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.page.on(
            "console",
            lambda message: self._note(message.text, message.type in ("error", "warning")),
        )

    def _note(self, what: str, is_wrong: bool = True) -> None:
        if is_wrong:
            self.wrong.append(what)


Open = Callable[..., Any]


def go_on(page: Page) -> None:
    """Press the key of the next case in the open drawer, and wait until that is there."""
    from playwright.sync_api import expect

    drawer = page.locator("dialog.drawer")
    title = drawer.locator("#drawer-title").text_content() or ""
    page.keyboard.press("j")
    expect(drawer.locator("#drawer-title")).not_to_have_text(title, timeout=WAIT_MS)


def installed() -> str | None:
    """Where Chromium is here."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, as it is installed here."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed; `make env` brings it"
    )
    path = installed()
    if path is None:
        pytest.skip("no Chromium here; Debian and Ubuntu have it: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path)
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Opens reports, each in a profile of its own. In the end none of them has asked for anything or has gone wrong."""
    contexts, pages = [], []

    def open_(path: Path, hash_: str = "", **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.watch(path.as_uri())
        pages.append(opened)
        opened.page.goto(path.as_uri() + hash_)
        if options.get("java_script_enabled", True):
            opened.page.locator("html[data-ready]").wait_for()
        return opened.page

    yield open_
    for context in contexts:
        context.close()
    assert [page.wrong for page in pages] == [[]] * len(pages)


@pytest.fixture(scope="package")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Made], Written]:
    """Writes both reports of a run."""

    def write(made: Made) -> Written:
        folder = tmp_path_factory.mktemp("report")
        summary = summarize(made.run, made.results)
        both = Written(made, folder / "report.html", folder / "report.json")
        write_html(both.html, made.run, iter(made.results), summary, made.history)
        write_json(both.json, made.run, iter(made.results), summary, made.history)
        return both

    return write


@pytest.fixture(scope="package")
def shop_report(written: Callable[[Made], Written]) -> Written:
    return written(shop())


@pytest.fixture(scope="package")
def large_report(written: Callable[[Made], Written]) -> Written:
    """20,000 results with answers of 500 characters."""
    return written(many(20_000))
