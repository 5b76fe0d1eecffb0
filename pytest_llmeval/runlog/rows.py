"""Records as rows of the run log, and back again, equal to what they were."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmeval.records.call import Completion, Parameters, Request, TokenLogprob, Usage
from pytest_llmeval.records.case import Case, Source, own_messages
from pytest_llmeval.records.comparison import Comparison, GateOutcome
from pytest_llmeval.records.result import Before, BeforeScore, CaseResult, Check, Sample
from pytest_llmeval.records.run import JudgeFacts, Note, Run, Traffic
from pytest_llmeval.records.score import Scale, Score, finite
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.records.wire import from_wire, to_builtin
from pytest_llmeval.runlog.database import Row, as_json, from_json, restored, storable
from pytest_llmeval.summary.costs import Ledger, calls_usd, case_cost

ANSWER = "answer"
PARAMETER_COLUMNS = (
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "frequency_penalty",
    "presence_penalty",
)
PLAIN_COLUMNS = (
    "text", "raw_text", "model", "endpoint", "finish_reason", "cost_usd", "latency_s", "cached", "call", "made_at",
)  # fmt: skip
CALL_COLUMNS = (
    *PLAIN_COLUMNS,
    "choices",
    "prompt_tokens",
    "completion_tokens",
    "contexts",
    "logprobs",
)
UNSET = vars(Parameters())
TRAFFIC_COLUMNS = {
    "calls": "calls",
    "attempts": "attempts",
    "spent_usd": "usd",
    "unpriced": "unpriced",
}
REQUEST_COLUMNS = (
    "requested_model", "messages", *PARAMETER_COLUMNS, "other_parameters", "request_sample", "sees_case",
)  # fmt: skip


def run_row(run: Run) -> dict[str, Any]:
    """The row of a run."""
    left_out = ("traffic", "gates", "group")
    row = {name: value for name, value in vars(run).items() if name not in left_out}
    lists = {name: as_json(row[name]) for name in ("settings", "versions", "lost", "parts")}
    sent = {column: getattr(run.traffic, name) for column, name in TRAFFIC_COLUMNS.items()}
    return storable(
        {
            **row,
            **lists,
            **sent,
            "run_group": run.group,
            "notes": as_json(to_builtin(run.notes)),
            "judges": as_json(to_builtin(run.judges)),
            "comparisons": as_json(to_builtin(run.comparisons)),
        }
    )


def gate_rows(run: Run) -> list[dict[str, Any]]:
    """The rows of a run's gates, in their order."""
    return [
        storable({"run_id": run.id, "position": position, **vars(gate)})
        for position, gate in enumerate(run.gates)
    ]


def run_of(row: Row, gates: Sequence[Row] = ()) -> Run:
    """The run that `run_row` and `gate_rows` wrote."""
    values = {name: value for name, value in restored(row).items() if name != "number"}
    sent = {name: values.pop(column) or 0 for column, name in TRAFFIC_COLUMNS.items()}
    maps = {name: from_json(values[name], {}) for name in ("settings", "versions")}
    lists = {name: tuple(from_json(values[name], ())) for name in ("lost", "parts")}
    notes = tuple(Note(**note) for note in from_json(values.pop("notes"), ()))
    group = values.pop("run_group")
    judges = from_wire(tuple[JudgeFacts, ...], values.pop("judges", None) or "[]")
    comparisons = from_wire(tuple[Comparison, ...], values.pop("comparisons", None) or "[]")
    decided = tuple(
        GateOutcome(
            **{
                name: value
                for name, value in restored(gate).items()
                if name not in ("run_id", "position")
            }
        )
        for gate in gates
    )
    rest = {**values, **maps, **lists}
    return Run(
        **rest,
        notes=notes,
        traffic=Traffic(**sent),
        judges=judges,
        gates=decided,
        comparisons=comparisons,
        group=group,
    )


def case_row(run_id: str, result: CaseResult) -> dict[str, Any]:
    """The row of a case's result."""
    case, cost = result.case, case_cost(result)
    return storable({
        "run_id": run_id, "suite": result.suite, "case_id": case.id, "sample": result.sample,
        "outcome": result.outcome, "cause": result.cause, "message": result.message, "prompt": case.prompt, "expected": case.expected,
        "tags": as_json(case.tags), "contexts": as_json(case.contexts), "messages": as_json(case.messages),
        "metadata": as_json(case.metadata), "checks": as_json([_check_object(check) for check in result.checks]),
        "row_thresholds": as_json([vars(each) for each in case.thresholds]), "file": case.source.file,
        "line": case.source.line, "nodeid": result.nodeid, "judge_model": result.judge_model,
        "started_at": result.started_at, "duration_s": result.duration_s, "worker": result.worker,
        "generation_usd": cost.generation, "judging_usd": cost.judging, "must_pass": case.must_pass,
    })  # fmt: skip


