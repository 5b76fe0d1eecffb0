"""Several results of one case in a file of any tool: samples, of which one may be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from pytest_llmeval.gating.content import text_hash
from pytest_llmeval.gating.file_facts import Method
from pytest_llmeval.gating.sampling import Sampling
from pytest_llmeval.gating.scores import BaselineCase, RunScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.text import count, first_of

_NEARLY_ALL = 0.9
"""Share of the cases from which a number of results is the planned one, and more are reruns."""

_MOST = 0.5
_NAMED = 5


def joined_rows(rows: Iterable[BaselineCase]) -> Iterator[BaselineCase]:
    """Yield the cases of a table, of which the rows with one id are samples."""
    by_key: dict[object, list[BaselineCase]] = {}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    for cases in by_key.values():
        yield _joined(cases) if len(cases) > 1 else cases[0]


def _joined(rows: Sequence[BaselineCase]) -> BaselineCase:
    first = rows[0].scores
    by_metric = {
        name: _values([row.scores.by_metric[name] for row in rows]) for name in first.by_metric
    }
    answers = tuple(chain.from_iterable(row.answers for row in rows))
    is_answered = len(answers) == len(rows)
    scores = replace(
        first,
        by_metric=by_metric,
        answer=text_hash("\0".join(answers)) if is_answered else b"",
        length=sum(map(len, answers)) // len(answers) if answers else None,
        tags=tuple(dict.fromkeys(tag for row in rows for tag in row.scores.tags)),
    )
    text = next((row.text for row in rows if row.answers), rows[0].text)
    return rows[0]._replace(scores=scores, answers=answers, text=text)


def _values(rows: Sequence[MetricValues]) -> MetricValues:
    """Return the samples of a score; without one of them the case has none.

    The others may be so good because the worst is missing.
    """
    if not all(row.values for row in rows):
        return MetricValues(())
    return MetricValues(tuple(value for row in rows for value in row.values))


def mean_methods(repeats: Mapping[str, int], metrics: Iterable[str]) -> dict[str, Method]:
    """Return how a table with several rows of a case makes a score: as their mean."""
    samples = max(repeats.values(), default=1)
    if samples == 1:
        # A single row may hold the figure that another tool made of several samples.
        return {}
    return dict.fromkeys(metrics, Method(Sampling.of(samples)))


def without_lost_repeats(run: RunScores, partner: RunScores) -> RunScores:
    """Return a run in which a case that lacks a result has no score, as one with a failed one.

    A lost result leaves no trace in its own file, so the other file says how many there should be.
    Files that differ in the number of results of all cases were made with other settings. Their
    means can be compared.
    """
    lost = _lost(run.file.repeats, partner.file.repeats)
    file = run.file
    are_tables = bool(file.repeats and partner.file.repeats) and not (run.tool or partner.tool)
    if are_tables and partner.file.methods and not file.methods:
        file = replace(file, methods=dict.fromkeys(run.scales, Method(Sampling.of(1))))
    if not lost:
        return replace(run, file=file)
    cases = dict(run.cases)
    for key, case in run.cases.items():
        if key[2] in lost:
            cases[key] = replace(case, by_metric=dict.fromkeys(case.by_metric, MetricValues(())))
    lack = "lacks a result" if len(lost) == 1 else "lack a result"
    note = (
        f"{run.name}: {count(len(lost), 'case')} {lack} of several, by the number in "
        f"{partner.name}, and count as missing: {first_of(sorted(lost), _NAMED)}"
    )
    return replace(run, cases=cases, file=replace(file, notes=(*file.notes, note)))


def _lost(repeats: Mapping[str, int], partner: Mapping[str, int]) -> frozenset[str]:
    """Return the cases with fewer results than planned.

    Planned is the number in the other file, where more than nearly all cases have there are reruns.
    If that file has one number for all cases, the number of most cases here is planned, too.
    """
    if not partner or len(set(repeats.values())) < 2:
        return frozenset()
    usual = _common(partner, _NEARLY_ALL)
    most = _common(repeats, _MOST) if len(set(partner.values())) == 1 else 0
    return frozenset(
        name
        for name, results in repeats.items()
        if name in partner and results < max(min(partner[name], usual or partner[name]), most)
    )


def _common(repeats: Mapping[str, int], share: float) -> int:
    """Return the number of results that more than a share of the cases have; 0 without one."""
    number, cases = Counter(repeats.values()).most_common(1)[0]
    return number if cases > share * len(repeats) else 0
