"""The join of two runs by case, and the pairs of a metric's scores for the gate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.content import Content
from pytest_llmeval.gating.sampling import sampling_change
from pytest_llmeval.gating.scores import CaseScores, RunScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.records.comparison import Coverage
from pytest_llmeval.records.result import PASS_RATE, Key
from pytest_llmeval.records.score import UNDECLARED_REMEDY, Scale
from pytest_llmeval.stats.comparability import obstacle
from pytest_llmeval.stats.paired import ROUNDING, PairedScores

Pair = tuple[CaseScores, CaseScores]
"""A case of the baseline and the same case of the candidate."""


@dataclass(frozen=True)
class Joined:
    """Two runs over the same cases.

    Attributes:
        before: The baseline.
        after: The candidate.
        pairs: Cases that ask the same in both runs, in the order of the baseline.
        added: Cases that only the candidate has.
        removed: Cases that only the baseline has.
        edited: Cases of one name that ask something else in the candidate, so their scores cannot
            be compared.
    """

    before: RunScores
    after: RunScores
    pairs: Sequence[Pair]
    added: Sequence[CaseScores]
    removed: Sequence[CaseScores]
    edited: Sequence[Pair] = ()


@dataclass(frozen=True)
class Paired:
    """The scores of a metric in two runs.

    Attributes:
        metric: Name of the metric.
        pairs: Cases with a score in both runs.
        scores: Their scores on a scale from 0 to 1.
        coverage: Numbers of compared and unscored cases.
        obstacle: Why they cannot be compared; empty if they can.
        is_identical: Whether every answer is the same in both runs.
        low: Value that is 0 in ``scores``.
        high: Value that is 1; less than ``low`` if lower is better.
        missing: Cases of the baseline whose score the candidate should have, and does not.
        is_judged: Whether the scores may be those of a judge.
    """

    metric: str
    pairs: Sequence[Pair]
    scores: PairedScores
    coverage: Coverage
    obstacle: str
    is_identical: bool
    low: float
    high: float
    missing: Sequence[CaseScores] = ()
    is_judged: bool = False


def join(before: RunScores, after: RunScores, left_out: Collection[Key] = ()) -> Joined:
    """Join two runs by suite, file and id, or by id alone if one of them is a table.

    A case whose name is gone is joined with the one that asks the same under another name: it was
    renamed or moved.

    Args:
        before: The baseline.
        after: The candidate.
        left_out: Cases in quarantine.

    Raises:
        InputError: A table has ids alone, and one of them names several cases.
    """
    by_id = before.is_plain or after.is_plain
    old, new = _by_key(before, by_id), _by_key(after, by_id)
    partners = {
        key: key
        for key, case in old.items()
        if key in new and case.content.may_ask_like(new[key].content)
    }
    gone = [key for key in old if key not in partners]
    fresh = [key for key in new if key not in partners]
    partners |= _renamed(old, gone, new, fresh)
    joined = set(partners.values())
    edited = {key for key in gone if key in new and key not in partners and key not in joined}
    pairs = [(case, new[partners[key]]) for key, case in old.items() if key in partners]
    added = [new[key] for key in fresh if key not in joined and key not in edited]
    removed = [old[key] for key in gone if key not in partners and key not in edited]
    changed = [(old[key], new[key]) for key in gone if key in edited]
    return Joined(
        before,
        after,
        [pair for pair in pairs if not _is_left_out(left_out, *pair)],
        [case for case in added if case.key not in left_out],
        [case for case in removed if case.key not in left_out],
        [pair for pair in changed if not _is_left_out(left_out, *pair)],
    )


def _renamed(
    old: Mapping[Key, CaseScores],
    gone: Iterable[Key],
    new: Mapping[Key, CaseScores],
    fresh: Iterable[Key],
) -> dict[Key, Key]:
    """Return the new keys of the cases that ask the same under another name, by the old key."""
    renamed: dict[Key, Key] = {}
    # Rows of one prompt may differ in what they accept, or in a column that a template reads.
    for part in _CONTENT_PARTS:
        old_keys = _by_part(old, (key for key in gone if key not in renamed), part)
        taken = set(renamed.values())
        new_keys = _by_part(new, (key for key in fresh if key not in taken), part)
        for value, keys in old_keys.items():
            others = new_keys.get(value, [])
            # Cases that are alike in everything may stand for one another; of the rest, one cannot
            # be told from another.
            if len(keys) == len(others) and (len(keys) == 1 or part is _CONTENT_PARTS[0]):
                renamed.update(zip(keys, others, strict=True))
    return renamed


def _everything(content: Content) -> Hashable:
    return content


def _question_and_reference(content: Content) -> Hashable:
    return content.question, content.reference


def _question(content: Content) -> Hashable:
    return content.question


_CONTENT_PARTS = (_everything, _question_and_reference, _question)
"""What two cases of different names are recognised by, the surest first."""


def _by_part(
    cases: Mapping[Key, CaseScores], keys: Iterable[Key], part: Callable[[Content], Hashable]
) -> dict[Hashable, list[Key]]:
    """Return the keys of cases whose question is known, by a part of their content."""
    by_part: dict[Hashable, list[Key]] = {}
    for key in keys:
        content = cases[key].content
        if content.question:
            by_part.setdefault(part(content), []).append(key)
    return by_part


def _is_left_out(left_out: Collection[Key], old: CaseScores, new: CaseScores) -> bool:
    return old.key in left_out or new.key in left_out


def pair(joined: Joined, metric: str) -> Paired:
    """Return the pairs of a metric's scores, or the reason why they cannot be compared."""
    pairs = [(old, new) for old, new in joined.pairs if _is_compared(old, new, metric)]
    coverage = _coverage(joined, metric, pairs)
    scales = [run.scales[metric] for run in (joined.before, joined.after) if metric in run.scales]
    low, high = (ends(scales[0]) if scales else None) or (0.0, 1.0)
    before = [scaled(old.by_metric[metric], low, high) for old, _ in pairs]
    after = [scaled(new.by_metric[metric], low, high) for _, new in pairs]
    why = obstacle(coverage) or _scale_obstacle(metric, scales)
    why = why or outside_scale(metric, (*before, *after), low, high)
    judged = joined.after.judged
    is_judged = metric in judged or (metric == PASS_RATE and bool(judged))
    is_identical = are_identical(pairs, metric, is_judged)
    if why:
        empty = PairedScores((), ())
        return Paired(metric, (), empty, coverage, why, is_identical, low, high)
    is_binary = set(before) | set(after) <= {0.0, 1.0}
    missing = list(_missing(joined, metric))
    worst = [scaled(old.by_metric[metric], low, high) for old in missing]
    scores = PairedScores(before, after, _clusters(pairs), is_binary, worst)
    return Paired(metric, pairs, scores, coverage, "", is_identical, low, high, missing, is_judged)


