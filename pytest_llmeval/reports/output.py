"""The writing of report files, which are complete or absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.store.folder import make_folder, whole_file

T = TypeVar("T")


def rereadable(results: Iterable[T]) -> Iterable[T]:
    """Return results that can be read repeatedly.

    Raises:
        TypeError: The results are an iterator, which would be empty at the second reading.
    """
    if isinstance(results, Iterator):
        raise TypeError(
            f"results are read twice: found {type(results).__name__}; "
            "allowed: a list, RunLog.results()"
        )
    return results


@contextmanager
def replacing(path: Path, what: str) -> Iterator[TextIO]:
    r"""Open a text file that replaces ``path`` when it is complete.

    After an error, ``path`` stays as it was. Lone surrogates, which UTF-8 cannot encode, are
    written as ``\udc80``.

    Args:
        path: The file. Its folder is created if necessary.
        what: Name of the report, for error texts.

    Raises:
        LLMEvalError: The file cannot be written.
    """
    try:
        make_folder(path.parent)
        with (
            whole_file(path) as part,
            part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
        ):
            yield file
    except OSError as error:
        allowed = "a path in a folder that can be written"
        raise LLMEvalError(
            f"{what} {path}: cannot be written, {error.strerror or error}; allowed: {allowed}"
        ) from None
