"""One metric in the registry: how it is checked, made and described."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pytest_llmeval.errors import InputError, LLMEvalError, SettingError, nearest
from pytest_llmeval.metrics.as_score import scale_of
from pytest_llmeval.protocols import Scorer
from pytest_llmeval.records.score import Scale

MEMBERS = "a metric has name, version and score(case, completion)"
NO_PARAMS = inspect.Signature()


@dataclass(frozen=True)
class MetricInfo:
    """What a list of metrics says about one.

    Attributes:
        name: What thresholds call it.
        family: Metrics that share defaults: ``readability``, ``match``, or the metric's own name.
        scale: Bounds, direction and unit of its value.
        params: Default of each parameter as text; ``required`` where there is none.
        about: What the number says, in a line.
        source: Who published it.
        origin: Who added it.
        extra: The extra of this package that it needs; empty for none.
    """

    name: str
    family: str
    scale: Scale
    params: Mapping[str, str]
    about: str
    source: str
    origin: str
    extra: str = ""


@dataclass(frozen=True)
class Entry:
    """A metric, or a factory of metrics, that somebody added.

    Attributes:
        metric: The object that was added.
        name: What thresholds call it.
        origin: Who added it.
        is_factory: Whether it must be called with parameters.
    """

    metric: object
    name: str
    origin: str
    is_factory: bool

    @property
    def family(self) -> str:
        """Metrics that share defaults."""
        return str(getattr(self.metric, "family", self.name))

    @property
    def needs(self) -> tuple[str, ...]:
        """Parameters that are handed to it and that nobody can write, for example ``embedder``."""
        return tuple(getattr(self.metric, "needs", ()))

    @property
    def dotted(self) -> str:
        """The parameter that can stand behind a dot in the name: ``label`` in ``toxicity.insult``."""
        return str(getattr(self.metric, "dotted", "label"))

    @cached_property
    def signature(self) -> inspect.Signature:
        """The parameters that a user can set; a metric that is not made by a factory has none."""
        if not (self.is_factory and callable(self.metric)):
            return NO_PARAMS
        try:
            whole = inspect.signature(self.metric, eval_str=True)
        except (
            NameError
        ):  # an annotation that only the type checker sees; its values are then not checked
            whole = inspect.signature(self.metric)
        rows = [row for name, row in whole.parameters.items() if name not in self.needs]
        return whole.replace(parameters=rows)

    def check(self, params: Mapping[str, Any], place: str) -> None:
        """Whether it takes these parameters.

        Raises:
            SettingError: It does not know one, lacks one, or one has the wrong type.
        """
        rows = self.signature.parameters
        if any(row.kind is row.VAR_KEYWORD for row in rows.values()):
            return
        for name, value in params.items():
            if name not in rows:
                allowed = ", ".join(rows) or "no parameters"
                raise SettingError(place, name, allowed, nearest(name, rows))
            if not _fits(value, hint := rows[name].annotation):
                raise SettingError(f"{place} {name}", value, inspect.formatannotation(hint))
        lacking = [
            name for name, row in rows.items() if row.default is row.empty and name not in params
        ]
        if lacking:
            raise SettingError(
                place, ", ".join(params) or "no parameters", ", ".join(rows), f"Give {lacking[0]}."
            )

    def make(self, params: Mapping[str, Any], parts: Mapping[str, Callable[[], object]]) -> Scorer:
        """The metric with these parameters, which `check` has seen.

        Args:
            params: What the user set.
            parts: Makes each thing that metrics may need; one that is not there is left to the
                metric's default.

        Raises:
            InputError: The factory failed, or what it made is no metric.
        """
        if not (self.is_factory and callable(self.metric)):
            return self.metric  # type: ignore[return-value]  # its members were checked when it was added
        try:
            scorer = self.metric(
                **params, **{name: parts[name]() for name in self.needs if name in parts}
            )
        except LLMEvalError:
            raise
        except Exception as error:
            raise InputError(
                f"metric {self.name!r} of {self.origin}: {type(error).__name__}: {error}"
            ) from error
        check_members(scorer, self.origin)
        return scorer  # type: ignore[no-any-return]  # checked in the line above

    def info(self) -> MetricInfo:
        """What a list of metrics says about it."""
        params = {
            name: "required" if row.default is row.empty else json.dumps(row.default, default=str)
            for name, row in self.signature.parameters.items()
        }
        lines = (inspect.getdoc(self.metric) or "").splitlines() or [""]
        about = str(getattr(self.metric, "about", lines[0]))
        source = str(getattr(self.metric, "source", ""))
        extra = str(getattr(self.metric, "extra", ""))
        return MetricInfo(
            self.name, self.family, scale_of(self.metric), params, about, source, self.origin, extra
        )


def check_members(metric: object, origin: str, only_name: bool = False) -> None:
    """Whether an object is a metric; of a factory only the name is asked, since the rest comes with its products."""
    name, version = getattr(metric, "name", None), getattr(metric, "version", None)
    has = {
        "name": isinstance(name, str) and name != "",
        "version": only_name or isinstance(version, str),
        "score": only_name or callable(getattr(metric, "score", None)),
    }
    lacking = [member for member, is_there in has.items() if not is_there]
    if lacking:
        raise InputError(f"{origin}: {MEMBERS}; {metric!r} lacks {', '.join(lacking)}")
    if not isinstance(getattr(metric, "scale", Scale()), Scale):
        raise InputError(f"{origin}: {metric!r} has a scale that is no pytest_llmeval.Scale")


def _fits(value: object, hint: Any) -> bool:
    """Whether a value has the annotated type, as far as plain classes tell."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    classes = tuple(get_origin(option) or option for option in options)
    if hint is inspect.Parameter.empty or not all(isinstance(one, type) for one in classes):
        return True
    if isinstance(value, bool):
        return bool in classes
    return isinstance(value, classes) or (isinstance(value, int) and float in classes)
