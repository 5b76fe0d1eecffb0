"""The folder of a project's runs, and files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = ".llmeval"
_NOTE = """# What pytest_llmeval left behind

- `runs.sqlite`: the run log, one database for all runs. Keep it to compare with earlier runs.
- `completions.sqlite`: the completion store, so that no call is paid twice. See `llmeval cache`.
- The reports of the latest run.

Do not commit this folder. Its `.gitignore` excludes it.
"""


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, and put a ``.gitignore`` and a note into a new ``.llmeval``.

    Raises:
        OSError: It cannot be made.
    """
    homes = [path for path in (folder, *folder.parents) if path.name == HOME and not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for home in homes:
        (home / ".gitignore").write_text("*\n", encoding="utf-8")
        (home / "README.md").write_text(_NOTE, encoding="utf-8")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a file to write, which replaces ``path`` if the block succeeds.

    Raises:
        OSError: The file cannot replace ``path``.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
