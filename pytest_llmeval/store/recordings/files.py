"""Recordings on disk: JSON Lines, one entry a line, sorted, so that a diff can be reviewed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pytest_llmeval.errors import StoreError
from pytest_llmeval.settings.locations import border, check_inside
from pytest_llmeval.store.folder import whole_file
from pytest_llmeval.store.recordings.entries import ALLOWED, Entry, shown

_FOLDER = "recordings"
_REMEDY = "Restore the file, or delete it and record it again with --llm-record all."


def recording_name(home: str, folder: str | None) -> str:
    """Return the path of a home's recording, relative to the root directory, with forward slashes.

    Args:
        home: The file that calls belong to, relative to the root directory, with forward slashes.
        folder: Folder of all recordings, relative to the root directory; ``None`` for one beside
            each home.
    """
    path = PurePosixPath(home)
    if folder is None:
        return str(path.parent / _FOLDER / f"{path.name}.jsonl")
    # A home outside the root directory has ".." in its path.
    below = ["__" if part == ".." else part for part in path.parts if part != path.anchor]
    return f"{PurePosixPath(Path(folder).as_posix()).joinpath(*below)}.jsonl"


def read_recording(root: Path, name: str) -> dict[str, Entry]:
    """Read the entries of a recording by their key; none if the file does not exist.

    Args:
        root: The root directory.
        name: Path of the recording, relative to it.

    Raises:
        StoreError: The file cannot be read, or a line is not what we write.
    """
    try:
        text = _inside(root, name).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{name}: found {error}; allowed: a file in UTF-8. {_REMEDY}") from None
    entries: dict[str, Entry] = {}
    for number, line in enumerate(
        text.split("\n"), 1
    ):  # splitlines() would also split at U+2028 within a text
        if line and not line.isspace():
            entry = _parse(line, f"{name}:{number}")
            if entry.key in entries:
                problem = (
                    f"found the key {entry.key[:12]} a second time; allowed: one line for each key"
                )
                raise StoreError(
                    f"{name}:{number}: {problem}. Delete one of the two lines, or else: {_REMEDY}"
                )
            entries[entry.key] = entry
    return entries


def _inside(root: Path, name: str) -> Path:
    """Return the path of a recording.

    Raises:
        StoreError: A symbolic link leads it outside the project.
    """
    allowed = f"allowed: a recording in {border(root)}"
    remedy = "Remove the link, or name a folder outside with --llm-recordings DIR."
    path = root / name
    check_inside(
        path, root, lambda link: StoreError(f"{name}: found a {link}; {allowed}. {remedy}")
    )
    return path


def write_recording(root: Path, name: str, entries: Iterable[Entry]) -> bool:
    """Write a recording whole or not at all. A file that holds just this already stays untouched.

    Args:
        root: The root directory.
        name: Path of the recording, relative to it.
        entries: What it is to hold, in any order.

    Returns:
        Whether the file was written.

    Raises:
        StoreError: It cannot be written.
    """
    path = _inside(root, name)
    content = "".join(
        f"{entry.line}\n" for entry in sorted(entries, key=lambda entry: entry.order)
    ).encode()
    try:
        if path.exists() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            part.write_bytes(content)
    except OSError as error:
        remedy = "Make the path writable, or name a writable folder with --llm-recordings DIR."
        raise StoreError(f"{name}: the recording cannot be written: {error}. {remedy}") from error
    return True


def _parse(line: str, position: str) -> Entry:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        problem = shown(line.strip())
    else:
        try:
            return Entry.parse(content)
        except ValueError as error:
            problem = str(error)
    raise StoreError(f"{position}: found {problem}; allowed: {ALLOWED}. {_REMEDY}")
