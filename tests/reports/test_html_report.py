"""The HTML report: it holds all of the JSON report, reads without its script, and cannot be broken by what it tells."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.comparison import Comparison, Coverage, GateResult, MetricComparison
from pytest_llmeval.records.result import Before, BeforeScore, CaseResult, Sample
from pytest_llmeval.records.run import Run, Traffic
from pytest_llmeval.reports.html.data import PART
from pytest_llmeval.reports.html.page import CARDS, ROWS, write_html
from pytest_llmeval.reports.json_report import write_json
from pytest_llmeval.summary.summary import summarize
from tests.reports.hostile import HOSTILE, everywhere
from tests.reports.points import point_of

Element = tuple[str, tuple[tuple[str, str | None], ...]]


class Parsed(HTMLParser):
    """Elements with their attributes, in their order, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def shape(self) -> list[Element]:
        """The elements without the names of places, which are made from the case's id, and what is packed."""
        return [
            (tag, tuple(pair for pair in attrs if not is_anchor(pair[1])))
            for tag, attrs in self.elements
        ]


def is_anchor(value: str | None) -> bool:
    return re.fullmatch("#?case-[0-9a-f]{12}", value or "") is not None


def written(path: Path, run: Run, results: list[CaseResult]) -> str:
    write_html(path, run, results, summarize(run, results))
    return path.read_text(encoding="utf-8")


@pytest.fixture
def report(tmp_path: Path, run: Run, results: list[CaseResult]) -> Parsed:
    return Parsed(written(tmp_path / "report.html", run, results))


def unpacked(html: str, kind: str) -> list[Any]:
    """The blocks of one kind, as the page's script reads them."""
    blocks = re.findall(f'<script type="text/plain" data-part="{kind}">([^<]*)</script>', html)
    return [json.loads(zlib.decompress(base64.b64decode(block))) for block in blocks]


def held_in(html: str) -> dict[str, Any]:
    """The JSON report that an HTML report holds."""
    [head] = unpacked(html, "head")
    return {**head, "results": [result for part in unpacked(html, "results") for result in part]}


def changed(result: CaseResult, outcome: str, score: float, answer: str = "Yes.") -> CaseResult:
    before = Before("main", outcome, answer, {"rubric": BeforeScore(score, "It said so.")})
    return replace(result, before=(before,))


def test_the_verdict_comes_first_and_then_what_failed(report: Parsed) -> None:
    order = [
        "Failed",
        "1 of 5 cases missed its threshold; 2 could not be judged.",
        "Pass rate",
        "Mean rubric",
        "Before you trust these numbers",
        "Scores",
        "Failed or not judged",
        "can-i-return-a",
        "what-is-your-warranty",
        "How this was made",
    ]
    places = [report.text.index(words) for words in order]
    assert places == sorted(places)


