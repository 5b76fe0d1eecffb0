"""One metric in the registry, with its check, its factory and its description."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, partial
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pytest_llmeval.errors import InputError, LLMEvalError, SettingError, nearest
from pytest_llmeval.escaping import called
from pytest_llmeval.extras import NO_EXTRA, Extra
from pytest_llmeval.protocols import BaseScorer, adopt_scorer
from pytest_llmeval.records.score import UNIT_SCALE, Scale

_MEMBERS = "a metric has name, version and score(case, completion)"
_NO_PARAMS = inspect.Signature()


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
        extra: The extra of this package that it needs.
    """

    name: str
    family: str
    scale: Scale
    params: Mapping[str, str]
    about: str
    source: str
    origin: str
    extra: Extra = NO_EXTRA


@dataclass(frozen=True)
class Description:
    """What an object that was added as a metric says of itself.

    Attributes:
        name: What thresholds call it.
        family: Metrics that share defaults and a heading.
        scale: Bounds, direction and unit of its value.
        needs: Parameters that are passed to it and that no user can write, such as ``embedder``.
        dotted: The parameter that can stand behind a dot in its name: ``label`` in
            ``toxicity.insult``.
        needs_respondent: Whether it asks the system under test again.
        about: What the number says, in a line.
        source: Who published it.
        extra: The extra of this package that it needs.
    """

    name: str
    family: str
    scale: Scale
    needs: tuple[str, ...] = ()
    dotted: str = "label"
    needs_respondent: bool = False
    about: str = ""
    source: str = ""
    extra: Extra = NO_EXTRA


def describe(metric: object, origin: str, is_factory: bool) -> Description:
    """What a metric, or a class or function that makes one, says of itself.

    A function can carry attributes but has no base class, so this is the one place that asks for
    them.

    Args:
        metric: What was added.
        origin: Who added it, for error texts.
        is_factory: Whether it makes metrics; then its products have the rest.

    Raises:
        InputError: It lacks a member, or has one of a wrong type.
    """
    _check_members(metric, origin, only_name=is_factory)
    attributes = {
        field.name: value
        for field in fields(Description)
        if (value := getattr(metric, field.name, None)) is not None
    }
    extra = attributes.get("extra")
    lines = inspect.cleandoc(metric.__doc__ or "").splitlines() or [""]
    return Description(
        name=str(attributes["name"]),
        family=str(attributes.get("family") or attributes["name"]),
        scale=attributes.get("scale", UNIT_SCALE),
        needs=tuple(attributes.get("needs", ())),
        dotted=str(attributes.get("dotted", "label")),
        needs_respondent=bool(attributes.get("needs_respondent", False)),
        about=str(attributes.get("about") or lines[0]),
        source=str(attributes.get("source", "")),
        extra=extra if isinstance(extra, Extra) else NO_EXTRA,
    )


@dataclass(frozen=True)
class Entry:
    """A metric, or a factory of metrics, that somebody added.

    Attributes:
        metric: The object that was added.
        description: What it says of itself.
        origin: Who added it.
        is_factory: Whether it must be called with parameters.
    """

    metric: object
    description: Description
    origin: str
    is_factory: bool

    @cached_property
    def signature(self) -> inspect.Signature:
        """The parameters that a user can set; a metric that is not made by a factory has none."""
        if not (self.is_factory and callable(self.metric)):
            return _NO_PARAMS
        try:
            whole = inspect.signature(self.metric, eval_str=True)
        except (
            NameError
        ):  # an annotation that only the type checker sees; its values are then not checked
            whole = inspect.signature(self.metric)
        rows = [row for name, row in whole.parameters.items() if name not in self.description.needs]
        return whole.replace(parameters=rows)

    def check(self, params: Mapping[str, Any], origin: str) -> None:
        """Check that the metric takes these parameters.

        Raises:
            SettingError: It does not know one, lacks one, or one has the wrong type.
        """
        rows = self.signature.parameters
        if any(row.kind is row.VAR_KEYWORD for row in rows.values()):
            return
        for name, value in params.items():
            if name not in rows:
                allowed = ", ".join(rows) or "no parameters"
                raise SettingError(origin, name, allowed, nearest(name, rows))
            if not _fits(value, hint := rows[name].annotation):
                raise SettingError(f"{origin} {name}", value, inspect.formatannotation(hint))
        missing = [
            name for name, row in rows.items() if row.default is row.empty and name not in params
        ]
        if missing:
            raise SettingError(
                origin, ", ".join(params) or "no parameters", ", ".join(rows), f"Give {missing[0]}."
            )

    def make(
        self, params: Mapping[str, Any], parts: Mapping[str, Callable[[], object]]
    ) -> BaseScorer:
        """Make the metric with parameters that `check` has accepted.

        Args:
            params: What the user set.
            parts: Makes each thing that metrics may need; one that is not there is left to the
                metric's default.

        Raises:
            InputError: The factory failed, or what it made is no metric.
        """
        scorer: Any = self.metric
        if self.is_factory and callable(self.metric):
            needed = {name: parts[name]() for name in self.description.needs if name in parts}
            try:
                scorer = called(partial(self.metric, **params, **needed))
            except LLMEvalError:
                raise
            except Exception as error:
                raise InputError(
                    f"metric {self.description.name!r} of {self.origin}: "
                    f"{type(error).__name__}: {error}"
                ) from error
            _check_members(scorer, self.origin)
        return adopt_scorer(scorer)

    def info(self) -> MetricInfo:
        """Describe the metric for a list of metrics."""
        params = {
            name: "required" if row.default is row.empty else json.dumps(row.default, default=str)
            for name, row in self.signature.parameters.items()
        }
        about = self.description
        return MetricInfo(
            about.name,
            about.family,
            about.scale,
            params,
            about.about,
            about.source,
            self.origin,
            about.extra,
        )


def _check_members(metric: object, origin: str, only_name: bool = False) -> None:
    """Check the members of a metric, or only the name of a factory."""
    name, version = getattr(metric, "name", None), getattr(metric, "version", None)
    has = {
        "name": isinstance(name, str) and name != "",
        "version": only_name or isinstance(version, str),
        "score": only_name or callable(getattr(metric, "score", None)),
    }
    missing = [member for member, is_there in has.items() if not is_there]
    if missing:
        raise InputError(f"{origin}: {_MEMBERS}; {metric!r} lacks {', '.join(missing)}")
    if not isinstance(getattr(metric, "scale", Scale()), Scale):
        raise InputError(f"{origin}: {metric!r} has a scale that is no pytest_llmeval.Scale")


def _fits(value: object, hint: Any) -> bool:
    """Whether a value has the annotated type, as far as plain classes tell."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    classes = tuple(get_origin(option) or option for option in options)
    if hint is inspect.Parameter.empty or not all(isinstance(option, type) for option in classes):
        return True
    if isinstance(value, bool):
        return bool in classes
    return isinstance(value, classes) or (isinstance(value, int) and float in classes)
