"""The precedence of settings: command line, environment, ini, default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTIONS, Settings


def resolve(
    command_line: Mapping[str, object], environment: Mapping[str, str], ini: Mapping[str, object]
) -> Settings:
    """Resolve every setting by precedence: command line, environment, ini, default.

    Args:
        command_line: Values by setting name; ``None`` if an option was not given.
        environment: The process's environment.
        ini: Values by setting name; ``None`` if a key is not in the file.

    Raises:
        SettingError: A value is not allowed; the message names where it was written.
    """
    values: dict[str, Any] = {}
    bounds: list[tuple[str, str]] = []
    by_origin = {"command line": command_line, "environment": _by_name(environment), "ini": ini}
    for origin, texts in reversed(by_origin.items()):
        read = {
            row.name: row.read(texts[row.name], _location(row, origin, environment))
            for row in OPTIONS
            if texts.get(row.name) is not None
        }
        values.update(read)
        rubric = [f"rubric>={read['min_score']}"] if "min_score" in read else []
        bounds[:0] = [(origin, text) for text in (*rubric, *read.get("threshold", ()))]
    explicit = frozenset(row.name for row in OPTIONS if command_line.get(row.name) is not None)
    return Settings(**values, explicit=explicit, bounds=tuple(bounds))


def _by_name(environment: Mapping[str, str]) -> dict[str, object]:
    """Return the values that the environment sets, by setting name."""
    variables = {row.name: _variable(row, environment) for row in OPTIONS}
    return {name: environment[variable] for name, variable in variables.items() if variable}


def _variable(row: Option, environment: Mapping[str, str]) -> str | None:
    """Return the name of an option's first environment variable that is set."""
    return next((name for name in row.env if _is_set(row, environment.get(name))), None)


def _location(row: Option, origin: str, environment: Mapping[str, str]) -> str:
    """Return the option, ini key or variable that holds a value, for error texts."""
    if origin == "command line":
        return row.flag
    if origin == "ini":
        return f"ini {row.dest}"
    return str(_variable(row, environment))


def _is_set(row: Option, value: str | None) -> bool:
    """Return whether a variable counts; an empty one only switches off a text with a default."""
    if value:
        return True
    return value == "" and row.kind == "text" and bool(row.default)
