"""The unit behind a number: a name, a power of it, a product, and what it is counted by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from pytest_llmeval.metrics.numbers.words import LONGEST, SPACELESS, read_data

Sense = tuple[str, Fraction, Fraction]
"""Kind, factor and offset of a unit."""
_Dimensions = Mapping[str, int]

_MADE_OF: Mapping[str, tuple[_Dimensions, Fraction]] = {
    "area": ({"length": 2}, Fraction(1)),
    "volume": ({"length": 3}, Fraction(1, 1000)),
    "speed": ({"length": 1, "time": -1}, Fraction(1)),
    "energy": ({"power": 1, "time": 1}, Fraction(1)),
    "data rate": ({"data": 1, "time": -1}, Fraction(1)),
    "charge": ({"current": 1, "time": 1}, Fraction(1)),
    "frequency": ({"time": -1}, Fraction(1)),
}
"""Kinds that are products of others, with the factor of their base unit."""
_MULTIPLIED = ("power", "force", "current", "voltage")
"""Kinds of units that another one behind a blank multiplies: ``kilowatt hours``."""
_MOST = 3
"""Units by which a quantity is counted: ``kg per person per day``."""
_CODES = (
    "AED AFN ALL AMD ARS AUD AZN BAM BBD BDT BGN BHD BND BOB BRL BYN CAD CHF CLP COP CRC CUP CZK"
    " DKK DOP DZD EGP ETB FJD GEL GHS GTQ HKD HNL HUF IDR ILS IQD IRR ISK JMD JOD KES KGS KHR KWD"
    " KZT LAK LBP LKR LYD MAD MDL MKD MMK MNT MUR MXN MYR NGN NIO NOK NPR NZD OMR PAB PEN PHP PKR"
    " PLN PYG QAR RON RSD SAR SDG SEK SGD SOS SYP THB TND TRY TTD TWD TZS UAH UGX UYU UZS VES VND"
    " XAF XOF YER ZAR ZMW BTC ETH"
)
"""Codes of currencies that have no other name here."""
_DOLLARS: Mapping[str, str] = {
    "US": "US dollars", "U": "US dollars", "C": "CAD", "CA": "CAD", "CAD": "CAD", "A": "AUD",
    "AU": "AUD", "HK": "HKD", "NZ": "NZD", "S": "SGD", "R": "BRL", "NT": "TWD", "MX": "MXN",
}  # fmt: skip
_SIGNS: Mapping[str, str] = {
    "₺": "TRY", "₿": "BTC", "฿": "THB", "₴": "UAH", "₫": "VND", "₪": "ILS", "₦": "NGN",
    "₱": "PHP", "₡": "CRC", "₲": "PYG", "₵": "GHS", "₸": "KZT", "৳": "BDT",
}  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes:
        end: Position after it.
        kind: What it measures; empty for no unit.
        factor: Factor that converts a number into the base unit of its kind.
        offset: Number that is added after that.
        senses: What else its name may stand for: *pound* is a mass and money.
        rest: Words without a known meaning that it is counted by: ``$5 per student``.
    """

    end: int
    kind: str = ""
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    senses: tuple[Sense, ...] = ()
    rest: str = ""

    def all_senses(self) -> Iterator[Unit]:
        """Yield the unit with each meaning of its name."""
        yield self
        for kind, factor, offset in self.senses:
            yield replace(self, kind=kind, factor=factor, offset=offset, senses=())


def unit_at(text: str, position: int) -> Unit:
    """Read the unit behind a number; one without a kind if there is none."""
    unit = _named_at(text, position)
    if unit is not None:
        unit = _multiplied(text, unit)
    return _per(text, unit or Unit(position))


def goes_on(text: str, unit: Unit, start: int) -> bool:
    """Return whether a second unit stands behind a unit, so that it was not read as a whole.

    Args:
        text: The text.
        unit: The unit.
        start: Position behind the number.
    """
    is_apart = text.startswith((" ", "-"), unit.end) and bool(unit.kind)
    second = _named_at(text, unit.end) if is_apart else None
    if second is None:
        return False
    # A compound word describes a larger unit of its kind: a 24-hour day, a 5-day week.
    is_larger = second.kind == unit.kind and second.factor > unit.factor
    return not (is_larger and text.startswith("-", start) and text.startswith(" ", unit.end))


