"""Texts of which all, any or none must occur in the answer.

By default they are those of the case's column that is called like the metric: a list in JSON, or texts with commas
between them. Texts are compared in Unicode normal form C.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.match import accepted_answers, folded, quoted
from pytest_llmeval.metrics.results import unscored, version_with
from pytest_llmeval.records import UNIT_SCALE, Case, Completion, Score


class ContainsAll:
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
            return unscored(self, f"{self.name} has nothing to look for: {column}, and no texts were given")
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
        return float(bool(found)), f"contains {quoted(found)}" if found else f"does not contain {quoted(texts)}"


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
            raise SettingError(place, found, 'a JSON list such as ["a", "b"]', f"({error})") from error
    elif isinstance(found, str):
        found = [text.strip() for text in found.split(",") if text.strip()]
    if not isinstance(found, (list, tuple)):
        raise SettingError(place, found, "a list of texts, or texts with commas between them")
    return _checked(found, place)
