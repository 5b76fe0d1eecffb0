from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.errors import OutOfTime, SettingError
from pytest_llmeval.metrics import bounded
from pytest_llmeval.metrics.json_schema import JsonSchema
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

ORDER = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^VN[0-9]+$"},
        "items": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["id"],
    "additionalProperties": False,
}
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def score(metric: JsonSchema, answer: str, **metadata: Any) -> Score:
    return metric.score(
        Case("c", "What?", Source("g.jsonl", 7), metadata=metadata), Completion(answer)
    )


def test_a_conforming_answer_scores_1() -> None:
    assert score(JsonSchema(ORDER), '{"id": "VN1", "items": [1, 2]}').value == 1


def test_the_reason_names_path_and_violation() -> None:
    result = score(JsonSchema(ORDER), '{"id": "7", "items": [1, "2"]}')
    assert result.value == 0
    assert (
        result.reason
        == "$.id: '7' does not match '^VN[0-9]+$'; $.items[1]: '2' is not of type 'integer'"
    )


def test_the_reason_stays_short() -> None:
    many = json.dumps({f"key{number}": "x" * 1000 for number in range(100)})
    assert len(score(JsonSchema(ORDER), many).reason) < 500


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Sure! {}",
        "{'id': 1}",
        '{"a": NaN}',
        "[1,]",
        '{"a": 1} {"b": 2}',
        "```json\n{}\n``` done",
    ],
)
def test_what_is_not_json_scores_0_with_or_without_a_schema(answer: str) -> None:
    assert score(JsonSchema(), answer).value == 0
    assert score(JsonSchema(ORDER), answer).reason.startswith("is not valid JSON: ")


@pytest.mark.parametrize(
    "answer",
    ["{}", "null", "\ufeff[1]", "  3\n", "```json\n{}\n```", "```\n{}\n```", "```json\r\n[1]```"],
)
def test_without_a_schema_any_json_will_do_and_a_fence_around_it(answer: str) -> None:
    assert score(JsonSchema(), answer).value == 1


def test_a_fence_can_be_forbidden() -> None:
    assert score(JsonSchema(allow_fence=False), "```json\n{}\n```").value == 0


@pytest.mark.parametrize("column", [ORDER, json.dumps(ORDER)])
def test_a_case_can_bring_its_own_schema(column: Any) -> None:
    assert score(JsonSchema(), '{"id": "VN1"}', json_schema=column).value == 1
    assert (
        score(JsonSchema(), '{"id": 1}', json_schema=column).reason
        == "$.id: 1 is not of type 'string'"
    )


def test_the_parameter_goes_before_the_cases_schema() -> None:
    assert score(JsonSchema({"type": "integer"}), "3", json_schema=ORDER).value == 1


@pytest.mark.parametrize("column", ["{", '{"type": "nope"}', {"type": "nope"}, 3])
def test_a_broken_schema_in_a_row_is_unscored_and_named(column: Any) -> None:
    result = score(JsonSchema(), "{}", json_schema=column)
    assert result.value is None
    assert "g.jsonl:7 column 'json_schema': found" in str(result.error)


def test_a_schema_can_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text(json.dumps(ORDER), "utf-8")
    assert score(JsonSchema(str(file)), '{"id": "VN1"}').value == 1
    assert JsonSchema(file).version == JsonSchema(ORDER).version != JsonSchema().version


@pytest.mark.parametrize("text", [None, "not json", '{"type": 3}'])
def test_a_file_that_is_no_schema_is_refused(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(SettingError, match=r"json_schema schema: found .*; allowed: a JSON Schema"):
        JsonSchema(str(file))


def test_a_reference_inside_the_schema_is_followed_and_one_outside_is_never_fetched() -> None:
    inside = {"$defs": {"n": {"type": "integer"}}, "$ref": "#/$defs/n"}
    assert score(JsonSchema(inside), "3").value == 1
    result = score(JsonSchema({"$ref": "http://127.0.0.1:9/schema.json"}), "3")
    assert result.value is None
    assert "'http://127.0.0.1:9/schema.json' is not part of it; files are never fetched" in str(
        result.error
    )


def test_true_and_false_are_schemas() -> None:
    assert [score(JsonSchema(schema), "{}").value for schema in (True, False)] == [1, 0]


def test_formats_are_checked() -> None:
    assert (
        score(JsonSchema({"format": "date"}), '"2025-02-30"').reason
        == "$: '2025-02-30' is not a 'date'"
    )


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", ["2025-01-02T03:04:05Z", "2025-01-02T03:04:05.1+02:00"], ["2025-01-02", "2025-02-30T00:00:00Z", "2025-01-02T03:04:05"]),
        ("time", ["03:04:05Z"], ["03:04", "25:00:00Z"]),
        ("duration", ["P3D", "PT1.5S", "P1DT12H", "P4W"], ["P", "PT", "1h", "P1H"]),
        ("uri", ["https://x.org/a?b#c", "mailto:a@b.c"], ["x.org", "http:", "https://x y", "https://[::1"]),
        ("uri-reference", ["/a", "?b"], ["a b"]),
        ("hostname", ["x.org", "localhost"], ["-x.org", "x_y.org", "", "x..y"]),
        ("email", ["a@b.c"], ["a", "a@", "@b", "a @b.c"]),
        ("uuid", ["12345678-1234-5678-1234-567812345678"], ["1234"]),
        ("ipv4", ["1.2.3.4"], ["1.2.3"]),
        ("ipv6", ["::1"], ["1.2.3.4"]),
        ("regex", ["a+"], ["("]),
        ("json-pointer", ["/a/b"], ["a"]),
        ("byte", ["YWI="], ["%"]),
        ("int32", [7], [2**31]),
    ],
)  # fmt: skip
def test_each_format_is_checked(name: str, good: list[Any], bad: list[Any]) -> None:
    metric = JsonSchema({"format": name})

    assert [score(metric, json.dumps(value)).value for value in good] == [1] * len(good)
    assert [score(metric, json.dumps(value)).value for value in bad] == [0] * len(bad)
    assert score(metric, "true") == 1


