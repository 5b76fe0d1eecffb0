"""The judge ``jury``: the mean or the median of the scores of several models.

Source: "Replacing Judges with Juries", arXiv 2404.18796: a panel of models of different families
has less bias than a single model.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pytest_llmeval.judges.prompting import adapted_version, fingerprint
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Scale, Score

JURY = "jury"
_MEDIAN = "median"


@dataclass(frozen=True)
class Jury(BaseScorer):
    """Asks several judges of one kind.

    Attributes:
        jurors: The judges.
        models: The model of each juror.
        reducer: ``mean`` or ``median``.
        scale: The scale of the jurors.
    """

    name = JURY
    jurors: tuple[BaseScorer, ...]
    models: tuple[str, ...]
    reducer: str
    scale: Scale

    @cached_property
    def is_reference_based(self) -> bool:  # type: ignore[override]  # computed
        """Whether the jurors use the expected answer."""
        return all(juror.is_reference_based for juror in self.jurors)

    @cached_property
    def version(self) -> str:  # type: ignore[override]  # computed
        """Fingerprint of the jurors and of the reducer."""
        return fingerprint(
            JURY, {"jurors": [juror.version for juror in self.jurors], "reducer": self.reducer}
        )

    def has_made(self, score: Score) -> bool:
        """Return whether a score is one of this jury, on whatever terms of the endpoints."""
        return score.version == adapted_version(JURY, self.version, score.calls)

    def for_case(self, case: Case) -> Jury:
        """Return the jury of a case, whose row may have a criterion."""
        return replace(self, jurors=tuple(juror.for_case(case) for juror in self.jurors))

    async def score(self, case: Case, completion: Completion) -> Score:
        """Ask all jurors concurrently. At least half of them must score."""
        jury = self.for_case(case)
        pending_scores = (jury._ask(juror, case, completion) for juror in jury.jurors)
        return jury._joined(await asyncio.gather(*pending_scores))

    async def _ask(self, juror: BaseScorer, case: Case, completion: Completion) -> Score:
        try:
            result: Any = juror.score(case, completion)
            score: Score = await result
        except Exception as error:  # one broken juror must not cost the scores of the rest
            return juror.make_score(None, error=f"{type(error).__name__}: {error}")
        return score

    def _joined(self, results: Sequence[Score]) -> Score:
        """Reduce the jurors' scores to one, whose version says how the endpoints were called."""
        score = self._reduced(results)
        return replace(score, version=adapted_version(JURY, self.version, score.calls))

    def _reduced(self, results: Sequence[Score]) -> Score:
        values = [score.value for score in results if score.value is not None]
        calls = tuple(call for score in results for call in score.calls)
        parts = {**_parts(values, len(results)), **self._by_model(results)}
        raw = "\n".join(
            f"{model}: {score.raw}" for model, score in zip(self.models, results, strict=True)
        )
        if 2 * len(values) < len(results) or not values:
            missing = "; ".join(self._complaints(results))
            error = f"{len(values)} of {len(results)} jurors gave a score "
            error += f"(at least half are required): {missing}"
            return self.make_score(None, error=error, raw=raw, parts=parts, calls=calls)
        value = statistics.median(values) if self.reducer == _MEDIAN else statistics.fmean(values)
        reason = self._reason(results, value)
        return self.make_score(value, reason, raw=raw, parts=parts, calls=calls)

    def _reason(self, results: Sequence[Score], value: float) -> str:
        """Return the reason of the juror with the nearest score, and list failed jurors."""
        scored = [score for score in results if score.value is not None]
        nearest = min(scored, key=lambda score: abs((score.value or 0.0) - value))
        missing = "; ".join(self._complaints(results))
        return f"{nearest.reason} (unscored: {missing})" if missing else nearest.reason

    def _complaints(self, results: Sequence[Score]) -> list[str]:
        pairs = zip(self.models, results, strict=True)
        return [f"{model}: {score.error}" for model, score in pairs if score.value is None]

    def _by_model(self, results: Sequence[Score]) -> dict[str, float]:
        """Return the scores by model, numbered if two jurors share a model."""
        counts: Counter[str] = Counter()
        scores = {}
        for model, score in zip(self.models, results, strict=True):
            counts[model] += 1
            if score.value is not None:
                scores[model if counts[model] == 1 else f"{model} ({counts[model]})"] = score.value
        return scores


def _parts(values: Sequence[float], jurors: int) -> dict[str, float]:
    parts = {"jurors": float(jurors), "unscored": float(jurors - len(values))}
    if values:
        parts["spread"] = max(values) - min(values)
        parts["sd"] = statistics.pstdev(values)
    return parts
