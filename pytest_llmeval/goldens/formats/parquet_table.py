"""The reader of Parquet golden files, built on pandas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from pytest_llmeval.extras import Extra
from pytest_llmeval.goldens.formats.tables import Row, Table, refused

_EXTRA = Extra("parquet", ("pandas", "pyarrow"))


def read_parquet(file: str, path: Path) -> Table:
    """Read a Parquet file.

    Raises:
        GoldenFileError: The file is not Parquet, or has no rows.
        MissingExtraError: The extra ``parquet`` is not installed.
    """
    _EXTRA.require(f"{file}: a Parquet file")
    import pandas as pd
    import pyarrow as pa

    try:
        # With Arrow's types an integer column with empty cells stays integers.
        frame = pd.read_parquet(path, dtype_backend="pyarrow")
        # A named index was a column for the person who wrote the file.
        if any(frame.index.names):
            frame = frame.reset_index()
    except (pa.ArrowException, ValueError, OSError) as error:
        # Arrow's text begins with the path, which our text already names.
        reason = str(error).split("': ", 1)[-1].split("\n")[0].rstrip(".")
        written = f"unreadable Parquet ({reason})"
        raise refused(file, written, "a Parquet file as pandas writes it") from None
    if frame.empty:
        raise refused(file, "no rows", "at least one case")
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise refused(file, f"the column {twice!r} twice", "each column name once; rename one")
    records = pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    rows = (
        Row(number, number, _json_like(record)) for number, record in enumerate(records, start=1)
    )
    return Table(file, tuple(frame.columns), tuple(rows))


def _json_like(value: Any) -> Any:
    """Turn an Arrow value into its JSON value, or into text where JSON has none."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _json_like(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_json_like(item) for item in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
