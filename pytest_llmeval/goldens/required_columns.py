"""Columns that look like a requirement, and that no case gets a threshold from."""

from __future__ import annotations

import re
from typing import Any

from pytest_llmeval.goldens.cells import as_text, read_object
from pytest_llmeval.goldens.names import normal
from pytest_llmeval.goldens.promptfoo import is_assertion

_SCORERS = (
    "numeric", "math", "exact_match", "contains", "starts_with", "regex", "json_schema", "bleu",
    "chrf", "rouge", "edit_distance", "similarity", "relevance", "length", "language", "sentiment",
    "refusal", "latency", "cost", "bias", "toxicity", "rubric", "geval", "faithfulness",
    "context_recall", "context_precision", "answer_relevance", "factuality", "closed_qa",
    "contains_all", "contains_any", "contains_none", "text_quality", "jury", "pairwise",
)  # fmt: skip
_READABILITY = (
    "flesch_reading_ease", "flesch_kincaid_grade", "smog_index", "coleman_liau_index",
    "automated_readability_index", "dale_chall_readability_score",
    "dale_chall_readability_score_v2", "gunning_fog", "linsear_write_formula",
    "text_standard", "spache_readability", "mcalpine_eflaw", "lix", "rix", "fernandez_huerta",
    "szigriszt_pazos", "gutierrez_polini", "crawford", "gulpease_index",
    "osman", "wiener_sachtextformel", "reading_time", "words_per_sentence", "avg_sentence_length",
    "avg_syllables_per_word", "avg_character_per_word", "avg_letter_per_word",
    "avg_sentence_per_word", "syllable_count", "lexicon_count", "sentence_count", "char_count",
    "letter_count", "polysyllabcount", "monosyllabcount", "difficult_words", "miniword_count",
    "long_word_count", "count_arabic_syllables", "count_arabic_long_words",
    "count_complex_arabic_words", "count_faseeh",
)  # fmt: skip
SCORERS = frozenset((*_SCORERS, *_READABILITY))
"""Names of all scorers; a test holds that the registry has no other."""

_SCORER_OF = {normal(name): name for name in SCORERS}
_LENGTHS = {
    **dict.fromkeys(("words", "wordcount", "length"), "length"),
    **dict.fromkeys(("chars", "characters", "charcount"), "length.characters"),
    **{unit: f"length.{unit}" for unit in ("sentences", "lines", "paragraphs")},
}
_LIMITED = {**{normal(name): name for name in _SCORERS}, **_LENGTHS}
"""What a column of a minimum or a maximum names, by its normal name."""

_LIMITS = {"wordlimit": "length", "charlimit": "length.characters",
           "characterlimit": "length.characters", "lengthlimit": "length"}  # fmt: skip
_OPERATOR = r"(?:<=|>=|==|<|>|\u2264|\u2265)"
_NUMERAL = r"-?\d+(?:[.,]\d+)?%?"
_BOUND = re.compile(rf"\s*{_OPERATOR}\s*{_NUMERAL}\s*")
_NUMBER = re.compile(r"\s*-?\d+(?:\.\d+)?\s*")
_THRESHOLD = re.compile(rf"\s*(?P<name>[A-Za-z_]\w*)(?:\.\w+)?\s*{_OPERATOR}\s*{_NUMERAL}\s*")
_EXTREME = re.compile(r"(min(?:imum|imal)?|max(?:imum|imal)?)(.+)")

_OF_METRICS = frozenset((
    "metric", "metrics", "scorer", "scorers", "evaluator", "evaluators", "gate", "gates", "bounds",
    "requirement", "requirements", "passcriteria", "assert", "asserts",
))  # fmt: skip
"""Names of columns in which a comparison with a number is a threshold, whatever it compares."""

_ASSERTIONS = {
    **dict.fromkeys(("contains", "containstext", "mustcontaintext"), "contains: TEXT"),
    "icontains": "icontains: TEXT",
    **dict.fromkeys(("regex", "regexp", "expectedregex", "mustmatch", "answerregex",
                     "expectedpattern", "matchregex", "answerpattern", "regexmatch",
                     "matchesregex", "shouldmatch"), "regex: PATTERN"),
    **dict.fromkeys(("startswith", "muststartwith", "shouldstartwith"), "starts-with: TEXT"),
    **dict.fromkeys(("endswith", "mustendwith", "shouldendwith"), "regex: TEXT$"),
    **dict.fromkeys(("equals", "mustequal", "shouldequal", "mustbe"), "equals: TEXT"),
}  # fmt: skip
"""Assertions of promptfoo, by the normal name of a column that seems to hold one."""

_MAY_ASSERT = frozenset((
    "assert", "asserts", "assertion", "assertions", "check", "checks", "validator", "validators",
    "test", "tests",
))  # fmt: skip
"""Names of columns in which only a text such as ``contains: TEXT`` is an assertion."""

_MAY_BE_PATTERN = frozenset(("pattern", "patterns", "matches"))
_SIGNS_OF_PATTERN = re.compile(r"[\\^$*+|]|\.\*|\[.+\]|\(\?")

_SKIPPING = frozenset((
    "skip", "skipped", "disabled", "ignore", "ignored", "exclude", "excluded", "xfail", "skipif",
    "isskipped", "isdisabled", "inactive", "archived", "isarchived", "deprecated", "mustfail",
    "shouldfail", "expectfail", "expectedtofail", "expectedfailure", "knownfailure",
))  # fmt: skip
_ON = frozenset(("true", "yes", "1", "x", "y", "on", "skip", "skipped"))
_ENABLING = frozenset(("enabled", "enable", "active", "isactive", "isenabled"))
_OFF = frozenset(("false", "no", "0", "n", "off"))
_STATES = frozenset(("status", "state", "itemstatus"))
_OUT = frozenset(("archived", "disabled", "skip", "skipped"))
_LEAVES_OUT = "every row is a case, so delete the row, or write a tag for --llm-where"

