"""The JSON file of judges' self-tests and calibrations, which all runs read.

A judge is tested and calibrated once. If the file is committed, a fresh machine, such as that of a
CI job, has the results.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from pytest_llmeval.errors import StoreError
from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.run import SelfTest
from pytest_llmeval.records.wire import from_wire, parse_json, to_builtin
from pytest_llmeval.store.folder import make_folder, whole_file

_FORMAT = 1
_PATIENCE_S = 10.0
"""Seconds to wait for another writing process, which holds the lock for milliseconds."""


@dataclass(frozen=True)
class JudgeEntry:
    """One judge.

    Attributes:
        name: Name of its score.
        model: Model that judges.
        selftest: Its last self-test, or ``None``.
        calibration: Its last calibration, or ``None``.
    """

    name: str
    model: str = ""
    selftest: SelfTest | None = None
    calibration: Calibration | None = None


class JudgeFile:
    """The file, which is read anew for each access, so that processes see each other's entries.

    Args:
        path: Path of the file, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, fingerprint: str) -> JudgeEntry | None:
        """Return the entry of a judge, or ``None``.

        Args:
            fingerprint: The version of its scores.

        Raises:
            StoreError: The file cannot be read.
        """
        return self._read().get(fingerprint)

    def note(
        self,
        fingerprint: str,
        *,
        name: str,
        model: str,
        selftest: SelfTest | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        """Store results for a judge, in addition to its earlier results.

        Args:
            fingerprint: The version of its scores.
            name: Name of its score.
            model: Model that judges.
            selftest: A self-test, which replaces an earlier one.
            calibration: A calibration, which replaces an earlier one.

        Raises:
            StoreError: The file cannot be read or written.
        """
        from filelock import FileLock, Timeout

        try:
            make_folder(self._path.parent)
            with FileLock(self._lock(), timeout=_PATIENCE_S):
                entries = self._read()
                known = entries.get(fingerprint, JudgeEntry(name))
                entries[fingerprint] = JudgeEntry(
                    name, model, selftest or known.selftest, calibration or known.calibration
                )
                self._write(entries)
        except (OSError, Timeout) as error:
            remedy = "Name a file in a writable folder with --llm-judges PATH."
            raise StoreError(
                f"judge file {self._path}: cannot be written: {error}. {remedy}"
            ) from error

    def _lock(self) -> Path:
        """Return a lock file outside the project, because the project is under version control."""
        path = str(self._path.resolve())
        return Path(gettempdir()) / f"llmeval-{hashlib.sha256(path.encode()).hexdigest()[:16]}.lock"

    def _read(self) -> dict[str, JudgeEntry]:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"judge file {self._path}: cannot be read: {error}") from error
        try:
            return _entries(parse_json(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = str(error).partition("\n")[0]
            raise StoreError(
                f"judge file {self._path}: found an invalid file ({problem}); "
                "allowed: a file that this package wrote. "
                "Restore it from version control, or delete it: the next run tests its judges anew."
            ) from error

    def _write(self, entries: dict[str, JudgeEntry]) -> None:
        judges = {fingerprint: to_builtin(entry) for fingerprint, entry in sorted(entries.items())}
        text = json.dumps({"format": _FORMAT, "judges": judges}, indent=2, ensure_ascii=False)
        with whole_file(self._path) as part:
            part.write_text(text + "\n", encoding="utf-8", newline="\n")


def _entries(content: Any) -> dict[str, JudgeEntry]:
    if content["format"] != _FORMAT:
        raise ValueError(f"format {content['format']!r} instead of {_FORMAT}")
    return {
        fingerprint: from_wire(JudgeEntry, json.dumps(entry))
        for fingerprint, entry in content["judges"].items()
    }
