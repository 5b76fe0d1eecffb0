"""The verdicts that settings require of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pytest_llmeval.settings.table import OPTION_BY_NAME, OPTIONS, Bound, Settings

_INI = "ini"
_BY_GATE = "gate"
_RUN_WIDE = ("strict", "gate", "baseline", "fail_on")
"""Settings that require a verdict on the run as a whole."""

_AT_WORK = ("model", "judge", "generation", "thresholds", "gates", "cases")
"""Sections whose settings nobody puts into the environment without an evaluation in mind."""


@dataclass(frozen=True)
class Demands:
    """The options, variables and ini keys that require a verdict.

    Attributes:
        here: Those of this command: on the command line, in the environment, or as a keyword. The
            run must give a verdict.
        project: Ini keys that require a verdict on the run. A run of some tests alone need not
            give it.
        bounds: Ini keys with thresholds, which are held against the cases that run.
    """

    here: tuple[str, ...] = ()
    project: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.origins)

    @property
    def origins(self) -> tuple[str, ...]:
        """All of them, those of this command first."""
        return (*self.here, *self.project, *self.bounds)


def demands_of(settings: Settings, typed: Collection[str] | None = None) -> Demands:
    """Return what the settings require of a run.

    Args:
        settings: The settings in force.
        typed: Names of the settings that the user has typed; ``None`` for all that the command line
            gives. The rest of them stands in ``addopts`` and belongs to the project.
    """
    run_wide = list(_run_wide(settings, typed))
    bounds = [(_is_here(bound, typed), bound.origin) for bound in settings.bounds]
    here = [origin for is_here, origin in (*run_wide, *bounds) if is_here]
    project = [origin for is_here, origin in run_wide if not is_here]
    of_cases = [origin for is_here, origin in bounds if not is_here]
    return Demands(*(tuple(dict.fromkeys(names)) for names in (here, project, of_cases)))


def is_at_work(settings: Settings, typed: Collection[str] | None = None) -> bool:
    """Return whether somebody wants an evaluation now, and not only runs the project's tests.

    A project holds its thresholds in the ini file, and whoever evaluates names the model. A case
    without a model is skipped as long as nothing names one, and nothing else speaks of an
    evaluation.

    Args:
        settings: The settings in force.
        typed: As for `demands_of`.
    """
    given = settings.explicit if typed is None else settings.explicit & set(typed)
    is_given = bool(settings.model or settings.provider or given or settings.empty)
    return is_given or _is_of_evaluation(settings.environment)


def names_evaluation(settings: Settings, typed: Collection[str]) -> bool:
    """Return whether this command or the environment speaks of an evaluation, not the project.

    Args:
        settings: The settings in force.
        typed: Names of the settings that the user has typed.
    """
    return _is_of_evaluation({*typed, *settings.environment}) or bool(settings.empty)


def _is_of_evaluation(names: Collection[str]) -> bool:
    """Return whether one of some settings is nobody's without an evaluation in mind."""
    rows = (row for row in OPTIONS if row.name in names)
    return any(row.section in _AT_WORK and row.name != "base_url" for row in rows)


def origin_of(settings: Settings, name: str) -> str:
    """Return the option, variable or ini key that holds the value of a setting."""
    row = OPTION_BY_NAME[name]
    if name in settings.explicit:
        return row.flag
    if name in settings.environment:
        return row.env[0]
    return f"-o {row.dest}" if name in settings.ini_overrides else f"{_INI} {row.dest}"


def unseen_origin(settings: Settings, name: str) -> str:
    """Return the variable that holds the value of a setting, which no command and no file shows.

    Empty if the value comes from elsewhere.
    """
    origin = origin_of(settings, name)
    if name in settings.added:
        return f"{origin} in PYTEST_ADDOPTS"
    is_variable = name in settings.environment and name not in settings.explicit
    return origin if is_variable else ""


def _run_wide(settings: Settings, typed: Collection[str] | None) -> Iterator[tuple[bool, str]]:
    """Yield the settings that require a verdict on the run, and whether this command gives them."""
    for name in _RUN_WIDE:
        value = getattr(settings, name)
        if not value or (name == "fail_on" and value != _BY_GATE):
            continue
        is_typed = name in settings.explicit and (typed is None or name in typed)
        is_here = is_typed or (name in settings.environment and name not in settings.explicit)
        yield is_here, origin_of(settings, name)


def _is_here(bound: Bound, typed: Collection[str] | None) -> bool:
    """Return whether this command gives a threshold."""
    if bound.level == _INI:
        return False
    if bound.level != "command line" or typed is None:
        return True
    return any(row.flag == bound.origin and row.name in typed for row in OPTIONS)
