"""Which value of a setting holds: command line, environment, ini, default, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTIONS, Settings


def resolve(
    command_line: Mapping[str, object], environment: Mapping[str, str], ini: Mapping[str, object]
) -> Settings:
    """Settings by precedence: command line, environment, ini, default.

    Args:
        command_line: Values by setting name; ``None`` for what was not given.
        environment: The process's environment.
        ini: Values by setting name; ``None`` for what is not in the file.

    Raises:
        SettingError: A value is not allowed; the message names where it was written.
    """
    values: dict[str, Any] = {}
    bounds: list[tuple[str, str]] = []
    places = {"command line": command_line, "environment": _by_name(environment), "ini": ini}
    for origin, given in reversed(places.items()):
        read = {
            row.name: row.read(given[row.name], _place(row, origin, environment))
            for row in OPTIONS
            if given.get(row.name) is not None
        }
        values.update(read)
        rubric = [f"rubric>={read['min_score']}"] if "min_score" in read else []
        bounds[:0] = [(origin, text) for text in (*rubric, *read.get("threshold", ()))]
    explicit = frozenset(row.name for row in OPTIONS if command_line.get(row.name) is not None)
    return Settings(**values, explicit=explicit, bounds=tuple(bounds))


def _by_name(environment: Mapping[str, str]) -> dict[str, object]:
    """What the environment sets, by setting name."""
    variables = {row.name: _variable(row, environment) for row in OPTIONS}
    return {name: environment[variable] for name, variable in variables.items() if variable}


def _variable(row: Option, environment: Mapping[str, str]) -> str | None:
    """The first variable of an option that is set."""
    return next((name for name in row.env if _is_set(row, environment.get(name))), None)


def _place(row: Option, origin: str, environment: Mapping[str, str]) -> str:
    """Where a value was written, for error texts."""
    if origin == "command line":
        return row.flag
    return f"ini {row.dest}" if origin == "ini" else str(_variable(row, environment))


def _is_set(row: Option, value: str | None) -> bool:
    """Whether a variable counts: an empty one only where it switches off a text that has a default."""
    return bool(value) or (value is not None and row.kind == "text" and bool(row.default))
