"""The first rows of a file, from which one sees whether it may be a golden file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.formats import format_of
from pytest_llmeval.goldens.formats.csv_table import read_csv
from pytest_llmeval.goldens.formats.json_table import BETWEEN, DECODER, read_json, read_jsonl
from pytest_llmeval.goldens.formats.tables import Row, Table, decoded
from pytest_llmeval.goldens.reading import holds_prompts

_HEAD_BYTES = 64 * 1024
"""What is read of a file, however large it is."""

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_ARRAY = re.compile(
    r'\s*(?:\{.*?"(?:cases|goldens|examples|data|tests|rows)"\s*:\s*)?\[\s*(?=\{)', re.DOTALL
)
"""The beginning of a document up to its first row."""


def may_be_golden(path: Path, mapping: Mapping[str, str]) -> bool:
    """Return whether the first rows of a regular file have a prompt.

    Args:
        path: The file.
        mapping: As for `read_cases`.
    """
    try:
        table = _head(path)
    except (GoldenFileError, OSError, ValueError, RecursionError):
        return False
    return table is not None and holds_prompts(table, mapping)


def _head(path: Path) -> Table | None:
    """Read the first rows; ``None`` if the file holds no rows that begin in its head."""
    known = format_of(path)
    if known is None or not path.is_file():
        return None
    if known.kind == "parquet":
        return _named(path)
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
    is_cut = len(data) == _HEAD_BYTES
    if is_cut and not data.startswith(_WIDE):
        data = data[: data.rfind(b"\n") + 1] or _whole_letters(data)
    text = decoded(str(path), data).content
    if known.kind == "delimited":
        return read_csv(str(path), text, known.delimiter)
    if known.kind == "rows":
        return read_jsonl(str(path), text)
    rows = ",".join(_rows(text)) if is_cut else ""
    return read_json(str(path), f"[{rows}]" if is_cut else text)


def _whole_letters(data: bytes) -> bytes:
    """Return the head of a single long line without the letter that it cuts."""
    return data.decode("utf-8", "ignore").encode()


def _rows(text: str) -> Iterator[str]:
    """Yield the objects that stand whole in the head of an array."""
    match = _ARRAY.match(text)
    position = len(text) if match is None else match.end()
    while text[position : position + 1] == "{":
        try:
            _, end = DECODER.raw_decode(text, position)
        except ValueError:
            return
        yield text[position:end]
        between = BETWEEN.match(text, end)
        position = between.end() if between else end


def _named(path: Path) -> Table | None:
    """Return a row that stands for those of a Parquet file, by the names of its columns."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_schema
    except ImportError:
        return None
    try:
        names = read_schema(path).names
    except ArrowException:
        return None
    return Table(str(path), tuple(names), (Row(1, 1, dict.fromkeys(names, "text")),))
