"""Numbers in words next to digits, with which they are no whole number: ``one hundred 5``.

Such words are not read, so that a number next to them is only a part of what a text says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.numbers.units import Unit, unit_at
from pytest_llmeval.metrics.numbers.words import SPACELESS, read_data
from pytest_llmeval.metrics.scripts import normal_form

_LOOKED_AT = 64
"""Characters before and behind a number in which such words are looked for."""
_LONGEST = 40
"""Letters of a word that may be made of several numbers: ``fünfundzwanzig``."""
_DETERMINERS = frozenset((
    "this", "that", "each", "every", "no", "any", "which", "another", "the", "first", "last",
    "second", "only", "next", "other", "some", "everyone", "number", "version", "option",
))  # fmt: skip
"""Words before *one* and *half* that make them no number."""
_SHORTEST = 3
"""Letters of a word for a power of ten that is an abbreviation."""
_OTHERS = frozenset(("score", "gross", "gros", "kodi"))
"""Words for powers that often stand for something else."""
_MOST_BEHIND = 2
"""Words behind a number in words that a text states."""
_WEAK = frozenset(("one", "half"))
"""Words that often stand for something else than a number."""
_SIGNS = frozenset((
    "minus", "negative", "mínus", "miinus", "moins", "menos", "meno", "минус", "мінус", "eksi",
    "âm",
    "μείον", "سالب", "منفی", "מינוס", "माइनस", "ऋण", "মাইনাস",
))  # fmt: skip
_ABOUT = frozenset((
    "about", "around", "approximately", "roughly", "exactly", "only", "just", "nearly", "almost",
    "ungefähr", "etwa", "environ", "unos", "circa", "cerca", "около", "примерно",
))  # fmt: skip
_COMMON = frozenset((
    "no", "to", "on", "set", "pet", "bin", "fire", "hat", "hai", "ba", "ti", "et", "en", "tres",
))  # fmt: skip
"""Answers of one word that are hardly a number."""
_MARKS = " \t\n\"'“”„«»()[].,;:!?*_`。、！？「」（）"
_KOREAN = re.compile("[일이삼사오육칠팔구십백천만영]{1,12}")
_HAN = "一二三四五六七八九〇零十百千万萬亿億兆两兩"
_OPERATORS = (
    r"plus|minus|times|over|divided by|multiplied by|to the power of|mal|geteilt durch|fois"
    r"|moins|divisé par|por|menos|más|dividido por|per|meno|più|diviso|vezes|veces|volte|keer|razy"
    r"|умножить на|разделить на|плюс|минус|помножити на|в степени"
    r"|to|bis|à|до|hasta|a|até|tot|till|til|through|out of|of|in|sur|von|из|by|vs|versus|mod"
    r"|or|oder|ou|eller|oppure|lub|или|або"
)
"""Words of a calculation, a range or a choice between two numbers."""
_ARTICLE = frozenset(("a", "an", "eine", "einer", "une", "una", "uma", "een", "en", "et", "ett"))
"""Words before a unit that stand for one of it: *an hour and 30 minutes*."""


def check_spelled(text: str, start: int, end: int, unit: Unit) -> None:
    """Check that no number in words goes on in digits, or digits in words.

    Args:
        text: The text.
        start: Position of the number, or of its sign and currency.
        end: Position after its unit.
        unit: Its unit.

    Raises:
        InputError: One does: ``twenty 5``, ``5 twenty``, ``one point 5``, ``two hours 5 min``.
    """
    head = text[max(start - _LOOKED_AT, 0) : start]
    match = _word_before(
        head, text[end : end + _LOOKED_AT], _is_compound(text, start)
    ) or _unit_before(head, unit)
    if match is not None:
        raise _mixed(head[match.start("word") :] + text[start:end], match["word"])
    length = _length_behind(text, end, unit)
    if length:
        whole = text[start : end + length]
        raise _mixed(whole, whole.split()[-1])


def check_joined(text: str, position: int) -> None:
    """Check that no word for a number is joined with digits behind a position: ``twenty-5``.

    Raises:
        InputError: One is.
    """
    for match in _joined().finditer(text, position):
        if is_number_word(match["word"]):
            raise _mixed(match[0], match["word"])


def stated_number(text: str, position: int) -> str:
    """Return a number in words with which a text ends behind a position; empty without one.

    Only one that the text states counts, as in *the answer is forty* or a text of such words alone.
    """
    has_digits = position > 0
    if not has_digits:
        text = text.strip(_MARKS)
        if _is_alone(text):
            return text
    for match in _stated().finditer(text, position, overlapped=True):
        if _is_count(_token().findall(match["words"]), _MOST_BEHIND, has_digits):
            return str(match["words"]).strip()
    alone = _alone().match(text, position)
    if alone is None or (position and not alone["end"].strip(" *_")):
        return ""
    most_behind = 0 if has_digits else _MOST_BEHIND
    is_count = _is_count(_token().findall(alone["words"]), most_behind, has_digits)
    return str(alone["words"]).strip() if is_count else ""


def _is_alone(text: str) -> bool:
    """Return whether a text is a number in words as a whole: *one*, *uno*, 一百二十."""
    if _han_alone().fullmatch(text) or _KOREAN.fullmatch(text):
        return True
    word = text.casefold()
    return word in (_WEAK | _ones() | _doubtful()) - _COMMON


def _is_count(words: list[str], most_behind: int, has_digits: bool) -> bool:
    """Return whether words are a number and a few words behind it: *minus forty red apples*."""
    words = [word.casefold() for word in words]
    leading = _SIGNS if has_digits else _SIGNS | _ARTICLE | _ABOUT
    first = 0
    while first < len(words) and words[first] in leading:
        first += 1
    rest = words[first:]
    count = _number_length(rest)
    is_weak = count == 1 and rest[0] in _WEAK and not _SIGNS.intersection(words[:first])
    return count > 0 and not is_weak and len(rest) - count <= most_behind


def _number_length(words: list[str]) -> int:
    """Return how many words are a number: *five*, *one point five*, *two and a half*."""
    joints = _row(_data()["points"]) | _row(_data()["and"]) | _ARTICLE
    points = _row(_data()["points"])
    length = 0
    while length < len(words):
        word = words[length]
        following = words[length + 1] if length + 1 < len(words) else ""
        is_part = word in _ones() | _doubtful() and (
            following in points or (length > 0 and words[length - 1] in joints)
        )
        is_joint = length > 0 and word in joints and bool(following)
        if not (is_part or is_joint or is_number_word(word)):
            break
        length += 1
    while length and words[length - 1] in joints:
        length -= 1
    return length


def _mixed(whole: str, word: str) -> InputError:
    from pytest_llmeval.metrics.numbers.surroundings import quoted_run

    shown = quoted_run(" ".join(whole.split()))
    return InputError(
        f"{shown} cannot be read as one number: {word.strip('-.')!r} is a number in words."
    )


def _is_compound(text: str, start: int) -> bool:
    """Return whether a number is the first part of a word: *5-star*, *24-hour*."""
    return _compound().match(text, start) is not None


def _word_before(head: str, tail: str, is_compound: bool) -> Any:
    """Return the match of a word for a number right before digits; ``None`` without one."""
    match = _han_before().search(head) or _thai_before().search(head)
    if match is not None:
        return match
    match = _before().search(head)
    if match is None:
        return None
    word = str(match["word"])
    if match["point"]:
        is_part = word.isdecimal() or is_number_word(word) or word.casefold() in _ones()
        return match if is_part or word.casefold() in _doubtful() else None
    if not is_number_word(word):
        is_alone = _start().search(head, 0, match.start("word")) and _end().match(tail)
        is_next = not match["joint"].strip() and word.casefold() in _doubtful()
        return match if is_alone and is_next else None
    return None if _is_weak(word, match, head, is_compound) else match


def _is_weak(word: str, match: Any, head: str, is_compound: bool) -> bool:
    """Return whether *one* or *half* before digits is none of their number: *this one 5 times*."""
    if word.casefold() not in _WEAK:
        return False
    earlier = _last_word().search(head, 0, match.start("word"))
    is_named = earlier is not None and earlier["word"].casefold() in _DETERMINERS
    return is_named or is_compound or match["joint"].strip() not in ("", "-", ".", ",")


def _unit_before(head: str, unit: Unit) -> Any:
    """Return the match of a larger unit before a quantity: *two hours and 30 minutes*."""
    match = _before_unit().search(head) if unit.kind else None
    if match is None:
        return None
    word = str(match["word"])
    larger = unit_at(head, match.end("word"))
    is_larger = any(
        sense.kind == unit.kind and sense.factor > unit.factor for sense in larger.all_senses()
    )
    is_counted = is_number_word(word) or word.casefold() in _ARTICLE
    return match if is_larger and is_counted and larger.end >= match.end("unit") else None


def _length_behind(text: str, end: int, unit: Unit) -> int:
    """Return how many characters behind digits belong to them as words; 0 without any."""
    tail = text[end : end + _LOOKED_AT]
    match = _han_behind().match(tail)
    if match is not None:
        return int(match.end())
    match = _behind().match(tail)
    if match is None:
        return 0
    word = match["word"]
    is_number = is_number_word(word) or (bool(match["point"]) and word.casefold() in _doubtful())
    compound = _token().match(tail, match.end() + 1) if tail[match.end() :][:1] == "-" else None
    if not is_number or (compound is not None and not is_number_word(compound[0])):
        return 0
    joint = match["joint"].strip()
    if word.casefold() in _WEAK and joint != "-" and not match["point"]:
        return 0
    return int(match.end()) if _goes_on(text, end, tail, match, unit) else 0


def _goes_on(text: str, end: int, tail: str, match: Any, unit: Unit) -> bool:
    """Return whether a number in words behind a unit is a part of the quantity."""
    if not unit.kind or unit.end < end or match["operator"]:
        return True
    following = unit_at(tail, match.end())
    if following.kind:
        return any(sense.kind == unit.kind for sense in following.all_senses())
    return _end().match(tail, match.end()) is not None


def is_number_word(word: str) -> bool:
    """Return whether a word is a number in words, and in no language something else."""
    plain = word.casefold()
    if plain in _doubtful():
        return False
    if plain in _all_words():
        return True
    stem = plain.removesuffix("einhalb")
    if len(plain) <= _LONGEST and stem != plain and (stem in _ones() or is_number_word(stem)):
        return True
    if _thai_before().search(word) is not None:
        return True
    return 2 < len(plain) <= _LONGEST and any(
        _is_made_of(plain, words, joints) for words, joints in _compounds()
    )


def _is_made_of(word: str, words: frozenset[str], joints: frozenset[str]) -> bool:
    """Return whether a word is a row of numbers: ``fünfundzwanzig``, ``ventidue``."""
    reached = {0: False}
    for start in range(len(word)):
        if start not in reached:
            continue
        for end in range(start + 1, len(word) + 1):
            part = word[start:end]
            if part in words:
                reached[end] = True
            elif part in joints:
                reached[end] = reached.get(end, False) or reached[start]
    return reached.get(len(word), False)


@cache
def _data() -> Mapping[str, Any]:
    data: Mapping[str, Any] = read_data("spelled.json")
    return data


def _row(text: str) -> frozenset[str]:
    return frozenset(normal_form(text).casefold().split())


@cache
def _all_words() -> frozenset[str]:
    words = _row(_data()["halves"])
    for row in _data()["words"].values():
        words |= _row(row)
    powers = (word for row in read_data("powers.json").values() for word in row)
    longer = (word for word in powers if len(word) > _SHORTEST or not word.isascii())
    return (words | _row(" ".join(longer))) - _OTHERS


@cache
def _doubtful() -> frozenset[str]:
    return _row(_data()["doubtful"])


@cache
def _ones() -> frozenset[str]:
    return _row(_data()["ones"])


@cache
def _compounds() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    words = _data()["words"]
    return tuple((_row(words[name]), _row(row)) for name, row in _data()["joined"].items())


def _alternatives(name: str) -> str:
    return "|".join(sorted(_row(_data()[name]), key=len, reverse=True))


@cache
def _before() -> Any:
    """Compile the pattern of a word before digits, and of what joins it with them."""
    import regex

    joint = rf"(?P<point>\s(?:{_alternatives('points')})\s)|[ \t\u00a0]{{1,3}}|[-\u2011.,]"
    joint += rf"|\s(?:{_alternatives('and')})\s|\s(?:{_OPERATORS})\s|\sو"
    joint += r"|\s?[-+*/×·÷\u2212]\s?"
    return regex.compile(
        rf"(?i)(?<![\p{{L}}\p{{M}}\p{{N}}])(?P<word>[\p{{L}}\p{{M}}'’]++|\p{{N}}++)(?P<joint>{joint})$"
    )


@cache
def _behind() -> Any:
    """Compile the pattern of a word behind digits, and of what joins it with them."""
    import regex

    joint = rf"(?P<point>\s(?:{_alternatives('points')})\s)|,?\s(?:{_alternatives('and')})\s"
    joint += rf"|(?P<operator>\s(?:{_OPERATORS})\s|\s?[-+*/×·÷\u2212]\s?)"
    joint += r"|\sو(?=\p{L})|[ \t\u00a0]{1,3}|[-\u2011]"
    return regex.compile(
        rf"(?i)(?P<joint>{joint})(?:an? )?"
        r"(?P<word>[\p{L}\p{M}'’]*[\p{L}\p{M}])(?![\p{L}\p{M}])"
    )


@cache
def _before_unit() -> Any:
    """Compile the pattern of a counted unit in words before a quantity."""
    import regex

    return regex.compile(
        rf"(?i)(?<![\p{{L}}\p{{M}}])(?P<word>[\p{{L}}\p{{M}}]++)[ -](?P<unit>[\p{{L}}\p{{M}}]++)"
        rf"(?:,?\s(?:{_alternatives('and')})|,)?\s$"
    )


@cache
def _compound() -> Any:
    import regex

    return regex.compile(r"[^\p{L}\p{N}]{0,4}\p{N}[\p{N}.,]*[-\u2010\u2011]\p{L}")


@cache
def _joined() -> Any:
    import regex

    return regex.compile(
        r"(?<![\p{L}\p{M}\p{N}])(?P<word>[\p{L}\p{M}]{2,40}+)(?:[-\u2011.,]|\sو)?\d[\d.,]*"
    )


_LAST_WORDS = r"(?P<words>(?:[\p{L}\p{M}'’]{1,40}+[ -]?){1,6}+)[*_.!)\s]{0,8}$"


@cache
def _stated() -> Any:
    """Compile the pattern of the last words of a text, with a verb that states them."""
    import regex

    says = r"is|are|was|were|equals|makes|gives|gets?|got|have|has|ist|sind|macht|ergibt|est|sont"
    says += r"|fait|es|son|è|é|são|jest|to|равно|это|είναι|है|हैं|adalah|là|on|är|er"
    return regex.compile(
        rf"(?i)(?:(?<![\p{{L}}\p{{M}}])(?<!(?:which|that|what)\s)(?:{says})\s|[=:：]\s?|\s—\s)"
        rf"{_LAST_WORDS}"
    )


@cache
def _alone() -> Any:
    import regex

    return regex.compile(rf"(?P<end>[\s.!?*_]*){_LAST_WORDS}")


@cache
def _token() -> Any:
    import regex

    return regex.compile(r"[\p{L}\p{M}'’]++")


@cache
def _last_word() -> Any:
    import regex

    return regex.compile(r"(?P<word>[\p{L}\p{M}]++)\s$")


@cache
def _start() -> Any:
    import regex

    return regex.compile(r"(?:^|[\n:=.!?])\s*$")


@cache
def _end() -> Any:
    import regex

    return regex.compile(r"\s*(?:$|[.,;:!?)\]\n])")


@cache
def _thai_before() -> Any:
    """Compile the pattern of a number in Thai, before which no space stands."""
    import regex

    words = "|".join(_row(_data()["words"]["Thai"]))
    return regex.compile(rf"(?<!ที่)(?P<word>{words})\s?$")


@cache
def _han_before() -> Any:
    """Compile the pattern of a number in Chinese signs before digits: 一5 may be 15."""
    import regex

    return regex.compile(rf"(?<![周週期拜第统唯之{_HAN}])(?P<word>[{_HAN}]++)[点點]?\s{{0,2}}$")


@cache
def _han_alone() -> Any:
    """Compile the pattern of a number in Chinese signs that a text is or states."""
    import regex

    counters = "个個元岁歲人年天次只张張米克度倍块塊円名枚回本つ"
    return regex.compile(
        rf"(?:[^\n]{{0,80}}?[是为為は:：=])?\s?(?:[负負]|マイナス)?(?:百分之|千分之)?[{_HAN}]{{1,20}}+"
        rf"(?:[点點・][{_HAN}]{{1,20}}+|分之[{_HAN}]{{1,20}}+|半)?[{counters}]?(?:です|だ)?"
    )


@cache
def _han_behind() -> Any:
    import regex

    return regex.compile(
        rf"\s{{0,2}}[点點]?[{_HAN.replace('一', '')}](?![{SPACELESS}--[{_HAN}]])", regex.V1
    )
