"""The precedence of settings: command line, environment, ini, default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.table import OPTION_BY_NAME, OPTIONS, Bound, Replaced, Settings

_DECISIVE = (
    "model", "provider", "judge_model", "min_score", "threshold", "must_pass", "baseline", "gate",
)  # fmt: skip
"""Settings without which nothing is asked, or nothing is judged."""

_WATCHED = ("strict", "must_pass", "baseline", "golden", "fail_on", "margin")
"""Settings of a project that decide what is judged, or how strictly."""

_INI = "ini"


def _pytest_flag(row: Option) -> str:
    return row.flag


def resolve(
    command_line: Mapping[str, object],
    environment: Mapping[str, str],
    ini: Mapping[str, object],
    flag: Callable[[Option], str] = _pytest_flag,
    file: Mapping[str, object] | None = None,
) -> Settings:
    """Resolve every setting by precedence: command line, environment, ini, default.

    Args:
        command_line: Values by setting name; ``None`` if an option was not given.
        environment: The process's environment.
        ini: Values by setting name; ``None`` if a key is not in the file.
        flag: Names an option as the user writes it on the command line.
        file: Values of the ini file that ``-o`` replaces, so that ``ini`` holds others; ``None``
            for a name that the file lacks.

    Raises:
        SettingError: A value is not allowed; the message names where it was written.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    bounds: list[Bound] = []
    gates: list[Bound] = []
    overrides = frozenset(file or ())
    in_file = {**ini, **(file or {})}
    levels = {"command line": command_line, "environment": _by_name(environment), "ini": ini}
    for level, given in reversed(levels.items()):
        level_bounds: list[Bound] = []
        for row in OPTIONS:
            if given.get(row.name) is None:
                continue
            origin = flag(row) if level == "command line" else _origin(row, level, environment)
            if level == _INI and row.name in overrides:
                origin = f"-o {row.dest}"
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
    gates += _gates_of(file or {})
    explicit = frozenset(row.name for row in OPTIONS if command_line.get(row.name) is not None)
    return Settings(
        **values,
        explicit=explicit,
        environment=frozenset(levels["environment"]),
        empty=tuple(_empty(command_line, environment)),
        declared_baselines=_declared_baselines(ini),
        bounds=tuple(bounds),
        ini_overrides=overrides,
        replaced_bounds=tuple(_replaced_bounds(file or {})),
        replaced=tuple(_replaced(in_file, values)),
        replaced_gates=tuple(gate for gate in gates if gate.origin != origins.get("gate")),
        origins=tuple(origins.items()),
    )


def _replaced_bounds(file: Mapping[str, object]) -> Iterator[tuple[str, Bound]]:
    """Yield the thresholds of the ini file that ``-o`` replaces."""
    for name in ("min_score", "threshold"):
        row = OPTION_BY_NAME[name]
        if file.get(name) is None:
            continue
        origin = f"{_INI} {row.dest}"
        value = row.read(file[name], origin)
        texts = [f"rubric>={value}"] if name == "min_score" else value
        yield from ((name, Bound(_INI, origin, text)) for text in texts)


def _gates_of(file: Mapping[str, object]) -> Iterator[Bound]:
    """Yield the gates of the ini file that ``-o`` replaces."""
    row = OPTION_BY_NAME["gate"]
    if file.get(row.name) is not None:
        origin = f"{_INI} {row.dest}"
        yield from (Bound(_INI, origin, text) for text in row.read(file[row.name], origin))


def _replaced(in_file: Mapping[str, object], values: Mapping[str, Any]) -> Iterator[Replaced]:
    """Yield the values of the ini file, and the default margin, that are not in force."""
    for name in _WATCHED:
        row = OPTION_BY_NAME[name]
        origin = f"{_INI} {row.dest}"
        if in_file.get(name) is not None:
            value = row.read(in_file[name], origin)
        elif name == "margin":
            value, origin = row.default, "the default margin"
        else:
            continue
        if value not in (values.get(name, row.default), "", (), False):
            text = ", ".join(value) if isinstance(value, tuple) else str(value)
            text = text.lower() if value is True else text
            yield Replaced(name, value, f"{origin} {text}")


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
