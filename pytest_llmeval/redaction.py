"""Secrets: known in one object, and removed from texts by one class.

What leaves the package (an error, an answer, a log record, a report, a file) passes through
`Secrets`. An answer that repeats a key is not refused: the key in it is replaced by `HIDDEN` before
the answer is stored, scored or shown.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from pytest_llmeval.path_keys import keys_in, without_keys

T = TypeVar("T")

HIDDEN = "[hidden]"
_SHORTEST_PIECE = 6
"""Length of a hidden piece of a key: servers echo heads and tails of a wrong key."""

_DISTINCT, _LONG = 8, 16
"""Length from which a secret with digits, or any secret, cannot be a word of an answer."""

_SCHEME = r"(?:https?:|azure:)"
_URL = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)"
    rf"(?P<rest>(?:(?!['\"](?:[,:;)}}\]\s]|$)(?!\S*@))\S)+(?:\s+@(?!{_SCHEME})\S*)*)",
    re.IGNORECASE,
)
"""A URL; a password may hold any sign, and a blank before its ``@`` by mistake.

It ends at a quote that closes a text, unless an ``@`` shows that the quote is one of a password.
"""

_MISTYPED_URL = re.compile(r"\bhttps?(?:[;.,]?[/\\]|:[\\]|:/(?!/))\S*", re.IGNORECASE)
"""What was meant as a URL: without its colon, with one slash, with backslashes."""

_LOGIN = re.compile(
    rf"(?:\w{{2,}}:(?!//)|\b\w:(?![\\/])|(?<!:)//[^@]*:)[^@]*@(?!{_SCHEME})", re.IGNORECASE
)
"""User and password, where the scheme of a URL is missing or mistyped; no drive of Windows."""

_WRITTEN_LOGIN = re.compile(
    rf"(?<![\w'\"])(?:\w{{2,}}:(?!//)|\w:(?![\\/]))[^\s@]+@(?!{_SCHEME})|(?<!:)//[^@]*:[^@]*@",
    re.IGNORECASE,
)
"""A login in a text that is no address: a word with a colon, and neither a quote nor a blank."""

_DATABASE = re.compile(
    r"(?:postgres\w*|mysql|mariadb|mssql|oracle|sqlite|https?|s3|gs)(?:\+\w+)?[:;]?[/\\]{2}", re.I
)
"""The beginning of what was meant as a URL of a database or a bucket."""

_PLAIN = re.compile(
    rf"(?:[^\s?#;&=%\\'\"<>/]*(?:/[^\s?#;&=%\\'\"<>/]+)*@(?={_SCHEME}))?(?:azure:)?"
    r"(?:[a-z][a-z0-9+.-]*:?/{1,3})?"
    r"(?P<host>[\w.-]+|\[[0-9a-f:.]+\])(?P<port>:\d+)?(?P<path>/[^\s?#;&=%\\'\"<>]*)?"
    r"(?:\?api-version=[\w.-]*)?",
    re.IGNORECASE,
)
"""A URL of scheme, host, port and path alone, with a model before it or a mistyped scheme."""

_SECRET_PARAMETER = re.compile(
    r"(?:^|[?&;#\s])[\w.-]*(?:key|token(?!s=\d)|secret|passw|auth|sig)[\w.-]*=(?!=)\S",
    re.IGNORECASE,
)
"""A parameter that may hold a secret, but no comparison and no number of tokens."""

_PATH_END = re.compile(r"[;&]|%(?:23|26|3[abf]|40)", re.IGNORECASE)
"""Begins the parameters of a path, or what was encoded by mistake: ``# & : ; ? @``."""

_PARAMETER = re.compile(r"(?:^|[?&;#\s])([\w.-]+)=([^&;#\s]*)")
_USER = re.compile(rf"(?:^|//|\s)([^\s/@:]*):(\S+?)\s*@(?!{_SCHEME}|\S*@(?!{_SCHEME}))", re.I)
_ENCODED_LOGIN = re.compile(
    r"(?<=://)(?=[^\s/?#@]*(?::|%(?:25)*3A))[^\s/?#@]*%(?:25)*40", re.IGNORECASE
)
"""User and password whose ``:`` and ``@`` were encoded, once or more often."""

_VERSION = re.compile(r"\?api-version=[\w.-]*")
"""The version of Azure's API, the only query that is no secret."""

_WITHOUT_TEXT = frozenset((bool, int, float))
_SECRET_NAME = re.compile(r"key|token|secret|passw|credential|auth|signature|^(sig|code)$", re.I)
"""Names of query parameters and members of a request whose values are secrets."""


def public_address(text: str) -> str:
    """Return a text without users, passwords, parameters and fragments of the URLs in it."""
    return _MISTYPED_URL.sub(lambda match: _public_entry(match[0]), _URL.sub(_public, text))


def has_login(url: str) -> bool:
    """Return whether a URL holds more than scheme, host, port, path and a query."""
    plain = without_keys(url, "key")
    return public_address(plain).partition("?")[0] not in plain


