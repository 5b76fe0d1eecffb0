"""promptfoo's CSV files: assertions become bounds, or a problem; never nothing."""

from __future__ import annotations

import csv
import io
import re

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.threshold import Threshold
from tests.goldens.conftest import GoldenFolder


def read(folder: GoldenFolder, **cells: str) -> Case:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["question", *cells], ["Capital of France?", *cells.values()]])
    (case,) = folder.read("tests.csv", text.getvalue())
    return case


@pytest.mark.parametrize(
    ("assertion", "bound"),
    [
        ("contains: Paris", Threshold("contains", ">=", 1, {"text": "Paris"}, "row")),
        ("not-contains:Lyon", Threshold("contains", "<=", 0, {"text": "Lyon"}, "row")),
        (
            "icontains: paris",
            Threshold("contains", ">=", 1, {"text": "paris", "ignore_case": True}, "row"),
        ),
        ("starts-with: The", Threshold("starts_with", ">=", 1, {"text": "The"}, "row")),
        ("not-starts-with: I", Threshold("starts_with", "<=", 0, {"text": "I"}, "row")),
        (r"regex: \bParis\b", Threshold("regex", ">=", 1, {"pattern": r"\bParis\b"}, "row")),
        ("is-json", Threshold("json_schema", ">=", 1, {}, "row")),
        ("not-is-json", Threshold("json_schema", "<=", 0, {}, "row")),
        (
            'is-json: {"type": "object"}',
            Threshold("json_schema", ">=", 1, {"schema": {"type": "object"}}, "row"),
        ),
        (
            "llm-rubric: Is kind: yes",
            Threshold("rubric", ">=", 3, {"criteria": "Is kind: yes"}, "row"),
        ),
        ("not-llm-rubric: Is rude", Threshold("rubric", "<", 3, {"criteria": "Is rude"}, "row")),
        ("grade: Is kind", Threshold("rubric", ">=", 3, {"criteria": "Is kind"}, "row")),
    ],
)
def test_an_assertion_becomes_a_bound_of_the_row(
    folder: GoldenFolder, assertion: str, bound: Threshold
) -> None:
    case = read(folder, __expected=assertion)

    assert case.thresholds == (bound,)
    assert case.expected is None


@pytest.mark.parametrize(
    ("assertion", "matching", "failing"),
    [
        ("contains-any: Paris, Lutetia (old)", "Lutetia (old)!", "paris"),
        ('not-contains-any: "free, forever",guarantee', "It is free.", "It is free, forever."),
        ('contains-all: "1,000",in stock', "It costs 1,000 and is in stock.", "000 in stock, 1"),
        ('icontains-any: "Yes, sir" , no', "YES, SIR!", "yes"),
        ('icontains-all:"a, ""b""",c', 'C: A, "B"', "a, b, c"),
        ('contains-any: "a \\"b\\", c",d', 'a "b", c', "a b"),
        ('not-icontains-all: "A, B",c', "a, b", "a, b c"),
        ('not-icontains-any: "A, B",c', "a b", "x a, b"),
        ('contains-any: say "hi", there', "there", "hi"),
        ("icontains-any: PARIS", "in\nparis", "Lyon"),
        ("contains-all: b, a", "a\nb", "a"),
        ("icontains-all: B, A", "ab", "b"),
        ("not-contains-all: a,b", "only a", "b a"),
        ("not-contains-any: a,b", "c", "xb"),
        ("not-equals: Lyon", "Paris", "Lyon"),
    ],
)
def test_lists_of_texts_become_one_pattern(
    folder: GoldenFolder, assertion: str, matching: str, failing: str
) -> None:
    (bound,) = read(folder, __expected=assertion).thresholds

    def passes(answer: str) -> bool:
        found = re.search(bound.params["pattern"], answer) is not None
        return found if bound.comparison == ">=" else not found

    assert bound.metric == "regex"
    assert passes(matching)
    assert not passes(failing)


@pytest.mark.parametrize("text", ["Paris", "equals: Paris", "equals:Paris"])
def test_equality_is_also_the_expected_answer(folder: GoldenFolder, text: str) -> None:
    case = read(folder, __expected=text)

    assert case.expected == "Paris"
    assert case.thresholds == (Threshold("exact_match", ">=", 1, {}, "row"),)


