"""The entries of a recording that its models have left behind.

Several models may share a recording, and a run knows only its own. So an entry is stale only if the
one that answered it has answered in the run, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pytest_llmeval.store.recordings.entries import Entry

_ANSWER = "answer"

_Owner = tuple[bool, str, str]
"""Whether it answered a case, and the provider and the model."""


def stale_entries(entries: Mapping[str, Entry], current: Mapping[str, Entry]) -> list[Entry]:
    """Return the entries that are not current, of those who answered the current ones.

    What a judge said of an answer stays as long as the case has an answer of another model, because
    a run of that model needs it.

    Args:
        entries: All entries by their key.
        current: The entries that a whole run has used or recorded.
    """
    owners = {_owner(entry) for entry in current.values()}
    left = [entry for key, entry in entries.items() if key not in current]
    foreign = {entry.case for entry in _answers(left) if _owner(entry) not in owners}
    return [entry for entry in left if _owner(entry) in owners and _is_free(entry, foreign)]


def _answers(entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.purpose == _ANSWER]


def _is_free(entry: Entry, foreign: Collection[str]) -> bool:
    """Return whether no answer of another model can need an entry."""
    return entry.purpose == _ANSWER or entry.case not in foreign


def _owner(entry: Entry) -> _Owner:
    return entry.purpose == _ANSWER, entry.provider, str(entry.request.get("model", ""))
