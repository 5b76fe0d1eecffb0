"""``python -m benchmarks.judge_quality [--model NAME] [--rows N] [--attacks N]``: how good is a judge?

Right and wrong answers to rows of TruthfulQA, attacks appended to wrong answers, and the self-test,
all judged by the embedded model. One process; a local model answers one call after another, so the
full measurement takes long.
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

from pytest_llmeval.stats.auc import auc

from benchmarks.table import Row, show, shown
from pytest_llmeval.errors import CallError
from pytest_llmeval.judges.registry import make_judge
from pytest_llmeval.judges.selftest import examine
from pytest_llmeval.judges.setup import JudgeSetup
from pytest_llmeval.providers.local.models import local_file
from pytest_llmeval.providers.local.provider import LocalProvider
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


def pairs(count: int, other: bool) -> list[Pair]:
    """Rows of the golden file, drawn with a fixed seed.

    Args:
        count: How many.
        other: Whether the right answer is another one than the expected one, where the row has one.
    """
    with GOLDEN.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["incorrect_answers"].strip()]
    return [_pair(row, other) for row in random.Random(SEED).sample(rows, min(count, len(rows)))]


def _pair(row: dict[str, str], other: bool) -> Pair:
    case = Case(row["id"], row["question"], Source(GOLDEN.name, 1), expected=row["target"])
    others = (
        [text for text in row["correct_answers"].split("; ") if text != row["target"]]
        if other
        else []
    )
    return Pair(case, (others or [row["target"]])[0], row["incorrect_answers"].split("; ")[0])


async def scored(judge: Any, case: Case, answer: str) -> Score:
    """The score of an answer; a call that fails leaves it unscored."""
    try:
        return await judge.score(case, Completion(answer))
    except CallError as error:
        return Score(judge.name, None, error=str(error))


async def in_turn(what: str, work: Sequence[Awaitable[Any]]) -> list[Any]:
    """One after another, telling how far it is: the model answers no two at once."""
    results = []
    for number, each in enumerate(work, 1):
        results.append(await each)
        print(
            f"\r{what}: {number} of {len(work)}",
            end="\n" if number == len(work) else "",
            file=sys.stderr,
            flush=True,
        )
    return results


async def judged(judge: Any, what: str, rows: Sequence[Pair]) -> tuple[list[Judged], list[Judged]]:
    """Both answers of each pair: by the digit that the judge wrote, and weighed by the probability of each digit."""
    asked = [
        scored(judge, pair.case, answer) for pair in rows for answer in (pair.right, pair.wrong)
    ]
    scores = await in_turn(what, asked)
    written = [None if score.value is None else score.parts["integer"] for score in scores]
    return _paired(rows, written), _paired(rows, [score.value for score in scores])


def _paired(rows: Sequence[Pair], values: Sequence[float | None]) -> list[Judged]:
    return [Judged(*each) for each in zip(rows, values[::2], values[1::2], strict=True)]


def told(name: str, results: Sequence[Judged]) -> Iterator[Row]:
    """Accuracy at each bound over both answers, an unscored one being judged wrong; the AUC; how many are unscored."""
    right = [each.right for each in results if each.right is not None]
    wrong = [each.wrong for each in results if each.wrong is not None]
    for bound in BOUNDS:
        hits, misses = sum(value >= bound for value in right), sum(value < bound for value in wrong)
        share = (hits + misses) / (2 * len(results))
        yield Row(
            name,
            f"accuracy, pass >= {bound}",
            f"{share:.3f} (right {hits}, wrong {misses}, of {len(results)} each)",
        )
    area = auc(right, wrong)
    yield Row(name, "AUC", "none" if area is None else f"{area:.3f}")
    for which, values in (("right", right), ("wrong", wrong)):
        yield Row(
            name,
            f"mean of {which} answers",
            shown(round(statistics.fmean(values), 2)) if values else "none",
        )
    yield Row(
        name, "unscored", f"{2 * len(results) - len(right) - len(wrong)} of {2 * len(results)}"
    )


async def attacked(judge: Any, results: Sequence[Judged], known: Sequence[Attack]) -> list[Row]:
    """For each kind of attack, how many moved the score of a wrong answer."""
    bases = [each for each in results if each.wrong is not None]
    if not bases:
        return [Row("attacks", "not measured", "no wrong answer has a score")]
    chosen = [(attack, bases[place % len(bases)]) for place, attack in enumerate(known)]
    work = [
        scored(judge, base.pair.case, f"{base.pair.wrong}\n\n{attack.text}")
        for attack, base in chosen
    ]
    scores = await in_turn("attacks", work)
    moves: dict[str, list[float | None]] = {}
    for (attack, base), score in zip(chosen, scores, strict=True):
        move = None if score.value is None else score.parts["integer"] - (base.wrong or 0.0)
        moves.setdefault(attack.kind, []).append(move)
    rows = [_moved(kind, found) for kind, found in sorted(moves.items())]
    return [*rows, _moved("all kinds", [move for found in moves.values() for move in found])]


def _moved(kind: str, moves: Sequence[float | None]) -> Row:
    known = [move for move in moves if move is not None]
    up, down = sum(move >= MOVED for move in known), sum(move <= -MOVED for move in known)
    figure = (
        f"{up + down} of {len(moves)} ({up} up, {down} down, {len(moves) - len(known)} unscored)"
    )
    return Row("attacks", f"{kind}: moved by {MOVED:g} or more", figure)


async def selftested(judge: Any, cases: Sequence[Case]) -> list[Row]:
    """What the self-test says."""
    try:
        result = await examine(judge, cases)
    except CallError as error:
        return [Row("self-test", "not made", str(error))]
    counts = ", ".join(f"{kind} {count} of {result.tried}" for kind, count in result.right.items())
    return [Row("self-test", "passed" if result.passed else "failed", counts)]


async def measure(options: argparse.Namespace) -> None:
    """All figures, each table shown as soon as it is known."""
    provider = LocalProvider(local_file(options.model, "--model"), place="--model")
    judge = make_judge("rubric", {}, JudgeSetup(provider, options.model, logprobs=True))
    rows = pairs(options.rows, options.other_right)
    known = attacks()
    drawn = random.Random(SEED).sample(known, min(options.attacks, len(known)))
    try:
        plain, weighed = await judged(judge, "answers", rows)
        show([*told("plain", plain), *told("weighed by logprobs", weighed)], {})
        show(await attacked(judge, plain, drawn), {})
        show(await selftested(judge, [each.case for each in rows]), {})
    finally:
        await provider.close()


def main() -> None:
    """Read the command line, measure, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judge_quality", description=__doc__)
    parser.add_argument(
        "--model", default=MODEL, help="name or path of a local model (%(default)s)"
    )
    parser.add_argument("--rows", type=int, default=40, help="rows of TruthfulQA (%(default)s)")
    parser.add_argument(
        "--attacks", type=int, default=40, help="attacks, of all kinds (%(default)s)"
    )
    parser.add_argument(
        "--other-right",
        action="store_true",
        help="judge a right answer that is not the expected one",
    )
    options = parser.parse_args()
    asyncio.run(measure(options))


if __name__ == "__main__":
    main()
