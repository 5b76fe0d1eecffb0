"""The fields of a record that are columns as they are: a text, a number, or yes or no."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from pytest_llmeval.runlog.database import Row


class PlainColumns:
    """The columns that are named like the fields of a record, for writing and for reading.

    A new field of the record is among them by itself. Its column is in `runlog.tables`.

    Args:
        record_type: The class of the record.
        others: Fields with another form in the log, or with none.
    """

    def __init__(self, record_type: type, others: frozenset[str]) -> None:
        self._defaults = {
            field.name: None if field.default is MISSING else field.default
            for field in fields(record_type)
            if field.name not in others
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._defaults)

    def row(self, record: object) -> dict[str, Any]:
        """Return the values of a record."""
        values = vars(record)
        return {name: values[name] for name in self._defaults}

    def fields(self, row: Row) -> dict[str, Any]:
        """Return the fields of a row. NULL, as in a row of an older log, is the default."""
        return {
            name: default if row[name] is None else row[name]
            for name, default in self._defaults.items()
        }