def completion_rows(result: CaseResult) -> list[dict[str, Any]]:
    """The rows of the answer, at position 0, of the other samples' answers, and of the calls that scores cost.

    The answer of the case is that of a sample, where it has several, and stands here once.
    """
    rows = []
    answered = [sample for sample in result.samples if sample.completion is not None]
    own = next(
        (sample.number for sample in answered if sample.completion == result.completion), None
    )
    if result.request or result.completion:
        answer = {"purpose": ANSWER, "score_position": None, "sample": own}
        rows.append({"position": 0, **answer, **_call(result.completion), **_asked(result)})
    others = [
        (ANSWER, None, sample.number, sample.completion)
        for sample in answered
        if sample.number != own
    ]
    judging = [
        (score.name, place, number, call)
        for place, (number, score) in enumerate(_every_score(result))
        for call in score.calls
    ]
    for position, (purpose, score_position, number, call) in enumerate(
        (*others, *judging), start=1
    ):
        about = {"purpose": purpose, "score_position": score_position, "sample": number}
        rows.append(
            {"position": position, **about, **_call(call), **dict.fromkeys(REQUEST_COLUMNS)}
        )
    return [storable(row) for row in rows]


def score_rows(result: CaseResult) -> list[dict[str, Any]]:
    """The rows of a result's scores, in their order, then of those of its samples alone."""
    every = enumerate(_every_score(result))
    return [
        {**_score_row(position, finite(score)), "sample": sample}
        for position, (sample, score) in every
    ]


def sample_rows(result: CaseResult) -> list[dict[str, Any]]:
    """The rows of a result's samples, in their order; what they say stands with the completions and scores."""
    names = ("number", "is_draw", "met", "error")
    every = enumerate(result.samples)
    return [
        storable({"position": position, **{name: getattr(sample, name) for name in names}})
        for position, sample in every
    ]


def before_row(position: int, before: Before) -> dict[str, Any]:
    """The row of what a baseline says of a case."""
    scores = {name: [score.value, score.reason] for name, score in before.scores.items()}
    return storable({"position": position, **vars(before), "scores": as_json(scores)})


def _before_of(row: Row) -> Before:
    scores = {name: BeforeScore(*score) for name, score in from_json(row["scores"], {}).items()}
    return Before(row["baseline"], row["outcome"] or "", row["answer"], scores)


def _every_score(result: CaseResult) -> Iterator[tuple[int | None, Score]]:
    """The scores of a case, and of its samples with their number."""
    yield from ((None, score) for score in result.scores)
    yield from ((sample.number, score) for sample in result.samples for score in sample.scores)


def result_of(
    case: Row,
    completions: Sequence[Row],
    scores: Sequence[Row],
    samples: Sequence[Row],
    befores: Sequence[Row] = (),
) -> CaseResult:
    """The result that `case_row`, `completion_rows`, `score_rows`, `sample_rows` and `before_row` wrote.

    Args:
        case: The row of the case.
        completions: The rows of its completions, by position.
        scores: The rows of its scores, by position.
        samples: The rows of its samples, by position.
        befores: What its baselines say of it, by position.
    """
    row, calls, found = (
        restored(case),
        [restored(each) for each in completions],
        [restored(each) for each in scores],
    )
    asked = next((call for call in calls if call["position"] == 0), None)
    original = _case_of(row)
    return CaseResult(
        suite=row["suite"],
        case=original,
        nodeid=row["nodeid"],
        outcome=row["outcome"],
        request=_request_of(asked, original) if asked else None,
        completion=_completion_of(asked) if asked else None,
        scores=tuple(_score_of(each, calls) for each in found if each["sample"] is None),
        checks=tuple(_check_of(each) for each in from_json(row["checks"], ())),
        cause=row["cause"],
        message=row["message"],
        sample=row["sample"],
        started_at=row["started_at"],
        duration_s=row["duration_s"],
        worker=row["worker"],
        samples=tuple(_sample_of(restored(each), calls, found) for each in samples),
        before=tuple(_before_of(restored(each)) for each in befores),
    )


def _sample_of(row: Row, calls: Sequence[Row], scores: Sequence[Row]) -> Sample:
    number = row["number"]
    answer = next(
        (call for call in calls if call["score_position"] is None and call["sample"] == number),
        None,
    )
    own = tuple(_score_of(each, calls) for each in scores if each["sample"] == number)
    completion = None if answer is None else _completion_of(answer)
    return Sample(number, completion, own, row["met"], row["is_draw"], row["error"])


