"""Result files of other tools, in the shape in which these tools write them, from the same rows."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

MODEL = "openai:gpt-4o-mini"


@dataclass(frozen=True)
class Row:
    """A test in any tool.

    Attributes:
        name: Its name.
        score: Its score from 0 to 1; ``None`` if something went wrong.
        is_passed: Whether it passed.
        answer: The answer.
        topic: A category.
        doc: The document that it is about, which others are about, too.
    """

    name: str
    score: float | None
    is_passed: bool
    answer: str
    topic: str
    doc: str


def rows(number: int, wrong: Iterable[int] = (), broken: Iterable[int] = ()) -> list[Row]:
    """Rows of which some have failed and some could not be judged."""
    wrong, broken = set(wrong), set(broken)
    return [
        Row(
            f"Question {n:02}?",
            None if n in broken else float(n not in wrong),
            n not in wrong and n not in broken,
            f"no, {n}" if n in wrong else f"yes, {n}",
            "bikes" if n % 2 else "shop",
            f"d{n // 4}",
        )
        for n in range(number)
    ]


def write_csv(path: Path, written: Sequence[Row], name: str) -> Path:
    """The same scores as a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", name, "answer", "doc"])
        writer.writerows([row.name, row.score, row.answer, row.doc] for row in written)
    return path


def inspect_sample(row: Row, epoch: int = 1, value: Any = None) -> dict[str, Any]:
    """A sample of a log of inspect_ai; the score is a letter unless a value is given."""
    message = {"role": "assistant", "content": row.answer, "source": "generate"}
    sample: dict[str, Any] = {
        "id": row.name,
        "epoch": epoch,
        "input": row.name,
        "target": "yes",
        "messages": [{"role": "user", "content": row.name, "source": "input"}, message],
        "output": {
            "model": "gpt-4o-mini",
            "choices": [{"message": message, "stop_reason": "stop"}],
            "usage": {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11},
        },
        "metadata": {"topic": row.topic, "doc": row.doc},
        "store": {},
        "events": [],
        "attachments": {},
    }
    if row.score is None:
        return sample | {
            "error": {"message": "endpoint down", "traceback": "...", "traceback_ansi": ""}
        }
    letter = "C" if row.score == 1 else "I"
    score = {"value": letter if value is None else value, "answer": row.answer, "explanation": "ok"}
    return sample | {"scores": {"match": score}}


def inspect_header(samples: Sequence[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """The head of a log with these samples."""
    ids = list(dict.fromkeys(sample["id"] for sample in samples))
    epochs = max((sample["epoch"] for sample in samples), default=1)
    header: dict[str, Any] = {
        "version": 2,
        "status": "success",
        "eval": {
            "task": "faq",
            "model": "openai/gpt-4o-mini",
            "dataset": {"name": "faq", "samples": len(ids), "sample_ids": ids, "shuffled": False},
            "config": {"epochs": epochs, "epochs_reducer": ["mean"]},
            "scorers": [{"name": "match", "options": {}}],
        },
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}], "config": {}},
        "results": {"total_samples": len(samples), "completed_samples": len(samples), "scores": []},
        "stats": {"started_at": "2025-05-12T20:28:26-04:00", "completed_at": "", "model_usage": {}},
    }
    return header | changes


def write_eval(
    path: Path,
    samples: Sequence[dict[str, Any]],
    header: dict[str, Any] | None = None,
    reductions: Any = None,
) -> Path:
    """An ``.eval`` log, packed with Deflate as older ones are."""
    entries = eval_entries(samples, header)
    if reductions is not None:
        entries["reductions.json"] = reductions
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, json.dumps(content))
    return path


