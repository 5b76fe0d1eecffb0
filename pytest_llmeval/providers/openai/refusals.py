"""Words in which endpoints refuse a part of a request, and the ranges that they name."""

from __future__ import annotations

import re

_FOREIGN = (
    r"不支持|不支援|不允许|不允許|无效|無效|未知(?:的)?(?:参数|參數|字段)|"
    r"サポートされ(?:てい)?(?:ません|ない)|サポートしてい(?:ません|ない)|対応していません|未対応|使用できません|"
    r"許可されていません|지원(?:되지|하지)|허용되지|알 수 없는|"
    r"не (?:поддерж|допуск|разреш)|недопустим|неизвестн|"
    r"no (?:es compatible|es v[aá]lid|est[aá] (?:soportad|permitid|admitid)|"
    r"se (?:admite|permite|soporta)|admitid|permitid|soportad)|desconocid|"
    r"n['\u2019]est pas (?:pris|support|autoris|compatible)|non (?:pris en charge|support|autoris)|"
    r"ne prend pas en charge|inconnu|nicht (?:unterst|erlaubt|zul|verf)|unbekannt|"
    r"n[aã]o (?:é |e )?(?:suport|permit|compat)|non (?:è )?(?:support|consentit|ammess)|sconosciut|"
    r"niet (?:worden )?(?:ondersteun|toegesta)|nie jest (?:obsług|dozwol)|nieobsług|niedozwol|"
    r"destekle(?:n)?mi|desteklenme|izin veril|không (?:được )?hỗ trợ|tidak did(?:ukung|izin)|"
    r"stöds inte|ikke (?:støtte|tillad|tillat)|nen[ií] podporov|"
    r"غير (?:مدعوم|مسموح)|لا (?:يدعم|تدعم)|"
    r"समर्थित नहीं|मान्य नहीं|ไม่รองรับ"
)
_REFUSES = re.compile(
    r"unsupported|incompatible|not?.(?:yet.)?(?:been.)?(?:be.)?(?:currently.)?(?:an?.)?"
    r"(?:support|allow|permit|enabled|available|implement|recogni|accept|compatible)|"
    r"n't.(?:be.)?(?:support|allow|accept)|unrecogni[sz]ed|unknown|unexpected|unavailable|"
    r"deprecated|forbidden|cannot.(?:both|be.(?:specified|used|set|combined))|cannot find field|"
    r"(?:may|can|must|should).only.be|"
    r"extra.?(?:inputs|fields|_forbidden)|leave it unset|no endpoints found|removed|"
    r"only.{1,30}(?:is|are).(?:support|allow)|no longer|cannot unmarshal|"
    rf"{_FOREIGN}|"
    r"should not be (?:set|sent|used|given|provided|specified|included|present)|"
    r"not have additional propert|expected never|invalid type:|"
    r"at.most.1\b|must.(?:be.(?:exactly.|equal.to.)?|equal.)1\b|only.n.?=.?1",
    re.IGNORECASE,
)
_REFUSES_NAMED = re.compile(
    r"\bremove|\bdrop|\bomit|\bunset|\bwithout\b|\bexclud|leave.{0,20}\bout\b|"
    r"(?:do not|don't|never|cannot|can't|may not|must not|should not).(?:be.)?"
    r"(?:use|send|sent|set|pass|specif|includ|provid|present|given|suppl)|"
    r"invalid.{0,10}(?:parameter|argument|field|option|key|property|member|name)|"
    r"not.(?:an?.)?(?:valid|known|expected|defined|understood)|disabled|disallow|reject|"
    r"refus|prohibit|obsolete|retired|discontinued|unimplement|reserved|extraneous|superfluous|"
    r"must be (?:omitted|empty|null|none|absent|unset|default)|only the default|unable to|fixed",
    re.IGNORECASE,
)
"""Words that refuse a member of the request where its name stands as one: in quotes, in a path."""

