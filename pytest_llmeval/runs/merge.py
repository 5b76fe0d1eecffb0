"""The run that shards make together, gated as one that pytest has run in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pytest_llmeval.assembly.roles import judges_itself
from pytest_llmeval.assembly.trust import merge_facts
from pytest_llmeval.errors import InputError
from pytest_llmeval.records.result import CaseResult, Outcome
from pytest_llmeval.records.run import GATE_NOTES, Note, Run, Traffic
from pytest_llmeval.records.verdicts import FINE, WORSE, case_exit_code, joint_exit_code
from pytest_llmeval.runs.ending import decide, end_run
from pytest_llmeval.runs.gates import Gates, RunJudge
from pytest_llmeval.runs.recorder import Recorder
from pytest_llmeval.runs.shards import Shard, look_through
from pytest_llmeval.settings.table import Settings
from pytest_llmeval.summary.outcome import BY_GATE, is_left_to_gates
from pytest_llmeval.text import instant

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.gating.quarantine import Quarantine
    from pytest_llmeval.settings.locations import Locations
    from pytest_llmeval.summary.summary import Summary


_ROLES = ("model", "provider", "base_url", "judge_model", "judge_provider", "judge_base_url")
_SELECTING = {"limit", "where"}


@dataclass(frozen=True)
class Merged:
    """What shards have become.

    Attributes:
        run: The run.
        summary: Its summary.
        paths: What was written, by kind.
        cases: How many cases were joined.
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
    """Join shards into one run, and gate it. Nothing is written where they cannot be joined.

    No model is asked, unless a baseline has another judge than the shards and must be judged again.

    Args:
        shards: Each a run that came to its end.
        settings: The settings in force: gates, and what is to be left behind.
        quarantine: Cases that do not gate.
        locations: The folders that paths are relative to.
        run_id: Id of the new run.
        start: Makes a session of settings.

    Raises:
        InputError: The shards cannot be joined, or a rule cannot be read.
        RunLogError: A log cannot be read or written.
    """
    settings = _in_force(settings, shards)
    gates = Gates.of(settings, _marked_gates(shards))
    gates.rules()  # what is wrong with one is said before anything is written
    found = look_through(shards)
    run = joined(shards, settings, run_id)
    recorder = Recorder(settings, locations, run)
    outcomes: set[Outcome] = {"error"} if run.lost else set()
    for shard in shards:
        for result in shard.results:
            ended = excuse(result, settings.fail_on, quarantine)
            outcomes.add(ended.outcome)
            recorder.add(replace(ended, before=()))  # what was said of the shard's own baselines
    judge = RunJudge(gates, recorder)
    again = _read_baselines(judge, recorder, start(settings))
    code, notes = decide(judge, quarantine, is_whole=not _SELECTING & run.settings.keys())
    others = WORSE if found.has_other_failures else FINE
    code = joint_exit_code((code, others, case_exit_code(outcomes)))
    written = recorder.finish(code, run.lost, (*run.notes, *again, *notes))
    if written is None:
        raise InputError("found no case; allowed: shards with results")
    return Merged(recorder.run, *written, found.cases, recorder.ci_lines)


def _read_baselines(judge: RunJudge, recorder: Recorder, session: Session) -> tuple[Note, ...]:
    """Read the baselines, and count what had to be judged again for the run."""
    try:
        notes = judge.read_baselines(session)
    finally:
        session.close()
    ending = end_run(session, (), is_whole=False)
    run = recorder.run
    judges = merge_facts((*run.judges, *ending.judges))
    recorder.run = replace(run, traffic=run.traffic + ending.traffic, judges=judges)
    return notes


def joined(shards: Sequence[Shard], settings: Settings, run_id: str) -> Run:
    """The record of the run, as it starts: what the shards share, and what adds up.

    Args:
        shards: Its parts.
        settings: The settings in force.
        run_id: Its id.
    """
    runs = [shard.run for shard in shards]
    names = {run.name for run in runs}
    began = [(moment, run.started_at) for run in runs if (moment := instant(run.started_at))]
    notes = dict.fromkeys(note for run in runs for note in run.notes if note.kind not in GATE_NOTES)
    by_gate = {"fail_on": BY_GATE} if settings.fail_on == BY_GATE else {}
    return Run(
        id=run_id,
        name=settings.name or (names.pop() if len(names) == 1 else ""),
        started_at=min(began)[1]
        if began
        else datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        settings={
            **_shared([run.settings for run in runs]),
            **by_gate,
        },
        versions=_shared([run.versions for run in runs]),
        notes=tuple(notes),
        lost=tuple(nodeid for run in runs for nodeid in run.lost),
        traffic=sum((run.traffic for run in runs), Traffic()),
        judges=merge_facts(facts for run in runs for facts in run.judges),
        parts=tuple(run.id for run in runs),
    )


def excuse(result: CaseResult, fail_on: str, quarantine: Quarantine | None) -> CaseResult:
    """Turn a failure that does not count into an expected failure, as pytest does.

    Args:
        result: The result, evaluated without these rules.
        fail_on: The setting ``fail_on``.
        quarantine: Cases that do not gate.
    """
    if result.outcome != "failed":
        return result
    is_excused = is_left_to_gates(result.case, result.cause, fail_on)
    if quarantine is not None:
        entry = quarantine.find(result.case.source.file, result.case.id)
        is_excused = is_excused or entry is not None
    if not is_excused:
        return result
    return replace(result, outcome="xfailed")


def _in_force(settings: Settings, shards: Sequence[Shard]) -> Settings:
    """The settings, with what the shards were told of model and judge, and of what fails a run.

    Raises:
        InputError: A shard has excused what would now have to count.
    """
    by_gate = next(
        (shard for shard in shards if shard.run.settings.get("fail_on") == BY_GATE), None
    )
    if by_gate is not None and settings.fail_on != BY_GATE and "fail_on" in settings.explicit:
        raise InputError(
            f"--fail-on: found {settings.fail_on!r}; allowed: {BY_GATE!r}, since {by_gate} ran under it, and what it "
            "has excused cannot be told from what was expected to fail"
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
    """The rules of markers, which the tests of the shards know alone, by where the marker stands."""
    for shard in shards:
        for gate in shard.run.gates:
            if gate.scope:
                yield gate.scope, (gate.rule,)


def _shared(all_of: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all of some maps hold alike."""
    first, *others = all_of
    return {
        name: text
        for name, text in first.items()
        if all(other.get(name) == text for other in others)
    }
