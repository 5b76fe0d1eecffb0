"""What exports, spreadsheets, encodings and editors leave in a file: rows that are none, changed texts, literal templates, chats without a question."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.reading import read_golden, read_table
from pytest_llmeval.records.case import Case
from tests.goldens.conftest import GoldenFolder

USER = {"role": "user", "content": "Q?"}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def notes(folder: GoldenFolder, content: str) -> str:
    path = folder.write("a.csv", content)
    return " ".join(read_golden(path, folder.path).description.notes)


def chat(folder: GoldenFolder, *messages: object, **row: object) -> tuple[Case, str]:
    path = folder.write("a.jsonl", json.dumps({"messages": messages, **row}))
    reading = read_golden(path, folder.path)
    return reading.cases[0], " ".join(reading.description.notes)


@pytest.mark.parametrize(
    "closing",
    [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL]},
        {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": "{}"}},
    ],
)
def test_a_chat_that_ends_in_a_tool_call_has_no_expected_answer_and_a_note(
    folder: GoldenFolder, closing: dict[str, object]
) -> None:
    case, note = chat(folder, USER, closing)

    assert (case.expected, case.messages[-1]) == (None, closing)
    assert note.startswith("the chat ends in a tool call of the assistant (line 1), and is sent")


def test_a_tool_call_with_its_result_is_a_part_of_the_chat(folder: GoldenFolder) -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "1", "content": "22"}
    case, note = chat(folder, USER, call, result, {"role": "assistant", "content": "It is 22."})

    assert (case.expected, note) == ("It is 22.", "")


@pytest.mark.parametrize(
    ("closing", "expected", "note"),
    [
        ({"content": ""}, None, "the chat ends in an empty message of the assistant (line 1)"),
        ({"content": "bad", "weight": 0}, None, "the chat ends in a message with weight 0 (line 1)"),
        ({"content": "Paris"}, "Paris", "the chat ends in the expected answer (line 1), and is sent"),
    ],
)  # fmt: skip
def test_a_closing_message_that_is_sent_is_noted(
    folder: GoldenFolder, closing: dict[str, object], expected: str | None, note: str
) -> None:
    row = {} if expected is None else {"expected": expected}
    case, said = chat(folder, USER, {"role": "assistant", **closing}, **row)

    assert (case.expected, len(case.messages)) == (expected, 2)
    assert said.startswith(note)


@pytest.mark.parametrize(
    "variable",
    ["<name>", "<<name>>", "[[name]]", "[name]", "%(name)s", "%name%", "$name", "@name@", "<NAME>"],
)
def test_the_name_of_a_column_in_other_signs_is_noted(folder: GoldenFolder, variable: str) -> None:
    note = notes(folder, f"prompt,name,expected\nWho is {variable}?,Bob,A\n")

    assert note.startswith(f"the prompt has the variable {variable!r}, a column (line 2), and is")


@pytest.mark.parametrize(
    "variable",
    ["{{ name | upper }}", "{name!r}", "{name:>9}", "{{row.name}}", "{{ metadata.name }}", "${name}",
     "{% if name %}x{% endif %}", "{{#name}}"],
)  # fmt: skip
def test_a_variable_with_a_filter_or_a_path_is_noted(folder: GoldenFolder, variable: str) -> None:
    note = notes(folder, f"prompt,name,expected\nWho is {variable}?,Bob,A\n")

    assert note.startswith("the prompt has the column 'name' in braces (line 2)")


def test_a_variable_in_the_answer_or_of_no_column_is_noted(folder: GoldenFolder) -> None:
    answer = notes(folder, "prompt,price,expected\nHow much?,5,It costs {{price}}\n")
    unknown = notes(folder, "prompt,expected\nWho is {{ user.name }}?,A\n")

    assert answer.startswith("the expected answer has the variable 'price', a column (line 2)")
    assert unknown.startswith(
        "the prompt has the variable '{{user.name}}' (line 2), which no column"
    )


@pytest.mark.parametrize(
    "prompt",
    ["List<name> x", "<name>Bob</name>", "a[name]", "[name](https://x.org)", "x^{{ab}}", "5$ name",
     "$$name$$", "Answer as [answer]", "<b>", "me@name.org", "100% name%", "\\frac{{ab}}{2}"],
)  # fmt: skip
def test_tags_links_and_code_are_text(folder: GoldenFolder, prompt: str) -> None:
    assert notes(folder, f"prompt,name,expected\n{prompt},Bob,A\n") == ""


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("prompt,expected", "the header again"),
        ("------,--------", "'------', a line below the header"),
        (":---,:---:", "':---', a line below the header"),
        ("<<<<<<< HEAD,", "'<<<<<<< HEAD', a mark of a merge conflict"),
        ("=======,", "'=======', a mark of a merge conflict"),
        (">>>>>>> feature,", "'>>>>>>> feature', a mark of a merge conflict"),
    ],
)
def test_a_row_that_is_no_case_is_an_error(folder: GoldenFolder, row: str, what: str) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.csv", f"prompt,expected\nQ?,Paris\n{row}\nR?,Rome\n")

    (problem,) = caught.value.problems
    assert (problem.line, problem.value) == (3, what)
    assert problem.allowed == "a case in each row; delete this row"


@pytest.mark.parametrize("row", ["prompt,a", "---,a", "a,---", "what is ======= ?,a"])
def test_a_row_that_only_resembles_one_is_a_case(folder: GoldenFolder, row: str) -> None:
    assert len(folder.read("a.csv", f"prompt,expected\nQ?,Paris\n{row}\n")) == 2


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        ("GrÃ¶ÃŸe", "a text looks like UTF-8 that was read as Windows-1252 (line 2)"),
        ("donâ€™t", "a text looks like UTF-8 that was read as Windows-1252 (line 2)"),
        (
            "Gr\ufffd\ufffde",
            "a text has the character \ufffd, which stands for a lost one (line 2)",
        ),
        ("Tom &amp; Jerry", "a text has an entity of HTML such as &amp; (line 2)"),
        ("a_x000D_", "a text has _x000D_, a line break of Excel (line 2)"),
        ("x" * 32_767, "a text ends at 32,767 characters, as Excel cuts it (line 2)"),
        ("########", "the expected answer '########' is what a spreadsheet shows"),
        ("1.23457E+15", "the expected answer '1.23457E+15' has five decimals"),
    ],
)
def test_a_text_that_was_changed_on_its_way_is_noted(
    folder: GoldenFolder, answer: str, note: str
) -> None:
    assert notes(folder, f"prompt,expected\nQ?,{answer}\n").startswith(note)


@pytest.mark.parametrize(
    "answer", ["Größe", "naïve café", "don\u2019t", "Ärger über Öl", "東京", "R&D", "<b>A &amp; B</b>",
               "6.02E+23", "###", "1.5E+10", "Ñandú ©", "£5", "»so«"],
)  # fmt: skip
def test_texts_of_other_languages_and_notations_are_not_noted(
    folder: GoldenFolder, answer: str
) -> None:
    assert notes(folder, f"prompt,expected\nQ?,{answer}\n") == ""


def test_a_comment_is_a_case_and_a_note_says_so(folder: GoldenFolder) -> None:
    note = notes(folder, "prompt,expected\n# the first part,\nQ?,a\n")

    assert note.startswith("the prompt looks like a comment (line 2), and is sent")
    assert notes(folder, "prompt,expected\n# Title,a\nQ?,b\n") == ""


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ({"metadata": {"expected_answer": "Paris"}}, "metadata.expected_answer"),
        ({"metadata": {"reference": "Paris", "level": 1}}, "metadata.reference"),
        ({"item": {"gold": "Paris"}}, "item.gold"),
    ],
)
def test_a_reference_inside_an_object_of_a_case_without_one_is_an_error_whose_remedies_work(
    folder: GoldenFolder, row: dict[str, object], path: str
) -> None:
    text = json.dumps({"prompt": "Q?", **row})
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.jsonl", text)

    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (1, path)
    assert f"--llm-columns '{path} = expected'" in problem.allowed
    assert folder.read("a.jsonl", text, {path: "expected"})[0].expected == "Paris"
    assert folder.read("a.jsonl", text, {path: "metadata"})[0].expected is None
    answered = json.dumps({"prompt": "Q?", "expected": "x", **row})
    assert folder.read("a.jsonl", answered)[0].expected == "x"


def test_an_object_as_reference_names_the_member_that_is_the_answer(folder: GoldenFolder) -> None:
    text = json.dumps({"prompt": "Q?", "reference_outputs": {"score": 1, "answer": "Paris"}})
    with pytest.raises(GoldenFileError, match=r"'reference_outputs\.answer = expected'"):
        folder.read("a.jsonl", text)

    assert folder.read("a.jsonl", text, {"reference_outputs.answer": "expected"})[0].expected


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ({"promt": "Q?"}, "Did you mean 'prompt'? (column 'promt')"),
        ({"problem": "Q?"}, "For example --llm-columns 'problem = prompt'"),
        ({"Tags": "x", "Behavior": "Q?"}, "For example --llm-columns 'Behavior = prompt'"),
        ({"ind": "1", "ctx": "A man"}, "For example --llm-columns 'ctx = prompt'"),
        ({"question_id": "1", "input_question": "Q?"}, "--llm-columns 'input_question = prompt'"),
        ({"inputs": {"question": "Q?"}}, "--llm-columns 'inputs.question = prompt'"),
        ({"Tags": "x", "BehaviorID": "b"}, ""),
    ],
)
def test_without_a_prompt_column_the_likely_one_is_named(
    folder: GoldenFolder, row: dict[str, object], hint: str
) -> None:
    with pytest.raises(GoldenFileError) as caught:
        folder.read_rows(row)

    _, _, named = caught.value.problems[0].allowed.partition("mapped to prompt with llm_columns")
    assert hint in named
    assert bool(named.strip(". ")) is bool(hint)


def test_a_folder_and_a_pointer_of_git_name_what_to_do(folder: GoldenFolder) -> None:
    folder.write("golden/a.csv", "prompt\nA?\n")
    with pytest.raises(GoldenFileError, match=r"allowed: golden files: golden/a\.csv"):
        read_table(folder.path.joinpath("golden").relative_to(folder.path))
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 12\n"
    with pytest.raises(GoldenFileError, match="git lfs pull fetches the file"):
        folder.read("b.csv", pointer)
