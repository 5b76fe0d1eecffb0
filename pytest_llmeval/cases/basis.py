"""What the outcome of a case rests on besides its answer, by which a later run knows a change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.judges import asks_judge
from pytest_llmeval.errors import LLMEvalError
from pytest_llmeval.gating.content import text_hash
from pytest_llmeval.gating.sampling import Sampling

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.protocols import BaseProvider
    from pytest_llmeval.records.call import Parameters, Request

UNKNOWN = ""
"""A subject that nobody can compare, such as a scorer without a version."""

_NONE = "none"
_UNSENT = "reasoning_room"
_FURTHER_ANSWERS = "ideal"


def basis_of(
    session: Session, plan: Plan, provider: BaseProvider, request: Request
) -> Mapping[str, str]:
    """Return what decides the outcome of a case besides its answer, by subject.

    Texts that a user can read stand as they are, and long ones as a hash. Equal texts of all
    subjects, none of them unknown, decide alike. A caller that stores or shows them removes the
    secrets, as a result does from all its texts.

    Args:
        session: The session that scores.
        plan: The plan of the case.
        provider: Who answers it.
        request: The request of its first sample.
    """
    case, metadata = plan.case, dict(plan.case.metadata)
    further = metadata.pop(_FURTHER_ANSWERS, None)
    return {
        "prompt": _hash([request.messages, case.prompt, case.messages, case.contexts]),
        "parameters": _parameters(request.parameters),
        "model": request.model or _NONE,
        "provider": provider.fingerprint or UNKNOWN,
        "expected": _hash([case.expected, further]),
        "row": _hash([case.tags, metadata]),
        "scorers": _scorers(session, plan),
        "thresholds": _thresholds(plan),
        **sampling_basis(plan),
    }


def sampling_basis(plan: Plan) -> dict[str, str]:
    """Return how many answers there are, and how they decide together, by subject."""
    settings = plan.settings
    sampling = Sampling.of(settings.samples, settings.reducer, settings.answer_pattern)
    return {**sampling.basis(), "must_pass": "yes" if plan.case.must_pass else "no"}


def _parameters(parameters: Parameters) -> str:
    """Write the parameters that are set; of nested ones, which may hold a key, only the hash."""
    texts = [
        f"{name}={_hash(value) if isinstance(value, Mapping) else json.dumps(value)}"
        for name, value in vars(parameters).items()
        if value not in (None, (), {}) and name != _UNSENT
    ]
    return ", ".join(texts) or _NONE


def _scorers(session: Session, plan: Plan) -> str:
    """Write the declared scorers with their versions; unknown if one has none or is not here."""
    try:
        versions = dict.fromkeys(sorted(_versions(session, plan)))
    except LLMEvalError:
        return UNKNOWN
    if not all(version for _, version in versions):
        return UNKNOWN
    texts = [f"{name} {version}" for name, version in versions]
    if any(asks_judge(name, plan.settings) for name, _ in plan.declared):
        texts += plan.settings.min_agreement
    return "; ".join(texts) or _NONE


def _versions(session: Session, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield name and version of each declared scorer.

    Raises:
        LLMEvalError: A scorer is not available.
    """
    for name, params in plan.declared:
        ready = session.scorer(name, params, plan.settings)
        version = str(ready.scorer.for_case(plan.case).version or "")
        yield _with_params(name, params), version


def _thresholds(plan: Plan) -> str:
    texts = [_with_params(str(bound), bound.params) for bound in plan.thresholds]
    return "; ".join(sorted(texts)) or _NONE


def _with_params(name: str, params: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{key}={value!r}" for key, value in sorted(params.items()))
    return f"{name} ({shown})" if shown else name


def _hash(value: object) -> str:
    return text_hash(json.dumps(value, sort_keys=True, default=str)).hex()
