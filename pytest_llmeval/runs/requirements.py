"""What a run was required to judge, and what it left unjudged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.gating.rules import NO_CASE
from pytest_llmeval.providers.finish import is_unknown
from pytest_llmeval.records.answer_text import answers_of
from pytest_llmeval.records.result import Cause
from pytest_llmeval.records.run import Note
from pytest_llmeval.records.verdicts import FINE, UNJUDGED
from pytest_llmeval.reports.terminal.dry_run import DRY_RUN
from pytest_llmeval.runs.excusing import quarantined
from pytest_llmeval.runs.idle_gates import KnownScales, idle_gates
from pytest_llmeval.runs.replaced import weakened
from pytest_llmeval.settings.demands import Demands, demands_of, origin_of, unseen_origin
from pytest_llmeval.settings.table import BY_GATE
from pytest_llmeval.text import count, first_of

if TYPE_CHECKING:
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.records.case import Case
    from pytest_llmeval.records.changed import UnchangedCase
    from pytest_llmeval.records.result import CaseResult
    from pytest_llmeval.runs.gates import Gates
    from pytest_llmeval.settings.misspelling import Misspelt
    from pytest_llmeval.settings.table import Settings


_FOR_CI = (
    "To keep a plain pytest green, require this where CI alone does: on its command line "
    "(--llm-gate, --llm-baseline, --llm-fail-on), or by its variables (LLMEVAL_GATE, …)."
)
_NO_VERDICT = "no case was tried: there is nothing to judge"
_NAMED = 3
_OF_SCORES = {"judge_against": "pairwise", "jury": "jury"}
"""Settings that have an effect on one score alone."""

_FAITHFULNESS = "faithfulness"
"""The score that asks whether an answer rests on its contexts."""


@dataclass
class CaseTally:
    """The cases of a run, counted by what was required of them.

    Attributes:
        tried: Cases with a result, but not skipped.
        rows: Tried rows of each golden file, which no test function can fail.
        bounded_rows: Of these, the ones with a threshold that was held against a score.
        excused: Tried cases of each golden file or test that missed a threshold without failing.
        quarantined: Of the tried ones, those in quarantine.
        skipped: Skipped cases by cause.
        skips: Cases that the project skips, by the reason.
        metrics: Scores that a threshold was held against, or should have been in a case that ended
            with an error.
        scores: Names of all scores.
        scales: The ranges of all scores.
        endings: Tried cases by a finish reason that is not known.
        unsent: Cases whose faithfulness was judged by contexts that their prompt did not hold.
        unchanged: Cases that were not run, and count with their scores of the baseline.
    """

    tried: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    bounded_rows: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    skipped: Counter[Cause] = field(default_factory=Counter)
    skips: Counter[str] = field(default_factory=Counter)
    metrics: set[str] = field(default_factory=set)
    scores: set[str] = field(default_factory=set)
    scales: KnownScales = field(default_factory=KnownScales)
    endings: Counter[str] = field(default_factory=Counter)
    unsent: int = 0
    unchanged: int = 0

    def add_unchanged(self, cases: Iterable[UnchangedCase]) -> None:
        """Count cases that need not run: what they require was judged for the baseline."""
        for case in cases:
            self.unchanged += 1
            self.metrics.update(case.bounded)
            self.scores.update(case.scores)

    def add(self, result: CaseResult, quarantine: Quarantine | None) -> None:
        """Count one result."""
        if result.outcome == "skipped":
            self.skipped[result.cause] += 1
            if result.cause == "skip":
                self.skips[result.message] += 1
            return
        self.tried += 1
        if result.is_row:
            self.rows[result.suite] += 1
            self.bounded_rows[result.suite] += result.is_bounded
        in_error = result.outcome == "error"
        held = [check for check in result.checks if in_error or check.score is not None]
        self.metrics.update(check.threshold.metric for check in held)
        for score in result.scores:
            self.scores.add(score.name)
            self.scales.add(score.name, score.value, score.scale)
        reasons = {answer.finish_reason for answer in answers_of(result, with_draws=True)}
        self.endings.update(filter(is_unknown, reasons))
        self.unsent += _has_unsent_contexts(result)
        entry = quarantined(result.case, quarantine)
        self.quarantined += entry is not None
        if entry is None and (result.outcome, result.cause) == ("xfailed", "threshold"):
            self.excused[result.suite] += 1


@dataclass(frozen=True)
class Selected:
    """The cases that pytest or `evaluate` found and selected.

    Attributes:
        cases: Cases that were found.
        selected: Of these, the ones that were meant to run.
        vanished: Cases that somebody removed without a word to pytest.
        sharding: Option of another plugin that gives this machine a part of the tests.
        finished: Of the selected ones, those that left a result or died with a worker; ``None`` if
            every selected case does.
        is_narrowed: Whether somebody named the tests to run, and so left the rest out on purpose.
        is_meant: Whether this command or the environment speaks of an evaluation, so that a run
            without a case is worth a word.
        is_marked: Whether a selected test has a gate of its own.
        gaps: Why cases may be missing that the settings name, each in one sentence.
        left_out: What the choice of tests leaves out, each in one sentence.
        narrowed: Which cases a variable of the environment leaves, each in one sentence.
        noted: Which cases an option of the command leaves, each in one sentence.
        passed_over: What nobody has chosen to leave out, each in one sentence.
    """

    cases: int = 0
    selected: int = 0
    vanished: int = 0
    sharding: str = ""
    finished: int | None = None
    is_narrowed: bool = False
    is_meant: bool = False
    is_marked: bool = False
    gaps: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()

    def missing(self) -> Iterator[str]:
        """Yield why a case that was found has no result, though nobody left it out."""
        if self.vanished:
            yield (
                f"{self.vanished} of {count(self.cases, 'golden case')} were removed by a hook "
                f"that does not call pytest_deselected{self._remedy()}"
            )
        finished = self.selected if self.finished is None else self.finished
        if finished < self.selected:
            yield f"{self.selected - finished} of {count(self.selected, 'case')} left no result"

    def _remedy(self) -> str:
        """Return how to give each machine a part of the cases, if one was meant to get it."""
        if not self.sharding:
            return ""
        return (
            f" ({self.sharding}): give each machine its part with pytest-split, and judge them "
            "all with llmeval merge"
        )


def settle(
    settings: Settings,
    demands: Demands,
    cases: CaseTally,
    selected: Selected,
    gates: Gates | None = None,
    criteria: Sequence[str] = (),
) -> tuple[int, tuple[Note, ...]]:
    """Return the exit code for what a run left unjudged, with notes for the user.

    Args:
        settings: The settings in force.
        demands: What they require.
        cases: The cases of the run.
        selected: The cases that it selected.
        gates: Its gates, from the settings and markers.
        criteria: Names of criteria of the rubric, for which somebody should ask.
    """
    is_gated = gates is not None and gates.are_required
    if not (cases.tried or cases.unchanged):
        return _settle_nothing(settings, demands, cases, selected, is_gated)
    unjudged = list(_unjudged(settings, demands, cases, gates))
    covered = [*_skipped(cases), *selected.gaps, *selected.noted, *weakened(settings)]
    is_required = bool(demands or is_gated or cases.metrics)
    # Whoever shards has chosen so, but no gate or baseline judges a part of the cases.
    is_required = is_required if not selected.sharding else settings.strict or is_gated
    (unjudged if is_required else covered).extend(selected.missing())
    narrowed = [*selected.narrowed, *_excused_by_environment(settings, cases)]
    (unjudged if settings.strict or is_gated else covered).extend(narrowed)
    doubts = [*selected.passed_over, *_doubts(settings, cases), *_unused_criteria(criteria, cases)]
    if settings.strict or is_gated:
        doubts += _skips(cases)
    for is_alone, text in idle_gates(gates, cases.scales):
        (unjudged if is_alone else doubts).append(text)
    if settings.strict:
        covered += _endings(cases)
        unjudged += doubts
    else:
        covered += doubts
    notes = (
        *(Note("unjudged", text) for text in unjudged),
        *(Note("coverage", text) for text in covered),
    )
    return UNJUDGED if unjudged else FINE, notes


def settle_dry_run(demands: Demands, has_bounds: bool) -> tuple[int, tuple[Note, ...]]:
    """Return the exit code of a dry run, which judges nothing, with a note for the user.

    Args:
        demands: What the settings require.
        has_bounds: Whether a test has a threshold or a gate.
    """
    if not demands and not has_bounds:
        return FINE, (Note("coverage", DRY_RUN),)
    origin = demands.origins[0] if demands else "a threshold of a test"
    return UNJUDGED, (Note("unjudged", f"{DRY_RUN}, as {origin} requires"),)


def settle_idle(demands: Demands, origin: str) -> tuple[int, tuple[Note, ...]]:
    """Return the exit code of a run in which an option lets no test run, with a note for the user.

    Args:
        demands: What the settings require.
        origin: The option, and what gives it to pytest.
    """
    if not demands:
        return FINE, ()
    text = f"{origin} lets no test run, so nothing was judged, as {demands.origins[0]} requires"
    return UNJUDGED, (Note("unjudged", text),)


def check_must_pass(settings: Settings, cases: Iterable[Case]) -> tuple[str, ...]:
    """Return a sentence if the setting ``must_pass`` names no case.

    Args:
        settings: The settings in force.
        cases: Every case that was found, selected or not.

    Raises:
        SettingError: Under ``--llm-strict``, it names no case. Or it cannot be used.
    """
    if not settings.must_pass:
        return ()
    from pytest_llmeval.goldens.selection import where_filter

    origin = origin_of(settings, "must_pass")
    known = list(cases)
    matches = where_filter(settings.must_pass, origin)
    if not known or any(map(matches, known)):
        return ()
    if settings.strict:
        raise SettingError(
            origin,
            settings.must_pass,
            "an expression that a case meets",
            f"It names none of {count(len(known), 'case')}.",
        )
    return (f"{origin}: {settings.must_pass!r} names none of {count(len(known), 'case')}",)


def narrowed_by(
    settings: Settings, selected: int, cases: int, typed: Collection[str] | None = None
) -> tuple[str, ...]:
    """Return a sentence if something unseen leaves only some of the cases.

    Args:
        settings: The settings in force.
        selected: The cases that ``where`` and ``limit`` leave.
        cases: The cases before.
        typed: As for `demands_of`.
    """
    names = ("where", "limit")
    unseen = [origin for name in names if (origin := unseen_origin(settings, name))]
    if selected == cases:
        return ()
    texts = [f"{first_of(unseen, _NAMED)} of the environment: unset it"] if unseen else []
    seen = {*settings.added, *(settings.explicit if typed is None else typed)}
    flags = [origin_of(settings, name) for name in names if name in settings.explicit - seen]
    texts += [f"{first_of(flags, _NAMED)} in addopts: take it out"] if flags else []
    return tuple(
        f"only {selected} of {count(cases, 'case')} are selected by {text}, or give the option on "
        "the command line"
        for text in texts
    )


def _excused_by_environment(settings: Settings, cases: CaseTally) -> Iterator[str]:
    """Yield a sentence if a variable puts cases into quarantine."""
    origin = unseen_origin(settings, "quarantine")
    if origin and cases.quarantined:
        yield (
            f"{cases.quarantined} of {count(cases.tried, 'case')} are in quarantine by {origin} of "
            "the environment: unset it, or give the option on the command line"
        )


def refuse_misspelt(misspelt: Iterable[Misspelt], settings: Settings) -> None:
    """Refuse misspelt variables and ini keys where a verdict is required.

    Raises:
        InputError: A verdict is required, or a misspelt one would require it.
    """
    is_required = bool(demands_of(settings))
    refused = [name.text for name in misspelt if name.is_ours and (is_required or name.is_demand)]
    if refused:
        raise InputError("; ".join(refused))


def _required_by(demands: Demands, selected: Selected) -> str:
    """Return the setting that requires a verdict of a run without any case; empty without one.

    A gate of the project does not bind somebody who runs other tests of it.
    """
    if demands.here:
        return demands.here[0]
    if selected.is_marked:
        return "@pytest.mark.llm_gate"
    if not demands.project or (selected.is_narrowed and not selected.selected):
        return ""
    return demands.project[0]


def _settle_nothing(
    settings: Settings, demands: Demands, cases: CaseTally, selected: Selected, is_gated: bool
) -> tuple[int, tuple[Note, ...]]:
    """Settle a run in which no case was tried."""
    reasons = list(_reasons(settings, cases, selected))
    origin = _required_by(demands, selected)
    if origin:
        head = NO_CASE if is_gated else _NO_VERDICT
        text = "; ".join((f"{head} ({origin})", *reasons))
        if cases.skipped["no_model"] and not demands.here:
            text = f"{text}. {_FOR_CI}"
        return UNJUDGED, (Note("unjudged", text),)
    is_chosen = selected.is_narrowed and not selected.selected and not demands
    if not selected.is_meant and (not reasons or (is_chosen and not selected.gaps)):
        return FINE, ()
    return FINE, (Note("coverage", "; ".join(("no golden case was judged", *reasons))),)


def _reasons(settings: Settings, cases: CaseTally, selected: Selected) -> Iterator[str]:
    """Yield the reasons why no case was tried."""
    yield from (*selected.gaps, *selected.left_out, *selected.passed_over, *selected.missing())
    yield from selected.narrowed
    yield from _empty(settings)
    yield from _skipped(cases)
    if selected.cases and not selected.selected and not selected.gaps:
        yield f"none of {count(selected.cases, 'golden case')} is selected"


def _skipped(cases: CaseTally) -> Iterator[str]:
    unconfigured = cases.skipped["no_model"]
    if unconfigured:
        yield f"{count(unconfigured, 'case')} skipped, because no model or judge is configured"


def _endings(cases: CaseTally) -> Iterator[str]:
    """Yield a sentence if answers ended for a reason that is not known, and so may be cut."""
    if cases.endings:
        names = [repr(reason) for reason, _ in cases.endings.most_common()]
        number = count(max(cases.endings.values()), "case")
        at_least = "at least " if len(names) > 1 else ""
        reasons = first_of(names, _NAMED)
        yield f"the answer of {at_least}{number} ended with an unknown reason: {reasons}"


def _skips(cases: CaseTally) -> Iterator[str]:
    """Yield a sentence if the project skips cases, by a marker or in a test."""
    if cases.skips:
        number = cases.skips.total()
        verb = "was" if number == 1 else "were"
        cases_in_all = count(cases.tried + cases.skipped.total(), "case")
        yield f"{number} of {cases_in_all} {verb} skipped: {first_of(list(cases.skips), _NAMED)}"


def _unjudged(
    settings: Settings, demands: Demands, cases: CaseTally, gates: Gates | None
) -> Iterator[str]:
    """Yield what was required of the tried cases and not judged."""
    is_gated = gates is not None and gates.are_required
    if settings.strict:
        yield from _unbounded(cases, gates if is_gated else None)
    if settings.fail_on == BY_GATE and gates is not None and is_gated:
        scales = cases.scales
        excused = sum(n for suite, n in cases.excused.items() if not gates.covers(suite, scales))
        if excused:
            yield (
                f"{count(excused, 'case')} missed a threshold, which does not count by "
                "--llm-fail-on gate, but no gate judges the answers there"
            )
    here = [
        (bound.origin, threshold.metric)
        for bound, threshold in zip(settings.bounds, settings.thresholds(), strict=True)
        if bound.origin in demands.here and threshold.metric not in cases.metrics
    ]
    for origin, metric in dict.fromkeys(here):
        yield f"no case has a score {metric!r}, which {origin} requires"


def _unbounded(cases: CaseTally, gates: Gates | None) -> Iterator[str]:
    """Yield a sentence if nothing can fail the rows of some golden files."""
    open_files = [file for file in cases.rows if not cases.bounded_rows[file]]
    if gates is not None:
        open_files = [file for file in open_files if not gates.covers(file, cases.scales)]
    if not open_files:
        return
    is_all = sum(cases.rows[file] for file in open_files) == cases.tried
    of_files = "" if is_all else f" of {first_of(open_files, _NAMED)}"
    no_gate = "there is no gate" if gates is None else "no gate judges the answers"
    yield f"--llm-strict: no case{of_files} has a threshold, and {no_gate}"


def _doubts(settings: Settings, cases: CaseTally) -> Iterator[str]:
    """Yield what a careful reader would ask about; strict runs may not end with it."""
    if cases.tried and cases.quarantined == cases.tried:
        yield "every case is in quarantine, so none of them counts"
    yield from _empty(settings)
    for name, score in _OF_SCORES.items():
        if name in settings.explicit and score not in cases.scores | cases.metrics:
            yield f"{origin_of(settings, name)} has no effect: no case has a score {score!r}"
    if cases.unsent:
        number = count(cases.unsent, "case")
        yield (
            f"{_FAITHFULNESS} was judged by contexts that the prompt of {number} did not hold: "
            "send them with --llm-template"
        )


def _unused_criteria(criteria: Sequence[str], cases: CaseTally) -> Iterator[str]:
    names = cases.scores | cases.metrics
    unused = [name for name in criteria if not any(score.endswith(f".{name}") for score in names)]
    if unused:
        bound = f"a threshold such as rubric.{unused[0]}>=4 would"
        yield f"no test asks for the criterion {first_of(unused, _NAMED)}; {bound}"


def _empty(settings: Settings) -> Iterator[str]:
    if settings.empty:
        yield f"{first_of(settings.empty, _NAMED)} is given without a value"


def _has_unsent_contexts(result: CaseResult) -> bool:
    """Return whether an answer was judged by contexts that the model had no way to know.

    Only the prompt of a model tells what was sent. An application may retrieve contexts itself.
    """
    request, contexts = result.request, result.case.contexts
    is_judged = any(score.name == _FAITHFULNESS for score in result.scores)
    if not is_judged or not contexts or request is None or not request.model:
        return False
    sent = "\n".join(str(message.get("content", "")) for message in request.messages)
    return not any(context.strip() in sent for context in contexts)
