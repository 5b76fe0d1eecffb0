"""A row of the option table and the readers of its values."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pytest_llmeval.errors import SettingError, nearest

_PATHS = ("PATH", "DIR")
_MODELS = ("model", "judge_model")
_MAY_BE_URL = re.compile(r"@|//|\\|https?", re.IGNORECASE)
Kind = Literal["text", "integer", "number", "flag", "list", "json", "choice", "pattern"]


class JsonObject(Mapping[str, Any]):
    """A JSON object as the value of a setting: it cannot change, so that settings can be a key."""

    def __init__(self, members: Mapping[str, Any] | None = None) -> None:
        self._members = dict(members or {})

    def __getitem__(self, name: str) -> Any:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __hash__(self) -> int:
        return hash(frozenset(self._members))  # equal objects have equal names

    def __repr__(self) -> str:
        return repr(self._members)


# A tuple: every run of pytest makes this class, and a dataclass would take 1 ms.
class Option(NamedTuple):
    """A row of the option table.

    Attributes:
        name: Name of the field of `Settings`.
        kind: Type of the value.
        default: Value if it is not set.
        help: One sentence for the help text and the reference.
        section: Heading in the reference; ``generation`` and ``judge`` are also markers.
        metavar: Placeholder in the help.
        low: Smallest allowed number.
        high: Largest allowed number.
        choices: Allowed words.
        also_env: Further environment variables, with lower precedence.
        ini_only: Whether it is no option of the command line.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    section: str
    metavar: str = "TEXT"
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    also_env: tuple[str, ...] = ()
    ini_only: bool = False

    @property
    def dest(self) -> str:
        """Name of the ini key and of pytest's option destination."""
        return f"llm_{self.name}"

    @property
    def flag(self) -> str:
        """Name of the option on pytest's command line."""
        if self.name == "min_score":
            return "--min-score"
        return f"--llm-{self.name.replace('_', '-')}"

    @property
    def env(self) -> tuple[str, ...]:
        """Names of its environment variables; the first that is set wins."""
        return (f"LLMEVAL_{self.name.upper()}", *self.also_env)

    def read(self, value: object, origin: str) -> Any:
        """Convert text, or the Python value of a marker, to the type of the field.

        Args:
            value: What the user wrote.
            origin: Where it was written, for the error text.

        Raises:
            SettingError: The value is not allowed.
        """
        reader: Any = _READERS.get(self.kind, str)
        try:
            result: Any = reader(value)
        except (TypeError, ValueError, RecursionError, re.error) as error:
            raise SettingError(origin, self.shown(value), self.allowed, _position(error)) from None
        self._refuse_url(result, origin)
        is_too_low = self.low is not None and result < self.low
        is_too_high = self.high is not None and result > self.high
        if is_too_low or is_too_high:
            raise SettingError(origin, value, self.allowed, self._as_share(result))
        if self.choices and result not in self.choices:
            raise SettingError(origin, value, self.allowed, nearest(str(value), self.choices))
        return result

    def _as_share(self, value: float) -> str:
        """Return a question whether a percentage was meant as a share; empty if it was not."""
        if self.metavar != "SHARE" or not 1 < value < 100:
            return ""
        return f"Did you mean {value / 100:.10g}? A point is 0.01."

    def shown(self, value: object) -> object:
        """Return a value for an error text: without passwords, and no JSON, which may hold keys."""
        if not isinstance(value, str):
            return value
        from pytest_llmeval.redaction import HIDDEN, public_text, public_urls, public_value

        if self.kind == "json":
            return HIDDEN
        if self.metavar == "URL":
            return public_urls(value)
        is_address = self.is_path or self.name in _MODELS
        return public_value(value) if is_address else public_text(value)

    def _refuse_url(self, value: object, origin: str) -> None:
        """Refuse a path or a model that was meant as a URL: its password would be in names."""
        if not isinstance(value, str) or not _MAY_BE_URL.search(value):
            return
        from pytest_llmeval.redaction import HIDDEN, is_http, is_like_url, public_urls

        if self.name in _MODELS and is_http(value):
            remedy = "A URL belongs in --llm-base-url or --llm-judge-base-url."
            raise SettingError(origin, public_urls(value), "the name of a model", remedy)
        is_address = self.name == "log" and "://" in value
        if self.is_path and not is_address and is_like_url(value):
            remedy = "Only --llm-log takes the URL of a database: SCHEME://USER@HOST/NAME."
            raise SettingError(origin, HIDDEN, "a path", remedy)

    @property
    def is_path(self) -> bool:
        """Whether its value is a path, or for the run log also the URL of a database."""
        return self.metavar in _PATHS or self.name == "log"

    @property
    def has_default(self) -> bool:
        """Whether its default is worth mentioning."""
        return self.default is not False and self.default not in (None, "", (), JsonObject())

    @property
    def allowed(self) -> str:
        """The allowed values, for error texts."""
        words = " or ".join(self.choices) if self.kind == "choice" else _ALLOWED[self.kind]
        if self.low is None:
            return words
        if self.high is None:
            return f"{words}, at least {self.low:g}"
        return f"{words} from {self.low:g} to {self.high:g}"


def _position(error: Exception) -> str:
    """Return where JSON is broken, since the text itself is hidden."""
    import json

    return f"({error})" if isinstance(error, json.JSONDecodeError) else ""


def _text(value: object) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    import json

    # A marker may pass a mapping for a setting whose text is JSON.
    return json.dumps(value)


def _integer(value: object) -> int:
    if isinstance(value, bool):
        raise ValueError(value)
    return int(value) if isinstance(value, int) else int(str(value))


def _number(value: object) -> float:
    number = float(str(value))
    if isinstance(value, bool) or number != number or number in (float("inf"), float("-inf")):
        raise ValueError(value)
    return number


def _flag(value: object) -> bool:
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(value)


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(line for line in value.splitlines() if line.strip())
    # An empty item overrides a weaker origin with nothing: --llm-baseline "".
    return tuple(text for item in value if (text := str(item)))  # type: ignore[attr-defined]


def _json(value: object) -> JsonObject:
    from pytest_llmeval.records.wire import parse_json

    result = dict(value) if isinstance(value, Mapping) else parse_json(str(value))
    if not isinstance(result, dict):
        raise ValueError(value)
    return JsonObject(result)


def _pattern(value: object) -> str:
    return re.compile(str(value)).pattern


_ALLOWED: Mapping[Kind, str] = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "list": "text, one item per line",
    "json": "a JSON object",
    "pattern": "a regular expression",
}

_READERS = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "flag": _flag,
    "list": _list,
    "json": _json,
    "pattern": _pattern,
}


def option(
    kind: Kind, default: Any, section: str, help: str, metavar: str = "TEXT", **extra: Any
) -> Any:
    """Declare a field of `Settings` together with its row of the table."""
    row = {"kind": kind, "section": section, "help": help, "metavar": metavar, **extra}
    return dataclasses.field(default=default, metadata=row)
