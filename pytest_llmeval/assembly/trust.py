"""Whether a judge may gate: it has passed its self-test, and agrees with people as far as that is asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.calls import OFF
from pytest_llmeval.engine.context import CALL_CONTEXT, CallContext
from pytest_llmeval.errors import CallError, SettingError, nearest
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.run import JudgeFacts, SelfTest
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import COMPARISONS, Threshold
from pytest_llmeval.reports.terminal.calibration import bounded_figure

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseScorer
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.settings.table import Settings
    from pytest_llmeval.store.judge_file import JudgeFile


_SELFTEST = "self-test"
_SKIPPED = "skipped with --llm-no-selftest"
_REPLAYED = "its replies come from recordings"
_NOT_REFERENCED = "what it judges by is not the expected answer"
_SEED = 0

FIGURE_NAMES = (
    "kappa",
    "weighted_kappa",
    "alpha",
    "pearson",
    "spearman",
    "kendall",
    "offset",
    "mean",
)
"""The figures of a calibration, in the order of its report."""


@dataclass(frozen=True)
class _Demands:
    """What is asked of a judge.

    Attributes:
        selftest: Whether it must pass a self-test.
        replays: Whether recordings are looked into first.
        agreement: Bounds on the figures of its calibration.
    """

    selftest: bool = True
    replays: bool = False
    agreement: tuple[Threshold, ...] = ()


def parse_bounds(texts: Sequence[str], place: str) -> list[Threshold]:
    """Bounds on figures of a calibration, for example ``kappa>=0.6``, or ``kappa.low>=0.4`` on the lower end.

    Args:
        texts: The bounds.
        place: Where they were written, for error texts.

    Raises:
        SettingError: One cannot be read, or names no figure.
    """
    bounds = [Threshold.parse(text, place) for text in texts]
    for bound in bounds:
        name, _, end = bound.metric.partition(".")
        if name not in FIGURE_NAMES or end not in ("", "low"):
            allowed = f"{', '.join(FIGURE_NAMES)}, or one of them with .low for the lower end of its interval"
            raise SettingError(place, bound.metric, allowed, nearest(name, FIGURE_NAMES))
    return bounds


def make_trust(settings: Settings, locations: Locations) -> Trust:
    """What says whether judges may gate, by the settings.

    Args:
        settings: The settings.
        locations: The folders that paths are relative to.

    Raises:
        SettingError: ``--llm-min-agreement`` names no figure.
    """
    from pytest_llmeval.store.judge_file import JudgeFile

    replays = settings.record not in (OFF, "all")
    demands = _Demands(
        not settings.no_selftest,
        replays,
        tuple(parse_bounds(settings.min_agreement, "--llm-min-agreement")),
    )
    return Trust(demands, JudgeFile(locations.path("judges", settings.judges)))


class Trust:
    """Says of each score whether its judge may gate, and remembers what is known of the judges.

    Args:
        demands: What is asked of them.
        file: What earlier runs have found out.

    Attributes:
        cases: The cases of the run; those of the self-tests are drawn from them, in every process
            alike.
    """

    def __init__(self, demands: _Demands, file: JudgeFile) -> None:
        self.cases: Sequence[Case] = ()
        self._demands, self._file = demands, file
        self._asked: dict[tuple[str, str], asyncio.Task[JudgeFacts]] = {}
        self._facts: dict[str, JudgeFacts] = {}

    async def judged(self, judge: BaseScorer, case: Case, score: Score, model: str) -> Score:
        """The score, if its judge may gate; else unscored, with the reason.

        Args:
            judge: Who gave it.
            case: On which case; a row may have a criterion of its own, and so another judge.
            score: What it gave.
            model: The model that judged.

        Raises:
            CallError: The self-test could not be made.
            StoreError: The judge file cannot be read or written.
        """
        judge = judge.for_case(case)
        untested = self._untested(judge, score)
        key = (score.version, untested)
        if key not in self._asked:  # once for all scores that are made at the same time
            self._asked[key] = asyncio.ensure_future(self._find_out(judge, score, model, untested))
        refusal = self._refusal(await asyncio.shield(self._asked[key]))
        return (
            replace(score, value=None, error=refusal)
            if refusal and score.value is not None
            else score
        )

    async def count(self, judge: BaseScorer) -> None:
        """Let the calls of a self-test be counted, in a dry run."""
        is_due = self._demands.selftest and not self._demands.replays and judge.is_reference_based
        if not is_due or self._passed(judge.version):
            return
        with contextlib.suppress(CallError):  # nothing is sent, so nothing is answered
            await self._test(judge)

    def facts(self) -> tuple[JudgeFacts, ...]:
        """What is known of the judges that have scored here, by fingerprint."""
        return tuple(facts for _, facts in sorted(self._facts.items()))

    def _untested(self, judge: BaseScorer, score: Score) -> str:
        """Why there is no self-test; empty if there is to be one."""
        if not self._demands.selftest:
            return _SKIPPED
        if not judge.is_reference_based:
            return _NOT_REFERENCED
        return (
            _REPLAYED if self._demands.replays and all(call.cached for call in score.calls) else ""
        )

    async def _find_out(
        self, judge: BaseScorer, score: Score, model: str, untested: str
    ) -> JudgeFacts:
        entry, selftest = self._file.get(score.version), self._passed(score.version)
        if not untested and selftest is None:
            selftest = await self._test(judge)
            self._file.note(score.version, name=score.name, model=model, selftest=selftest)
        calibration = entry.calibration if entry else None
        facts = JudgeFacts(
            score.version, score.name, model, selftest, "" if selftest else untested, calibration
        )
        if score.version not in self._facts or selftest:
            self._facts[score.version] = facts
        return facts

    def _passed(self, version: str) -> SelfTest | None:
        """The self-test that a judge has passed before. A failed one is made again: the store has what was asked."""
        entry = self._file.get(version)
        return entry.selftest if entry and entry.selftest and entry.selftest.passed else None

    async def _test(self, judge: BaseScorer) -> SelfTest:
        from pytest_llmeval.goldens.selection import random_subset
        from pytest_llmeval.judges.selftest import CASES, examine

        CALL_CONTEXT.set(CallContext(purpose=_SELFTEST, is_recorded=False))
        known = {
            f"{case.source.file}::{case.id}": case
            for case in self.cases
            if (case.expected or "").strip()
        }
        return await examine(
            judge, [known[name] for name in sorted(random_subset(list(known), CASES, _SEED))]
        )

    def _refusal(self, facts: JudgeFacts) -> str:
        """Why the judge may not gate; empty if it may."""
        if facts.selftest and not facts.selftest.passed and not facts.untested:
            remedy = "take a better judge (--llm-judge-model), or let it gate all the same with --llm-no-selftest"
            return f"the judge failed its self-test: {facts.selftest.complaint}; {remedy}"
        return next(filter(None, (_missed(bound, facts) for bound in self._demands.agreement)), "")


def merged(facts: Iterable[JudgeFacts]) -> tuple[JudgeFacts, ...]:
    """What several processes know of judges: of each judge its self-test, if one of them knows it."""
    found: dict[str, JudgeFacts] = {}
    for each in facts:
        if each.fingerprint not in found or each.selftest:
            found[each.fingerprint] = each
    return tuple(each for _, each in sorted(found.items()))


def _missed(bound: Threshold, facts: JudgeFacts) -> str:
    """How a calibration falls short of a bound; empty if it does not."""
    remedy = (
        "measure it with llmeval calibrate LABELS.csv, and commit the file that --llm-judges names"
    )
    if facts.calibration is None:
        return f"the judge is uncalibrated, and --llm-min-agreement asks for {bound}: {remedy}"
    found = bounded_figure(bound, facts.calibration.figures)
    if found is None:
        return f"the judge's calibration has no {bound.metric}, and --llm-min-agreement asks for {bound}: {remedy}"
    is_kept = COMPARISONS[bound.comparison](found, bound.bound)
    return (
        ""
        if is_kept
        else f"the judge agrees too little with people: {bound.metric} is {found:.3g}, asked is {bound}"
    )
