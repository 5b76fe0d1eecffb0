"""The metric that measures the length of an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.metrics.scripts import normal_form
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score

_STOPS = (
    ".!?…"
    "\N{ARABIC QUESTION MARK}\N{ARABIC FULL STOP}\N{DEVANAGARI DANDA}\N{DEVANAGARI DOUBLE DANDA}"
    "\N{ARMENIAN FULL STOP}\N{ETHIOPIC FULL STOP}\N{MYANMAR SIGN SECTION}\N{KHMER SIGN KHAN}"
)
"""Marks that end a sentence where white space follows."""
_ENDS = re.compile(
    rf"(?<=[{_STOPS}])[\"'\u201d\u2019»)\]]*\s+|(?<=[\u3002\uff01\uff1f\uff61])|\n\s*\n"
)
"""End of a sentence: a full stop or similar mark before white space, or an empty line."""

UNITS: Mapping[str, Callable[[str], int]] = {
    "words": lambda text: _filled(text.split()),
    "characters": len,
    "sentences": lambda text: _filled(_ENDS.split(text)),
    "lines": lambda text: sum(bool(line.strip()) for line in text.splitlines()),
    "paragraphs": lambda text: sum(bool(part.strip()) for part in re.split(r"\n\s*\n", text)),
}


class Length(BaseScorer):
    """Number of words, characters, sentences, lines or paragraphs of an answer.

    A threshold can bound it from above or below. White space at both ends does not count, nor does
    an empty line or paragraph. A word is a run without white space that has a letter or digit.
    Languages without spaces between words are better measured in characters.

    Args:
        unit: ``words``, ``characters``, ``sentences``, ``lines`` or ``paragraphs``; in a threshold
            ``length.characters``.

    Raises:
        SettingError: The unit is unknown.
    """

    name = "length"
    dotted = "unit"
    scale = Scale(0.0, None, higher_is_better=False, unit="words")
    about = (
        "how long the answer is: length.characters, .sentences, .lines, .paragraphs; "
        "words by default"
    )
    source = "counted at white space, line ends and full stops"

    def __init__(self, unit: str = "words") -> None:
        if unit not in UNITS:
            raise SettingError("length unit", unit, " or ".join(UNITS), nearest(unit, UNITS))
        self._count = UNITS[unit]
        self.version = "2" if unit == "sentences" else "1"
        self.scale = Scale(0.0, None, higher_is_better=False, unit=unit)
        if unit != "words":
            self.name = f"length.{unit}"

    def score(self, case: Case, completion: Completion) -> Score:
        """Count the units of the answer."""
        count = self._count(normal_form(completion.text).strip())
        return Score(self.name, float(count), self.scale, version=self.version)


def _filled(parts: Iterable[str]) -> int:
    """Count the parts that have a letter or digit."""
    return sum(any(map(str.isalnum, part)) for part in parts)
