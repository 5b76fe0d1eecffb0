"""What is asked for a case."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.records.call import Request
from pytest_llmeval.records.case import Case

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.settings.table import Settings


def request_for(
    provider: BaseProvider, case: Case, settings: Settings, template: str | None
) -> Request:
    """The request of a case.

    Args:
        provider: Who will be asked.
        case: The case.
        settings: The settings of the test.
        template: Template of the prompt, its file found; ``None`` for none.

    Raises:
        InputError: The prompt cannot be made.
    """
    from pytest_llmeval.goldens.prompting import messages_for

    return Request(
        messages=messages_for(case, settings.system_prompt, template),
        model=settings.model or "",
        parameters=settings.parameters(),
        case=case if provider.sees_case else None,
    )


def numbered(request: Request, number: int) -> Request:
    """The request of one sample. A seed counts up, or an endpoint that heeds it would give one answer n times."""
    parameters = request.parameters
    if number and parameters.seed is not None:
        parameters = replace(parameters, seed=parameters.seed + number)
    return replace(request, parameters=parameters, sample=number)
