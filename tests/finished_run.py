"""A run as a user's project leaves one behind: every outcome, chats, several scripts, a judge that broke."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pytest_llmeval.records.call import Completion, Parameters, Request, TokenLogprob, Usage
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import Note, Run, Traffic
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.runlog.log import RunLog
from tests.checked import checks_of

RUBRIC = Scale(0.0, 5.0)
ENDPOINT = "https://api.example.com/v1"
JUDGE = "judge-large-2025-06"
FINGERPRINT = "rubric/1:5f2d0c9a41be"
STARTED, THREE_DAYS_BEFORE = "2025-06-12T10:15:00+00:00", "2025-06-09T09:00:00+00:00"


def id_of(text: str) -> str:
    """The id of the call that gave a text; here each text comes from a call of its own."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def judge_call(text: str, cost: float | None = 0.00021, cached: bool = False) -> Completion:
    return Completion(
        text, model=JUDGE, endpoint=ENDPOINT, finish_reason="stop", usage=Usage(412, 31), cost_usd=cost,
        latency_s=0.84, cached=cached, call=id_of(text), made_at=THREE_DAYS_BEFORE if cached else STARTED,
    )  # fmt: skip


def rubric(value: float | None, reason: str, error: str | None = None, calls: int = 1) -> Score:
    reply = (
        f'{{"reason": "{reason}", "score": {value}}}'
        if error is None
        else "I would rather not give a number."
    )
    return Score(
        "rubric", value, RUBRIC, reason, FINGERPRINT, error, raw=reply, calls=(judge_call(reply),) * calls, judge=JUDGE
    )  # fmt: skip


def toxicity(value: float) -> Score:
    parts = {"toxicity": value, "insult": value / 3, "threat": value / 9}
    return Score(
        "toxicity",
        value,
        Scale(0, 1, higher_is_better=False),
        version="detoxify/original",
        parts=parts,
    )


def reading_ease(value: float) -> Score:
    return Score("flesch_reading_ease", value, Scale(None, None), version="textstat/0.7.8")


def answer(
    text: str, latency_s: float = 1.2, cost: float | None = 0.00094, cached: bool = False
) -> Completion:
    return Completion(
        text, model="gpt-4-0613", endpoint=ENDPOINT, finish_reason="stop", usage=Usage(58, 41), cost_usd=cost,
        latency_s=latency_s, cached=cached, call=id_of(text), made_at=THREE_DAYS_BEFORE if cached else STARTED,
    )  # fmt: skip


def request(*messages: tuple[str, str]) -> Request:
    chat = tuple({"role": role, "content": content} for role, content in messages)
    return Request(chat, "gpt-4", Parameters(temperature=0.2, top_p=1.0, max_tokens=256, seed=7))


MIN_SCORE = Threshold("rubric", ">=", 4.0, origin="--min-score")
CLEAN = Threshold("toxicity", "<=", 0.2, origin="row")
SYSTEM = (
    "system",
    "You answer for a small online shop. Be brief, be kind, and never invent a policy.",
)


def shop(number: int, prompt: str, expected: str, *tags: str) -> Case:
    slug = "-".join(prompt.lower().replace("?", "").split()[:4])
    source = Source("golden/faq.csv", number + 1)
    return Case(
        slug,
        prompt,
        source,
        expected=expected,
        tags=tags,
        metadata={"owner": "support", "priority": number},
    )


def make_run() -> Run:
    return Run(
        id="20250612T101500-7c41",
        name="refund wording, second try",
        started_at=STARTED,
        finished_at="2025-06-12T10:17:41+00:00",
        settings={"model": "gpt-4", "judge_model": JUDGE, "min_score": "4.0", "temperature": "0.2"},
        versions={
            "pytest_llmeval": "0.1.0",
            "python": "3.11.7",
            "pytest": "9.2.0",
            "textstat": "0.7.8",
        },
        notes=(Note("judge", "The price of judge-large-2025-06 is unknown for one call."),),
        exit_code=1,
        traffic=Traffic(calls=8, attempts=8, usd=0.00293, unpriced=1),
    )


def passed() -> CaseResult:
    case = shop(
        1,
        "How long do refunds take?",
        "Five working days after we receive the parcel.",
        "refunds",
        "billing",
    )
    scores = (
        rubric(4.8, "Same period, same starting point."),
        toxicity(0.0007),
        reading_ease(63.4),
    )
    return CaseResult(
        "golden/faq.csv", case, f"golden/faq.csv::{case.id}", "passed", request(SYSTEM, ("user", case.prompt)),
        answer("Refunds arrive within five working days of the parcel reaching us."),
        scores, checks_of(scores, (MIN_SCORE, CLEAN)),
        started_at="2025-06-12T10:15:02+00:00", duration_s=2.41, worker="gw0",
    )  # fmt: skip


