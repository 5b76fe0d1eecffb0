r"""The formula of an answer: in ``\boxed{}``, between dollars, alone, or the last one in prose."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.algebra.symbols import FUNCTIONS, SIGNS, WORDS
from pytest_llmeval.metrics.boxes import Box, last_box, unsigned
from pytest_llmeval.metrics.numbers.layout import without_prefixes
from pytest_llmeval.metrics.numbers.notation import read_number
from pytest_llmeval.metrics.numbers.units import is_unit
from pytest_llmeval.metrics.numbers.words import SPACELESS, power_at
from pytest_llmeval.metrics.plain import TEXT_COMMANDS, plain_digits, without_markdown
from pytest_llmeval.metrics.scripts import normal_form

MAX_LENGTH = 2_000
"""Characters of a formula that is read."""
_SEGMENTS = 10_000
"""Formulas between dollars at the end of a text that are looked at."""
_NEAR = 60
"""Characters behind "the answer is" in which the answer begins."""
_NEXT_WORDS = re.compile(r"\s{0,3}((?:[^\W\d_]+(?:/[^\W\d_]+)?(?:[²³]|\^\{?[23]\}?)?[ -]?){1,3})")
_SIGN_OF_UNIT = re.compile(r"\s?(?:\\?%|\^\s?\{?\s?\\circ\s?\}?(?:\s?[CF](?![A-Za-z]))?|°[CF]?)")
"""A sign of a unit behind a formula."""
_BULLET = re.compile(r"\s*[-–] +[$€£¥₹]?\d[\d.,]*%?\s*")
"""A number behind a minus that may be the mark of a list."""
_ROOTS = re.compile(r"\d\s?[,;]\s?[-\u2212\u2013]\s?\d")
_SPAN = re.compile(r"\d\s?[-\u2212\u2013]\s?\d")
"""A list with a negative number: ``2,-2``."""
_DIFFERENCE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s?[-\u2212]\s?(\d{1,9}(?:\.\d{1,9})?)")
_WORD = re.compile(r"\S+")
_CONTEXT = 80
"""Characters around a formula in prose by which it is read."""
_TOKENS = 50_000
"""Words at the end of a text in which a formula is looked for."""

_DELIMITER = re.compile(r"\\\\|\\\$|\$\$|\$|\\\(|\\\)|\\\[|\\\]")
_CLOSING = {"\\(": "\\)", "\\[": "\\]", "$$": "$$", "$": "$"}
_BETWEEN = re.compile(r"\s{0,3}(?:,|;|and|or|,\s?and|,\s?or)\s{0,3}")
_ANSWER = re.compile(
    r"(?:\b(?:answer|result|Antwort|Ergebnis|respuesta|resultado|réponse|risposta|resposta|antwoord"
    r"|odpowiedź|ответ)\b|答案|答え|정답|उत्तर|الجواب|תשובה)[^\n.:：=]{0,40}?"
    r"(?:\b(?:is|are|be|ist|lautet|es|est|è|é)\b|[:：=是は为])",
    re.IGNORECASE,
)
_EMPHASIS_END = re.compile(r"^(?:\*\*|__)(?=\s)")
_OPERATORS = frozenset("+-−–*/×·÷=<>≤≥≠≈±^")
_RELATIONS = frozenset("=<>≤≥≠≈")
_TEXT_GROUP = re.compile(rf"\\(?:begin|end|{TEXT_COMMANDS})\s?\{{[^{{}}]*\}}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_SHAPE = re.compile(r"[\w.,'′^*/+\-−–×·÷=<>≤≥≠≈±()\[\]{}|!%°√∛π∞\\²³⁴⁵⁶⁷⁸⁹⁰¹⁻½⅓⅔¼¾∅$€£¥~…]+")
_HAS_OPERAND = re.compile(r"\d|[π∞√½⅓⅔¼¾∅ℝℕℤℚℂ]|(?<![^\W\d_])[A-Za-zα-ωΑ-Ω](?![^\W\d_])")
_QUOTES = "\"'“”‘’«»`"
_CONNECTIVES = ("or", "and")
_SMALL_WORDS = frozenset((
    "an", "as", "at", "be", "by", "do", "go", "he", "if", "is", "it", "me", "my", "no", "of", "on",
    "so", "to", "up", "us", "we",
))  # fmt: skip
"""Words of two letters that are no product of variables."""
_GREEK = "αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩϵϑϕµ"
_RAISED = str.maketrans(dict.fromkeys("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ₀₁₂₃₄₅₆₇₈₉", " "))
_GOES_ON = re.compile(r"\.\d+(?:\.\.\.|…)")
"""A decimal number that goes on: ``0.999...``."""
_WITH_UNIT = re.compile(r"([$€£¥₹+−-]*[\d.,]*\d)((?:[^\W\d_]{2,}|°[CF]?|µ\w)[²³]?)")
"""A number with letters behind it: ``5km``, ``42nd``."""
_IS_VALUE = re.compile(r"[\dπ∞√½⅓⅔¼¾=<>≤≥≠≈]")
_WORD_WITH_DIGITS = re.compile(r"(?<!\\)\b[^\W\d_]+\d")


@dataclass(frozen=True)
class Excerpt:
    """A formula as it stands in a text.

    Attributes:
        text: The formula.
        is_latex: Whether LaTeX marks it.
        following: The word behind it in prose, which may be its unit.
        before: The text before it in prose.
        behind: The text behind it in prose.
        is_boxed: Whether it stands in a box.
    """

    text: str
    is_latex: bool
    following: str = ""
    before: str = ""
    behind: str = ""
    is_boxed: bool = False

    @property
    def is_in_prose(self) -> bool:
        """Whether it stands within prose."""
        return bool(self.before.strip() or self.behind.strip())


@dataclass(frozen=True)
class _Segment:
    """A formula between marks, and where it stands with them."""

    start: int
    end: int
    content: str


def find_formula(text: str) -> Excerpt | None:
    r"""Find the formula of a text; ``None`` if it has none.

    That is the content of the last ``\boxed{}``, else the formula behind "the answer is", else the
    last one between dollars and the like, else the whole text if it is one, else the last
    expression in the prose.

    Raises:
        InputError: It is cut off, too long, or a date or the like.
    """
    box = last_box(text)
    if box is not None:
        return _of_box(unsigned(box))
    plain = plain_digits(normal_form(text))
    anchor = deque(_ANSWER.finditer(plain), maxlen=1)
    segments = list(_segments(plain))
    if anchor:
        excerpt = _behind(plain, anchor[0].end(), segments)
        if excerpt is not None:
            return _checked(excerpt)
    if segments:
        return _checked(_joined(plain, segments))
    plain = without_prefixes(without_markdown(plain))
    if _BULLET.fullmatch(plain):
        raise InputError(f"{plain.strip()!r} may be minus or an item of a list")
    if _is_formula(plain):
        return _checked(Excerpt(plain.strip(), "\\" in plain))
    return _last_in_prose(plain)


def _of_box(box: Box) -> Excerpt | None:
    """Return the formula in a box, with what stands around it.

    Raises:
        InputError: A sign before it makes it a part of the answer.
    """
    content, before, behind = (
        plain_digits(normal_form(text)) for text in (box.content, box.before, box.behind)
    )
    sign = _SIGN_OF_UNIT.match(behind)
    if sign is not None:
        content, behind = content + sign[0], behind[sign.end() :]
    is_number = re.fullmatch(r"\s*[-+\u2212$€£¥₹]*\s?\d[\d.,]*\s*", content) is not None
    if (box.has_sign and not is_number) or before.rstrip().endswith("≈"):
        raise InputError(f"what stands around the box of {content[:_NEAR]!r} is a part of it")
    following = _label_at(behind, 0)
    return _checked(Excerpt(content, True, following, before, behind, True))


def _label_at(text: str, position: int) -> str:
    """Return the unit or the power of ten behind a formula; empty without one."""
    match = _NEXT_WORDS.match(text, position)
    if match is None:
        return ""
    words = match[1].split(" ")
    for length in range(len(words), 0, -1):
        label = " ".join(words[:length]).strip()
        if label and (length == 1 or not is_label(words[0])) and is_label(label):
            return label
    return ""


def _checked(excerpt: Excerpt) -> Excerpt | None:
    """Return a formula without the punctuation behind it; refuse what cannot be one."""
    text = excerpt.text.strip()
    text = (text if _GOES_ON.search(text) else text.rstrip(".,;:。，、！؟।")).lstrip("=≈ ").strip()
    if _GOES_ON.search(text):
        raise InputError(f"{text[-_NEAR:]!r} goes on without an end")
    if len(text) > MAX_LENGTH:
        raise InputError(
            f"the formula has {len(text):,} characters; at most {MAX_LENGTH:,} are read"
        )
    if not excerpt.is_latex:
        kind = read_number(text, ".")
        if isinstance(kind, str) and kind not in ("", "a ratio") and not _is_calculated(text):
            raise InputError(f"{text!r} is {kind}, not mathematics")
    return replace(excerpt, text=text) if text else None


def _is_calculated(text: str) -> bool:
    """Return whether a text is a list of roots or a difference, and no range: ``5-3``."""
    match = _DIFFERENCE.fullmatch(text)
    if match is not None:
        return float(match[1]) > float(match[2])
    return _ROOTS.search(text) is not None and _SPAN.search(text) is None


def _segments(text: str) -> deque[_Segment]:
    """List the last formulas between marks."""
    segments: deque[_Segment] = deque(maxlen=_SEGMENTS)
    opened: re.Match[str] | None = None
    for match in _DELIMITER.finditer(text):
        is_end = opened is not None and match[0] == _CLOSING[opened[0]]
        if opened is not None and is_end and _closes(text, match, opened.end()):
            content = text[opened.end() : match.start()]
            segments.append(_Segment(opened.start(), match.end(), content))
            opened = None
        elif match[0] in _CLOSING and _opens(text, match):
            opened = match
    return segments


def _opens(text: str, match: re.Match[str]) -> bool:
    return match[0] != "$" or not text[match.end() : match.end() + 1].isspace()


def _closes(text: str, match: re.Match[str], start: int) -> bool:
    """Return whether a mark ends a formula; a dollar before a digit is money: ``$5 and $6``."""
    if match.start() == start:
        return False
    is_money = text[match.end() : match.end() + 1].isdigit()
    return match[0] != "$" or not (is_money or text[match.start() - 1].isspace())


def _joined(text: str, segments: Sequence[_Segment]) -> Excerpt:
    """Join the last formula with those before it: ``$1$ or $2$``."""
    whole = segments[-1].content
    for index in range(len(segments) - 1, 0, -1):
        earlier = segments[index - 1]
        between = text[earlier.end : segments[index].start]
        if len(whole) > MAX_LENGTH or not _BETWEEN.fullmatch(between):
            break
        whole = f"{earlier.content} {between.strip()} {whole}"
    following = _label_at(text, segments[-1].end)
    before = text[max(segments[0].start - _CONTEXT, 0) : segments[0].start]
    return Excerpt(
        whole, True, following, before, text[segments[-1].end : segments[-1].end + _CONTEXT]
    )


def is_label(word: str) -> bool:
    """Return whether a word is a unit or a power of ten."""
    power = power_at(word, 0, False)
    return is_unit(word) or (power is not None and power.end == len(word))


def _behind(text: str, position: int, segments: Sequence[_Segment]) -> Excerpt | None:
    """Find the formula right behind "the answer is"."""
    following = [row for row in segments if row.start >= position]
    if following and following[0].start <= position + _NEAR:
        length = 1
        while length < len(following) and _BETWEEN.fullmatch(
            text[following[length - 1].end : following[length].start]
        ):
            length += 1
        return _joined(text, following[:length])
    # Emphasis may end behind the colon: **Answer:** 5.
    line = _EMPHASIS_END.sub("", text[position : position + MAX_LENGTH].partition("\n")[0])
    plain = without_prefixes(without_markdown(line))
    if _is_formula(plain):
        return Excerpt(plain, "\\" in plain)
    runs = list(_runs(plain))
    return runs[0] if runs else None


def _is_formula(text: str) -> bool:
    """Return whether a text is only a formula."""
    bare = text.strip()
    if not bare or "\n" in bare or len(bare) > 2 * MAX_LENGTH:
        return False
    bare = _COMMAND.sub(" ", _TEXT_GROUP.sub(" ", bare)).rstrip(".,;").translate(_RAISED)
    if any(map(_is_foreign, bare)) or not all(map(_is_known, bare.split())):
        return False
    is_math = _HAS_OPERAND.search(bare) is not None or "\\" in text
    return is_math and _WORD_WITH_DIGITS.search(bare) is None


def _is_known(token: str) -> bool:
    """Return whether what stands between spaces can be a part of a formula."""
    words = [word for word in _LETTERS.findall(token) if len(word) > 1]
    if words == [token] and token.lower() in _SMALL_WORDS:
        return False
    if words == [token] and len(token) > 2:
        return token in _CONNECTIVES or token in WORDS or is_unit(token)
    return all(_is_known_within(word) for word in words)


def _is_known_within(word: str) -> bool:
    is_product = word.isascii() and len(word) == 2
    return word in WORDS or word[:-1] in FUNCTIONS or is_product or is_unit(word)


def _is_foreign(character: str) -> bool:
    """Return whether a character is a letter that formulas do not have."""
    is_letter = character.isalpha() and not character.isascii()
    return is_letter and character not in _GREEK and character not in SIGNS


def _last_in_prose(text: str) -> Excerpt | None:
    """Return the last expression that is no date or the like."""
    problem: InputError | None = None
    for excerpt in reversed(list(_runs(text))):
        try:
            return _checked(excerpt)
        except InputError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    return None


def _runs(text: str) -> Iterator[Excerpt]:
    """Yield the expressions in prose: operands with operators between them."""
    run = _Run(_spaceless().sub(r" \g<0> ", text))
    for match in deque(_WORD.finditer(run.text), maxlen=_TOKENS):
        token = match[0].strip(_QUOTES)
        bare = token if _GOES_ON.search(token) else token.rstrip(".,;:!?…")
        if bare.count("(") > bare.count(")"):
            bare = bare.lstrip("(")
        is_operator = bare != "" and all(character in _OPERATORS for character in bare)
        is_operand = not is_operator and _is_operand(bare)
        if run.tokens and not (is_operator or (is_operand and _goes_on(run.tokens[-1], bare))):
            yield from run.finished(bare)
        if is_operand or (is_operator and run.tokens):
            run.add(bare, match.start() + match[0].index(bare))
        if run.tokens and bare != token:
            yield from run.finished("")
    yield from run.finished("")


class _Run:
    """Operands with operators between them, in a prose text.

    Attributes:
        text: The text, with blanks around words of scripts that have none.
        tokens: The operands and operators.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        self._start = 0

    def add(self, token: str, position: int) -> None:
        """Add the next operand or operator."""
        if not self.tokens:
            self._start = position
        self.tokens.append(token)

    def finished(self, following: str) -> Iterator[Excerpt]:
        """Yield the formula of the run, which begins anew."""
        tokens, self.tokens = self.tokens, []
        for excerpt in _finished(tokens, following):
            end = self._start + len(excerpt.text)
            before = self.text[max(self._start - _CONTEXT, 0) : self._start]
            behind = self.text[end : end + _CONTEXT]
            yield replace(excerpt, before=before or " ", behind=behind)


