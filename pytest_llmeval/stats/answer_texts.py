"""What many answers have in common: one text for all prompts, or the expected text to the letter.

Only hashes and counts of the texts are stored, and one excerpt for each test or golden file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pytest_llmeval.records.answer_text import SHORT_WORDS, AnswerText, wide_words
from pytest_llmeval.text import is_blank

_EXCERPT = 60
"""Characters of an answer that are stored."""

_WHOLE = ""
"""Name of the group of all answers."""

_FEW_PROMPTS = 5
_FEW_TEXTS = 10
_MOST = 0.9
"""Share of the answers from which nearly all are alike."""

_HALF = 0.5
_EVASIVE = 0.2
"""Share of the prompts that expect something else, from which one sentence for all is notable."""

_UNEXPECTED = 0.25
"""Share of wrong repetitions from which nearly constant answers are no accident."""

_LONG_WORDS = 4

_NUMBER = re.compile(r"[\W_]*\d")


@dataclass(frozen=True)
class Constant:
    """One answer that many different prompts got.

    Attributes:
        group: The golden file or test function; empty for the whole run.
        excerpt: The start of the answer.
        repeated: Number of different prompts that got it.
        prompts: Number of all different prompts.
    """

    group: str
    excerpt: str
    repeated: int
    prompts: int


@dataclass(frozen=True)
class Echo:
    """Answers that are the expected text to the letter.

    Attributes:
        equal: Number of these answers.
        texts: Number of cases that expect a text, and not a label, a number or a quotation.
    """

    equal: int
    texts: int


@dataclass
class _Group:
    """The answers of a golden file or a test."""

    seen: set[int] = field(default_factory=set)
    prompts: set[int] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    expected: Counter[int] = field(default_factory=Counter)
    unlike: Counter[int] = field(default_factory=Counter)
    most: int = 0
    excerpt: str = ""

    def add(self, text: AnswerText, plain: str) -> None:
        prompt, answer = hash(text.prompt), hash(plain)
        if prompt not in self.prompts and text.expected is not None:
            self.expected[hash(_plain(text.expected))] += 1
        self.prompts.add(prompt)
        pair = hash((prompt, answer))
        if pair in self.seen:
            return
        self.seen.add(pair)
        self.answers[answer] += 1
        self.unlike[answer] += text.expected is not None and _plain(text.expected) != plain
        if self.answers[answer] > self.answers[self.most]:
            self.most = answer
            self.excerpt = plain if len(plain) <= _EXCERPT else f"{plain[:_EXCERPT]}…"

    def constant(self, name: str) -> Constant | None:
        """Return the answer of too many prompts; ``None`` if there is none.

        A label may be right for many prompts, so only wrong repetitions count. A sentence that no
        prompt expects counts from one prompt in five.
        """
        prompts, repeated = len(self.prompts), self.answers[self.most]
        if repeated < _FEW_PROMPTS:
            return None
        wrong = repeated - self.expected[self.most]
        is_most = repeated >= _MOST * prompts and wrong >= _UNEXPECTED * prompts
        unlike = 0
        if not self.expected[self.most] and _words(self.excerpt) >= SHORT_WORDS:
            unlike = self.unlike[self.most]
        is_evasive = unlike >= max(_FEW_TEXTS, _EVASIVE * prompts)
        if not (is_most or is_evasive or wrong >= _HALF * prompts):
            return None
        return Constant(name, self.excerpt, repeated, prompts)


@dataclass
class _Texts:
    """The cases that expect a text, counted."""

    equal: int = 0
    texts: int = 0
    known: int = 0
    equal_before: int = 0
    different: set[int] = field(default_factory=set)

    def add(self, is_equal: bool, expected: str, before: str | None) -> None:
        self.texts += 1
        self.equal += is_equal
        self.different.add(hash(expected))
        if before is not None:
            self.known += 1
            self.equal_before += _plain(before) == expected

    @property
    def is_echo(self) -> bool:
        """Whether nearly all answers are the expected texts, which are no labels."""
        is_most = self.texts >= _FEW_TEXTS and self.equal >= _MOST * self.texts
        return is_most and len(self.different) >= _HALF * self.texts

    @property
    def is_new(self) -> bool:
        """Whether most answers of the baseline were not the expected texts."""
        return self.known >= _HALF * self.texts and self.equal_before <= _HALF * self.known


@dataclass
class AnswerTally:
    """The answers of a run so far."""

    _groups: dict[str, _Group] = field(default_factory=dict)
    _long: _Texts = field(default_factory=_Texts)
    _every: _Texts = field(default_factory=_Texts)

    def add(self, text: AnswerText) -> None:
        """Count an answer; one that shows nothing does not count."""
        if is_blank(text.answer):
            return
        plain = _plain(text.answer)
        for name in (_WHOLE, text.group):
            self._groups.setdefault(name, _Group()).add(text, plain)
        expected = "" if text.expected is None else _plain(text.expected)
        words = _words(expected)
        if text.is_exact or words < SHORT_WORDS or _is_quoted(expected, text.sources):
            return
        self._every.add(plain == expected, expected, text.before)
        if words >= _LONG_WORDS:
            self._long.add(plain == expected, expected, text.before)

    def constants(self) -> Iterator[Constant]:
        """Yield the answer that too many prompts of the run got, or else those of its files."""
        whole = self._groups.get(_WHOLE, _Group()).constant(_WHOLE)
        if whole is not None:
            yield whole
            return
        for name, group in self._groups.items():
            constant = group.constant(name)
            if constant is not None:
                yield constant

    def echo(self) -> Echo | None:
        """Return how many answers are the expected texts; ``None`` if that may well be.

        A model may give short texts such as names to the letter. They count where the baseline
        shows that it used to give others.
        """
        if self._every.is_echo and self._every.is_new:
            return Echo(self._every.equal, self._every.texts)
        if self._long.is_echo:
            return Echo(self._long.equal, self._long.texts)
        return None


def _plain(text: str) -> str:
    return " ".join(text.split())


def _words(text: str) -> int:
    """Return the number of words of a text; 0 for a number, a date or data such as JSON."""
    if _NUMBER.match(text) or text[:1] in "{[<":
        return 0
    return len(text.split()) + wide_words(text)


def _is_quoted(text: str, sources: Iterable[str]) -> bool:
    """Return whether the text stands in what the model was given, so that it may quote it."""
    return any(text in _plain(source) for source in sources)
