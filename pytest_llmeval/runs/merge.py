"""Merging shards into one run, with gates as if pytest had not split it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.roles import judges_itself
from pytest_llmeval.assembly.trust import merge_facts
from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.scores import Selection
from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.run import GATE_NOTES, Run, Traffic
from pytest_llmeval.records.verdicts import FINE, WORSE, case_exit_code, joint_exit_code
from pytest_llmeval.runs.ending import Decision, RunEnding, decide
from pytest_llmeval.runs.excusing import excuse
from pytest_llmeval.runs.gate_checks import check_baselines
from pytest_llmeval.runs.gates import GateDecider, Gates
from pytest_llmeval.runs.recorder import Recorder
from pytest_llmeval.runs.requirements import CaseTally, Selected, settle
from pytest_llmeval.runs.shards import Shard, check_shards
from pytest_llmeval.settings.demands import demands_of
from pytest_llmeval.settings.table import BY_GATE, Settings
from pytest_llmeval.text import instant, timestamp

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.summary.summary import Summary


_ROLES = ("model", "provider", "base_url", "judge_model", "judge_provider", "judge_base_url")


@dataclass(frozen=True)
class Merged:
    """A merged run.

    Attributes:
        run: The run.
        summary: Its summary.
        paths: Written paths by kind.
        cases: Number of cases.
        ci_lines: Lines for the output of a CI job.
    """

    run: Run
    summary: Summary
    paths: Mapping[str, str]
    cases: int
    ci_lines: tuple[str, ...]


def merge(
    shards: Sequence[Shard],
    settings: Settings,
    quarantine: Quarantine | None,
    locations: Locations,
    run_id: str,
    start: Callable[[Settings], Session],
) -> Merged:
    """Join shards into one run, and gate it; nothing is written if they cannot be joined.

    No model is asked for an answer. The judge is, about a few answers of a baseline, or about all
    if it has changed or is a different one.

    Args:
        shards: Finished runs.
        settings: The settings in force, with gates and reports.
        quarantine: Cases that do not gate.
        locations: The folders that paths are relative to.
        run_id: Id of the new run.
        start: Function that opens a session with some settings.

    Raises:
        InputError: The shards cannot be joined, or a rule cannot be read.
        RunLogError: A log cannot be read or written.
    """
    settings = _in_force(settings, shards)
    gates = Gates.of(settings, _marked_gates(shards))
    # A wrong rule or baseline is an error before anything is written.
    gates.rules()
    check_baselines(settings, locations)
    cases = check_shards(shards)
    run = joined(shards, settings, run_id)
    recorder = Recorder(settings, locations, run)
    outcomes: set[Outcome] = {"error"} if run.is_broken else set()
    tally = CaseTally()
    for shard in shards:
        for result in shard.results:
            excused = excuse(result, settings.fail_on, quarantine)
            outcomes.add(excused.outcome)
            tally.add(excused, quarantine)
            # The shards' baselines do not count for the whole.
            recorder.add(replace(excused, before=()))
    decider = GateDecider(gates, recorder)
    ending = RunEnding(start(settings))
    ending.read_baselines(decider)

    def decide_run() -> Decision:
        code, notes = decide(decider, quarantine, Selection(is_whole=not run.is_selected))
        plain_code = WORSE if run.failures_without_case else FINE
        demands = demands_of(settings)
        unjudged, gaps = settle(settings, demands, tally, Selected(), gates)
        code = joint_exit_code((code, unjudged, plain_code, case_exit_code(outcomes)))
        return code, (*notes, *gaps)

    ended = ending.end(recorder, decide_run, run.notes)
    if ended.errors:
        raise ended.errors[0]
    assert ended.summary is not None  # `check_shards` has found a case
    return Merged(recorder.run, ended.summary, ended.paths, cases, recorder.ci_lines)


def joined(shards: Sequence[Shard], settings: Settings, run_id: str) -> Run:
    """Return the record of the merged run: shared values, sums and the earliest start."""
    runs = [shard.run for shard in shards]
    names = {run.name for run in runs}
    starts = [(moment, run.started_at) for run in runs if (moment := instant(run.started_at))]
    started_at = min(starts)[1] if starts else timestamp()
    notes = dict.fromkeys(note for run in runs for note in run.notes if note.kind not in GATE_NOTES)
    by_gate = {"fail_on": BY_GATE} if settings.fail_on == BY_GATE else {}
    return Run(
        id=run_id,
        name=settings.name or (names.pop() if len(names) == 1 else ""),
        started_at=started_at,
        settings={**_shared([run.settings for run in runs]), **by_gate},
        versions=_shared([run.versions for run in runs]),
        notes=tuple(notes),
        lost=tuple(nodeid for run in runs for nodeid in run.lost),
        traffic=sum((run.traffic for run in runs), Traffic()),
        judges=merge_facts(facts for run in runs for facts in run.judges),
        parts=tuple(run.id for run in runs),
        failures_without_case=sum(run.failures_without_case for run in runs),
    )


def _in_force(settings: Settings, shards: Sequence[Shard]) -> Settings:
    """Return the settings with the shards' model, judge and ``fail_on``."""
    by_gate = next(
        (shard for shard in shards if shard.run.settings.get("fail_on") == BY_GATE), None
    )
    if by_gate is not None and settings.fail_on != BY_GATE and "fail_on" in settings.explicit:
        raise InputError(
            f"--fail-on: found {settings.fail_on!r}; allowed: {BY_GATE!r}, because {by_gate} ran "
            "with it, and its excused failures look like expected ones"
        )
    roles: list[dict[str, Any]] = [
        {name: shard.run.settings.get(name) for name in _ROLES} for shard in shards
    ]
    by_shard = [replace(settings, **values) for values in roles]
    merged_settings = next(filter(judges_itself, by_shard), by_shard[0])
    if by_gate is not None:
        return replace(merged_settings, fail_on=BY_GATE)
    return merged_settings


def _marked_gates(shards: Sequence[Shard]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the rules of markers by their scope; only the tests of the shards knew them."""
    for shard in shards:
        for gate in shard.run.gates:
            if gate.scope:
                yield gate.scope, (gate.rule,)


def _shared(mappings: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the items that all mappings share."""
    first, *rest = mappings
    return {
        name: text
        for name, text in first.items()
        if all(mapping.get(name) == text for mapping in rest)
    }
