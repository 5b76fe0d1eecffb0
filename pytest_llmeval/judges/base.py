"""The base class of judges: the fingerprint, the criterion of a row, the form of a score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from pytest_llmeval.judges.dialogue import ATTEMPTS, Judgement
from pytest_llmeval.judges.prompting import adapted_version, fingerprint, prompt_file
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Score


@dataclass(frozen=True)
class Judge(BaseScorer, ABC):
    """A scorer that asks a model.

    A subclass has a `kind`, lists what its scores depend on (`prompt_files`, `parameters`,
    `ingredients`) and implements `judge_answer`.

    Attributes:
        setup: The judge model, its provider, and the settings of its calls.
        protocol: Version of the code. It is raised whenever the same ingredients could give a
            different score.
    """

    setup: JudgeSetup
    protocol: ClassVar[int] = 1

    @property
    @abstractmethod
    def kind(self) -> str:
        """Name of the kind of judge, which starts the fingerprint."""

    @property
    @abstractmethod
    def prompt_files(self) -> tuple[str, ...]:
        """Files of ``judges/prompts`` from which the judge's prompts are made."""

    @cached_property
    @abstractmethod
    def parameters(self) -> Parameters:
        """Sampling parameters of a call."""

    @abstractmethod
    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Score one answer. The criterion of the row is already applied.

        Raises:
            CallError: The first call returned no completion.
        """

    @cached_property
    def name(self) -> str:  # type: ignore[override]  # computed
        """Name of the score."""
        return self.kind

    @cached_property
    def version(self) -> str:  # type: ignore[override]  # computed
        """Fingerprint of the judge model, its provider, its prompts and its parameters."""
        return fingerprint(
            self.kind,
            {
                **self.setup.identity,
                "protocol": self.protocol,
                "prompts": [prompt_file(name) for name in self.prompt_files],
                "parameters": self.parameters.as_body(),
                **self.ingredients(),
            },
        )

    def ingredients(self) -> Mapping[str, object]:
        """Return what else can change a score, by name, in built-in types."""
        return {"attempts": ATTEMPTS}

    async def score(self, case: Case, completion: Completion) -> Score:
        """Judge one answer, by the criterion of its row if the kind supports one.

        Raises:
            CallError: The first call returned no completion.
        """
        judge = self.for_case(case)
        return await judge.judge_answer(case, completion)

    def for_case(self, case: Case) -> Judge:
        """Return the judge of a case: this one, unless the row has a criterion."""
        return self

    def version_of(self, calls: Iterable[Completion]) -> str:
        """Return the version of a score that these calls gave.

        It differs from that of the judge if the endpoint refused a part of the requests, since
        another request may get another score.
        """
        return adapted_version(self.kind, self.version, calls)

    def has_made(self, score: Score) -> bool:
        """Return whether a score is one of this judge, on whatever terms of the endpoint."""
        return score.version == self.version_of(score.calls)

    def make_score(
        self,
        value: float | None,
        reason: str = "",
        *,
        error: str | None = None,
        raw: str = "",
        parts: Mapping[str, float] | None = None,
        calls: tuple[Completion, ...] = (),
    ) -> Score:
        """Make a Score of this judge, whose version says how the endpoint was called."""
        score = super().make_score(value, reason, error=error, raw=raw, parts=parts, calls=calls)
        return replace(score, version=self.version_of(calls))

    def unjudged(self, judgement: Judgement[Any]) -> Score:
        """Make the Score of a judgement without a valid reply."""
        return self.make_score(
            None, error=judgement.error, raw=judgement.raw, calls=judgement.calls
        )