def _goes_on(last: str, operand: str) -> bool:
    """Return whether an operand continues what stands before it."""
    is_mixed = last.isdigit() and re.fullmatch(r"\d+/\d+", operand) is not None
    is_grouped = re.fullmatch(r"\d{1,3}", last) and re.fullmatch(r"\d{3}", operand)
    return last[-1] in _OPERATORS or operand[0] in _RELATIONS or is_mixed or bool(is_grouped)


def _finished(run: list[str], following: str) -> Iterator[Excerpt]:
    """Yield the formula of a run, without operators and brackets that belong to the prose."""
    while run and all(character in _OPERATORS for character in run[-1]):
        run, following = run[:-1], ""
    text = " ".join(run)
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1]
    with_unit = _WITH_UNIT.fullmatch(text)
    if with_unit is not None:
        text, following = with_unit[1], with_unit[2]
    if _IS_VALUE.search(text) is not None:
        yield Excerpt(text, False, following)


def _is_operand(token: str) -> bool:
    """Return whether a word is a number, a variable or an expression without spaces."""
    if not token or _SHAPE.fullmatch(token) is None or _HAS_OPERAND.search(token) is None:
        return False
    if _WITH_UNIT.fullmatch(token) is not None:
        return True
    if _WORD_WITH_DIGITS.search(token) is not None:
        return False
    words = [word for word in _LETTERS.findall(token) if len(word) > 1]
    return all(word in WORDS or word[:-1] in FUNCTIONS for word in words)


@cache
def _spaceless() -> Any:
    import regex

    return regex.compile(f"[{SPACELESS}]+")
