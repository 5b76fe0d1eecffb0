"""Where a project's runs leave what they leave: the folder, and files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = ".llmeval"
_NOTE = """# What pytest_llmeval left behind

- `runs.sqlite`: the run log, one database for all runs. It is their history: keep it if you compare with earlier ones.
- `completions.sqlite`: the completion store, so that no call is paid twice. See `llmeval cache`.
- The reports of the latest run.

Do not commit this folder; its `.gitignore` sees to that.
"""


def make_folder(folder: Path) -> None:
    """Make a folder with its parents. A new ``.llmeval`` gets a ``.gitignore`` and a note on what it is.

    Raises:
        OSError: It cannot be made.
    """
    homes = [each for each in (folder, *folder.parents) if each.name == HOME and not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for home in homes:
        (home / ".gitignore").write_text("*\n", encoding="utf-8")
        (home / "README.md").write_text(_NOTE, encoding="utf-8")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of ``path`` once it is complete; on an error ``path`` stays as it was.

    Raises:
        OSError: It cannot take its place.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
