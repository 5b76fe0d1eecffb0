"""Judges, made from the settings: who is asked, how, and with what jury and opponent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.roles import Role, judging_role, jury_roles
from pytest_llmeval.errors import NotConfiguredError, SettingError

if TYPE_CHECKING:
    from pytest_llmeval.assembly.providers import Providers
    from pytest_llmeval.judges.rubrics import Rubric
    from pytest_llmeval.judges.setup import JudgeSetup, Opponent
    from pytest_llmeval.protocols import BaseScorer
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings


EITHER = ("toxicity", "bias")
"""Scores that a metric or a judge gives; the setting of the same name says which."""
JURY = "jury"
UNNAMED = "openai"
"""What stands for a judge whose endpoint serves one model that nobody has named."""
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
        locations: The folders that paths are relative to.
        opponent: Makes the one whose answers ``pairwise`` compares with, if one is set.
    """

    def __init__(
        self,
        providers: Providers,
        locations: Locations,
        opponent: Callable[[Settings], Opponent | None],
    ) -> None:
        self._providers = providers
        self._locations = locations
        self._opponent = opponent

    def make(self, name: str, params: Mapping[str, Any], settings: Settings) -> BaseScorer:
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

        jurors = jury_roles(settings) if name == JURY else ()
        role = jurors[0] if jurors else judging_role(settings)
        if role is None:
            raise NotConfiguredError(f"{name}: {NO_JUDGE}")
        setup = self._setup(role, settings)
        jury = tuple(
            replace(setup, provider=self._providers.ready(each), model=each.label)
            for each in jurors
        )
        return make_judge(
            name, params, replace(setup, jury=jury, opponent=self._opponent(settings))
        )

    def model(self, name: str, settings: Settings) -> str:
        """Name of the model that judges; of a jury, those of all jurors; else what stands for it."""
        roles = jury_roles(settings) if name == JURY else (judging_role(settings),)
        return ", ".join(role.label for role in roles if role) or UNNAMED

    def _setup(self, role: Role, settings: Settings) -> JudgeSetup:
        from pytest_llmeval.judges.setup import JudgeSetup

        return JudgeSetup(
            self._providers.ready(role),
            role.model,
            response_format=settings.judge_format,
            logprobs=settings.judge_logprobs,
            max_tokens=settings.judge_max_tokens,
            samples=settings.judge_samples,
            rubrics=self._rubrics(settings),
            jury_reducer=settings.jury_reducer,
        )

    def _rubrics(self, settings: Settings) -> Mapping[str, Rubric]:
        from pytest_llmeval.judges.rubrics import ONLY, default_rubric, load_rubrics, read_criteria

        own: Mapping[str, Rubric] = {}
        if settings.judge_rubric:
            own = load_rubrics(self._locations.path("judge_rubric", settings.judge_rubric))
        elif settings.judge_criteria:
            own = read_criteria(settings.judge_criteria)
        return {ONLY: default_rubric(), **own}


def opponent_spec(settings: Settings) -> tuple[str, str] | None:
    """Kind and name of ``--llm-judge-against``; ``None`` if it is not set.

    Raises:
        SettingError: It is neither a column, a run nor a model.
    """
    if not settings.judge_against:
        return None
    kind, _, name = settings.judge_against.partition(":")
    if kind not in ("column", "run", "model") or not name:
        allowed = "column:NAME, run:ID, run:latest or model:NAME"
        raise SettingError("--llm-judge-against", settings.judge_against, allowed)
    return kind, name
