"""Runs as they are left behind: a shop's, with everything that a report can show, and one of many results."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pytest_llmeval import read_cases
from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.call import Completion, Parameters, Request, Usage
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
from pytest_llmeval.records.result import Before, BeforeScore, CaseResult, Cause, Outcome, Sample
from pytest_llmeval.records.run import JudgeFacts, Note, Run, SelfTest, Traffic
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.runlog.history import MetricPoint, RunPoint
from pytest_llmeval.summary.costs import Cost
from tests.checked import checks_of
from tests.reports.points import point_of

ROOT = Path(__file__).parents[2]
MODEL, JUDGE, ENDPOINT = (
    "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-2025-04-14",
    "https://api.openai.com/v1",
)
FINGERPRINT = "rubric-5f2d0c9a41be77e0"
RUBRIC = Scale(0.0, 5.0)
BOUNDS = (
    Threshold("rubric", ">=", 4.0, origin="--min-score"),
    Threshold("toxicity", "<=", 0.2, origin="row"),
)
CAUSES: dict[Outcome, Cause] = {"passed": "", "failed": "threshold", "error": "unscored"}
SYSTEM = {
    "role": "system",
    "content": "You are the support assistant of a bicycle shop. Use only its policy.",
}
BASELINE, STARTED = "main", "2025-06-12T10:15:00+00:00"


@dataclass(frozen=True)
class Made:
    """A run with its results, among other runs."""

    run: Run
    results: tuple[CaseResult, ...]
    history: tuple[RunPoint, ...] = ()


@dataclass(frozen=True)
class Turn:
    """What becomes of a case: its outcome and score now and before, and whether its answer is another one."""

    outcome: Outcome
    score: float | None
    then: str
    score_then: float
    is_reworded: bool = True


STAYED = Turn("passed", 5.0, "passed", 5.0, is_reworded=False)
LOST, GAINED = Turn("failed", 1.5, "passed", 4.5), Turn("passed", 4.5, "failed", 2.0)
UNJUDGED, STILL_BAD = Turn("error", None, "passed", 4.0), Turn("failed", 2.0, "failed", 2.0)
WORSE, BETTER, REWORDED = (
    Turn("passed", 4.0, "passed", 5.0), Turn("passed", 5.0, "passed", 4.0), Turn("passed", 4.5, "passed", 4.5),
)  # fmt: skip
TURNS = (STAYED, STAYED, LOST, STAYED, BETTER, STAYED, WORSE, GAINED, STAYED, REWORDED, UNJUDGED, STAYED, STAYED,
         STILL_BAD, STAYED, REWORDED, STAYED, WORSE, STAYED, STAYED, STAYED)  # fmt: skip


@cache
def shop() -> Made:
    """A run over the golden files of this repository against ``main``, the last of eight."""
    cases = [case for name in ("faq.csv", "chat.jsonl", "ko.json") for case in golden(name)]
    results = tuple(
        result(case, place, TURNS[place % len(TURNS)]) for place, case in enumerate(cases)
    )
    run = shop_run(results)
    return Made(run, results, (*earlier(), point_of(run, results)))


def golden(name: str) -> list[Case]:
    return read_cases(ROOT / "golden" / name, ROOT)


def shop_run(results: tuple[CaseResult, ...]) -> Run:
    compared = comparison(results)
    gated = compared.metrics[0].result
    selftest = SelfTest(
        {"expected": 10, "empty": 10, "constant": 10, "other": 9, "injection": 8}, 10, usd=0.012
    )
    kappa = Calibration({"kappa": Interval(0.74, 0.58, 0.87, 120)}, 120, labels="labels/may.csv")
    return Run(
        "20250612T101500-7c41", "shorter system prompt", STARTED, "2025-06-12T10:17:41+00:00",
        {"model": MODEL, "judge_model": JUDGE, "min_score": "4.0", "baseline": BASELINE, "temperature": "0.2"},
        {"pytest_llmeval": "0.1.0", "python": "3.11.7", "pytest": "9.2.0"},
        notes=(Note("judge", "The price of one call is unknown: the costs are a lower bound."),), exit_code=1,
        traffic=Traffic(124, 129, 0.134, 1), judges=(JudgeFacts(FINGERPRINT, "rubric", JUDGE, selftest, "", kappa),),
        gates=(
            GateOutcome("regression(rubric)", "missed", gated.reason, gated.change, gated.n, gated.verdict, BASELINE),
            GateOutcome("pass_rate>=0.8", "met", "pass_rate is 87.1%, from 77.3% to 93.1%.", 0.871, 70),
        ), comparisons=(compared,),
    )  # fmt: skip


def comparison(results: tuple[CaseResult, ...]) -> Comparison:
    pairs = [(each, each.before[0]) for each in results if each.before]
    lost = tuple(
        change(each) for each, then in pairs if (then.outcome, each.outcome) == ("passed", "failed")
    )
    gained = tuple(
        change(each) for each, then in pairs if (then.outcome, each.outcome) == ("failed", "passed")
    )
    reason = "4.60 → 4.37: worse by 4.6 points of its scale (90% interval 1.3 to 8.0), the margin or more."
    rubric = GateResult(
        "REGRESSED", reason, -0.046, 0.02, -0.08, -0.013, 0.0124, 0.0124, 0.05, 70, 66, 66, 22, "t",
        before=Interval(0.92, None, None, 66), after=Interval(0.874, None, None, 66),
    )  # fmt: skip
    rate = replace(
        rubric, verdict="INCONCLUSIVE", reason="", change=-0.02, p=0.31, before=Interval(0.9, 0.81, 0.95, 66),
        after=Interval(0.88, 0.78, 0.94, 66), test="mcnemar", lost=len(lost), gained=len(gained),
    )  # fmt: skip
    metrics = (
        MetricComparison(
            "rubric", rubric, Coverage(70, 66, 70, 3), dropped=lost, drops=len(lost), high=5.0
        ),
        MetricComparison(
            "pass_rate", rate, Coverage(70, 66, 70, 3), is_gated=False, drops=len(lost)
        ),
    )
    return Comparison(
        BASELINE,
        "this run",
        metrics,
        lost,
        gained,
        ("new-tyres",),
        ("old-voucher",),
        ("delivery-bike",),
    )


def change(each: CaseResult) -> CaseChange:
    source = each.case.source
    return CaseChange(each.suite, source.file, each.case.id, source.line, 4.5, 2.0)


def result(case: Case, place: int, turn: Turn) -> CaseResult:
    """A result that has something of everything, by its place."""
    expected = case.expected or ""
    good = f"{expected} Is there anything else I can do for you?" if turn.is_reworded else expected
    text = wrong(expected) if turn.outcome == "failed" else good
    fields = {"owner": "support", "priority": place % 3, **case.metadata}
    sent = Request(
        (SYSTEM, *(case.messages or ({"role": "user", "content": case.prompt},))),
        MODEL,
        Parameters(0.2, seed=7),
    )
    message = {
        "failed": f"rubric {turn.score} is not >= 4 (--min-score): {reason_of(turn)}",
        "error": "rubric is unscored: no valid reply in 3 attempts; the last one is not JSON",
    }.get(turn.outcome, "")
    file = case.source.file
    scores = (rubric(turn), toxicity(place))
    return CaseResult(
        file, replace(case, metadata=fields), f"{file}::{case.id}", turn.outcome, sent, answer(text, place),
        scores, checks_of(scores, BOUNDS), CAUSES[turn.outcome], message, started_at=f"2025-06-12T10:15:{place % 60:02}+00:00",
        duration_s=1.5 + place % 7, worker=f"gw{place % 2}", samples=samples(text, turn) if place % 9 == 2 else (),
        before=() if place % 20 == 19 else (before(expected, turn, place),),
    )  # fmt: skip


def wrong(text: str) -> str:
    """An answer that promises something else."""
    other = (
        re.sub(r"\d+", lambda found: str(int(found[0]) + 4), text)
        .replace("free", "charged")
        .replace("can", "cannot")
    )
    return other if other != text else "I do not know."


def reason_of(turn: Turn) -> str:
    if turn.outcome == "failed":
        return "The answer promises another period than the policy, and so contradicts it."
    return (
        "All that the expected answer says, and nothing that it does not."
        if (turn.score or 0) > 4
        else "One detail is missing."
    )


def answer(text: str, place: int) -> Completion:
    return Completion(
        text, model=MODEL, endpoint=ENDPOINT, finish_reason="stop", usage=Usage(180 + place, 40 + place % 9),
        cost_usd=0.00012 + place * 1e-6, latency_s=round(0.4 + (place * 37 % 50) / 20, 3), cached=place % 11 == 3,
        call=f"{place:016x}", made_at=STARTED,
    )  # fmt: skip


def rubric(turn: Turn) -> Score:
    if turn.score is None:
        raw = "I would rather not give a number."
        error = "no valid reply in 3 attempts; the last one is not JSON"
        return Score(
            "rubric",
            None,
            RUBRIC,
            "",
            FINGERPRINT,
            error,
            raw,
            calls=(judging(raw),) * 3,
            judge=JUDGE,
        )
    raw = f'{{"reason": "{reason_of(turn)}", "score": {turn.score}}}'
    return Score(
        "rubric",
        turn.score,
        RUBRIC,
        reason_of(turn),
        FINGERPRINT,
        raw=raw,
        calls=(judging(raw),),
        judge=JUDGE,
    )


def judging(text: str) -> Completion:
    return Completion(
        text, model=JUDGE, endpoint=ENDPOINT, usage=Usage(612, 48), cost_usd=0.0016, latency_s=0.9
    )


def toxicity(place: int) -> Score:
    value = 0.0004 * (1 + place % 5)
    parts = {"toxicity": value, "insult": value / 3, "threat": value / 9}
    return Score(
        "toxicity",
        value,
        Scale(0, 1, higher_is_better=False),
        version="detoxify/original",
        parts=parts,
    )


def samples(text: str, turn: Turn) -> tuple[Sample, ...]:
    others = (text, "I am not sure.", f"{text} Please write to us.")
    return tuple(
        Sample(number, answer(each, number), (rubric(turn),), number != 1)
        for number, each in enumerate(others)
    )


def before(expected: str, turn: Turn, place: int) -> Before:
    said = (
        "All that the expected answer says." if turn.score_then > 4 else "It leaves out the period."
    )
    scores = {
        "rubric": BeforeScore(turn.score_then, said),
        "toxicity": BeforeScore(0.0004 * (1 + place % 5)),
    }
    return Before(BASELINE, turn.then, expected, scores)


def earlier() -> Iterator[RunPoint]:
    for number, rate in enumerate((0.81, 0.84, 0.83, 0.88, 0.9, 0.91, 0.9)):
        mean = Interval(5 * rate, 5 * rate - 0.2, 5 * rate + 0.2, 70)
        is_good = rate > 0.82
        cost = Cost(71, 0.16 + number * 0.01, 0.16 + number * 0.01, 0)
        yield RunPoint(
            f"2025060{number + 1}T090000-{number:04x}", f"pull request {400 + number}",
            f"2025-06-0{number + 1}T09:00:00+00:00", 0 if is_good else 1, True, "passed" if is_good else "failed",
            {"passed": round(71 * rate), "failed": 71 - round(71 * rate)}, Interval(rate, rate - 0.08, rate + 0.06, 71),
            None, (MetricPoint("rubric", RUBRIC, mean),), cost, cost, cost, 1.2, 2.5,
        )  # fmt: skip


@cache
def many(amount: int, characters: int = 500) -> Made:
    """Results with answers of so many characters of English, no two of them alike."""
    chance, vocabulary = random.Random(amount), words()
    results = tuple(one_of_many(place, chance, vocabulary, characters) for place in range(amount))
    run = Run("many", "many results", STARTED, "2025-06-12T11:15:00+00:00", exit_code=1)
    return Made(run, results)


def words() -> list[str]:
    """The running words of this repository's pages, so that a drawn text has the frequencies of English."""
    return [
        word
        for page in sorted((ROOT / "docs").glob("*.md"))
        for word in re.findall(r"[A-Za-z]+[,.]?", page.read_text("utf-8"))
    ]


