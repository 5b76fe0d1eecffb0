"""Metrics of the wording that answer and expected text share: BLEU, chrF, ROUGE, edit distance.

They compare words or characters, not meaning, in Unicode normal form C. Of several accepted answers
the best one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import unscored, version_with
from pytest_llmeval.metrics.bounded import run_bounded
from pytest_llmeval.metrics.match import accepted_answers, folded, nothing_expected, quoted
from pytest_llmeval.metrics.scripts import normal_form
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
_SCRIPTS_WITHOUT_SPACES = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
_JOINERS = dict.fromkeys(map(ord, "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\N{SOFT HYPHEN}"))
"""Characters that change the shape of a word, and not its letters."""

_SHORT = 200_000
"""Characters of texts that sacrebleu compares at once, in about a second."""
_FEW_WORDS = 50_000
"""Words of texts that rouge-score compares at once, in less than a second."""
_QUICK = 10**9
"""Pairs of characters or words that rapidfuzz compares at once, in about a tenth of a second."""


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
            f"{_library('sacrebleu')}/2", self._params, {"tokenize": "13a", "lowercase": False}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with all accepted answers together, as BLEU is defined.

        Raises:
            OutOfTime: The texts are too long.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        facts = _sentence_facts(self.name, _bleu_facts, self._params, completion.text, accepted)
        value = min(facts.pop("value"), 100.0)
        return Score(self.name, value, self.scale, version=self.version, parts=facts)


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
            f"{_library('sacrebleu')}/2", self._params, {"word_order": 0, "lowercase": False}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one; the best counts.

        Raises:
            OutOfTime: The texts are too long.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        facts = _sentence_facts(self.name, _chrf_facts, self._params, completion.text, accepted)
        value = min(facts["value"], 100.0)
        return Score(self.name, value, self.scale, version=self.version)


def _sentence_facts(
    metric: str,
    compute: Callable[[dict[str, Any], str, list[str]], dict[str, float]],
    params: Mapping[str, Any],
    answer: str,
    accepted: Sequence[str],
) -> dict[str, float]:
    """Compute sacrebleu's numbers for an answer, those of long texts in a process of their own."""
    references = list(map(_clean, accepted))
    length = len(answer) + sum(map(len, references))
    if length <= _SHORT:
        return compute(dict(params), _clean(answer), references)
    arguments = [dict(params), _clean(answer), references]
    texts = f"texts of {length:,} characters"
    facts: dict[str, float] = run_bounded(metric, __name__, compute.__name__, arguments, texts)
    return facts


def _bleu_facts(params: dict[str, Any], answer: str, references: list[str]) -> dict[str, float]:
    result = _bleu(**params).sentence_score(answer, references)
    parts = {f"precision_{n}": value for n, value in enumerate(result.precisions, start=1)}
    return {**parts, "brevity_penalty": result.bp, "value": result.score}


def _chrf_facts(params: dict[str, Any], answer: str, references: list[str]) -> dict[str, float]:
    return {"value": _chrf(**params).sentence_score(answer, references).score}


@cache
def _bleu(tokenize: str, lowercase: bool) -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenize, lowercase=lowercase, effective_order=True)


@cache
def _chrf(word_order: int, lowercase: bool) -> CHRF:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(word_order=word_order, lowercase=lowercase)


