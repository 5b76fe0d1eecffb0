"""Metrics of our own. A metric is an object with a name, a version and a method ``score``."""

from __future__ import annotations

import json
import re

from pytest_llmeval import Case, Completion, Scale, Score

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


class GroundedNumbers:
    """Share of an answer's numbers that its passages or the question contain; 1 without numbers.

    Prices, days and times of day are where an invented answer hurts most.
    """

    name = "grounded_numbers"
    version = "1"
    scale = Scale(0.0, 1.0)

    def score(self, case: Case, completion: Completion) -> Score:
        """Look up every number of the answer."""
        known = set(
            NUMBER.findall(" ".join([case.prompt, *(completion.contexts or case.contexts)]))
        )
        said = NUMBER.findall(completion.text)
        invented = [number for number in said if number not in known]
        reason = f"not in the policy: {', '.join(invented)}" if invented else ""
        value = 1 - len(invented) / len(said) if said else 1.0
        return Score(self.name, value, self.scale, reason, self.version)


class FieldsRight:
    """Share of the expected JSON fields that the answer has right."""

    name = "fields_right"
    version = "1"
    scale = Scale(0.0, 1.0)

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare field by field. An answer that is no JSON object has none of them."""
        expected = json.loads(case.expected or "{}")
        try:
            answer = json.loads(completion.text)
        except ValueError:
            answer = None
        found = answer if isinstance(answer, dict) else {}
        wrong = [
            name for name, value in expected.items() if name not in found or found[name] != value
        ]
        reason = f"wrong or absent: {', '.join(wrong)}" if wrong else ""
        return Score(self.name, 1 - len(wrong) / len(expected), self.scale, reason, self.version)
