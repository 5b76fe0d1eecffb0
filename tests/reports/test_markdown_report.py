"""The summary in Markdown, read as GitHub reads it: its structure is ours, whatever the texts are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import repeat
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.comparison import (
    CaseChange,
    Comparison,
    Coverage,
    GateOutcome,
    GateResult,
    MetricComparison,
)
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import Before, BeforeScore, CaseResult, Outcome
from pytest_llmeval.records.run import Note, Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.reports.markdown.escaping import flat, inert
from pytest_llmeval.reports.markdown.page import MOST_BYTES, markdown, write_markdown
from pytest_llmeval.summary.summary import summarize
from tests.checked import checks_of

OURS = {"br", "span", "i"}  # stand for a line break, a dollar sign and an empty text
BEFORE, NOW = "Shipping to Malta costs 12 euros.", "Shipping is free everywhere."

HOSTILE = [
    "`code` ``` ~~~\n```\n</details>\n\n# Heading\n\n- item",
    "<script>alert(1)</script><img src=x onerror=alert(1)><!-- comment -->",
    "</details></summary></td></table></b><details><summary>x",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "[link](https://evil.example) ![image](https://evil.example/x.png) <https://evil.example> [ref]: https://a.b",
    "@admin @org/team user@example.com #123 org/repo#1 GH-7 !4 :tada: $x^2$ https://evil.example www.evil.example",
    "**bold** __bold__ _it_ ~~gone~~ &amp; &#60; \\*\\| \\",
    "\u202eright to left\u202c \u2066isolate \x1b[31m \x00 \x85 \ud83d",
    "> quote\n===\n---\n***\n1. one\n\n\n\n\n\tcode",
    "an emoji with our colon after it :tada",
    "- item",
    "1. item",
    "[^1] [^1]: note {+ added +} {- gone -} [x] -->",
]


class Tags(HTMLParser):
    """The elements of a page, and its texts outside of code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.texts, self.comments, self._in_code = (
            list[str](),
            list[str](),
            list[str](),
            0,
        )
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._in_code += tag == "code"
        if tag not in OURS:
            self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"
        if tag not in OURS:
            self.tags.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if not self._in_code:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def rendered(text: str) -> Tags:
    return Tags(
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    )


def case(
    id: str, outcome: Outcome = "failed", text: str = "", line: int = 3, was: str = "passed"
) -> CaseResult:
    """A case with a baseline, in which every text is the same, or tells of Malta."""
    told = Case(
        id,
        text or "Is shipping free?",
        Source(text or "golden/faq.csv", line),
        expected=text or "Not to Malta.",
    )
    before = Before(
        text or "main",
        was,
        text or BEFORE,
        {text or "rubric": BeforeScore(5.0, text or "Same price.")},
    )
    score = Score(text or "rubric", 1.0, reason=text or "Malta is not free.")
    return CaseResult(
        text or "golden/faq.csv", told, f"golden/faq.csv::{text or id}", outcome, completion=Completion(text or NOW),
        scores=(score,), checks=checks_of((score,), (Threshold(text or "rubric", ">=", 4.0),)), message=text, before=(before,),
    )  # fmt: skip


def change(result: CaseResult, before: float = 1.0, after: float = 0.0) -> CaseChange:
    return CaseChange(result.suite, result.case.source.file, result.case.id, 3, before, after)


Cases = tuple[CaseChange, ...]


def compared(
    run: Run, text: str = "", lost: Cases = (), dropped: Cases = (), gained: Cases = ()
) -> Run:
    """The run, compared with a baseline: it is worse."""
    found = GateResult(
        "REGRESSED", text or "dropped 5.3 points", -0.053, 0.02, -0.09, -0.02, 0.004, detectable=0.03, n=60,
        before=Interval(0.9, None, None, 60), after=Interval(0.84, None, None, 60),
    )  # fmt: skip
    metric = MetricComparison(
        text or "rubric", found, Coverage(60, 60, 60), dropped=dropped, high=5.0
    )
    gate = GateOutcome(
        text or "regression",
        "missed",
        text or "rubric: dropped 5.3 points",
        -0.053,
        60,
        "REGRESSED",
    )
    kept = GateOutcome("cost<=1", "met", "the run has spent $0.0029 of $1", 0.0029, 60)
    comparison = Comparison(text or "main", run.id, (metric,), lost, gained)
    return replace(
        run, gates=(replace(gate, baseline=text or "main"), kept), comparisons=(comparison,)
    )


def told(run: Run, results: list[CaseResult]) -> str:
    return markdown(run, results, summarize(run, results), ".llmeval/report.html")


