"""The requests of a case."""

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
    """Make the request of a case.

    Args:
        provider: The provider that will answer.
        case: The case.
        settings: The settings of the test.
        template: Template of the prompt, a file as an absolute path; ``None`` for none.

    Raises:
        InputError: The prompt cannot be made.
    """
    from pytest_llmeval.goldens.prompting import messages_for

    return Request(
        messages=messages_for(case, settings.system_prompt, template, settings.origin("template")),
        model=settings.model or "",
        parameters=settings.parameters(),
        case=case if provider.sees_case else None,
    )


def numbered(request: Request, number: int) -> Request:
    """Return the request of one sample, with a seed of its own."""
    parameters = request.parameters
    # With one seed for all samples, an endpoint would give the same answer n times.
    if number and parameters.seed is not None:
        parameters = replace(parameters, seed=parameters.seed + number)
    return replace(request, parameters=parameters, sample=number)
