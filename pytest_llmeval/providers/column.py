"""Answers from a column of the golden file: ``column:NAME``."""

from __future__ import annotations

import json

from pytest_llmeval.errors import CallError, NoAnswer, nearest
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.providers.reasoning import says_something
from pytest_llmeval.records.answer_column import column_endpoint, read_column
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case

_FIELDS = ("expected", "prompt")
"""Fields of a case that can be read as a column."""


class ColumnProvider(BaseProvider):
    """Answers with a cell of the case's row.

    It has no fingerprint: reading a cell costs nothing, and a stored answer would outlive an edit
    of the file.

    Args:
        name: Column in the file. Case, blanks and punctuation do not matter, so ``Actual Output``
            is ``actual_output``. ``expected`` and ``prompt`` are the fields of the case.
    """

    sees_case = True
    call_usd = 0.0

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"ColumnProvider({self._name!r})"

    async def complete(self, request: Request) -> Completion:
        """Return the text of the cell. A value that is not text is written as JSON.

        Raises:
            CallError: The row lacks the cell, or the request has no case.
            NoAnswer: The cell shows nothing, such as blanks.
        """
        if request.case is None:
            raise CallError(
                f"column:{self._name} answers cases of a golden file; found a request without one."
            )
        row = cells(request.case)
        column = read_column(self._name, row)
        if column is not None:
            value = row[column]
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if not says_something(text):
                raise NoAnswer(
                    f"{request.case.source}: column {column!r} holds {text!r}, which is no answer. "
                    "Fill the cell."
                )
            return Completion(text, endpoint=column_endpoint(self._name), cost_usd=0.0)
        raise CallError(
            f"{request.case.source}: found no cell in column {self._name!r}; "
            f"this row has: {', '.join(row)}. {nearest(self._name, row)}".rstrip()
        )


def cells(case: Case) -> dict[str, object]:
    """Return the columns of a case that can be read, with their cells."""
    fields = {name: getattr(case, name) for name in _FIELDS}
    return {**case.metadata, **{name: value for name, value in fields.items() if value is not None}}