def eval_entries(
    samples: Sequence[dict[str, Any]], header: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What an ``.eval`` log holds, by the name of the entry."""
    header = inspect_header(samples) if header is None else header
    entries: dict[str, Any] = {"_journal/start.json": {"version": 2, "eval": header["eval"]}}
    for sample in samples:
        entries[f"samples/{sample['id']}_epoch_{sample['epoch']}.json"] = sample
    entries["summaries.json"] = [
        {name: sample[name] for name in ("id", "epoch", "input", "target")} for sample in samples
    ]
    entries["header.json"] = header
    return entries


def write_zstandard(path: Path, entries: dict[str, Any]) -> Path:
    """A zip archive that is packed with Zstandard, which `zipfile` writes only from 3.14 on."""
    import pyarrow as pa

    codec = pa.Codec("zstd")
    plain = {name: json.dumps(content).encode() for name, content in entries.items()}
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for name, content in plain.items():
            archive.writestr(name, codec.compress(content, asbytes=True))
    data = bytearray(path.read_bytes())
    for info in ZipFile(path).infolist():
        content = plain[info.filename]
        central = data.index(b"PK\1\2" + b"", data.index(b"PK\1\2"))
        while info.filename.encode() != data[central + 46 : central + 46 + len(info.filename)]:
            central = data.index(b"PK\1\2", central + 4)
        for start in (info.header_offset + 8, central + 10):
            data[start : start + 2] = (93).to_bytes(2, "little")
            data[start + 6 : start + 10] = zlib.crc32(content).to_bytes(4, "little")
            data[start + 14 : start + 18] = len(content).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    return path


def promptfoo_result(
    row: Row, index: int, provider: str = MODEL, named: dict[str, float] | None = None
) -> dict[str, Any]:
    """A result of promptfoo; ``error`` holds the reason also where an assertion has failed."""
    reason = "Assertion passed" if row.is_passed else "Expected output to contain yes"
    result: dict[str, Any] = {
        "id": f"0f{index}",
        "promptIdx": 0,
        "testIdx": index,
        "promptId": "d3bc",
        "provider": {"id": provider, "label": ""},
        "prompt": {"raw": row.name, "label": "{{question}}"},
        "vars": {"question": row.name},
        "testCase": {
            "vars": {"question": row.name},
            "assert": [{"type": "contains", "value": "yes"}],
            "metadata": {"topic": row.topic, "doc": row.doc},
        },
        "latencyMs": 812,
        "cost": 0,
        "namedScores": named or {},
        "metadata": {"_promptfooFileMetadata": {}},
    }
    if row.score is None:
        error = {"success": False, "score": 0, "failureReason": 2, "error": "API error: 503"}
        return result | error
    component = {
        "pass": row.is_passed,
        "score": row.score,
        "reason": reason,
        "assertion": {"type": "contains", "value": "yes"},
    }
    grading = {
        "pass": row.is_passed,
        "score": row.score,
        "reason": reason,
        "namedScores": named or {},
    }
    result |= {
        "success": row.is_passed,
        "score": row.score,
        "failureReason": 0 if row.is_passed else 1,
        "response": {"output": row.answer, "cached": False},
        "gradingResult": grading | {"componentResults": [component]},
    }
    return result if row.is_passed else result | {"error": reason}


def promptfoo_file(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What ``promptfoo eval -o results.json`` writes."""
    return {
        "evalId": "eval-abc-2025-05-19T22:20:39",
        "results": {
            "version": 3,
            "timestamp": "2025-05-19T22:20:39.572Z",
            "prompts": [{"raw": "{{question}}", "label": "{{question}}", "provider": MODEL}],
            "results": list(results),
            "stats": {"successes": len(results), "failures": 0, "errors": 0},
        },
        "config": {"prompts": ["{{question}}"], "providers": [MODEL]},
        "shareableUrl": None,
    }


def promptfoo_table(written: Sequence[Row]) -> dict[str, Any]:
    """An older file of promptfoo, which holds a table."""
    body = [
        {
            "outputs": [
                {
                    "pass": row.is_passed,
                    "score": row.score or 0,
                    "text": row.answer,
                    "prompt": row.name,
                    "namedScores": {},
                    "gradingResult": None
                    if row.score is None
                    else {
                        "pass": row.is_passed,
                        "score": row.score,
                        "reason": "",
                        "namedScores": {"a": 1},
                    },
                    "error": "503" if row.score is None else None,
                }
            ],
            "vars": [row.name],
            "test": {"vars": {"question": row.name}, "metadata": {"doc": row.doc}},
        }
        for row in written
    ]
    head = {
        "prompts": [{"raw": "{{question}}", "display": "q", "provider": MODEL}],
        "vars": ["question"],
    }
    return {
        "version": 2,
        "results": {"results": [], "stats": {}, "table": {"head": head, "body": body}},
    }


def deepeval_metric(name: str, score: float | None, threshold: float = 0.5) -> dict[str, Any]:
    """What a metric of deepeval found; without a score it has failed."""
    metric = {
        "name": name,
        "threshold": threshold,
        "strictMode": False,
        "evaluationModel": "gpt-4o",
    }
    if score is None:
        return metric | {
            "success": False,
            "error": "ValueError: Evaluation LLM outputted an invalid JSON",
        }
    return metric | {"success": score >= threshold, "score": score, "reason": "because"}


def deepeval_case(row: Row, order: int) -> dict[str, Any]:
    """A test case of deepeval, whose name is only its position."""
    return {
        "name": f"test_case_{order}",
        "input": row.name,
        "actualOutput": row.answer,
        "expectedOutput": "yes",
        "success": row.is_passed,
        "metricsData": [deepeval_metric("Answer Relevancy", row.score)],
        "runDuration": 0.02,
        "order": order,
        "tags": [row.topic],
        "metadata": {"doc": row.doc},
    }


def deepeval_file(cases: Sequence[dict[str, Any]], **further: Any) -> dict[str, Any]:
    """A test run of deepeval."""
    passed = sum(bool(case["success"]) for case in cases)
    return {
        "testCases": list(cases),
        "conversationalTestCases": [],
        "metricsScores": [],
        "testPassed": passed,
        "testFailed": len(cases) - passed,
        "runDuration": 1.5,
    } | further


def junit_text(written: Sequence[Row], score: str = "correctness") -> str:
    """A JUnit file as pytest writes it, with a score as property."""
    cases = []
    for row in written:
        value = "" if row.score is None else f'<property name="{score}" value="{row.score:g}"/>'
        outcome = "" if row.is_passed else '<failure message="AssertionError: no">trace</failure>'
        if row.score is None:
            outcome = '<error message="failed on setup">trace</error>'
        cases.append(
            f'<testcase classname="tests.test_faq" name={quoteattr(f"test_answer[{row.name}]")} '
            f'time="0.1"><properties>{value}<property name="topic" value="{row.topic}"/>'
            f'<property name="doc" value="{row.doc}"/><property name="answer" value='
            f"{quoteattr(row.answer)}/></properties>{outcome}</testcase>"
        )
    return (
        '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests">'
        f'<testsuite name="pytest" tests="{len(cases)}">{"".join(cases)}</testsuite></testsuites>'
    )


def write_json(path: Path, content: Any) -> Path:
    """Any content as JSON."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
