"""Who answers and who judges, decided from the settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from pytest_llmeval.providers.registry import DEFAULT, find_spec
from pytest_llmeval.records.run import Note
from pytest_llmeval.settings.table import OPTIONS, Settings

JUDGES_ITSELF = (
    "No judge is set, so the model under test judges itself: pin one with --llm-judge-model."
)
OUR_OWN = {"answer_pattern", "samples", "reducer"}
"""Settings of the generation that are followed here, whoever answers."""


@dataclass(frozen=True)
class Role:
    """What is needed to make one provider.

    Attributes:
        spec: Provider spec; ``None`` means ``openai``.
        base_url: Base URL of its endpoint, or ``None`` for the default.
        model: Model name; empty where the provider is not a model, or serves only one.
        place: The option that names it, for error texts.
        is_judge: Whether its API key is the judge's.
        juror: Its place in the jury, from 1; 0 for anybody else.
    """

    spec: str | None
    base_url: str | None
    model: str
    place: str
    is_judge: bool = False
    juror: int = 0

    @property
    def label(self) -> str:
        """The model's name, or what stands for it."""
        return self.model or self.spec or ""

    @property
    def setting(self) -> str:
        """Name of the setting that holds the provider spec."""
        if self.juror:
            return "jury"
        return "judge_provider" if self.is_judge else "provider"

    def describe(self) -> str:
        """The role in a few words, for the header of a run."""
        who = self.model or self.spec or DEFAULT
        spec = f" ({self.spec})" if self.spec and self.model else ""
        places = ", then ".join(_place(entry) for entry in (self.base_url or "").split())
        return f"{who}{spec}" + (f" at {places}" if places else "")


def _place(entry: str) -> str:
    """An entry of a list of endpoints without its query, which may hold a secret."""
    return entry.partition("?")[0]


def answering_role(settings: Settings) -> Role | None:
    """Who answers; ``None`` if nothing is configured."""
    if not settings.provider and not settings.model:
        return None
    return Role(settings.provider, settings.base_url, settings.model or "", "--llm-provider")


def judging_role(settings: Settings) -> Role | None:
    """Who judges; ``None`` if nothing is configured that could.

    Without a judge of its own, a run is judged by the model under test.
    """
    spec = settings.judge_provider
    if spec or settings.judge_model or settings.judge_base_url:
        base_url, model = settings.judge_base_url, settings.judge_model
        if _needs_url(spec):
            base_url, model = base_url or settings.base_url, model or settings.model
        return Role(spec, base_url, model or "", "--llm-judge-provider", is_judge=True)
    answering = answering_role(settings)
    if answering is None:
        return None
    if _is_model(answering.spec):
        return answering
    if not answering.model:
        return None
    return Role(None, settings.base_url, answering.model, "--llm-model")


def jury_roles(settings: Settings) -> tuple[Role, ...]:
    """The jurors of ``--llm-jury``: ``MODEL``, ``MODEL@URL`` or the spec of a local model."""
    return tuple(
        _juror(entry.strip(), place, settings) for place, entry in enumerate(settings.jury, 1)
    )


def served_roles(settings: Settings) -> tuple[Role, ...]:
    """The roles whose models one process can serve for others."""
    roles = (answering_role(settings), judging_role(settings))
    return tuple(role for role in roles if role is not None and _serves_others(role.spec))


def _is_model(text: str | None) -> bool:
    spec = find_spec(text)
    return spec is not None and spec.is_model


def _needs_url(text: str | None) -> bool:
    spec = find_spec(text)
    return spec is not None and spec.needs_url


def _serves_others(text: str | None) -> bool:
    spec = find_spec(text)
    return spec is not None and spec.serves_others


def _juror(entry: str, place: int, settings: Settings) -> Role:
    if _is_model(entry) and not _needs_url(entry):
        return Role(entry, None, "", "--llm-jury", is_judge=True, juror=place)
    model, _, url = entry.partition("@")
    return Role(
        None, url or settings.judge_base_url or settings.base_url, model, "--llm-jury", True, place
    )


def family(model: str) -> str:
    """Who makes a model, by its name; empty if that is not known.

    Args:
        model: For example ``gpt-4o``, ``anthropic/claude-3-opus`` or
            ``local:qwen2.5-coder-1.5b-instruct``.
    """
    name = re.split(r"[/:]", model.lower())[-1]
    known = json.loads(
        (files("pytest_llmeval.assembly") / "families.json").read_text(encoding="utf-8")
    )["families"]
    return next((maker for maker, names in known.items() if name.startswith(tuple(names))), "")


def judges_itself(settings: Settings) -> bool:
    """Whether the model under test is also the judge."""
    role = judging_role(settings)
    return role is not None and not role.is_judge


def setting_notes(settings: Settings, judged: bool) -> tuple[Note, ...]:
    """What the user should know about the settings before trusting a result.

    Args:
        settings: The settings in force.
        judged: Whether anything is, or was, judged.
    """
    found: list[Note] = []
    if judged and judges_itself(settings):
        found.append(Note("judge", JUDGES_ITSELF))
    elif judged:
        found += [Note("judge", text) for text in _same_family(settings)]
    role = answering_role(settings)
    is_app = role is not None and not _is_model(role.spec)
    unused = [
        row.flag
        for row in OPTIONS
        if row.section == "generation" and row.name in settings.explicit - OUR_OWN
    ]
    if is_app and role and unused:
        text = f"{role.spec} is an application: it need not follow {', '.join(unused)}."
        found.append(Note("setting", text))
    return tuple(found)


def _same_family(settings: Settings) -> Iterator[str]:
    """A warning where the judge is of the family of the model under test, and so may prefer its answers."""
    answering, judging = answering_role(settings), judging_role(settings)
    if answering is None or judging is None:
        return
    maker = family(answering.label)
    if maker and maker == family(judging.label):
        yield (
            f"{judging.label} judges {answering.label}, a model of the same family ({maker}): judges prefer their own "
            "kind, so pin one of another family with --llm-judge-model, or calibrate it."
        )
