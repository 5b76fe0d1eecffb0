"""The HTML report: one file that runs nothing, tells everything, and cannot be broken by what it tells."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.records import Completion
from pytest_llmeval.reports.html_report import write_html
from pytest_llmeval.reports.summary import summarize
from pytest_llmeval.results import CaseResult, Run, Traffic

Element = tuple[str, tuple[tuple[str, str | None], ...]]
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style>*{display:none}</style></svg>",
    "<math><mtext></p><img src onerror=alert(1)></math>",
    '"><b onmouseover=alert(1)>',
    "' autofocus onfocus='alert(1)",
    '" style="position:fixed;inset:0',
    "`onmouseover=alert(1)`",
    "</div></section></details></main></body></html>",
    "<details open ontoggle=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<a href=javascript:alert(1)>click</a>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<form action=https://evil.example/><input type=submit>",
    "<!-- -->--!><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "<%= 1 %>",
    "{{ 7 * 7 }}{% for x in [] %}{{ ''.__class__ }}",
    "{# comment #}",
    "${alert(1)}",
    "&lt;script&gt;&#x3C;script&#x3E;&amp;",
    "&NotEqualTilde;&#0;&#xD800;",
    "\u202ereversed\u202c and \u2066isolated\u2069",
    "nul \0 bell \a escape \x1b[31m delete \x7f",
    "half a smile \ud83d",
    "مرحبا <b>bold</b> שלום",
    "x" * 100_000,
    "line\u2028separator\u2029paragraph\r\nend",
]


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
        """The elements without the names of places, which are made from the case's id."""
        return [(tag, tuple(pair for pair in attrs if not is_anchor(pair[1]))) for tag, attrs in self.elements]


def is_anchor(value: str | None) -> bool:
    return re.fullmatch("#?case-[0-9a-f]{12}", value or "") is not None


def written(path: Path, run: Run, results: list[CaseResult]) -> str:
    write_html(path, run, results, summarize(run, results))
    return path.read_text(encoding="utf-8")


def everywhere(record: Any, changed: Callable[[str], str]) -> Any:
    """A copy of a record in which every text is changed."""
    if isinstance(record, str):
        return changed(record) if record else record
    if isinstance(record, tuple):
        return tuple(everywhere(each, changed) for each in record)
    if isinstance(record, dict):
        names = (name if name in ("role", "content") else changed(name) for name in record)
        return dict(zip(names, (everywhere(each, changed) for each in record.values()), strict=True))
    if is_dataclass(record) and not isinstance(record, type):
        values = {each.name: getattr(record, each.name) for each in fields(record) if each.name not in CLOSED}
        return replace(record, **{name: everywhere(each, changed) for name, each in values.items()})
    return record


CLOSED = ("outcome", "comparison")  # their values are words of ours


@pytest.fixture
def report(tmp_path: Path, run: Run, results: list[CaseResult]) -> Parsed:
    return Parsed(written(tmp_path / "report.html", run, results))


def test_the_verdict_comes_first_and_then_what_failed(report: Parsed) -> None:
    order = [
        "Failed",
        "1 of 5 cases is worse than asked; 2 could not be judged.",
        "Pass rate",
        "Mean rubric",
        "Before you trust these numbers",
        "Scores",
        "Failed or not judged",
        "can-i-return-a",
        "what-is-your-warranty",
        "All other cases",
        "how-long-do-refunds",
        "How this was made",
    ]
    places = [report.text.index(words) for words in order]
    assert places == sorted(places)


def test_everything_about_a_case_is_there_to_read(report: Parsed) -> None:
    for words in (
        "You answer for a small online shop.",
        "Can I return a gift I did not buy?",
        "Yes, within 30 days, if it is unopened.",
        "Unfortunately gifts cannot be returned.",
        "Contradicts the policy; gifts are returnable.",
        "rubric/1:5f2d0c9a41be",
        "golden/faq.csv:3",
        "pytest golden/faq.csv::can-i-return-a",
        "pytest 'tests/test_orders.py::test_order[أين-طلبي]'",
        "temperature 0.2, top_p 1, max_tokens 256, seed 7",
        "https://api.example.com/v1",
        "58 sent, 41 received",
        "judge-large-2025-06; 3 calls, $0.00042 + 1 unpriced call",
        "no valid reply in 3 attempts",
        "Order 4411 left the warehouse on 11 June.",
        "안녕하세요, 환불은 언제 되나요?",
        "Still no.",
    ):
        assert words in report.text


