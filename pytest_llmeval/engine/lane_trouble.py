"""What a lane does where no call gets an answer: after a while it sends nothing but a probe.

Without this, each of a hundred cases would try seven times to reach a port where nobody listens. In
the document of a lane:

- ``failing_since``: time of the first failure since the last answer; ``failed_at``: of the last.
- ``rounds``: how often in a row no connection was made, counted once for all calls of a moment.
- ``down_until``: nothing is sent before it; after it one call probes the endpoint. 0: not down.
- ``trouble``: the text of the last error.
"""

from __future__ import annotations

from typing import Any

COOL_DOWN_S = 30.0
"""Seconds without calls after which one call probes an endpoint that is down."""

_ROUNDS, _ROUNDS_IF_REACHED = 4, 7
"""Attempts to connect, some 4 s, and some 32 s where an earlier call was answered."""

_FIRST_PAUSE_S = 0.5
_LONGEST_TEXT = 600

_Document = dict[str, Any]


def begin(document: _Document) -> None:
    """Add the members of a lane without trouble."""
    document |= {"failing_since": None, "failed_at": 0.0, "rounds": 0, "round_at": 0.0,
                 "down_until": 0.0, "trouble": ""}  # fmt: skip


def note_answer(document: _Document) -> None:
    """Note that a call was answered."""
    if document["failing_since"] is not None or document["down_until"]:
        begin(document)


def note_failure(
    document: _Document,
    text: str,
    sent_at: float,
    is_unreachable: bool,
    deadline_s: float,
    now: float,
) -> None:
    """Note that a call got no answer.

    Args:
        document: The document of the lane.
        text: The error.
        sent_at: When the call was sent.
        is_unreachable: Whether no connection was made.
        deadline_s: Seconds without any answer after which the endpoint is down.
        now: The time.
    """
    document["trouble"] = text[:_LONGEST_TEXT]
    document["failed_at"] = now
    if document["failing_since"] is None:
        document["failing_since"] = now
    if is_unreachable and sent_at > document["round_at"]:
        document["rounds"] += 1
        document["round_at"] = now
        pause_s = min(_FIRST_PAUSE_S * 2.0 ** (document["rounds"] - 1), COOL_DOWN_S)
        document["limit"] = 1.0
        if now + pause_s > document["paused_until"]:
            document |= {"paused_until": now + pause_s, "paused_why": "it cannot be reached"}
    rounds = _ROUNDS_IF_REACHED if document["done"] else _ROUNDS
    is_overdue = now - document["failing_since"] > deadline_s
    if document["rounds"] >= rounds or is_overdue or document["down_until"]:
        document["down_until"] = now + COOL_DOWN_S


def forget_old(document: _Document, now: float) -> None:
    """Forget failures of long ago, for a lane in which nothing was in flight since."""
    last = max(document["failed_at"], document["paused_until"])
    if document["failing_since"] is not None and now - last > COOL_DOWN_S:
        document["failing_since"] = None


def refusal(document: _Document, now: float) -> str:
    """Return why nothing is sent; empty if calls, or one that probes, may be sent."""
    if now >= document["down_until"]:
        return ""
    return f"not sent, because the calls before it got no answer: {document['trouble']}"


def is_probing(document: _Document) -> bool:
    """Return whether the endpoint was down, so that one call finds out whether it still is."""
    return bool(document["down_until"])


def note_probe(document: _Document, now: float) -> None:
    """Let the others wait no longer while one call probes."""
    document["down_until"] = now + COOL_DOWN_S