def is_unit(name: str) -> bool:
    """Return whether a text is the name of a unit and nothing else."""
    unit = unit_at(name, 0)
    return bool(unit.kind) and unit.end == len(name)


def unit_named(symbol: str) -> Unit:
    """Return the unit of a sign or a code before a number, as of a currency."""
    if symbol in units():
        return _unit_of(0, symbol)
    if symbol.endswith("$"):
        return Unit(0, _DOLLARS.get(symbol[:-1], symbol))
    return Unit(0, _SIGNS.get(symbol, symbol))


def with_currency(unit: Unit, symbol: str, end: int) -> Unit:
    """Return the unit of a number with the currency before it, if there is one: ``$5/hour``."""
    if not symbol:
        return unit
    currency = unit_named(symbol)
    is_counted = unit.kind and all(power < 0 for power in _dimensions(unit.kind).values())
    if is_counted or unit.rest:
        return _composed(unit.end, [(currency, 1), (unit, 1)])
    if not unit.kind:
        return replace(currency, end=max(end, unit.end))
    is_dollar = unit.kind == "US dollars" and symbol.endswith("$")
    return replace(currency, end=unit.end) if is_dollar and unit.factor == 1 else unit


def with_rate(text: str, start: int, unit: Unit) -> Unit:
    """Return a unit with what is said before its number: ``时速5公里``, ``每天5元``, ``시속 5km``.

    Args:
        text: The text.
        start: Position of the number, or of its currency.
        unit: The unit behind it.
    """
    match = _rate_before().search(text[max(start - LONGEST, 0) : start])
    if match is None:
        return unit
    if match["hour"] or match["second"]:
        name = "h" if match["hour"] else "s"
        is_speed = unit.kind == "length"
        return _composed(unit.end, [(unit, 1), (_unit_of(0, name), -1)]) if is_speed else unit
    below = _plain_at(match["any"], 0)
    if below is not None:
        return _composed(unit.end, [(unit, 1), (below, -1)])
    return replace(unit, rest=f"{unit.rest}/{match['any']}")


def currency_before(text: str) -> str:
    """Return the sign or the code of a currency at the end of a text; empty without one."""
    match = _currency().search(text[-LONGEST:])
    if match is None:
        return ""
    name: str = match["name"]
    is_known = not name.isalpha() or name in _CODES or name in units()
    return name if is_known else ""


def _unit_of(end: int, name: str) -> Unit:
    (kind, factor, offset), *others = units()[name]
    return Unit(end, kind, factor, offset, tuple(others))


def _named_at(text: str, position: int) -> Unit | None:
    """Read one unit with its power: ``km``, ``square feet``, ``m²``, ``US dollars``."""
    start, power = position, 0
    prefix = _power_before().match(text, position)
    if prefix is not None:
        start, power = prefix.end(), 3 if prefix["cubic"] else 2
    unit = _plain_at(text, start)
    if unit is None:
        return None
    suffix = _power_behind().match(text, unit.end)
    if suffix is not None and not power:
        is_cubic = suffix["cubic"] is not None
        digit = suffix["digit"] or ""
        if not digit or unit.kind in ("length", "time"):
            unit, power = replace(unit, end=suffix.end()), 3 if is_cubic else 2
    return _composed(unit.end, [(unit, power)]) if power else unit


def _plain_at(text: str, position: int) -> Unit | None:
    """Read the name of a unit."""
    match = _unit().match(text, position)
    if match is None:
        return None
    written = match["unit"]
    if written.endswith("$"):
        return replace(unit_named(written), end=match.end("unit"))
    for candidate in _candidates(text, match.start("unit"), written):
        for name in _spellings(candidate):
            if name in units() and (len(name) > 2 or candidate == name):
                end = match.start("unit") + len(candidate)
                if name == "in" and _goes_on().match(text, end):
                    continue
                return _unit_of(end, name)
    sign = _SIGNS.get(written)
    return Unit(match.end("unit"), sign) if sign else None


