"""The owners of claims, and the check that their processes live.

An owner is one opened store of one process, named ``run/member/process-random``. It holds the lock
of a lock file, and the kernel releases the lock when the process dies, however it dies. (A
time-to-live would block the remaining processes for its length, and a zombie still has its process
id.)
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from filelock import BaseFileLock


RECHECK_S = 1.0
"""Seconds for which an owner counts as alive after a check, which keeps polling cheap."""

_SUFFIX = ".lock"


def run_of(owner: str) -> str:
    """Return the run of an owner."""
    return owner.rsplit("/", 2)[0]


def member_of(owner: str) -> str:
    """Return the name of the owner's process in the run."""
    return owner.rsplit("/", 2)[1]


def process_of(owner: str) -> str:
    """Return the id of the owner's process on its host."""
    return owner.rsplit("/", 1)[1].partition("-")[0]


class Owners:
    """The owners of a store, by their lock files in one folder.

    A lock file is made, and that of another removed, only within a write transaction of the
    database: so nobody removes one which its owner is about to lock.

    Attributes:
        owner: Name of the owner that this object is; empty until `take`.
    """

    def __init__(self, folder: Path) -> None:
        self.owner = ""
        self._folder = folder
        self._lock: BaseFileLock | None = None
        self._seen_alive: dict[str, float] = {}

    @classmethod
    def of(cls, store: Path) -> Owners:
        """Return the owners of a store's file."""
        return cls(store.with_name(f"{store.name}.owners"))

    def take(self, run: str, member: str) -> None:
        """Become an owner, unless this is one.

        Raises:
            OSError: The folder cannot be written.
        """
        from filelock import FileLock, Timeout  # late: a run that sends nothing needs no store

        self._folder.mkdir(parents=True, exist_ok=True)
        while self._lock is None:
            owner = f"{run}/{member}/{os.getpid()}-{os.urandom(6).hex()}"
            lock = FileLock(self._file(owner), thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:  # somebody who looked for the dead was faster
                continue
            self.owner = owner
            self._lock = lock

    def drop(self) -> None:
        """Be an owner no longer."""
        if self._lock is not None:
            self._lock.release(force=True)
            self.forget(self.owner)
            self.owner = ""
            self._lock = None

    def lives(self, owner: str) -> bool:
        """Return whether an owner's process lives; its death shows up to a second late."""
        if owner == self.owner:
            return True
        now = time.monotonic()
        if now - self._seen_alive.get(owner, float("-inf")) < RECHECK_S:
            return True
        if _is_locked(self._file(owner)):
            self._seen_alive[owner] = now
            return True
        self._seen_alive.pop(owner, None)
        return False

    def living(self) -> set[str]:
        """List all living owners."""
        return {owner for owner in self._all() if self.lives(owner)}

    def forget(self, owner: str) -> None:
        """Remove the lock file of a dead owner."""
        # On Windows the file may be open in a process that checks the lock; a later one removes it.
        with suppress(PermissionError):
            self._file(owner).unlink(missing_ok=True)

    def forget_dead(self) -> None:
        """Remove the lock files of all dead owners."""
        for owner in self._all() - self.living():
            self.forget(owner)

    def _all(self) -> set[str]:
        return {unquote(file.name[: -len(_SUFFIX)]) for file in self._folder.glob(f"*{_SUFFIX}")}

    def _file(self, owner: str) -> Path:
        return self._folder / f"{quote(owner, safe='')}{_SUFFIX}"


def _is_locked(file: Path) -> bool:
    if not file.exists():
        return False
    from filelock import FileLock, Timeout

    lock = FileLock(file, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False