def with_text(run: Run, text: str) -> str:
    """A summary in which everything that may come from elsewhere is this text."""
    results = [
        case("a", "failed", text),
        case("b", "failed"),
        case("c", "error", text),
        case("d", "passed", text),
    ]
    hostile = replace(run, name=text, id=text or run.id, notes=(Note("judge", text or "warning"),))
    lost, dropped = (change(results[0]),), (change(results[3], 5, 4),)
    return told(compared(hostile, text, lost=lost, dropped=dropped), results)


def test_the_verdict_comes_first_then_what_a_reviewer_has_to_see(run: Run) -> None:
    lost, broken, dropped = case("malta"), case("islands", "error"), case("repairs", "passed")
    new, gained = replace(case("helmets"), before=()), case("invoice", "passed", was="failed")
    known = case("known", was="failed")
    results = [gained, known, dropped, broken, new, lost]
    text = told(
        compared(
            run,
            lost=(change(lost),),
            dropped=(change(dropped, 5.0, 4.0),),
            gained=(change(gained),),
        ),
        results,
    )

    assert text.splitlines()[0] == "<!-- llmeval: refund wording second try -->"
    assert text.splitlines()[2] == "## ❌ <b>REGRESSED</b> against main: rubric: dropped 5.3 points"
    places = [
        text.index(f"<summary><b>{result.case.id}")
        for result in (lost, new, broken, dropped, known, gained)
    ]
    assert places == sorted(places)
    for shown in (
        BEFORE,
        NOW,
        "Same price.",
        "Malta is not free.",
        "golden/faq.csv:3",
        "pytest golden/faq.csv::malta",
    ):
        assert shown in text
    assert (
        "| rubric | 4.20 | 4.50 | <b>\u22125.3</b> &#91;\u22129.0, \u22122.0&#93; | 0.0040 | 3.0 | 60 |"
        in text
    )
    assert "rubric 5 → 4" in text
    assert "whole report: .llmeval/report.html" in text


def test_without_a_baseline_there_is_nothing_before(run: Run, results: list[CaseResult]) -> None:
    text = told(run, results)
    assert (
        "## ❌ FAILED: 1 of 5 cases missed its threshold; 2 could not be judged. 1 skipped." in text
    )
    assert "before" not in text
    assert (
        "generation <span>&#36;</span>0.0019 + 1 unpriced call, judge <span>&#36;</span>0.0011"
        in text
    )


@pytest.mark.parametrize(
    ("state", "verdict", "headline"),
    [
        ("met", "OK", "## ✅ <b>OK</b> against main: why"),
        ("met", "WARN", "## ⚠️ <b>WARN</b> against main: why"),
        ("open", "INCONCLUSIVE", "## ⚠️ <b>INCONCLUSIVE</b> against main: why"),
        ("error", "ERROR", "## ❌ <b>ERROR</b> against main: why"),
    ],
)
def test_the_headline_is_the_worst_of_gates_and_cases(
    run: Run, state: str, verdict: str, headline: str
) -> None:
    gate = GateOutcome("regression", state, "why", verdict=verdict, baseline="main")  # type: ignore[arg-type]
    gated = replace(run, gates=(gate,))
    assert headline in told(gated, [case("a", "passed")])
    assert re.search("## ❌ FAILED: .*1 of 1 case missed its threshold", told(gated, [case("a")]))


def test_a_bound_that_is_missed_is_named_with_the_test_it_is_confined_to(run: Run) -> None:
    gate = GateOutcome(
        "pass_rate>=.9", "missed", "46.7 % of 15 cases passed", 0.467, 15, scope="test_faq.py"
    )
    text = told(replace(run, gates=(gate,)), [case("a", "passed")])
    rule = "pass&#95;rate&#62;&#61;.9 on test&#95;faq.py"
    assert f"## ❌ <b>MISSED</b>: {rule}: 46.7 % of 15 cases passed" in text
    assert f"| {rule} | ❌ <b>MISSED</b> |" in text


def test_a_score_that_could_not_be_compared_still_says_what_it_is_now(
    run: Run, results: list[CaseResult]
) -> None:
    metric = MetricComparison(
        "rubric", GateResult("ERROR", "too few cases"), Coverage(15, 0, 15), high=5.0
    )
    text = told(replace(run, comparisons=(Comparison("main", run.id, (metric,)),)), results)
    assert "| rubric | 3.50 &#91;0.00, 5.00&#93; | - | - | - | - | 0 | <b>ERROR</b> |" in text
    # A score that does not gate is no error, only because nothing compares it.
    shown = replace(metric, is_gated=False)
    text = told(replace(run, comparisons=(Comparison("main", run.id, (shown,)),)), results)
    assert "| - | - | - | - | 0 | not compared |" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_and_does_nothing(run: Run, text: str) -> None:
    check(run, text)


