"""Keys among the segments of the path of a URL.

They have no mark that tells them from names, so this is a guess: by their beginning, and by how
letters and digits follow each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

_SEGMENT = re.compile(r"(?<=[^/:])(?P<slashes>/+)(?P<name>[^/?#\s]+)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
"""The number of a project or deployment."""

_KEY_PREFIX = re.compile(
    r"(?:(?P<clear>sk|pk|rk|gsk|ghp)|hf|xai|nvapi|r8|key|token)[-_](?=[\w-]{13})"
)
"""Begins a key; those that are not clear often begin a name: ``token-classification-server``."""

_KNOWN_KEY = re.compile(
    r"AIza[\w-]{13,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|[0-9a-f]{32,}|[0-9A-F]{32,}"
)
"""A key of Google, a JSON Web Token, a key in hexadecimal."""

_LONG_GROUP = re.compile(r"(?=[a-zA-Z0-9]{20})(?=[a-zA-Z]*[0-9][a-zA-Z]*[0-9])(?=[0-9]*[a-zA-Z])")
"""Begins 20 letters and digits in a row, which few names of models and deployments have."""

_GROUP = re.compile(r"[a-zA-Z0-9]{6,}")
_WORD = re.compile(r"[a-z]{5,}")
_SYLLABLES = re.compile(r"(?:[b-df-hj-np-tv-xz]{0,4}[aeiouy]{1,3}){2,}[b-df-hj-np-tv-xz]{0,4}")
_TURNS = re.compile(r"(?<=[0-9])(?=[a-zA-Z])|(?<=[a-zA-Z])(?=[0-9])|(?<=[a-z])(?=[A-Z])")
"""Where digits and letters follow each other, or a capital a small letter."""

_LONG_ALPHABETIC = 16
"""Length of a group of letters alone that is no name if it cannot be pronounced."""
_SHORT_KEY, _LONG_KEY = 14, 20
"""Letters and digits in no order by which a segment may be a key, and by which it is one.

Keys of services have 20 or more. The names of models in the tests have fewer than 14.
"""

_CLEAR_KEY, _PREFIXED_KEY = 6, 12
"""The same behind a prefix that only keys have, and behind one that begins names, too."""


def without_keys(url: str, hidden: str) -> str:
    """Return a URL in which the segments of its path that are keys, or could be, are replaced.

    Args:
        url: The URL, with or without its scheme.
        hidden: What stands in their place.
    """

    def shown(segment: re.Match[str]) -> str:
        return segment["slashes"] + (hidden if _may_be_key(segment["name"]) else segment["name"])

    return _SEGMENT.sub(shown, url)


def keys_in(url: str) -> Iterator[str]:
    """Yield the segments of a path that are keys, and no names: they are hidden in every text."""
    for segment in _SEGMENT.finditer(url):
        if _is_key(segment["name"]):
            yield segment["name"]


def _may_be_key(segment: str) -> bool:
    name = unquote(segment)
    groups = re.split(r"[\W_]", name)
    return _is_key(name) or any(map(_LONG_GROUP.match, groups)) or _disorder(name) >= _SHORT_KEY


def _is_key(segment: str) -> bool:
    name = unquote(segment)
    if _KNOWN_KEY.fullmatch(name):
        return True
    prefix = _KEY_PREFIX.match(name)
    if prefix is None:
        return _disorder(name) >= _LONG_KEY
    return _disorder(name[prefix.end() :]) >= (_CLEAR_KEY if prefix["clear"] else _PREFIXED_KEY)


def _disorder(name: str) -> int:
    """Return how many letters and digits follow each other as nobody chooses them for a name."""
    if _UUID.fullmatch(name):
        return 0
    return sum(len(group) for group in _GROUP.findall(name) if _is_disordered(group))


def _is_disordered(group: str) -> bool:
    length, turns = len(group), len(_TURNS.findall(group))
    if group.isdigit() or (_is_word(group) and 4 * turns < length):
        return False
    if group.isalpha() and length >= _LONG_ALPHABETIC:
        return True
    return 6 * turns >= length


def _is_word(group: str) -> bool:
    """Return whether at least half of a group are words that can be pronounced."""
    words = filter(_SYLLABLES.fullmatch, _WORD.findall(group))
    return 2 * sum(map(len, words)) >= len(group)