def are_identical(pairs: Sequence[Pair], metric: str, is_judged: bool) -> bool:
    """Return whether all answers are the same, and the same to whatever scores them.

    A judge may score the same text otherwise from call to call. Anything else that does has read
    something besides the text.

    Args:
        pairs: The cases.
        metric: The score.
        is_judged: Whether it may be that of a judge.
    """
    if not pairs or not all(old.is_answered_like(new) for old, new in pairs):
        return False
    if is_judged:
        return True
    return all(_is_same(old.by_metric[metric], new.by_metric[metric]) for old, new in pairs)


def _is_same(old: MetricValues, new: MetricValues) -> bool:
    return old.values == new.values and old.value == new.value


def ends(scale: Scale) -> tuple[float, float] | None:
    """Return the worst and best value of a scale, or ``None`` if one of them is unbounded."""
    if scale.low is None or scale.high is None or scale.low == scale.high:
        return None
    return (scale.low, scale.high) if scale.higher_is_better else (scale.high, scale.low)


def common_ends(before: Scale | None, after: Scale | None) -> tuple[float, float] | None:
    """Return the ends of a metric's scale, or ``None`` if two runs have no common one."""
    scales = [scale for scale in (before, after) if scale is not None]
    if not scales or _scale_obstacle("", scales):
        return None
    return ends(scales[0])


def is_tried(metric: str, old: CaseScores, new: CaseScores) -> bool:
    """Return whether the candidate should have a score for a case of both runs."""
    return metric in new.by_metric or (new.may_have_failed and metric in old.by_metric)


def is_unscored(metric: str, old: CaseScores, new: CaseScores) -> bool:
    """Return whether the candidate should have a score for a case of both runs, and has none."""
    return is_tried(metric, old, new) and not _values(new, metric)


def _by_key(run: RunScores, by_id: bool) -> Mapping[Key, CaseScores]:
    if not by_id:
        return run.cases
    by_key: dict[Key, CaseScores] = {}
    for case in run.cases.values():
        key = ("", "", case.key[2])
        if key in by_key:
            raise InputError(
                f"{run.name}: found several cases with the id {key[2]!r}; "
                "allowed: one, because a table has ids alone"
            )
        by_key[key] = case
    return by_key


