"""What every judge is made of: its fingerprint, the judge of a row's own criterion, the form of its scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from pytest_llmeval.judges.dialogue import ATTEMPTS, Judgement
from pytest_llmeval.judges.prompting import fingerprint, prompt_file
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion, Parameters
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Score


@dataclass(frozen=True)
class Judge(BaseScorer, ABC):
    """A scorer that asks a model.

    A kind of judge names itself, lists what its scores rest on (`prompt_files`, `parameters`,
    `ingredients`) and writes `judge_answer`.

    Attributes:
        setup: Who is asked, and how.
        protocol: Raised whenever the same ingredients could give another score.
    """

    setup: JudgeSetup
    protocol: ClassVar[int] = 1

    @property
    @abstractmethod
    def kind(self) -> str:
        """Name of the kind, at the head of the fingerprint."""

    @property
    @abstractmethod
    def prompt_files(self) -> tuple[str, ...]:
        """The files of ``judges/prompts`` that the judge's questions are made of."""

    @cached_property
    @abstractmethod
    def parameters(self) -> Parameters:
        """How the judge is sampled."""

    @abstractmethod
    async def judge_answer(self, case: Case, completion: Completion) -> Score:
        """Score one answer, as the judge that `for_case` has chosen.

        Raises:
            CallError: The first call gave no completion.
        """

    @cached_property
    def name(self) -> str:  # type: ignore[override]  # computed
        """Name of the score."""
        return self.kind

    @cached_property
    def version(self) -> str:  # type: ignore[override]  # computed
        """Fingerprint of the judge model, its provider, and everything that it is asked with."""
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
        """What else can change a score, by name; values of built-in types."""
        return {"attempts": ATTEMPTS}

    async def score(self, case: Case, completion: Completion) -> Score:
        """Judge one answer, by the criterion of its row where the kind heeds one.

        Raises:
            CallError: The first call gave no completion.
        """
        judge = self.for_case(case)
        return await judge.judge_answer(case, completion)

    def for_case(self, case: Case) -> Judge:
        """The judge of a case: this one, unless the kind heeds a criterion in the case's row."""
        return self

    def unjudged(self, judgement: Judgement[Any]) -> Score:
        """The Score where no reply was valid."""
        return self.make_score(
            None, error=judgement.error, raw=judgement.raw, calls=judgement.calls
        )
