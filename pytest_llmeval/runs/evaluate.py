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
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.calls import DRAIN_S, Process
from pytest_llmeval.assembly.open_files import check_open_files
from pytest_llmeval.assembly.providers import Environment
from pytest_llmeval.assembly.roles import setting_notes
from pytest_llmeval.assembly.run_record import started_run
from pytest_llmeval.assembly.session import Session
from pytest_llmeval.cases.columns import check_answer_columns, check_opponent_columns
from pytest_llmeval.cases.evaluate import check_scorers, evaluate_cases
from pytest_llmeval.cases.plan import plan_cases, select_plans
from pytest_llmeval.errors import (
    InputError,
    LLMEvalError,
    SettingError,
    nearest,
)
from pytest_llmeval.gating.clusters import check_clusters
from pytest_llmeval.gating.scores import Selection
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.process import new_run_id
from pytest_llmeval.records.result import CaseResult, Outcome
from pytest_llmeval.records.run import Note
from pytest_llmeval.records.verdicts import case_exit_code, joint_exit_code
from pytest_llmeval.runs.ending import (
    CUT_OFF,
    NO_VERDICT,
    Decision,
    RunEnding,
    decide,
)
from pytest_llmeval.runs.evaluation import Evaluation
from pytest_llmeval.runs.excusing import excuse, open_quarantine
from pytest_llmeval.runs.gate_checks import check_baselines, check_gates, check_rules
from pytest_llmeval.runs.gates import GateDecider, Gates
from pytest_llmeval.runs.recorder import Recorder
from pytest_llmeval.runs.requirements import (
    CaseTally,
    Selected,
    check_must_pass,
    narrowed_by,
    refuse_misspelt,
    settle,
)
from pytest_llmeval.runs.watch import Watch
from pytest_llmeval.settings.demands import demands_of
from pytest_llmeval.settings.locations import Locations, current_folder
from pytest_llmeval.settings.misspelling import misspelt_names
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
        current = current_folder()
        project = find_project(current)
        self._settings = _settings(keywords, project.ini)
        self._locations = Locations.of(self._settings, project.root, current)
        self._locations.check(self._settings)
        self._gates = Gates(self._settings, {})
        self._run_id = new_run_id()
        environment = Environment(
            self._locations, dict(os.environ), {}, runs_all=False, process=Process(self._run_id)
        )
        self._session = Session(self._settings, environment)
        for metric in metrics:
            self._session.metrics.add(metric, "evaluate")
        self._has_given_cases = False
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
        self._narrowed = narrowed_by(self._settings, len(self._plans), len(cases))
        misspelt = misspelt_names(os.environ, project.keys)
        refuse_misspelt(misspelt, self._settings)
        self._gaps = (
            *(name.text for name in misspelt),
            *check_must_pass(self._settings, cases),
        )
        self._tally = CaseTally()
        self._session.trust.cases = [plan.case for plan in self._plans]
        self._quarantine = open_quarantine(self._settings, self._locations)
        self._is_given = provider is not None
        self._provider = self._chosen(provider)
        self._check()
        self._is_stopped = threading.Event()
        self._outcomes: list[Outcome] = []
        self._is_judged = False

    def run(self) -> Evaluation:
        """Evaluate every case, decide the gates, and write the log and the reports."""
        run = started_run(self._run_id, self._settings, self._started, {})
        shown = self._session.secrets.hide_in(run)
        recorder = Recorder(self._settings, self._locations, shown)
        ending = RunEnding(self._session, is_whole=self._is_whole)
        try:
            with Watch(self._session.waits, _LOGGER.warning):
                self._evaluate(recorder)
                decider = GateDecider(self._gates, recorder)
                ending.read_baselines(decider)
        except BaseException:
            # A second error must not hide the one that cut the run off.
            with suppress(LLMEvalError, OSError):
                self._cut_off(recorder)
            raise
        return self._finish(recorder, decider, ending)

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
            self._tally.add(result, self._quarantine)
            self._outcomes.append(result.outcome)
            self._is_judged = self._is_judged or bool(result.judge_model)

    def _finish(self, recorder: Recorder, decider: GateDecider, ending: RunEnding) -> Evaluation:
        logged: list[CaseResult] = []

        def decide_run() -> Decision:
            gate_code, gate_notes = decide(decider, self._quarantine, self._selection)
            unjudged, gaps = settle(
                self._settings,
                demands_of(self._settings),
                self._tally,
                Selected(gaps=self._gaps, narrowed=self._narrowed),
                self._gates,
                self._session.criteria(),
            )
            # Read again, because the log adds the baselines' records of each case.
            logged.extend(recorder.results())
            code = joint_exit_code((case_exit_code(self._outcomes), gate_code, unjudged))
            return code, (*gate_notes, *gaps)

        ended = ending.end(recorder, decide_run, self._notes())
        if ended.errors:
            raise ended.errors[0]
        # At least one case was evaluated, or an error was raised before anything was sent.
        assert ended.summary is not None
        return Evaluation(
            recorder.run, tuple(logged), ended.summary, ended.paths, recorder.ci_lines
        )

    def _cut_off(self, recorder: Recorder) -> None:
        """Finish the run without a verdict, as pytest finishes an interrupted one."""
        text = NO_VERDICT if self._gates.are_required else CUT_OFF
        recorder.run = replace(recorder.run, is_cut_off=True)
        decision = _INTERRUPTED, (Note("cut_off", text),)
        RunEnding(self._session).end(recorder, lambda: decision, self._notes())

    def _notes(self) -> tuple[Note, ...]:
        return setting_notes(self._settings, self._is_judged)

    @property
    def _selection(self) -> Selection:
        """The cases that the run was meant to have: all of its files, unless the caller chose."""
        roots = dict.fromkeys(plan.suite for plan in self._plans)
        return Selection(self._is_whole and not self._has_given_cases, tuple(roots))

    def _cases(self, golden: Golden) -> list[Case]:
        if isinstance(golden, (str, os.PathLike)):
            golden = [golden]
        cases: list[Case] = []
        for item in golden:
            if isinstance(item, Case):
                self._has_given_cases = True
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
        check_open_files()
        check_gates(self._settings)
        check_baselines(self._settings, self._locations)
        check_rules(self._gates, self._session)
        cases = (plan.case for plan in self._plans)
        check_clusters(self._settings.cluster, self._settings.origin("cluster"), cases)
        check_scorers(self._session, self._plans)
        if not self._is_given:
            check_answer_columns(self._plans)
        check_opponent_columns(self._plans)


def _keyword(row: Option) -> str:
    """Return a keyword as the user writes it."""
    return f"{row.name}="


def _settings(keywords: Mapping[str, object], ini: Mapping[str, object]) -> Settings:
    """Resolve the settings of keywords, environment and ini file."""
    rows = {row.name: row for row in OPTIONS if row.name != _CASES}
    for name, value in keywords.items():
        if name not in rows:
            allowed = "the name of a setting, as docs/reference.md lists them"
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
    if settings.stop_early and "stop_early" in settings.explicit:
        remedy = "Stop early with pytest and --llm-stop-early."
        raise SettingError("stop_early", True, "false: evaluate runs every case", remedy)
    if settings.changed:
        remedy = "Run the golden files with pytest and --llm-changed."
        raise SettingError("changed", True, "false: evaluate runs all its cases", remedy)
    settings = replace(settings, bounds=bounds)
    # Called only for its errors.
    settings.thresholds()
    return settings
