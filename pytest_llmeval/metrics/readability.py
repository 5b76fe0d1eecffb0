"""Readability: every formula and count of textstat, as metrics under their textstat names.

`formulas.json` says for each what its number means. A text without words has no readability: the
formulas leave it unscored, where textstat returns 0.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import EMPTY, unscored, version_with
from pytest_llmeval.metrics.scripts import is_mainly_in, scripts_of
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.text import shows_something

if TYPE_CHECKING:
    from textstat.textstat import textstatistics


_EXTRA = Extra("readability", ("textstat", "pyphen"))
_DEFAULT_LANGUAGE = "en_US"
# textstat's Arabic formulas need no hyphenation; pyphen, which names the other languages, has none
_ARABIC = "ar"
_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "ar": ("Arabic",), "as": ("Bengali",), "be": ("Cyrillic",), "bg": ("Cyrillic",),
    "el": ("Greek",), "kn": ("Kannada",), "mn": ("Cyrillic", "Mongolian"), "mr": ("Devanagari",),
    "or": ("Oriya",), "pa": ("Gurmukhi",), "ru": ("Cyrillic",), "sa": ("Devanagari",),
    "sr": ("Cyrillic", "Latin"), "te": ("Telugu",), "th": ("Thai",), "uk": ("Cyrillic",),
}  # fmt: skip
"""Scripts of the languages that are not written in Latin letters."""
_LONGEST_WORD = 1000
"""Letters of a word of which syllables are found; a longer one is none, and takes long."""
_LONGEST_TEXT = 300_000
"""Characters of which every formula is computed in a few seconds."""
_WITH_EASY_WORDS = ("en", "es")  # textstat ships word lists for these


@dataclass(frozen=True)
class _Formula:
    """One row of ``formulas.json``; called with parameters, it makes the metric.

    Attributes:
        name: textstat's name.
        scale: Bounds that the formula cannot leave, direction, unit.
        about: What the number says, in a line.
        source: Who published the formula.
        is_count: Counts something, so an empty text has 0 of it.
        uses: ``syllables`` and ``easy words``, where the formula rests on them.
        params: textstat's own arguments with their defaults.
        choices: Allowed values of an argument, where they are few.
        call: textstat's method, where it is not the name.
    """

    name: str
    scale: Scale
    about: str
    source: str = "textstat"
    is_count: bool = False
    uses: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, list[Any]] = field(default_factory=dict)
    call: str = ""
    family: str = "readability"
    extra: Extra = _EXTRA

    @property
    def __signature__(self) -> inspect.Signature:
        """What `inspect.signature` reports: the language and textstat's own arguments."""
        keyword = inspect.Parameter.KEYWORD_ONLY
        rows = {"language": _DEFAULT_LANGUAGE, **self.params}
        return inspect.Signature(
            [
                inspect.Parameter(name, keyword, default=value, annotation=type(value))
                for name, value in rows.items()
            ]
        )

    def __call__(self, language: str = _DEFAULT_LANGUAGE, **params: Any) -> _ReadabilityMetric:
        """Make the metric.

        Args:
            language: Language of the answers, for example ``es`` or ``de_DE``.
            params: textstat's own arguments.

        Raises:
            SettingError: There is no such language, or a parameter has a value that the formula
                does not have.
            MissingExtraError: textstat is not installed.
        """
        self.extra.require(self.name)
        for name, value in params.items():
            if value not in self.choices.get(name, [value]):
                raise SettingError(
                    f"{self.name} {name}", value, " or ".join(map(str, self.choices[name]))
                )
        return _ReadabilityMetric(self, _checked_language(language), {**self.params, **params})


class _ReadabilityMetric(BaseScorer):
    """A formula of textstat, in one language.

    Args:
        formula: Which one.
        language: Language that textstat knows.
        params: textstat's own arguments, all of them.
    """

    def __init__(self, formula: _Formula, language: str, params: Mapping[str, Any]) -> None:
        self._formula = formula
        self._language = language
        self._params = params
        self.name = formula.name
        self.scale = formula.scale
        self.version = version_with(
            f"textstat {metadata.version('textstat')}/{language}", params, formula.params
        )
        if "easy words" in formula.uses and language != _ARABIC:
            _load_easy_words(language)

    def score(self, case: Case, completion: Completion) -> Score:
        """Compute the formula's value for the answer.

        Returns:
            A Score; unscored if the answer has no words, or textstat lacks the formula in this
            language.
        """
        formula = self._formula
        text = (
            completion.text if shows_something(completion.text) else ""
        )  # textstat finds a sentence in white space
        if formula.uses and self._language == _ARABIC:
            return unscored(
                self, f"{self.name} needs syllables, which textstat does not find in Arabic"
            )
        textstat = _textstat(self._language)
        if not formula.is_count and not textstat.lexicon_count(text):
            return unscored(self, "the answer has no words" if text else EMPTY)
        problem = self._problem(text)
        if problem:
            return unscored(self, problem)
        try:
            value = self._value(textstat, text)
            reason = self._reason(textstat, text)
        # Some of textstat's languages lack a constant.
        except ValueError as error:
            return unscored(
                self, f"textstat has no {self.name} for language {self._language!r} ({error})"
            )
        # textstat counts Arabic syllables as letters minus two, which is below 0 for an empty text.
        value = max(0.0, value) if formula.is_count else value
        return Score(self.name, value, self.scale, reason, self.version)

    def _problem(self, text: str) -> str:
        """Say why the formula means nothing for a text; empty if it does."""
        if self._formula.is_count and not self._formula.uses:
            return ""
        if len(text) > _LONGEST_TEXT:
            return f"the answer has {len(text):,} characters; at most {_LONGEST_TEXT:,} are read"
        longest = max(map(len, text.split()), default=0)
        if longest > _LONGEST_WORD:
            return f"the answer has a word of {longest:,} characters; at most {_LONGEST_WORD:,}"
        scripts = _SCRIPTS.get(self._language.partition("_")[0], ("Latin",))
        if is_mainly_in(text, scripts):
            return ""
        written = f"the answer is in {scripts_of(text)} letters"
        return f"{self.name} reads the language {self._language!r}, and {written}"

    def _value(self, textstat: textstatistics, text: str) -> float:
        if self.name == "text_standard":
            return float(textstat.text_standard(text, float_output=True))
        return float(getattr(textstat, self._formula.call or self.name)(text, **self._params))

    def _reason(self, textstat: textstatistics, text: str) -> str:
        root = self._language.partition("_")[0]
        borrowed = "easy words" in self._formula.uses and root not in _WITH_EASY_WORDS
        words = textstat.text_standard(text) if self.name == "text_standard" else ""
        return "; ".join(
            filter(
                None, [words, f"easy words are English: textstat has none for {root}" * borrowed]
            )
        )


