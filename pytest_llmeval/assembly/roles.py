"""The roles of a run (answering, judging, jurors), read from the settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from pytest_llmeval.errors import SettingError
from pytest_llmeval.providers.openai.addresses import split_model
from pytest_llmeval.providers.registry import DEFAULT, find_spec
from pytest_llmeval.records.run import Note
from pytest_llmeval.redaction import HIDDEN, is_http, public_address, public_urls
from pytest_llmeval.settings.table import OPTIONS, Settings

JUDGES_ITSELF = (
    "No judge is set, so the model under test judges itself: pin one with --llm-judge-model."
)
_FOLLOWED_HERE = {"answer_pattern", "samples", "reducer"}
"""Settings of the generation that work with every provider."""

_WITHOUT_SCHEME = re.compile(
    r"@(?:localhost|\d+(?:\.\d+){3}|\[[0-9a-f:.]+\]|(?:[\w-]+\.)+[a-z]{2,}(?=[:/?])|[\w.-]+:\d+/)"
    r"|\?[\w.-]+=",
    re.IGNORECASE,
)
"""In the name of a juror: the host or the parameters of a URL whose scheme was forgotten."""


@dataclass(frozen=True)
class Role:
    """The description of one provider.

    Attributes:
        spec: Provider spec; ``None`` means ``openai``.
        base_url: Base URL of its endpoint, or ``None`` for the default.
        model: Model name; empty where the provider is not a model, or serves only one.
        option: Where it was written, for error texts: a flag, a variable, an ini key or a marker.
        is_judge: Whether its API key is the judge's.
        juror: Number in the jury, from 1; 0 for every other role.
        url_origin: Where the base URL was written, for error texts, or the flag that would set it.
    """

    spec: str | None
    base_url: str | None
    model: str
    option: str
    is_judge: bool = False
    juror: int = 0
    url_origin: str = "--llm-base-url"

    @property
    def label(self) -> str:
        """Name of the model, or the provider spec."""
        return self.model or self.spec or ""

    @property
    def setting(self) -> str:
        """Name of the setting that holds the provider spec."""
        if self.juror:
            return "jury"
        return "judge_provider" if self.is_judge else "provider"

    def describe(self) -> str:
        """Describe the role in a few words, for the header of a run."""
        if self.spec and not _is_endpoint(self.spec):
            # An application or a column: the model is a setting that it may read, and no URL is.
            model = f" (model {public_address(self.model)})" if self.model else ""
            return f"{public_address(self.spec)}{model}"
        name = public_address(self.model or self.spec or DEFAULT)
        spec = f" ({public_address(self.spec)})" if self.spec and self.model else ""
        addresses = [entry.partition("?")[0] for entry in public_urls(self.base_url or "").split()]
        if not addresses:
            return f"{name}{spec}"
        return f"{name}{spec} at {', then '.join(addresses)}"


def answering_role(settings: Settings) -> Role | None:
    """Return the role that answers; ``None`` if nothing is configured."""
    if not settings.provider and not settings.model:
        return None
    option = settings.origin("provider" if settings.provider else "model")
    return Role(
        settings.provider,
        settings.base_url,
        settings.model or "",
        option,
        url_origin=settings.origin("base_url"),
    )


def judging_role(settings: Settings) -> Role | None:
    """Return the role that judges; ``None`` if nothing is configured.

    Where no judge is set, the model under test judges.
    """
    spec = settings.judge_provider
    if spec or settings.judge_model or settings.judge_base_url:
        base_url = settings.judge_base_url
        model = settings.judge_model
        url_origin = settings.origin("judge_base_url")
        # The model and URL of the answers belong to an endpoint, not to another kind of provider.
        if _is_endpoint(spec):
            if settings.base_url and not base_url:
                base_url, url_origin = settings.base_url, settings.origin("base_url")
            model = model or settings.model
        option = settings.origin("judge_provider" if spec else "judge_model")
        return Role(spec, base_url, model or "", option, is_judge=True, url_origin=url_origin)
    answering = answering_role(settings)
    if answering is None:
        return None
    if _is_model(answering.spec):
        return answering
    if not answering.model:
        return None
    return Role(
        None,
        settings.base_url,
        answering.model,
        settings.origin("model"),
        url_origin=settings.origin("base_url"),
    )


def jury_roles(settings: Settings) -> tuple[Role, ...]:
    """Return the jurors of ``--llm-jury``: ``MODEL``, ``MODEL@URL`` or a provider's spec."""
    return tuple(
        _juror(entry.strip(), number, settings) for number, entry in enumerate(settings.jury, 1)
    )


