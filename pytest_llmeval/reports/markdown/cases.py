"""The cases of a run that a review shows, folded, in Markdown of a given size."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_llmeval.records.result import Before, BeforeScore, CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.reports.markdown.escaping import fenced, flat, inert
from pytest_llmeval.reports.markdown.metrics import row
from pytest_llmeval.reports.rerun import rerun_command
from pytest_llmeval.summary.changes import CHANGES, REVIEWED, Change, Changes, changes_of
from pytest_llmeval.summary.samples import met_text
from pytest_llmeval.text import NONE, count, number

_SIZES = (1_500, 700, 350, 160)
"""Maximum bytes of each text of a case. The largest size at which all cases fit is used."""

_MOST_CASES, _MOST_BASELINES, _MOST_SCORES = 40, 2, 6
NAME, _EXCERPT, _SOURCE = 80, 160, 240  # bytes
_COMMAND = 400  # characters: a longer command is not shown, since a part of it would be wrong


@dataclass(frozen=True)
class Choice:
    """The shown cases of a run.

    Attributes:
        cases: The cases, the worst first.
        total: Number of cases by change, shown or not.
    """

    cases: tuple[tuple[Change, CaseResult], ...]
    total: Counter[Change]


def case_sections(run: Run, results: Iterable[CaseResult], room: int) -> str:
    """Write the cases that a review shows, the worst first, each folded under one line.

    Args:
        run: The run.
        results: Its results. Read twice, and never all in memory.
        room: Maximum bytes of the text.
    """
    changes = changes_of(run)
    choice = _choice(changes, results)
    texts: list[tuple[Change, str]] = []
    for size in _SIZES:
        texts = [(change, _case(change, result, changes, size)) for change, result in choice.cases]
        whole = _assembled(texts, choice.total)
        if len(whole.encode()) <= room:
            return whole
    while texts and len(_assembled(texts, choice.total).encode()) > room:
        texts.pop()
    whole = _assembled(texts, choice.total)
    return whole if len(whole.encode()) <= room else ""


def _choice(changes: Changes, results: Iterable[CaseResult]) -> Choice:
    total: Counter[Change] = Counter()
    ranked = heapq.nsmallest(_MOST_CASES, _ranked(changes, results, total))
    positions = [position for *_, position in ranked]
    chosen = {}
    if positions:
        wanted = set(positions)
        chosen = {index: result for index, result in enumerate(results) if index in wanted}
    cases = tuple((REVIEWED[rank], chosen[position]) for rank, _, position in ranked)
    return Choice(cases, total)


def _ranked(
    changes: Changes, results: Iterable[CaseResult], total: Counter[Change]
) -> Iterator[tuple[int, int, int]]:
    """Yield for each shown case its change's rank, its rank there, and its position."""
    suspicion = {key: rank for rank, key in enumerate(changes.dropped)}
    for position, result in enumerate(results):
        change = changes.reviewed(result)
        if change is not None:
            total[change] += 1
            within = suspicion[result.key] if change == "dropped" else position
            yield REVIEWED.index(change), within, position


def _assembled(cases: Iterable[tuple[Change, str]], total: Counter[Change]) -> str:
    shown = list(cases)
    parts = []
    for change in REVIEWED:
        texts = [text for kind, text in shown if kind == change]
        if not total[change]:
            continue
        parts += [f"### {CHANGES[change].heading}: {total[change]:,}", *texts]
        if len(texts) < total[change]:
            left_out = count(total[change] - len(texts), "case")
            parts.append(f"<i>{left_out} of these left out here; the whole report has all.</i>")
    return "\n\n".join(parts)


def _case(change: Change, result: CaseResult, changes: Changes, size: int) -> str:
    case = result.case
    command = rerun_command(result)
    parts = [
        f"<details><summary>{_head(change, result, changes)}</summary>",
        f"<b>Question</b> {inert(case.prompt, size)}",
        f"<b>Expected</b> {inert(case.expected, size)}" if case.expected else "",
        _table(result, size),
        f"<b>Golden file</b> {flat(case.source.file, _SOURCE)}:{case.source.line}, rerun with:",
        fenced(command, "sh")
        if len(command) <= _COMMAND
        else "<i>the command is too long to show</i>",
        "</details>",
    ]
    return "\n\n".join(part for part in parts if part)


def _head(change: Change, result: CaseResult, changes: Changes) -> str:
    """Write the visible line of a folded case: its id, the change and the prompt."""
    parts = [f"<b>{flat(result.case.id, NAME)}</b>"]
    drop = changes.dropped.get(result.key)
    if drop is not None:
        metric, dropped = drop
        parts.append(f"{flat(metric, NAME)} {number(dropped.before)} → {number(dropped.after)}")
    elif change == "error":
        parts.append(flat(result.message.partition("\n")[0], _EXCERPT))
    else:
        missed = [
            score
            for check in result.checks
            if check.met is False and (score := result.checked_score(check)) is not None
        ]
        parts += [_moved(score, result) for score in (missed or result.scores)[:1]]
    return " · ".join([*parts, flat(result.case.prompt, _EXCERPT)])


def _moved(score: Score, result: CaseResult) -> str:
    olds = [old.scores[score.name] for old in result.before if score.name in old.scores]
    before = f"{_number(olds[0].value)} → " if olds else ""
    return f"{flat(score.name, NAME)} {before}{_number(score.value)}"


def _table(result: CaseResult, size: int) -> str:
    """Write the case before and now as a table."""
    olds = result.before[:_MOST_BASELINES]
    answer = result.completion.text if result.completion else None
    missed = [str(check.threshold) for check in result.checks if check.met is False]
    required = f"required {', '.join(missed)}" if missed else ""
    details = "; ".join(filter(None, [required, met_text(result.samples)]))
    outcome = flat(f"{result.outcome}: {details}" if details else result.outcome, size)
    rows = [
        ("outcome", [flat(old.outcome, NAME) or NONE for old in olds], outcome),
        ("answer", [_answer(old.answer, size) for old in olds], _answer(answer, size)),
    ]
    for score in result.scores[:_MOST_SCORES]:
        before = [_old(old, score.name, size) for old in olds]
        rows.append((flat(score.name, NAME), before, _new(score, size)))
    if result.message and not missed:
        rows.append(("why", [""] * len(olds), inert(result.message, size)))
    heads = ["", *(f"before ({flat(old.baseline, NAME)})" for old in olds), "now"]
    lines = [row(*heads), row(*["---"] * len(heads))]
    return "\n".join([*lines, *(row(f"<b>{label}</b>", *old, new) for label, old, new in rows)])


def _answer(text: str | None, size: int) -> str:
    if text is None:
        return "<i>none</i>"
    return inert(text, size) if text.strip() else "<i>empty</i>"


def _old(before: Before, metric: str, size: int) -> str:
    score = before.scores.get(metric)
    return NONE if score is None else _scored(score, size)


def _new(score: Score, size: int) -> str:
    return _scored(BeforeScore(score.value, score.reason or score.error or ""), size)


def _scored(score: BeforeScore, size: int) -> str:
    return f"<b>{_number(score.value)}</b> {inert(score.reason, size)}".rstrip()


def _number(value: float | None) -> str:
    return "unscored" if value is None else number(value)
