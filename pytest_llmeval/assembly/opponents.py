"""Whose answers ``pairwise`` compares with: a column of the golden file, an earlier run, or a second model."""

from __future__ import annotations

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


_Ask = Callable[["BaseProvider", Case, "Settings"], Request]


@dataclass(frozen=True)
class _ColumnOpponent:
    """The answers that stand in a column of the golden file."""

    column: str

    @property
    def name(self) -> str:
        """What identifies it."""
        return f"column:{self.column}"

    async def answer(self, case: Case) -> Completion:
        """The text of the column.

        Raises:
            InputError: The case has none.
        """
        return _given(
            case.metadata.get(self.column), f"{case.source} has no text in column {self.column!r}"
        )


@dataclass(frozen=True)
class RunOpponent:
    """The answers of an earlier run.

    Attributes:
        run: Its id or name, or ``latest``.
        log: Path or URL of the run log.
    """

    run: str
    log: str

    @property
    def name(self) -> str:
        """What identifies it."""
        return f"run:{self._answers[0]}"

    async def answer(self, case: Case) -> Completion:
        """What was answered to the case then.

        Raises:
            InputError: The run has no answer to it.
            RunLogError: The run log cannot be read.
        """
        run, answers = self._answers
        return _given(
            answers.get((case.source.file, case.id)),
            f"run {run} has no answer to {case.source} ({case.id})",
        )

    @cached_property
    def _answers(self) -> tuple[str, Mapping[tuple[str, str], str]]:
        from pytest_llmeval.runlog.log import RunLog

        with closing(RunLog(self.log, must_exist=True)) as log:
            run = find_run(log, self.run)
            return run.id, {
                (result.case.source.file, result.case.id): result.completion.text
                for result in log.results(run.id)
                if result.completion is not None
            }


@dataclass(frozen=True)
class _ModelOpponent:
    """The answers of a second model, asked what the model under test is asked.

    Attributes:
        model: Its name.
        provider: Who answers for it.
        ask: Makes the request of a case.
        settings: The settings of the test, with the second model in them.
    """

    model: str
    provider: BaseProvider
    ask: _Ask
    settings: Settings

    @property
    def name(self) -> str:
        """What identifies it."""
        return f"model:{self.model} {self.provider.fingerprint}"

    async def answer(self, case: Case) -> Completion:
        """What the model answers.

        Raises:
            CallError: No completion could be had.
            InputError: The prompt cannot be made.
        """
        from pytest_llmeval.providers.extraction import extract_answer

        answer = await self.provider.complete(self.ask(self.provider, case, self.settings))
        return (
            extract_answer(answer, self.settings.answer_pattern)
            if self.settings.answer_pattern
            else answer
        )


def make_opponent(settings: Settings, providers: Providers, ask: _Ask, log: str) -> Opponent | None:
    """The opponent that is set; ``None`` if none is.

    Args:
        settings: The settings of the test.
        providers: Who can be asked.
        ask: Makes the request of a case.
        log: Path or URL of the run log.

    Raises:
        InputError: It cannot be used.
    """
    spec = opponent_spec(settings)
    if spec is None:
        return None
    kind, name = spec
    if kind == "column":
        return _ColumnOpponent(name)
    if kind == "run":
        return RunOpponent(name, log)
    provider = providers.ready(Role(None, settings.base_url, name, "--llm-model"))
    return _ModelOpponent(name, provider, ask, replace(settings, model=name))


def _given(text: object, otherwise: str) -> Completion:
    if not isinstance(text, str) or not text.strip():
        raise InputError(otherwise)
    return Completion(text, endpoint="opponent", cost_usd=0.0)
