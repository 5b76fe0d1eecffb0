"""Where reports are written: the folder of our own, and files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from pytest_llmeval.errors import LLMEvalError

T = TypeVar("T")
HOME = ".llmeval"
NOTE = """# What pytest_llmeval left behind

The run log (`runs.sqlite`, one database for all runs) and the reports of the latest run.
The log is the history of your runs: keep it if you compare against earlier ones.
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
        (home / "README.md").write_text(NOTE, encoding="utf-8")


def rereadable(results: Iterable[T]) -> Iterable[T]:
    """The results, if they can be read again and again.

    Raises:
        TypeError: They are an iterator, whose second reading would find nothing.
    """
    if isinstance(results, Iterator):
        raise TypeError(f"results are read twice; found {type(results).__name__}; allowed: a list, RunLog.results()")
    return results


@contextmanager
def replacing(path: Path, what: str) -> Iterator[TextIO]:
    r"""A text file that takes the place of ``path`` once it is complete; on an error ``path`` stays as it was.

    Lone surrogates, which UTF-8 cannot hold, are written as ``\udc80``.

    Args:
        path: The file to make. Its folder is made too.
        what: Name of the report, for error texts.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        make_folder(path.parent)
        try:
            with part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
                yield file
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        allowed = "a path in a folder that can be written"
        raise LLMEvalError(f"{what} {path}: cannot be written, {error.strerror or error}; allowed: {allowed}") from None
