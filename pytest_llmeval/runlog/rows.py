"""Records as rows of the run log, and rows as equal records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pytest_llmeval.records.call import Completion, Parameters, Request, TokenLogprob, Usage
from pytest_llmeval.records.case import Case, Message, Source, case_messages
from pytest_llmeval.records.comparison import Comparison, GateOutcome
from pytest_llmeval.records.result import (
    Before,
    BeforeScore,
    CaseResult,
    Check,
    Sample,
    check_indexes,
)
from pytest_llmeval.records.run import JudgeFacts, Note, Run, Traffic
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.records.stopping import EarlyStop
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.records.wire import from_wire, to_builtin
from pytest_llmeval.runlog.database import Row, as_json, restored, storable
from pytest_llmeval.runlog.plain_columns import PlainColumns
from pytest_llmeval.summary.costs import Ledger, calls_usd, case_cost

_ANSWER = "answer"
_PARAMETER_COLUMNS = (
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "frequency_penalty",
    "presence_penalty",
)
_RUN = PlainColumns(
    Run,
    frozenset({
        "settings", "versions", "notes", "lost", "traffic", "judges", "gates", "comparisons",
        "parts", "group", "early_stop",
    }),
)  # fmt: skip
_GATE = PlainColumns(GateOutcome, frozenset())
_CASE = PlainColumns(
    Case,
    frozenset({"id", "source", "messages", "contexts", "tags", "metadata", "thresholds"}),
)
_RESULT = PlainColumns(
    CaseResult,
    frozenset({"case", "request", "completion", "scores", "checks", "samples", "before", "basis"}),
)
_COMPLETION = PlainColumns(
    Completion, frozenset({"choices", "usage", "contexts", "logprobs", "rate_limits", "adapted"})
)
_SCORE = PlainColumns(Score, frozenset({"scale", "parts", "params", "calls"}))
_SAMPLE = PlainColumns(Sample, frozenset({"completion", "scores"}))
_BEFORE = PlainColumns(Before, frozenset({"scores"}))
_USAGE = PlainColumns(Usage, frozenset())
_CALL_COLUMNS = (
    *_COMPLETION.names, "choices", *_USAGE.names, "contexts", "logprobs", "adapted",
)  # fmt: skip
_UNSET = vars(Parameters())
_TRAFFIC_COLUMNS = {
    "calls": "calls",
    "attempts": "attempts",
    "spent_usd": "usd",
    "unpriced": "unpriced",
}
_BeforeScores = dict[str, tuple[float | None, str]]
_Messages = tuple[Message, ...]
_REQUEST_COLUMNS = (
    "requested_model", "messages", *_PARAMETER_COLUMNS, "other_parameters", "request_sample",
    "sees_case",
)  # fmt: skip


def _read(kind: Any, text: str | None, empty: Any) -> Any:
    """Read a list, a map or records that `as_json` wrote.

    Raises:
        ValueError: The text is no JSON of this kind.
    """
    return from_wire(kind, text) if text else empty


def _texts(text: str | None) -> tuple[str, ...]:
    return tuple(_read(tuple[str, ...], text, ()))


def run_row(run: Run) -> dict[str, Any]:
    """Make the row of a run."""
    values = vars(run)
    lists = {name: as_json(values[name]) for name in ("settings", "versions", "lost", "parts")}
    traffic = vars(run.traffic)
    sent = {column: traffic[name] for column, name in _TRAFFIC_COLUMNS.items()}
    return storable(
        {
            **_RUN.row(run),
            **lists,
            **sent,
            "run_group": run.group,
            "notes": as_json(to_builtin(run.notes)),
            "judges": as_json(to_builtin(run.judges)),
            "comparisons": as_json(to_builtin(run.comparisons)),
            "early_stop": as_json(to_builtin(run.early_stop)),
        }
    )


def gate_rows(run: Run) -> list[dict[str, Any]]:
    """Make the rows of the gates of a run, in their order."""
    return [
        storable({"run_id": run.id, "position": position, **_GATE.row(gate)})
        for position, gate in enumerate(run.gates)
    ]


def run_of(row: Row, gates: Sequence[Row] = ()) -> Run:
    """Read a run that `run_row` and `gate_rows` wrote."""
    values = restored(row)
    sent = {name: values[column] or 0 for column, name in _TRAFFIC_COLUMNS.items()}
    maps: dict[str, Any] = {
        name: _read(dict[str, str], values[name], {}) for name in ("settings", "versions")
    }
    lists: dict[str, Any] = {name: _texts(values[name]) for name in ("lost", "parts")}
    return Run(
        **_RUN.fields(values),
        **maps,
        **lists,
        notes=_read(tuple[Note, ...], values["notes"], ()),
        traffic=Traffic(**sent),
        judges=_read(tuple[JudgeFacts, ...], values["judges"], ()),
        gates=tuple(GateOutcome(**_GATE.fields(restored(gate))) for gate in gates),
        comparisons=_read(tuple[Comparison, ...], values["comparisons"], ()),
        group=values["run_group"],
        early_stop=_read(EarlyStop, values["early_stop"], None),
    )


def case_row(run_id: str, result: CaseResult) -> dict[str, Any]:
    """Make the row of the result of a case."""
    case = result.case
    cost = case_cost(result)
    return storable({
        **_CASE.row(case), **_RESULT.row(result),
        "run_id": run_id, "case_id": case.id, "file": case.source.file, "line": case.source.line,
        "tags": as_json(case.tags), "contexts": as_json(case.contexts),
        "messages": as_json(case.messages), "metadata": as_json(case.metadata),
        "checks": as_json([_check_object(check) for check in result.checks]),
        "basis": as_json(result.basis),
        "row_thresholds": as_json([vars(threshold) for threshold in case.thresholds]),
        "judge_model": result.judge_model,
        "generation_usd": cost.generation, "judging_usd": cost.judging,
    })  # fmt: skip


def completion_rows(result: CaseResult) -> list[dict[str, Any]]:
    """Make the rows of the answer, at position 0, of further samples, and of judge calls.

    With several samples, the answer of the case is that of a sample, and has one row.
    """
    rows: list[dict[str, Any]] = []
    answered = [sample for sample in result.samples if sample.completion is not None]
    same = [sample.number for sample in answered if sample.completion == result.completion]
    chosen = same[0] if same else None
    if result.request or result.completion:
        answer = {"purpose": _ANSWER, "score_position": None, "sample": chosen}
        call = _call_columns(result.completion)
        rows.append({"position": 0, **answer, **call, **_request_columns(result)})
    calls: list[tuple[str, int | None, int | None, Completion | None]] = []
    for sample in answered:
        if sample.number != chosen:
            calls.append((_ANSWER, None, sample.number, sample.completion))
    for index, (sample_number, score) in enumerate(result.all_scores()):
        for judge_call in score.calls:
            calls.append((score.name, index, sample_number, judge_call))
    for position, (purpose, score_position, number, completion) in enumerate(calls, start=1):
        about = {"purpose": purpose, "score_position": score_position, "sample": number}
        call = _call_columns(completion)
        rows.append({"position": position, **about, **call, **dict.fromkeys(_REQUEST_COLUMNS)})
    return [storable(row) for row in rows]


def score_rows(result: CaseResult) -> list[dict[str, Any]]:
    """Make the rows of the scores of a result, then of the scores of its samples."""
    return [
        {**_score_row(position, score), "sample": sample}
        for position, (sample, score) in enumerate(result.all_scores())
    ]


def sample_rows(result: CaseResult) -> list[dict[str, Any]]:
    """Make the rows of the samples of a result, without completions and scores."""
    return [
        storable({"position": position, **_SAMPLE.row(sample)})
        for position, sample in enumerate(result.samples)
    ]


def before_row(position: int, before: Before) -> dict[str, Any]:
    """Make the row of a case in a baseline."""
    scores = {name: [score.value, score.reason] for name, score in before.scores.items()}
    return storable({"position": position, **_BEFORE.row(before), "scores": as_json(scores)})


def _before_of(row: Row) -> Before:
    scores = {
        name: BeforeScore(*score) for name, score in _read(_BeforeScores, row["scores"], {}).items()
    }
    return Before(**_BEFORE.fields(row), scores=scores)


def result_of(
    case: Row,
    completions: Sequence[Row],
    scores: Sequence[Row],
    samples: Sequence[Row],
    befores: Sequence[Row] = (),
) -> CaseResult:
    """Read a result from its rows, which are ordered by position."""
    row = restored(case)
    calls = [restored(call) for call in completions]
    score_values = [restored(score) for score in scores]
    answer = next((call for call in calls if call["position"] == 0), None)
    original = _case_of(row)
    case_scores = _scores_of(score_values, calls, None)
    return CaseResult(
        **_RESULT.fields(row),
        case=original,
        request=_request_of(answer, original) if answer else None,
        completion=_completion_of(answer) if answer else None,
        scores=case_scores,
        checks=_checks_of(row, case_scores),
        samples=tuple(_sample_of(restored(sample), calls, score_values) for sample in samples),
        before=tuple(_before_of(restored(before)) for before in befores),
        basis=_read(dict[str, str], row["basis"], {}),
    )


def _sample_of(row: Row, calls: Sequence[Row], scores: Sequence[Row]) -> Sample:
    number = row["number"]
    answer = next(
        (call for call in calls if call["score_position"] is None and call["sample"] == number),
        None,
    )
    completion = None if answer is None else _completion_of(answer)
    sample_scores = _scores_of(scores, calls, number)
    return Sample(**_SAMPLE.fields(row), completion=completion, scores=sample_scores)


def _scores_of(rows: Sequence[Row], calls: Sequence[Row], sample: int | None) -> tuple[Score, ...]:
    """Read the scores of a sample; ``None`` for those of the case as a whole."""
    return tuple(_score_of(row, calls) for row in rows if row["sample"] == sample)


def _case_of(row: Row) -> Case:
    return Case(
        **_CASE.fields(row),
        id=row["case_id"],
        source=Source(row["file"], row["line"]),
        messages=_read(_Messages, row["messages"], ()),
        contexts=_texts(row["contexts"]),
        tags=_texts(row["tags"]),
        metadata=_read(dict[str, Any], row["metadata"], {}),
        thresholds=_read(tuple[Threshold, ...], row["row_thresholds"], ()),
    )


def _checks_of(row: Row, scores: Sequence[Score]) -> tuple[Check, ...]:
    checks: tuple[Check, ...] = _read(tuple[Check, ...], row["checks"], ())
    check_indexes(checks, scores)
    return checks


def _check_object(check: Check) -> dict[str, Any]:
    return {**vars(check), "threshold": vars(check.threshold)}


def _call_columns(completion: Completion | None) -> dict[str, Any]:
    if completion is None:
        return dict.fromkeys(_CALL_COLUMNS)
    used = _USAGE.row(completion.usage) if completion.usage else dict.fromkeys(_USAGE.names)
    return {
        **_COMPLETION.row(completion),
        "choices": as_json(completion.choices),
        "contexts": as_json(completion.contexts),
        "adapted": as_json(completion.adapted),
        "logprobs": as_json([vars(token) for token in completion.logprobs]),
        **used,
    }


def _completion_of(row: Row) -> Completion | None:
    if row["text"] is None:
        return None
    used = None
    if row["prompt_tokens"] is not None:
        used = Usage(**_USAGE.fields(row))
    return Completion(
        **_COMPLETION.fields(row),
        choices=_texts(row["choices"]),
        contexts=_texts(row["contexts"]),
        adapted=_texts(row["adapted"]),
        logprobs=_read(tuple[TokenLogprob, ...], row["logprobs"], ()),
        usage=used,
    )


def _request_columns(result: CaseResult) -> dict[str, Any]:
    request = result.request
    if request is None:
        return dict.fromkeys(_REQUEST_COLUMNS)
    parameters = vars(request.parameters)
    set_ = {name: value for name, value in parameters.items() if value != _UNSET[name]}
    others = {name: value for name, value in set_.items() if name not in _PARAMETER_COLUMNS}
    unchanged = request.messages == case_messages(result.case)
    return {
        **{name: parameters[name] for name in _PARAMETER_COLUMNS},
        "requested_model": request.model,
        "messages": None if unchanged else json.dumps(request.messages, ensure_ascii=False),
        "other_parameters": as_json(others),
        "request_sample": request.sample,
        "sees_case": request.case is not None,
    }


def _request_of(row: Row, case: Case) -> Request | None:
    if row["request_sample"] is None:
        return None
    others = _read(dict[str, Any], row["other_parameters"], {})
    parameters = {
        **{name: row[name] for name in _PARAMETER_COLUMNS},
        **others,
        "stop": tuple(others.get("stop", ())),
    }
    messages = row["messages"]
    return Request(
        messages=case_messages(case) if messages is None else _read(_Messages, messages, ()),
        model=row["requested_model"],
        parameters=Parameters(**parameters),
        sample=row["request_sample"],
        case=case if row["sees_case"] else None,
    )


def _score_row(position: int, score: Score) -> dict[str, Any]:
    return storable({
        "position": position, **_SCORE.row(score),
        "scale_low": score.scale.low, "scale_high": score.scale.high,
        "higher_is_better": score.scale.higher_is_better, "unit": score.scale.unit,
        "parts": as_json(score.parts), "params": as_json(score.params),
        "cost_usd": calls_usd(score.calls, Ledger()),
    })  # fmt: skip


def _score_of(row: Row, calls: Sequence[Row]) -> Score:
    mine = [call for call in calls if call["score_position"] == row["position"]]
    completions = [_completion_of(call) for call in mine]
    return Score(
        **_SCORE.fields(row),
        scale=Scale(row["scale_low"], row["scale_high"], row["higher_is_better"], row["unit"]),
        parts=_read(dict[str, float], row["parts"], {}),
        params=_read(dict[str, Any], row["params"], {}),
        calls=tuple(call for call in completions if call),
    )
