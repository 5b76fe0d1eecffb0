"""The metric that checks the language of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from pytest_llmeval.errors import SettingError
from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import unscored, version_with
from pytest_llmeval.metrics.scripts import is_only_in, normal_form
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier


_LANGUAGES = (
    "af", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et",
    "eu", "fa", "fi", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja",
    "ka", "kk", "km", "kn", "ko", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "mt", "my", "ne", "nl",
    "no", "pa", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tl",
    "tr", "uk", "ur", "uz", "vi", "zh",
)  # fmt: skip
"""ISO 639-1 codes of the languages that are distinguished.

The library knows more languages, but mistakes short texts for their rare relatives.
"""

_NO_LANGUAGE = "zxx"
_SURE = 0.35
"""Lowest probability of the likeliest language that identifies the language of a text."""

_POSSIBLE = 0.2
"""Probability from which a less likely language is possible, as for Norwegian and Danish."""

_HAN_LANGUAGES = frozenset(("zh", "ja"))
_EITHER = "Chinese characters alone, which may be Chinese or Japanese"
_CHINESE_WORDS = frozenset("你她它們们這这哪嗎吗呢吧啊很什麼么沒没還还個个嘛啦咱")
"""Characters of the commonest Chinese words, which Japanese does not write."""

_CHINESE_PARTICLES = frozenset("的是了我他也就但")
"""Words that Japanese has only within others, and hardly two of them in a text of few words."""

_CHINESE_CODES = ("gb2312", "big5")
_JAPANESE_CODE = "shift_jis"
_LONGEST_JAPANESE = 30
"""Characters in which Japanese may do without kana, as in names and headlines."""


class Language(BaseScorer):
    """1 if the answer is in the wanted language, else 0; unscored if the text is too short.

    Args:
        language: The wanted language as ISO 639-1 code, whose region is ignored (``pt_BR``). The
            default is the language of the prompt. In a threshold ``language.es``.

    Raises:
        SettingError: The language is not one of those that are distinguished.
        MissingExtraError: The extra ``language`` is not installed.
    """

    name = "language"
    dotted = "language"
    scale = UNIT_SCALE
    about = (
        "1 if the answer is in the language (default: the prompt's; language.es for Spanish), "
        "else 0"
    )
    source = "langid: Lui, Baldwin 2012, ACL; as computed by py3langid"
    extra = Extra("language", ("py3langid",))

    def __init__(self, language: str | None = None) -> None:
        self.extra.require(self.name)
        code = (language or "").replace("-", "_").partition("_")[0].lower()
        if language is not None and code not in _LANGUAGES:
            raise SettingError("language", language, ", ".join(_LANGUAGES))
        self._wanted = code or None
        if code:
            self.name = f"language.{code}"
        self.version = version_with(
            f"py3langid {metadata.version('py3langid')}/1", {"for": code}, {"for": ""}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Identify the answer's language.

        Args:
            case: Has the prompt, whose language is wanted by default.
            completion: The answer.
        """
        wanted = self._wanted or identified(case.prompt).sure_code
        if not self._wanted and wanted in _HAN_LANGUAGES and _may_be_either(case.prompt):
            return unscored(self, f"the prompt has {_EITHER}; name it, such as language.ja")
        if wanted is None:
            return unscored(
                self,
                "the prompt is too short to identify its language; name it, such as language.en",
            )
        answer_language = identified(completion.text)
        chance = answer_language.odds.get(wanted, 0.0)
        if answer_language.sure_code is None:
            reason = f"the answer is too short to identify its language ({answer_language})"
            return unscored(self, reason)
        if {wanted, answer_language.code} <= _HAN_LANGUAGES and _may_be_either(completion.text):
            return unscored(self, f"the answer has {_EITHER}")
        if answer_language.code != wanted and chance >= _POSSIBLE:
            candidates = f"in {wanted} or in {answer_language.code}"
            return unscored(self, f"the answer may be {candidates} ({answer_language})")
        is_wanted = answer_language.code == wanted
        reason = f"is in {answer_language.code}"
        if not is_wanted:
            reason += f", not in {wanted}"
        parts = {wanted: chance}
        return Score(self.name, float(is_wanted), self.scale, reason, self.version, parts=parts)


@dataclass(frozen=True)
class Identified:
    """The probable languages of a text.

    Attributes:
        odds: Probability of each language.
    """

    odds: Mapping[str, float]

    @property
    def code(self) -> str:
        """The likeliest language."""
        return max(self.odds, key=self.odds.__getitem__)

    @property
    def sure_code(self) -> str | None:
        """The likeliest language; ``None`` if it is hardly more than a guess."""
        return self.code if self.odds[self.code] >= _SURE and self.code != _NO_LANGUAGE else None

    def __str__(self) -> str:
        likely = sorted(self.odds, key=self.odds.__getitem__, reverse=True)[:2]
        return ", ".join(f"{code} {self.odds[code]:.0%}" for code in likely)


def identified(text: str) -> Identified:
    """Identify the language of a text."""
    if not any(map(str.isalpha, text)):
        return Identified({_NO_LANGUAGE: 1.0})
    ranking = _identifier().rank(normal_form(text))
    return Identified({code: float(chance) for code, chance in ranking})


def _may_be_either(text: str) -> bool:
    """Return whether a text of Chinese characters alone may be Chinese as well as Japanese."""
    letters = "".join(filter(str.isalpha, normal_form(text)))
    is_han = bool(letters) and is_only_in(letters, ("Han",))
    if not is_han or len(letters) > _LONGEST_JAPANESE:
        return False
    if _CHINESE_WORDS.intersection(letters) or len(_CHINESE_PARTICLES.intersection(letters)) > 1:
        return False
    is_chinese = any(_is_written_in(letters, code) for code in _CHINESE_CODES)
    # A text that neither code holds may mix both ways to write Chinese.
    return _is_written_in(letters, _JAPANESE_CODE) or not is_chinese


def _is_written_in(text: str, code: str) -> bool:
    """Return whether a character code of one language has every character of a text."""
    try:
        text.encode(code)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([*_LANGUAGES, _NO_LANGUAGE])
    return identifier
