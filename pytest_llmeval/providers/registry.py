"""Kinds of providers by the prefix of their specification, ``--llm-provider PREFIX:REST``.

A `ProviderSpec` says what a kind can do, so no other module knows a kind by name. An installed
package adds a kind by an entry point of the group ``pytest_llmeval.providers`` that names a
`ProviderSpec`.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata

from pytest_llmeval.errors import InputError, SettingError, nearest
from pytest_llmeval.protocols import BaseProvider
from pytest_llmeval.providers.spec import ProviderRequest, ProviderSpec

_ENTRY_POINTS = "pytest_llmeval.providers"
DEFAULT = "openai"
"""Specification if a setting names none."""


def _make_openai(request: ProviderRequest) -> BaseProvider:
    from pytest_llmeval.providers.openai.make import make_openai

    return make_openai(request)


def _make_local(request: ProviderRequest) -> BaseProvider:
    from pytest_llmeval.providers.local.provider import make_local

    return make_local(request)


def _make_python(request: ProviderRequest) -> BaseProvider:
    from pytest_llmeval.providers.python import load_callable

    return load_callable(request.rest, request.origin)


def _make_column(request: ProviderRequest) -> BaseProvider:
    from pytest_llmeval.providers.column import ColumnProvider

    return ColumnProvider(request.rest)


_BUILT_IN = (
    ProviderSpec(DEFAULT, "openai", _make_openai, is_model=True, needs_url=True, takes_rest=False),
    ProviderSpec(
        "local",
        "local:PATH, local:NAME, local:hf:REPO/FILE",
        _make_local,
        is_model=True,
        serves_others=True,
        names_file=True,
    ),
    ProviderSpec("python", "python:package.module:name", _make_python),
    ProviderSpec("column", "column:NAME", _make_column),
)


def find_spec(spec: str | None) -> ProviderSpec | None:
    """Find the kind of a specification; ``None`` if no kind has its prefix."""
    prefix = (spec or DEFAULT).partition(":")[0]
    built_in = next((kind for kind in _BUILT_IN if kind.prefix == prefix), None)
    return built_in or _installed(prefix)


@cache
def _installed(prefix: str) -> ProviderSpec | None:
    """Load the kind that an installed package offers."""
    for point in metadata.entry_points(group=_ENTRY_POINTS, name=prefix):
        try:
            spec = point.load()
        except Exception as error:  # an import runs the package's code
            raise InputError(
                f"provider {prefix!r} ({point.value}) cannot be loaded: "
                f"{type(error).__name__}: {error}. Repair or uninstall that package."
            ) from error
        if not isinstance(spec, ProviderSpec):
            raise InputError(
                f"provider {prefix!r} ({point.value}): found {type(spec).__name__}; "
                "allowed: a ProviderSpec. Repair or uninstall that package."
            )
        return spec
    return None


def make_provider(request: ProviderRequest) -> BaseProvider:
    """Make the provider that a specification names. Nothing is sent.

    Raises:
        InputError: The specification, or something that it needs, cannot be used.
    """
    spec = find_spec(request.spec)
    if spec is not None and bool(request.rest) == spec.takes_rest:
        return spec.make(request)
    installed = sorted(point.name for point in metadata.entry_points(group=_ENTRY_POINTS))
    forms = [*(kind.form for kind in _BUILT_IN), *(f"{name}:…" for name in installed)]
    allowed = f"{', '.join(forms[:-1])} or {forms[-1]}"
    prefixes = [*(kind.prefix for kind in _BUILT_IN), *installed]
    remedy = nearest(request.spec.partition(":")[0], prefixes)
    if request.rest.startswith("//"):
        option = "--llm-judge-base-url" if request.is_judge else "--llm-base-url"
        remedy = f"Write the URL of an endpoint in {option}."
    raise SettingError(request.origin, request.spec, allowed, remedy)
