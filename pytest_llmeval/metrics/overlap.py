"""Metrics of the wording that answer and expected text share: BLEU, chrF, ROUGE, edit distance.

They compare words or characters, not meaning. Of several accepted answers the best one counts.
"""

from __future__ import annotations

import re
from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import version_with
from pytest_llmeval.metrics.match import accepted_answers, folded, nothing_expected
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Scale, Score

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF


_PERCENT = Scale(0.0, 100.0)
_TOKENIZERS = ("13a", "intl", "char", "zh", "none")
"""Tokenizers of sacrebleu that need neither a further package nor a download."""

_KINDS = ("1", "2", "L")
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
"""A word, or a character of a script without spaces between words."""


class Bleu(BaseScorer):
    """BLEU of one sentence or passage, 0 to 100, with sacrebleu's defaults.

    Orders of n-grams for which the answer is too short are left out (``effective_order``), and
    empty counts are smoothed exponentially, as sacrebleu's ``sentence_bleu`` does.

    Args:
        tokenize: sacrebleu's tokenizer: ``13a``, ``intl``, ``char``, ``zh`` or ``none``.
        lowercase: Whether case is ignored.

    Raises:
        SettingError: There is no such tokenizer.
        MissingExtraError: The extra ``text`` is not installed.
    """

    name = "bleu"
    scale = _PERCENT
    about = (
        "share of the answer's runs of one to four words that the expected text has, "
        "with a penalty for brevity"
    )
    source = "Papineni, Roukos, Ward, Zhu 2002, ACL; as computed by sacrebleu (Post 2018, WMT)"
    family = "overlap"
    extra = Extra("text", ("sacrebleu",))

    def __init__(self, tokenize: str = "13a", lowercase: bool = False) -> None:
        self.extra.require(self.name)
        if tokenize not in _TOKENIZERS:
            raise SettingError(
                "bleu tokenize", tokenize, " or ".join(_TOKENIZERS), nearest(tokenize, _TOKENIZERS)
            )
        self._params = {"tokenize": tokenize, "lowercase": lowercase}
        self.version = version_with(
            _library("sacrebleu"), self._params, {"tokenize": "13a", "lowercase": False}
        )

    @cached_property
    def _bleu(self) -> BLEU:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(effective_order=True, **self._params)  # type: ignore[arg-type]

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with all accepted answers together, as BLEU is defined."""
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        result = self._bleu.sentence_score(_clean(completion.text), list(map(_clean, accepted)))
        parts = {f"precision_{n}": value for n, value in enumerate(result.precisions, start=1)}
        parts |= {"brevity_penalty": result.bp}
        return Score(
            self.name, min(result.score, 100.0), self.scale, version=self.version, parts=parts
        )


class Chrf(BaseScorer):
    """chrF of one sentence or passage, 0 to 100: F2 over runs of one to six characters.

    Args:
        word_order: Longest run of words that counts, too; 2 makes it chrF++.
        lowercase: Whether case is ignored.

    Raises:
        SettingError: ``word_order`` is below 0.
        MissingExtraError: The extra ``text`` is not installed.
    """

    name = "chrf"
    scale = _PERCENT
    about = (
        "overlap of runs of one to six characters with the expected text; "
        "kinder to inflected languages than bleu"
    )
    source = "Popović 2015, WMT (chrF++: Popović 2017); as computed by sacrebleu"
    family = "overlap"
    extra = Extra("text", ("sacrebleu",))

    def __init__(self, word_order: int = 0, lowercase: bool = False) -> None:
        self.extra.require(self.name)
        if word_order < 0:
            raise SettingError("chrf word_order", word_order, "a whole number from 0")
        self._params = {"word_order": word_order, "lowercase": lowercase}
        self.version = version_with(
            _library("sacrebleu"), self._params, {"word_order": 0, "lowercase": False}
        )

    @cached_property
    def _chrf(self) -> CHRF:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(**self._params)  # type: ignore[arg-type]

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one; the best counts."""
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        value = self._chrf.sentence_score(
            _clean(completion.text), list(map(_clean, accepted))
        ).score
        return Score(self.name, min(value, 100.0), self.scale, version=self.version)


