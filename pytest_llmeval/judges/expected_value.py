"""The expected score under the probabilities that a judge gave to the digits 0 to 5.

Score = Σ s·p(s) / Σ p(s) over the tokens 0 to 5 at the score's place in the reply (G-Eval, arXiv
2303.16634), where these tokens hold at least 0.9 of the probability; else the integer that was
written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_llmeval.records.call import TokenLogprob

_MIN_MASS = 0.9  # below it, too much of the judge's belief lies outside the scale
_DIGITS = "012345"
# A quote inside a JSON string is escaped, so an unescaped "score" before a colon can only be the
# key.
_SCORE_KEY = re.compile(r'(?<!\\)"score"\s*:\s*')
_GLUED = " \t\r\n,}]`\"'"  # what a tokenizer may join to the digit's end


@dataclass(frozen=True)
class _WeighedScore:
    """A whole score and what the judge believed.

    Attributes:
        integer: The score as written.
        mass: Probability of the tokens 0 to 5 at its place; 0.0 if the endpoint sent no logprobs.
        expected: Their expected value; ``None`` if the mass is 0.
    """

    integer: float
    mass: float = 0.0
    expected: float | None = None

    @property
    def value(self) -> float:
        """The expected value if it can be trusted, else the integer."""
        return self.integer if self.expected is None or self.mass < _MIN_MASS else self.expected

    @property
    def parts(self) -> dict[str, float]:
        """The numbers for the log. Without logprobs there is no ``expected``, and ``mass`` is 0."""
        parts = {"integer": self.integer, "mass": self.mass}
        return parts if self.expected is None else {**parts, "expected": self.expected}


def weigh(integer: float, tokens: Sequence[TokenLogprob]) -> _WeighedScore:
    """Weigh the scores 0 to 5 by their probability.

    Args:
        integer: The score that strict parsing read from the reply.
        tokens: The reply's tokens with natural log probabilities; empty if the endpoint sent none.
    """
    probabilities = digit_probabilities(integer, tokens)
    mass = math.fsum(probabilities.values())
    if not mass:
        return _WeighedScore(integer)
    total = math.fsum(score * probability for score, probability in probabilities.items())
    return _WeighedScore(integer, mass, total / mass)


def digit_probabilities(integer: float, tokens: Sequence[TokenLogprob]) -> dict[int, float]:
    """Probability of each score 0 to 5 at the score's place; empty if that place cannot be found in the tokens."""
    reply = "".join(token.token for token in tokens)
    keys = list(_SCORE_KEY.finditer(reply))
    if not keys:
        return {}
    place = keys[-1].end()
    start = 0
    for token in tokens:
        if start <= place < start + len(token.token):
            return _digits(token, place - start) if reply[place] == f"{integer:g}" else {}
        start += len(token.token)
    return {}


def _digits(token: TokenLogprob, at: int) -> dict[int, float]:
    """The alternatives of a token that are one digit 0 to 5 in place of the token's character ``at``."""
    head = token.token[:at].strip()
    found: dict[int, float] = {}
    for text, logprob in alternatives(token).items():
        digit = text.lstrip().removeprefix(head).lstrip().rstrip(_GLUED)
        if text.lstrip().startswith(head) and len(digit) == 1 and digit in _DIGITS:
            found[int(digit)] = found.get(int(digit), 0.0) + math.exp(logprob)
    return found


def alternatives(token: TokenLogprob) -> Mapping[str, float]:
    """The likeliest tokens at a token's place with their log probabilities, the token itself among them."""
    return {token.token: token.logprob, **token.top}
