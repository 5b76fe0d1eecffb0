"""Judges, made from the settings: model, reply format, jury and opponent."""

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


_UNNAMED = "openai"
"""The name of a judge whose endpoint serves a single, unnamed model."""
NO_JUDGE = (
    "no judge is configured: set --llm-judge-model NAME (llmeval: --judge-model), "
    "LLMEVAL_JUDGE_MODEL or the ini key llm_judge_model "
    "(and --llm-judge-base-url for an endpoint other than OpenAI's)"
)


def asks_judge(name: str, settings: Settings) -> bool:
    """Return whether a judge gives this score."""
    from pytest_llmeval.judges.registry import is_kind

    head = name.partition(".")[0]
    # A metric or a judge can give these two.
    if head == "toxicity":
        return settings.toxicity == "judge"
    if head == "bias":
        return settings.bias == "judge"
    return is_kind(head)


class Judges:
    """Makes judges.

    Args:
        providers: The providers of this process.
        locations: The folders that paths are relative to.
        opponent: Makes the opponent of ``pairwise``; ``None`` where none is set.
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
        """Make a judge of a kind, for example ``rubric``.

        Raises:
            NotConfiguredError: No judge is set.
            SettingError: The kind does not take these parameters.
        """
        from pytest_llmeval.judges.jury import JURY
        from pytest_llmeval.judges.registry import make_judge

        jurors = jury_roles(settings) if name == JURY else ()
        role = jurors[0] if jurors else judging_role(settings)
        if role is None:
            raise NotConfiguredError(f"{name}: {NO_JUDGE}")
        setup = self._setup(role, settings)
        jury = tuple(
            replace(setup, provider=self._providers.ready(juror), model=juror.label)
            for juror in jurors
        )
        return make_judge(
            name, params, replace(setup, jury=jury, opponent=self._opponent(settings))
        )

    def model(self, name: str, settings: Settings) -> str:
        """Return the name of the judging model; for a jury, the names of all jurors."""
        from pytest_llmeval.judges.jury import JURY

        roles = jury_roles(settings) if name == JURY else (judging_role(settings),)
        return ", ".join(role.label for role in roles if role) or _UNNAMED

    def _setup(self, role: Role, settings: Settings) -> JudgeSetup:
        from pytest_llmeval.judges.setup import JudgeSetup

        return JudgeSetup(
            self._providers.ready(role),
            role.model,
            response_format=settings.judge_format,
            logprobs=settings.judge_logprobs,
            max_tokens=settings.judge_max_tokens,
            temperature=settings.judge_temperature,
            extra_body=dict(settings.judge_extra_body),
            samples=settings.judge_samples,
            rubrics=self._rubrics(settings),
            jury_reducer=settings.jury_reducer,
        )

    def criteria(self, settings: Settings) -> list[str]:
        """Return the names of the criteria that the settings name, such as ``politeness``.

        Raises:
            SettingError: The criteria or the rubric file cannot be read.
        """
        return [name for name in self._rubrics(settings) if name]

    def _rubrics(self, settings: Settings) -> Mapping[str, Rubric]:
        from pytest_llmeval.judges.rubrics import ONLY, default_rubric, load_rubrics, read_criteria

        rubrics: Mapping[str, Rubric] = {}
        if settings.judge_rubric:
            rubrics = load_rubrics(self._locations.path("judge_rubric", settings.judge_rubric))
        elif settings.judge_criteria:
            rubrics = read_criteria(settings.judge_criteria)
        return {ONLY: default_rubric(), **rubrics}


def opponent_spec(settings: Settings) -> tuple[str, str] | None:
    """Return kind and name of ``--llm-judge-against``; ``None`` if it is not set.

    Raises:
        SettingError: It is neither a column, a run nor a model.
    """
    if not settings.judge_against:
        return None
    kind, _, name = settings.judge_against.partition(":")
    if kind not in ("column", "run", "model") or not name:
        allowed = "column:NAME, run:ID, run:latest or model:NAME"
        raise SettingError(settings.origin("judge_against"), settings.judge_against, allowed)
    return kind, name
