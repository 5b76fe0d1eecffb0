"""Metrics that compare the answer with the expected text or search it for texts.

If the golden file accepts several answers (a list ``ideal``), one of them is enough. A case without
an expected text is unscored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from textwrap import shorten
from unicodedata import combining

from pytest_llmeval.errors import OutOfTime, SettingError
from pytest_llmeval.metrics.as_score import EMPTY, unscored, version_with
from pytest_llmeval.metrics.scripts import continues, is_within_sign, normal_form
from pytest_llmeval.metrics.text_lists import ALLOWED_TEXTS, read_texts
from pytest_llmeval.patterns import check_pattern, search_pattern
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score
from pytest_llmeval.text import is_blank, shows_something

_ESCAPED_MARK = re.compile(r"\\u03[0-6][0-9a-fA-F]|\\x\{?03[0-6]|\\N\{COMBINING")
"""A combining mark that is written by its number or its name."""
_REPEATING = "?*+{|)]"
_QUOTED = 80
"""Characters of a text in a reason."""


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
        self._ignore_case = ignore_case
        self._ignore_whitespace = ignore_whitespace
        self.version = version_with(
            "1",
            {"ignore_case": ignore_case, "ignore_whitespace": ignore_whitespace},
            {"ignore_case": False, "ignore_whitespace": True},
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one."""
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        answer = self._plain(completion.text)
        is_match = any(answer == self._plain(text) for text in accepted)
        return _score(self, is_match, f"is {'' if is_match else 'not '}{quoted(accepted)}")

    def parse(self, text: str) -> str | None:
        """Normalise a text for the comparison; ``None`` if it is empty."""
        return self._plain(text) or None

    def same(self, first: str, second: str) -> bool:
        """Return whether two parsed texts are the same."""
        return first == second

    def _plain(self, text: str) -> str:
        text = folded(text, self._ignore_case)
        return " ".join(text.split()) if self._ignore_whitespace else text


class Contains(BaseScorer):
    """1 if the answer contains a text, else 0. Texts are compared in Unicode normal form C.

    A text ends where a character ends as a reader sees it: without its vowel sign or accent a
    letter is a different one.

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
    verb = "contains"
    verb_of_failure = "does not contain"

    def __init__(self, text: str | None = None, ignore_case: bool = False) -> None:
        self._text = _not_empty(text, f"{self.name} text")
        self._ignore_case = ignore_case
        self.version = version_with(
            "3", {"text": text, "ignore_case": ignore_case}, {"text": None, "ignore_case": False}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Look for the text, or for any accepted answer."""
        # Blanks at the ends of a cell are no part of what is looked for.
        accepted = tuple(text.strip() for text in accepted_answers(case))
        if self._text:
            accepted = (self._text,)
        if not accepted:
            return nothing_expected(self)
        answer = folded(completion.text, self._ignore_case)
        is_match = any(self._holds(answer, folded(text, self._ignore_case)) for text in accepted)
        verb = self.verb if is_match else self.verb_of_failure
        return _score(self, is_match, f"{verb} {quoted(accepted)}")

    @staticmethod
    def _holds(answer: str, text: str) -> bool:
        return _contains_whole(answer, text)


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
    verb = "starts with"
    verb_of_failure = "does not start with"

    @staticmethod
    def _holds(answer: str, text: str) -> bool:
        answer = answer.lstrip()
        text = text.lstrip()
        return answer.startswith(text) and not continues(answer, len(text))


class Regex(BaseScorer):
    """1 if a regular expression of Python's `re` matches somewhere in the answer, else 0.

    The answer is searched in Unicode normal form C. A pattern with combining marks of its own
    (``e\u0301?``) is searched in form D, too, and in form C if nothing in it repeats such a mark.
    A combining mark, such as a vowel sign, is a part of a word. A search that takes longer than two
    seconds, as that of ``(a+)+$`` can, leaves the answer unscored.

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
    source = "Python's re.search, as computed by the package regex"
    family = "match"

    def __init__(self, pattern: str | None = None, ignore_case: bool = False) -> None:
        self._flags = re.IGNORECASE if ignore_case else re.RegexFlag(0)
        self._pattern = _not_empty(pattern, "regex pattern")
        if pattern is not None:
            try:
                check_pattern(pattern, self._flags)
            except re.error as error:
                raise SettingError(
                    "regex pattern", pattern, "a regular expression", f"({error})"
                ) from error
        self.version = version_with(
            "3",
            {"pattern": pattern, "ignore_case": ignore_case},
            {"pattern": None, "ignore_case": False},
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Search the answer for the pattern, or for any accepted answer as a pattern."""
        accepted = (self._pattern,) if self._pattern else accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        answer = normal_form(completion.text)
        try:
            is_match = any(
                search_pattern(spelling, text, self._flags)
                for pattern in accepted
                for spelling, text in _searches(pattern, answer)
            )
        except re.error as error:
            return unscored(
                self, f"{case.source}: the expected text is no regular expression: {error}"
            )
        except OutOfTime as error:
            return unscored(self, error)
        return _score(
            self, is_match, f"{'matches' if is_match else 'does not match'} {quoted(accepted)}"
        )


