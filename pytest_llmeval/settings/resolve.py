"""The precedence of settings: command line, environment, ini, default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTION_BY_NAME, OPTIONS, Bound, Settings

_DECISIVE = (
    "model", "provider", "judge_model", "min_score", "threshold", "must_pass", "baseline", "gate",
)  # fmt: skip
"""Settings without which nothing is asked, or nothing is judged."""


def _pytest_flag(row: Option) -> str:
    return row.flag


def resolve(
    command_line: Mapping[str, object],
    environment: Mapping[str, str],
    ini: Mapping[str, object],
    flag: Callable[[Option], str] = _pytest_flag,
) -> Settings:
    """Resolve every setting by precedence: command line, environment, ini, default.

    Args:
        command_line: Values by setting name; ``None`` if an option was not given.
        environment: The process's environment.
        ini: Values by setting name; ``None`` if a key is not in the file.
        flag: Names an option as the user writes it on the command line.

    Raises:
        SettingError: A value is not allowed; the message names where it was written.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    bounds: list[Bound] = []
    gates: list[Bound] = []
    levels = {"command line": command_line, "environment": _by_name(environment), "ini": ini}
    for level, given in reversed(levels.items()):
        level_bounds: list[Bound] = []
        for row in OPTIONS:
            if given.get(row.name) is None:
                continue
            origin = flag(row) if level == "command line" else _origin(row, level, environment)
            value = row.read(given[row.name], origin)
            if row.name == "gate":
                gates += [Bound(level, origin, text) for text in value]
            values[row.name] = value
            origins[row.name] = origin
            if row.name == "min_score":
                level_bounds.insert(0, Bound(level, origin, f"rubric>={value}"))
            elif row.name == "threshold":
                level_bounds += [Bound(level, origin, text) for text in value]
        bounds = [*level_bounds, *bounds]
    explicit = frozenset(row.name for row in OPTIONS if command_line.get(row.name) is not None)
    return Settings(
        **values,
        explicit=explicit,
        environment=frozenset(levels["environment"]),
        empty=tuple(_empty(command_line, environment)),
        declared_baselines=_declared_baselines(ini),
        bounds=tuple(bounds),
        replaced_gates=tuple(gate for gate in gates if gate.origin != origins["gate"]),
        origins=tuple(origins.items()),
    )


def _declared_baselines(ini: Mapping[str, object]) -> tuple[str, ...]:
    row = OPTION_BY_NAME["baseline"]
    names = ini.get(row.name)
    return () if names is None else tuple(row.read(names, f"ini {row.dest}"))


def _empty(command_line: Mapping[str, object], environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the options and variables of `_DECISIVE` settings that are given without a value."""
    for row in OPTIONS:
        if row.name not in _DECISIVE:
            continue
        value = command_line.get(row.name)
        if value is not None:
            if row.read(value, row.flag) in ("", ()):
                yield row.flag
            continue
        variable = row.env[0]
        if environment.get(variable) == "":
            yield variable


def _by_name(environment: Mapping[str, str]) -> dict[str, object]:
    """Return the values that the environment sets, by setting name."""
    variables = {row.name: _variable(row, environment) for row in OPTIONS}
    return {name: environment[variable] for name, variable in variables.items() if variable}


def _variable(row: Option, environment: Mapping[str, str]) -> str | None:
    """Return the name of an option's first environment variable that is set."""
    return next((name for name in row.env if _is_set(row, environment.get(name))), None)


def _origin(row: Option, level: str, environment: Mapping[str, str]) -> str:
    """Return the variable or ini key that holds a value."""
    return f"ini {row.dest}" if level == "ini" else str(_variable(row, environment))


def _is_set(row: Option, value: str | None) -> bool:
    """Return whether a variable counts; an empty one only switches off a text with a default."""
    if value:
        return True
    return value == "" and row.kind == "text" and bool(row.default)
