"""Trust in judges: a judge may gate if it passes its self-test and agrees with people."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from pytest_llmeval.engine.context import CALL_CONTEXT, CallContext
from pytest_llmeval.errors import CallError
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.run import JudgeFacts, SelfTest
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.settings.table import OFF, RECORD_ALL
from pytest_llmeval.summary.agreement import check_agreement, parse_agreement_bounds
from pytest_llmeval.text import instant, is_blank

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseScorer
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings
    from pytest_llmeval.store.judge_file import JudgeFile


_SELFTEST = "self-test"
_SKIPPED = "skipped with --llm-no-selftest"
_REPLAYED = "its replies come from recordings"
_NOT_REFERENCED = "it does not judge by the expected answer"
_SEED = 0


@dataclass(frozen=True)
class _Requirements:
    """The requirements that a judge must meet.

    Attributes:
        selftest: Whether it must pass a self-test.
        replays: Whether recordings are read before a call is made.
        selftest_days: Days after which a self-test has to be repeated.
        agreement: Bounds on the figures of its calibration.
    """

    selftest: bool = True
    replays: bool = False
    selftest_days: int = 30
    agreement: tuple[Threshold, ...] = ()


def make_trust(settings: Settings, locations: Locations) -> Trust:
    """Make the object that decides which judges may gate.

    Raises:
        SettingError: ``--llm-min-agreement`` names no figure.
    """
    from pytest_llmeval.store.judge_file import JudgeFile

    requirements = _Requirements(
        selftest=not settings.no_selftest,
        replays=settings.record not in (OFF, RECORD_ALL),
        selftest_days=settings.selftest_days,
        agreement=tuple(
            parse_agreement_bounds(settings.min_agreement, settings.origin("min_agreement"))
        ),
    )
    return Trust(requirements, JudgeFile(locations.path("judges", settings.judges)))


class Trust:
    """Decides which judges may gate, and collects the facts about them.

    Args:
        requirements: What a judge must do.
        file: The judge file, with the facts of earlier runs.

    Attributes:
        cases: The cases of the run. Every process draws the same of them for the self-tests.
    """

    def __init__(self, requirements: _Requirements, file: JudgeFile) -> None:
        self.cases: Sequence[Case] = ()
        self._requirements = requirements
        self._file = file
        self._examinations: dict[tuple[str, str], asyncio.Task[JudgeFacts]] = {}
        self._facts: dict[str, JudgeFacts] = {}

    async def judged(self, judge: BaseScorer, case: Case, score: Score, model: str) -> Score:
        """Return the score if its judge may gate, else an unscored Score with the reason.

        Args:
            judge: The judge.
            case: The case, whose row may have its own criterion and so its own judge.
            score: The score of the judge.
            model: The model that judged.

        Raises:
            CallError: The self-test could not be made.
            StoreError: The judge file cannot be read or written.
        """
        judge = judge.for_case(case)
        untested = self._untested(judge, score)
        key = (score.version, untested)
        # Scores that are made at the same time share one examination.
        if key not in self._examinations:
            examination = self._examine(judge, score, model, untested)
            self._examinations[key] = asyncio.ensure_future(examination)
        refusal = self._refusal(await asyncio.shield(self._examinations[key]))
        if refusal and score.value is not None:
            return replace(score, value=None, error=refusal)
        return score

    async def count(self, judge: BaseScorer) -> None:
        """Count the calls of a self-test, in a dry run."""
        is_live = self._requirements.selftest and not self._requirements.replays
        is_valid = self._is_valid(self._passed(judge.version))
        if not is_live or not judge.is_reference_based or is_valid:
            return
        with contextlib.suppress(CallError):  # a dry run sends nothing
            await self._test(judge)

    def facts(self) -> tuple[JudgeFacts, ...]:
        """Return the facts about the judges that have scored here, sorted by fingerprint."""
        return tuple(self._facts[fingerprint] for fingerprint in sorted(self._facts))

    def _untested(self, judge: BaseScorer, score: Score) -> str:
        """Return why the judge needs no self-test; empty if it needs one."""
        if not self._requirements.selftest:
            return _SKIPPED
        if not judge.is_reference_based:
            return _NOT_REFERENCED
        if self._requirements.replays and all(call.cached for call in score.calls):
            return _REPLAYED
        return ""

    async def _examine(
        self, judge: BaseScorer, score: Score, model: str, untested: str
    ) -> JudgeFacts:
        entry = self._file.get(score.version)
        selftest = self._passed(score.version)
        is_tested_here = not untested and not self._is_valid(selftest)
        if is_tested_here:
            # The store still holds the replies of a test that has expired.
            selftest = await self._test(judge, is_fresh=selftest is not None)
            self._file.note(score.version, name=score.name, model=model, selftest=selftest)
        facts = JudgeFacts(
            fingerprint=score.version,
            name=score.name,
            model=model,
            selftest=selftest,
            untested="" if selftest else untested,
            calibration=entry.calibration if entry else None,
            is_tested_here=is_tested_here,
        )
        if score.version not in self._facts or selftest:
            self._facts[score.version] = facts
        return facts

    def _passed(self, version: str) -> SelfTest | None:
        """Return the self-test that a judge has passed before; a failed one is repeated."""
        entry = self._file.get(version)
        if entry and entry.selftest and entry.selftest.passed:
            return entry.selftest
        return None

    def _is_valid(self, selftest: SelfTest | None) -> bool:
        """Return whether a self-test still says how the judge is, which may change unseen."""
        made = instant(selftest.made_at) if selftest else None
        if made is None:
            return False
        age = datetime.now(timezone.utc) - made
        # A time in the future is that of a wrong clock.
        return timedelta(days=-1) < age < timedelta(days=self._requirements.selftest_days)

    async def _test(self, judge: BaseScorer, is_fresh: bool = False) -> SelfTest:
        from pytest_llmeval.goldens.selection import random_subset
        from pytest_llmeval.judges.selftest import CASES, examine

        CALL_CONTEXT.set(CallContext(purpose=_SELFTEST, is_recorded=False, is_fresh=is_fresh))
        cases: dict[str, Case] = {}
        for case in self.cases:
            if not is_blank(case.expected or ""):
                cases[f"{case.source.file}::{case.id}"] = case
        names = sorted(random_subset(list(cases), CASES, _SEED))
        return await examine(judge, [cases[name] for name in names])

    def _refusal(self, facts: JudgeFacts) -> str:
        """Return why the judge may not gate; empty if it may."""
        if facts.selftest and not facts.selftest.passed and not facts.untested:
            return (
                f"the judge failed its self-test: {facts.selftest.complaint}; use a better judge "
                "(--llm-judge-model), or skip the self-test with --llm-no-selftest"
            )
        for bound in self._requirements.agreement:
            shortfall = _shortfall(bound, facts)
            if shortfall:
                return shortfall
        return ""


def merge_facts(facts: Iterable[JudgeFacts]) -> tuple[JudgeFacts, ...]:
    """Merge the facts of several processes: the newest self-test of a judge replaces the rest."""
    by_fingerprint: dict[str, JudgeFacts] = {}
    for judge in facts:
        known = by_fingerprint.get(judge.fingerprint)
        if known is None or (judge.selftest and not known.is_tested_here):
            by_fingerprint[judge.fingerprint] = judge
    return tuple(by_fingerprint[fingerprint] for fingerprint in sorted(by_fingerprint))


def _shortfall(bound: Threshold, facts: JudgeFacts) -> str:
    """Return how a calibration falls short of a bound; empty if it meets the bound."""
    required = f"--llm-min-agreement requires {bound}"
    remedy = (
        "measure it with llmeval calibrate LABELS.csv, and commit the file that --llm-judges names"
    )
    if facts.calibration is None:
        return f"the judge is uncalibrated, and {required}: {remedy}"
    check = check_agreement(bound, facts.calibration.figures)
    if check.value is None:
        return f"the judge's calibration has no {bound.metric}, and {required}: {remedy}"
    if check.met:
        return ""
    agreement = f"{bound.metric} is {check.value:.3g}"
    return f"the judge agrees too little with people: {agreement}, but {required}"