def _searches(pattern: str, answer: str) -> Iterator[tuple[str, str]]:
    """Yield a pattern with each text to search: the answer with its marks joined, or apart.

    Where a mark stands alone in the pattern, joining it to its letter would change what repeats.
    """
    if normal_form(pattern) == pattern and not _ESCAPED_MARK.search(pattern):
        yield pattern, answer
        return
    yield pattern, normal_form(answer, "NFD")
    if not _repeats_mark(pattern):
        yield normal_form(pattern), answer


def _repeats_mark(pattern: str) -> bool:
    """Return whether a combining mark is repeated, an alternative or one of a class."""
    return any(combining(mark) and sign in _REPEATING for mark, sign in pairwise(pattern))


def accepted_answers(case: Case) -> tuple[str, ...]:
    """List the expected text and the texts of a list ``ideal``, without blank and equal ones."""
    ideal = case.metadata.get("ideal")
    texts = [case.expected, *(ideal if isinstance(ideal, (list, tuple)) else [ideal])]
    return tuple(
        dict.fromkeys(text for text in texts if isinstance(text, str) and not is_blank(text))
    )


def folded(text: str, ignore_case: bool) -> str:
    """Return a text in Unicode normal form C, with its case folded if case is ignored."""
    text = normal_form(text)
    return normal_form(text.casefold()) if ignore_case else text


def _contains_whole(answer: str, text: str) -> bool:
    """Return whether a text occurs in an answer and no combining mark follows it there."""
    start = answer.find(text)
    while start >= 0:
        if not (is_within_sign(answer, start) or continues(answer, start + len(text))):
            return True
        start = answer.find(text, start + 1)
    return False


def _not_empty(text: str | None, origin: str) -> str | None:
    if text == "":
        raise SettingError(origin, text, "text of at least one character")
    return text


def quoted(texts: Iterable[str]) -> str:
    """Quote and shorten texts for a reason."""
    shown = (shorten(text[: _QUOTED * 10], _QUOTED, placeholder="…") for text in texts)
    return " or ".join(map(repr, shown))


def _score(metric: ExactMatch | Contains | Regex, is_match: bool, reason: str) -> Score:
    return Score(metric.name, float(is_match), metric.scale, reason, metric.version)


def nothing_expected(metric: BaseScorer) -> Score:
    """Make the unscored Score of a case without an expected text."""
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
    about = (
        "share of the texts (default: the case's contains_all) that the answer contains; "
        "1: all of them"
    )
    source = "as `contains-all` of promptfoo, with the share as its value"
    family = "match"
    takes_expected = True

    def __init__(self, texts: list[str] | None = None, ignore_case: bool = False) -> None:
        self._texts = None if texts is None else _checked(texts, f"{self.name} texts")
        self._ignore_case = ignore_case
        self.version = version_with(
            "5", {"texts": texts, "ignore_case": ignore_case}, {"texts": None, "ignore_case": False}
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
        if not self.takes_expected and not shows_something(completion.text):
            return unscored(self, EMPTY)
        answer = folded(completion.text, self._ignore_case)
        matches = [
            text for text in texts if _contains_whole(answer, folded(text, self._ignore_case))
        ]
        value, reason = self._result(texts, matches)
        return Score(self.name, value, self.scale, reason, self.version)

    def _result(self, texts: Sequence[str], matches: Sequence[str]) -> tuple[float, str]:
        missing = [text for text in texts if text not in matches]
        reason = f"does not contain {quoted(missing)}" if missing else "contains all of them"
        return len(matches) / len(texts), reason


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

    def _result(self, texts: Sequence[str], matches: Sequence[str]) -> tuple[float, str]:
        if matches:
            return 1.0, f"contains {quoted(matches)}"
        return 0.0, f"does not contain {quoted(texts)}"


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

    def _result(self, texts: Sequence[str], matches: Sequence[str]) -> tuple[float, str]:
        if matches:
            return 0.0, f"contains {quoted(matches)}"
        return 1.0, "contains none of them"


def _checked(texts: Sequence[object], origin: str) -> tuple[str, ...]:
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise SettingError(origin, list(texts), "a list of texts, each of at least one character")
    return tuple(dict.fromkeys(map(str, texts)))


def _texts_of(case: Case, name: str) -> tuple[str, ...]:
    """Read the texts in a case's column, or raise SettingError for a wrong type."""
    cell = case.metadata.get(name)
    origin = f"{case.source} column {name!r}"
    if cell is None:
        return ()
    try:
        texts = read_texts(cell)
    except ValueError as error:
        raise SettingError(origin, cell, ALLOWED_TEXTS, f"({error})") from error
    if not isinstance(texts, (list, tuple)):
        raise SettingError(origin, cell, ALLOWED_TEXTS)
    return _checked(texts, origin)
