"""The proof that a case has not changed since a baseline, so that its scores there still count.

It holds for what is sent and how it is scored. A provider that changes behind its name is beyond
it; the cases that run live show that (`gating.same_requests`, `baselines.anchors`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.lookup import BaselineSource, baseline_finder, opened_log
from pytest_llmeval.cases.basis import basis_of
from pytest_llmeval.engine.keys import lasting_key
from pytest_llmeval.errors import LLMEvalError, SettingError
from pytest_llmeval.gating.scores import BaselineCase
from pytest_llmeval.records.changed import ChangedCase, SubjectChange, UnchangedCase
from pytest_llmeval.records.result import Key
from pytest_llmeval.records.verdicts import pass_value

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.settings.table import Settings

_OF_A_TEST = "a test function answers or scores it, and nobody compares its code"
_NO_IDENTITY = "its provider has no lasting identity"
_NO_PROVIDER = "what answers it is known only when it runs"
_UNKNOWN_SCORER = "one of its scorers has no version, or is not available"
_OLD = "the baseline holds no key of its request"
_UNJUDGED = "it has no score in the baseline"

_SUBJECTS: Mapping[str, str] = {
    "prompt": "prompt",
    "parameters": "parameters",
    "model": "model",
    "provider": "provider",
    "expected": "expected answer",
    "row": "tags or other columns of the row",
    "scorers": "scorers",
    "thresholds": "thresholds",
    "samples": "samples",
    "reducer": "reducer",
    "answer_pattern": "answer pattern",
    "must_pass": "must pass",
}
"""The subjects of a basis in words."""

_HASHED = frozenset({"prompt", "expected", "row"})
_REQUEST = "request"


class ChangeFinder:
    """Tells the cases of a run that have changed since its baseline from the rest.

    Args:
        session: The session that would answer and score them.
        run_id: Id of the run, which cannot be its own baseline.

    Raises:
        SettingError: There is not exactly one baseline, or it has no cases of this package.
        LLMEvalError: The baseline cannot be read.
    """

    def __init__(self, session: Session, run_id: str) -> None:
        self._session = session
        self.name = _only_baseline(session.settings)
        with opened_log(session.log) as log:
            finder = baseline_finder(session.settings, session.locations, log, run_id)
            source = _checked(finder.find(self.name), session.settings)
            self._cases: Mapping[Key, BaselineCase] = {
                case.key: case for case in source.read_cases()
            }

    def examine(self, plan: Plan, provider: BaseProvider | None) -> UnchangedCase | ChangedCase:
        """Return a golden row as unchanged, or as changed with what differs or is not known.

        Args:
            plan: The plan of a row without a test function.
            provider: Who answers it; ``None`` if that is not known.
        """
        key = (plan.suite, plan.case.source.file, plan.case.id)
        line = plan.case.source.line
        before = self._cases.get(key)
        if before is None:
            return ChangedCase(key, line, (SubjectChange("new"),))
        if provider is None:
            return ChangedCase(key, line, reason=_NO_PROVIDER)
        try:
            request = self._session.request(provider, plan.case, plan.settings)
            request_key = lasting_key(provider, request)
        except (LLMEvalError, OSError) as error:
            return ChangedCase(key, line, reason=str(error))  # its test raises it again
        # The stored one has no secrets either.
        basis = self._session.secrets.hide_in(basis_of(self._session, plan, provider, request))
        changes = tuple(_changes(before, request_key, basis))
        if changes:
            return ChangedCase(key, line, changes)
        reason = _doubt(before, request_key, basis)
        if reason:
            return ChangedCase(key, line, reason=reason)
        return _unchanged(plan, key, before)

    def of_test(self, key: Key, line: int) -> ChangedCase:
        """Return the case of a test function, whose code nobody compares."""
        if key not in self._cases:
            return ChangedCase(key, line, (SubjectChange("new"),))
        return ChangedCase(key, line, reason=_OF_A_TEST)


def _only_baseline(settings: Settings) -> str:
    """Return the name of the only baseline.

    Raises:
        SettingError: There is none, or there are several.
    """
    names = tuple(dict.fromkeys(settings.baseline))
    if len(names) == 1:
        return names[0]
    remedy = "Name the baseline that the run is compared with: --llm-baseline NAME."
    given = ", ".join(names) or "no baseline"
    raise SettingError(settings.origin("changed"), given, "one baseline", remedy)


def _checked(source: BaselineSource, settings: Settings) -> BaselineSource:
    """Check that a baseline can hold keys of requests, and is whole.

    Raises:
        SettingError: It is a table or a file of another tool.
        InputError: It is broken, or was cut off.
    """
    scores = source.read_scores()
    if scores.is_plain:
        raise SettingError(
            settings.origin("changed"),
            scores.name,
            "a run, a JSON report or a baseline file of llmeval",
            "A table or a file of another tool does not say what was sent.",
        )
    return source


def _changes(
    before: BaselineCase, request_key: str, basis: Mapping[str, str]
) -> Iterator[SubjectChange]:
    """Yield what differs, as far as both are known."""
    for name, words in _SUBJECTS.items():
        old, new = before.basis.get(name, ""), basis[name]
        if not old or not new or old == new:
            continue
        yield SubjectChange(words) if name in _HASHED else SubjectChange(words, old, new)
    is_known = bool(before.request_key and request_key)
    is_same_basis = all(before.basis.get(name) == text for name, text in basis.items())
    if is_known and is_same_basis and before.request_key != request_key:
        # An application may see more of the row than is listed.
        yield SubjectChange(_REQUEST)


def _doubt(before: BaselineCase, request_key: str, basis: Mapping[str, str]) -> str:
    """Return why nobody can prove that a case is unchanged; empty if it is."""
    if not request_key:
        return _NO_IDENTITY
    if not basis["scorers"]:
        return _UNKNOWN_SCORER
    if not before.request_key or any(not before.basis.get(name) for name in basis):
        return _OLD
    scores = before.scores
    is_scored = all(values.values for values in scores.by_metric.values())
    if scores.is_unjudged or not is_scored or not before.answers:
        return _UNJUDGED
    return ""


def _unchanged(plan: Plan, key: Key, before: BaselineCase) -> UnchangedCase:
    cluster = plan.settings.cluster
    member = plan.case.metadata.get(cluster) if cluster else None
    return UnchangedCase(
        key,
        plan.case.source.line,
        None if member is None else str(member),
        is_failure=pass_value(before.scores.outcome) == 0,
        must_pass=bool(plan.case.must_pass),
        scores=tuple(dict.fromkeys(name for name, _ in plan.declared)),
        bounded=tuple(dict.fromkeys(threshold.metric for threshold in plan.thresholds)),
    )
