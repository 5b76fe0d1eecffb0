"""Judges, made from the settings: who is asked, how, and with what jury and opponent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import NotConfiguredError
from pytest_llmeval.session.roles import Role, judging_role

if TYPE_CHECKING:
    from pytest_llmeval.judges.means import Means
    from pytest_llmeval.protocols import Scorer
    from pytest_llmeval.session.providers import Providers
    from pytest_llmeval.settings import Settings

EITHER = ("toxicity", "bias")
"""Scores that a metric or a judge gives; the setting of the same name says which."""
NO_JUDGE = "no judge is configured: set --llm-judge-model NAME (and --llm-judge-base-url where it is not OpenAI's)"


def asks_judge(name: str, settings: Settings) -> bool:
    """Whether a score is a judge's."""
    from pytest_llmeval.judges.registry import is_kind

    head = name.partition(".")[0]
    return is_kind(head) and (head not in EITHER or getattr(settings, head) == "judge")


class Judges:
    """Makes judges.

    Args:
        providers: Who can be asked.
    """

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def make(self, name: str, params: Mapping[str, Any], settings: Settings) -> Scorer:
        """A judge.

        Args:
            name: Its kind, for example ``rubric``.
            params: The kind's parameters.
            settings: The settings of the test.

        Raises:
            NotConfiguredError: Nothing is set that could judge.
            SettingError: The kind does not take these parameters.
        """
        from pytest_llmeval.judges.registry import make_judge

        role = judging_role(settings)
        if role is None:
            raise NotConfiguredError(f"{name}: {NO_JUDGE}")
        return make_judge(name, params, self._means(role, settings))

    def model(self, settings: Settings) -> str:
        """Name of the model that judges; empty if none does."""
        role = judging_role(settings)
        return (role.model or role.spec or "") if role else ""

    def _means(self, role: Role, settings: Settings) -> Means:
        from pytest_llmeval.judges.means import Means
        from pytest_llmeval.judges.rubrics import default_rubric, load_rubric, with_criteria

        path, criteria = self._providers.located(settings.judge_rubric), settings.judge_criteria
        return Means(
            self._providers.ready(role),
            role.model,
            response_format=settings.judge_format,
            logprobs=settings.judge_logprobs,
            max_tokens=settings.judge_max_tokens,
            samples=settings.judge_samples,
            rubric=load_rubric(Path(path)) if path else with_criteria(criteria) if criteria else default_rubric(),
            jury_reducer=settings.jury_reducer,
        )
