"""The plan of a pytest item, and the evaluation that its fixtures and its outcome share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.assembly.judges import asks_judge
from pytest_llmeval.assembly.open_files import check_open_files
from pytest_llmeval.cases.bounds import check_bounds, with_setting, with_threshold
from pytest_llmeval.cases.columns import check_answer_columns, check_opponent_columns
from pytest_llmeval.cases.evaluation import CaseEvaluation
from pytest_llmeval.cases.plan import Marks, Plan, check_reducer, plan_case
from pytest_llmeval.cases.thresholds import in_force
from pytest_llmeval.errors import (
    InputError,
    MissingKeyError,
    NoSuchScore,
    NotConfiguredError,
    SettingError,
)
from pytest_llmeval.gating.clusters import check_clusters
from pytest_llmeval.plugin.collection import GoldenItem, case_of, definitions, requested_fixtures
from pytest_llmeval.plugin.markers import (
    MUST_PASS_ORIGIN,
    SCORES_OF_FIXTURES,
    metrics_of,
    must_pass_of,
    settings_for,
    thresholds_of,
)
from pytest_llmeval.plugin.state import (
    AHEAD,
    EVALUATION,
    ORDER,
    PLAN,
    STATE,
    PluginState,
    usage_error,
)
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.scorer import ScorerKey

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.settings.table import Settings


def _scores_of_fixtures(item: pytest.Item) -> Iterator[str]:
    """Yield a score of each fixture of this plugin that a test requests, if the test will run."""
    if any(mark.name in ("skip", "skipif") for mark in item.iter_markers()):
        return
    for fixture in sorted(requested_fixtures(item)):
        if fixture in SCORES_OF_FIXTURES:
            yield SCORES_OF_FIXTURES[fixture]


def evaluation_of(item: pytest.Item) -> CaseEvaluation:
    """Return the evaluation of an item, which is made at the first call.

    Raises:
        SettingError: A marker of the item cannot be used.
    """
    if EVALUATION not in item.stash:
        state = item.config.stash[STATE]
        state.add_metrics()
        evaluation = item.stash.get(AHEAD, None) or CaseEvaluation(state.session, plan_for(item))
        item.stash[EVALUATION] = evaluation
        state.current = evaluation
    return item.stash[EVALUATION]


def plan_for(item: pytest.Item) -> Plan:
    """Return the plan of an item.

    Raises:
        SettingError: A marker of the item cannot be used.
    """
    if PLAN not in item.stash:
        item.stash[PLAN] = _plan(item)
    return item.stash[PLAN]


def _plan(item: pytest.Item) -> Plan:
    base = item.config.stash[STATE].settings
    settings = settings_for(item, base)
    check_reducer(settings, base)
    order = item.stash.get(ORDER, 0)
    case = case_of(item)
    marks = Marks(thresholds_of(item), metrics_of(item), must_pass_of(item), MUST_PASS_ORIGIN)
    if case is not None:
        return plan_case(case, settings, item.nodeid, suite_of(item), order, marks)
    return Plan(
        nodeid=item.nodeid,
        suite=suite_of(item),
        case=_test_case(item),
        settings=settings,
        thresholds=in_force([*marks.thresholds, *settings.threshold_groups()]),
        metrics=marks.metrics,
        is_golden=False,
        order=order,
    )


def suite_of(item: pytest.Item) -> str:
    """Return the node id of an item without its case, which names its test or golden file."""
    if isinstance(item, GoldenItem):
        return item.nodeid.partition("::")[0]
    base = item.nodeid.partition("[")[0]
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return base
    params = [_param_text(callspec, name) for name in callspec.params if name != "llm_case"]
    return f"{base}[{'-'.join(params)}]" if params else base


def choose_provider(item: pytest.Item, fixture_value: object) -> BaseProvider:
    """Return the provider of an item: command line, marker, overriding fixture, settings.

    Args:
        item: The item.
        fixture_value: Value of the fixture ``llm_provider``.

    Raises:
        NotConfiguredError: No provider is set.
        InputError: The provider cannot be used.
    """
    return _chosen(evaluation_of(item).plan.settings, item.config.stash[STATE], fixture_value)


def planned_provider(item: pytest.Item, state: PluginState, fixture_value: object) -> BaseProvider:
    """Return the future provider of an item without an evaluation.

    Raises:
        InputError: No provider is set, or it cannot be used.
    """
    return _chosen(settings_for(item, state.settings), state, fixture_value)


def _chosen(settings: Settings, state: PluginState, fixture_value: object) -> BaseProvider:
    named_for_test = settings.provider != state.settings.provider
    if fixture_value is None or "provider" in settings.explicit or named_for_test:
        return state.session.provider(settings)
    if state.is_default(fixture_value):
        return state.session.provider(settings)
    return state.adopt(fixture_value)


def skip_or_raise(item: pytest.Item, error: NotConfiguredError) -> None:
    """Skip a test without a configured model or judge, unless scores are required.

    Raises:
        NotConfiguredError: Scores are required: under ``--llm-strict``, by a threshold on the
            command line or in the environment, or by any threshold of the test in an evaluation.
    """
    state = item.config.stash[STATE]
    plan = plan_for(item)
    is_evaluated = state.is_at_work or bool(plan.settings.model or plan.settings.provider)
    is_evaluated = is_evaluated or evaluation_of(item).completion is not None
    if state.settings.requires_scores or (plan.thresholds and is_evaluated):
        raise error
    raise pytest.skip.Exception(str(error)) from error


def check_declared(items: Iterable[pytest.Item], state: PluginState) -> None:
    """Check the declarations of all tests before anything is sent.

    Raises:
        pytest.UsageError: A scorer, a provider or a marker cannot be used.
    """
    items = list(items)
    try:
        check_open_files()
        state.add_metrics()
        cases = [case for item in items if (case := case_of(item)) is not None]
        state.session.trust.cases = cases
        _check_clusters(cases, state)
    except InputError as error:
        return state.refuse(usage_error(error))
    checked: set[object] = set()
    for item in items:
        try:
            _check(item, plan_for(item), checked)
        except InputError as error:
            is_shared = isinstance(error, SettingError) and error.is_shared
            prefix = "" if is_shared else f"{item.nodeid}: "
            return state.refuse(pytest.UsageError(f"{prefix}{usage_error(error)}"))
    try:
        _check_columns(items)
    except InputError as error:
        return state.refuse(usage_error(error))
    _check_must_pass(items, state)


def _check_columns(items: Iterable[pytest.Item]) -> None:
    """Refuse a column that the settings name and that no case has."""
    golden = [item for item in items if case_of(item) is not None]
    check_answer_columns(plan_for(item) for item in golden if _is_answered_by_settings(item))
    check_opponent_columns(map(plan_for, golden))


def _check_clusters(cases: Sequence[Case], state: PluginState) -> None:
    """Refuse a misspelt column of clusters; a part of a suite may lack that of the ini file."""
    settings = state.settings
    is_typed = "cluster" in settings.explicit | settings.environment
    if is_typed or (state.is_whole and not state.choice.is_narrowed):
        check_clusters(settings.cluster, settings.origin("cluster"), cases)


def _check(item: pytest.Item, plan: Plan, checked: set[object]) -> None:
    """Make the scorers and the provider of an item without sending anything."""
    if (
        item.get_closest_marker("llm_golden")
        and case_of(item) is None
        and not _is_parametrized(item)
    ):
        raise InputError(
            "it is marked llm_golden, but pytest cannot run it once for each case (a "
            "unittest.TestCase, a mark of pytest.param, or a marker added after the collection?)"
        )
    session = item.config.stash[STATE].session
    settings = plan.settings
    named = [*plan.declared, *((name, {}) for name in _scores_of_fixtures(item))]
    if _is_at_rest(item, plan):
        # Nobody asks the judge of a case without an answer, so it needs no key yet.
        named = [score for score in named if not asks_judge(score[0], settings)]
    needed: dict[tuple[object, Settings], Callable[[], object]] = {
        (ScorerKey.of(name, params), settings): partial(session.scorer, name, params, settings)
        for name, params in named
    }
    if _is_answered_by_settings(item):
        needed["provider", settings] = partial(session.provider, settings)
        if not _is_at_rest(item, plan):
            needed["template", settings] = partial(session.check_template, settings)
    for (scorer, used), make in needed.items():
        if (scorer, used) not in checked:
            checked.add((scorer, used))
            # The test itself is skipped or fails if nothing is configured.
            try:
                make()
            except NotConfiguredError:
                continue
            except NoSuchScore as error:
                raise with_setting(error, plan) from None
            except MissingKeyError as error:
                raise with_threshold(error, scorer, plan) from None
    check_bounds(session, plan, checked)


def _is_answered_by_settings(item: pytest.Item) -> bool:
    """Return whether a test takes an answer of the provider that its settings name."""
    is_default = len(definitions(item, "llm_provider")) == 1
    return is_default and "llm_completion" in getattr(item, "fixturenames", ())


def _is_parametrized(item: pytest.Item) -> bool:
    """Return whether pytest runs it once for each case, or skips it because there is none."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and "llm_case" in callspec.params