def _multiplied(text: str, unit: Unit) -> Unit:
    """Read a second unit that multiplies the first: ``kilowatt hours``, ``N·m``."""
    joint = _joint().match(text, unit.end)
    if joint is None:
        return unit
    is_sign = joint["sign"] is not None
    second = _named_at(text, joint.end())
    if second is None or (not is_sign and unit.kind not in _MULTIPLIED):
        return unit
    return _composed(second.end, [(unit, 1), (second, 1)])


def _per(text: str, unit: Unit) -> Unit:
    """Read what a unit is counted by: ``/h``, ``per person``, ``a day``."""
    position = unit.end
    if not unit.kind:
        counted = _counted().match(text, position)
        position = counted.end() if counted is not None else position
    for _ in range(_MOST):
        match = _by().match(text, position)
        if match is None:
            break
        below = _named_at(text, match.end())
        if below is not None and below.kind:
            unit = _composed(below.end, [(unit, 1), (below, -1)])
        elif match["any"]:
            word = _any_word().match(text, match.end())
            if word is None or (not unit.kind and len(word[0]) == 1):
                break
            rest = f"{unit.rest}/{_singular(word[0])}"
            unit = replace(unit, end=word.end(), rest=rest)
        else:
            break
        position = unit.end
    return unit


def _composed(end: int, parts: Sequence[tuple[Unit, int]]) -> Unit:
    """Multiply powers of units."""
    dimensions: dict[str, int] = {}
    factor, rest = Fraction(1), ""
    for unit, power in parts:
        rest += unit.rest
        factor *= unit.factor**power
        for kind, exponent in _dimensions(unit.kind).items():
            dimensions[kind] = dimensions.get(kind, 0) + exponent * power
    # Hours per week stay a unit of their own, whose number nobody converts.
    kind = _kind_of(dimensions) or " per ".join(unit.kind for unit, _ in parts)
    return Unit(end, kind, factor, rest=rest)


def _dimensions(kind: str) -> _Dimensions:
    if not kind:
        return {}
    pairs = (part.rpartition("^") for part in kind.split(" * "))
    return {name or exponent: int(exponent) if name else 1 for name, _, exponent in pairs}


def _kind_of(dimensions: _Dimensions) -> str:
    parts = []
    for name, exponent in sorted(dimensions.items()):
        if exponent:
            parts.append(name if exponent == 1 else f"{name}^{exponent}")
    return " * ".join(parts)


def _candidates(text: str, start: int, written: str) -> Iterator[str]:
    """Yield what the unit may be: several words, one word, or the start of a spaceless one."""
    yield written.replace("-", " ")
    words = _blank().split(written)
    first = words[0]
    if len(words) > 1:
        plain = written.replace("-", " ")
        yield from (plain[: match.start()] for match in reversed(list(_blank().finditer(plain))))
    bare = first.partition("/")[0]
    if bare != first:
        yield bare
    if _spaceless().match(text, start):
        for length in range(min(len(first), LONGEST), 0, -1):
            yield first[:length]


def _spellings(name: str) -> Iterator[str]:
    for written in dict.fromkeys((name, name.lower())):
        yield written
        yield written.removesuffix("s")


def _singular(word: str) -> str:
    return word.casefold().removesuffix("s")


_BY_WORDS = "pro|par|por|al|alla|la|an?|je|w|в|за|na|på|om|i"
"""Words for *per*, if a unit stands behind them."""
_GAP = r"[^\S\n]{0,3}+"


@cache
def _unit() -> Any:
    import regex

    return regex.compile(
        rf"{_GAP}-?(?P<unit>[°º][CF]?|[%‰‱℃℉]|\p{{Sc}}"
        r"|\p{Lu}{1,3}\$|[\p{L}\p{M}]++(?:/[\p{L}]++(?![²³^\d]))?+(?:[ -][\p{L}\p{M}]++){0,2}+)"
    )


