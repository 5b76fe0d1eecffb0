"""Words around a number that have an opposite: *gain* and *loss*, *left* and *right*.

Two texts with one number differ if one of them says the opposite of the other. A text without such
a word says nothing of it, so that ``5`` goes with each of them. The words are those near to the
number, in its clause: the nearest one of each pair counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pytest_llmeval.metrics.numbers.words import SPACELESS
from pytest_llmeval.metrics.scripts import normal_form

_CONTEXT = 160
"""Characters before and behind a number in which words are looked for."""
_CHARACTERS_OF_A_WORD = 2
"""Characters that count as a word in a script without spaces."""
_DOWN = ("change", "down")


@dataclass(frozen=True)
class Direction:
    """What the words around a number say of one pair of opposites.

    Attributes:
        axis: The name of the pair.
        poles: Which of its poles is said; several if two words are equally near.
        word: The word.
    """

    axis: str
    poles: frozenset[str]
    word: str


@dataclass(frozen=True)
class _Sense:
    """A word as one pole of a pair, with how many words it may be away from the number."""

    axis: str
    pole: str
    before: int
    behind: int


@dataclass(frozen=True)
class _Near:
    """A word that was found, and how many words it is away from the number."""

    distance: int
    pole: str
    word: str


def directions_at(text: str, start: int, end: int) -> tuple[Direction, ...]:
    """Return what the words of the clause around a number say of pairs of opposites."""
    head = text[max(start - _CONTEXT, 0) : start].casefold()
    tail = text[end : end + _CONTEXT].casefold()
    head = head[max((match.end() for match in _boundary().finditer(head)), default=0) :]
    stop = _boundary().search(tail)
    tail = tail[: stop.start()] if stop is not None else tail
    by_axis: dict[str, list[_Near]] = {}
    for sense, near in (*_before(head), *_behind(tail)):
        by_axis.setdefault(sense.axis, []).append(near)
    directions = []
    for axis, rows in sorted(by_axis.items()):
        nearest = min(row.distance for row in rows)
        nearby = [row for row in rows if row.distance == nearest]
        poles = frozenset(row.pole for row in nearby)
        directions.append(Direction(axis, poles, nearby[0].word))
    return tuple(directions)


def opposite_words(
    first: Iterable[Direction], second: Iterable[Direction]
) -> tuple[str, str] | None:
    """Return a word of each of two texts that contradict each other; ``None`` without any."""
    known = {row.axis: row for row in second}
    for row in first:
        opposed = known.get(row.axis)
        if opposed is not None and not row.poles & opposed.poles:
            return row.word, opposed.word
    return None


def is_downward(directions: Iterable[Direction]) -> bool:
    """Return whether the words around a number make it a loss or a decrease."""
    axis, pole = _DOWN
    return any(row.axis == axis and row.poles == {pole} for row in directions)


def _before(head: str) -> Iterator[tuple[_Sense, _Near]]:
    for match in _words().finditer(head):
        if _negation().search(head, 0, match.start()):
            continue
        distance = _distance(head[match.end() :])
        if _is_single(match["word"]):
            continue
        for sense in _senses(match["word"]):
            if distance <= sense.before:
                yield sense, _Near(distance, sense.pole, match["word"])


def _behind(tail: str) -> Iterator[tuple[_Sense, _Near]]:
    for match in _words().finditer(tail):
        if _negation().search(tail, 0, match.start()):
            continue
        distance = _distance(tail[: match.start()])
        is_far = _is_single(match["word"]) and len(tail[: match.start()].replace(" ", "")) > 2
        for sense in () if is_far else _senses(match["word"]):
            if distance <= sense.behind:
                yield sense, _Near(distance, sense.pole, match["word"])


def _is_single(word: str) -> bool:
    """Return whether a word is one character of a script without spaces, as 前 in 5天前."""
    return len(word) == 1 and _spaceless().match(word) is not None


def _distance(between: str) -> int:
    """Count the words from a number to a word, which itself is one."""
    count = 1
    for match in _token().finditer(between):
        is_spaced = match["spaceless"] is None
        count += 1 if is_spaced else -(-len(match[0]) // _CHARACTERS_OF_A_WORD)
    return count


def _senses(word: str) -> Sequence[_Sense]:
    exact, stems = _table()
    if word in exact:
        return exact[word]
    lengths = range(len(word), 0, -1)
    return next((stems[word[:length]] for length in lengths if word[:length] in stems), ())


@cache
def _table() -> tuple[Mapping[str, list[_Sense]], Mapping[str, list[_Sense]]]:
    """Load the words and the stems with what they say; a neutral phrase says nothing."""
    text = resources.files(__package__).joinpath("opposites.json").read_text("utf-8")
    exact: dict[str, list[_Sense]] = {}
    stems: dict[str, list[_Sense]] = {}
    for row in json.loads(text):
        for pole, lines in row["poles"].items():
            sense = _Sense(row["axis"], pole, row["before"], row["behind"])
            for word in ", ".join(lines).split(", "):
                plain = normal_form(word).casefold()
                table = stems if plain.endswith("*") else exact
                senses = table.setdefault(plain.removesuffix("*"), [])
                if pole:
                    senses.append(sense)
    return exact, stems


@cache
def _words() -> Any:
    """Compile the pattern of all words of the table, the longest first."""
    import regex

    exact, stems = _table()
    spaced, joined = [], []
    for word in sorted({*exact, *stems}, key=len, reverse=True):
        if _spaceless().search(word):
            joined.append(regex.escape(word))
        else:
            spaced.append(regex.escape(word) + (r"[\p{L}\p{M}]*+" if word in stems else ""))
    prefix = r"(?<![\p{L}\p{M}])(?:(?:[وبلفك]?ال|[והבלמכש]{1,2})(?=[\p{Arabic}\p{Hebrew}]))?"
    return regex.compile(
        rf"(?:{prefix}(?P<word>{'|'.join(spaced)})(?![\p{{L}}\p{{M}}])|(?P<word>{'|'.join(joined)}))"
    )


@cache
def _boundary() -> Any:
    """Compile the pattern of the end of a clause."""
    import regex

    return regex.compile(r"[.,;!?](?=\s|$)|[。，、！？；;\n।؟،۔]|\s[\u2013\u2014]\s")


@cache
def _negation() -> Any:
    import regex

    words = "no|not|never|nicht|kein|keine|keinen|pas|non|não|nie|niet|geen|не|inte|ikke|ikkje"
    return regex.compile(rf"(?:(?<![\p{{L}}\p{{M}}])(?:{words})\s|[不没])$")


@cache
def _token() -> Any:
    import regex

    return regex.compile(rf"(?P<spaceless>[{SPACELESS}]++)|[\p{{L}}\p{{M}}\p{{N}}'’]++")


@cache
def _spaceless() -> Any:
    import regex

    return regex.compile(f"[{SPACELESS}]")
