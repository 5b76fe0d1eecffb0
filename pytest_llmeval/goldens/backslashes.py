r"""Commands of LaTeX whose backslash JSON has read: ``"\frac"`` is a form feed and ``rac``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.drafts import Draft
from pytest_llmeval.goldens.formats.tables import shown

_LETTERS = {"\b": "b", "\f": "f", "\t": "t", "\n": "n", "\r": "r", "\v": "v", "\a": "a"}
_ENDS = r"(?=[\\{}()\[\]|^_$\d\s.,;:=+-]|\Z)"
_LOST = re.compile(
    r"\x08(?:egin|oxed|eta|ar|inom|ig|f|ullet|mod|ecause|oldsymbol|ot|ackslash|ox|igl|igr|race|reve)"
    r"(?![a-z])|\x0c(?:rac|orall|lat|rown|box|ill|ootnote)(?![a-z])|"
    r"\x0b(?:ec|arepsilon|arphi|dots|ert|ee)(?![a-z])|"
    r"\x07(?:lpha|ngle|pprox|st|rctan|rcsin|rccos)(?![a-z])|"
    rf"\t(?:imes|heta|frac|extbf|extit|extrm|riangle|herefore|anh|binom){_ENDS}|"
    r"\t(?:ext|ilde|op|au|an|o)(?=[\\{}^_$])|"
    rf"\n(?:abla|otin){_ENDS}|\n(?:exists|eq|eg|mid|leq|geq|u|e|ot)(?=[\\{{}}^_$]| \\)|"
    rf"\r(?:ight|ho|angle|floor|ceil|ightarrow){_ENDS}"
)
"""A control character that JSON and Python write as a backslash and a letter, and the rest."""

_FIELDS = ("prompt", "messages", "expected", "contexts")


def lost_backslashes(file: str, draft: Draft) -> Iterator[Problem]:
    """Yield a problem for each field with a command of LaTeX whose backslash is lost."""
    fields = {field: draft.fields[field] for field in _FIELDS if field in draft.fields}
    if "ideal" in draft.metadata:
        fields["expected"] = [fields.get("expected"), draft.metadata["ideal"]]
    for field, value in fields.items():
        for text in _texts(value):
            lost = _LOST.search(text)
            if lost is None:
                continue
            command = f"\\{_LETTERS[lost[0][0]]}{lost[0][1:]}"
            written = f"{shown(lost[0])}, which a backslash has made of {command}"
            allowed = f'doubled backslashes in JSON: "\\{command}"'
            column = draft.columns.get(field, "")
            yield Problem(file, draft.row.line, draft.row.number, column, written, allowed)
            break


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
