"""Dates with the name of a month, whose day and year are no numbers: ``5 January 2024``."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_LOOKED_AT = 40
"""Characters before and behind a number in which a month is looked for."""
_LAST_DAY = 31
_DIGITS_OF_A_YEAR = 4
_CAPITAL = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|JANUARY|FEBRUARY|MARCH|APRIL|MAY|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Januar|Jänner|Februar|März|Mai|Juni|Juli"
    "|Oktober|Dezember|Okt|Dez"
)
"""Months that are written with a capital letter, without which *may* and *march* are words."""
_SMALL = (
    "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
    "|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    "|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre"
    "|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro"
    "|januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december"
    "|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada"
    "|grudnia|января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"
    "|січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня"
    "|ledna|února|března|dubna|května|června|července|srpna|září|října|listopadu|prosince"
    "|januar|februar|marts|maj|august|desember|augusti|ocak|şubat|mart|nisan|mayıs|haziran|temmuz"
    "|ağustos|eylül|ekim|kasım|aralık|maret|agustus|desember|februari"
    "|ιανουαρίου|φεβρουαρίου|μαρτίου|απριλίου|μαΐου|ιουνίου|ιουλίου|αυγούστου|σεπτεμβρίου"
    "|οκτωβρίου|νοεμβρίου|δεκεμβρίου|जनवरी|फ़रवरी|फरवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|सितम्बर"
    "|अक्टूबर|नवंबर|नवम्बर|दिसंबर|दिसम्बर|জানুয়ারি|ফেব্রুয়ারি|মার্চ|এপ্রিল|মে|জুন|জুলাই|আগস্ট|সেপ্টেম্বর"
    "|অক্টোবর|নভেম্বর|ডিসেম্বর|يناير|فبراير|مارس|أبريل|إبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر"
    "|نوفمبر|ديسمبر|ژانویه|فوریه|آوریل|ژوئن|ژوئیه|اوت|سپتامبر|اکتبر|نوامبر|دسامبر"
    "|ב?ינואר|ב?פברואר|ב?מרץ|ב?אפריל|ב?מאי|ב?יוני|ב?יולי|ב?אוגוסט|ב?ספטמבר|ב?אוקטובר|ב?נובמבר|ב?דצמבר"
    "|มกราคม|กุมภาพันธ์|มีนาคม|เมษายน|พฤษภาคม|มิถุนายน|กรกฎาคม|สิงหาคม|กันยายน|ตุลาคม|พฤศจิกายน|ธันวาคม"
)
"""Months of languages that write them with a small letter, or have no small letters."""


def is_in_date(text: str, start: int, end: int) -> bool:
    """Return whether a number is the day or the year of a date with the name of a month.

    Args:
        text: The text.
        start: Position of the number.
        end: Position after it.
    """
    digits = text[start:end].strip()
    if not digits.isdecimal() or len(digits) > _DIGITS_OF_A_YEAR:
        return False
    head = text[max(start - _LOOKED_AT, 0) : start]
    tail = text[end : end + _LOOKED_AT]
    if len(digits) == _DIGITS_OF_A_YEAR:
        return bool(_month_before_year().search(head) or _month_behind_year().match(tail))
    if not 1 <= int(digits) <= _LAST_DAY:
        return False
    if _month_behind_day().match(tail) or _numbered_month().search(head):
        return True
    match = _month_before_day().search(head)
    return match is not None and bool(match["on"] or _end_of_day().match(tail))


def _month() -> str:
    from pytest_llmeval.metrics.scripts import normal_form

    # In the form in which texts are read.
    small = normal_form(_SMALL)
    # Mars with a capital letter is a planet.
    others = rf"(?i:(?!mars|mai\b|mei)(?:{small}))|mars|mai|mei"
    return rf"(?<![\p{{L}}\p{{M}}])(?:{_CAPITAL}|{others})(?![\p{{L}}\p{{M}}])\.?"


_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|e|\.)?"


@cache
def _month_before_year() -> Any:
    import regex

    between = rf"(?:\s?\d{{1,2}}{_ORDINAL})?,?\s(?:de |del |of |năm )?"
    return regex.compile(rf"(?:{_month()}{between}|tháng \d{{1,2}},? năm )$")


@cache
def _month_behind_year() -> Any:
    import regex

    return regex.compile(rf",?\s{_month()}")


@cache
def _month_behind_day() -> Any:
    import regex

    return regex.compile(rf"{_ORDINAL}(?:\s(?:of |de |d['’]|di )?|-)?(?:{_month()}|tháng \d)")


@cache
def _month_before_day() -> Any:
    import regex

    return regex.compile(rf"(?P<on>\b(?:on|On|since|until|by)\s)?{_month()}\s(?:the )?$")


@cache
def _numbered_month() -> re.Pattern[str]:
    return re.compile(r"\d tháng $")


@cache
def _end_of_day() -> re.Pattern[str]:
    """Compile the pattern of what stands behind the day of a date, and not behind a count."""
    return re.compile(r"(?:st|nd|rd|th)\b|,?\s\d{4}\b|\s?(?:$|[.,;:!?)\]\n])")
