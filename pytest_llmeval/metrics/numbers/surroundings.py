"""What stands around a number: its sign and its currency, or what makes it no whole number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.numbers.notation import MINUSES
from pytest_llmeval.metrics.numbers.units import Unit, currency_before, unit_named
from pytest_llmeval.metrics.numbers.words import SPACELESS

_LOOKED_BACK = 48
"""Characters before a number that are looked at."""
_SHOWN = 40
"""Characters of a run in a message."""
_DIGITS_OF_A_YEAR = 4


def sign_and_currency(text: str, start: int) -> tuple[int, str, int]:
    """Read sign and currency before a number, and return the position where they start."""
    head = text[max(start - _LOOKED_BACK, 0) : start]
    length = len(head)
    sign, currency = 1, ""
    for _ in range(2):
        if head.endswith((*MINUSES, "+")) and not _ends_operand(head[:-1]):
            sign = -sign if head[-1] in MINUSES else sign
            head = head[:-1]
        symbol = "" if currency else currency_before(head)
        if symbol:
            currency = symbol
            head = head.rstrip().removesuffix(symbol)
    word = _minus_word().search(head)
    if word is not None:
        return -sign, currency, start - (length - word.start())
    bare = head.rstrip()
    if bare != head and bare.endswith(tuple(MINUSES)) and _is_alone(bare[:-1].rstrip(" \t")):
        if not _bullet().search(head):
            sign, head = -sign, bare[:-1]
        elif not text[: start - (length - len(bare)) - 1].strip():
            raise InputError(f"{quoted_run(text[:_SHOWN])} may be minus or an item of a list.")
    return sign, currency, start - (length - len(head))


_NOT_EQUAL = (
    r"(?:be|equal|equals|equal to|is|are|exactly|really|actually|genau|gleich|exactement"
    r"|exactamente|ровно|равно) "
)
_NEGATION_WORDS = (
    r"\p{L}+n['’]t|not|no longer|never|cannot|neither|nor|anything but|other than|rather than"
    r"|instead of|except|nicht|niemals|statt|jamais|(?:n['’]|ne )\p{L}+ pas|no (?:es|son|era)|nunca"
    r"|en lugar de|non (?:è|sono|era)|não (?:é|são|era)|em vez de|niet|nooit|nie(?: jest| są)?"
    r"|zamiast|не|ни|вместо|ليس|ليست|غير|לא|אינו|δεν είναι|όχι|không phải(?: là)?|bukan|ei ole"
    r"|inte|ikke|není|nem|nu (?:este|e)|değil"
)
_NEGATIONS = (
    rf"(?<!\p{{L}})(?:{_NEGATION_WORDS})\s(?:{_NOT_EQUAL})?$"
    r"|(?:不是|不等于|不為|不为|并非|而非|非|絶対に|아니라|ไม่ใช่)\s?$"
)
"""Words before a number that say that it is not meant."""
_WRONG = (
    r"\s(?:is|are|was|were|would be|ist|wäre|est|es|è|é|jest|είναι|это|är|er)\s(?:wrong|incorrect"
    r"|false|not (?:right|correct|true|the answer)|falsch|unrichtig|inkorrekt|faux|fausse"
    r"|incorrecte?|incorrect[oa]|fals[oa]|sbagliat[oa]|errad[oa]|fout|onjuist|błędn\p{L}+|λάθος"
    r"|fel|feil|forkert)(?!\p{L})"
    r"|\s(?:неверно|неправильно|गलत|ग़लत|خطأ|שגוי|yanlış|salah|sai)(?![\p{L}\p{M}])"
    r"|\s{0,2}(?:是?[错錯]|[はが]?間違|[はが]?誤|[은는이가]?\s?틀[렸린]|ผิด)"
)
"""Words behind a number that say that it is not right."""
_NEGATIONS_BEHIND = (
    r"\s?\p{Lo}{0,2}?(?:では?ない|じゃない|では?ありません|[이가]\s?아니|[이가]\s?아닙)"
    r"|\s(?:नहीं|değil|নয়|نہیں|نیست)(?![\p{L}\p{M}])"
)
"""Words behind a number that say the same."""


@dataclass(frozen=True)
class Loss:
    """A negative amount in the notation of accounting: ``$(1,000)``, ``Loss: (42)``.

    Attributes:
        start: Position of the bracket, or of the currency before it.
        end: Position after the bracket.
        currency: The currency before the bracket; empty without one.
    """

    start: int
    end: int
    currency: str


def loss_at(text: str, start: int, end: int, has_currency: bool) -> Loss | None:
    """Return the loss that brackets make of an amount; ``None`` if they don't.

    They do so behind a sign of a currency or a word for a loss, and around an amount of money
    that stands alone on its line or behind a colon. Brackets in prose do not.

    Args:
        text: The text.
        start: Position of the number, or of the currency before it.
        end: Position after the number.
        has_currency: Whether a currency stands within the brackets.
    """
    if text[max(start - 1, 0) : start] != "(" or text[end : end + 1] != ")":
        return None
    head = text[max(start - 1 - _LOOKED_BACK, 0) : start - 1]
    symbol = currency_before(head)
    bare = head.rstrip().removesuffix(symbol) if symbol else head
    is_labelled = has_currency and _label().search(head) is not None
    if not symbol and not is_labelled and _loss_word().search(head) is None:
        return None
    if bare.rstrip().endswith(tuple(MINUSES)):
        return None
    return Loss(start - 1 - (len(head) - len(bare)), end + 1, symbol)


def _ends_operand(head: str) -> bool:
    """Return whether a minus after this is a subtraction or a hyphen."""
    return head[-1:].isalnum() or head[-1:] in (")", "]", "}", "%", "°")


def _is_alone(head: str) -> bool:
    """Return whether a minus with a space behind it, after this, is a sign."""
    return head == "" or head[-1] in "=:(,[{<>≤≥≈~\n"


def check_ends(text: str, start: int, end: int) -> None:
    """Check that the number is no part of a word, a range or a calculation: ``5x``, ``x + 5``.

    Raises:
        InputError: It is.
    """
    first = max(start - _LOOKED_BACK, 0)
    head = _head().search(text[first:start])
    tail = _tail().match(text, end)
    is_loss = _in_brackets(text, start, end) or _in_bars(text, start, end)
    is_year = head is not None and _year_with_article().search(text[first:start]) is not None
    if is_year and not (text[start:end].isdecimal() and end - start == _DIGITS_OF_A_YEAR):
        head = None
    is_mixed = _mixed().search(text[first : min(end, start + _LOOKED_BACK)]) is not None
    if head is not None or tail is not None or is_loss or is_mixed:
        begin = first + head.start() if head else start - is_loss
        whole = text[begin : tail.end() if tail else end + is_loss]
        raise InputError(f"{quoted_run(whole)} cannot be read as one number.")


def check_money(text: str, start: int, unit: Unit) -> None:
    """Check that no amount with a sign before it goes on in cents: ``$5 and 20 cents``.

    Raises:
        InputError: One does.
    """
    head = text[max(start - _LOOKED_BACK, 0) : start]
    match = _amount().search(head)
    if match is not None and unit.kind != unit_named(match[0][0]).kind:
        return
    if match is not None and unit.factor < unit_named(match[0][0]).factor:
        raise InputError(f"{quoted_run(match[0])} and what follows are not one quantity.")


@cache
def _amount() -> Any:
    """Compile the pattern of an amount with a sign before another one."""
    import regex

    return regex.compile(r"\p{Sc}\s?\d[\d.,]*,?\s(?:(?:and|und|et|y|e|и)\s)?$")


def _in_brackets(text: str, start: int, end: int) -> bool:
    """Return whether brackets stand around an amount, which may make it a loss: ``(1,234)``."""
    before = text[:start].rstrip()[-1:] if start < _LOOKED_BACK else text[start - 1]
    money = text[start:end]
    if before != "(" or text[end : end + 1] != ")" or money[-1:].isalpha():
        return False
    is_money = _of_money().search(money) or currency_before(text[max(start - 5, 0) : start - 1])
    head = text[max(start - _LOOKED_BACK, 0) : start - 1]
    is_share = _of_share().search(money) is not None and _label().search(head) is not None
    return bool(is_money) or is_share


def _in_bars(text: str, start: int, end: int) -> bool:
    """Return whether bars make a number an absolute value; those of a table do not."""
    if text[start - 1 : start] != "|" or text[end : end + 1] != "|":
        return False
    line = text[text.rfind("\n", 0, start) + 1 : start - 1]
    return "|" not in line and "|" not in text[end + 1 :].partition("\n")[0]


def quoted_run(run: str) -> str:
    """Return a run of characters for a message."""
    shown = run.strip()
    return repr(shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…")


@cache
def _mixed() -> Any:
    """Compile the pattern of a mixed number in words: ``2 and 1/2``."""
    import regex

    return regex.compile(r"\p{N} (?:and|und|et|y|e|и) \d+\s?[/\u2044]\s?\d+[^\n]*$")


@cache
def _of_money() -> Any:
    import regex

    return regex.compile(r"\d,\d|\p{Sc}")


@cache
def _of_share() -> Any:
    import regex

    return regex.compile(r"[.%]")


@cache
def _bullet() -> Any:
    """Compile the pattern of a mark of a list at the start of a line."""
    import regex

    return regex.compile(r"(?:^|\n)[ \t]*[-\u2013][ \t]+$")


@cache
def _year_with_article() -> Any:
    """Compile the pattern of a year before *a*: ``In 2023 a 5% rise``."""
    import regex

    return regex.compile(r"(?<!\d)(?:19|20)\d\d a $")


@cache
def _label() -> Any:
    """Compile the pattern of what stands before an amount that has its line for itself."""
    import regex

    return regex.compile(r"(?:^|[\n:=|])\s*$")


@cache
def _loss_word() -> Any:
    """Compile the pattern of a word for a loss right before a bracket."""
    import regex

    spaced = (
        "loss|losses|deficit|shortfall|verlust|verluste|fehlbetrag|defizit|perte|pertes|déficit"
        "|pérdida|pérdidas|perdita|perdite|disavanzo|prejuízo|perda|perdas|verlies|strata|straty"
        "|убыток|убытки|дефицит|збиток|घाटा|हानि|(?:ال)?خسارة|(?:ال)?عجز|زیان|הפסד|ζημία|ζημιά|zarar|lỗ"
        "|rugi|förlust|tab|tap|ztráta"
    )
    joined = "亏损|虧損|损失|損失|赤字|손실|적자|ขาดทุน"
    link = r"(?:[)\]]?\s?(?:[:=|]|of|is|was|were|von|ist|war|de|est|es|di|è|é|на|为|は|を))?\s*"
    return regex.compile(rf"(?i)(?:(?<![\p{{L}}\p{{M}}])(?:{spaced})|(?:{joined})){link}$")


@cache
def _minus_word() -> Any:
    """Compile the pattern of a word for minus before a number that is not subtracted."""
    import regex

    spaced = (
        "minus|mínus|miinus|μείον|negative|moins|menos|meno|минус|мінус|ujemn\\p{L}+|eksi|âm|سالب|ناقص|منفی|מינוס"
        "|माइनस|ऋण|মাইনাস"
    )
    joined = "负|負|零下|マイナス|마이너스|영하|ลบ|ติดลบ"
    return regex.compile(
        rf"(?i)(?<![\p{{N}})\]}}%°]\s?)(?:(?<![\p{{L}}\p{{M}}])(?:{spaced})\s|(?:{joined})\s?)$"
    )


@cache
def _head() -> Any:
    """Compile the pattern of what stands before a number and goes on in it."""
    import regex

    letter = r"(?<!\p{L})\p{L}"
    operand = rf"(?:[\p{{N}})\]}}%]\s?[-+*×·÷/±\u2212\u2013\u2014]|[+]/-|{letter}\s?[+*×·÷/±])\s?$"
    sign = r"(?:[⁻√∛≠➖➕˗∓±]|\+/?-|!=|<>)\s?$|[-\u2212]\s?\(\s?$|\p{N}\s?[月월]\s?$"
    sign += r"|(?<![\p{L}\p{N}])(?:[\u2014\u2015]|--)$|[\u2212-]{2}$"
    sign += r"|\p{N}\s?[\u2032\u2033'’\"]\s$|\p{N}\s:\s?$"
    copula = (
        r"(?:is|are|was|be|equals|equal to|ist|sind|est|es|son|é|è|jest|равно|равен|—|це|είναι|היא)"
    )
    distant = rf"(?<!\p{{L}}){copula}[^\S\n]+[-\u2212\u2013]\s*$|[是为為はが는은]\s*[-\u2212]\s+$"
    call = r"(?<!\p{L})(?:sqrt|log|ln|sin|cos|tan|exp|abs|\\\p{L}+)\s?[({]?\s?$"
    unit = r"(?:\s?[%°$€£¥]|\s?\p{L}{1,12})?"
    words = (
        r"to|bis|à|a|до|hasta|até|tot|till|til|through|thru|do|out of|of|in|sur|von|из"
        r"|to the power of|raised to|hoch|puissance|elevado a|elevato a|в степени"
        r"|plus|minus|times|over|divided by|multiplied by|mal|fois|por|mod|plus or minus|por cada"
        r"|per|x|by|vs|versus|remainder|rem|rest|reste|r|к|إلى|تا|से|ते|देखि|থেকে|થી|ਤੋਂ|முதல்|నుండి|سے|ila|hingga|sampai|đến|ถึง"
    )
    between = rf"\p{{N}}[%°]?\s(?:{words})\s[$€£¥]?$"
    quantity = rf"\p{{N}}{unit}\s(?:to|bis|до|hasta|até|tot|through)\s[$€£¥]?$"
    spaceless = (
        rf"\p{{N}}{unit}\s?(?:至|到|から|乃至|에서|부터|ถึง|比|分之|分の|분의|[~～〜∼…]|\.\.\.?)\s?$"
    )
    spaceless += r"|(?:分之|分の|분의)\s?$"
    pair = r"(?<!\p{L})(?:between|zwischen|entre|между|tra|fra)\s\S{1,20}\s(?:\S{1,12}\s)?"
    pair += r"\p{L}{1,3}\s$"
    part = r"(?:half|third|quarter|hälfte|moitié|mitad|percent|per cent|prozent|pour cent"
    part += r"|por ciento|por cento|per cento|%) (?:of|von|de|der) $"
    part += r"|процент\p{L}* от $|\p{N} to the $|\p{N}[ \t]{1,3}$"
    part += rf"|\p{{N}}{unit}\s?(?:[×*]|\s(?:x|by|mal|par|por|per|на))\s?$"
    part += r"|\p{N}\s{1,2}(?:or|oder|ou|o|eller|lub|или|або|या|أو|או|หรือ|atau|veya|hoặc"
    part += r"|\\lor|\\land|\\vee|\\wedge)\s{1,2}(?:\p{L}\s?=\s?)?[$€£¥]?$"
    part += r"|\p{N}\s?(?:或|还是|または|か|또는)\s?$"
    part += r"|[(\[{][^()\[\]{}]{0,30}(?:\p{N}|∞|infty)\s?[,;]\s?$"
    part += r"|(?:wrong|incorrect|false|mistaken) to (?:say|answer|claim|think) $"
    part += r"|(?:n['’]t|not|never) (?:think|believe|say) (?:that )?(?:it|this|that|the answer)"
    part += r"(?:['’]s| is| equals| was| would be) $"
    part += r"|(?:root|square|cube|log|logarithm|factorial|reciprocal|inverse|absolute value) of $"
    part += r"|(?<!\p{L})(?:wurzel (?:aus|von)|racine(?: carrée)? de|raíz(?: cuadrada)? de) $"
    part += r"|корень из $|(?<!\p{L})(?:twice|thrice|double|triple|doppelt|dreimal)\s$"
    # Digits of two systems: 一5 may be 15.
    part += r"|\p{N};$"
    part += r"|(?<![周週期拜第统唯之])[一二三四五六七八九〇零十百千万萬亿億兆两兩]$"
    return regex.compile(
        rf"(?i){operand}|{sign}|{_NEGATIONS}|{distant}|{call}|{between}|{quantity}|{spaceless}|{pair}|{part}"
    )


@cache
def _tail() -> Any:
    """Compile the pattern of what goes on behind a number, so that it was not read as a whole."""
    import regex

    ordinal = (
        r"(?:st|nd|rd|th|er|ère|re|e|è|ème|eme|de|ste|й|я|е|го|ая|ый|s|º|ª)(?![\p{L}\p{M}\p{N}])"
    )
    letters = rf"(?!{ordinal})[[\p{{L}}\p{{M}}_]--[{SPACELESS}]][\p{{L}}\p{{M}}\p{{N}}_]*+"
    raised = r"[)\]}]?\s?\^\s?[{(]?[-\u2212\p{L}\p{N}]|[)\]}]?[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]|[)\]}]\s?\*\*"
    counted = r"\s?/\s?(?![smhlgLdS]\b)\p{L}\b|\s?/\s?(?:\p{L}{2}|\()|\s?\p{L}{1,6}[²³⁻]"
    calculated = r"\s?[+*×·÷±⋅]\s?(?:\p{N}|\p{L}(?!\p{L}))|\s?\+/-|[·⋅*×]\p{L}"
    # An index of a base, a power without digits, a list without blanks, and tenths in Chinese.
    raised += r"|[\u2080-\u2089]|e[-\u2212+]|;\p{N}|\s?(?:[折割]|成(?![功立为員员]))"
    minus = r"[-\u2212](?![\p{L}\p{N}-])"
    below = r"\s?(?:degrees? |°C? ?|grad )?(?:below|under|unter|sous|bajo|ниже|sotto|abaixo) "
    below += r"(?:zero|freezing|null|zéro|cero|нуля)|\s?(?:degrees? )?of frost"
    raised += r"|\s(?:squared|cubed|factorial|au carré|au cube|al cuadrado|al cubo|al quadrato"
    raised += r"|ao quadrado|ao cubo|в квадрате|в кубе)(?!\p{L})|\s?의 제곱|の[2二]乗|的平方"
    raised += r"|\sbaker['\u2019]?s dozen|[一二三四五六七八九〇零]"
    parts = r"\s(?:and|et|und|y) (?:an? |one |ein |un )?"
    parts += r"(?:half|quarter|third|halb|demie?|media|medio)\b"
    parts += r"|\s(?:halves|quarters|thirds|(?:fif|six|seven|eigh|nin|ten|hundred|thousand)ths"
    parts += r"|halbe|Drittel|Viertel|Fünftel|Achtel|Zehntel|tiers|cinquièmes|tercios|terzi|terços"
    parts += r"|трети|четверти|четвертых)(?![\p{L}\p{M}])|\s?半|\s?과 반"
    parts += r"|\s(?:doubled|tripled|halved|tens|negative)(?!\p{L})"
    parts += rf"|['\"”»]?(?:{_WRONG})"
    range_ = r"\s(?:to|bis|до|hasta|à|through) [$€£¥]?\p{N}"
    range_ += r"|\s?(?:\+/-|±|[~～〜∼至到]\s?\p{N}|\.\.\.?\p{N})"
    return regex.compile(
        rf"(?V1){letters}|{_NEGATIONS_BEHIND}|{raised}|{counted}|[_\\]\p{{L}}|{calculated}|{minus}|{below}|{parts}"
        rf"|{range_}"
    )
