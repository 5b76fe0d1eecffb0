"""The fields of a record that are columns as they are: a text, a number, or yes or no."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cached_property
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pytest_llmeval.runlog.database import Row

_SHOWN_LENGTH = 60


class PlainColumns:
    """The columns that are named like the fields of a record, for writing and for reading.

    A new field of the record is among them by itself. Its column is in `runlog.tables`.

    Args:
        record_type: The class of the record.
        others: Fields with another form in the log, or with none.
    """

    def __init__(self, record_type: type, others: frozenset[str]) -> None:
        self._record_type = record_type
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
        """Return the fields of a row. NULL, as in a row of an older log, is the default.

        Raises:
            ValueError: A field holds a word that it cannot hold.
        """
        values = {
            name: default if row[name] is None else row[name]
            for name, default in self._defaults.items()
        }
        for name, words in self._words.items():
            if values[name] not in words:
                raise ValueError(f"{name} is {ascii(values[name])[:_SHOWN_LENGTH]}")
        return values

    @cached_property
    def _words(self) -> dict[str, tuple[object, ...]]:
        """The fields that hold one of some words, with these words."""
        hints = get_type_hints(self._record_type)
        return {
            name: get_args(hints[name])
            for name in self._defaults
            if get_origin(hints[name]) is Literal
        }
