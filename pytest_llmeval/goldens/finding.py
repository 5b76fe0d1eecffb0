"""The golden files that lie below a folder, by their names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

_NEVER_GOLDEN = ("node_modules", "__pycache__", "site-packages")
_ENVIRONMENT = "pyvenv.cfg"
"""The file that makes a folder a virtual environment."""

_RECORDINGS = "recordings"
_WILD = "*?["


def matches(relative: str, pattern: str) -> bool:
    """Return whether a path below the root matches a pattern of ``llm_golden``."""
    return relative.startswith(f"{pattern}/") or fnmatch(relative, pattern)


def matching(root: Path, pattern: str, never: Sequence[str]) -> Iterator[Path]:
    """Yield the files on the disk that match a pattern."""
    fixed = []
    for part in pattern.split("/"):
        if set(part) & set(_WILD):
            break
        fixed.append(part)
    start = root.joinpath(*fixed)
    skipped = never if start == root else ()
    for path in [start] if start.is_file() else walk(start, skipped):
        if matches(below(root, path), pattern):
            yield path


def below(root: Path, path: Path) -> str:
    """Return a path relative to the root, with slashes."""
    return os.path.relpath(path, root).replace(os.sep, "/")


def regular(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the regular files among some that have the suffix of a golden file.

    Whoever opens a pipe waits for ever.
    """
    from pytest_llmeval.goldens.formats import format_of

    return (path for path in paths if format_of(path) is not None and path.is_file())


def walk(folder: Path, never: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the files below a folder, without those of packages and environments.

    Args:
        folder: The folder.
        never: Patterns of folders directly in it that are not entered.
    """
    for parent, folders, names in os.walk(folder):
        if _ENVIRONMENT in names:
            folders.clear()
            continue
        is_top = Path(parent) == folder
        folders[:] = [
            name
            for name in folders
            if name not in _NEVER_GOLDEN
            and not name.startswith(".")
            and not (is_top and any(fnmatch(name, pattern) for pattern in never))
        ]
        yield from (Path(parent, name) for name in names)


def is_recording(path: Path, folder: Path | None) -> bool:
    """Return whether a file is in the folder of recordings, or in that of a golden file.

    Args:
        path: The file.
        folder: The folder that the settings name; ``None`` without one.
    """
    if folder is not None:
        return folder in path.parents
    return path.parent.name == _RECORDINGS and (path.parent.parent / path.stem).is_file()