def one_of_many(
    place: int, chance: random.Random, vocabulary: list[str], characters: int
) -> CaseResult:
    def text(length: int) -> str:
        return " ".join(chance.choices(vocabulary, k=length // 4))[:length]

    case = Case(
        f"question-{place:05}", text(90), Source("golden/many.csv", place + 2), expected=text(120),
        tags=(f"topic {chance.randrange(12)}",),
    )  # fmt: skip
    score = (
        chance.choice((None, *(half / 2 for half in range(11)))) if chance.random() < 0.5 else 5.0
    )
    outcome: Outcome = "error" if score is None else "passed" if score >= 4 else "failed"
    reason = text(100)
    raw = f'{{"reason": "{reason}", "score": {score}}}'
    call = f"{chance.getrandbits(64):016x}"
    judged = Completion(
        raw, model=JUDGE, endpoint=ENDPOINT, usage=Usage(chance.randrange(900), chance.randrange(90)), cost_usd=0.0016,
        latency_s=round(chance.uniform(0.3, 2), 6), call=f"{chance.getrandbits(64):016x}", made_at=STARTED,
    )  # fmt: skip
    given = Completion(
        text(characters), model=MODEL, endpoint=ENDPOINT, finish_reason="stop", usage=Usage(chance.randrange(900), 99),
        cost_usd=round(chance.uniform(0.0001, 0.01), 7), latency_s=round(chance.uniform(0.3, 9), 6), call=call,
        made_at=STARTED,
    )  # fmt: skip
    error = "no valid reply in 3 attempts" if score is None else None
    scores = (
        Score(
            "rubric", score, RUBRIC, reason, FINGERPRINT, error, raw, calls=(judged,), judge=JUDGE
        ),
    )
    sent = Request((SYSTEM, {"role": "user", "content": case.prompt}), MODEL, Parameters(0.2))
    return CaseResult(
        "golden/many.csv", case, f"golden/many.csv::{case.id}", outcome, sent, given, scores,
        checks_of(scores, BOUNDS[:1]), CAUSES[outcome], "" if outcome == "passed" else "rubric misses its bound",
        started_at=STARTED,
        duration_s=round(chance.uniform(0.5, 12), 6),
    )  # fmt: skip
