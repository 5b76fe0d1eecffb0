"""Which cases run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import SettingError
from pytest_llmeval.goldens.selection import random_subset, where_filter
from pytest_llmeval.records.case import Case, Source

CASE = Case(
    "refund",
    "How do I get a refund?",
    Source("golden/faq.csv", 12),
    expected="Within 30 days.",
    tags=("billing", "easy"),
    metadata={"level": "3", "n": 7, "Best Answer": "x", "prompt": "hidden"},
)


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("'billing' in tags", True),
        ("'legal' in tags", False),
        ("id == 'refund' and 'refund' in prompt", True),
        ("level == '3' and n > 6", True),
        ("metadata['Best Answer'] == 'x'", True),
        ("metadata.missing == '3'", False),
        ("not metadata.missing", True),
        ("file == 'golden/faq.csv'", True),
        ("prompt | length < 10", False),
        ("{'a': {'b': true}}['a']['b']", True),
        ("contexts", False),
        ("expected is none", False),
    ],
)
def test_an_expression_over_the_case_selects_it(expression: str, selected: bool) -> None:
    assert where_filter(expression)(CASE) is selected


def test_an_unknown_name_is_an_error_with_the_names_there_are() -> None:
    with pytest.raises(SettingError) as caught:
        where_filter("lvel == '3'")(CASE)

    assert str(caught.value) == (
        "--llm-where: found \"lvel == '3'\"; allowed: the names id, prompt, messages, expected, contexts, tags, file, "
        "must_pass, metadata, level, n. golden/faq.csv:12 has no 'lvel'. Did you mean 'level'? "
        "For a column with empty cells, write metadata.lvel."
    )


@pytest.mark.parametrize("expression", ["(tags", "", "tags }} x {{ tags", "%}"])
def test_what_is_no_expression_is_an_error_before_any_case(expression: str) -> None:
    with pytest.raises(
        SettingError, match=r"^--llm-where: found .*allowed: a Jinja2 expression over the case"
    ):
        where_filter(expression)


@pytest.mark.parametrize(
    "expression", ["level > 2", "n / 0", "prompt.nothing.more", "range(10 ** 9)"]
)
def test_an_expression_that_fails_names_the_case(expression: str) -> None:
    with pytest.raises(SettingError, match=r"At golden/faq\.csv:12: "):
        where_filter(expression)(CASE)


def test_the_sandbox_keeps_python_out() -> None:
    with pytest.raises(SettingError, match="unsafe"):
        where_filter("prompt.__class__.__mro__")(CASE)


IDENTITIES = st.lists(st.text(), unique=True, max_size=30)


@given(IDENTITIES, st.integers(0, 40), st.integers())
def test_a_draw_has_the_size_asked_for_whatever_the_order(
    identities: list[str], limit: int, seed: int
) -> None:
    drawn = random_subset(identities, limit, seed)

    assert drawn <= set(identities)
    assert len(drawn) == min(limit, len(identities))
    assert drawn == random_subset(identities[::-1], limit, seed)


@given(IDENTITIES, st.text(), st.integers(0, 10))
def test_a_new_row_displaces_at_most_one(identities: list[str], new: str, limit: int) -> None:
    before, after = random_subset(identities, limit, 1), random_subset([*identities, new], limit, 1)

    assert after <= before | {new}
    assert len(before - after) <= 1


def test_another_seed_draws_another_part() -> None:
    identities = [f"faq.csv::{number}" for number in range(100)]

    assert random_subset(identities, 10, 0) == random_subset(identities, 10, 0)
    assert len({frozenset(random_subset(identities, 10, seed)) for seed in range(5)}) == 5
