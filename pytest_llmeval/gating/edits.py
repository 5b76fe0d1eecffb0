"""What became of the golden cases between two runs: edits, new names, removals, quarantine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pytest_llmeval.gating.pairing import Joined, Pair
from pytest_llmeval.gating.scores import BaselineCase, CaseScores, RunScores
from pytest_llmeval.records.comparison import CaseEdit, Renaming
from pytest_llmeval.records.result import PASS_RATE, Key
from pytest_llmeval.records.verdicts import flip_of_values

_SHOWN, _LEADING = 300, 60
"""Most characters of a text, and of these the ones before its first difference."""


def shown_name(case: CaseScores) -> str:
    """Return the suite, file and id of a case as one text."""
    suite, file, name = case.key
    return "::".join(dict.fromkeys(filter(None, (suite, file if file != suite else "", name))))


def edits(joined: Joined) -> Iterator[CaseEdit]:
    """Yield the edited cases with their texts, first those that ask something else."""
    with_new_reference = [
        (old, new) for old, new in joined.pairs if not old.content.may_accept_like(new.content)
    ]
    changed = [*joined.edited, *with_new_reference]
    before = _texts(joined.before, {old.key for old, _ in changed})
    after = _texts(joined.after, {new.key for _, new in changed})
    for old, new in joined.edited:
        texts = _near_change(_prompt(before.get(old.key)), _prompt(after.get(new.key)))
        yield CaseEdit(shown_name(new), "prompt", *texts, is_failure=is_failure(new))
    for old, new in with_new_reference:
        now = after.get(new.key)
        yield CaseEdit(
            shown_name(new),
            "expected",
            *_near_change(_expected(before.get(old.key)), _expected(now)),
            is_rescored=_is_rescored(old, new),
            is_answer=now is not None and now.expected in now.answers,
            is_failure=is_failure(new),
        )
    yield from _column_edits(joined)


def _column_edits(joined: Joined) -> Iterator[CaseEdit]:
    edited = [(new, old.content.edited_columns(new.content)) for old, new in joined.pairs]
    edited = [(new, columns) for new, columns in edited if columns]
    after = _texts(joined.after, {new.key for new, _ in edited})
    for new, columns in edited:
        names, now = ", ".join(columns), after.get(new.key)
        yield CaseEdit(
            shown_name(new),
            "columns",
            names,
            names,
            is_answer=now is not None and new.content.holds(columns, now.answers),
            is_failure=is_failure(new),
        )


def renamings(pairs: Iterable[Pair], is_by_id: bool) -> Iterator[Renaming]:
    """Yield the pairs whose names differ; tables have ids alone, and so other names."""
    for old, new in pairs:
        if not is_by_id and old.key != new.key:
            yield Renaming(shown_name(old), shown_name(new))


def deleted(joined: Joined) -> Iterator[CaseScores]:
    """Yield the removed cases that the run was to have.

    Where a worker has died, nobody knows which of them it took along.
    """
    for case in joined.removed:
        if not joined.after.lost and joined.after.selection.includes(case.key[0]):
            yield case


def removed_failures(joined: Joined) -> Iterator[str]:
    """Yield the names of the deleted cases that failed before."""
    for case in deleted(joined):
        if is_failure(case):
            yield shown_name(case)


def quarantined_losses(joined: Joined, quarantined: Collection[Key]) -> Iterator[str]:
    """Yield the names of the cases in quarantine that passed before and fail now.

    Args:
        joined: Both runs with the cases in quarantine.
        quarantined: Those of the run.
    """
    for old, new in joined.pairs:
        is_lost = flip_of_values(old.value_of(PASS_RATE), new.value_of(PASS_RATE)) == "lost"
        if new.key in quarantined and is_lost and old.is_comparable(new, PASS_RATE):
            yield shown_name(new)


def is_failure(case: CaseScores) -> bool:
    """Return whether a case fails."""
    return flip_of_values(1.0, case.value_of(PASS_RATE)) == "lost"


def _is_rescored(old: CaseScores, new: CaseScores) -> bool:
    """Return whether a score of the case can be compared after all."""
    return bool(old.rescored & new.by_metric.keys())


def _texts(run: RunScores, keys: Collection[Key]) -> Mapping[Key, BaselineCase]:
    """Read the texts of some cases; empty without any, or where they are not known."""
    if not keys or run.read_cases is None:
        return {}
    return {case.key: case for case in run.read_cases() if case.key in keys}


def _prompt(case: BaselineCase | None) -> str:
    return case.prompt if case else ""


def _expected(case: BaselineCase | None) -> str:
    return case.expected or "" if case else ""


def _near_change(before: str, after: str) -> tuple[str, str]:
    """Return both texts, or where they are long the part around their first difference."""
    letters = zip(before, after, strict=False)
    same = min(len(before), len(after))
    first = next((index for index, (old, new) in enumerate(letters) if old != new), same)
    start = 0 if before == after else max(0, first - _LEADING)
    return _part(before, start), _part(after, start)


def _part(text: str, start: int) -> str:
    head = "…" if start else ""
    tail = "…" if len(text) > start + _SHOWN else ""
    return f"{head}{text[start : start + _SHOWN]}{tail}"
