"""Comparing the answer with the expected text: exact, contained, as its start, or by a regular expression.

Where the golden file accepts several answers (a list ``ideal``), one of them is enough. A case
without an expected text is unscored: there is nothing to compare with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from textwrap import shorten
from unicodedata import normalize

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.as_score import unscored, version_with
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score

_QUOTED = 80  # characters of a text in a reason


class ExactMatch(BaseScorer):
    """1 if the answer is the expected text, else 0. Texts are compared in Unicode normal form C.

    Args:
        ignore_case: Whether upper and lower case are the same.
        ignore_whitespace: Whether white space at both ends is dropped and every run of it within
            counts as one space.
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


class Contains(BaseScorer):
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
        verb = (
            ("contains", "does not contain")
            if self.name == "contains"
            else ("starts with", "does not start with")
        )
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


class Regex(BaseScorer):
    """1 if a regular expression of Python's `re` matches somewhere in the answer, else 0.

    A pattern is the user's own code: one that backtracks without end, such as ``(a+)+$``, hangs the
    run.

    Args:
        pattern: The expression; by default the expected text is one. Flags are written in it:
            ``(?s)…``.
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
                raise SettingError(
                    "regex pattern", pattern, "a regular expression", f"({error})"
                ) from error
        self.version = version_with(
            "1",
            {"pattern": pattern, "ignore_case": ignore_case},
            {"pattern": None, "ignore_case": False},
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
            return unscored(
                self, f"{case.source}: the expected text is no regular expression: {error}"
            )
        return _score(self, found, f"{'matches' if found else 'does not match'} {quoted(accepted)}")


def accepted_answers(case: Case) -> tuple[str, ...]:
    """The expected text, and the texts of a list ``ideal`` in the golden file; without duplicates."""
    ideal = case.metadata.get("ideal")
    texts = [case.expected, *(ideal if isinstance(ideal, (list, tuple)) else [ideal])]
    return tuple(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def folded(text: str, ignore_case: bool) -> str:
    """A text in Unicode normal form C, its case folded if that is to be ignored."""
    return (
        normalize("NFC", normalize("NFC", text).casefold())
        if ignore_case
        else normalize("NFC", text)
    )


def _not_empty(text: str | None, place: str) -> str | None:
    if text == "":
        raise SettingError(place, text, "text of at least one character")
    return text


def quoted(texts: Iterable[str]) -> str:
    """Texts for a reason: each in quotes, and not too long."""
    return " or ".join(repr(shorten(text, _QUOTED, placeholder="…")) for text in texts)


def _score(metric: ExactMatch | Contains | Regex, found: bool, reason: str) -> Score:
    return Score(metric.name, float(found), metric.scale, reason, metric.version)


def nothing_expected(metric: BaseScorer) -> Score:
    """The unscored Score where a case has no expected text."""
    return unscored(
        metric, f"{metric.name} has nothing to compare with: the case has no expected text"
    )


class ContainsAll(BaseScorer):
    """The share of the texts that the answer contains: 1 if it contains all of them.

    Args:
        texts: What must occur; by default the case's own, else every accepted answer.
        ignore_case: Whether upper and lower case are the same.

    Raises:
        SettingError: There is no text, or one is empty and so occurs everywhere.
    """

    name = "contains_all"
    scale = UNIT_SCALE
    about = "share of the texts (default: the case's contains_all) that the answer contains; 1: all of them"
    source = "as `contains-all` of promptfoo, with the share as its value"
    family = "match"
    takes_expected = True

    def __init__(self, texts: list[str] | None = None, ignore_case: bool = False) -> None:
        self._texts = None if texts is None else _checked(texts, f"{self.name} texts")
        self._ignore_case = ignore_case
        self.version = version_with(
            "1", {"texts": texts, "ignore_case": ignore_case}, {"texts": None, "ignore_case": False}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Look for every text.

        Args:
            case: May have the texts in its metadata, or accepted answers.
            completion: The answer.
        """
        try:
            texts = self._texts or _texts_of(case, self.name)
        except SettingError as error:
            return unscored(self, error)
        texts = texts or (accepted_answers(case) if self.takes_expected else ())
        if not texts:
            column = f"the case has no column {self.name!r}"
            return unscored(
                self, f"{self.name} has nothing to look for: {column}, and no texts were given"
            )
        answer = folded(completion.text, self._ignore_case)
        found = [text for text in texts if folded(text, self._ignore_case) in answer]
        value, reason = self._verdict(texts, found)
        return Score(self.name, value, self.scale, reason, self.version)

    def _verdict(self, texts: Sequence[str], found: Sequence[str]) -> tuple[float, str]:
        lacking = [text for text in texts if text not in found]
        reason = f"does not contain {quoted(lacking)}" if lacking else "contains all of them"
        return len(found) / len(texts), reason


class ContainsAny(ContainsAll):
    """1 if the answer contains one of the texts, else 0.

    Args:
        texts: Of which one must occur; by default the case's own, else the accepted answers.
        ignore_case: Whether upper and lower case are the same.

    Raises:
        SettingError: There is no text, or one is empty and so occurs everywhere.
    """

    name = "contains_any"
    about = "1 if the answer contains one of the texts (default: the case's contains_any), else 0"
    source = "as `contains-any` of promptfoo"

    def _verdict(self, texts: Sequence[str], found: Sequence[str]) -> tuple[float, str]:
        return float(
            bool(found)
        ), f"contains {quoted(found)}" if found else f"does not contain {quoted(texts)}"


class ContainsNone(ContainsAll):
    """1 if the answer contains none of the texts, else 0.

    Args:
        texts: Of which none may occur; by default the case's own.
        ignore_case: Whether upper and lower case are the same.

    Raises:
        SettingError: There is no text, or one is empty and so occurs everywhere.
    """

    name = "contains_none"
    about = "1 if the answer contains none of the texts (default: the case's contains_none), else 0"
    source = "as `not-contains-any` of promptfoo"
    takes_expected = False

    def _verdict(self, texts: Sequence[str], found: Sequence[str]) -> tuple[float, str]:
        return float(not found), f"contains {quoted(found)}" if found else "contains none of them"


def _checked(texts: Sequence[object], place: str) -> tuple[str, ...]:
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise SettingError(place, list(texts), "a list of texts, each of at least one character")
    return tuple(dict.fromkeys(map(str, texts)))


def _texts_of(case: Case, name: str) -> tuple[str, ...]:
    """The texts in a case's column.

    Raises:
        SettingError: The column holds something else.
    """
    found = case.metadata.get(name)
    place = f"{case.source} column {name!r}"
    if found is None:
        return ()
    if isinstance(found, str) and found.lstrip().startswith("["):
        try:
            found = json.loads(found)
        except ValueError as error:
            raise SettingError(
                place, found, 'a JSON list such as ["a", "b"]', f"({error})"
            ) from error
    elif isinstance(found, str):
        found = [text.strip() for text in found.split(",") if text.strip()]
    if not isinstance(found, (list, tuple)):
        raise SettingError(place, found, "a list of texts, or texts with commas between them")
    return _checked(found, place)
