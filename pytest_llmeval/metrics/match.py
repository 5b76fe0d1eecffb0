"""Comparing the answer with the expected text: exact, contained, as its start, or by a regular expression.

Where the golden file accepts several answers (a list ``ideal``), one of them is enough. A case without an
expected text is unscored: there is nothing to compare with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import shorten
from unicodedata import normalize

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.results import unscored, version_with
from pytest_llmeval.protocols import Scorer
from pytest_llmeval.records import UNIT_SCALE, Case, Completion, Score

QUOTED = 80  # characters of a text in a reason


class ExactMatch:
    """1 if the answer is the expected text, else 0. Texts are compared in Unicode normal form C.

    Args:
        ignore_case: Whether upper and lower case are the same.
        ignore_whitespace: Whether white space at both ends is dropped and every run of it within counts as one
            space.
    """

    name = "exact_match"
    scale = UNIT_SCALE
    about = "1 if the answer is the expected text, else 0"
    source = "as `equals` of promptfoo and `exact` of inspect"
    family = "match"

    def __init__(self, ignore_case: bool = False, ignore_whitespace: bool = True) -> None:
        self._ignore_case, self._ignore_whitespace = ignore_case, ignore_whitespace
        self.version = version_with(
            "1",
            {"ignore_case": ignore_case, "ignore_whitespace": ignore_whitespace},
            {"ignore_case": False, "ignore_whitespace": True},
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one.

        Args:
            case: Has the expected text.
            completion: The answer.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        answer = self._plain(completion.text)
        found = any(answer == self._plain(text) for text in accepted)
        return _score(self, found, f"is {'' if found else 'not '}{quoted(accepted)}")

    def parse(self, text: str) -> str | None:
        """The text as it is compared; ``None`` if it is empty."""
        return self._plain(text) or None

    def same(self, one: str, other: str) -> bool:
        """Whether two parsed texts are the same."""
        return one == other

    def _plain(self, text: str) -> str:
        text = folded(text, self._ignore_case)
        return " ".join(text.split()) if self._ignore_whitespace else text


class Contains:
    """1 if the answer contains a text, else 0. Texts are compared in Unicode normal form C.

    Args:
        text: What must occur; by default the expected text.
        ignore_case: Whether upper and lower case are the same.

    Raises:
        SettingError: The text is empty, and so occurs everywhere.
    """

    name = "contains"
    scale = UNIT_SCALE
    about = "1 if the answer contains the text (default: the expected text), else 0"
    source = "as `contains` of promptfoo and `includes` of inspect"
    family = "match"

    def __init__(self, text: str | None = None, ignore_case: bool = False) -> None:
        self._text, self._ignore_case = _not_empty(text, f"{self.name} text"), ignore_case
        self.version = version_with(
            "1", {"text": text, "ignore_case": ignore_case}, {"text": None, "ignore_case": False}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Look for the text, or for any accepted answer.

        Args:
            case: Has the expected text.
            completion: The answer.
        """
        accepted = (self._text,) if self._text else accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        answer = folded(completion.text, self._ignore_case)
        found = any(self._holds(answer, folded(text, self._ignore_case)) for text in accepted)
        verb = ("contains", "does not contain") if self.name == "contains" else ("starts with", "does not start with")
        return _score(self, found, f"{verb[0] if found else verb[1]} {quoted(accepted)}")

    @staticmethod
    def _holds(answer: str, text: str) -> bool:
        return text in answer


class StartsWith(Contains):
    """1 if the answer starts with a text, else 0; white space before it does not count.

    Args:
        text: What must stand at the start; by default the expected text.
        ignore_case: Whether upper and lower case are the same.

    Raises:
        SettingError: The text is empty, and so starts everything.
    """

    name = "starts_with"
    about = "1 if the answer starts with the text (default: the expected text), else 0"
    source = "as `starts-with` of promptfoo"

    @staticmethod
    def _holds(answer: str, text: str) -> bool:
        return answer.lstrip().startswith(text.lstrip())


class Regex:
    """1 if a regular expression of Python's `re` matches somewhere in the answer, else 0.

    A pattern is the user's own code: one that backtracks without end, such as ``(a+)+$``, hangs the run.

    Args:
        pattern: The expression; by default the expected text is one. Flags are written in it: ``(?s)…``.
        ignore_case: Whether upper and lower case are the same.

    Raises:
        SettingError: The pattern is not a regular expression.
    """

    name = "regex"
    scale = UNIT_SCALE
    about = "1 if the pattern (default: the expected text) matches somewhere in the answer, else 0"
    source = "Python's re.search"
    family = "match"

    def __init__(self, pattern: str | None = None, ignore_case: bool = False) -> None:
        self._flags = re.IGNORECASE if ignore_case else re.RegexFlag(0)
        self._pattern = _not_empty(pattern, "regex pattern")
        if pattern is not None:
            try:
                re.compile(pattern, self._flags)
            except re.error as error:
                raise SettingError("regex pattern", pattern, "a regular expression", f"({error})") from error
        self.version = version_with(
            "1", {"pattern": pattern, "ignore_case": ignore_case}, {"pattern": None, "ignore_case": False}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Search the answer for the pattern, or for any accepted answer as a pattern.

        Args:
            case: Has the expected text.
            completion: The answer.
        """
        accepted = (self._pattern,) if self._pattern else accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        try:
            found = any(re.search(pattern, completion.text, self._flags) for pattern in accepted)
        except re.error as error:
            return unscored(self, f"{case.source}: the expected text is no regular expression: {error}")
        return _score(self, found, f"{'matches' if found else 'does not match'} {quoted(accepted)}")


def accepted_answers(case: Case) -> tuple[str, ...]:
    """The expected text, and the texts of a list ``ideal`` in the golden file; without duplicates."""
    ideal = case.metadata.get("ideal")
    texts = [case.expected, *(ideal if isinstance(ideal, (list, tuple)) else [ideal])]
    return tuple(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def folded(text: str, ignore_case: bool) -> str:
    """A text in Unicode normal form C, its case folded if that is to be ignored."""
    return normalize("NFC", normalize("NFC", text).casefold()) if ignore_case else normalize("NFC", text)


def _not_empty(text: str | None, place: str) -> str | None:
    if text == "":
        raise SettingError(place, text, "text of at least one character")
    return text


def quoted(texts: Iterable[str]) -> str:
    """Texts for a reason: each in quotes, and not too long."""
    return " or ".join(repr(shorten(text, QUOTED, placeholder="…")) for text in texts)


def _score(metric: ExactMatch | Contains | Regex, found: bool, reason: str) -> Score:
    return Score(metric.name, float(found), metric.scale, reason, metric.version)


def nothing_expected(metric: Scorer) -> Score:
    """The unscored Score where a case has no expected text."""
    return unscored(metric, f"{metric.name} has nothing to compare with: the case has no expected text")
