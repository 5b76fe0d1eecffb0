"""Every setting, declared once.

The fields of `Settings` are the option table. From it come the pytest options (``--llm-*``), the ini keys
(``llm_*``), the environment variables (``LLMEVAL_*``), the keywords of the markers, and the reference page.
Secrets are no settings: API keys are read from the environment by the providers alone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pytest_llmeval.errors import SettingError, nearest
from pytest_llmeval.records import Parameters, Threshold

Kind = Literal["text", "integer", "number", "flag", "list", "json", "choice"]
PARAMETER_NAMES = (
    "temperature", "top_p", "max_tokens", "stop", "seed", "frequency_penalty", "presence_penalty", "n", "extra_body",
)  # fmt: skip


@dataclass(frozen=True)
class Option:
    """One row of the option table.

    Attributes:
        name: Name of the field of `Settings`.
        kind: How its text is read.
        default: Value if nobody sets it.
        help: One sentence; starts the help text and the reference.
        section: Heading in the reference; ``generation`` and ``judge`` are also markers.
        metavar: Placeholder in the help.
        low: Smallest allowed number.
        high: Largest allowed number.
        choices: Allowed words.
        also_env: Further environment variables, read after our own.
        ini_only: Not an option of the command line.
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
        """The option on pytest's command line."""
        return "--min-score" if self.name == "min_score" else f"--llm-{self.name.replace('_', '-')}"

    @property
    def env(self) -> tuple[str, ...]:
        """Environment variables, the first one set wins."""
        return (f"LLMEVAL_{self.name.upper()}", *self.also_env)

    def read(self, value: object, place: str) -> Any:
        """The value as the field's type, from text or from a Python value of a marker.

        Args:
            value: What the user wrote.
            place: Where, for the error text.

        Raises:
            SettingError: It is not allowed.
        """
        reader: Any = {"integer": _integer, "number": _number, "flag": _flag, "list": _list, "json": _json}.get(
            self.kind
        )
        try:
            result: Any = reader(value) if reader else str(value)
        except (TypeError, ValueError):
            raise SettingError(place, value, self.allowed) from None
        too_low = self.low is not None and result < self.low
        if too_low or (self.high is not None and result > self.high):
            raise SettingError(place, value, self.allowed)
        if self.choices and result not in self.choices:
            raise SettingError(place, value, self.allowed, nearest(str(value), self.choices))
        return result

    @property
    def allowed(self) -> str:
        """What may be written, in words."""
        words = {
            "text": "text", "integer": "a whole number", "number": "a number", "flag": "true or false",
            "list": "text, one item a line", "json": "a JSON object", "choice": " or ".join(self.choices),
        }[self.kind]  # fmt: skip
        if self.low is not None and self.high is not None:
            return f"{words} from {self.low:g} to {self.high:g}"
        return f"{words}, at least {self.low:g}" if self.low is not None else words


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
    lines = value.splitlines() if isinstance(value, str) else [str(item) for item in value]  # type: ignore[attr-defined]
    return tuple(line for line in lines if line.strip())


def _json(value: object) -> dict[str, Any]:
    result = dict(value) if isinstance(value, Mapping) else json.loads(str(value))
    if not isinstance(result, dict):
        raise ValueError(value)
    return result


def _option(kind: Kind, default: Any, section: str, help: str, metavar: str = "TEXT", **extra: Any) -> Any:
    """A field of `Settings` that carries its row of the table."""
    row = {"kind": kind, "section": section, "help": help, "metavar": metavar, **extra}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=row)
    return dataclasses.field(default=default, metadata=row)


