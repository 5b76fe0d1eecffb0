"""A case in the HTML report without JavaScript and on paper."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pytest_llmeval.records.case import Message, case_messages
from pytest_llmeval.records.result import Before, BeforeScore, CaseResult, Check, Outcome
from pytest_llmeval.records.score import Score
from pytest_llmeval.reports.html.data import anchor_of
from pytest_llmeval.reports.rerun import rerun_command
from pytest_llmeval.summary.costs import case_cost
from pytest_llmeval.summary.samples import flaky_text, met_text
from pytest_llmeval.text import one_line, usd


@dataclass(frozen=True)
class ScoreRow:
    """One score with its bounds.

    Attributes:
        score: The score.
        checks: The bounds.
        before: The same score in the baseline; ``None`` without one.
    """

    score: Score
    checks: tuple[Check, ...]
    before: BeforeScore | None


@dataclass(frozen=True)
class CaseView:
    """One case, ready for the template.

    Attributes:
        result: The result.
        anchor: Anchor in the page, the same in every report of this case.
        before: The case in the first baseline; ``None`` without one.
        messages: Role and text of each message that was or would have been sent.
        scores: The scores with their bounds.
        untaken: Bounds on missing scores.
        cost: Cost with judging, as text; empty without cost.
        command: Command that reruns exactly this case.
        samples: Number of samples that meet the bounds; empty without several samples.
        flaky: Text about a case that must pass, missed a threshold and passed; else empty.
    """

    result: CaseResult
    anchor: str
    before: Before | None
    messages: tuple[tuple[str, str], ...]
    scores: tuple[ScoreRow, ...]
    untaken: tuple[Check, ...]
    cost: str
    command: str
    samples: str
    flaky: str


@dataclass(frozen=True)
class CaseRow:
    """One case in a line.

    Attributes:
        id: Its id.
        source: File and line of its row in the golden file.
        outcome: Its outcome.
        before: Outcome in the first baseline if different; else empty.
        message: Reason of a failure, in a line.
    """

    id: str
    source: str
    outcome: Outcome
    before: str
    message: str


def row(result: CaseResult) -> CaseRow:
    """Summarize a case in a line of limited length."""
    then = result.before[0].outcome if result.before else ""
    return CaseRow(
        id=one_line(result.case.id, 90),
        source=str(result.case.source),
        outcome=result.outcome,
        before=then if then != result.outcome else "",
        message=one_line(result.message, 200),
    )


def view(result: CaseResult, options: str) -> CaseView:
    """Prepare a case for the template.

    Args:
        result: Its result.
        options: Options of the rerun command.
    """
    cost = case_cost(result).total
    before = result.before[0] if result.before else None
    messages = result.request.messages if result.request else case_messages(result.case)
    return CaseView(
        result=result,
        anchor=anchor_of(result),
        before=before,
        messages=tuple((str(message.get("role", "")), _content(message)) for message in messages),
        scores=tuple(_row(index, result, before) for index in range(len(result.scores))),
        untaken=tuple(check for check in result.checks if check.score is None),
        cost=_cost(cost),
        command=rerun_command(result, options),
        samples=met_text(result.samples),
        flaky=flaky_text(result),
    )


def _cost(cost: float | None) -> str:
    if cost is None:
        return "cost unknown"
    return usd(cost) if cost else ""


def _content(message: Message) -> str:
    """Return the text of a message, and its further members (such as tool calls) as JSON."""
    content = message.get("content")
    text = content if isinstance(content, str) else ""
    shown = ("role", "content") if text == content else ("role",)
    rest = {
        name: value for name, value in message.items() if name not in shown and value is not None
    }
    return "\n".join(
        filter(None, (text, json.dumps(rest, indent=2, ensure_ascii=False) if rest else ""))
    )


def _row(index: int, result: CaseResult, before: Before | None) -> ScoreRow:
    score = result.scores[index]
    then = before.scores.get(score.name) if before else None
    checks = tuple(check for check in result.checks if check.score == index)
    return ScoreRow(score, checks, then)