def test_a_format_that_is_not_known_leaves_a_conforming_answer_unscored() -> None:
    metric = JsonSchema({"properties": {"tel": {"type": "string", "format": "phone"}}})

    assert "the format 'phone' of the schema is not known" in str(
        score(metric, '{"tel": "1"}').error
    )
    assert [score(metric, answer).value for answer in ('{"tel": 1}', "{}")] == [0, 1]


@pytest.mark.parametrize(
    ("schema", "remedy"),
    [
        ({"name": "o", "strict": True, "schema": {"required": ["b"]}}, "its member 'schema'?"),
        ({"name": "o", "description": "x", "parameters": {"type": "object"}}, "its member 'parameters'?"),
        ({"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}, "its member 'json_schema.schema'?"),
        ({"type": "function", "function": {"parameters": {"type": "object"}}}, "its member 'function.parameters'?"),
        ({"order": {"type": "integer"}}, 'The fields of an object stand under "properties".'),
        ({"requried": ["b"]}, "Its 'requried' is no keyword. Did you mean 'required'?"),
        ({"type": "object", "additional_properties": False}, "Did you mean 'additionalProperties'?"),
        ({"$defs": {"a": {"type": "object"}}}, "Name the one that is meant with $ref."),
        ({"title": "Order"}, "Write {} or true if any JSON will do."),
    ],
)  # fmt: skip
def test_an_object_that_only_resembles_a_schema_is_refused(
    schema: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(SettingError) as caught:
        JsonSchema(schema)

    assert remedy in str(caught.value)
    assert remedy in str(score(JsonSchema(), "{}", json_schema=schema).error)


def test_a_schema_may_have_further_members() -> None:
    further = {"x-order": 1, "nullable": True, "example": {}, "propertyOrdering": ["a"]}
    assert score(JsonSchema({"type": "object", **further}), "{}") == 1


@pytest.mark.parametrize(
    ("factor", "answer", "value"),
    [(0.01, "19.99", 1), (0.01, "0.29", 1), (0.1, "0.3", 1), (0.01, "19.999", 0), (3, "9", 1), (3, "10", 0),
     (0.5, "1e300", 1), (1, "1.0", 1), (0.1, '"x"', 1), (0.1, "true", 1), (1e-7, "3e-7", 1), (2, "-4", 1)],
)  # fmt: skip
def test_multiples_are_those_of_the_decimal_digits(factor: Any, answer: str, value: int) -> None:
    assert score(JsonSchema({"multipleOf": factor}), answer).value == value
    draft3 = {"$schema": "http://json-schema.org/draft-03/schema#", "divisibleBy": factor}
    assert score(JsonSchema(draft3), answer).value == value


def test_a_number_that_is_too_large_to_be_read_is_unscored() -> None:
    result = score(JsonSchema({"type": "number"}), "[1e400]")
    assert "1e400, which is too large" in str(result.error)


DRAFT = "http://json-schema.org/draft-0{}/schema#"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"dependencies": {"a": ["b"]}}, "'dependencies' is no keyword of draft 2020-12"),
        ({"properties": {"o": {"dependencies": {"a": ["b"]}}}}, "'dependencies' is no keyword of draft 2020-12"),
        ({"divisibleBy": 2}, "'divisibleBy' is no keyword of draft 2020-12"),
        ({"$schema": DRAFT.format(7), "prefixItems": [{"type": "string"}]}, "'prefixItems' is no keyword of draft 7"),
        ({"$schema": DRAFT.format(7), "allOf": [{"unevaluatedProperties": False}]}, "'unevaluatedProperties' is no"),
        ({"$schema": DRAFT.format(7), "dependentRequired": {"a": ["b"]}}, "'dependentRequired' is no keyword of"),
        ({"$schema": DRAFT.format(4), "const": 3}, "'const' is no keyword of draft 4"),
        ({"$schema": DRAFT.format(6), "if": {"const": 1}, "then": False}, "'if' is no keyword of draft 6"),
        ({"$schema": DRAFT.format(7), "definitions": {"a": {}}, "$ref": "#/definitions/a", "required": ["x"]},
         "'required' stands next to a '$ref', where draft 7 ignores it"),
    ],
)  # fmt: skip
def test_a_keyword_of_another_draft_is_refused(schema: Any, said: str) -> None:
    with pytest.raises(SettingError, match=re.escape(said)):
        JsonSchema(schema)
    result = score(JsonSchema(), "[1, 2]", json_schema=schema)
    assert said in str(result.error)


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": DRAFT.format(7), "dependencies": {"a": ["b"]}},
        {"$schema": DRAFT.format(7), "items": [{"type": "string"}], "additionalItems": False},
        {"items": {"type": "string"}, "additionalItems": False},
        {"properties": {"dependencies": {"type": "array"}, "divisibleBy": {}}},
        {"$defs": {"a": {"type": "object"}}, "$ref": "#/$defs/a", "required": ["x"]},
        {
            "$schema": DRAFT.format(7),
            "definitions": {"a": {}},
            "$ref": "#/definitions/a",
            "title": "A",
        },
        {"contains": {"type": "string"}, "minContains": 2, "if": {"const": 1}, "then": True},
        {"enum": [{"dependencies": 1}], "default": {"extends": 1}},
    ],
)
def test_keywords_of_the_draft_are_read(schema: Any) -> None:
    assert score(JsonSchema(schema), "{}").error in (None, "")