_HISTORY = frozenset((
    "chathistory", "conversationhistory", "messagehistory", "dialoghistory", "dialoguehistory",
    "previousmessages", "priormessages", "pastmessages", "previousturns", "priorturns",
    "conversationcontext", "history",
))  # fmt: skip
_ROLE = re.compile(r"\s*(?:user|human|assistant|system|ai|bot|q|a)\s*:", re.IGNORECASE)

_BY_VALUE = {
    "schema": "json_schema", "rubric": "criteria", "rubrics": "criteria", "preamble": "texts",
    **dict.fromkeys(("cutoff", "cut_off", "pass_mark", "passing_mark"), "number"),
    **dict.fromkeys(("mandatory", "is_mandatory", "blocker", "blocking", "is_blocking"), "flag"),
    **dict.fromkeys(("includes", "include", "excludes", "must_have", "must_not"), "texts"),
    "required_rating": "number",
}  # fmt: skip
"""The kind of value that a name must have to be that of a setting."""

_KIND_BY_NAME = {normal(name): kind for name, kind in _BY_VALUE.items()}


def is_meant(name: str, value: Any) -> bool:
    """Return whether a value fits the setting that its column seems to be."""
    kind = _KIND_BY_NAME.get(normal(name), "")
    text = str(as_text(value)).strip()
    if kind == "json_schema":
        return isinstance(read_object(value), dict)
    if kind == "criteria":
        return isinstance(value, str | list) and not _NUMBER.fullmatch(text)
    if kind == "number":
        return _NUMBER.fullmatch(text) is not None
    if kind == "flag":
        return text.casefold() in _ON
    if kind == "texts":
        is_flag = isinstance(value, bool) or text.casefold() in _ON | _OFF
        return isinstance(value, str | list) and not is_flag
    return True


def depends_on_value(name: str) -> bool:
    """Return whether the name alone does not say that a column is a setting."""
    return normal(name) in _KIND_BY_NAME


def requirement_remedy(name: str, value: Any) -> str:
    """Say how a requirement is written that a column seems to hold; empty for another column."""
    plain = normal(name)
    text = str(as_text(value)).strip()
    if threshold := _as_threshold(plain, value, text):
        return f"a column threshold with '{threshold}'"
    if assertion := _as_assertion(plain, text):
        return f"a column __expected with an assertion such as '{assertion}'"
    return _LEAVES_OUT if _leaves_out(plain, text.casefold()) else ""


def is_history(name: str, value: Any) -> bool:
    """Return whether a column holds the messages before the question, which must be a chat."""
    plain = normal(name)
    if plain not in _HISTORY:
        return False
    document = read_object(value)
    if isinstance(document, list):
        return bool(document)
    if not isinstance(document, str):
        return False
    # A history by this name alone may be one of a patient.
    return bool(document.strip()) and (plain != "history" or _ROLE.match(document) is not None)


def named_scorers(name: str, value: Any) -> list[str]:
    """Return the scorers that a column of metrics names without a bound."""
    document = read_object(value)
    items = document if isinstance(document, list) else re.split(r"[;,]", str(as_text(value)))
    scorers = [_SCORER_OF.get(normal(str(item))) for item in items]
    if normal(name) not in _OF_METRICS or not all(scorers):
        return []
    return [scorer for scorer in scorers if scorer]


def _as_threshold(plain: str, value: Any, text: str) -> str:
    """Return the threshold that a cell seems to hold; empty for another cell."""
    scorer = _SCORER_OF.get(plain)
    if scorer and isinstance(value, str) and _BOUND.fullmatch(text):
        return f"{scorer}{text}"
    document = read_object(value)
    items = document if isinstance(document, list) else text.split(";")
    parts = [_THRESHOLD.fullmatch(str(item)) for item in items if str(item).strip()]
    if parts and all(parts):
        names = {normal(part["name"]) for part in parts if part}
        if plain in _OF_METRICS or names <= _SCORER_OF.keys():
            return "; ".join(str(item).strip() for item in items if str(item).strip())
    if not _NUMBER.fullmatch(text):
        return ""
    extreme = _EXTREME.fullmatch(plain)
    if extreme and extreme[2] in _LIMITED:
        sign = ">=" if extreme[1].startswith("min") else "<="
        return f"{_LIMITED[extreme[2]]}{sign}{text}"
    return f"{_LIMITS[plain]}<={text}" if plain in _LIMITS else ""


def _as_assertion(plain: str, text: str) -> str:
    """Return the assertion that a cell seems to hold; empty for another cell."""
    if plain in _MAY_ASSERT:
        return "contains: TEXT" if is_assertion(text) else ""
    if plain in _MAY_BE_PATTERN:
        return "regex: PATTERN" if _SIGNS_OF_PATTERN.search(text) else ""
    return _ASSERTIONS.get(plain, "")


def _leaves_out(plain: str, text: str) -> bool:
    """Return whether a cell seems to leave its row out, or to let it fail."""
    if plain in _STATES:
        return text in _OUT
    return (plain in _SKIPPING and text in _ON) or (plain in _ENABLING and text in _OFF)