@cache
def _blank() -> Any:
    import regex

    return regex.compile(r"[ -]")


@cache
def _power_before() -> Any:
    import regex

    square = r"(?:square|vierkante|kvadrat\p{L}*|sq\.?|quadrat|кв\.|квадратн\p{L}+|平方|제곱|वर्ग)"
    cubic = r"(?P<cubic>cubic|cu\.?|kubik|куб\.|кубическ\p{L}+|立方|세제곱|घन)"
    return regex.compile(rf"(?i){_GAP}-?(?:{cubic}|{square})(?=[\p{{L}} -])[ -]?")


@cache
def _power_behind() -> Any:
    import regex

    square = (
        r"(?:squared|carrés?|cuadrados?|quadrad[oi]s?|quadrat[oi]|kwadratow\p{L}+|مربعة?|kare)\b"
    )
    cubic = r"(?:cubed|cubes?|cúbicos?|cub[oi]c?s?)\b"
    return regex.compile(
        rf"(?P<cubic>³|\^\s?\{{?3\}}?| {cubic}|(?P<digit>3)(?!\d))"
        rf"|²|\^\s?\{{?2\}}?| {square}|(?P<digit>2)(?!\d)"
    )


@cache
def _joint() -> Any:
    import regex

    return regex.compile(r"\s?(?P<sign>[·⋅*])\s?|[ -](?=\p{L})")


@cache
def _by() -> Any:
    import regex

    return regex.compile(
        rf"\.?{_GAP}(?:(?P<any>/\s?(?=\p{{L}})|per (?=\p{{L}})|每)|(?:{_BY_WORDS}) (?=\p{{L}}))"
    )


@cache
def _counted() -> Any:
    """Compile the pattern of an unknown word that is counted: ``students per day``."""
    import regex

    return regex.compile(rf"{_GAP}[\p{{L}}\p{{M}}]++(?=\s?/\p{{L}}{{2}}| (?:per|{_BY_WORDS}) )")


@cache
def _rate_before() -> Any:
    """Compile the pattern of what a number is counted by, before it."""
    import regex

    about = r"(?:约|約|大约|是|为|為|は|가|약|\s)*"
    return regex.compile(
        rf"(?:(?P<hour>时速|時速|毎時|시속)|(?P<second>秒速|毎秒|초속)|[每毎](?P<any>\p{{Han}}{{1,2}}))"
        rf"{about}$"
    )


@cache
def _any_word() -> Any:
    import regex

    return regex.compile(r"[\p{L}\p{M}]++")


@cache
def _goes_on() -> Any:
    """Compile the pattern of text behind "in" that makes it a preposition."""
    import regex

    return regex.compile(r"\s*[\p{L}\p{N}]")


@cache
def _currency() -> Any:
    import regex

    return regex.compile(
        r"(?P<name>(?<![\p{L}\p{N}])\p{Lu}{1,3}\$|(?<![\p{L}\p{N}])\p{Lu}{3}(?=\s?$)|\p{Sc})\s?$"
    )


@cache
def _spaceless() -> Any:
    import regex

    return regex.compile(f"[{SPACELESS}]")


@cache
def units() -> Mapping[str, list[Sense]]:
    """Load what each name of a unit can stand for."""
    names: dict[str, list[Sense]] = {}
    for written_kind, rows in read_data("units.json").items():
        dimensions, scale = _MADE_OF.get(written_kind, ({}, Fraction(1)))
        kind = _kind_of(dimensions) if dimensions else written_kind
        for name, value in rows.items():
            factor, offset = value if isinstance(value, list) else (value, 0)
            sense = (kind, Fraction(factor) * scale, Fraction(offset))
            names.setdefault(name, []).append(sense)
    for code in _CODES.split():
        names.setdefault(code, [(code, Fraction(1), Fraction(0))])
    return names
