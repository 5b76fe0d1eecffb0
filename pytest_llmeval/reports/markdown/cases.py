"""The cases of a run that a reviewer has to see, folded, in Markdown of a given size."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_llmeval.records.result import Before, BeforeScore, CaseResult
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score, finite
from pytest_llmeval.reports.markdown.escaping import fenced, flat, inert
from pytest_llmeval.reports.markdown.metrics import row
from pytest_llmeval.reports.rerun import rerun_command
from pytest_llmeval.summary.changes import CHANGES, REVIEWED, Change, Changes, changes_of
from pytest_llmeval.summary.checks import met_text
from pytest_llmeval.text import NONE, count, number

SIZES = (1_500, 700, 350, 160)
"""Most bytes of each text of a case; the largest at which all cases fit is taken."""

MOST_CASES, MOST_BASELINES, MOST_SCORES = 40, 2, 6
NAME, ASKED, PLACE = 80, 160, 240  # bytes
COMMAND = 400  # characters: a longer one is not shown, since a part of it would do something else


@dataclass(frozen=True)
class Choice:
    """What is shown of a run.

    Attributes:
        cases: The cases, the worst first.
        total: How many there are of each change, shown or not.
    """

    cases: tuple[tuple[Change, CaseResult], ...]
    total: Counter[Change]


def case_sections(run: Run, results: Iterable[CaseResult], room: int) -> str:
    """The cases that a reviewer has to see, the worst first, each folded under one line.

    Args:
        run: The run.
        results: Its results. Read twice, and never held all at once.
        room: Most bytes of the text.
    """
    changes = changes_of(run)
    choice = _choice(changes, results)
    texts: list[tuple[Change, str]] = []
    for size in SIZES:
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
    places = heapq.nsmallest(MOST_CASES, _ranked(changes, results, total))
    wanted = {place: rank for rank, _, place in places}
    order = {place: at for at, (*_, place) in enumerate(places)}
    found = []
    if wanted:
        found = [
            (order[at], REVIEWED[wanted[at]], result)
            for at, result in enumerate(results)
            if at in wanted
        ]
    found.sort(key=lambda each: each[0])
    return Choice(tuple((change, result) for _, change, result in found), total)


def _ranked(
    changes: Changes, results: Iterable[CaseResult], total: Counter[Change]
) -> Iterator[tuple[int, int, int]]:
    """Of each case to be seen: the rank of its change, its place there, and its place in the run."""
    suspicion = {key: place for place, key in enumerate(changes.dropped)}
    for place, result in enumerate(results):
        change = changes.reviewed(result)
        if change is not None:
            total[change] += 1
            within = suspicion[result.key] if change == "dropped" else place
            yield REVIEWED.index(change), within, place


def _assembled(cases: Iterable[tuple[Change, str]], total: Counter[Change]) -> str:
    shown = list(cases)
    parts = []
    for change in REVIEWED:
        own = [text for each, text in shown if each == change]
        if not total[change]:
            continue
        parts += [f"### {CHANGES[change].heading}: {total[change]:,}", *own]
        if len(own) < total[change]:
            parts.append(
                f"<i>{count(total[change] - len(own), 'case')} of these left out here; the whole report has all.</i>"
            )
    return "\n\n".join(parts)


def _case(change: Change, result: CaseResult, changes: Changes, size: int) -> str:
    case, command = result.case, rerun_command(result)
    parts = [
        f"<details><summary>{_head(change, result, changes)}</summary>",
        f"<b>Question</b> {inert(case.prompt, size)}",
        f"<b>Expected</b> {inert(case.expected, size)}" if case.expected else "",
        _table(result, size),
        f"<b>Golden file</b> {flat(case.source.file, PLACE)}:{case.source.line}, again with:",
        fenced(command, "sh")
        if len(command) <= COMMAND
        else "<i>the command is too long to be shown</i>",
        "</details>",
    ]
    return "\n\n".join(part for part in parts if part)


def _head(change: Change, result: CaseResult, changes: Changes) -> str:
    """The line that is seen without unfolding: which case, what changed, what was asked."""
    told = [f"<b>{flat(result.case.id, NAME)}</b>"]
    drop = changes.dropped.get(result.key)
    if drop is not None:
        metric, dropped = drop
        told.append(f"{flat(metric, NAME)} {number(dropped.before)} → {number(dropped.after)}")
    elif change == "error":
        told.append(flat(result.message.partition("\n")[0], ASKED))
    else:
        missed = [
            score
            for check in result.checks
            if check.met is False and (score := result.checked_score(check)) is not None
        ]
        told += [_moved(score, result) for score in (missed or result.scores)[:1]]
    return " · ".join([*told, flat(result.case.prompt, ASKED)])


def _moved(score: Score, result: CaseResult) -> str:
    before = next(
        (each.scores[score.name] for each in result.before if score.name in each.scores), None
    )
    return f"{flat(score.name, NAME)} {f'{_number(before.value)} → ' if before else ''}{_number(finite(score).value)}"


def _table(result: CaseResult, size: int) -> str:
    """What was and what is, side by side."""
    olds = result.before[:MOST_BASELINES]
    answer = result.completion.text if result.completion else None
    missed = [str(check.threshold) for check in result.checks if check.met is False]
    told = [f"asked {', '.join(missed)}" if missed else "", met_text(result.samples)]
    outcome = flat(": ".join(filter(None, [result.outcome, "; ".join(filter(None, told))])), size)
    rows = [
        ("outcome", [flat(old.outcome, NAME) or NONE for old in olds], outcome),
        ("answer", [_answer(old.answer, size) for old in olds], _answer(answer, size)),
    ]
    for score in result.scores[:MOST_SCORES]:
        before = [_old(old, score.name, size) for old in olds]
        rows.append((flat(score.name, NAME), before, _new(score, size)))
    if result.message and not missed:
        rows.append(("why", [""] * len(olds), inert(result.message, size)))
    heads = ["", *(f"before ({flat(old.baseline, NAME)})" for old in olds), "now"]
    lines = [row(*heads), row(*["---"] * len(heads))]
    return "\n".join([*lines, *(row(f"<b>{label}</b>", *old, new) for label, old, new in rows)])


def _answer(text: str | None, size: int) -> str:
    return "<i>none</i>" if text is None else inert(text, size) if text.strip() else "<i>empty</i>"


def _old(before: Before, metric: str, size: int) -> str:
    score = before.scores.get(metric)
    return NONE if score is None else _scored(score, size)


def _new(score: Score, size: int) -> str:
    told = finite(score)
    return _scored(BeforeScore(told.value, told.reason or told.error or ""), size)


def _scored(score: BeforeScore, size: int) -> str:
    return f"<b>{_number(score.value)}</b> {inert(score.reason, size)}".rstrip()


def _number(value: float | None) -> str:
    return "unscored" if value is None else number(value)