_SYSTEM = re.compile(
    r"system.{0,3}(?:role|message|prompt|instruction)s?\b.{0,60}(?:not|un)\W?\s?(?:be |yet )?"
    r"(?:support|allow|enabled|accept)|"
    r"(?:not|n't|un)\W?\s?(?:support|allow|accept)\w*\W{1,4}(?:the )?['\"`]?(?:system|developer)\b|"
    r"developer instruction is not enabled|only user\b.{0,30}\broles?\b|"
    r"(?:invalid|unknown|unexpected|unsupported) role|"
    r"role.{0,40}must be (?:one of )?.{0,4}user|input should be .?user",
    re.IGNORECASE,
)
_ROLE_OF_SYSTEM = re.compile(
    r"\broles?\b.{0,30}\b(?:system|developer)\b|\b(?:system|developer)\b.{0,30}\broles?\b",
    re.IGNORECASE,
)
_BAD_ROLE = re.compile(r"invalid|not found|no such|missing|illegal", re.IGNORECASE)
_ROLES = re.compile(
    r"(?:valid|allowed|permitted|supported|accepted|expected|available|only|must be|one of)\b"
    r".{0,40}\buser\b",
    re.IGNORECASE,
)
_FORBIDDEN = 403

_ABOVE_ZERO = re.compile(
    r"strictly positive|(?:>|greater than|above|larger than|more than) ?0(?:\.0+)?(?![.\d])|"
    r"must be positive|(?:non-?zero|not be (?:zero|0)\b)|"
    r"[(\uff08]\s?0(?:\.0+)?\s?[,\uff0c]\s?\d|\u5927\u4e8e ?0|\u975e\u6cd5",
    re.IGNORECASE,
)
"""A range that does not include the temperature 0."""

MOST = re.compile(
    r"(?:range|between|\bin|values?|accepts|allowed|one of)(?: of)?:? ?"
    r"[\[(]\s*\d+\s*(?:,\s*\d+\s*)*,\s*(?P<end>\d+)\s*[\])]|"
    r"(?:less than or equal to|<=|≤|at most|between 0 and|between 1 and|no more than|not exceed|"
    r"up to|exceeds? (?:the )?limit(?: of)?|(?:\bbe|range|values?|from)(?: of)?:? \d+\s?"
    r"(?:-|\u2013|to|\.{2,3})|max(?:imum)?(?: value)?(?: of| is| allowed)?(?: \w{0,5}logprobs)?:?)"
    r"\s*(?P<most>\d+)",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"(?P<open>(?<!no )(?<!not be )(?:greater|larger|more|higher) than(?! or)|"
    r"(?:must|should) (?:be (?:strictly )?above|exceed)|>(?!=))?"
    r"(?(open)|(?:>=|at least|minimum(?: (?:value|allowed))?(?: of| is|:)?|"
    r"(?:greater|larger|more|higher) than or equal to|(?:no|not|not be|n't be|is) less than|"
    r"between|(?:range|\bin|from)(?: of)?:?))\s*[\[(]?\s*(?P<least>\d*\.?\d+(?:e-?\d+)?)",
    re.IGNORECASE,
)
"""The lowest value that is allowed."""


def refuses(words: str) -> bool:
    """Return whether the words of an error say that something is not supported."""
    return _REFUSES.search(words) is not None


def refuses_named(name: str, words: str) -> bool:
    """Return whether words refuse a member of the request, whose name they write as a name."""
    spelling = re.escape(name)
    pattern = rf"['\"`\u201c\u2018\[]{spelling}['\"`\u201d\u2019\]]|[/.]{spelling}\b|\b{spelling}:"
    is_name = re.search(pattern, words, re.IGNORECASE) is not None
    return is_name and _REFUSES_NAMED.search(words) is not None


def refuses_system(words: str, status: int) -> bool:
    """Return whether words refuse the role of the system message."""
    if _SYSTEM.search(words):
        return True
    if "role" not in words.lower() or status == _FORBIDDEN:
        return False
    if _ROLE_OF_SYSTEM.search(words):
        patterns = (_REFUSES, _REFUSES_NAMED, _BAD_ROLE)
        return any(pattern.search(words) for pattern in patterns)
    names_system = re.search(r"system|developer", words, re.IGNORECASE)
    return names_system is None and _ROLES.search(words) is not None


def excludes_zero(words: str) -> bool:
    """Return whether words name a range without 0."""
    if _ABOVE_ZERO.search(words):
        return True
    least = lowest(words)
    return least is not None and least > 0


def lowest(words: str) -> float | None:
    """Return the lowest value that words allow; ``None`` if they name none."""
    match = _LEAST.search(words)
    if match is None:
        return None
    value = float(match["least"])
    return value + 1 if match["open"] and value.is_integer() and value else value
