"""Finds the passages of the shop's policy that a question is about."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

PASSAGES = Path(__file__).with_name("passages.json")
K1, B = (
    1.2,
    0.75,
)  # the usual constants of BM25: how soon repetition saturates, how much length counts
STOP_WORDS = frozenset(
    Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8").split()
)


@dataclass(frozen=True)
class Passage:
    """One piece of policy."""

    id: str
    title: str
    text: str


class PassageSearch:
    """Ranks passages by BM25 (Robertson and Zaragoza 2009).

    Args:
        passages: What to search.
    """

    def __init__(self, passages: list[Passage]) -> None:
        self._passages = passages
        self._counts = [Counter(words(f"{passage.title} {passage.text}")) for passage in passages]
        self._mean_length = sum(count.total() for count in self._counts) / len(passages)
        self._found_in = Counter(word for count in self._counts for word in count)

    @classmethod
    def from_file(cls, path: Path = PASSAGES) -> PassageSearch:
        """Search the passages of a JSON file."""
        return cls([Passage(**row) for row in json.loads(path.read_text(encoding="utf-8"))])

    def best(self, question: str, count: int) -> list[Passage]:
        """The passages that fit a question best, the best one first."""
        asked = set(words(question))
        order = sorted(
            range(len(self._passages)), key=lambda place: -self._score(self._counts[place], asked)
        )
        return [self._passages[place] for place in order[:count]]

    def _score(self, counts: Counter[str], asked: set[str]) -> float:
        room = K1 * (1 - B + B * counts.total() / self._mean_length)
        return sum(
            self._rarity(word) * counts[word] * (K1 + 1) / (counts[word] + room)
            for word in asked & set(counts)
        )

    def _rarity(self, word: str) -> float:
        found_in = self._found_in[word]
        return math.log(1 + (len(self._passages) - found_in + 0.5) / (found_in + 0.5))


def words(text: str) -> list[str]:
    """The words of a text that say what it is about, in small letters."""
    return [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in STOP_WORDS]
