"""Notes on columns that hold a part of the question or of what is required, and are not read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_llmeval.goldens.cells import as_text
from pytest_llmeval.goldens.columns import Columns
from pytest_llmeval.goldens.decorations import undecorated
from pytest_llmeval.goldens.formats.tables import Row, Table
from pytest_llmeval.goldens.names import known_names, mapping_remedy, normal
from pytest_llmeval.goldens.passages import is_text, is_text_of_question
from pytest_llmeval.goldens.required_columns import named_scorers
from pytest_llmeval.goldens.rivals import has_value
from pytest_llmeval.goldens.unread import unread_columns

_CHOICES = frozenset((
    "choices", "options", "endings", "choice", "option", "answerchoices", "answeroptions",
    "multiplechoices", "candidates", "alternatives", "mc1targets", "mc2targets",
))  # fmt: skip
_LETTERED = ("a", "b", "c", "d")
_INDEX = re.compile(r"\(?(?:[A-Ja-j]|\d)\)?[.)]?")
_PASSAGES = frozenset((
    "passage", "passages", "document", "documents", "doc", "docs", "retrieveddocs",
    "retrieveddocuments", "sourcedocuments", "sourcetext", "background", "evidence", "article",
    "paragraph", "knowledge", "referencedocuments", "chunks", "retrievedchunks",
))  # fmt: skip
_CONTEXTS = frozenset((
    "referencecontext", "topkcontextlist", "contextlist", "groundtruthcontext",
    "groundtruthcontexts", "goldcontext", "goldcontexts", "expectedcontext", "context1",
))  # fmt: skip
_OF_QUESTION = frozenset((
    "persona", "developer", "role", "image", "images", "imageurl", "imageurls", "audio", "video",
    "attachment", "attachments", "tools", "functions", "fewshot", "fewshotexamples", "examples",
    "turns",
))  # fmt: skip
_FURTHER_PROMPT = re.compile(r"(?:prompt|input|question|query|userinput|instruction)s?[2-9]")
_PART = re.compile(r"((?:retriev(?:ed|al)|reference)?contexts?|tags?|category|categories)\d{1,2}")
_UNNAMED = re.compile(r"Unnamed: \d+")
_PARAMETERS = {
    **dict.fromkeys(("maxtokens", "maxnewtokens", "maxoutputtokens"), "--llm-max-tokens"),
    "temperature": "--llm-temperature",
    "topp": "--llm-extra-body",
}
_LIKE_CRITERIA = frozenset(("guidelines", "guideline"))
_LIKE_TEXTS = frozenset(("keywords", "keyword"))
_LIKE_FLAG = frozenset(("required", "critical", "iscritical", "isrequired"))
_REFUSING = frozenset((
    "shouldrefuse", "expectrefusal", "expectedrefusal", "mustrefuse", "refusalexpected",
))  # fmt: skip
_TOOLS = frozenset(("expectedtools", "expectedtoolcalls", "toolsexpected", "referencetoolcalls"))
_ON = frozenset(("true", "yes", "1", "x", "y"))


def notes_on_columns(table: Table, columns: Columns) -> Iterator[str]:
    """Yield a note on each column that a reader would take for more than metadata."""
    names = list(unread_columns(table, columns))
    yield from _on_choices(table, columns, names)
    for name in names:
        row = next((row for row in table.rows if has_value(row, name)), None)
        note = "" if row is None else _note(columns, name, row)
        if row is not None and note:
            yield f"{name} (line {row.line}) {note}"


def _note(columns: Columns, name: str, row: Row) -> str:
    """Return what is not done with a column, and how it is; empty for plain metadata."""
    value = row.cells[name]
    plain = normal(undecorated(name))
    text = str(as_text(value)).strip()
    if note := _note_on_part(columns, name, text):
        return note
    is_context = plain in _CONTEXTS or plain in known_names("contexts")
    if (plain in _PASSAGES and is_text(name, text)) or (is_context and text):
        if columns.first("contexts"):
            return ""
        remedy = mapping_remedy(name, "contexts")
        return f"is not sent, and is no context: {remedy} makes it one"
    if _is_unsent_text(columns, name, row, text):
        return f"is not sent; a template can use it: --llm-template '{_template(name)}'"
    is_of_question = plain in _OF_QUESTION or _FURTHER_PROMPT.fullmatch(plain) is not None
    if is_of_question and _says_something(text):
        return f"is not sent; a template can use it: --llm-template '{_template(name)}'"
    if plain in _PARAMETERS and text:
        return f"is not sent; {_PARAMETERS[plain]} holds for the whole run"
    if plain == "sql" and text and not columns.first("expected"):
        remedy = mapping_remedy(name, "expected")
        return f"is not read, and no case has an expected answer: {remedy} makes it one"
    if scorers := named_scorers(name, value):
        bound = f"{scorers[0]}>=NUMBER"
        return f"names {', '.join(scorers)} without a bound; a column threshold has '{bound}'"
    return _note_on_requirement(plain, text)


def _is_unsent_text(columns: Columns, name: str, row: Row, text: str) -> bool:
    """Return whether a text that the question is about stands in no field of its row."""
    plain = undecorated(name)
    if columns.first("contexts") or not (is_text_of_question(plain) and is_text(plain, text)):
        return False
    fields = columns.of_row(row.cells)
    held = " ".join(str(as_text(row.cells[column])) for column in fields.values())
    return " ".join(text.split()) not in " ".join(held.split())


def _note_on_part(columns: Columns, name: str, text: str) -> str:
    """Return the note on a column with one of several contexts or tags, or without a name."""
    if _UNNAMED.fullmatch(name) and text and not text.isdecimal():
        return "has values and no name in the header"
    part = _PART.fullmatch(normal(name))
    if part is None or not text:
        return ""
    field = "contexts" if "context" in part[1] else "tags"
    if normal(name) in _CONTEXTS and not columns.first(field):
        return ""  # it has a note of its own
    return f"is none of the {field}; a column {field} has them all, as a list"


def _note_on_requirement(plain: str, text: str) -> str:
    """Return what a column does not require; empty for another column."""
    is_on = text.casefold() in _ON
    if plain in _LIKE_CRITERIA and _says_something(text):
        return "is not read by a judge; a column criteria is"
    if plain in _LIKE_TEXTS and text:
        return "requires nothing; a column contains_all and the threshold 'contains_all>=1' do"
    if plain in _LIKE_FLAG and is_on:
        return "requires nothing; a column must_pass does"
    if plain in _REFUSING and is_on:
        return "requires nothing; the threshold 'refusal>=1' requires a refusal"
    if plain in _TOOLS and _says_something(text):
        return "requires nothing: an answer is a text, and calls of tools are not compared"
    if plain == "tolerance" and text:
        return "is not read by a metric; a threshold such as 'numeric>=1' has its own tolerance"
    return ""


def _on_choices(table: Table, columns: Columns, names: list[str]) -> Iterator[str]:
    """Yield a note on choices that are not sent, although the answer may only name one."""
    choices = [name for name in names if normal(name) in _CHOICES]
    lettered = [name for name in names if normal(name) in _LETTERED]
    if not choices and len(lettered) == len(_LETTERED):
        choices = lettered
    if not choices:
        return
    rows = [row for row in table.rows if any(has_value(row, name) for name in choices)]
    if not rows:
        return
    of_name = [row for row in rows if _INDEX.fullmatch(_expected(columns, row))]
    what = "is" if len(choices) == 1 else "are"
    note = f"{', '.join(choices)} (line {rows[0].line}) {what} not sent"
    if of_name:
        answer = _expected(columns, of_name[0])
        note += f", and the expected answer {answer!r} only names one of them"
    yield f"{note}; a template sends them: --llm-template '{_template(*choices)}'"


def _expected(columns: Columns, row: Row) -> str:
    name = columns.of_row(row.cells).get("expected")
    return "" if name is None else str(as_text(row.cells[name])).strip()


def _template(*names: str) -> str:
    """Return a template that sends the prompt and some columns."""
    parts = [f"{{{{ {_variable(name)} }}}}" for name in names]
    return " ".join(["{{ prompt }}", *parts])


def _variable(name: str) -> str:
    return name if name.isidentifier() else f"metadata[{name!r}]".replace("'", '"')


def _says_something(text: str) -> bool:
    return text.casefold() not in {"", "[]", "{}", "false", "no", "0", "none", "user"}
