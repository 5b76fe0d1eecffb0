"""The preference between two answers under the judge's probabilities of ``A``, ``B`` and a tie.

An order is worth ``(p(ours) + p(tie) / 2) / Σ p``. It is used if the three words hold at least 0.9
of the probability at the position of the winner. Source: Wang et al., "Improving LLM-as-a-Judge
Inference with the Judgment Distribution", EMNLP Findings 2025, arXiv 2503.03064: the mean of the
distribution is right more often than its mode.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmeval.judges.expected_value import MIN_MASS, word_probabilities
from pytest_llmeval.records.call import TokenLogprob
from pytest_llmeval.stats.pairwise import TIE

A, B, TIED = "A", "B", "tie"
WINNERS = (A, B, TIED)
# A quote inside a JSON string is escaped, so an unescaped "winner" can only be the key.
_WINNER_KEY = re.compile(r'(?<!\\)"winner"\s*:\s*"')
_MARK = re.compile(r"\[\[\s*")
_WINNER_BY_MARK = {A: A, B: B, "C": TIED}
_MARK_BY_WINNER = {winner: mark for mark, winner in _WINNER_BY_MARK.items()}


@dataclass(frozen=True)
class Preference:
    """How much a judge prefers the answer shown first, in one order.

    Attributes:
        first: From 0 to 1; 0.5 for neither.
        mass: Probability of the three words; 0.0 without logprobs.
    """

    first: float = TIE
    mass: float = 0.0

    @property
    def is_known(self) -> bool:
        """Whether the three words hold enough of the probability."""
        return self.mass >= MIN_MASS


def preference(winner: str, tokens: Sequence[TokenLogprob], is_mark: bool) -> Preference:
    """Weigh the three words by their probability.

    Args:
        winner: The winner that was read from the reply.
        tokens: Tokens of the reply with natural log probabilities; empty without logprobs.
        is_mark: Whether the reply ends with a mark such as ``[[A]]``.
    """
    key = _MARK if is_mark else _WINNER_KEY
    written = _MARK_BY_WINNER[winner] if is_mark else winner
    probabilities = dict.fromkeys(WINNERS, 0.0)
    for word, probability in word_probabilities(tokens, key, written).items():
        possible = _winner(word, is_mark)
        if possible:
            probabilities[possible] += probability
    mass = math.fsum(probabilities.values())
    if not mass:
        return Preference()
    return Preference((probabilities[A] + TIE * probabilities[TIED]) / mass, mass)


def _winner(word: str, is_mark: bool) -> str:
    """Return the winner that begins with a token; empty if none does."""
    if is_mark:
        return _WINNER_BY_MARK.get(word, "")
    if word in (A, B):
        return word
    return TIED if word and TIED.startswith(word) else ""
