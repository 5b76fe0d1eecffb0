"""Column names: understood by themselves, or mapped."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import GoldenFileError, SettingError
from pytest_llmeval.goldens.columns import parse_columns
from pytest_llmeval.goldens.names import ALIASES
from tests.goldens.conftest import GoldenFolder


@pytest.mark.parametrize("name", ALIASES["prompt"])
def test_every_name_of_the_prompt(folder: GoldenFolder, name: str) -> None:
    assert folder.read("faq.csv", f"{name}\nWhy?\n")[0].prompt == "Why?"


@pytest.mark.parametrize("name", ALIASES["expected"])
def test_every_name_of_the_expected_answer(folder: GoldenFolder, name: str) -> None:
    assert folder.read("faq.csv", f"prompt,{name}\nWhy?,So\n")[0].expected == "So"


@pytest.mark.parametrize("name", ALIASES["contexts"])
def test_every_name_of_the_contexts(folder: GoldenFolder, name: str) -> None:
    assert folder.read("faq.csv", f"prompt,{name}\nWhy?,So\n")[0].contexts == ("So",)


@pytest.mark.parametrize("name", ALIASES["tags"])
def test_every_name_of_the_tags(folder: GoldenFolder, name: str) -> None:
    assert folder.read("faq.csv", f"prompt,{name}\nWhy?,So\n")[0].tags == ("So",)


@pytest.mark.parametrize(
    "name", ["Expected Output", " EXPECTED_OUTPUT ", "expected-output", "Expected  output"]
)
def test_case_blanks_and_hyphens_of_a_name_do_not_matter(folder: GoldenFolder, name: str) -> None:
    assert folder.read("faq.csv", f"Prompt,{name}\nWhy?,So\n")[0].expected == "So"


def test_of_several_names_the_first_of_the_list_wins_and_the_others_are_metadata(
    folder: GoldenFolder,
) -> None:
    (case,) = folder.read("faq.csv", "query,answer,prompt,expected\nP,A,P,E\n")

    assert (case.prompt, case.expected) == ("P", "E")
    assert case.metadata == {"query": "P", "answer": "A"}


def test_a_column_without_any_value_leaves_its_field_to_the_next_name(folder: GoldenFolder) -> None:
    first, second = folder.read_rows(
        {"input": "A?", "context": None, "retrieval_context": ["one"]},
        {"input": "B?", "context": None},
    )

    assert (first.contexts, second.contexts) == (("one",), ())


def test_own_names_are_mapped_and_beat_the_known_ones(folder: GoldenFolder) -> None:
    columns = {"유저": "prompt", "정답": "expected"}
    (case,) = folder.read("faq.csv", "prompt,유저,정답\nnot this,환불은?,네\n", columns)

    assert (case.prompt, case.expected, case.metadata) == ("환불은?", "네", {"prompt": "not this"})


def test_a_column_can_be_declared_to_be_metadata(folder: GoldenFolder) -> None:
    (case,) = folder.read("faq.csv", "prompt,answer\nWhy?,So\n", {"Answer": "metadata"})

    assert (case.expected, case.metadata) == (None, {"answer": "So"})
    assert parse_columns(["answer = metadata"]) == {"answer": "metadata"}


def test_a_known_name_can_be_mapped_to_another_field(folder: GoldenFolder) -> None:
    (case,) = folder.read("faq.csv", "prompt,answer\nWhy?,label\n", {"answer": "tags"})

    assert (case.expected, case.tags) == (None, ("label",))


def test_a_mapped_column_may_be_missing_where_the_field_has_another_column(
    folder: GoldenFolder,
) -> None:
    assert folder.read("faq.csv", "prompt\nWhy?\n", {"유저": "prompt"})[0].prompt == "Why?"


def test_a_mapped_column_that_the_file_lacks_is_an_error_with_the_nearest(
    folder: GoldenFolder,
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read("faq.csv", "prompt,Antwort\nWhy?,So\n", {"Antwrt": "expected"})

    assert str(caught.value.problems[0]).endswith(
        "faq.csv: found no column 'Antwrt', which is mapped to 'expected'; "
        "allowed: a column of the file: prompt, Antwort. Did you mean 'Antwort'?"
    )


def test_a_misspelt_mapping_is_an_error_though_another_column_would_give_the_field(
    folder: GoldenFolder,
) -> None:
    text = "prompt,Antwort,answer\nWhy?,So,It is so\n"
    with pytest.raises(GoldenFileError, match=r"no column 'Antwrt'.* Did you mean 'Antwort'\?"):
        folder.read("faq.csv", text, {"Antwrt": "expected"})

    assert folder.read("faq.csv", text, {"Réponse": "expected"})[0].expected == "It is so"


def test_lines_of_the_ini_file() -> None:
    assert parse_columns(["유저 = prompt", " a = b =expected", "x=min_score"]) == {
        "유저": "prompt",
        "a = b": "expected",
        "x": "min_score",
    }


@pytest.mark.parametrize("line", ["유저", "= prompt", "유저 =", "유저 = promt"])
def test_a_line_that_maps_nothing_is_an_error(line: str) -> None:
    with pytest.raises(
        SettingError, match=r"^ini llm_columns: found .*; allowed: one \"COLUMN = FIELD\" a line"
    ):
        parse_columns([line])


def test_a_misspelt_field_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'prompt'"):
        parse_columns(["유저 = promt"])


def test_of_two_lines_for_one_column_the_later_wins() -> None:
    assert parse_columns(["a = prompt", "a = expected"]) == {"a": "expected"}


@pytest.mark.parametrize(
    ("cell", "contexts"),
    [
        ("one passage", ("one passage",)),
        ('["one", "two"]', ("one", "two")),
        ("[1] Smith, 2020", ("[1] Smith, 2020",)),
        ("[]", ()),
    ],
)
def test_contexts_are_a_json_list_or_one_passage(
    folder: GoldenFolder, cell: str, contexts: tuple[str, ...]
) -> None:
    (case,) = folder.read_rows({"prompt": "Why?", "context": cell})

    assert case.contexts == contexts


@pytest.mark.parametrize("cell", ["a; b", "a, b", '["a", "b"]', ["a", "b"], " a;b; "])
def test_tags_are_a_list_or_text_with_separators(folder: GoldenFolder, cell: object) -> None:
    (case,) = folder.read_rows({"prompt": "Why?", "tags": cell})

    assert case.tags == ("a", "b")


def test_bounds_in_the_row(folder: GoldenFolder) -> None:
    text = (
        'prompt,min_score,thresholds\nWhy?,4,"toxicity<=0.2; flesch_reading_ease >= 50"\nHow?,,\n'
    )
    first, second = folder.read("faq.csv", text)

    assert [str(bound) for bound in first.thresholds] == [
        "rubric >= 4",
        "toxicity <= 0.2",
        "flesch_reading_ease >= 50",
    ]
    assert {bound.origin for bound in first.thresholds} == {"row"}
    assert second.thresholds == ()


@pytest.mark.parametrize("cell", [["toxicity<=0.2"], '["toxicity<=0.2"]', "toxicity<=0.2"])
def test_bounds_as_a_list(folder: GoldenFolder, cell: object) -> None:
    (case,) = folder.read_rows({"prompt": "Why?", "threshold": cell})

    assert [str(bound) for bound in case.thresholds] == ["toxicity <= 0.2"]
