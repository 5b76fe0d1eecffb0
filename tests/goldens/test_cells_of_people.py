"""What people and spreadsheets write into cells, with the same meaning in every column."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import GoldenFileError
from pytest_llmeval.goldens.reading import read_golden
from pytest_llmeval.metrics.match import Contains, ContainsAll, ContainsNone, StartsWith
from pytest_llmeval.records.call import Completion
from tests.goldens.conftest import GoldenFolder


def notes(folder: GoldenFolder, content: str) -> tuple[str, ...]:
    path = folder.write("a.csv", content)
    return read_golden(path, folder.path).description.notes


def test_semicolons_separate_answers_as_truthfulqa_writes_them(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "prompt,Correct Answers\nA?,a; b\n")

    assert (case.expected, case.metadata) == ("a", {"ideal": ["a", "b"]})


@pytest.mark.parametrize("name", ["ideal", "accepted_answers", "ground_truths", "answers"])
def test_a_text_in_another_column_of_answers_is_one_and_a_note_says_so(
    folder: GoldenFolder, name: str
) -> None:
    code = "for (i=0; i<n; i++) { f(i); }"
    (case,) = folder.read("a.csv", f"prompt,{name}\nA?,{code}\n")
    (note,) = notes(folder, f"prompt,{name}\nA?,{code}\n")

    assert (case.expected, case.metadata) == (code, {})
    assert note.startswith(f"the text in {name} has semicolons (line 2), and is one answer")
    assert folder.read("a.csv", f"prompt,{name}\nA?,\"['a', 'b']\"\n")[0].metadata == {
        "ideal": ["a", "b"]
    }


@pytest.mark.parametrize("cell", ["x; y", "x;y", "x, y", '"[""x"", ""y""]"'])
def test_lists_of_texts_are_separated_as_tags_are(folder: GoldenFolder, cell: str) -> None:
    cell = cell if cell.startswith('"') else f'"{cell}"'
    (case,) = folder.read(
        "a.csv", f"prompt,tags,contains_all,contains_none\nA?,{cell},{cell},{cell}\n"
    )

    assert case.tags == ("x", "y")
    assert ContainsAll().score(case, Completion("y and x")) == 1
    assert ContainsNone().score(case, Completion("only y")) == 0


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        ("#REF!", "the expected answer is the word '#REF!'"),
        ("#DIV/0!", "the expected answer is the word '#DIV/0!'"),
        ("#NAME?", "the expected answer is the word '#NAME?'"),
        ("NaT", "the expected answer is the word 'NaT'"),
        ('"=""007"""', "the expected answer is the formula of a spreadsheet"),
        ("=B2", "the expected answer is the formula of a spreadsheet"),
        ("\"array(['A', 'B'], dtype=object)\"", "the expected answer is the text of a list"),
        ('"{""text"": [""A""]}"', "the expected answer is the text of a list"),
    ],
)
def test_a_cell_that_a_tool_filled_gets_a_note(folder: GoldenFolder, cell: str, note: str) -> None:
    (written,) = notes(folder, f"prompt,expected\nA?,{cell}\n")

    assert written.startswith(f"{note} (line 2)")


@pytest.mark.parametrize(
    "cell",
    [
        "\\N", "#WERT!", "#BEZUG!", "#ЗНАЧ!", "#ДЕЛ/0!", "#¡VALOR!", "#¿NOMBRE?", "#NV", "#UNKNOWN!",
        "#GETTING_DATA", "Loading...", "[object Object]", "(blank)", "(leer)", "TBD", "todo", "???",
    ],
)  # fmt: skip
def test_a_cell_that_lost_its_value_gets_a_note(folder: GoldenFolder, cell: str) -> None:
    (written,) = notes(folder, f"prompt,expected\nA?,{cell}\n")

    assert written.startswith(f"the expected answer is the word {cell!r} (line 2)")


@pytest.mark.parametrize(
    "cell", ["= x + 1", "=)", "C# is fine", "#winning!", "# TODO", "\\n", '"{""name"": ""A""}"']
)
def test_an_ordinary_answer_gets_none(folder: GoldenFolder, cell: str) -> None:
    assert notes(folder, f"prompt,expected\nA?,{cell}\n") == ()