def public_value(text: str) -> str:
    """Return the value of a setting that may be an address: `public_address` without any login."""
    return _without_login(text, _LOGIN)


def public_text(text: str) -> str:
    """Return the value of any setting for an error, also that of an expression."""
    return _without_login(text, _WRITTEN_LOGIN)


def _without_login(text: str, login: re.Pattern[str]) -> str:
    public = public_address(text)
    has_secret = login.search(public) or _SECRET_PARAMETER.search(public)
    return HIDDEN if has_secret and not _is_plain(public) else public


def public_urls(text: str) -> str:
    """Return the value of a setting that is a URL, or several, for a person to read.

    Whatever is not clearly scheme, host, port and path is hidden, because a mistyped URL holds its
    password anywhere.
    """
    entries = text.split()
    if any(entry.startswith("@") for entry in entries):
        return HIDDEN  # a blank in a password: nobody knows where it begins
    return " ".join(map(_public_entry, entries))


def _public_entry(entry: str) -> str:
    public = _URL.sub(_public, entry)
    return public if _is_plain(public) else HIDDEN


def _is_plain(entry: str) -> bool:
    match = _PLAIN.fullmatch(entry)
    path = "" if match is None else match["path"] or ""
    if match is None or "://" in path or _LOGIN.search(path):
        return False
    if "://" in entry:
        return True
    # A single word, or one before an @, may be a key or a password.
    is_word = match["port"] is None and match["path"] is None and "." not in match["host"]
    return "@" not in entry and (not is_word or match["host"] == "localhost")


def is_like_url(path: str) -> bool:
    """Return whether a text was meant as a URL with a login or of a database, so is no path."""
    return bool(_LOGIN.search(path) or _DATABASE.match(path.lstrip(" \t'\"")))


def is_http(text: str) -> bool:
    """Return whether a text holds the URL of a server, also a mistyped one."""
    return bool(re.search(r"\bhttps?://", text, re.I) or _MISTYPED_URL.search(text))


def _public(match: re.Match[str]) -> str:
    rest = _without_user(match["rest"])
    address, mark, _ = rest.partition("#")[0].partition("?")
    query = rest.partition("#")[0][len(address) :]
    address = without_keys(_PATH_END.split(address, maxsplit=1)[0], HIDDEN)
    return f"{match['scheme']}{address}{query if mark and _VERSION.fullmatch(query) else ''}"


def _without_user(rest: str) -> str:
    """Cut user and password, also a password with a slash, which ends the host for a parser."""
    netloc = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host, _, port = netloc.rpartition(":")
    has_odd_port = bool(host) and not port.isdigit() and not netloc.endswith("]")
    if "@" in netloc or (has_odd_port and "@" in rest):
        return rest.rpartition("@")[2]
    return rest


class Secrets:
    """The secrets of a process. More are learned when a provider is made.

    Args:
        keys: API keys.
        words: Other secrets, such as passwords.
    """

    def __init__(self, keys: Iterable[str] = (), words: Iterable[str] = ()) -> None:
        self._echoes: dict[str, re.Pattern[str]] = {}
        self._forms: list[str] = []
        self._shortest = 0
        for key in keys:
            self.learn_key(key)
        for word in words:
            self.learn(word)

    def __repr__(self) -> str:
        return f"<Secrets: {len(self._echoes)}>"

    def learn_key(self, key: str) -> None:
        """Hide an API key: everywhere whole, and in texts of servers also in pieces."""
        self._learn_echo(key)
        self.learn(key)

    def learn(self, secret: str) -> None:
        """Hide a text wherever it appears, unless it could be an ordinary word."""
        if _is_distinct(secret):
            self._add(_forms(secret))

    def learn_addresses(self, text: str | None) -> None:
        """Hide what is secret in every URL of a text, also of a mistyped one.

        That is the password, the parameters and the keys among the segments of the path.
        """
        if text and _ENCODED_LOGIN.search(text):
            self._add(_ENCODED_LOGIN.findall(text))
            self.learn_addresses(unquote(text))
        for _, password in _USER.findall(text or ""):
            self.learn(password)
            self.learn(unquote(password))
        for name, value in _PARAMETER.findall(text or ""):
            self._learn_parameter(name, unquote(value))
        for match in _URL.finditer(text or ""):
            rest = match["rest"]
            if (host := _without_user(rest)) != rest:
                user = rest[: -len(host)]
                password = user[:-1].partition(":")[2]
                # A short password is hidden in its address alone.
                self._add([user])
                self.learn(password)
                self.learn(unquote(password))
            for key in keys_in(host):
                self.learn_key(key)
                self.learn_key(unquote(key))
            for name, value in parse_qsl(rest.partition("?")[2]):
                self._learn_parameter(name, value)

    def learn_members(self, body: Mapping[str, Any]) -> None:
        """Hide the values of a request's members whose names are those of secrets."""
        for name, value in body.items():
            self._learn_member(value, is_secret=bool(_SECRET_NAME.search(name)))

    def _learn_member(self, value: object, is_secret: bool) -> None:
        """Learn the value of a member, of which a list may hold several."""
        if isinstance(value, Mapping):
            self.learn_members(value)
        elif isinstance(value, list | tuple):
            for item in value:
                self._learn_member(item, is_secret)
        elif isinstance(value, str):
            if is_secret:
                self.learn(value)
            if "://" in value:
                self.learn_addresses(value)

    def _learn_echo(self, secret: str) -> None:
        """Hide a text in what servers say."""
        if secret and secret not in self._echoes:
            self._echoes[secret] = re.compile(_pattern(secret))

    def _learn_parameter(self, name: str, value: str) -> None:
        if name == "api-version":
            return
        self._learn_echo(value)
        if _SECRET_NAME.search(name):
            self.learn(value)
        # In its address alone, because the value may be a word such as a region.
        self.learn(f"{name}={quote(value, safe='')}")
        self.learn(f"{name}={value}")

    def _add(self, forms: Iterable[str]) -> None:
        # A longer form comes first, since it may contain a shorter one.
        self._forms = sorted({*self._forms, *forms} - {""}, key=lambda form: (-len(form), form))
        self._shortest = len(self._forms[-1]) if self._forms else 0

    def hide(self, text: str) -> str:
        """Return a text without secrets."""
        if len(text) < self._shortest:
            return text
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def hide_reply(self, text: str) -> str:
        """Return a text of a server without keys, whole, in pieces or masked (``sk-…***1234``)."""
        text = self.hide(text)
        for pattern in self._echoes.values():
            text = pattern.sub(HIDDEN, text)
        return text

    def hide_in(self, value: T) -> T:
        """Return a record, or any nesting of built-in types, without secrets in its texts."""
        hidden: T = _hidden(value, self.hide)
        return hidden


