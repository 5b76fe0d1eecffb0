"""The functions `evaluate` and `aevaluate`, which run golden files without pytest."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.calls import DRAIN_S, Process
from pytest_llmeval.assembly.providers import Environment
from pytest_llmeval.assembly.roles import setting_notes
from pytest_llmeval.assembly.run_record import new_run_id, started_run
from pytest_llmeval.assembly.session import Session
from pytest_llmeval.cases.evaluate import check_scorers, evaluate_cases
from pytest_llmeval.cases.plan import plan_cases, select_plans
from pytest_llmeval.errors import (
    InputError,
    LLMEvalError,
    SettingError,
    nearest,
)
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.run import Note
from pytest_llmeval.records.verdicts import case_exit_code, joint_exit_code
from pytest_llmeval.runs.ending import (
    CUT_OFF,
    NO_VERDICT,
    Ending,
    decide,
    end_run,
)
from pytest_llmeval.runs.evaluation import Evaluation
from pytest_llmeval.runs.excusing import excuse, open_quarantine
from pytest_llmeval.runs.gates import GateDecider, Gates, check_gates
from pytest_llmeval.runs.recorder import Recorder
from pytest_llmeval.runs.watch import Watch
from pytest_llmeval.settings.locations import Locations
from pytest_llmeval.settings.option import Option
from pytest_llmeval.settings.project import find_project
from pytest_llmeval.settings.resolve import resolve
from pytest_llmeval.settings.table import OPTIONS, Bound, Settings
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseProvider, Scorer


Golden = str | os.PathLike[str] | Sequence[str | os.PathLike[str] | Case]
"""The path of a golden file, several paths, or cases."""

_CASES = "golden"
"""The setting that is no keyword, because the first argument names the cases."""

_LOGGER = logging.getLogger("pytest_llmeval")
_KEYWORD = "keyword"
_INTERRUPTED = 2
"""Exit code of pytest for a run that was cut off."""


def evaluate(
    golden: Golden,
    *,
    provider: object = None,
    metrics: Iterable[Scorer] = (),
    **settings: object,
) -> Evaluation:
    """Evaluate the cases of golden files, as pytest does for the same settings.

    The run uses the project's ini file, the environment, the completion store, recordings, budget
    and limits, and it leaves the same run log and reports. It may be called where an event loop
    runs, as in a notebook.

    Args:
        golden: The path of a golden file, several paths, or cases. A relative path is looked up
            from the current folder, then from the root of the project.
        provider: A spec as for ``--llm-provider``, a Provider, or a function from a case to a text,
            sync or async (default: the provider of the settings).
        metrics: Custom metrics that thresholds can name.
        settings: Settings by their names in the reference, for example ``model="gpt-4"``,
            ``min_score=4`` or ``threshold=["toxicity<=0.2"]``. They override environment and ini
            file.

    Raises:
        InputError: A setting, a golden file or a case cannot be used. Nothing was sent.
        LLMEvalError: The run log or a report cannot be written.
    """
    return _Evaluator(golden, provider, metrics, settings).run()


async def aevaluate(
    golden: Golden,
    *,
    provider: object = None,
    metrics: Iterable[Scorer] = (),
    **settings: object,
) -> Evaluation:
    """Evaluate as `evaluate` does, without blocking the running event loop.

    When the awaiting task is cancelled, the run is cut off.

    Args:
        golden: As for `evaluate`.
        provider: As for `evaluate`.
        metrics: As for `evaluate`.
        settings: As for `evaluate`.

    Raises:
        InputError: A setting, a golden file or a case cannot be used. Nothing was sent.
        LLMEvalError: The run log or a report cannot be written.
    """
    evaluator = await asyncio.to_thread(_Evaluator, golden, provider, metrics, settings)
    running = asyncio.ensure_future(asyncio.to_thread(evaluator.run))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.to_thread(evaluator.stop)
        with suppress(_Cancelled, LLMEvalError):
            await running
        raise


class _Cancelled(BaseException):
    """Raised if another thread stops the run."""


class _Evaluator:
    """A run without pytest, from its settings to its end."""

    def __init__(
        self,
        golden: Golden,
        provider: object,
        metrics: Iterable[Scorer],
        keywords: Mapping[str, object],
    ) -> None:
        self._started = datetime.now(timezone.utc)
        if isinstance(provider, str):
            keywords = {**keywords, "provider": provider}
            provider = None
        current = Path.cwd()
        project = find_project(current)
        self._settings = _settings(keywords, project.ini)
        self._locations = Locations.of(self._settings, project.root, current)
        self._gates = Gates(self._settings, {})
        self._run_id = new_run_id()
        environment = Environment(
            self._locations, dict(os.environ), {}, runs_all=False, process=Process(self._run_id)
        )
        self._session = Session(self._settings, environment)
        for metric in metrics:
            self._session.metrics.add(metric, "evaluate")
        cases = self._cases(golden)
        if not cases:
            raise InputError("evaluate: found no case; allowed: at least one")
        self._plans = select_plans(plan_cases(cases, self._settings), self._settings)
        if not self._plans:
            raise InputError(
                f"evaluate: where and limit select none of {count(len(cases), 'case')}; "
                "allowed: at least one"
            )
        self._is_whole = len(self._plans) == len(cases)
        self._session.trust.cases = [plan.case for plan in self._plans]
        self._quarantine = open_quarantine(self._settings, self._locations)
        self._provider = self._chosen(provider)
        self._check()
        self._is_stopped = threading.Event()
        self._outcomes: list[Outcome] = []
        self._is_judged = False

    def run(self) -> Evaluation:
        """Evaluate every case, decide the gates, and write the log and the reports."""
        run = started_run(self._run_id, self._settings, self._started, {})
        recorder = Recorder(self._settings, self._locations, run)
        try:
            with Watch(self._session.waits, _LOGGER.warning):
                self._evaluate(recorder)
                decider = GateDecider(self._gates, recorder)
                baseline_notes = self._read_baselines(decider)
        except BaseException:
            # A second error must not hide the one that cut the run off.
            with suppress(LLMEvalError, OSError):
                self._cut_off(recorder)
            raise
        return self._finish(recorder, decider, baseline_notes)

    def stop(self) -> None:
        """Cut the run off from another thread, so that nothing more is sent."""
        self._is_stopped.set()
        self._session.close(DRAIN_S)

    def _evaluate(self, recorder: Recorder) -> None:
        for result in evaluate_cases(self._session, self._plans, self._provider):
            if self._is_stopped.is_set():
                raise _Cancelled
            result = excuse(result, self._settings.fail_on, self._quarantine)
            recorder.add(result)
            self._outcomes.append(result.outcome)
            self._is_judged = self._is_judged or bool(result.judge_model)

    def _read_baselines(self, decider: GateDecider) -> tuple[Note, ...]:
        """Read the baselines while calls can still be made to judge them again."""
        if not self._gates.are_required:
            return ()
        # The gates report the same error.
        with suppress(LLMEvalError, OSError):
            return decider.read_baselines(self._session)
        return ()

    def _finish(
        self, recorder: Recorder, decider: GateDecider, baseline_notes: tuple[Note, ...]
    ) -> Evaluation:
        ending = self._end_calls(recorder)
        gate_code, gate_notes = decide(decider, self._quarantine, self._is_whole)
        code = joint_exit_code((case_exit_code(self._outcomes), gate_code))
        # Read again, because the log adds the baselines' records of each case.
        logged = tuple(recorder.results())
        notes = (*self._notes(ending), *baseline_notes, *gate_notes)
        written = recorder.finish(code, (), notes)
        # At least one case was evaluated, or an error was raised before anything was sent.
        assert written is not None
        summary, paths = written
        paths.update(ending.paths)
        return Evaluation(recorder.run, logged, summary, paths, recorder.ci_lines)

    def _cut_off(self, recorder: Recorder) -> None:
        """Finish the run without a verdict, as pytest finishes an interrupted one."""
        ending = self._end_calls(recorder, is_cut_off=True)
        text = NO_VERDICT if self._gates.are_required else CUT_OFF
        recorder.finish(_INTERRUPTED, (), (*self._notes(ending), Note("cut_off", text)))

    def _notes(self, ending: Ending) -> tuple[Note, ...]:
        return (*setting_notes(self._settings, self._is_judged), *ending.notes)

    def _end_calls(self, recorder: Recorder, is_cut_off: bool = False) -> Ending:
        """End all calls, write the recordings, and add the traffic to the run."""
        self._session.close(DRAIN_S)
        ending = end_run(self._session, (), self._is_whole and not is_cut_off)
        recorder.run = replace(
            recorder.run, traffic=ending.traffic, judges=ending.judges, is_cut_off=is_cut_off
        )
        return ending

    def _cases(self, golden: Golden) -> list[Case]:
        if isinstance(golden, (str, os.PathLike)):
            golden = [golden]
        cases: list[Case] = []
        for item in golden:
            if isinstance(item, Case):
                cases.append(item)
                continue
            path = self._locations.current / item
            if not path.exists():
                path = self._locations.root / item
            cases += self._session.cases(path)
        return cases

    def _chosen(self, provider: object) -> BaseProvider:
        """Return the provider of the argument or the settings."""
        if provider is None:
            return self._session.provider(self._settings)
        from pytest_llmeval.providers.python import as_provider

        return as_provider(provider, "provider")

    def _check(self) -> None:
        """Check gates and scorers before anything is sent."""
        check_gates(self._settings)
        check_scorers(self._session, self._plans)


def _keyword(row: Option) -> str:
    """Return a keyword as the user writes it."""
    return f"{row.name}="


def _settings(keywords: Mapping[str, object], ini: Mapping[str, object]) -> Settings:
    """Resolve the settings of keywords, environment and ini file."""
    rows = {row.name: row for row in OPTIONS if row.name != _CASES}
    for name, value in keywords.items():
        if name not in rows:
            allowed = ", ".join(rows)
            raise SettingError("evaluate", name, allowed, nearest(name, list(rows)))
        if value is not None:
            rows[name].read(value, f"{name}=")
    settings = resolve(keywords, os.environ, ini, _keyword)
    bounds = tuple(
        Bound(_KEYWORD, _KEYWORD, bound.text) if bound.level == "command line" else bound
        for bound in settings.bounds
    )
    if settings.dry_run:
        remedy = "Estimate the cost with pytest and --llm-dry-run."
        raise SettingError("dry_run", True, "false: evaluate makes the calls", remedy)
    settings = replace(settings, bounds=bounds)
    # Called only for its errors.
    settings.thresholds()
    return settings