@dataclass(frozen=True)
class Settings:
    """The settings in force. Made by `resolve`, refined for one test by `overridden`."""

    model: str | None = _option("text", None, "model", "model under test", "NAME")
    base_url: str | None = _option(
        "text", None, "model", "base URL of its OpenAI-compatible endpoint", "URL", also_env=("OPENAI_BASE_URL",)
    )
    provider: str | None = _option(
        "text",
        None,
        "model",
        "what answers: openai (default), local:PATH, python:pkg.mod:function or column:NAME",
        "SPEC",
    )
    timeout: float = _option("number", 120.0, "model", "seconds one call may take in all", "SECONDS", low=0.001)
    connect_timeout: float = _option("number", 10.0, "model", "seconds to connect", "SECONDS", low=0.001)
    read_timeout: float = _option(
        "number", 60.0, "model", "seconds to wait for the next byte of an answer", "SECONDS", low=0.001
    )
    write_timeout: float = _option("number", 30.0, "model", "seconds to send a request", "SECONDS", low=0.001)

    system_prompt: str | None = _option("text", None, "generation", "system message put before every prompt")
    template: str | None = _option(
        "text", None, "generation", "Jinja2 template of the prompt over the case, or @FILE that holds it", "TEMPLATE"
    )
    temperature: float | None = _option("number", None, "generation", "sampling temperature", "T", low=0, high=2)
    top_p: float | None = _option("number", None, "generation", "nucleus sampling mass", "P", low=0, high=1)
    max_tokens: int | None = _option("integer", None, "generation", "longest answer, in tokens", "N", low=1)
    stop: tuple[str, ...] = _option("list", (), "generation", "text that ends an answer (repeatable)")
    seed: int | None = _option("integer", None, "generation", "seed passed to the endpoint", "N")
    frequency_penalty: float | None = _option(
        "number", None, "generation", "penalty on frequent tokens", "X", low=-2, high=2
    )
    presence_penalty: float | None = _option(
        "number", None, "generation", "penalty on tokens already used", "X", low=-2, high=2
    )
    n: int | None = _option("integer", None, "generation", "choices asked of one call; the first is scored", "N", low=1)
    extra_body: Mapping[str, Any] = _option(
        "json", {}, "generation", "JSON object merged into the request body", "JSON"
    )
    answer_pattern: str | None = _option(
        "text",
        None,
        "generation",
        "regular expression that finds the answer in the reply (its first group, else the whole match)",
        "REGEX",
    )

    judge_model: str | None = _option(
        "text", None, "judge", "model that judges (default: the model under test)", "NAME"
    )
    judge_base_url: str | None = _option("text", None, "judge", "base URL of the judge's endpoint", "URL")
    judge_provider: str | None = _option("text", None, "judge", "what judges, as for --llm-provider", "SPEC")
    judge_criteria: str | None = _option("text", None, "judge", "the one criterion that the rubric judges by")
    judge_rubric: str | None = _option(
        "text", None, "judge", "JSON file with criteria and an anchor for each score 0-5", "PATH"
    )
    judge_format: str = _option(
        "choice",
        "json_schema",
        "judge",
        "response format asked of the judge",
        "FORMAT",
        choices=("json_schema", "json_object", "text"),
    )
    judge_logprobs: bool = _option(
        "flag", False, "judge", "weigh the scores 0-5 by their probability, where the endpoint has logprobs"
    )
    judge_max_tokens: int = _option("integer", 200, "judge", "longest reply of the judge, in tokens", "N", low=1)

    min_score: float | None = _option(
        "number", None, "thresholds", "lowest rubric score (0-5) with which a case passes", "X", low=0, high=5
    )
    threshold: tuple[str, ...] = _option(
        "list", (), "thresholds", 'bound on a score of every case, for example "toxicity<=0.2" (repeatable)', "BOUND"
    )

    golden: tuple[str, ...] = _option(
        "list", (), "cases", "folders or glob patterns of golden files to collect without Python", ini_only=True
    )
    columns: tuple[str, ...] = _option(
        "list", (), "cases", 'column names of your own, one "COLUMN = FIELD" a line', ini_only=True
    )
    limit: int | None = _option(
        "integer", None, "cases", "run only N cases, drawn at random with --llm-limit-seed", "N", low=1
    )
    limit_seed: int = _option("integer", 0, "cases", "seed of the draw of --llm-limit", "N")
    where: str | None = _option(
        "text", None, "cases", "run only cases for which this Jinja2 expression over the case is true", "EXPR"
    )
    strict: bool = _option("flag", False, "cases", "a case that cannot run for want of a model is an error")

    toxicity: str = _option(
        "choice", "detoxify", "metrics", "what measures toxicity", "HOW", choices=("detoxify", "judge")
    )
    toxicity_model: str = _option(
        "text",
        "original",
        "metrics",
        "detoxify model: original, unbiased, multilingual, original-small, unbiased-small or a local checkpoint",
        "NAME",
    )
    language: str = _option("text", "en_US", "metrics", "language of the readability formulas", "LANG")

    log: str = _option(
        "text", ".llmeval/runs.sqlite", "reports", "run log: a path or SQLAlchemy URL; empty for none", "URL"
    )
    json: str = _option("text", ".llmeval/report.json", "reports", "JSON report; empty for none", "PATH")
    html: str = _option("text", ".llmeval/report.html", "reports", "HTML report; empty for none", "PATH")
    csv: str = _option("text", "", "reports", "results as CSV; empty for none", "PATH")
    name: str = _option("text", "", "reports", "name of this run in log and reports")

    explicit: frozenset[str] = frozenset()
    """Names of the settings given on the command line: a marker does not change them."""

    def parameters(self) -> Parameters:
        """The sampling parameters of a generation."""
        return Parameters(**{name: getattr(self, name) for name in PARAMETER_NAMES})

    def overridden(self, values: Mapping[str, object], place: str) -> Settings:
        """These settings with a marker's values; what the command line set stays.

        Args:
            values: Values by setting name.
            place: The marker, for error texts.

        Raises:
            SettingError: A value is not allowed.
        """
        rows = {row.name: row for row in OPTIONS}
        read = {name: rows[name].read(value, f"{place} {name}") for name, value in values.items() if value is not None}
        return dataclasses.replace(self, **{name: value for name, value in read.items() if name not in self.explicit})

    def thresholds(self) -> tuple[Threshold, ...]:
        """The bounds on every case, those of ``min_score`` first.

        Raises:
            SettingError: A bound cannot be read.
        """
        origin = "command line" if {"min_score", "threshold"} & self.explicit else "settings"
        first = () if self.min_score is None else (Threshold("rubric", ">=", self.min_score, origin=origin),)
        return (*first, *(Threshold.parse(text, origin) for text in self.threshold))