def _coverage(joined: Joined, metric: str, pairs: Sequence[Pair]) -> Coverage:
    """Count the cases that can be compared; a case that died with its worker is unscored."""
    lost = joined.after.lost
    selection = joined.after.selection
    missing = [case for case in joined.removed if metric in case.by_metric]
    named = [*joined.pairs, *joined.edited]
    before = sum(metric in old.by_metric for old, _ in named) + len(missing)
    selected = sum(metric in old.by_metric or metric in new.by_metric for old, new in joined.pairs)
    selected += sum(metric in old.by_metric for old, _ in joined.edited)
    if joined.after.is_plain:
        selected += len(missing)
    elif selection.is_whole:
        # The cases that died with a worker are among the missing ones.
        selected += sum(selection.includes(case.key[0]) for case in missing)
    else:
        selected += lost
    tried = sum(is_tried(metric, old, new) for old, new in joined.pairs)
    unscored = sum(is_unscored(metric, old, new) for old, new in joined.pairs)
    new_cases = [*joined.added, *(new for _, new in joined.edited)]
    tried_anew = [new for new in new_cases if metric in new.by_metric or new.is_unjudged]
    tried += len(tried_anew)
    unscored += sum(not _values(new, metric) for new in tried_anew)
    is_same = all(old.is_of_judge(new, metric) for old, new in pairs)
    edited = sum(metric in old.by_metric for old, _ in joined.edited)
    edited += sum(metric in old.by_metric for old, new in unlike(joined, metric))
    resampled = list(_resampled(joined, metric))
    rescored = sum(not old.content.may_accept_like(new.content) for old, new in pairs)
    return Coverage(
        selected,
        len(pairs),
        tried + lost,
        unscored + lost,
        is_same,
        before,
        edited,
        rescored,
        is_drifted=any(metric in old.drifted for old, _ in pairs),
        added=sum(metric in new.by_metric for new in new_cases),
        settings="; ".join(dict.fromkeys(resampled)),
        resampled=len(resampled),
        is_judged=_is_judged(joined, metric),
    )


def _is_judged(joined: Joined, metric: str) -> bool:
    """Return whether scores may be those of a judge; files of other tools do not say."""
    runs = (joined.before, joined.after)
    return any(run.is_plain or metric in run.judged for run in runs)


def _resampled(joined: Joined, metric: str) -> Iterator[str]:
    """Yield what changed in the sampling of the cases that could be compared otherwise."""
    for old, new in unlike(joined, metric):
        has_both = bool(_values(old, metric)) and bool(_values(new, metric))
        change = sampling_change(old.sampling, new.sampling)
        is_same_reference = metric in old.rescored or old.content.may_accept_like(new.content)
        if has_both and change and is_same_reference:
            yield change


def unlike(joined: Joined, metric: str) -> Iterator[Pair]:
    """Yield the cases whose scores of a metric were made differently.

    Their references, thresholds, duties to pass, samples, reducers or patterns are not the same.
    """
    for old, new in joined.pairs:
        if not old.is_comparable(new, metric):
            yield old, new


def _is_compared(old: CaseScores, new: CaseScores, metric: str) -> bool:
    has_both = bool(_values(old, metric)) and bool(_values(new, metric))
    return has_both and old.is_comparable(new, metric)


def _missing(joined: Joined, metric: str) -> Iterator[CaseScores]:
    """Yield the cases of the baseline whose score the candidate should have, and does not."""
    for old, new in joined.pairs:
        if _values(old, metric) and is_unscored(metric, old, new):
            yield old
    after = joined.after
    for old in joined.removed:
        # Cases that died with a worker have left nothing. A case that was deleted is no failure.
        may_have_died = after.lost > 0 and after.selection.includes(old.key[0])
        if _values(old, metric) and (after.is_plain or may_have_died):
            yield old


def _values(case: CaseScores, metric: str) -> tuple[float, ...]:
    values = case.by_metric.get(metric)
    return values.values if values else ()


def _scale_obstacle(metric: str, scales: Sequence[Scale]) -> str:
    """Return why scores have no common scale from 0 to 1, or an empty text."""
    ranges = {ends(scale) for scale in scales}
    if None in ranges:
        return f"{metric} has no fixed range, so a change cannot be measured as a share of it"
    if len(ranges) > 1:
        return f"{metric} has a different scale in the baseline"
    return ""


def scaled(values: MetricValues, low: float, high: float) -> float:
    """Return the value of a case on a scale from 0 to 1, if it is on the metric's scale."""
    value = ((values.value or 0.0) - low) / (high - low)
    if -ROUNDING <= value <= 1 + ROUNDING:
        return min(1.0, max(0.0, value))
    return value


def outside_scale(metric: str, values: Iterable[float], low: float, high: float) -> str:
    """Return that a scaled value is not from 0 to 1, or an empty text."""
    if all(0 <= value <= 1 for value in values):
        return ""
    span = f"from {min(low, high):g} to {max(low, high):g}"
    return f"a score of {metric} is outside its scale {span}. {UNDECLARED_REMEDY}"


def _clusters(pairs: Sequence[Pair]) -> list[Hashable] | None:
    """Return the cluster of every case, by the candidate or else the baseline."""
    return clusters_of(
        [new.cluster if new.cluster is not None else old.cluster for old, new in pairs]
    )


def clusters_of(clusters: Sequence[str | None]) -> list[Hashable] | None:
    """Return a cluster for every case; ``None`` if no case belongs to one."""
    if all(cluster is None for cluster in clusters):
        return None
    # A case without a cluster is its own, so it gets a unique key.
    return [row if cluster is None else cluster for row, cluster in enumerate(clusters)]
