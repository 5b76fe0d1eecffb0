"""What is collected is handed over in time, whole, and not lost by an error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from pytest_llmeval.errors import RunLogError
from pytest_llmeval.runlog.batch import SIZE, Batch, ResultRows

PATIENCE_S = 60.0


class Journal:
    """Remembers what was written, unless it is closed."""

    def __init__(self) -> None:
        self.is_closed = False
        self.groups: list[list[int]] = []
        self.was_tried = threading.Event()

    def write(self, results: list[ResultRows]) -> None:
        self.was_tried.set()
        if self.is_closed:
            raise RunLogError("the journal is closed")
        self.groups.append([int(case["number"]) for case, *_ in results])


def rows(number: int) -> ResultRows:
    """A result that is known by its number."""
    return {"number": number}, (), (), (), ()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def batch(journal: Journal) -> Iterator[Batch]:
    timed = Batch(journal.write, is_timed=True)
    yield timed
    with suppress(RunLogError):
        timed.flush()


def test_so_many_are_handed_over_at_once(journal: Journal) -> None:
    batch = Batch(journal.write, is_timed=False)
    for number in range(SIZE + 1):
        batch.add(number, rows(number))
    assert journal.groups == [list(range(SIZE))]
    batch.flush()
    assert journal.groups[1:] == [[SIZE]]


def test_one_is_handed_over_although_no_other_comes(journal: Journal, batch: Batch) -> None:
    batch.add("one", rows(1))
    assert journal.was_tried.wait(PATIENCE_S)
    batch.flush()
    assert journal.groups == [[1]]


def test_the_later_of_two_with_one_key_counts(journal: Journal, batch: Batch) -> None:
    batch.add("one", rows(1))
    batch.add("one", rows(2))
    batch.flush()
    assert journal.groups == [[2]]


def test_what_the_timer_could_not_write_is_an_error_of_the_next_add(
    journal: Journal, batch: Batch
) -> None:
    journal.is_closed = True
    batch.add("one", rows(1))
    assert journal.was_tried.wait(PATIENCE_S)
    with pytest.raises(RunLogError, match="closed"):
        batch.add("two", rows(2))
    with pytest.raises(RunLogError, match="closed"):
        batch.flush()


def test_what_could_not_be_written_is_written_once_that_is_possible(
    journal: Journal, batch: Batch
) -> None:
    journal.is_closed = True
    batch.add("one", rows(1))
    assert journal.was_tried.wait(PATIENCE_S)
    journal.is_closed = False
    batch.add("two", rows(2))
    assert journal.groups == [[1, 2]]