class Rouge(BaseScorer):
    """ROUGE, 0 to 1: the F measure over shared words (1), word pairs (2) or the subsequence (L).

    Words are runs of letters, digits and combining marks in lower case: as in the package
    rouge-score, but of any script. In scripts without spaces between words (Chinese, Japanese,
    Thai, Lao, Khmer, Burmese) each character is a word. An expected text without words, for example
    an emoji, leaves the answer unscored.

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
    extra = Extra("text", ("rouge_score", "nltk", "rapidfuzz"))

    def __init__(self, kind: str = "L", stem: bool = False) -> None:
        self.extra.require(self.name)
        if kind not in _KINDS:
            raise SettingError("rouge kind", kind, " or ".join(_KINDS))
        self._kind = f"rouge{kind}"
        if kind != "L":
            self.name = f"rouge.{kind}"
        self._words = _Words(stem)
        self.version = version_with(f"{_library('rouge-score')}/2", {"stem": stem}, {"stem": False})

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one; the best counts.

        Returns:
            A Score whose parts are the F measure of every kind, and precision and recall of this
            one; unscored if no accepted answer has words.

        Raises:
            OutOfTime: The texts are too long.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        answer = self._words.tokenize(completion.text)
        wanted = [words for words in map(self._words.tokenize, accepted) if words]
        if not wanted:
            return unscored(
                self, f"{case.source}: the expected text {quoted(accepted)} has no words to compare"
            )
        results = [self._compare(words, answer) for words in wanted]
        best = max(results, key=lambda kinds: kinds[self._kind][2])
        parts = {kind: fmeasure for kind, (_, _, fmeasure) in best.items()}
        precision, recall, _ = best[self._kind]
        parts |= {"precision": precision, "recall": recall}
        return Score(self.name, parts[self._kind], self.scale, version=self.version, parts=parts)

    def _compare(
        self, wanted: Sequence[str], answer: Sequence[str]
    ) -> Mapping[str, tuple[float, float, float]]:
        """Compute precision, recall and F measure of each kind."""
        many = len(wanted) + len(answer) > _FEW_WORDS
        if not many and len(wanted) * len(answer) <= _QUICK:
            return _rouge_facts(wanted, answer)
        texts = f"texts of {len(wanted):,} and {len(answer):,} words"
        arguments = [list(wanted), list(answer)]
        results = run_bounded(self.name, __name__, _rouge_facts.__name__, arguments, texts)
        return {kind: (row[0], row[1], row[2]) for kind, row in results.items()}


def _rouge_facts(
    wanted: Sequence[str], answer: Sequence[str]
) -> dict[str, tuple[float, float, float]]:
    """Compute precision, recall and F measure of each kind.

    The longest common subsequence is rapidfuzz's, which takes the words of many bits at once.
    rouge-score fills a table in Python, of as many cells as pairs of words.
    """
    from rapidfuzz.distance import LCSseq
    from rouge_score.scoring import fmeasure

    results = {
        kind: (float(result.precision), float(result.recall), float(result.fmeasure))
        for kind, result in _rouge().score(" ".join(wanted), " ".join(answer)).items()
    }
    shared = LCSseq.similarity(wanted, answer)
    precision = shared / max(len(answer), 1)
    recall = shared / len(wanted)
    results["rougeL"] = (precision, recall, float(fmeasure(precision, recall)))
    return results


@cache
def _rouge() -> RougeScorer:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rouge1", "rouge2"], tokenizer=_Words(stem=False))


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
        plain = normal_form(normal_form(text).lower()).translate(_JOINERS)
        words: list[str] = _word().findall(plain)
        if not self._stemmer:
            return words
        return [self._stemmer.stem(word) if len(word) > 3 else word for word in words]


@cache
def _word() -> Any:
    """Compile the pattern of a word, or of a character of a script without spaces."""
    import regex

    names = "".join(rf"\p{{{name}}}" for name in _SCRIPTS_WITHOUT_SPACES)
    single = rf"[[{names}]&&[\p{{L}}\p{{N}}]]"
    return regex.compile(rf"(?V1){single}\p{{M}}*+|[[\p{{L}}\p{{N}}\p{{M}}]--{single}]++")


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
            f"{_library('rapidfuzz')}/2", {"ignore_case": ignore_case}, {"ignore_case": False}
        )

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one; the nearest counts.

        Raises:
            OutOfTime: The texts are too long.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        answer, *wanted = (
            folded(text, self._ignore_case).strip() for text in (completion.text, *accepted)
        )
        distances = []
        for text in wanted:
            edits = self._distance(answer, text)
            distances.append((edits / max(len(answer), len(text), 1), edits))
        value, edits = min(distances)
        return Score(
            self.name,
            value,
            self.scale,
            f"{edits} edits",
            self.version,
            parts={"edits": float(edits)},
        )

    def _distance(self, answer: str, text: str) -> int:
        from rapidfuzz.distance import Levenshtein

        if len(answer) * len(text) <= _QUICK:
            return int(Levenshtein.distance(answer, text))
        texts = f"texts of {len(text):,} and {len(answer):,} characters"
        arguments = [answer, text]
        return int(
            run_bounded(self.name, "rapidfuzz.distance.Levenshtein", "distance", arguments, texts)
        )


def _library(name: str) -> str:
    return f"{name} {metadata.version(name)}"


def _clean(text: str) -> str:
    """Return a text in normal form C, without lone surrogates, which sacrebleu refuses."""
    return normal_form(text).encode("utf-8", "replace").decode()
