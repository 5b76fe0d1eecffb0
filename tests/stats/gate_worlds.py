"""Situations whose truth is known, for measuring how often the regression gate errs.

Each draws one pair of runs with a true drop. "Rare" situations hold what a small run may not show.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_llmeval.stats.paired import PairedScores

Numbers = NDArray[Any]
Draw = Callable[[np.random.Generator, float], PairedScores]

_MARGIN = 0.02
"""The usual margin, which is the drop if all cases that pass are lost."""

JUDGMENTS = Path(__file__).parents[3] / "shared" / "data" / "mtbench_gpt4_single_judgments.jsonl"
"""Published judgments, which are no part of the project."""


@dataclass(frozen=True)
class World:
    """A name for the table, and a way to draw two runs with a true drop of the mean."""

    name: str
    draw: Draw


def scores(before: Numbers, change: Numbers, clusters: Numbers | None = None) -> PairedScores:
    codes = None if clusters is None else clusters.tolist()
    return PairedScores(before.tolist(), np.clip(before + change, 0, 1).tolist(), codes)


def pass_fail(n: int, churn: float) -> World:
    """In a rerun of the same system the share ``churn`` changes, half each way."""

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        luck = random.random(n)
        lost, gained = luck < churn / 2 + drop, luck > 1 - churn / 2
        return PairedScores(
            (~gained).astype(float).tolist(), (~lost).astype(float).tolist(), None, True
        )

    return World(f"pass/fail, {churn:.0%} change by chance, n={n}", draw)


def noisy(n: int, noise: float, size: int = 1) -> World:
    """All cases change by chance, those of a cluster alike; a drop is shared by all."""

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        codes = np.arange(n) // size
        change = random.normal(-drop, noise, n // size)[codes]
        return scores(np.full(n, 0.5), change, codes)

    clusters = f" in clusters of {size}" if size > 1 else ""
    return World(f"graded, noise {noise:g}, n={n}{clusters}", draw)


def sparse(n: int, noise: float, ties: float = 0.7) -> World:
    """Most cases do not change, and in a drop some lose everything."""

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        change = np.where(random.random(n) < ties, 0.0, random.normal(0, noise, n))
        return scores(np.full(n, 0.8), np.where(random.random(n) < drop / 0.8, -0.8, change))

    return World(f"graded, {ties:.0%} unchanged, noise {noise:g}, n={n}", draw)


def few_cases(n: int, noise: float) -> World:
    """All cases change by chance, and in a drop some lose everything."""

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        lost = random.random(n) < drop / 0.5
        return scores(np.full(n, 0.5), np.where(lost, -0.5, random.normal(0, noise, n)))

    return World(f"graded, noise {noise:g}, n={n}, few cases drop", draw)


def rare_losses(n: int, noise: float) -> World:
    """A few cases fall from 0.9 to 0, and the judge adds noise to the others."""

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        change = np.clip(random.normal(0, noise, n), -0.1, 0.1)
        return scores(np.full(n, 0.9), np.where(random.random(n) < drop / 0.9, -0.9, change))

    return World(f"rare losses, judge noise {noise:g}, n={n}", draw)


def rare_passes(
    n: int, others: float, noise: float = 0.0, size: int = 1, lowest: float | None = None
) -> World:
    """A few cases have 1.0, the others stay at a low score; in a drop of the margin all few lose.

    Args:
        n: Number of cases.
        others: Score of the others in both runs. Scores of 0 and 1 alone are pass/fail scores.
        noise: Noise of the judge.
        size: Cases in a cluster, which are drawn apart.
        lowest: Score of those that lose; that of the others if not given.
    """
    left = others if lowest is None else lowest
    codes = np.arange(n) // size if size > 1 else None

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        high = random.random(n) < _MARGIN / (1 - left)
        loss = np.where(high & (random.random(n) < drop / _MARGIN), 1 - left, 0.0)
        # Noise beyond the floor would be cut off there, which would be a rise of the mean.
        wobble = np.clip(random.normal(0, noise, n), -others, others) if noise else np.zeros(n)
        return replace(
            scores(np.where(high, 1.0, others), np.where(high, -loss, wobble), codes),
            is_pass_fail=not (others or left or noise),
        )

    kind = "pass/fail" if not (others or left or noise) else f"graded, noise {noise:g}"
    fall = "" if lowest is None else f" and fall to {lowest:g}"
    clusters = f" in clusters of {size}" if size > 1 else ""
    return World(f"{kind}, few cases have 1{fall}, the others {others:g}, n={n}{clusters}", draw)


def rare_gains(n: int, before: float, gaining: float = 0.0) -> World:
    """One case in twenty rises to 1.0, and the others lose as much together.

    Args:
        n: Number of cases.
        before: Score of the others in the baseline.
        gaining: Score of the cases that gain.
    """

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        gains = random.random(n) < 0.05
        gain = 1.0 - gaining
        old = np.where(gains, gaining, before)
        return scores(old, np.where(gains, gain, -gain * 0.05 / 0.95 - drop))

    return World(f"5% gain, from {gaining:g} to 1, the others lose from {before:g}, n={n}", draw)


def unequal(name: str, sizes: Numbers, noise: float = 0.02, before: float = 0.7) -> World:
    """Clusters of the given sizes, whose cases change alike."""

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        codes = np.repeat(np.arange(len(sizes)), sizes)
        change = random.normal(-drop, noise, len(sizes))[codes]
        return scores(np.full(len(codes), before), change, codes)

    return World(f"{len(sizes)} clusters, {name}", draw)


def one_large(count: int, share: float) -> Numbers:
    """Clusters of two, one of which holds the given share of the cases."""
    sizes = np.full(count, 2)
    sizes[0] = round(2 * (count - 1) * share / (1 - share))
    return sizes


def lognormal_sizes(count: int, spread: float) -> Numbers:
    drawn = np.random.default_rng(count).lognormal(1.0, spread, count)
    return np.maximum(1, np.round(drawn)).astype(int)


def published(n: int, pairs: int) -> list[World]:
    """Resample MT-bench: the pairs of models whose difference has the longest tail of gains.

    The differences are shifted to a mean of 0, and a score is moved as little as that requires.
    A pair whose shifted differences do not fit on the scale is left out.
    """
    return [_resampled(n, *pair) for pair in _skewed_pairs()[:pairs]]


def _resampled(n: int, name: str, before: Numbers, change: Numbers) -> World:
    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        chosen = random.integers(0, len(change), n)
        return scores(before[chosen], change[chosen] - drop)

    return World(f"{name}, n={n}", draw)


@cache
def _skewed_pairs() -> list[tuple[str, Numbers, Numbers]]:
    from scipy import stats

    judged: dict[str, dict[tuple[int, int], float]] = defaultdict(dict)
    for line in JUDGMENTS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["score"] >= 0:
            judged[row["model"]][row["question_id"], row["turn"]] = row["score"] / 10
    found = []
    for old, new in ((old, new) for old in judged for new in judged if old != new):
        keys = sorted(judged[old].keys() & judged[new].keys())
        before = np.array([judged[old][key] for key in keys])
        change = np.array([judged[new][key] for key in keys]) - before
        change = change - change.mean()
        if np.abs(change).max() > 1:
            continue
        before = np.clip(before, np.maximum(0, -change), np.minimum(1, 1 - change))
        found.append((float(stats.skew(change)), f"{old} -> {new}", before, change))
    found.sort(key=lambda pair: -pair[0])
    return [(name, before, change) for _, name, before, change in found]


@dataclass(frozen=True)
class Tagged:
    """A name for the table, and a way to draw two runs with the rows of each tag.

    The first tag is that of the given drop, and its size may be fixed.
    """

    name: str
    draw: Callable[[np.random.Generator, float], tuple[PairedScores, dict[str, list[int]]]]


def tagged(tags: int, change: float, *, is_graded: bool = False, overlaps: bool = False) -> Tagged:
    """Tags of 5 to 50 cases, the first of 12; cases change by chance, and those of the first drop.

    Args:
        tags: Number of tags.
        change: Share of pass/fail cases that change by chance, or spread of graded changes.
        is_graded: Whether the scores are graded.
        overlaps: Whether each case has another tag too.
    """

    def draw(random: np.random.Generator, drop: float) -> tuple[PairedScores, dict[str, list[int]]]:
        sizes = np.exp(random.uniform(np.log(5), np.log(50), tags)).round().astype(int)
        sizes[0] = 12
        codes = np.repeat(np.arange(tags), sizes)
        n = len(codes)
        hit = (codes == 0) & (random.random(n) < drop)
        if is_graded:
            moved = random.normal(0, change, n)
            paired = scores(np.full(n, 0.8), np.where(hit, -0.8, moved))
        else:
            luck = random.random(n)
            lost, gained = (luck < change / 2) | hit, (luck > 1 - change / 2) & ~hit
            before, after = (~gained).astype(float), (~lost).astype(float)
            paired = PairedScores(before.tolist(), after.tolist(), None, True)
        groups = {f"tag {code}": np.flatnonzero(codes == code).tolist() for code in range(tags)}
        if overlaps:
            other = random.integers(0, tags, n)
            for code in range(tags):
                groups[f"other {code}"] = np.flatnonzero(other == code).tolist()
        return paired, {tag: rows for tag, rows in groups.items() if rows}

    kind = f"graded, noise {change:g}" if is_graded else f"pass/fail, {change:.0%} change by chance"
    more = " and as many that overlap" if overlaps else ""
    return Tagged(f"{kind}, {tags} tags{more}", draw)


@dataclass(frozen=True)
class Part(World):
    """A random part of the cases, with the baseline's scores of all of them."""