def test_what_a_case_and_the_run_cost_is_there_to_read(tmp_path: Path, run: Run, results: list[CaseResult]) -> None:
    sent = replace(run, traffic=Traffic(11, 23, 0.02293, 1))
    text = Parsed(written(tmp_path / "report.html", sent, results)).text
    for words in (
        "$0.0011 · 2.4 s",  # beside the name of a case
        "cost unknown · 9.3 s",
        "calls not made again, the oldest 3 days old",
        "Failed attempts12",
        "Cost of other calls$0.02003 calls that no result shows",
        "Call made2025-06-09 09:00 UTC",
    ):
        assert words in text


def test_only_what_needs_attention_is_open(report: Parsed) -> None:
    cases = [dict(attrs) for tag, attrs in report.elements if tag == "details"]
    opened = [(attrs["class"], "open" in attrs) for attrs in cases if (attrs.get("class") or "").startswith("case")]
    assert opened == [
        ("case failed", True),
        ("case error", True),
        ("case error", True),
        ("case passed", False),
        ("case skipped", False),
        ("case passed", False),
    ]


def test_each_case_has_a_place_to_link_to(report: Parsed) -> None:
    places = [value for _, attrs in report.elements for name, value in attrs if name == "id" and is_anchor(value)]
    links = [value for _, attrs in report.elements for name, value in attrs if name == "href" and is_anchor(value)]
    assert len(set(places)) == 6
    assert links == [f"#{place}" for place in places]


def test_a_case_keeps_its_place_in_the_next_run(tmp_path: Path, run: Run, results: list[CaseResult]) -> None:
    def places(number: int, result: CaseResult) -> list[str]:
        return re.findall('id="(case-[^"]+)"', written(tmp_path / f"{number}.html", run, [result]))

    later = replace(results[0], outcome="failed", started_at="2026-01-01T00:00:00+00:00")
    assert places(1, results[0]) == places(2, later)


def test_nothing_is_loaded_and_nothing_runs(report: Parsed) -> None:
    tags = {tag for tag, _ in report.elements}
    names = {name for _, attrs in report.elements for name, _ in attrs}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not names & {"src", "style", "action", "srcdoc"}
    assert not [name for name in names if name.startswith("on")]


def test_the_policy_allows_exactly_the_one_style_sheet(tmp_path: Path, run: Run, results: list[CaseResult]) -> None:
    html = written(tmp_path / "report.html", run, results)
    (style,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    metas = [dict(attrs) for tag, attrs in Parsed(html).elements if tag == "meta"]
    policy = next(meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_becomes_markup(hostile: str, tmp_path: Path, run: Run, results: list[CaseResult]) -> None:
    def planted(text: str) -> tuple[Run, list[CaseResult]]:
        changed: tuple[Run, list[CaseResult]] = everywhere((run, tuple(results)), lambda original: text + original)
        return changed

    harmless = Parsed(written(tmp_path / "harmless.html", *planted("y" * len(hostile))))
    found = Parsed(written(tmp_path / "hostile.html", *planted(hostile)))
    assert found.shape == harmless.shape


def test_what_could_reorder_or_hide_text_is_shown(tmp_path: Path, run: Run, results: list[CaseResult]) -> None:
    tricky = replace(results[0], completion=Completion("safe\u202etxt.exe\0 \ud83d"))
    html = written(tmp_path / "report.html", run, [tricky])
    assert "safe⟨U+202E⟩txt.exe␀ \\ud83d" in html
    assert "\u202e" not in html


def test_a_run_without_results_is_a_whole_page(tmp_path: Path) -> None:
    page = Parsed(written(tmp_path / "report.html", Run("r"), []))
    assert "No case was tried." in page.text
    assert page.elements[0][0] == "html"


def test_results_that_can_be_read_only_once_are_refused(tmp_path: Path, run: Run, results: list[CaseResult]) -> None:
    with pytest.raises(TypeError, match="read twice"):
        write_html(tmp_path / "report.html", run, iter(results), summarize(run, results))
    assert list(tmp_path.iterdir()) == []


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def themes() -> Iterator[dict[str, str]]:
    css = Path("pytest_llmeval/reports/templates/report.css")
    source = (Path(__file__).parents[2] / css).read_text(encoding="utf-8")
    light, dark = source.split("prefers-color-scheme: dark", 1)
    for part in (light, dark):
        yield dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part))


@pytest.mark.parametrize("theme", [*themes()], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_aa_asks(theme: dict[str, str]) -> None:
    grounds = ("page", "panel", "sunken", "passed-soft", "failed-soft", "error-soft")
    pairs = [(text, ground) for text in ("ink", "muted") for ground in grounds]
    pairs += [
        (tone, ground) for tone in ("passed", "failed", "error", "skipped") for ground in ("panel", f"{tone}-soft")
    ]
    pairs += [("link", "page"), ("link", "panel")]
    for text, ground in pairs:
        low, high = sorted((luminance(theme[text]), luminance(theme[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
