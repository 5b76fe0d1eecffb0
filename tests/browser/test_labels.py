"""What a reviewer says of answers becomes a file that `llmeval calibrate` reads, whatever was written into a note."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pytest_llmeval.cli import main
from pytest_llmeval.runlog.log import RunLog
from tests.browser.conftest import Open, Written, go_on

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")

NOTES = [
    '=HYPERLINK("https://evil.example","x")',
    'says "no", means yes;\tsee l. 4',
    "<script>alert(1)</script>",
    "+4711",
    "",
]


def label(page: Page, amount: int) -> None:
    """Mark the first cases of the table wrong, and the passed ones after them right, from the keyboard."""
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    for place in range(amount):
        page.locator("dialog .labels").wait_for()
        badge = page.locator(".drawer-head .badge").text_content()
        page.keyboard.press("r" if badge == "passed" else "w")
        page.get_by_label("Note on the label").fill(NOTES[place % len(NOTES)])
        page.locator("#drawer-title").focus()
        go_on(page)
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "case=" not in url)


def exported(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_calibrate_joins_the_labels_with_the_run(
    shop_report: Written, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = shop_report.made
    page = opened(shop_report.html)
    label(page, 10)
    path = exported(page, tmp_path)
    assert path.name == f"labels-{made.run.id}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_id = {each.case.id: each for each in made.results}
    assert len(rows) == 10
    for row in rows:
        result = by_id[row["id"]]
        assert row["label"] == ("pass" if result.outcome == "passed" else "fail")
        assert (row["prompt"], row["file"]) == (result.case.prompt, result.case.source.file)
    assert {row["note"] for row in rows} == {
        f"'{note}" if note[:1] in ("=", "+") else note for note in NOTES
    }

    monkeypatch.chdir(tmp_path)
    log = RunLog("runs.sqlite")
    log.begin(made.run)
    for each in made.results:
        log.add(made.run.id, each)
    log.finish(made.run)
    log.close()
    command = ["calibrate", path.name, "--run", made.run.id, "--log", "runs.sqlite", "--json", "-"]
    found = CliRunner().invoke(main, command)
    assert found.exit_code == 0, found.output
    scored = sum(by_id[row["id"]].scores[0].value is not None for row in rows)
    figures = json.loads(found.stdout)["calibration"]
    assert (figures["cases"], figures["unscored"]) == (scored, 10 - scored)


def test_labels_stay_when_the_page_is_opened_again_and_can_be_taken_back(
    shop_report: Written, opened: Open
) -> None:
    page = opened(shop_report.html)
    label(page, 2)
    page.reload()
    page.get_by_role("button", name="Export 2 labels as CSV").wait_for()
    page.get_by_role("combobox", name="Label").select_option("wrong")
    assert page.locator(".case-count").text_content() == "2 of 53 cases"
    page.locator(".window .grid-row").first.click()
    page.locator("dialog .labels").wait_for()
    assert page.get_by_label("Note on the label").input_value() == NOTES[0]
    page.keyboard.press("w")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Export 1 label as CSV").wait_for()
