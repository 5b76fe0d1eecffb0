"""Opponents of ``pairwise``: a column of the golden file, an earlier run, or a second model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.judges import opponent_spec
from pytest_llmeval.assembly.roles import Role
from pytest_llmeval.errors import InputError
from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.runlog.lookup import find_run

if TYPE_CHECKING:
    from pytest_llmeval.assembly.providers import Providers
    from pytest_llmeval.judges.setup import Opponent
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.settings.table import Settings


_MakeRequest = Callable[["BaseProvider", Case, "Settings"], Request]


@dataclass(frozen=True)
class _ColumnOpponent:
    """Answers from a column of the golden file."""

    column: str

    @property
    def name(self) -> str:
        """Identity of the opponent, part of the judge's fingerprint."""
        return f"column:{self.column}"

    async def answer(self, case: Case) -> Completion:
        """Return the text of the column.

        Raises:
            InputError: The case has none.
        """
        return _as_completion(
            case.metadata.get(self.column), f"{case.source} has no text in column {self.column!r}"
        )


@dataclass(frozen=True)
class RunOpponent:
    """Answers of an earlier run.

    Attributes:
        run: Its id or name, or ``latest``.
        log: Path or URL of the run log.
    """

    run: str
    log: str

    @property
    def name(self) -> str:
        """Identity of the opponent, part of the judge's fingerprint."""
        return f"run:{self._answers[0]}"

    async def answer(self, case: Case) -> Completion:
        """Return the answer of that run to the case.

        Raises:
            InputError: The run has no answer to it.
            RunLogError: The run log cannot be read.
        """
        run, answers = self._answers
        return _as_completion(
            answers.get((case.source.file, case.id)),
            f"run {run} has no answer to {case.source} ({case.id})",
        )

    def check(self) -> None:
        """Check that there is such a run, before anything is sent.

        Raises:
            InputError: There is none.
            RunLogError: The run log cannot be read.
        """
        from pytest_llmeval.runlog.log import RunLog

        with closing(RunLog(self.log, must_exist=True)) as log:
            find_run(log, self.run)

    @cached_property
    def _answers(self) -> tuple[str, Mapping[tuple[str, str], str]]:
        from pytest_llmeval.runlog.log import RunLog

        with closing(RunLog(self.log, must_exist=True)) as log:
            run = find_run(log, self.run)
            answers: dict[tuple[str, str], str] = {}
            for result in log.results(run.id):
                if result.completion is not None:
                    answers[result.case.source.file, result.case.id] = result.completion.text
            return run.id, answers


@dataclass(frozen=True)
class _ModelOpponent:
    """Answers of a second model to the requests of the model under test.

    Attributes:
        model: Its name.
        provider: Its provider.
        make_request: Makes the request of a case.
        settings: The settings of the test, with the second model in them.
    """

    model: str
    provider: BaseProvider
    make_request: _MakeRequest
    settings: Settings

    @property
    def name(self) -> str:
        """Identity of the opponent, part of the judge's fingerprint."""
        # Without the address, as in a recording.
        name, request = self.provider.recorded(Request((), self.model))
        return f"model:{request.model} {name}"

    async def answer(self, case: Case) -> Completion:
        """Return the answer of the model.

        Raises:
            CallError: The call failed.
            InputError: The prompt cannot be made.
        """
        from pytest_llmeval.providers.extraction import extract_answer

        request = self.make_request(self.provider, case, self.settings)
        answer = await self.provider.complete(request)
        pattern = self.settings.answer_pattern
        if not pattern:
            return answer
        return await asyncio.to_thread(extract_answer, answer, pattern)


def make_opponent(
    settings: Settings, providers: Providers, make_request: _MakeRequest, log: str
) -> Opponent | None:
    """Make the opponent that is set; ``None`` if none is.

    Args:
        settings: The settings of the test.
        providers: The providers of this process.
        make_request: Makes the request of a case.
        log: Path or URL of the run log.

    Raises:
        InputError: The opponent cannot be used.
    """
    spec = opponent_spec(settings)
    if spec is None:
        return None
    kind, name = spec
    if kind == "column":
        return _ColumnOpponent(name)
    if kind == "run":
        opponent = RunOpponent(name, log)
        opponent.check()
        return opponent
    provider = providers.ready(_opponent_role(name, settings))
    return _ModelOpponent(name, provider, make_request, replace(settings, model=name))


def _opponent_role(name: str, settings: Settings) -> Role:
    option = settings.origin("judge_against")
    return Role(None, settings.base_url, name, option, url_origin=settings.origin("base_url"))


def _as_completion(text: object, complaint: str) -> Completion:
    if not isinstance(text, str) or not text.strip():
        raise InputError(complaint)
    return Completion(text, endpoint="opponent", cost_usd=0.0)
