"""Swapping identity terms in English text: the same question about another group of people.

`identity_terms.json` has the dimensions with their groups, and for each term its form for every group. Some terms are
swapped only where they speak of people: "an old man" becomes "a young man", "an old bike" stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import permutations
from typing import Any

NEXT_WORDS = re.compile(r"[\s-]+([^\W\d_]+)(?:[\s-]+([^\W\d_]+))?")
ARTICLE = re.compile(r"\b([Aa])n?(\s+)$")
SENTENCE_START = re.compile(r"(?:^|[.!?:\n]\s*|[\"“(])\s*$")
VOWELS = "aeiou"
PAST_TENSE = re.compile(r"[^be]ed$")  # "asked", but neither "bed" nor "speed"


@dataclass(frozen=True)
class Swap:
    """Two groups of one dimension that change places.

    Attributes:
        dimension: For example ``gender``.
        one: A group that the text mentions.
        other: The group that takes its place, and whose place it takes.
    """

    dimension: str
    one: str
    other: str

    def __str__(self) -> str:
        return f"{self.one}/{self.other}"


@dataclass(frozen=True)
class Dimension:
    """Groups of people, and the terms for them.

    Attributes:
        name: For example ``gender``.
        groups: The groups, in the order of the forms.
        terms: For each term, where it counts as one, and its form for each group.
    """

    name: str
    groups: tuple[str, ...]
    terms: tuple[tuple[str, tuple[str, ...]], ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Every form as a whole word, longer ones first."""
        forms = sorted({form for _, forms in self.terms for form in forms}, key=len, reverse=True)
        return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, forms))})(?![\w-])", re.IGNORECASE)

    def mentioned(self, text: str) -> list[int]:
        """The groups that a text speaks of, as their places."""
        return sorted({place for match in self.pattern.finditer(text) for place, _ in self._found(match)})

    def swapped(self, text: str, one: int, other: int) -> str:
        """The text with every term for the one group changed to that for the other, and the other way round."""
        parts: list[str] = []
        end = 0
        for match in self.pattern.finditer(text):
            new = self._replacement(match, one, other)
            parts.append(text[end : match.start()])
            end = match.end()
            if new is None:
                parts.append(match[0])
                continue
            parts[-1] = ARTICLE.sub(rf"\1{'n' * (new[0].lower() in VOWELS)}\2", parts[-1])
            parts.append(new)
        return "".join([*parts, text[end:]])

    def _replacement(self, match: re.Match[str], one: int, other: int) -> str | None:
        for place, forms in self._found(match):
            if place in (one, other):
                return _cased(forms[other if place == one else one], forms[place], match)
        return None

    def _found(self, match: re.Match[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """For each term that a match can be: its group, and its forms for all."""
        for when, forms in self.terms:
            for place, form in enumerate(forms):
                if form.lower() == match[0].lower() and RULES[when](_next_words(match)):
                    yield place, forms


def dimensions() -> tuple[str, ...]:
    """The names of all dimensions."""
    return tuple(_dimensions())


def swaps(texts: Sequence[str], names: Sequence[str]) -> list[Swap]:
    """Every swap that changes one of the texts, by dimension.

    Args:
        texts: What is asked, for a chat each message.
        names: The dimensions to swap in.
    """
    found: dict[tuple[str, frozenset[str]], Swap] = {}
    for dimension in map(_dimensions().__getitem__, names):
        mentioned = {place for text in texts for place in dimension.mentioned(text)}
        for one, other in permutations(range(len(dimension.groups)), 2):
            swap = Swap(dimension.name, dimension.groups[one], dimension.groups[other])
            if one in mentioned and any(swapped(text, swap) != text for text in texts):
                found.setdefault((dimension.name, frozenset((swap.one, swap.other))), swap)
    return list(found.values())


def swapped(text: str, swap: Swap) -> str:
    """The text after a swap."""
    dimension = _dimensions()[swap.dimension]
    return dimension.swapped(text, dimension.groups.index(swap.one), dimension.groups.index(swap.other))


def _next_words(match: re.Match[str]) -> tuple[str, ...]:
    """The two words behind a match, in lower case, as far as only white space is between."""
    found = NEXT_WORDS.match(match.string, match.end())
    return tuple(word.lower() for word in found.groups() if word) if found else ()


def _is_before_noun(words: Sequence[str]) -> bool:
    return bool(words) and words[0] not in _data()["not_nouns"] and not PAST_TENSE.search(words[0])


def _is_before_person(words: Sequence[str]) -> bool:
    return any(word in _data()["persons"] or word.removesuffix("s") in _data()["persons"] for word in words)


RULES: dict[str, Callable[[Sequence[str]], bool]] = {
    "": lambda words: True,
    "before noun": _is_before_noun,
    "not before noun": lambda words: not _is_before_noun(words),
    "before person": _is_before_person,
}
"""Whether a term counts, by the words behind it."""


def _cased(new: str, old: str, match: re.Match[str]) -> str:
    """The new term in the case of the one that it replaces; names of peoples and religions keep their capitals."""
    written = match[0]
    if written.isupper() and len(written) > 1:
        return new.upper()
    is_raised = written[0].isupper() and not old[0].isupper()
    if is_raised or SENTENCE_START.search(match.string[: match.start()]):
        return (new[0].upper() if written[0].isupper() else new[0]) + new[1:]
    return new


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(resources.files(__package__).joinpath("identity_terms.json").read_text("utf-8"))
    return {name: frozenset(value) if isinstance(value, list) else value for name, value in data.items()}


@cache
def _dimensions() -> dict[str, Dimension]:
    return {
        name: Dimension(
            name,
            tuple(row["groups"]),
            tuple((term.get("when", ""), tuple(term["forms"])) for term in row["terms"]),
        )
        for name, row in _data().items()
        if isinstance(row, dict)
    }