class Readability:
    """All readability scores of one answer: ``readability.flesch_reading_ease > 50``.

    Args:
        score: Takes the score of a metric by its name; called when a score is asked for.
    """

    def __init__(self, score: Callable[[str], Score]) -> None:
        self._score = score

    def __getattr__(self, name: str) -> Score:
        """Return the score of one formula.

        Raises:
            AttributeError: There is no such formula.
        """
        if name not in formulas():
            raise AttributeError(
                f"there is no readability formula {name!r}. {nearest(name, formulas())}".rstrip()
            )
        return self._score(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *formulas()]

    def as_dict(self) -> dict[str, Score]:
        """Return all scores by the formula's name."""
        return {name: self._score(name) for name in formulas()}


@cache
def formulas() -> Mapping[str, _Formula]:
    """Return all formulas by name."""
    text = resources.files(__package__).joinpath("formulas.json").read_text("utf-8")
    return {row["name"]: _formula(**row) for row in json.loads(text)}


def _formula(
    *,
    low: float | None = None,
    higher_is_better: bool = False,
    unit: str = "",
    is_count: bool = False,
    uses: Iterable[str] = (),
    **row: Any,
) -> _Formula:
    scale = Scale(0.0 if is_count else low, None, higher_is_better, unit)
    return _Formula(scale=scale, is_count=is_count, uses=tuple(uses), **row)


def _checked_language(language: str) -> str:
    """Write a language as textstat does.

    Args:
        language: For example ``en_US``, ``en-US`` or ``es``.

    Raises:
        SettingError: Neither the language nor its root has hyphenation patterns.
    """
    from pyphen import LANGUAGES

    name = language.replace("-", "_")
    if name == _ARABIC or name in LANGUAGES or name.partition("_")[0] in LANGUAGES:
        return name
    allowed = sorted([*LANGUAGES, _ARABIC])
    raise SettingError(
        "language (--llm-language)", language, ", ".join(allowed), nearest(name, allowed)
    )


@cache
def _textstat(language: str) -> textstatistics:
    """An object for each language, which textstat keeps there."""
    from textstat.textstat import textstatistics

    instance = textstatistics()
    instance.set_lang(language)
    return instance


@cache
def _load_easy_words(language: str) -> None:
    """Let textstat read its word list now.

    It warns when it falls back to English; the Score's reason says that instead. Here, where
    metrics are made on the main thread, and only once, silencing warnings disturbs nobody; while
    texts are scored it could.
    """
    from textstat.backend.utils import get_lang_easy_words

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        get_lang_easy_words(language)


_HEADLINE = "flesch_reading_ease"


class TextQuality(BaseScorer):
    """All readability formulas and counts of an answer in one score.

    Its value is ``flesch_reading_ease``; its parts hold every formula by name. A formula that
    cannot be had, for example because textstat lacks it in the language, is left out of the parts.

    Args:
        language: Language of the answers, for example ``es`` or ``de_DE``.

    Raises:
        SettingError: There is no such language.
    """

    name = "text_quality"
    scale = Scale(None, None)
    about = (
        "every readability formula as a part; "
        f"its value is {_HEADLINE}, usually 0 (hard) to 100 (easy)"
    )
    source = "textstat; Flesch 1948 for the value"
    family = "readability"
    extra = _EXTRA

    def __init__(self, language: str = _DEFAULT_LANGUAGE) -> None:
        self.extra.require(self.name)
        self._metrics = {name: formula(language=language) for name, formula in formulas().items()}
        self.version = self._metrics[_HEADLINE].version

    def score(self, case: Case, completion: Completion) -> Score:
        """Take every formula.

        Returns:
            A Score; unscored where the value is, for example because the answer has no words.
        """
        scores = {name: metric.score(case, completion) for name, metric in self._metrics.items()}
        parts = {name: score.value for name, score in scores.items() if score.value is not None}
        return replace(scores[_HEADLINE], name=self.name, parts=parts)
