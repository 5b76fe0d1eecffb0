"""Every readability formula of textstat at once."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmeval.metrics.readability import DEFAULT_LANGUAGE, formulas
from pytest_llmeval.records import Case, Completion, Scale, Score

HEADLINE = "flesch_reading_ease"


class TextQuality:
    """All readability formulas and counts of an answer in one score.

    Its value is ``flesch_reading_ease``; its parts hold every formula by name. A formula that cannot be had, for
    example because textstat lacks it in the language, is left out of the parts.

    Args:
        language: Language of the answers, for example ``es`` or ``de_DE``.

    Raises:
        SettingError: There is no such language.
    """

    name = "text_quality"
    scale = Scale(None, None)
    about = f"every readability formula as a part; its value is {HEADLINE}, usually 0 (hard) to 100 (easy)"
    source = "textstat; Flesch 1948 for the value"
    family = "readability"

    def __init__(self, language: str = DEFAULT_LANGUAGE) -> None:
        self._metrics = {name: formula(language=language) for name, formula in formulas().items()}
        self.version = self._metrics[HEADLINE].version

    def score(self, case: Case, completion: Completion) -> Score:
        """Take every formula.

        Args:
            case: Not used.
            completion: The answer.

        Returns:
            A Score; unscored where the value is, for example because the answer has no words.
        """
        scores = {name: metric.score(case, completion) for name, metric in self._metrics.items()}
        parts = {name: score.value for name, score in scores.items() if score.value is not None}
        return replace(scores[HEADLINE], name=self.name, parts=parts)