def graded_part(everything: int, n: int) -> Part:
    """Both runs have noise around the quality of a case, and a drop is shared by all."""

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        quality = random.beta(3, 3, everything)
        before, after = (
            np.clip(quality + random.normal(0, 0.2, everything), 0, 1) for _ in range(2)
        )
        return _part(random, before, np.clip(after - drop, 0, 1), n)

    return Part(f"graded, {n} of {everything} cases", draw)


def pass_fail_part(everything: int, n: int) -> Part:
    """Each case passes with a probability of its own; in a drop some lose their pass."""

    def draw(random: np.random.Generator, drop: float) -> PairedScores:
        quality = random.beta(2, 1, everything)
        before, after = ((random.random(everything) < quality).astype(float) for _ in range(2))
        lost = random.random(everything) < drop / (2 / 3)
        return _part(random, before, np.where(lost, 0.0, after), n, is_pass_fail=True)

    return Part(f"pass/fail, {n} of {everything} cases", draw)


def _part(
    random: np.random.Generator, before: Numbers, after: Numbers, n: int, is_pass_fail: bool = False
) -> PairedScores:
    chosen = random.permutation(len(before))[:n]
    return PairedScores(
        before[chosen].tolist(),
        after[chosen].tolist(),
        is_pass_fail=is_pass_fail,
        everything=before.tolist(),
    )
