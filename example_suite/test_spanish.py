"""Another language: Spanish expected answers, and a readability formula for Spanish."""

from __future__ import annotations

import pytest

from pytest_llmeval import Completion


@pytest.mark.llm_golden("../golden/es.csv", where="'geografía' in tags", min_score=4)
@pytest.mark.llm_generate(system_prompt="Responde en español y en una sola frase corta.")
@pytest.mark.llm_metric("fernandez_huerta", min=40, language="es")
def test_spanish(llm_completion: Completion) -> None:
    """Nothing to assert: the markers say what holds."""
