from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.assembly.roles import answering_role, judges_itself, judging_role, jury_roles
from pytest_llmeval.settings.table import Settings


@pytest.mark.parametrize(
    ("settings", "judge"),
    [
        ({}, None),
        ({"model": "m"}, (None, "m", None)),
        ({"model": "m", "base_url": "u"}, (None, "m", "u")),
        ({"model": "m", "base_url": "u", "judge_model": "j"}, (None, "j", "u")),
        ({"model": "m", "base_url": "u", "judge_base_url": "v"}, (None, "m", "v")),
        ({"provider": "local:x"}, ("local:x", "", None)),
        ({"provider": "local:x", "judge_provider": "local:y"}, ("local:y", "", None)),
        ({"provider": "local:x", "judge_model": "j"}, (None, "j", None)),
        ({"provider": "python:a:b"}, None),
        ({"provider": "python:a:b", "model": "m"}, (None, "m", None)),
        ({"provider": "column:answer", "judge_model": "j"}, (None, "j", None)),
    ],
)
def test_who_judges(
    settings: dict[str, Any], judge: tuple[str | None, str, str | None] | None
) -> None:
    role = judging_role(Settings(**settings))

    assert (role and (role.spec, role.model, role.base_url)) == judge


def test_a_judge_of_its_own_is_told_from_the_model_under_test() -> None:
    assert judges_itself(Settings(model="m"))
    assert not judges_itself(Settings(model="m", judge_model="m"))
    assert not judges_itself(Settings())
    assert answering_role(Settings(judge_model="j")) is None


@pytest.mark.parametrize(
    ("entry", "juror"),
    [
        ("m", (None, "m", "u")),
        ("m@http://v/v1", (None, "m", "http://v/v1")),
        ("llama3:8b", (None, "llama3:8b", "u")),
        ("local:x", ("local:x", "", None)),
        ("python:package:judge", ("python:package:judge", "", None)),
    ],
)
def test_a_juror_is_a_model_of_the_endpoint_or_a_provider(
    entry: str, juror: tuple[str | None, str, str | None]
) -> None:
    [role] = jury_roles(Settings(jury=(entry,), base_url="u"))

    assert (role.spec, role.model, role.base_url) == juror