def _table() -> tuple[Option, ...]:
    rows = []
    for field in dataclasses.fields(Settings):
        if field.metadata:
            default = () if field.default is dataclasses.MISSING else field.default
            rows.append(Option(name=field.name, default=default, **field.metadata))
    return tuple(rows)


OPTIONS = _table()
"""The option table, in the order of the reference page."""


def resolve(command_line: Mapping[str, object], environment: Mapping[str, str], ini: Mapping[str, object]) -> Settings:
    """Settings by precedence: command line, environment, ini, default.

    Args:
        command_line: Values by setting name; ``None`` for what was not given.
        environment: The process's environment.
        ini: Values by setting name; ``None`` for what is not in the file.

    Raises:
        SettingError: A value is not allowed; the message names where it was written.
    """
    values: dict[str, object] = {}
    explicit = set()
    for option in OPTIONS:
        variable = next((name for name in option.env if environment.get(name)), None)
        if command_line.get(option.name) is not None:
            values[option.name] = option.read(command_line[option.name], option.flag)
            explicit.add(option.name)
        elif variable:
            values[option.name] = option.read(environment[variable], variable)
        elif ini.get(option.name) is not None:
            values[option.name] = option.read(ini[option.name], f"ini {option.dest}")
    return Settings(**values, explicit=frozenset(explicit))  # type: ignore[arg-type]
