"""What every report asks of a result: who answered, what it cost, which bounds are kept, which scores are numbers."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from pytest_llmeval.option import Option
from pytest_llmeval.records import CALLS, COMPARISONS, Case, Completion, Message, Score, Threshold
from pytest_llmeval.results import CaseResult, Run, Sample
from pytest_llmeval.settings import OPTIONS

RERUN = ("model", "generation", "judge", "trust", "thresholds", "metrics")
"""Sections of the option table that decide what a case is answered and scored by."""

WORST_FIRST = (False, None, True)


@dataclass(frozen=True)
class Check:
    """One threshold and what became of it.

    Attributes:
        threshold: The bound.
        score: The Score that decides; ``None`` if none was taken.
        value: The number compared; ``None`` if there is none.
        met: Whether the bound is kept; ``None`` if that could not be decided.
    """

    threshold: Threshold
    score: Score | None
    value: float | None
    met: bool | None


@dataclass(frozen=True)
class CaseCost:
    """US dollars that one case cost: its answer, and the calls of its scores.

    ``None``: a price is unknown. Zero: from the cache, or no call at all. A call that answered several cases counts for
    each of them, so these numbers may add up to more than the run's.
    """

    generation: float | None
    judging: float | None

    @property
    def total(self) -> float | None:
        """Both together; ``None`` if one is unknown."""
        return None if self.generation is None or self.judging is None else self.generation + self.judging


@dataclass
class Ledger:
    """The calls that were counted already: one that answered several cases is counted once.

    Attributes:
        known_usd: US dollars for those of them that have an id and a price.
        unknown: Completions with such an id and no price.
    """

    known_usd: float = 0.0
    unknown: int = 0
    _ids: set[int] = field(default_factory=set)  # hashes: they take half of the memory of the texts

    @property
    def calls(self) -> int:
        """Calls with an id."""
        return len(self._ids)

    def takes(self, completion: Completion) -> int:
        """For how many calls this completion is to be counted: those of this run that were not counted before."""
        if completion.cached:
            return 0
        if not completion.call:  # nobody made a call for it, or not by us: it stands for itself
            return 1
        before = len(self._ids)
        self._ids.update(map(hash, filter(None, completion.call.split(CALLS))))
        new = len(self._ids) - before
        if new:
            self.known_usd += completion.cost_usd or 0.0
            self.unknown += completion.cost_usd is None
        return new


def case_cost(result: CaseResult) -> CaseCost:
    """What one case cost."""
    ledger = Ledger()
    generation = calls_usd(answers(result), ledger)
    return CaseCost(generation, calls_usd(scoring_calls(result), ledger))


def answers(result: CaseResult) -> Iterator[Completion]:
    """Every answer of a case, each once: those of its samples, where it has several."""
    found = [sample.completion for sample in result.samples] if result.samples else [result.completion]
    return (answer for answer in found if answer is not None)


def scoring_calls(result: CaseResult) -> Iterator[Completion]:
    """The calls that the scores of a case cost, those of its samples' own scores included."""
    every = [*result.scores, *(score for sample in result.samples for score in sample.scores)]
    return (call for score in every for call in score.calls)


def asked_for(samples: Iterable[Sample]) -> list[Sample]:
    """The samples that were asked for, without those that the test of a case that must pass has drawn."""
    return [sample for sample in samples if not sample.is_draw]


def kept_count(samples: Iterable[Sample]) -> tuple[int, int]:
    """How many samples keep every bound, of how many for which that is known."""
    known = [sample.kept for sample in asked_for(samples) if sample.kept is not None]
    return sum(known), len(known)


def kept_text(samples: Sequence[Sample]) -> str:
    """``3 of 5 kept``; empty where there are no several samples, or nothing is known of them."""
    (kept, known), many = kept_count(samples), len(asked_for(samples))
    if many < 2 or not known:
        return ""
    return f"{kept} of {known} kept" + (f", {many - known} not judged" if known < many else "")


def drawn_text(samples: Iterable[Sample]) -> str:
    """``2 of 9 further samples miss a bound``; empty where the case is none that must pass, or missed none itself."""
    draws = [sample.kept for sample in samples if sample.is_draw]
    return f"{draws.count(False)} of {len(draws)} further samples miss a bound" if draws else ""


def flicker_text(result: CaseResult) -> str:
    """That a case which must pass has missed a bound and is fine all the same; else empty."""
    drawn = drawn_text(result.samples) if result.outcome == "passed" else ""
    return f"flickers: settled as fine, {drawn}" if drawn else ""


def calls_usd(completions: Iterable[Completion], ledger: Ledger) -> float | None:
    """US dollars for the calls that the ledger has not counted; ``None`` if a price is unknown."""
    costs = [completion.cost_usd for completion in completions if ledger.takes(completion)]
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None


def checks(result: CaseResult) -> Iterator[Check]:
    """What became of each threshold of a result, in their order.

    A test may score several answers. The bound is on each of them, so the worst one decides.
    """
    for threshold in result.thresholds:
        found = [_check(threshold, score) for score in _bounded(threshold, result)]
        yield min(found, key=lambda check: WORST_FIRST.index(check.met), default=Check(threshold, None, None, None))


def _bounded(threshold: Threshold, result: CaseResult) -> list[Score]:
    """The scores of a threshold's metric; where it is bounded with several sets of arguments, the n-th for the n-th."""
    scores = [score for score in result.scores if score.name == threshold.metric]
    arguments: list[object] = []
    for other in result.thresholds:
        if other.metric == threshold.metric and other.params not in arguments:
            arguments.append(other.params)
    place = arguments.index(threshold.params)
    return scores if len(arguments) == 1 else scores[place : place + 1]


def _check(threshold: Threshold, score: Score) -> Check:
    value = finite(score).value
    met = None if value is None else COMPARISONS[threshold.comparison](value, threshold.bound)
    return Check(threshold, score, value, met)


def finite(score: Score) -> Score:
    """The score; unscored, with the reason, if its value is infinite or not a number."""
    if score.value is None or math.isfinite(score.value):
        return score
    return replace(score, value=None, error=score.error or f"the scorer gave {score.value}, not a finite number")


def model_of(result: CaseResult) -> str:
    """The model that answered, as the endpoint names it, else as it was asked for; empty if there is none."""
    named = result.completion.model if result.completion else ""
    return named or (result.request.model if result.request else "")


def instant(text: str) -> datetime | None:
    """A time of the records; ``None`` if the text is none."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def rerun_command(result: CaseResult, options: str = "") -> str:
    """The command that runs exactly this case again, for a shell of POSIX.

    Args:
        result: Its result.
        options: What is to follow, as of `rerun_options`.
    """
    return f"pytest {shlex.quote(result.nodeid)}{options and ' '}{options}"


def rerun_options(run: Run) -> str:
    """The options with which a case is answered and scored as in this run, wherever they were set then.

    Where they would tell a secret, they are left out.
    """
    wanted = (option for option in OPTIONS if option.section in RERUN and option.kind != "json" and not option.ini_only)
    return shlex.join(word for option in wanted if option.name in run.settings for word in _words(option, run))


def _words(option: Option, run: Run) -> Iterator[str]:
    text = run.settings[option.name]
    for value in text.splitlines() if option.kind == "list" else [text]:
        yield option.flag
        if option.kind != "flag":
            yield value


def own_messages(case: Case) -> tuple[Message, ...]:
    """What a model is asked for a case when nothing is added: its chat, or its prompt."""
    return case.messages or ({"role": "user", "content": case.prompt},)
