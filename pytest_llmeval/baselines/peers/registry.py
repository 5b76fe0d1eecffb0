"""The formats of result files of other tools, told apart by suffix or by what they hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pytest_llmeval.baselines.columns import Columns
from pytest_llmeval.baselines.peers.deepeval import is_deepeval, read_deepeval
from pytest_llmeval.baselines.peers.document import Node, read_document
from pytest_llmeval.baselines.peers.inspect_log import (
    is_inspect_log,
    read_archive,
    read_inspect_json,
)
from pytest_llmeval.baselines.peers.junit import read_junit
from pytest_llmeval.baselines.peers.promptfoo import (
    is_promptfoo,
    is_promptfoo_lines,
    read_promptfoo,
    read_promptfoo_lines,
)
from pytest_llmeval.baselines.peers.samples import PeerRun
from pytest_llmeval.errors import InputError
from pytest_llmeval.text import one_line

_HEAD = 4096
_REPORT = "urn:pytest-llm-golden:report-"
"""How the schema of a JSON report of this package starts."""

_LINES = (".jsonl", ".ndjson")
ReadPeer = Callable[[Path, Columns], PeerRun]


class _JsonFormat(NamedTuple):
    """A format in JSON: what recognizes it, and what reads it."""

    recognizes: Callable[[Any], bool]
    read: Callable[[Node, Columns], PeerRun]


_JSON_FORMATS = (
    _JsonFormat(is_inspect_log, read_inspect_json),
    _JsonFormat(is_promptfoo, read_promptfoo),
    _JsonFormat(is_deepeval, read_deepeval),
)


def peer_reader(path: Path) -> ReadPeer | None:
    """Return what reads a result file of another tool, or ``None`` if it is no such file.

    The reader raises an InputError if the file cannot be read. A JSON file is told by
    `read_json_peer`.
    """
    suffix = path.suffix.lower()
    if suffix == ".eval":
        return read_archive
    if suffix == ".xml":
        return read_junit
    if suffix in _LINES and is_promptfoo_lines(path):
        return read_promptfoo_lines
    return None


def read_json_peer(path: Path, columns: Columns) -> PeerRun | None:
    """Read a JSON file of another tool; ``None`` if it is a report of this package.

    Raises:
        InputError: It cannot be read, or no tool is known that writes it.
    """
    if _starts_like_report(path):
        return None
    document = read_document(path)
    content = document.value
    if isinstance(content, dict) and str(content.get("schema")).startswith(_REPORT):
        return None
    for recognizes, read in _JSON_FORMATS:
        if recognizes(content):
            check_column(str(path), columns, read)
            return read(document, columns)
    shown = type(content).__name__
    if isinstance(content, dict):
        members = one_line(", ".join(map(str, content)), 80)
        shown = f"an object with the members {members}" if content else "an empty object"
    raise InputError(
        f"{path}: found {shown}; allowed: a JSON report (llmeval report RUN --json PATH), or a "
        "JSON file of inspect_ai, promptfoo or deepeval"
    )


def check_column(source: str, columns: Columns, read: object = None) -> None:
    """Refuse the name of a column where a file has none.

    Raises:
        InputError: A column is named, and the file is not read by promptfoo's readers.
    """
    if columns.column and read not in (read_promptfoo, read_promptfoo_lines):
        raise InputError(
            f"--column: found {columns.column!r} for {source}, which has no columns of prompts and "
            "providers; allowed: --column for results of promptfoo alone. To name the column of "
            "one file only, give --column twice, and '' for the other file"
        )


def _starts_like_report(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return _REPORT in file.read(_HEAD)
    except OSError:
        return False
