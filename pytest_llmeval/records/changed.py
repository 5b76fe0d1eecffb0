"""Which cases of a run have changed since its baseline, and what a run would send."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmeval.records.result import Key


@dataclass
class RequestLine:
    """Requests of one purpose to one model.

    Attributes:
        purpose: ``answer``, or the name of a score.
        model: The model, or who else answers.
        requests: Different requests.
        known: Those of them that are answered already, by the store or a recording.
        prompt_tokens: Tokens that the others would send.
        completion_tokens: Tokens that they would get.
        usd: What they would cost; ``None`` if a price is unknown.
    """

    purpose: str
    model: str
    requests: int = 0
    known: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0


@dataclass(frozen=True)
class UnchangedCase:
    """A case that sends what it sent for the baseline, and that is scored alike.

    Attributes:
        key: Suite, file and id, the same in the baseline.
        line: Line in the golden file.
        cluster: Name of its group of dependent cases; ``None`` if it depends on no other.
        is_failure: Whether it failed in the baseline, by thresholds that are still in force.
        must_pass: Whether it must pass.
        scores: Names of the scores that it declares.
        bounded: Of these, the ones with a threshold.
    """

    key: Key
    line: int = 0
    cluster: str | None = None
    is_failure: bool = False
    must_pass: bool = False
    scores: tuple[str, ...] = ()
    bounded: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubjectChange:
    """What differs from the baseline.

    Attributes:
        subject: The subject in words, such as ``prompt`` or ``thresholds``.
        before: Its text in the baseline; empty if only a hash is known.
        after: Its text in this run.
    """

    subject: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class ChangedCase:
    """A case that has to run.

    Attributes:
        key: Suite, file and id.
        line: Line in the golden file.
        changes: What differs from the baseline; empty if that is not known.
        reason: Why nobody can prove that it is unchanged; empty if it has changed.
    """

    key: Key
    line: int = 0
    changes: tuple[SubjectChange, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class ChangedCases:
    """The cases of a run, by whether they have changed since a baseline.

    Attributes:
        baseline: The baseline, as the user named it.
        unchanged: Cases that need not run.
        changed: Cases that have to run.
    """

    baseline: str
    unchanged: tuple[UnchangedCase, ...] = ()
    changed: tuple[ChangedCase, ...] = ()

    @property
    def unproven(self) -> tuple[ChangedCase, ...]:
        """The cases that have to run only because nobody can prove that they are unchanged."""
        return tuple(case for case in self.changed if case.reason)


@dataclass(frozen=True)
class Estimated:
    """What a dry run has found.

    Attributes:
        requests: Requests that it would send, by purpose and model.
        uncounted: Node ids of tests whose calls cannot be known before they run.
        changed: Which cases have changed since the baseline; ``None`` without ``--llm-changed``.
    """

    requests: tuple[RequestLine, ...] = ()
    uncounted: tuple[str, ...] = ()
    changed: ChangedCases | None = None