def served_roles(settings: Settings) -> tuple[Role, ...]:
    """Return the roles whose models one process can serve for others."""
    roles = (answering_role(settings), judging_role(settings))
    return tuple(role for role in roles if role is not None and _serves_others(role.spec))


def check_addresses(settings: Settings, environ: Mapping[str, str]) -> None:
    """Check the addresses of all roles before a worker starts, where nobody sees its usage error.

    Raises:
        SettingError: An address cannot be used.
    """
    from pytest_llmeval.providers.openai.endpoints import read_endpoints

    for role in (answering_role(settings), judging_role(settings), *jury_roles(settings)):
        if role is not None and role.base_url and _is_endpoint(role.spec):
            read_endpoints(role.base_url, environ, role.url_origin)


def _is_model(text: str | None) -> bool:
    spec = find_spec(text)
    return spec is not None and spec.is_model


def _is_endpoint(text: str | None) -> bool:
    """Return whether a provider is an endpoint whose URL and model are settings."""
    spec = find_spec(text)
    return spec is not None and spec.needs_url and not spec.takes_rest


def _serves_others(text: str | None) -> bool:
    spec = find_spec(text)
    return spec is not None and spec.serves_others


def _juror(entry: str, number: int, settings: Settings) -> Role:
    option = settings.origin("jury")
    spec = find_spec(entry)
    if spec is not None and spec.takes_rest:
        return Role(entry, None, "", option, is_judge=True, juror=number)
    model, base_url = split_model(entry)
    _check_model(model, option)
    url_origin = option
    if not base_url:
        name = "judge_base_url" if settings.judge_base_url else "base_url"
        base_url = settings.judge_base_url or settings.base_url or ""
        url_origin = settings.origin(name)
    return Role(
        None, base_url or None, model, option, is_judge=True, juror=number, url_origin=url_origin
    )


def _check_model(name: str, origin: str) -> None:
    """Refuse a URL where the name of a model belongs: it would be sent, stored and shown.

    Raises:
        SettingError: The name is a URL, well written or not.
    """
    if is_http(name):
        raise SettingError(
            origin,
            public_urls(name),
            "the name of a model",
            "A juror of another endpoint is MODEL@URL.",
        )
    if _WITHOUT_SCHEME.search(name):
        raise SettingError(
            origin,
            f"{name.partition('@')[0]}@{HIDDEN}" if "@" in name else HIDDEN,
            "the name of a model, or MODEL@URL",
            "A URL begins with http:// or https://.",
        )


def family(model: str) -> str:
    """Return the maker of a model, by the model's name; empty if unknown.

    Args:
        model: For example ``gpt-4o``, ``anthropic/claude-3-opus`` or
            ``local:qwen2.5-coder-1.5b-instruct``.
    """
    name = re.split(r"[/:]", model.lower())[-1]
    text = (files("pytest_llmeval.assembly") / "families.json").read_text(encoding="utf-8")
    for maker, beginnings in json.loads(text)["families"].items():
        if name.startswith(tuple(beginnings)):
            return str(maker)
    return ""


def judges_itself(settings: Settings) -> bool:
    """Return whether the model under test is also the judge."""
    role = judging_role(settings)
    return role is not None and not role.is_judge


def setting_notes(settings: Settings, judged: bool) -> tuple[Note, ...]:
    """Return warnings about the settings that a reader of the results should know.

    Args:
        settings: The settings in force.
        judged: Whether the run has scores of judges.
    """
    notes: list[Note] = []
    if judged and judges_itself(settings):
        notes.append(Note("judge", JUDGES_ITSELF))
    elif judged:
        notes += [Note("judge", text) for text in _same_family(settings)]
    role = answering_role(settings)
    is_app = role is not None and not _is_model(role.spec)
    unused = [
        row.flag
        for row in OPTIONS
        if row.section == "generation" and row.name in settings.explicit - _FOLLOWED_HERE
    ]
    if is_app and role and unused:
        text = f"{role.spec} is an application: it may ignore {', '.join(unused)}."
        notes.append(Note("setting", text))
    return tuple(notes)


def _same_family(settings: Settings) -> Iterator[str]:
    """Yield a warning if the judge and the model under test are of one family."""
    answering = answering_role(settings)
    judging = judging_role(settings)
    if answering is None or judging is None:
        return
    maker = family(answering.label)
    if maker and maker == family(judging.label):
        yield (
            f"{judging.label} judges {answering.label}, a model of the same family ({maker}): "
            "judges prefer their own kind, so pin one of another family with --llm-judge-model, "
            "or calibrate it."
        )
