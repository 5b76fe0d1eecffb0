"""What is allowed in a golden file, and may be a mistake: the notes of ``llmeval validate``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pytest_llmeval.goldens.answers import is_one_text
from pytest_llmeval.goldens.cells import read_object
from pytest_llmeval.goldens.chat_notes import notes_on_chats
from pytest_llmeval.goldens.columns import Columns
from pytest_llmeval.goldens.damage_notes import notes_on_damage
from pytest_llmeval.goldens.formats.tables import Table
from pytest_llmeval.goldens.further_answers import notes_on_answers
from pytest_llmeval.goldens.ids import alike
from pytest_llmeval.goldens.list_notes import notes_on_lists
from pytest_llmeval.goldens.noted_cases import cases_with, lines_of
from pytest_llmeval.goldens.prompting import content_text
from pytest_llmeval.goldens.unread_notes import notes_on_columns
from pytest_llmeval.goldens.variables import notes_on_variables
from pytest_llmeval.records.case import Case
from pytest_llmeval.text import first_of

_MOST_NAMES = 3
_FORMULA = re.compile(r"""=\s*(?:"[^"]*"|[A-Z]{1,3}\d+|[A-Z]+\(.*\))""", re.DOTALL)
_WORDS_FOR_NOTHING = frozenset((
    "nan", "none", "null", "n/a", "na", "#n/a", "<na>", "nil", "nat", "undefined",
    "(null)", "<null>", "[null]", "-nan", "#nv", "#н/д", "#n/d", "#i/t", "#getting_data",
    "loading...", "loading\u2026", "[object object]", "(blank)", "(empty)", "(none)", "(missing)",
    "<blank>", "<empty>", "<none>", "<missing>", "<unset>", "(leer)", "(vide)", "(vac\u00edo)",
    "(en blanco)", "(vuoto)", "(vazio)", "(пусто)", "tbd", "tba", "tbc", "todo", "fixme",
    "t.b.d.", "k.a.", "n.a.", "n. a.", "???", "lorem ipsum",
))  # fmt: skip
_ERROR_OF_A_CELL = re.compile(r"#[¡¿]?[^\W\d_][\w/ ]{1,18}[!?]")
"""What a spreadsheet shows of a formula that failed, in capitals in the language of its user."""

_NULL_OF_A_DATABASE = r"\N"
"""NULL in an export of MySQL or PostgreSQL; in small letters it is a line break."""

_DASHES = frozenset(("-", "--", "\u2013", "\u2014", "?", "empty"))
"""Further words for nothing, which an expected answer may be, and no system prompt is."""


def notes_on(
    table: Table, columns: Columns, chosen: Mapping[tuple[str, str], int], cases: Sequence[Case]
) -> Iterator[str]:
    """Yield what is allowed in a golden file, and may be a mistake.

    Args:
        table: The golden file.
        columns: What its columns hold.
        chosen: Number of rows by field and a column that it comes from.
        cases: The cases.
    """
    yield from _on_words(cases)
    yield from _on_texts(cases)
    yield from notes_on_damage(cases)
    yield from notes_on_lists(table, columns, cases)
    yield from notes_on_variables(table, cases)
    yield from notes_on_chats(cases)
    yield from _on_semicolons(chosen, cases)
    yield from notes_on_answers(table, columns, cases)
    yield from notes_on_columns(table, columns)


def _on_words(cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on texts that are a word for an absent value."""
    matching = cases_with(cases, lambda case: _is_nothing(case.expected or ""))
    if matching:
        yield (
            f"the expected answer is the word {matching[0].expected!r} ({lines_of(matching)}); "
            "an empty cell is an absent value"
        )
    matching = cases_with(cases, lambda case: _is_nothing(_system(case), _DASHES))
    if matching:
        word = _system(matching[0])
        yield (
            f"the system prompt is the word {word!r} ({lines_of(matching)}), and is sent; "
            "an empty cell is an absent value"
        )
    matching = cases_with(cases, lambda case: _is_nothing(case.prompt))
    if matching:
        yield f"the prompt is the word {matching[0].prompt!r} ({lines_of(matching)}), and is sent"
    matching = cases_with(cases, lambda case: any(map(_is_nothing, case.contexts)))
    if matching:
        yield (
            f"a context is a word for an absent value ({lines_of(matching)}); "
            "an empty cell is an absent value"
        )


def _is_nothing(text: str, further: frozenset[str] = frozenset()) -> bool:
    """Return whether a text is a word for an absent value, or the error of a cell."""
    word = text.strip()
    if word.startswith("#") and word == word.upper() and _ERROR_OF_A_CELL.fullmatch(word):
        return True
    plain = word.casefold()
    return word == _NULL_OF_A_DATABASE or plain in _WORDS_FOR_NOTHING or plain in further


def _system(case: Case) -> str:
    """Return the system message that a case begins with; empty without one."""
    first = case.messages[0] if case.messages else None
    is_system = first is not None and first["role"] == "system"
    return content_text(first.get("content")) if first is not None and is_system else ""


def _on_texts(cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on texts that are written in a notation, and are taken as they are."""
    objects = cases_with(cases, lambda case: isinstance(read_object(case.prompt), dict))
    if objects:
        yield (
            f"the prompt is the text of an object ({lines_of(objects)}), and sent as it is; "
            "a mapping such as 'input.question = prompt' takes a member of it"
        )
    formulas = cases_with(
        cases, lambda case: bool(_FORMULA.fullmatch((case.expected or "").strip()))
    )
    if formulas:
        yield (
            f"the expected answer is the formula of a spreadsheet ({lines_of(formulas)}), which is "
            "taken as it is written"
        )
    pairs = [f"{first.id!r} and {second.id!r}" for first, second in alike(cases)]
    if pairs:
        yield f"ids differ only in case or blanks: {first_of(pairs, _MOST_NAMES)}"


def _on_semicolons(chosen: Mapping[tuple[str, str], int], cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on semicolons that separate nothing, in a column of several answers."""
    columns = [name for field, name in chosen if field == "expected" and is_one_text(name)]
    joined = cases_with(cases, lambda case: ";" in (case.expected or ""))
    if columns and joined:
        yield (
            f"the text in {columns[0]} has semicolons ({lines_of(joined)}), and is one answer; "
            "a column correct_answers has semicolons between answers, and JSON a list of them"
        )
