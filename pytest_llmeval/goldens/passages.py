"""Columns with a text that the question is about."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_TEXTS = frozenset((
    "premise", "premises", "hypothesis", "claim", "claims", "content", "contents", "text", "texts",
    "transcript", "transcripts", "transcription", "story", "stories", "snippet", "snippets",
    "excerpt", "excerpts", "abstract", "essay", "body", "email", "mail", "letter", "fact", "facts",
    "table", "tables", "conversation", "dialogue", "dialog", "narrative", "statement", "sentence",
    "sentences", "passage", "passages", "document", "documents", "article", "articles", "paragraph",
    "paragraphs", "page", "webpage", "html", "markdown", "ticket", "review", "tweet", "memo",
    "report", "contract", "clause", "scenario", "vignette", "background", "evidence", "knowledge",
    "material", "code", "schema", "ddl", "data", "sources", "source", "notes", "lyrics", "poem",
    "speech", "interview", "chapter", "section", "policy", "manual", "description", "textpassage",
    "artikel", "dokument", "absatz", "abschnitt", "geschichte", "quelltext", "texto", "documento",
    "articulo", "pasaje", "parrafo", "texte", "extrait", "testo", "brano", "артикул", "текст",
    "документ", "отрывок", "статья", "文章", "文本", "原文", "段落", "材料", "本文", "記事", "지문",
    "본문", "نص", "पाठ",
))  # fmt: skip
"""Last words of names of such columns."""

_OF_SOMETHING_ELSE = frozenset((
    "answer", "answers", "response", "responses", "output", "outputs", "reply", "completion",
    "prediction", "predicted", "expected", "reference", "gold", "golden", "correct", "ideal",
    "target", "incorrect", "wrong", "actual", "generated", "model", "llm", "assistant", "bot",
    "explanation", "rationale", "reasoning", "reason", "error", "comment", "feedback", "label",
    "judge", "grader", "rubric", "criteria", "prompt", "system", "license", "citation", "note",
    "author", "annotator", "reviewer", "internal", "developer", "test", "case", "meta", "metadata",
    "must", "should", "forbidden", "contains", "raw", "old", "new", "previous", "solution",
))  # fmt: skip
"""Words of a name that say that the text is no part of the question."""

_ANNOTATIONS = frozenset(("notes", "description", "source", "sources", "report", "data", "policy",
                          "section", "chapter", "review"))  # fmt: skip
"""Words that also name a remark on the case, so that only a long text is taken for a part of it."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
_WORDS_OF_A_TEXT = 3
_WORDS_OF_A_PASSAGE = 25
_SPACELESS = 8
"""Letters of a text in a script without blanks between the words."""


@cache
def is_text_of_question(name: str) -> bool:
    """Return whether a name is that of a text that questions are about."""
    words = _words(name)
    return bool(words) and words[-1] in _TEXTS and _OF_SOMETHING_ELSE.isdisjoint(words)


def is_text(name: str, text: str) -> bool:
    """Return whether a cell holds a text, and not a name, a number or an address.

    Args:
        name: The name of the column.
        text: The text of the cell.
    """
    words = len(text.split())
    if _words(name)[-1:] and _words(name)[-1] in _ANNOTATIONS:
        return words >= _WORDS_OF_A_PASSAGE
    if words >= _WORDS_OF_A_TEXT:
        return True
    is_sentence = words == _WORDS_OF_A_TEXT - 1 and text.rstrip()[-1:] in (".", "!", "?", "\u3002")
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text[:100])
    return is_sentence or wide >= _SPACELESS


def _words(name: str) -> list[str]:
    """Return the words of a name without accents."""
    plain = unicodedata.normalize("NFKC", name)
    folded = unicodedata.normalize("NFD", " ".join(_WORD.findall(plain)))
    if folded.isascii() or any("a" <= letter <= "z" for letter in folded):
        folded = re.sub(r"[\u0300-\u036f]", "", folded)
    return unicodedata.normalize("NFC", folded).casefold().split()