def _is_distinct(secret: str) -> bool:
    """Return whether a text is unlikely to be a part of an honest one."""
    has_digit = any(letter.isdigit() for letter in secret)
    has_letter = any(letter.isalpha() for letter in secret)
    return len(secret) >= _LONG or (len(secret) >= _DISTINCT and has_digit and has_letter)


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as servers and libraries write it: plain, escaped, base64, hexadecimal."""
    import html  # late: its table of entities is large

    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    data = secret.encode()
    yield data.hex()
    for offset in range(3):
        # The letters that depend on this text alone, wherever it begins in the encoded one.
        start, end = -(-offset * 8 // 6), (offset + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * offset + data).decode()[start:end]


def _pattern(secret: str) -> str:
    """Match a secret, any piece of `_SHORTEST_PIECE` characters or more, and its masked forms."""
    if len(secret) <= _SHORTEST_PIECE:
        return rf"(?<!\w){re.escape(secret)}(?!\w)"
    mask = r"[^\s'\"]*(?:\*\*|\.\.\.|…)[^\s'\"]*"
    head = re.escape(secret[:3])
    tail = re.escape(secret[-3:])
    pieces = (secret[at : at + _SHORTEST_PIECE] for at in range(len(secret) - _SHORTEST_PIECE + 1))
    any_piece = "|".join(map(re.escape, pieces))
    return rf"{re.escape(secret)}|{head}{mask}|{mask}{tail}|(?:{any_piece})[\w-]*"


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    """Return the same object if there is nothing to hide in it."""
    kind = type(value)
    if kind is str:
        return hide(value)
    if value is None or kind in _WITHOUT_TEXT:
        return value
    if kind is tuple or kind is list:
        items = [_hidden(inner, hide) for inner in value]
        is_same = all(new is old for new, old in zip(items, value, strict=True))
        return value if is_same else kind(items)
    if dataclasses.is_dataclass(kind):
        changed: dict[str, Any] = {}
        content = vars(value)
        for name in kind.__dataclass_fields__:
            new = _hidden(content[name], hide)
            if new is not content[name]:
                changed[name] = new
        return dataclasses.replace(value, **changed) if changed else value
    if isinstance(value, Mapping):
        members = {name: _hidden(inner, hide) for name, inner in value.items()}
        is_same = all(members[name] is value[name] for name in members)
        return value if is_same else members
    return value


class LogGuard:
    """Removes secrets from the log records of all libraries while a session makes calls.

    Client libraries log the URL of each request, whose query may hold a key. A factory sees every
    record before any handler does.

    Args:
        secrets: The secrets of the process.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._before: Callable[..., logging.LogRecord] | None = None

    def install(self) -> None:
        """Begin."""
        if self._before is None:
            self._before = logging.getLogRecordFactory()
            logging.setLogRecordFactory(self._record)

    def remove(self) -> None:
        """End, unless somebody has installed a factory that calls this one."""
        if self._before is not None and logging.getLogRecordFactory() == self._record:
            logging.setLogRecordFactory(self._before)
            self._before = None

    def _record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        before = self._before or logging.LogRecord
        record = before(*args, **kwargs)
        try:
            text = record.getMessage()
        except Exception:  # the handler reports a wrong format
            return record
        hidden = self._secrets.hide(text)
        if hidden != text:
            record.msg, record.args = hidden, None
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            if (safe := self._secrets.hide(trace)) != trace:
                record.exc_text = safe
        return record
