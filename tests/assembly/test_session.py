from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmeval.assembly.providers import Environment
from pytest_llmeval.assembly.roles import Role, judging_role
from pytest_llmeval.assembly.session import Session
from pytest_llmeval.engine.engine import MeteredProvider
from pytest_llmeval.errors import SettingError
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.table import Settings

URL = "http://127.0.0.1:9/v1"


def session(root: Path, **settings: object) -> Session:
    return Session(Settings(**settings), Environment(Locations(root, root), {}, {}))  # type: ignore[arg-type]


def test_a_local_model_that_answers_and_judges_is_one_provider(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the extra local is not installed")
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    spec = f"local:{tmp_path / 'model.gguf'}"
    made = session(tmp_path, provider=spec, judge_provider=spec)

    answering = made.provider(made.settings)
    assert isinstance(answering, MeteredProvider)
    assert answering.provider is made.providers.bare(_judging(made))


def test_an_endpoint_is_asked_with_the_key_of_each_role(tmp_path: Path) -> None:
    made = session(tmp_path, model="m", base_url=URL, judge_model="j")

    assert made.provider(made.settings) is not made.providers.bare(_judging(made))
    assert made.provider(made.settings) is made.provider(made.settings)


@pytest.mark.parametrize(("name", "nearest"), [("rubrik", "rubric"), ("toxicty", "toxicity")])
def test_an_unknown_score_names_the_nearest(tmp_path: Path, name: str, nearest: str) -> None:
    made = session(tmp_path, model="m", base_url=URL)

    with pytest.raises(
        SettingError, match=f"the score: found '{name}'.* Did you mean '{nearest}'?"
    ):
        made.scorer(name, {}, made.settings)


def test_the_toxicity_judge_knows_no_labels(tmp_path: Path) -> None:
    made = session(tmp_path, model="m", base_url=URL, toxicity="judge")

    with pytest.raises(SettingError, match="Labels and models need --llm-toxicity detoxify"):
        made.scorer("toxicity.insult", {}, made.settings)


def _judging(made: Session) -> Role:
    role = judging_role(made.settings)
    assert role is not None
    return role
