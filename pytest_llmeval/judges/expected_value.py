"""The expected value of a score under the judge's probabilities of the digits 0 to 5.

Score = Σ s·p(s) / Σ p(s) over the tokens 0 to 5 at the position of the score in the reply (G-Eval,
arXiv 2303.16634). It is used if these tokens hold at least 0.9 of the probability. Otherwise the
written integer counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_llmeval.records.call import TokenLogprob

MIN_MASS = 0.9  # below it, too much of the judge's belief lies outside the scale
_DIGITS = "012345"
# A quote inside a JSON string is escaped, so an unescaped "score" before a colon can only be the
# key.
_SCORE_KEY = re.compile(r'(?<!\\)"score"\s*:\s*')
_GLUED = " \t\r\n,}]`\"'"  # a tokenizer may append these to the value


@dataclass(frozen=True)
class _WeighedScore:
    """A written score and the judge's probabilities.

    Attributes:
        integer: The written score.
        mass: Probability of the tokens 0 to 5 at its position; 0.0 without logprobs.
        expected: Expected value of these tokens; ``None`` if the mass is 0.
    """

    integer: float
    mass: float = 0.0
    expected: float | None = None

    @property
    def value(self) -> float:
        """The expected value if the mass is large enough, else the written integer."""
        return self.integer if self.expected is None or self.mass < MIN_MASS else self.expected

    @property
    def parts(self) -> dict[str, float]:
        """Numbers for the log. Without logprobs, ``expected`` is missing and ``mass`` is 0."""
        parts = {"integer": self.integer, "mass": self.mass}
        return parts if self.expected is None else {**parts, "expected": self.expected}


def weigh(integer: float, tokens: Sequence[TokenLogprob]) -> _WeighedScore:
    """Weigh the scores 0 to 5 by their probability.

    Args:
        integer: The score that was read from the reply.
        tokens: Tokens of the reply with natural log probabilities; empty without logprobs.
    """
    probabilities = digit_probabilities(integer, tokens)
    mass = math.fsum(probabilities.values())
    if not mass:
        return _WeighedScore(integer)
    total = math.fsum(score * probability for score, probability in probabilities.items())
    return _WeighedScore(integer, mass, total / mass)


def digit_probabilities(integer: float, tokens: Sequence[TokenLogprob]) -> dict[int, float]:
    """Return the probability of each score 0 to 5, or nothing if the position is unknown."""
    words = word_probabilities(tokens, _SCORE_KEY, f"{integer:g}")
    digits = {word: p for word, p in words.items() if len(word) == 1 and word in _DIGITS}
    return {int(digit): probability for digit, probability in digits.items()}


def word_probabilities(
    tokens: Sequence[TokenLogprob], key: re.Pattern[str], written: str
) -> dict[str, float]:
    """Return the probability of each beginning that a value of the reply could have had.

    Args:
        tokens: Tokens of the reply with natural log probabilities; empty without logprobs.
        key: Matches what stands before the value. The last match counts.
        written: The value that was read from the reply.

    Returns:
        Nothing if the tokens do not hold the value.
    """
    reply = "".join(token.token for token in tokens)
    matches = list(key.finditer(reply))
    if not matches or not reply.startswith(written, matches[-1].end()):
        return {}
    position = matches[-1].end()
    start = 0
    for token in tokens:
        if start <= position < start + len(token.token):
            return _words(token, position - start)
        start += len(token.token)
    return {}


def _words(token: TokenLogprob, at: int) -> dict[str, float]:
    """Return what the alternatives of a token have at its character ``at``, with probabilities."""
    head = token.token[:at].strip()
    probabilities: dict[str, float] = {}
    for text, logprob in alternatives(token).items():
        if text.lstrip().startswith(head):
            word = text.lstrip().removeprefix(head).lstrip().rstrip(_GLUED)
            probabilities[word] = probabilities.get(word, 0.0) + math.exp(logprob)
    return probabilities


def alternatives(token: TokenLogprob) -> Mapping[str, float]:
    """Return the likeliest tokens at a position, with log probabilities."""
    return {token.token: token.logprob, **token.top}