def test_the_page_holds_the_json_report_and_nothing_else(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    many = [
        replace(each, suite=f"{each.suite}{number}")
        for number in range(PART // len(results) + 1)
        for each in results
    ]
    summary = summarize(run, many)
    points = (point_of(Run("older"), []), point_of(run, results))
    write_html(tmp_path / "report.html", run, iter(many), summary, points)
    write_json(tmp_path / "report.json", run, iter(many), summary, points)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert held_in(html) == json.loads((tmp_path / "report.json").read_text())
    assert len(unpacked(html, "results")) == 2
    [index] = unpacked(html, "index")
    assert [(index["part"][place], index["offset"][place]) for place in (0, PART, -1)] == [
        (0, 0),
        (1, 0),
        (1, 3),
    ]


def test_what_failed_is_there_to_read_without_a_script(report: Parsed) -> None:
    for words in (
        "You answer for a small online shop.",
        "Can I return a gift I did not buy?",
        "Yes, within 30 days, if it is unopened.",
        "Unfortunately gifts cannot be returned.",
        "Contradicts the policy; gifts are returnable.",
        "rubric/1:5f2d0c9a41be",
        "golden/faq.csv:3",
        "pytest golden/faq.csv::can-i-return-a",
        "no valid reply in 3 attempts",
        "The table of all 6 cases, the search, the charts and the labels need JavaScript, which is off.",
    ):
        assert words in report.text


def test_what_the_run_cost_is_there_to_read(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    sent = replace(run, traffic=Traffic(11, 23, 0.02293, 1))
    text = Parsed(written(tmp_path / "report.html", sent, results)).text
    for words in (
        "cost unknown · 9.3 s",  # beside the name of a case
        "calls saved, the oldest 3 days old",
        "Failed attempts12",
        "Cost of other calls$0.02003 calls without a result",
    ):
        assert words in text


def test_what_changed_comes_before_what_only_failed(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    passed, failed, broken, *rest = results
    lost, stayed = changed(failed, "passed", 4.5), changed(broken, "error", 1.0)
    html = written(
        tmp_path / "report.html", run, [changed(passed, "passed", 2.0), lost, stayed, *rest]
    )
    text = Parsed(html).text
    for words in ("Answer before (main)", "4.5 →", "before: It said so."):
        assert words in text
    assert (
        text.index("What changed")
        < text.index("can-i-return-a")
        < text.index("Failed or not judged")
    )
    [index] = unpacked(html, "index")
    assert [next((each["change"] for each in befores), "new") for befores in index["before"]] == [
        "better", "lost", "reworded", "new", "new", "new",
    ]  # fmt: skip


def test_a_score_without_a_verdict_says_why(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    metric = MetricComparison("rubric", GateResult("ERROR", "another judge <b>"), Coverage(3, 3, 3))
    compared = replace(run, comparisons=(Comparison("main", run.id, (metric,)),))
    assert (
        "rubric: another judge <b>"
        in Parsed(written(tmp_path / "report.html", compared, results)).text
    )


def test_how_many_samples_keep_their_bounds_stands_with_a_case_that_failed(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    samples = tuple(Sample(number, results[1].completion, met=number > 0) for number in range(5))
    text = Parsed(
        written(tmp_path / "report.html", run, [replace(results[1], samples=samples)])
    ).text
    assert "Samples: 4 of 5 met." in text


def test_a_page_without_a_script_shows_a_part_of_many_failures_and_says_so(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    many = [replace(results[1], suite=str(number)) for number in range(CARDS + ROWS + 5)]
    text = Parsed(written(tmp_path / "report.html", run, many)).text
    assert text.count("Unfortunately gifts cannot be returned.") == CARDS
    assert f"These are {CARDS + ROWS:,} of {CARDS + ROWS + 5:,}." in text


def test_other_runs_stand_in_a_table_the_newest_first(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    summary = summarize(run, results)
    points = [replace(point_of(run, results), id=name, name=name) for name in ("one", "two")]
    write_html(tmp_path / "report.html", run, results, summary, points)
    text = Parsed((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert (
        text.index("Among other runs")
        < text.index("two", text.index("Among"))
        < text.index("one2025")
    )


def test_a_case_keeps_its_place_in_the_next_run(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    def places(number: int, result: CaseResult) -> list[str]:
        return re.findall('id="(case-[^"]+)"', written(tmp_path / f"{number}.html", run, [result]))

    later = replace(results[1], outcome="error", started_at="2026-01-01T00:00:00+00:00")
    assert places(1, results[1]) == places(2, later)


def test_nothing_is_loaded_and_only_the_one_script_runs(report: Parsed) -> None:
    tags = {tag for tag, _ in report.elements}
    names = {name for _, attrs in report.elements for name, _ in attrs}
    assert [attrs for tag, attrs in report.elements if tag == "script" and not attrs] == [
        ()
    ]  # all others are data
    assert not tags & {"link", "img", "iframe", "object", "embed", "form", "base"}
    assert not names & {"src", "style", "action", "srcdoc"}
    assert not [name for name in names if name.startswith("on")]


def test_the_policy_allows_exactly_the_one_style_sheet_and_the_one_script(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    html = written(tmp_path / "report.html", run, results)
    [style], [script] = (
        re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL) for tag in ("style", "script")
    )
    metas = [dict(attrs) for tag, attrs in Parsed(html).elements if tag == "meta"]
    policy = next(
        meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == (
        f"default-src 'none'; script-src '{digest_of(script)}'; style-src '{digest_of(style)}'; img-src 'none'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    assert not re.search(r"url\(|@import", style)
    assert not re.search(
        "innerHTML|outerHTML|insertAdjacentHTML|document.write|\\beval\\(|fetch\\(|XMLHttpRequest",
        script,
    )


def digest_of(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_becomes_markup(
    hostile: str, tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    def planted(text: str) -> tuple[Run, list[CaseResult]]:
        changed: tuple[Run, list[CaseResult]] = everywhere(
            # Apart, because the words of a finish reason are read.
            (run, tuple(results)),
            lambda original: f"{text} {original}",
        )
        return changed

    harmless = Parsed(written(tmp_path / "harmless.html", *planted("y" * len(hostile))))
    found = Parsed(written(tmp_path / "hostile.html", *planted(hostile)))
    assert found.shape == harmless.shape


def test_what_could_reorder_or_hide_text_is_shown(
    tmp_path: Path, run: Run, results: list[CaseResult]
) -> None:
    tricky = replace(results[1], completion=Completion("safe\u202etxt.exe\0 \ud83d"))
    html = written(tmp_path / "report.html", run, [tricky])
    assert "safe⟨U+202E⟩txt.exe␀ \\ud83d" in html
    assert "\u202e" not in html


def test_a_run_without_results_is_a_whole_page(tmp_path: Path) -> None:
    page = Parsed(written(tmp_path / "report.html", Run("r"), []))
    assert "No case was tried." in page.text
    assert page.elements[0][0] == "html"


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def themes() -> Iterator[dict[str, str]]:
    css = Path("pytest_llmeval/reports/html/templates/css/1-page.css")
    source = (Path(__file__).parents[2] / css).read_text(encoding="utf-8")
    light, dark = source.split("prefers-color-scheme: dark", 1)
    for part in (light, dark):
        yield dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part))


def test_what_got_worse_stands_before_what_got_better_where_no_bound_fails_a_case(
    run: Run, results: list[CaseResult], tmp_path: Path
) -> None:
    ways = (("xfailed", "passed"), ("passed", "xfailed"))
    flipped = [
        replace(result, outcome=now, before=(Before("main", then, "", {}),))  # type: ignore[arg-type]
        for result, (then, now) in zip(results, ways, strict=False)
    ]
    html = written(tmp_path / "report.html", run, flipped)
    gained, lost = (html.index(f">{result.case.id}</h3>") for result in flipped)
    assert lost < gained


def test_a_run_that_did_not_end_is_named_so_among_others(
    run: Run, results: list[CaseResult], tmp_path: Path
) -> None:
    history = [
        point_of(run, results),
        replace(point_of(run, results), is_whole=False, exit_code=None),
    ]
    write_html(tmp_path / "report.html", run, results, summarize(run, results), history)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count(
        "<small>not finished</small>"
    ) == 1


@pytest.mark.parametrize("theme", [*themes()], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_aa_asks(theme: dict[str, str]) -> None:
    grounds = ("page", "panel", "sunken", "passed-soft", "failed-soft", "error-soft")
    pairs = [(text, ground) for text in ("ink", "muted") for ground in grounds]
    pairs += [
        (tone, ground)
        for tone in ("passed", "failed", "error", "skipped")
        for ground in ("panel", f"{tone}-soft")
    ]
    pairs += [("link", "page"), ("link", "panel")]
    for text, ground in pairs:
        low, high = sorted((luminance(theme[text]), luminance(theme[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
