"""One case as the HTML report shows it: everything in the order of reading, as text."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.records import Completion, Message, Request, Score
from pytest_llmeval.reports.facts import (
    CaseCost,
    Check,
    case_cost,
    checks,
    finite,
    flicker_text,
    kept_text,
    model_of,
    own_messages,
    scoring_calls,
)
from pytest_llmeval.reports.phrases import cost_text, count, moment, number, seconds, usd
from pytest_llmeval.reports.tallies import SpendingTally
from pytest_llmeval.results import CaseResult


@dataclass(frozen=True)
class ScoreRow:
    """One score with the bounds that it decides.

    Attributes:
        score: The score.
        checks: The bounds.
        parts: Further numbers behind the value, by name; empty where they are the value itself.
    """

    score: Score
    checks: tuple[Check, ...]
    parts: Mapping[str, float]


@dataclass(frozen=True)
class CaseView:
    """One case, ready for the template.

    Attributes:
        result: The result.
        anchor: Name of the place in the page; the same in every report of this case.
        messages: Role and text of each message that was sent, or would have been.
        scores: The scores with their bounds.
        untaken: Bounds on scores that were never taken.
        facts: What else is known, as pairs of label and text.
        cost: What it cost, judging included, in few characters; empty if nothing.
        command: Reruns exactly this case.
        samples: How many samples keep the bounds; empty where there are no several.
        flickers: That the case must pass, has missed a bound and is fine all the same; else empty.
    """

    result: CaseResult
    anchor: str
    messages: tuple[tuple[str, str], ...]
    scores: tuple[ScoreRow, ...]
    untaken: tuple[Check, ...]
    facts: tuple[tuple[str, str], ...]
    cost: str
    command: str
    samples: str
    flickers: str


def view(result: CaseResult) -> CaseView:
    """The case as it is shown.

    Args:
        result: Its result.
    """
    found, cost = list(checks(result)), case_cost(result)
    messages = result.request.messages if result.request else own_messages(result.case)
    return CaseView(
        result=result,
        anchor=_anchor(result),
        messages=tuple((str(message.get("role", "")), _content(message)) for message in messages),
        scores=tuple(_row(score, found) for score in result.scores),
        untaken=tuple(check for check in found if check.score is None),
        facts=tuple((label, text) for label, text in _facts(result, cost) if text),
        cost="cost unknown" if cost.total is None else usd(cost.total) if cost.total else "",
        command=f"pytest {shlex.quote(result.nodeid)}",
        samples=kept_text(result.samples),
        flickers=flicker_text(result),
    )


def _anchor(result: CaseResult) -> str:
    identity = json.dumps(result.identity)
    return f"case-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def _content(message: Message) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    rest = {name: value for name, value in message.items() if name != "role"}
    return json.dumps(rest, indent=2, ensure_ascii=False)


def _row(score: Score, found: list[Check]) -> ScoreRow:
    parts = score.parts if set(score.parts.values()) != {score.value} else {}
    return ScoreRow(finite(score), tuple(check for check in found if check.score is score), parts)


def _facts(result: CaseResult, cost: CaseCost) -> Iterator[tuple[str, str]]:
    yield "Golden file", str(result.case.source)
    yield "Tags", ", ".join(result.case.tags)
    if result.sample:
        yield "Sample", str(result.sample)
    yield "Model", model_of(result)
    yield from _request_facts(result.request, model_of(result))
    if result.completion:
        yield from _completion_facts(result.completion, cost)
    yield "Judge", _judge_fact(result)
    yield "Started", result.started_at
    yield "Took", f"{seconds(result.duration_s)} on worker {result.worker}"
    yield from ((f"Column {name}", _plain(value)) for name, value in result.case.metadata.items())


def _request_facts(request: Request | None, model: str) -> Iterator[tuple[str, str]]:
    if request is None:
        return
    yield "Asked for", "" if request.model == model else request.model
    yield "Parameters", ", ".join(f"{name} {_plain(value)}" for name, value in request.parameters.as_body().items())


def _completion_facts(completion: Completion, cost: CaseCost) -> Iterator[tuple[str, str]]:
    yield "Endpoint", completion.endpoint
    yield "Finish reason", completion.finish_reason
    usage = completion.usage
    yield "Tokens", f"{usage.prompt_tokens:,} sent, {usage.completion_tokens:,} received" if usage else ""
    yield "Call", completion.call
    yield "Call made", moment(completion.made_at)
    if completion.cached:
        yield "Cost", "none, from the cache"
        return
    yield "Cost", "unknown" if cost.generation is None else usd(cost.generation)
    yield "Latency", seconds(completion.latency_s) if completion.latency_s else ""


def _judge_fact(result: CaseResult) -> str:
    tally = SpendingTally()
    for call in scoring_calls(result):
        tally.add(call)
    spent = tally.summary()
    calls = f"{count(spent.calls, 'call')}, {cost_text(spent)}" if spent.calls else ""
    cached = f"{spent.cached} from the cache" if spent.cached else ""
    return "; ".join(filter(None, (result.judge_model, calls, cached)))


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