@pytest.mark.parametrize("cell", ["\u200b", " \u2060", "\u3164", "   "])
def test_a_cell_that_shows_nothing_is_no_reference(folder: GoldenFolder, cell: str) -> None:
    path = folder.write("a.csv", f"prompt,expected\nA?,{cell}\n")
    reading = read_golden(path, folder.path)

    assert reading.description.summary == "1 case, without an expected answer"
    assert "no expected text" in str(Contains().score(reading.cases[0], Completion("a")).error)
    with pytest.raises(GoldenFileError, match=r"'targets' found 'a' in a column that is not read"):
        folder.read("a.csv", f"prompt,expected,targets\nA?,{cell},a\n")
    with pytest.raises(GoldenFileError, match=r"column 'prompt' .* text that is not blank"):
        folder.read("a.csv", f"prompt,expected\n{cell},a\n")


def test_blanks_at_the_ends_of_a_cell_are_not_looked_for(folder: GoldenFolder) -> None:
    (case,) = folder.read("a.csv", "prompt,expected\nA?, A1 \n")

    for metric in (Contains(), StartsWith()):
        assert metric.score(case, Completion("A1")) == 1
    assert Contains(" A1 ").score(case, Completion("A1")) == 0


@pytest.mark.parametrize("word", ["nan", "N/A", "none", "-", "TBD"])
def test_a_word_for_nothing_is_sent_as_the_system_prompt_with_a_note(
    folder: GoldenFolder, word: str
) -> None:
    (note,) = notes(folder, f"prompt,system_prompt,expected\nA?,{word},a\nB?,,b\n")

    assert note.startswith(f"the system prompt is the word {word!r} (line 2), and is sent")


@pytest.mark.parametrize(
    ("row", "note"),
    [
        ("prompt,expected\nnan,a\n", "the prompt is the word 'nan' (line 2), and is sent"),
        ("prompt,contexts,expected\nA?,N/A,a\n", "a context is a word for an absent value (line 2)"),
    ],
)  # fmt: skip
def test_a_word_for_nothing_in_another_field_is_noted(
    folder: GoldenFolder, row: str, note: str
) -> None:
    assert notes(folder, row)[0].startswith(note)


@pytest.mark.parametrize("variable", ["{name}", "{{name}}", "{{ name }}", "{{Name}}"])
def test_the_name_of_a_column_in_braces_is_noted(folder: GoldenFolder, variable: str) -> None:
    (note,) = notes(folder, f"prompt,name,expected\nWho is {variable}?,Bob,A\n")

    assert note.startswith("the prompt has the column ")
    assert "in braces (line 2), and is sent as it is" in note


@pytest.mark.parametrize(
    "prompt", ["Who is {other}?", "f(x) = {x}", "a set {1; 2}", "a {} b", "{ } a"]
)
def test_other_braces_are_text(folder: GoldenFolder, prompt: str) -> None:
    assert notes(folder, f"prompt,name,expected\n{prompt},Bob,A\n") == ()


@pytest.mark.parametrize(
    ("head", "cells", "note"),
    [
        ("choices", "a|b", "choices (line 2) is not sent, and the expected answer 'B' only names one"),
        ("options", "a|b", "options (line 2) is not sent"),
        ("A,B,C,D", "1,2,3,4", "A, B, C, D (line 2) are not sent, and the expected answer 'B'"),
        ("passage", "Paris is a city.", "passage (line 2) is not sent, and is no context: --llm-columns"),
        ("top_k_context_list", "Paris is a city.", "top_k_context_list (line 2) is not sent, and is no"),
        ("reference_context", "Paris is a city.", "reference_context (line 2) is not sent, and is no"),
        ("passage", "It is.", "passage (line 2) is not sent, and is no context: --llm-columns"),
        ("context (optional)", "Paris is a city.", "context (optional) (line 2) is not sent, and is no"),
        *[
            (name, "Paris is a city.", f"{name} (line 2) is not sent; a template can use it")
            for name in ("premise", "hypothesis", "claim", "content", "text", "transcript", "story",
                         "supporting_text", "facts", "table", "email_body", "newsArticle", "Text (en)")
        ],
        ("\u6587\u7ae0", "巴黎是法国的首都人口很多", "\u6587\u7ae0 (line 2) is not sent"),
        ("persona", "A pirate", "persona (line 2) is not sent; a template can use it"),
        ("image_url", "https://x.org/a.png", "image_url (line 2) is not sent"),
        ("max_tokens", "5", "max_tokens (line 2) is not sent; --llm-max-tokens holds for the whole run"),
        ("metric", "exact_match", "metric (line 2) names exact_match without a bound"),
        ("guidelines", "Be kind", "guidelines (line 2) is not read by a judge; a column criteria is"),
        ("keywords", "a;b", "keywords (line 2) requires nothing; a column contains_all"),
        ("critical", "yes", "critical (line 2) requires nothing; a column must_pass does"),
        ("should_refuse", "true", "should_refuse (line 2) requires nothing; the threshold 'refusal>=1'"),
    ],
)  # fmt: skip
def test_what_is_neither_sent_nor_required_is_noted(
    folder: GoldenFolder, head: str, cells: str, note: str
) -> None:
    (found,) = notes(folder, f"prompt,expected,{head}\nA?,B,{cells}\n")

    assert found.startswith(note)


