"""The fixtures of the plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.errors import NotConfiguredError
from pytest_llmeval.plugin.collection import case_of
from pytest_llmeval.plugin.state import STATE
from pytest_llmeval.records.scorer import RUBRIC

if TYPE_CHECKING:
    from pytest_llmeval.cases.evaluation import CaseEvaluation
    from pytest_llmeval.metrics.readability import Readability
    from pytest_llmeval.protocols import Provider
    from pytest_llmeval.records.call import Completion
    from pytest_llmeval.records.case import Case
    from pytest_llmeval.records.score import Score


@pytest.fixture
def llm_case(request: pytest.FixtureRequest) -> Case:
    """The golden case of this test."""
    case = case_of(request.node)
    if case is None:
        pytest.fail(
            f"{request.node.nodeid} requests a case: "
            "mark it @pytest.mark.llm_golden('golden/FILE.csv')",
            pytrace=False,
        )
    return case


@pytest.fixture(scope="session")
def llm_provider(request: pytest.FixtureRequest) -> Provider | None:
    """The provider of the answers; by default that of the settings, or ``None`` without one.

    Override it to test your application. It may return a Provider, a function from a case to a text
    (sync or async), or a runnable with ``ainvoke``.
    """
    return request.config.stash[STATE].default_provider()


@pytest.fixture
def llm_completion(
    request: pytest.FixtureRequest, llm_case: Case, llm_provider: object
) -> Completion:
    """The answer to this test's case, or the first of several samples."""
    return _answer(request.node, llm_provider)


@pytest.fixture
def llm_samples(
    request: pytest.FixtureRequest, llm_completion: Completion
) -> tuple[Completion, ...]:
    """All answers to this test's case under ``--llm-samples``, without failed calls.

    A score of a sample is for this sample alone. A score of ``llm_completion`` combines all
    samples.
    """
    return _evaluation(request.node).all_answers(llm_completion)


@pytest.fixture
def llm_generate(
    request: pytest.FixtureRequest, llm_provider: object
) -> Callable[[str], Completion]:
    """Send any prompt: ``llm_generate("How are you?")`` returns a Completion."""

    def generate(prompt: str) -> Completion:
        return _answer(request.node, llm_provider, prompt)

    return generate


@pytest.fixture
def llm_judge(request: pytest.FixtureRequest) -> Callable[..., Score]:
    """Judge an answer: ``llm_judge(answer)`` returns the rubric's Score, 0 to 5.

    ``criteria="…"`` sets another criterion. ``prompt="…"`` and ``expected="…"`` replace those of
    this test's case.
    """

    def judge(
        answer: Completion | str,
        *,
        criteria: str | None = None,
        prompt: str | None = None,
        expected: str | None = None,
    ) -> Score:
        evaluation = _evaluation(request.node)
        case = None
        if prompt is not None or expected is not None:
            case = _separate_case(evaluation.plan.case, prompt, expected)
        if case is not None and case_of(request.node) is None:
            evaluation.plan = replace(evaluation.plan, case=case)
        with _configured(request.node):
            return evaluation.score(
                RUBRIC, answer, {"criteria": criteria} if criteria else {}, case
            )

    return judge


@pytest.fixture
def llm_metric(request: pytest.FixtureRequest) -> Callable[..., Score]:
    """Take any metric: ``llm_metric("contains", answer, text="refund")`` returns its Score."""

    def metric(name: str, answer: Completion | str, **params: Any) -> Score:
        with _configured(request.node):
            return _evaluation(request.node).score(name, answer, params)

    return metric


@pytest.fixture
def llm_toxicity(llm_metric: Callable[..., Score]) -> Callable[..., Score]:
    """Toxicity, 0 to 1: ``llm_toxicity(answer)``; one label: ``llm_toxicity(answer, "insult")``."""

    def toxicity(answer: Completion | str, label: str | None = None) -> Score:
        return llm_metric(f"toxicity.{label}" if label else "toxicity", answer)

    return toxicity


@pytest.fixture
def llm_readability(llm_metric: Callable[..., Score]) -> Callable[..., Readability]:
    """Readability formulas of textstat: ``llm_readability(answer).flesch_reading_ease``."""
    from pytest_llmeval.metrics.readability import Readability

    def readability(answer: Completion | str, language: str | None = None) -> Readability:
        params = {"language": language} if language else {}
        return Readability(lambda name: llm_metric(name, answer, **params))

    return readability


@pytest.fixture
def llm_text_quality(
    llm_readability: Callable[..., Readability],
) -> Callable[..., Mapping[str, Score]]:
    """Scores of all readability formulas: ``llm_text_quality(answer)["smog_index"]``."""

    def text_quality(answer: Completion | str, language: str | None = None) -> Mapping[str, Score]:
        return llm_readability(answer, language).as_dict()

    return text_quality


def _evaluation(item: pytest.Item) -> CaseEvaluation:
    # Late, because a run without these fixtures does not need it.
    from pytest_llmeval.plugin.item_plan import evaluation_of

    return evaluation_of(item)


def _answer(item: pytest.Item, provider: object, prompt: str | None = None) -> Completion:
    from pytest_llmeval.plugin.item_plan import choose_provider

    with _configured(item):
        return _evaluation(item).generate(choose_provider(item, provider), prompt)


@contextmanager
def _configured(item: pytest.Item) -> Iterator[None]:
    try:
        yield
    except NotConfiguredError as error:
        from pytest_llmeval.plugin.item_plan import skip_or_raise

        skip_or_raise(item, error)


def _separate_case(case: Case, prompt: str | None, expected: str | None) -> Case:
    return replace(
        case, prompt=case.prompt if prompt is None else prompt, expected=expected, messages=()
    )