def test_an_older_draft_is_understood() -> None:
    draft4 = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "minimum": 3,
        "exclusiveMinimum": True,
    }
    assert score(JsonSchema(draft4), "3").value == 0


RECURSIVE = {"items": {"$ref": "#"}, "type": "array"}


@pytest.mark.parametrize(
    ("schema", "answer", "reason"),
    [
        (RECURSIVE, "[" * 900 + "]" * 900, "nested too deeply"),
        (RECURSIVE, "[" * 100_000 + "]" * 100_000, "nested too deeply to be read"),
        (None, "[" * 100_000 + "]" * 100_000, "nested too deeply to be read"),
        (None, "1" * 5000, "a number of 5,000 digits; at most 4,000 are read"),
        ({"$ref": "#"}, '"x"', "the schema refers to itself without end"),
        ({"allOf": [{"$ref": "#"}]}, '"x"', "the schema refers to itself without end"),
    ],
)
def test_an_answer_that_cannot_be_checked_is_unscored(
    schema: Any, answer: str, reason: str
) -> None:
    result = score(JsonSchema(schema), answer)
    assert result.value is None
    assert reason in str(result.error)


def doubled(depth: int) -> dict[str, Any]:
    """A schema whose check takes two to the power of the depth steps."""
    levels = {
        f"l{level}": {"allOf": [{"$ref": f"#/$defs/l{level + 1}"}] * 2} for level in range(depth)
    }
    return {"$defs": {**levels, f"l{depth}": {"type": "integer"}}, "$ref": "#/$defs/l0"}


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        ({"type": "string", "pattern": "^(a+)+$"}, f'"{"a" * 40}!"'),
        ({"patternProperties": {"^(a+)+$": {}}}, json.dumps({"a" * 40 + "!": 1})),
        (
            {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
            json.dumps({"a" * 40 + "!": 1}),
        ),
        (doubled(40), "1"),
    ],
)
def test_a_check_without_end_is_given_up_and_says_which_bound(
    schema: Any, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.5)
    with pytest.raises(OutOfTime, match=r"json_schema gave up after 0\.5 seconds: a schema and an"):
        score(JsonSchema(schema), answer)
    assert score(JsonSchema({"pattern": "^a+$"}), '"aa"').value == 1


@given(values)
def test_whatever_json_writes_is_valid(value: Any) -> None:
    assert score(JsonSchema(), json.dumps(value)).value == 1
    assert score(JsonSchema({"const": value}), f"```json\n{json.dumps(value)}\n```").value == 1


@given(st.text())
def test_no_answer_crashes(answer: str) -> None:
    assert score(JsonSchema(ORDER), answer).value in (0, 1)
