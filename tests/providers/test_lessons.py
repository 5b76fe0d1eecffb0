"""What an error teaches of an endpoint, and what it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmeval.providers.openai.adaptation import Adaptation, joined_messages
from pytest_llmeval.providers.openai.lessons import learn
from pytest_llmeval.providers.openai.service_error import ServiceError, read_service_error

SCHEMA = {
    "type": "object",
    "properties": {
        "minimum": {"type": "string"},
        "score": {"type": "integer", "minimum": 0, "maximum": 5},
        "items": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["score"],
    "additionalProperties": False,
}
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "system", "content": "Judge."}, {"role": "user", "content": "Paris"}],
    "temperature": 0.0, "top_p": 0.9, "max_tokens": 200, "seed": 1, "stop": ["END"], "n": 2,
    "presence_penalty": 0.1, "frequency_penalty": 0.1, "logprobs": True, "top_logprobs": 10,
    "response_format": {"type": "json_schema", "json_schema": {"name": "j", "strict": True, "schema": SCHEMA}},
}  # fmt: skip
KNOWN = Adaptation()


def refused(document: Any, status: int = 400) -> ServiceError:
    error = read_service_error(document, status)
    assert error is not None
    return error


def saying(message: str, **more: Any) -> Any:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("document", "left_out"),
    [
        (saying("Unsupported parameter: 'presence_penalty' is not supported with this model."), "presence_penalty"),
        ({"code": "invalid", "error": "Argument not supported on this model: presencePenalty"}, "presence_penalty"),
        (saying("Model grok-4 does not support parameter presencePenalty."), "presence_penalty"),
        (saying("deepseek-reasoner does not support the parameter `frequency_penalty`"), "frequency_penalty"),
        ([saying('Invalid JSON payload received. Unknown name "seed": Cannot find field.')], "seed"),
        ({"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
         "seed"),
        ({"object": "error", "message": "{\"detail\":[{\"loc\":[\"body\",\"seed\"],"
          "\"msg\":\"Extra inputs are not permitted\"}]}", "type": "internal_error_proxy"}, "seed"),
        (saying("Unrecognized request argument supplied: stop"), "stop"),
        (saying("Unsupported parameter: 'stop' is not supported with this model.", param="stop"), "stop"),
        (saying("`temperature` may only be set to 1 when thinking is enabled. Please consult our documentation"),
         "temperature"),
        (saying("`temperature` is deprecated for this model."), "temperature"),
        (saying("invalid temperature: only 1 is allowed for this model"), "temperature"),
        (saying("`temperature` and `top_p` cannot both be specified for this model. Please use only one."), "top_p"),
        (saying("'n' : number must be at most 1"), "n"),
        (saying("Unsupported value: 'n' does not support 2 with this model.", param="n", code="unsupported_value"),
         "n"),
        (saying("当前模型不支持 temperature 参数"), "temperature"),
        (saying("Model incompatible request argument supplied: temperature"), "temperature"),
        (saying("Input validation error: `temperature` must be strictly positive"), "temperature"),
        (saying("invalid params, temperature should be in (0,1]"), "temperature"),
        (saying("Temperature should be in (0.0, 2.0)"), "temperature"),
        (saying("temperature must be greater than 0"), "temperature"),
        (saying("`temperature` must be > 0.0"), "temperature"),
        (saying("temperature: Input should be greater than 0"), "temperature"),
        (saying("temperature取值范围是(0,1]"), "temperature"),
        (saying("API 调用参数有误: temperature 应在 (0,1) 区间内"), "temperature"),
        (saying("temperature 参数非法。请检查文档。"), "temperature"),
        (saying("Malformed input request: #: extraneous key [seed] is not permitted: 'seed'"), "seed"),
        ({"__type": "ValidationException", "message": "extraneous key [seed] is not permitted"}, "seed"),
        (saying("#/seed: false schema does not allow 1"), "seed"),
        (saying("'seed' cannot be used with this model"), "seed"),
        (saying("`temperature` is no longer supported by this model; remove it"), "temperature"),
        (saying("Please remove `presence_penalty` from the request"), "presence_penalty"),
        (saying('"top_p" must be omitted'), "top_p"),
        (saying("The field 'stop' has been discontinued"), "stop"),
        (saying("Do not set `frequency_penalty`."), "frequency_penalty"),
        (saying("/properties/temperature: rejected"), "temperature"),
        (saying("json: cannot unmarshal number into Go struct field ChatCompletionRequest.seed of type string"), "seed"),
        (saying("Malformed input request: #/inferenceConfig/temperature: 0 is not greater than 0.00001"), "temperature"),
        (saying("temperature must be at least 0.01"), "temperature"),
        (saying("temperature: minimum 0.1"), "temperature"),
        (saying("temperature: 0 is less than 0.01"), "temperature"),
        (saying("temperature must be in range [0.01, 1]"), "temperature"),
        (saying("Invalid temperature: 0. Minimum value is 0.01"), "temperature"),
        (saying("El parámetro 'temperature' no es compatible con este modelo"), "temperature"),
        (saying("Der Parameter 'seed' wird nicht unterstützt"), "seed"),
        (saying("Le paramètre 'temperature' n'est pas pris en charge"), "temperature"),
        (saying("O parâmetro 'temperature' não é suportado"), "temperature"),
        (saying("Il parametro 'seed' non è supportato"), "seed"),
        (saying("Параметр temperature не поддерживается"), "temperature"),
        (saying("パラメータ 'seed' はサポートされていません"), "seed"),
        (saying("매개변수 'temperature'는 지원되지 않습니다"), "temperature"),
        (saying("參數 temperature 不支援"), "temperature"),
        (saying("temperature must equal 1"), "temperature"),
        (saying("must NOT have additional properties: seed"), "seed"),
        (saying("temperature should not be set for this model"), "temperature"),
        (saying("Failed to deserialize the JSON body: seed: invalid type: integer `1`, expected a string"), "seed"),
        (saying("المعلمة temperature غير مدعومة"), "temperature"),
        (saying("Parametr temperature nie jest obsługiwany"), "temperature"),
        (saying("temperature parametresi desteklenmiyor"), "temperature"),
        (saying("Parameter temperature wordt niet ondersteund"), "temperature"),
        (saying("temperature पैरामीटर समर्थित नहीं है"), "temperature"),
        (saying("Tham số temperature không được hỗ trợ"), "temperature"),
        (saying("Parameter temperature tidak didukung"), "temperature"),
    ],
)  # fmt: skip
def test_an_unsupported_parameter_is_left_out(document: Any, left_out: str) -> None:
    assert learn(KNOWN, refused(document), BODY, ()).left_out == {left_out}


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("You are not allowed to request logprobs from this model.", 403),
        ("Logprobs is not enabled for models/gemini-2.5-pro", 400),
        ("Unable to submit request because Logprobs is not supported for this model.", 400),
        ("`logprobs` is not supported with this model", 400),
        ("logprobs are not supported", 500),
        ("Json document validation error: logprobs is not a supported parameter", 400),
        ("Requested logprobs of 20, which is greater than max allowed: 0", 400),
        (
            "json: cannot unmarshal bool into Go struct field ChatCompletionRequest.logprobs of type int",
            400,
        ),
        ("Please remove `logprobs` from the request", 400),
        ("Json document validation error: logprobs should not be set", 400),
        ("must NOT have additional properties: logprobs", 400),
        ("logprobs: invalid type: boolean `true`, expected u32 at line 1 column 200", 400),
        ("Invalid input: expected never, received boolean → at logprobs", 400),
    ],
)
def test_log_probabilities_go_with_their_number(message: str, status: int) -> None:
    learned = learn(KNOWN, refused(saying(message), status), BODY, ())
    assert learned.left_out == {"logprobs", "top_logprobs"}


@pytest.mark.parametrize(
    ("message", "highest"),
    [
        ("Requested sample logprobs of 10, which is greater than max allowed: 5", 5),
        ("top_logprobs must be at most 8", 8),
        ("Logprobs value must be in the range of [1, 9]. Got 10", 9),
        ("top_logprobs must be in [0, 9]", 9),
        ("Input should be less than or equal to 5: top_logprobs", 5),
        ("Invalid value for top_logprobs: must be between 0 and 5", 5),
        ("logprobs accepts values [0, 1], got 20", 1),
        ("top_logprobs: allowed values [0, 1, 2, 3]", 3),
        ("top_logprobs must be 0-5", 5),
        ("top_logprobs ≤ 5 required", 5),
        ("maximum value of top_logprobs: 5", 5),
        ("top_logprobs can be up to 5", 5),
        ("Parameter 'top_logprobs' value 20 is out of range 0..5", 5),
        ("top_logprobs_num 20 exceeds limit 5", 5),
    ],
)
def test_a_number_that_is_too_high_is_lowered(message: str, highest: int) -> None:
    learned = learn(KNOWN, refused(saying(message)), BODY, ())
    assert (learned.top_logprobs, learned.left_out) == (highest, frozenset())
    body, notes = learned.adapt(BODY)
    assert (body["top_logprobs"], notes) == (highest, (f"top_logprobs lowered to {highest}",))


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported image format in messages; json_schema fine",
        "content_filter: the prompt triggered the content management policy. response_format is not supported here",
        "The prompt was flagged: unsupported content, see `logprobs`",
        "Your request violates our usage policies; temperature is not allowed to change that",
    ],
)
def test_an_error_about_the_content_teaches_nothing(message: str) -> None:
    assert learn(KNOWN, refused(saying(message)), BODY, ()) == KNOWN


def test_a_schema_with_too_many_states_loses_its_bounds() -> None:
    said = "The specified schema produces a constraint that has too many states for serving."
    learned = learn(KNOWN, refused(saying(said)), BODY, ())
    assert {"minimum", "maximum"} <= learned.refused_keywords


def test_the_new_name_of_the_limit_is_tried_and_left_out_where_it_is_refused_too() -> None:
    error = refused(
        saying("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    )
    renamed = learn(KNOWN, error, BODY, ())
    body, notes = renamed.adapt(BODY)
    assert (body["max_completion_tokens"], "max_tokens" in body) == (200, False)
    assert notes == ("max_tokens sent as max_completion_tokens",)
    again = refused(
        {
            "detail": [
                {"loc": ["body", "max_completion_tokens"], "msg": "Extra inputs are not permitted"}
            ]
        }
    )
    neither = learn(renamed, again, body, ())
    body, notes = neither.adapt(BODY)
    assert not {"max_tokens", "max_completion_tokens"} & body.keys()
    assert notes == ("max_tokens left out",)


@pytest.mark.parametrize(
    ("document", "lowest"),
    [
        ({"errors": [{"param": "max_tokens", "message": "must be >= 256"}]}, 256),
        (saying("Invalid 'max_tokens': integer below minimum value. Expected a value >= 256, but got 200."), 256),
        (saying("max_tokens must be at least 1024"), 1024),
        (saying("max_tokens: Input should be greater than 500"), 501),
    ],
)  # fmt: skip
def test_a_token_limit_that_is_too_low_is_raised(document: Any, lowest: int) -> None:
    learned = learn(KNOWN, refused(document), BODY, ())
    assert learned == replace(KNOWN, least_limit=lowest)
    body, notes = learned.adapt(BODY)
    assert (body["max_tokens"], notes) == (lowest, (f"max_tokens raised to {lowest:,}",))
    renamed = replace(learned, has_new_limit=True).adapt(BODY)[0]
    assert renamed["max_completion_tokens"] == lowest


@pytest.mark.parametrize(
    ("message", "keywords"),
    [
        ("Invalid schema for response_format 'j': In context=('properties', 'score'), 'minimum' is not permitted.",
         {"minimum"}),
        ("output_config.format.schema: For 'integer' type, properties maximum, minimum are not supported",
         {"minimum", "maximum"}),
        ("invalid schema for response format: response_format/json_schema/items: minItems is not supported",
         {"minItems"}),
        ("Unknown name \"additionalProperties\" at 'generation_config.response_schema': Cannot find field.",
         {"additionalProperties"}),
        ("The provided JSON schema contains features not supported by xgrammar.", {"minimum", "maximum", "minItems"}),
        ("Grammar error: Unimplemented keys: [\"minItems\"]", {"minItems"}),
    ],
)  # fmt: skip
def test_a_keyword_of_the_schema_is_left_out_and_a_property_of_its_name_stays(
    message: str, keywords: set[str]
) -> None:
    learned = learn(KNOWN, refused(saying(message)), BODY, ())
    assert (learned.refused_keywords, learned.refused_formats) == (frozenset(keywords), frozenset())
    body, notes = learned.adapt(BODY)
    assert notes == (f"schema without {', '.join(sorted(keywords))}",)
    schema = body["response_format"]["json_schema"]["schema"]
    assert set(schema["properties"]) == {"minimum", "score", "items"}
    assert not any(
        f'"{keyword}":' in json.dumps(schema["properties"]["score"]) for keyword in keywords
    )
    assert SCHEMA["additionalProperties"] is False, "the request itself is not changed"


@pytest.mark.parametrize(
    "document",
    [
        saying("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."),
        saying("This response_format type is unavailable now"),
        saying("deepseek-reasoner does not support Json Output."),
        saying("This model does not support response format `json_schema`. See supported models"),
        saying("No endpoints found that support the provided 'response_format' value."),
        {"code": "invalid", "error": "The response_format parameter is unsupported at the moment. Leave it unset."},
        saying("response_format.type: unknown variant `json_schema`, expected `text` or `json_object`"),
        {"detail": [{"type": "enum", "loc": ["body", "response_format", "type"],
                     "msg": "Input should be 'text' or 'json_object'"}]},
        saying("当前模型不支持 response_format"),
    ],
)  # fmt: skip
def test_a_response_format_falls_back_to_the_next_one_and_to_none(document: Any) -> None:
    learned = learn(KNOWN, refused(document), BODY, ())
    assert learned.refused_formats == {"json_schema"}
    body, notes = learned.adapt(BODY)
    assert body["response_format"] == {"type": "json_object"}
    assert notes == ("json_object instead of json_schema",)
    nothing = learn(learned, refused(document), body, ())
    body, notes = nothing.adapt(BODY)
    assert "response_format" not in body
    assert notes == ("response_format left out",)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"object": "error", "message": "System role not supported", "type": "BadRequestError", "code": 400}, 400),
        (saying("Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                param="messages[0].role"), 400),
        (saying("Conversation roles must alternate user/assistant/user/assistant/..."), 400),
        (saying("Error: Jinja Exception: Conversation roles must alternate user/assistant/user/..."), 500),
        (saying("Developer instruction is not enabled for models/gemma-3-27b-it"), 400),
        (saying("Only user and assistant roles are supported!"), 400),
        (saying("Role `system` is not supported. Please use `user`"), 400),
        (saying("Please use a valid role: user, model."), 400),
        (saying("Invalid role: system. Allowed: user, assistant"), 400),
        (saying("role 'system' not found in template"), 400),
        (saying("messages: roles must be one of ['user', 'assistant']"), 422),
        (saying("the role of the first message must be user"), 400),
        ({"error": "Template error: system messages are not supported", "error_type": "template_error"}, 422),
    ],
)  # fmt: skip
def test_the_system_message_joins_the_first_user_message(document: Any, status: int) -> None:
    learned = learn(KNOWN, refused(document, status), BODY, ())
    assert learned == replace(KNOWN, joins_system=True)
    body, notes = learned.adapt(BODY)
    assert body["messages"] == [{"role": "user", "content": "Judge.\n\nParis"}]
    assert notes == ("system message joined to the user message",)


def test_messages_with_parts_are_joined_and_tool_calls_stay_as_they_are() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:"}}
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    chat: list[dict[str, Any]] = [
        {"role": "developer", "content": "Judge."},
        {"role": "user", "content": [picture]},
        call,
        {"role": "assistant", "content": "So."},
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
    ]
    assert joined_messages(chat) == [
        {"role": "user", "content": [{"type": "text", "text": "Judge."}, picture]},
        call,
        {"role": "assistant", "content": "So."},
        {"role": "user", "content": "a\n\nb"},
    ]


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (saying("This model's maximum context length is 4096 tokens. However, you requested 4300 tokens (4100 in the "
                "messages, 200 in the completion)."), 400),
        (saying("'max_tokens' or 'max_completion_tokens' is too large: 4200. This model's maximum context length is "
                "4096 tokens and your request has 500 input tokens"), 400),
        (saying("max_tokens is too large: 100000. This model supports at most 16384 completion tokens",
                param="max_tokens", code="invalid_value"), 400),
        (saying("temperature: range: 0..1", param="temperature"), 400),
        (saying("temperature is not allowed to exceed 1"), 400),
        (saying("temperature must be between 0 and 2"), 400),
        (saying("temperature must be below 1"), 400),
        (saying("temperature must be less than 2"), 400),
        (saying("temperature must not be greater than 2"), 400),
        (saying("Your prompt mentions temperature; remove it"), 400),
        (saying("The system prompt is too long"), 400),
        (saying("The user role viewer may not use this model"), 403),
        (saying("Only members with the role user may do that"), 403),
        (saying("max_tokens must not be greater than 150"), 400),
        (saying("The context has more than 4000 tokens, max_tokens 200"), 400),
        (saying("max_tokens must be at least 100000"), 400),
        (saying("Prompt must be at least 300 characters"), 400),
        (saying("The `stop` sequence was found"), 400),
        (saying("tool 'seed' was not called"), 400),
        (saying("The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                code="content_filter", param="prompt"), 400),
        (saying("Failed to generate JSON.", code="json_validate_failed", failed_generation="{"), 400),
        (saying("Incorrect API key provided. temperature is not supported"), 401),
        (saying("Rate limit reached: logprobs are not supported in this tier"), 429),
        (saying("The model `n` does not exist"), 404),
        (saying("Internal server error"), 500),
        (saying("We could not stop; the seed of the problem is unknown"), 400),
        (saying("Upstream error: 400"), 400),
    ],
)  # fmt: skip
def test_an_error_about_something_else_teaches_nothing(document: Any, status: int) -> None:
    assert learn(KNOWN, refused(document, status), BODY, ()) == KNOWN


def test_what_the_user_has_written_is_not_changed() -> None:
    error = refused(
        saying("Unsupported parameter: 'temperature' is not supported.", param="temperature")
    )
    assert learn(KNOWN, error, BODY, {"temperature"}) == KNOWN
    learned = learn(KNOWN, error, BODY, ())
    assert learned.adapt(BODY, {"temperature"}) == (BODY, ())
    no_format = Adaptation(refused_formats=frozenset({"json_schema", "json_object"}))
    assert no_format.adapt(BODY, {"response_format"}) == (BODY, ())


def test_a_router_that_names_no_parameter_loses_the_rarest_first() -> None:
    error = refused(saying("No endpoints found that can handle the requested parameters."), 404)
    first = learn(KNOWN, error, BODY, ())
    assert first.left_out == {"logprobs", "top_logprobs"}
    second = learn(first, error, first.adapt(BODY)[0], ())
    assert second.refused_formats == {"json_schema"}
