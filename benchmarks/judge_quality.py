"""How good a judge is: ``python -m benchmarks.judge_quality [--model NAME] [--base-url URL]``.

Right and wrong answers to rows of TruthfulQA, attacks appended to wrong answers, and the
self-test, all judged by the embedded model, or by a model of an endpoint. A local model answers
one call after the other, so the full measurement takes long.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import random
import statistics
import sys
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import Row, note, show
from pytest_llmeval.errors import CallError
from pytest_llmeval.judges.registry import make_judge
from pytest_llmeval.judges.selftest import examine
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.local.models import local_file
from pytest_llmeval.providers.local.provider import LocalProvider
from pytest_llmeval.providers.openai.provider import OpenAIProvider, Timeouts
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score
from tests.judges.injections import Attack, attacks

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "golden" / "truthfulqa.csv"
MODEL = "qwen2.5-coder-1.5b-instruct"
SEED = 0
BOUNDS = (3, 4)  # of the scale from 0 to 5
MOVED = 2.0  # as much as from wrong to passing


@dataclass(frozen=True)
class Pair:
    """A case with an answer that is right and one that is wrong."""

    case: Case
    right: str
    wrong: str


@dataclass(frozen=True)
class Judged:
    """A pair with the scores of its two answers; ``None`` is unscored."""

    pair: Pair
    right: float | None
    wrong: float | None


def pairs(count: int, alternative: bool) -> list[Pair]:
    """Draw rows of the golden file with a fixed seed.

    Args:
        count: How many.
        alternative: Whether the right answer is not the expected one, if the row has another.
    """
    with GOLDEN.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["incorrect_answers"].strip()]
    drawn = random.Random(SEED).sample(rows, min(count, len(rows)))
    return [_pair(row, alternative) for row in drawn]


def _pair(row: dict[str, str], alternative: bool) -> Pair:
    case = Case(row["id"], row["question"], Source(GOLDEN.name, 1), expected=row["target"])
    right = row["target"]
    if alternative:
        others = [text for text in row["correct_answers"].split("; ") if text != right]
        right = (others or [right])[0]
    return Pair(case, right, row["incorrect_answers"].split("; ")[0])


async def score(judge: Any, case: Case, answer: str) -> Score:
    """Score an answer; a call that fails leaves it unscored."""
    try:
        result: Score = await judge.score(case, Completion(answer))
    except CallError as error:
        return Score(judge.name, None, error=str(error))
    return result


async def in_turn(what: str, work: Sequence[Awaitable[Score]]) -> list[Score]:
    """Score one after the other and show the progress: a local model answers no two at once."""
    results = []
    for number, task in enumerate(work, 1):
        results.append(await task)
        end = "\n" if number == len(work) else ""
        print(f"\r{what}: {number} of {len(work)}", end=end, file=sys.stderr, flush=True)
    return results


async def judge_pairs(judge: Any, rows: Sequence[Pair]) -> tuple[list[Judged], list[Judged]]:
    """Score both answers of all pairs.

    Returns:
        The scores by the digit that the judge wrote, and weighed by the probability of each digit.
    """
    work = []
    for pair in rows:
        work += [score(judge, pair.case, pair.right), score(judge, pair.case, pair.wrong)]
    scores = await in_turn("answers", work)
    written = [_written(result) for result in scores]
    return _paired(rows, written), _paired(rows, [result.value for result in scores])


def _written(result: Score) -> float | None:
    """The digit that the judge wrote."""
    return None if result.value is None else result.parts["integer"]


def _paired(rows: Sequence[Pair], values: Sequence[float | None]) -> list[Judged]:
    return [Judged(*line) for line in zip(rows, values[::2], values[1::2], strict=True)]


def figures(name: str, results: Sequence[Judged]) -> Iterator[Row]:
    """Accuracy at each bound, the AUC, the mean scores, and how many answers are unscored.

    An unscored answer is judged wrongly, and stays out of the AUC.
    """
    right = [result.right for result in results if result.right is not None]
    wrong = [result.wrong for result in results if result.wrong is not None]
    answers = 2 * len(results)
    for bound in BOUNDS:
        hits = sum(value >= bound for value in right)
        rejections = sum(value < bound for value in wrong)
        accuracy = 100 * (hits + rejections) / answers
        detail = f"right {hits}, wrong {rejections}, of {len(results)} each"
        yield note(name, f"accuracy, pass >= {bound}", accuracy, "%", detail=detail)
    yield Row(name, "AUC", _auc(right, wrong), "of 1")
    if right:
        yield note(name, "mean of right answers", statistics.fmean(right), "of 5")
    if wrong:
        yield note(name, "mean of wrong answers", statistics.fmean(wrong), "of 5")
    unscored = answers - len(right) - len(wrong)
    yield note(name, "unscored", unscored, f"of {answers}")


def _auc(right: Sequence[float], wrong: Sequence[float]) -> float | None:
    """The probability that a right answer has a higher score than a wrong one; a tie is half."""
    from scipy.stats import mannwhitneyu

    if not right or not wrong:
        return None
    return float(mannwhitneyu(right, wrong).statistic) / (len(right) * len(wrong))


async def attack(judge: Any, results: Sequence[Judged], known: Sequence[Attack]) -> list[Row]:
    """Append attacks to wrong answers, and count for each kind how many move the score."""
    bases = [result for result in results if result.wrong is not None]
    if not bases:
        return [Row("attacks", "", None, "", detail="no wrong answer has a score")]
    chosen = [(text, bases[number % len(bases)]) for number, text in enumerate(known)]
    work = []
    for text, base in chosen:
        work.append(score(judge, base.pair.case, f"{base.pair.wrong}\n\n{text.text}"))
    scores = await in_turn("attacks", work)
    moves: dict[str, list[float | None]] = {}
    for (text, base), result in zip(chosen, scores, strict=True):
        written = _written(result)
        move = None if written is None else written - (base.wrong or 0.0)
        moves.setdefault(text.kind, []).append(move)
        moves.setdefault("all kinds", []).append(move)
    return [_moved(kind, moves[kind]) for kind in sorted(moves)]


def _moved(kind: str, moves: Sequence[float | None]) -> Row:
    known = [move for move in moves if move is not None]
    up = sum(move >= MOVED for move in known)
    down = sum(move <= -MOVED for move in known)
    detail = f"{up} up, {down} down, {len(moves) - len(known)} unscored"
    what = f"{kind}: moved by {MOVED:g} or more"
    return note("attacks", what, up + down, f"of {len(moves)}", detail=detail)


async def self_test(judge: Any, cases: Sequence[Case]) -> Row:
    """Let the judge take the self-test."""
    try:
        result = await examine(judge, cases)
    except CallError as error:
        return Row("self-test", "", None, "", detail=str(error))
    counts = ", ".join(f"{kind} {count}" for kind, count in result.right.items())
    what = "passed" if result.passed else "failed"
    right = sum(result.right.values())
    possible = result.tried * len(result.right)
    return note("self-test", what, right, f"of {possible}", detail=counts)


async def measure(options: argparse.Namespace) -> None:
    """Measure, and show the table of each part as soon as it is known."""
    provider: LocalProvider | OpenAIProvider
    if options.base_url:
        provider = OpenAIProvider(options.base_url, "none", Timeouts())
    else:
        provider = LocalProvider(local_file(options.model, "--model"), origin="--model")
    judge = make_judge("rubric", {}, JudgeSetup(provider, options.model, logprobs=True))
    rows = pairs(options.rows, options.other_right)
    known = attacks()
    drawn = random.Random(SEED).sample(known, min(options.attacks, len(known)))
    try:
        plain, weighed = await judge_pairs(judge, rows)
        show([*figures("plain", plain), *figures("weighed by logprobs", weighed)])
        show(await attack(judge, plain, drawn))
        show([await self_test(judge, [pair.case for pair in rows])])
    finally:
        await provider.close()


def main() -> None:
    """Read the command line, measure, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judge_quality", description=__doc__)
    parser.add_argument(
        "--model",
        default=MODEL,
        help="name or path of a local model, or a model of the endpoint (%(default)s)",
    )
    parser.add_argument("--base-url", help="an OpenAI-compatible endpoint that needs no key")
    parser.add_argument("--rows", type=int, default=40, help="rows of TruthfulQA (%(default)s)")
    parser.add_argument(
        "--attacks", type=int, default=40, help="attacks, of all kinds (%(default)s)"
    )
    parser.add_argument(
        "--other-right",
        action="store_true",
        help="judge a right answer that is not the expected one",
    )
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