@pytest.mark.parametrize(
    "text", ["Note: it is Paris", "python", "regex", "http://x.org/a", "not-so: true"]
)
def test_text_without_a_type_of_promptfoo_is_the_answer(folder: GoldenFolder, text: str) -> None:
    assert read(folder, __expected=text).expected == text


def test_several_assertions_are_several_bounds(folder: GoldenFolder) -> None:
    case = read(
        folder, __expected1="contains: Paris", __expected2="llm-rubric: kind", __expected3=""
    )

    assert [bound.metric for bound in case.thresholds] == ["contains", "rubric"]


@pytest.mark.parametrize(
    ("column", "cell", "allowed"),
    [
        ("__expected", "similar(0.8): Paris", "one of equals, contains, icontains, contains-any,"),
        ("__expected", "javascript: output.length < 10", "one of equals, contains,"),
        ("__expected", "python: file://check.py", "one of equals, contains,"),
        ("__expected", "file://check.js", "one of equals, contains,"),
        ("__expected", "is-xml", "one of equals, contains,"),
        ("__expected", "not-similar: x", "one of equals, contains,"),
        (
            "__expected",
            "regex: (",
            "a Python regular expression (missing ), unterminated subpattern",
        ),
        ("__expected", "is-json: {", "is-json alone, or with a JSON Schema written in JSON"),
        ("__expected", "is-json: 5", "is-json alone, or with a JSON Schema written in JSON"),
        ("__expected", "contains:", "contains: with a value after the colon"),
        ("__expected", "contains-any: ,", "texts separated by commas"),
        (
            "__expected",
            'contains-any: "a, b',
            "texts separated by commas, one with a comma in double",
        ),
        ("__expected", 'contains-all: "a" b, c', "texts separated by commas, one with a comma in"),
        ("__expected", "contains: {{name}}", "an assertion without a template; write out the text"),
        ("__expected", "llm-rubric(0.8): kind", "llm-rubric without a number in parentheses"),
        ("__config:__expected:threshold", "0.8", "no __config column"),
        ("__threshold", "high", "a number above 0 and at most 1"),
    ],
)
def test_what_has_no_counterpart_is_a_problem(
    folder: GoldenFolder, column: str, cell: str, allowed: str
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        read(folder, **{column: cell})

    (problem,) = caught.value.problems
    assert (problem.line, problem.row, problem.column, problem.value) == (2, 1, column, repr(cell))
    assert problem.allowed.startswith(allowed)


def test_a_threshold_bounds_the_one_rubric_of_the_row(folder: GoldenFolder) -> None:
    case = read(folder, __threshold="0.8", __expected="llm-rubric: kind")

    assert case.thresholds == (Threshold("rubric", ">=", 4, {"criteria": "kind"}, "row"),)


def test_a_mean_over_several_assertions_is_refused(folder: GoldenFolder) -> None:
    with pytest.raises(GoldenFileError, match="below 1 only in a row with one assertion"):
        read(folder, __threshold="0.5", __expected1="contains: a", __expected2="contains: b")


def test_prefix_and_suffix_are_put_around_the_prompt(folder: GoldenFolder) -> None:
    case = read(folder, __prefix="Please: ", __suffix=" (one word)", __expected="Paris")

    assert case.prompt == "Please: Capital of France? (one word)"


def test_metadata_columns_and_the_rest(folder: GoldenFolder) -> None:
    case = read(
        folder,
        **{
            "__metadata:topic": "geo",
            "__metadata:kinds[]": r"a, b\,c",
            "__description": "first",
            "__metric": "acc",
        },
        __expected="Paris",
    )

    assert case.metadata == {
        "topic": "geo",
        "kinds": ["a", "b,c"],
        "__description": "first",
        "__metric": "acc",
    }


def test_the_only_variable_is_the_prompt(folder: GoldenFolder) -> None:
    (case,) = folder.read("tests.csv", "id,translated_text,__expected\n1,Hallo,Hello\n")

    assert (case.prompt, case.expected) == ("Hallo", "Hello")


def test_with_several_variables_the_prompt_must_be_named(folder: GoldenFolder) -> None:
    with pytest.raises(
        GoldenFileError, match="In a promptfoo file, a single variable is the prompt"
    ):
        folder.read("tests.csv", "language,text,__expected\nGerman,Hello,Hallo\n")

    (case,) = folder.read(
        "tests.csv", "language,text,__expected\nGerman,Hello,Hallo\n", {"text": "prompt"}
    )
    assert (case.prompt, case.metadata) == ("Hello", {"language": "German"})