def _case_of(row: Row) -> Case:
    return Case(
        id=row["case_id"],
        prompt=row["prompt"],
        source=Source(row["file"], row["line"]),
        messages=tuple(from_json(row["messages"], ())),
        expected=row["expected"],
        contexts=tuple(from_json(row["contexts"], ())),
        tags=tuple(from_json(row["tags"], ())),
        metadata=from_json(row["metadata"], {}),
        thresholds=_thresholds(row["row_thresholds"]),
        must_pass=row["must_pass"],
    )


def _check_object(check: Check) -> dict[str, Any]:
    return {**vars(check), "threshold": vars(check.threshold)}


def _check_of(value: dict[str, Any]) -> Check:
    return Check(**{**value, "threshold": Threshold(**value["threshold"])})


def _thresholds(text: str | None) -> tuple[Threshold, ...]:
    return tuple(Threshold(**each) for each in from_json(text, ()))


def _call(completion: Completion | None) -> dict[str, Any]:
    if completion is None:
        return dict.fromkeys(CALL_COLUMNS)
    usage, fields = completion.usage, vars(completion)
    return {
        **{name: fields[name] for name in PLAIN_COLUMNS},
        "choices": as_json(completion.choices),
        "contexts": as_json(completion.contexts),
        "logprobs": as_json([vars(token) for token in completion.logprobs]),
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
    }


def _completion_of(row: Row) -> Completion | None:
    if row["text"] is None:
        return None
    used = row["prompt_tokens"] is not None
    return Completion(
        **{
            **{name: row[name] for name in PLAIN_COLUMNS},
            "call": row["call"] or "",
            "made_at": row["made_at"] or "",
        },
        choices=tuple(from_json(row["choices"], ())),
        contexts=tuple(from_json(row["contexts"], ())),
        logprobs=tuple(TokenLogprob(**token) for token in from_json(row["logprobs"], ())),
        usage=Usage(row["prompt_tokens"], row["completion_tokens"]) if used else None,
    )


def _asked(result: CaseResult) -> dict[str, Any]:
    request = result.request
    if request is None:
        return dict.fromkeys(REQUEST_COLUMNS)
    parameters = vars(request.parameters)
    set_ = {name: value for name, value in parameters.items() if value != UNSET[name]}
    others = {name: value for name, value in set_.items() if name not in PARAMETER_COLUMNS}
    unchanged = request.messages == own_messages(result.case)
    return {
        **{name: parameters[name] for name in PARAMETER_COLUMNS},
        "requested_model": request.model,
        "messages": None if unchanged else json.dumps(request.messages, ensure_ascii=False),
        "other_parameters": as_json(others),
        "request_sample": request.sample,
        "sees_case": request.case is not None,
    }


def _request_of(row: Row, case: Case) -> Request | None:
    if row["request_sample"] is None:
        return None
    others = from_json(row["other_parameters"], {})
    parameters = {
        **{name: row[name] for name in PARAMETER_COLUMNS},
        **others,
        "stop": tuple(others.get("stop", ())),
    }
    messages = row["messages"]
    return Request(
        messages=own_messages(case) if messages is None else tuple(json.loads(messages)),
        model=row["requested_model"],
        parameters=Parameters(**parameters),
        sample=row["request_sample"],
        case=case if row["sees_case"] else None,
    )


def _score_row(position: int, score: Score) -> dict[str, Any]:
    return storable({
        "position": position, "name": score.name, "value": score.value, "reason": score.reason, "error": score.error,
        "version": score.version, "scale_low": score.scale.low, "scale_high": score.scale.high,
        "higher_is_better": score.scale.higher_is_better, "unit": score.scale.unit, "raw": score.raw,
        "parts": as_json(score.parts), "params": as_json(score.params), "judge": score.judge, "cost_usd": calls_usd(score.calls, Ledger()),
    })  # fmt: skip


def _score_of(row: Row, calls: Sequence[Row]) -> Score:
    own = [_completion_of(call) for call in calls if call["score_position"] == row["position"]]
    plain = ("name", "value", "reason", "version", "error", "raw", "judge")
    return Score(
        **{name: row[name] for name in plain},
        scale=Scale(row["scale_low"], row["scale_high"], row["higher_is_better"], row["unit"]),
        parts=from_json(row["parts"], {}),
        params=from_json(row["params"], {}),
        calls=tuple(call for call in own if call),
    )