class Rouge(BaseScorer):
    """ROUGE, 0 to 1: the F measure over shared words (1), word pairs (2) or the subsequence (L).

    Words are runs of letters and digits in lower case, as in the package rouge-score, but of any
    script. In scripts without spaces between words (Chinese, Japanese) each character is a word.

    Args:
        kind: ``1``, ``2`` or ``L``; in a threshold ``rouge.1``, ``rouge.2``, ``rouge.L``.
        stem: Whether English suffixes are dropped, by Porter's stemmer.

    Raises:
        SettingError: There is no such kind.
    """

    name = "rouge"
    dotted = "kind"
    scale = UNIT_SCALE
    about = (
        "F measure over words shared with the expected text: "
        "rouge.1, rouge.2 (pairs), rouge.L (subsequence; default)"
    )
    source = (
        "Lin 2004, ROUGE: a package for automatic evaluation of summaries; "
        "as computed by rouge-score"
    )
    family = "overlap"
    extra = Extra("text", ("rouge_score", "nltk"))

    def __init__(self, kind: str = "L", stem: bool = False) -> None:
        self.extra.require(self.name)
        if kind not in _KINDS:
            raise SettingError("rouge kind", kind, " or ".join(_KINDS))
        self._kind = f"rouge{kind}"
        self._stem = stem
        if kind != "L":
            self.name = f"rouge.{kind}"
        self.version = version_with(_library("rouge-score"), {"stem": stem}, {"stem": False})

    @cached_property
    def _scorer(self) -> RougeScorer:
        from rouge_score.rouge_scorer import RougeScorer

        kinds = [f"rouge{kind}" for kind in _KINDS]
        return RougeScorer(kinds, tokenizer=_Words(self._stem))

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one; the best counts.

        Returns:
            A Score whose parts are the F measure of every kind, and precision and recall of this
            one.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        results = [self._scorer.score(text, completion.text) for text in accepted]
        best = max(results, key=lambda kinds: kinds[self._kind].fmeasure)
        parts = {kind: float(result.fmeasure) for kind, result in best.items()}
        result = best[self._kind]
        parts |= {"precision": float(result.precision), "recall": float(result.recall)}
        return Score(self.name, parts[self._kind], self.scale, version=self.version, parts=parts)


class _Words:
    """rouge-score's tokenizer, for every script.

    Args:
        stem: Whether English suffixes are dropped from words of more than three letters.
    """

    def __init__(self, stem: bool) -> None:
        self._stemmer: Any = None
        if stem:
            # rouge-score uses this stemmer too; it needs none of nltk's data.
            from nltk.stem import porter

            self._stemmer = porter.PorterStemmer()

    def tokenize(self, text: str) -> list[str]:
        """Split a text into words."""
        words = _WORD.findall(text.lower())
        if not self._stemmer:
            return words
        return [self._stemmer.stem(word) if len(word) > 3 else word for word in words]


class EditDistance(BaseScorer):
    """Levenshtein distance divided by the length of the longer text, 0 to 1: 0 is equality.

    Texts are compared in Unicode normal form C, without white space at both ends.

    Args:
        ignore_case: Whether upper and lower case are the same.

    Raises:
        MissingExtraError: The extra ``text`` is not installed.
    """

    name = "edit_distance"
    scale = Scale(0.0, 1.0, higher_is_better=False)
    about = (
        "characters to insert, delete or replace to get the expected text, "
        "over the length of the longer one"
    )
    source = "Levenshtein 1966, Soviet Physics Doklady 10(8); as computed by rapidfuzz"
    family = "overlap"
    extra = Extra("text", ("rapidfuzz",))

    def __init__(self, ignore_case: bool = False) -> None:
        self.extra.require(self.name)
        self._ignore_case = ignore_case
        self.version = version_with(
            _library("rapidfuzz"), {"ignore_case": ignore_case}, {"ignore_case": False}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one; the nearest counts."""
        from rapidfuzz.distance import Levenshtein

        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        answer, *wanted = (
            folded(text, self._ignore_case).strip() for text in (completion.text, *accepted)
        )
        distances = [
            (Levenshtein.distance(answer, text), Levenshtein.normalized_distance(answer, text))
            for text in wanted
        ]
        edits, value = min(distances)
        return Score(
            self.name,
            value,
            self.scale,
            f"{edits} edits",
            self.version,
            parts={"edits": float(edits)},
        )


def _library(name: str) -> str:
    return f"{name} {metadata.version(name)}"


def _clean(text: str) -> str:
    """Replace lone surrogates, which sacrebleu's tokenizers refuse."""
    return text.encode("utf-8", "replace").decode()
