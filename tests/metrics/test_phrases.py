from __future__ import annotations

from typing import Any

import pytest

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.match import ContainsAll, ContainsAny, ContainsNone
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score


def score(metric: ContainsAll, answer: str, expected: str | None = None, **meta: Any) -> Score:
    return metric.score(
        Case("c", "What?", Source("g.csv", 2), expected=expected, metadata=meta), Completion(answer)
    )


def test_all_of_the_texts_are_wanted_and_the_share_that_is_there_is_told() -> None:
    metric = ContainsAll(["30 days", "receipt", "refund"])
    assert score(metric, "30 days with the receipt; we refund you") == 1
    result = score(metric, "30 days")
    assert result == pytest.approx(1 / 3)
    assert result.reason == "does not contain 'receipt' or 'refund'"


def test_one_of_the_texts_is_enough() -> None:
    metric = ContainsAny(["yes", "sure"], ignore_case=True)
    assert score(metric, "Sure!").reason == "contains 'sure'"
    assert score(metric, "No.") == 0


def test_none_of_the_texts_may_be_there() -> None:
    metric = ContainsNone(["guarantee", "promise"])
    assert score(metric, "We try.") == 1
    result = score(metric, "We promise.")
    assert (result.value, result.reason) == (0, "contains 'promise'")


@pytest.mark.parametrize("answer", ["", " \n", "\u200b\u2060", "\u3164"])
def test_an_answer_that_shows_nothing_is_not_free_of_texts(answer: str) -> None:
    assert score(ContainsNone(["promise"]), answer).error == "the answer is empty"
    assert score(ContainsAny(["promise"]), answer) == 0


@pytest.mark.parametrize("texts", ["sure, yes", '["sure", "yes"]', ["sure", "yes"]])
def test_the_texts_can_stand_in_the_case_s_own_column(texts: object) -> None:
    assert score(ContainsAll(), "sure", contains_all=texts) == 0.5
    assert score(ContainsAny(), "sure", contains_any=texts) == 1
    assert score(ContainsNone(), "sure", contains_none=texts) == 0


@pytest.mark.parametrize(
    "texts", ['"1,000",in stock', '"1,000" , "in stock"', ["1,000", "in stock"]]
)
def test_a_text_in_quotes_may_hold_a_comma(texts: object) -> None:
    assert score(ContainsAll(), "It costs 1,000 and is in stock.", contains_all=texts) == 1
    assert score(ContainsAll(), "000 are in stock, 1 is not", contains_all=texts) == 0.5
    assert score(ContainsNone(), "It costs 1,000.", contains_none=texts) == 0
    assert score(ContainsAny(), "000", contains_any=texts) == 0


def test_without_texts_the_accepted_answers_are_looked_for_but_never_forbidden() -> None:
    assert score(ContainsAny(), "In Rome.", "Paris", ideal=["Rome"]) == 1
    assert score(ContainsAll(), "In Rome.", "Paris", ideal=["Rome"]) == 0.5
    assert "nothing to look for" in str(score(ContainsNone(), "In Rome.", "Paris").error)
    assert "no column 'contains_all'" in str(score(ContainsAll(), "In Rome.").error)


@pytest.mark.parametrize("cell", ["1,000", "$1,000", "10,000.50", "1,234,567", "5,000 km"])
def test_a_number_with_commas_is_one_text(cell: str) -> None:
    digits, *_ = cell.partition(",")
    assert score(ContainsAll(), f"It is {cell}.", contains_all=cell) == 1
    assert score(ContainsAll(), f"{digits} and the rest 000", contains_all=cell) == 0
    assert score(ContainsNone(), f"{digits} 000", contains_none=cell) == 1
    assert score(ContainsAll(), f"{cell} and x", contains_all=f"x, {cell}") == 1


@pytest.mark.parametrize(("cell", "share"), [("1,2,3", 1), ("a,b", 0), ("1, 000", 0.5), ("3,5", 1)])
def test_commas_part_other_texts(cell: str, share: float) -> None:
    assert score(ContainsAll(), "1 2 3 5", contains_all=cell) == share


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("nan", "a word for no value"), ("N/A", "a word for no value"), ("#N/A", "a word for no value"),
        ("None", "a word for no value"), ("NULL", "a word for no value"), ("{}", "a word for no value"),
        ("x|y", "'|' between texts"), ("x | y | z", "'|' between texts"), ("x\u3001y", "between texts"),
        ("x\u060c y", "between texts"), ("\u4f60\uff0c\u597d", "between texts"), ("x\ny", "between texts"),
        ("x\ty\tz", "between texts"), ('{"x": 1, "y": 2}', "an object"), ("{'x': 1}", "an object"),
        ("404,500", "one number or several"), ("12,34,567", "one number or several"), (5, "found 5"),
        (1.5, "found 1.5"), ({"x": 1}, "found {"), ("[1, 2]", "found [1, 2]"),
    ],
)  # fmt: skip
def test_a_cell_that_is_no_list_of_texts_is_named(cell: object, said: str) -> None:
    for metric in (ContainsAll(), ContainsAny(), ContainsNone()):
        result = score(metric, "this has x and y", None, **{metric.name: cell})
        assert result.value is None
        assert "g.csv:2 column" in str(result.error)
        assert said in str(result.error)


@pytest.mark.parametrize(
    "cell",
    [
        '"x|y"',
        '["nan"]',
        '["x|y"]',
        "{name}",
        "a || b == c()",
        "if (x) { y }",
        "x;y",
        "-",
        "?",
        "TODO",
    ],
)
def test_a_text_with_such_marks_can_be_looked_for(cell: str) -> None:
    assert score(ContainsNone(), "this is whole", contains_none=cell) == 1


@pytest.mark.parametrize("texts", [[], [""], ["a", 3]])
def test_texts_that_occur_everywhere_are_refused(texts: list[Any]) -> None:
    with pytest.raises(SettingError, match="contains_all texts: found"):
        ContainsAll(texts)


@pytest.mark.parametrize("column", [3, '["a"', [""], '"a, b', '"a" b, c'])
def test_a_column_that_cannot_be_read_is_named(column: object) -> None:
    assert "g.csv:2 column 'contains_any'" in str(
        score(ContainsAny(), "a", contains_any=column).error
    )