@settings(max_examples=50)
@given(
    st.text(
        st.characters() | st.sampled_from("`|\n<>&[]()!#@*_~-=:/$\\'\"\r\t "),
        min_size=1,
        max_size=80,
    )
)
def test_no_text_changes_the_structure(text: str) -> None:
    assume(text != "rubric")  # two scores of one name are one row
    check(Run("run"), text)


def check(run: Run, text: str) -> None:
    benign, hostile = rendered(with_text(run, "benign")), rendered(with_text(run, text))
    assert hostile.tags == benign.tags
    assert len(hostile.comments) == 1
    for shown in hostile.texts:
        assert not re.search(
            r"[@#!]\w|https?://|www\.|:\w+:|[\u202a-\u202e\u2066-\u2069\x1b]|\$.+\$", shown
        ), shown


@settings(max_examples=50)
@given(st.text(), st.integers(40, 400))
def test_a_text_keeps_to_its_room(text: str, room: int) -> None:
    assert len(inert(text, room).encode()) <= room


def test_on_one_line_a_text_is_cut_only_where_its_room_ends_and_tells_its_length() -> None:
    assert flat("a" * 10_000, 80).endswith("… (10,000 characters)")
    assert flat(f"{' ' * 10_000}a{' ' * 10_000}b", 80) == "a b"


@pytest.mark.parametrize("sign", ["👩🏽‍🚀", "🇩🇪", "e\u0301", "각", "#️⃣"])
def test_a_text_is_cut_between_what_a_reader_takes_for_characters(sign: str) -> None:
    for room in range(60, 90):
        kept = inert(sign * 40, room).partition("…")[0]
        assert kept.replace("&#35;", "#").replace(sign, "") == ""


def test_a_large_run_keeps_to_its_size_and_says_what_is_left_out(run: Run) -> None:
    huge = "|<@\n👩🏽‍🚀" * 150_000
    shared = [case(f"case-{number}", "failed", huge) for number in range(3)]

    class Many:
        """20,000 results, made anew at each reading."""

        def __iter__(self) -> Iterator[CaseResult]:
            for number, result in enumerate(repeat(shared, 20_000 // 3)):
                for each in result:
                    yield replace(each, case=replace(each.case, id=f"{each.case.id}-{number}"))

    long = tuple(huge[:5_000] for _ in range(50))
    gates = tuple(GateOutcome(text, "missed", text, 1.0, 1, "REGRESSED", text) for text in long)
    worse = compared(
        replace(run, name=huge[:5_000], notes=tuple(Note("judge", text) for text in long)),
        huge[:5_000],
    )
    metrics = worse.comparisons[0].metrics * 40
    worse = replace(
        worse, gates=gates, comparisons=(replace(worse.comparisons[0], metrics=metrics),) * 9
    )
    text = markdown(worse, Many(), summarize(worse, shared), huge[:5_000])

    assert 10_000 < len(text.encode()) < MOST_BYTES
    assert "### Missed their threshold: 19,998" in text
    assert re.search(r"19,9\d\d cases of these left out here", text)
    assert rendered(text).tags.count("details") == rendered(text).tags.count("/details") > 3


def test_it_is_written_with_its_folder(tmp_path: Path, run: Run, results: list[CaseResult]) -> None:
    path = tmp_path / "out" / "summary.md"
    write_markdown(path, markdown(run, results, summarize(run, results)))
    assert path.read_text(encoding="utf-8") == markdown(run, results, summarize(run, results))


def test_what_became_of_the_cases_is_said_once(run: Run) -> None:
    gated = replace(
        run, gates=(GateOutcome("regression", "open", "too few cases", verdict="INCONCLUSIVE"),)
    )
    assert told(gated, [case("a", "failed")]).count("1 of 1 case missed its threshold.") == 1
    assert told(gated, [case("a", "passed")]).count("1 case passed.") == 1


def test_a_mean_before_has_no_interval_of_another_kind(run: Run, results: list[CaseResult]) -> None:
    found = GateResult(
        "OK", "", before=Interval(0.25, 0.05, 0.7, 4), after=Interval(0.5, 0.15, 0.85, 4), n=4
    )
    metric = MetricComparison("contains", found, Coverage(4, 4, 4))
    text = told(replace(run, comparisons=(Comparison("main", run.id, (metric,)),)), results)
    assert re.search(r"\| contains \| 0\.50[^|]* \| 0\.25 \|", text)


def test_the_line_of_a_case_tells_the_score_that_missed_its_bound(run: Run) -> None:
    failed = case("a")
    failed = failed.with_scores((Score("lexicon_count", 19.0), *failed.scores))
    failed = replace(failed, before=())
    assert "<summary><b>a</b> · rubric 1 · Is shipping free?</summary>" in told(run, [failed])
