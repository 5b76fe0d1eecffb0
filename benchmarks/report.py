"""The HTML report of many results in a real browser: its size, and what a reader waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import NotMeasured
from benchmarks.setup import Setup
from benchmarks.table import Row, note, performance
from tests.browser.conftest import installed
from tests.browser.made import many

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TIMES = 3
"""How often the page is opened and each filter set; the quickest counts: it was disturbed least."""

PAINT = """new Promise((done, failed) => {
  setTimeout(() => failed(new Error("nothing was painted in 30 s")), 30_000);
  new PerformanceObserver((paints) => {
    const first = paints.getEntriesByName("first-contentful-paint")[0];
    if (first) done(first.startTime);
  }).observe({type: "paint", buffered: true});
})"""
READY = "html[data-ready]"
FILTERED = """async ([control, value]) => {
  const node = document.querySelector(control);
  const start = performance.now();
  if (value === null) node.click();
  else node.value = value;
  for (const kind of ["input", "change"]) node.dispatchEvent(new Event(kind, {bubbles: true}));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
FILTERS = {
    "by outcome": ("button[data-outcome='failed']", None),
    "by tag": ("select:has(option[value='topic 7'])", "topic 7"),
    "by a range": ("input[aria-label='at most']", "2"),
    "by a word": ("#search", "question-007"),
}
SCROLLED = """async () => {
  const grid = document.querySelector(".grid");
  grid.scrollIntoView();
  const end = grid.getBoundingClientRect().bottom;
  let [frames, blank] = [0, 0];
  for (let step = 0; step < 120; step += 1) {
    grid.scrollTop = (step * 7919 * 13) % (grid.scrollHeight - grid.clientHeight);
    await new Promise((done) => requestAnimationFrame(done));
    const top = document.querySelector(".grid-head").getBoundingClientRect().bottom;
    const rows = [...document.querySelectorAll(".window .grid-row")].filter((row) => row.innerText);
    const covered = rows.map((row) => row.getBoundingClientRect())
      .map((box) => Math.max(0, Math.min(box.bottom, end) - Math.max(box.top, top)))
      .reduce((sum, height) => sum + height, 0);
    frames += 1;
    blank += covered < end - top - 2;
  }
  return [frames, blank];
}"""


def report(setup: Setup) -> Iterator[Row]:
    """Size of the file, and what a reader waits for."""
    amount = setup.rows(20_000)
    large = _written(setup.folder, amount)
    small = _written(setup.folder, 200)
    size_mb = large.stat().st_size / 1e6
    yield performance("report", f"size with {amount:,} results", size_mb, "<=", 25, "MB")
    size_kb = small.stat().st_size / 1e3
    yield performance("report", "size with 200 results", size_kb, "<=", 500, "kB")
    with _browser() as browser:
        yield from _read(browser, large)


def _written(folder: Path, amount: int) -> Path:
    from pytest_llmeval.reports.html.page import write_html
    from pytest_llmeval.summary.summary import summarize

    made, path = many(amount), folder / f"report-{amount}.html"
    write_html(path, made.run, iter(made.results), summarize(made.run, made.results))
    return path


@contextmanager
def _browser() -> Iterator[Browser]:
    path = installed()
    if path is None:
        raise NotMeasured("there is no chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path)
        yield browser
        browser.close()


def _read(browser: Browser, path: Path) -> Iterator[Row]:
    opened = [_opened(browser, path) for _ in range(TIMES)]
    page = opened[-1][2]
    paint_ms = min(paint for paint, _, _ in opened)
    yield performance("report", "first screen", paint_ms, "<=", 1000, "ms")
    yield note("report", "everything works", min(ready for _, ready, _ in opened), "ms")
    for name, control in FILTERS.items():
        yield performance("report", f"filter {name}", _filtered(page, control), "<=", 100, "ms")
    frames, blank = page.evaluate(SCROLLED)
    detail = f"of {frames}"
    yield performance("report", "frames with blank rows", blank, "=", 0, "frames", detail=detail)


def _opened(browser: Browser, path: Path) -> tuple[float, float, Page]:
    """Milliseconds until the first screen and until everything works, and the page."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.goto(path.as_uri(), wait_until="commit")
    page.locator(READY).wait_for()
    return page.evaluate(PAINT), page.evaluate("performance.now()"), page


def _filtered(page: Page, control: tuple[str, str | None]) -> float:
    """Milliseconds from the change of a filter to the next picture."""
    page.locator(".grid").scroll_into_view_if_needed()
    times_ms: list[float] = []
    for _ in range(TIMES):
        times_ms.append(page.evaluate(FILTERED, control))
        page.get_by_role("button", name="Show all").click()
    return min(times_ms)
