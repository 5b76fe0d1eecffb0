"""The files that a process may open, which bound its connections."""

from __future__ import annotations

import sys

from pytest_llmeval.errors import InputError

_OTHERS = 40
"""Files besides connections: log, store, locks, pipes, reports, and modules that are imported."""

_LEAST = 48
_ENDPOINTS = 2
"""The model and the judge may be at different endpoints, each with connections of its own."""


def check_open_files() -> None:
    """Check that a run has enough files, before anything is sent.

    Raises:
        InputError: The limit is too low.
    """
    limit = _limit()
    if limit is not None and limit < _LEAST:
        raise InputError(
            f"open files: this process may open {limit} (ulimit -n); allowed: at least {_LEAST}. "
            "Raise the limit, for example with ulimit -n 1024."
        )


def most_connections() -> int:
    """Return how many connections to one endpoint the limit leaves."""
    limit = _limit()
    if limit is None:
        return sys.maxsize
    return max(1, (limit - _OTHERS) // _ENDPOINTS)


def _limit() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
