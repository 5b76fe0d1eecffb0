"""The reading of rows that anybody may have written: what cannot be a row of ours is an error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import RunLogError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
_SHOWN_LENGTH = 60
_FINITE = "value"
"""The column of a number that is always finite, which is that of scores."""

# A whole number that is too large for the database is a floating-point number there.
_TYPES = {"int": (int, float), "float": (float, int), "str": (str,), "bool": (bool, int)}


@contextmanager
def reading(shown: str, what: str) -> Iterator[None]:
    """Read something of a run log; whatever its content breaks becomes an error of the log.

    Args:
        shown: The log as the user knows it.
        what: What is read.

    Raises:
        RunLogError: It cannot be read.
    """
    try:
        yield
    except _UNREADABLE as error:
        problem = str(error).partition("\n")[0] or type(error).__name__
        raise RunLogError(
            f"run log {shown}: found {what} that this package has not written ({problem}). "
            "Restore the log, or name another with --llm-log."
        ) from None


class Columns:
    """Checks the values of rows by the types of their columns.

    Args:
        columns: The columns of a query.
    """

    def __init__(self, columns: Sequence[ColumnElement[Any]]) -> None:
        self._columns = [(column.key, _types_of(column)) for column in columns]
        self._finite = [index for index, (name, _) in enumerate(self._columns) if name == _FINITE]
        self._required = [_is_required(column) for column in columns]
        # Nearly all rows have the same types, so comparing their types together is quick.
        self._checked: set[tuple[type, ...]] = set()

    def check(self, row: Sequence[Any]) -> None:
        """Check the values of a row.

        Raises:
            ValueError: A value has the wrong type, or is no finite number.
        """
        types = tuple(map(type, row))
        if types not in self._checked:
            for value, (name, allowed), is_required in zip(
                row, self._columns, self._required, strict=True
            ):
                is_absent = value is None and not is_required
                if not is_absent and not isinstance(value, allowed):
                    raise _wrong(name, value)
            self._checked.add(types)
        for index in self._finite:
            value = row[index]
            if value is not None and not math.isfinite(value):
                raise _wrong(_FINITE, value)


def _types_of(column: ColumnElement[Any]) -> tuple[type, ...]:
    try:
        return _TYPES.get(column.type.python_type.__name__, (object,))
    except NotImplementedError:  # the database alone knows
        return (object,)


def _is_required(column: ColumnElement[Any]) -> bool:
    from sqlalchemy import Column

    return isinstance(column, Column) and not column.nullable


def _wrong(name: str | None, value: object) -> ValueError:
    return ValueError(f"{name} is {ascii(value)[:_SHOWN_LENGTH]}")