def _is_at_rest(item: pytest.Item, plan: Plan) -> bool:
    """Return whether a test will be skipped, because nothing can answer and nobody evaluates."""
    is_answered = plan.settings.model or plan.settings.provider
    is_overridden = len(definitions(item, "llm_provider")) > 1
    return not (is_answered or is_overridden or item.config.stash[STATE].is_at_work)


def _check_must_pass(items: Iterable[pytest.Item], state: PluginState) -> None:
    """Refuse or note a marker's expression ``must_pass`` that no case of its test meets."""
    met: dict[tuple[str, str], bool] = {}
    for item in items:
        expression = must_pass_of(item)
        if isinstance(expression, str) and case_of(item) is not None:
            key = (suite_of(item), expression)
            met[key] = met.get(key, False) or bool(plan_for(item).case.must_pass)
    for (suite, expression), is_met in met.items():
        sentence = f"{suite}: {MUST_PASS_ORIGIN} {expression!r} names none of the selected cases"
        if is_met:
            continue
        if state.settings.strict and state.is_whole:
            state.refuse(pytest.UsageError(sentence))
        state.collected.gaps.append(sentence)


def _test_case(item: pytest.Item) -> Case:
    """Return a case that stands for a test without a golden file."""
    _, line, _ = item.location
    return Case(
        id=item.name, prompt="", source=Source(item.nodeid.partition("::")[0], (line or 0) + 1)
    )


def _param_text(callspec: Any, name: str) -> str:
    value = callspec.params[name]
    if isinstance(value, (str, int, float, bool)):
        return str(value)
    return f"{name}{callspec.indices[name]}"