@pytest.mark.parametrize(
    ("head", "cell"),
    [("passage", "12"), ("persona", "no"), ("metric", "accuracy"), ("critical", "no"), ("images", "[]"),
     ("source", "a b c d"), ("level", "5"), ("A", "x"), ("text", "short"), ("content", "A?"),
     ("answer_text", "It is a city."), ("model_text", "It is a city."), ("notes", "Asked by Ann in May."),
     ("explanation", "It is a city."), ("error_message", "It was too long."), ("claim", "12 34")],
)  # fmt: skip
def test_plain_metadata_is_not_noted(folder: GoldenFolder, head: str, cell: str) -> None:
    assert notes(folder, f"prompt,expected,{head}\nA?,a,{cell}\n") == ()


@pytest.mark.parametrize("field", ["prompt", "expected", "contexts", "ideal", "answers"])
@pytest.mark.parametrize(
    "command",
    [
        r"\frac{1}{2}", r"\boxed{5}", r"\text{a}", r"2 \times 3", r"\beta", r"\nabla f", r"\theta",
        r"\nu_1", r"\rho^2", r"(\right)", r"\binom{a}{b}", r"\begin{array}", r"\forall x", r"\tau^2",
        r"\notin A", r"\bar{x}", r"\tfrac12", r"\therefore x",
    ],
)  # fmt: skip
def test_a_backslash_that_json_has_read_is_an_error_with_the_remedy(
    folder: GoldenFolder, field: str, command: str
) -> None:
    row = '{"prompt": "A?", "expected": "a", ' if field not in ("prompt", "expected") else "{"
    row += '"prompt": "A?", ' if field == "expected" else ""
    row = row.replace('"expected": "a", ', "") if field in ("ideal", "answers") else row
    with pytest.raises(GoldenFileError) as caught:
        folder.read("a.jsonl", f'{row}"{field}": "{command}"}}\n')
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (1, field)
    assert "which a backslash has made of \\" in problem.value
    assert 'doubled backslashes in JSON: "\\\\' in problem.allowed
    doubled = command.replace("\\", "\\\\")
    folder.read("a.jsonl", f'{row}"{field}": "{doubled}"}}\n')


@pytest.mark.parametrize(
    "text",
    ["a\tb", "a\ttext", "\nabout", "\nu", "\ntext", "col\tau", "\tan apple", "a\x0c", "\x0cfor", "a\r\nb"],
)  # fmt: skip
def test_tabs_and_line_breaks_are_text(folder: GoldenFolder, text: str) -> None:
    (case,) = folder.read_rows({"prompt": text, "expected": "a"})

    assert case.prompt == text


def test_a_backslash_that_is_no_json_names_the_remedy(folder: GoldenFolder) -> None:
    with pytest.raises(GoldenFileError, match="a backslash in a text is written twice"):
        folder.read("a.jsonl", r'{"prompt": "\alpha"}')


def test_sql_of_cases_without_a_reference_is_noted(folder: GoldenFolder) -> None:
    (note,) = notes(folder, "prompt,SQL\nA?,SELECT 1\n")

    assert note.startswith(
        "SQL (line 2) is not read, and no case has an expected answer: --llm-columns"
    )