def failed() -> CaseResult:
    expected = "Yes, within 30 days, if it is unopened. We pay for the return."
    case = shop(2, "Can I return a gift I did not buy?", expected, "returns")
    text = "Unfortunately gifts cannot be returned.\n\nYou may ask the person who bought it to contact us instead."
    message = "rubric 1.5 is not >= 4 (--min-score): Contradicts the policy; gifts are returnable."
    scores = (rubric(1.5, "Contradicts the policy; gifts are returnable."), toxicity(0.0021))
    return CaseResult(
        "golden/faq.csv", case, f"golden/faq.csv::{case.id}", "failed", request(SYSTEM, ("user", case.prompt)),
        answer(text, 2.9), scores,
        checks_of(scores, (MIN_SCORE, CLEAN)), "threshold", message, started_at="2025-06-12T10:15:04+00:00", duration_s=4.02, worker="gw1",
    )  # fmt: skip


def broken_judge() -> CaseResult:
    case = shop(
        3, "Do you ship to islands?", "Yes, to all of them, for the normal price.", "shipping"
    )
    error = "no valid reply in 3 attempts; the last one is not JSON"
    calls = (
        judge_call("I would rather not give a number.", cost=None),
        judge_call("No."),
        judge_call("Still no."),
    )
    score = Score(
        "rubric", None, RUBRIC, "", FINGERPRINT, error, "Still no.", calls=calls, judge=JUDGE
    )
    scores = (score, toxicity(0.0004))
    return CaseResult(
        "golden/faq.csv", case, f"golden/faq.csv::{case.id}", "error", request(SYSTEM, ("user", case.prompt)),
        answer("We do, at no extra cost.", 0.7, cached=True), scores, checks_of(scores, (MIN_SCORE,)),
        "unscored", f"rubric is unscored: {error}", started_at="2025-06-12T10:15:09+00:00", duration_s=9.3, worker="gw0",
    )  # fmt: skip


def no_answer() -> CaseResult:
    case = shop(4, "What is your warranty?", "Two years.", "warranty")
    return CaseResult(
        "golden/faq.csv", case, f"golden/faq.csv::{case.id}", "error", request(SYSTEM, ("user", case.prompt)),
        message=f"{ENDPOINT}: no answer within 120 s. Raise --llm-timeout.", cause="call",
        checks=checks_of((), (MIN_SCORE,)),
        started_at="2025-06-12T10:15:19+00:00", duration_s=120.4, worker="gw1",
    )  # fmt: skip


def skipped() -> CaseResult:
    case = Case(
        "korean-greeting",
        "안녕하세요, 환불은 언제 되나요?",
        Source("golden/korean.jsonl", 1),
        tags=("한국어",),
    )
    suite = "golden/korean.jsonl"
    message = "no model is configured: set --llm-model"
    return CaseResult(
        suite, case, f"{suite}::{case.id}", "skipped", cause="no_model", message=message
    )


def chat() -> CaseResult:
    messages = (
        {"role": "user", "content": "مرحبا، أين طلبي رقم 4411؟"},
        {"role": "assistant", "content": "طلبك في الطريق إليك."},
        {"role": "user", "content": "متى يصل؟"},
    )
    case = Case(
        "أين-طلبي", "متى يصل؟", Source("golden/arabic.jsonl", 3), messages, "يصل غدًا صباحًا.",
        contexts=("Order 4411 left the warehouse on 11 June.", "Delivery takes two days."),
        thresholds=(Threshold("contains", ">=", 1, {"text": "غدًا"}, "row"),),
        metadata={"nested": {"a": [1, None, 2.5]}},
    )  # fmt: skip
    suite = "tests/test_orders.py::test_order"
    first = TokenLogprob("يصل", -0.01, {"يصل": -0.01, "غدا": -4.2})
    completion = Completion(
        "يصل غدًا.", "<think>?</think>يصل غدًا.", ("يصل غدًا.", "لا أعرف."), "local", logprobs=(first,)
    )
    sent = Request(
        messages,
        "local",
        Parameters(stop=("\n\n",), extra_body={"top_k": 40}, logprobs=True),
        case=case,
    )
    scores = (
        Score("contains", 1.0, reason="found 'غدًا'", params={"text": "غدًا"}),
        rubric(4.2, "Right day, time of day missing."),
    )
    return CaseResult(
        suite, case, f"{suite}[{case.id}]", "passed", sent, completion, scores, checks_of(scores, case.thresholds),
        started_at="2025-06-12T10:15:20+00:00", duration_s=1.1,
    )  # fmt: skip


def make_results() -> list[CaseResult]:
    """In the order in which a run log gives them."""
    return [passed(), failed(), broken_judge(), no_answer(), skipped(), chat()]


@pytest.fixture
def run() -> Run:
    return make_run()


@pytest.fixture
def results() -> list[CaseResult]:
    return make_results()


@pytest.fixture
def log_url(tmp_path: Path, run: Run, results: list[CaseResult]) -> str:
    """A log that holds the run with its results."""
    url = str(tmp_path / "runs.sqlite")
    log = RunLog(url)
    log.begin(run)
    for result in results:
        log.add(run.id, result)
    log.finish(run)
    log.close()
    return url
