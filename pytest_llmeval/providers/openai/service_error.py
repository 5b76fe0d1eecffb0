"""What an endpoint says in an error: status, text, code, and the fields that it names."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.providers.finish import ending, finish_name

_LONGEST = 20_000
"""Maximum length of a text that is searched for names."""

_TEXT_KEYS = (
    "message", "detail", "error", "msg", "error_msg", "error_message", "errors", "reason",
    "errmsg", "err_msg", "errorMessage", "errorMsg", "Message", "Error",
)  # fmt: skip
"""Members that hold the text of an error: of OpenAI, FastAPI, Baidu, MiniMax, Zhipu and others."""

_CODE_KEYS = (
    "code", "type", "status", "error_type", "error_code", "errorCode", "ErrorCode", "Code",
    "errcode", "err_no", "errno",
)  # fmt: skip

_STATUS_DETAILS = ("incomplete_details", "status_details", "last_error", "status_message")
"""Members that say why a reply has its status."""


_CODES = ("errorcode", "errcode", "errno")
"""Members with a code that is 0, empty or a word of success where nothing failed."""

_SUCCESS_FLAGS = ("success", "issuccess", "successful", "succeeded", "ok", "isok")
_FAILURE_FLAGS = ("iserror", "haserror")
_LAST_FLAGS = ("done", "isdone", "finished", "isfinished", "isend", "isfinal")
"""Members that are false in a part of a stream."""

_STATUSES = ("code", "status", "statuscode", "httpstatus", "httpstatuscode", "httpcode")
_FAILED_CODE = re.compile(
    r"fail|error|invalid|denied|throttl|arrear|unauthori|forbidden|exception|not.?found|exceed|"
    r"unavailable|timed?.?out|overload|unsupported|inspection",
    re.IGNORECASE,
)
"""Words of codes such as ``DataInspectionFailed`` and ``Throttling.RateQuota`` of Alibaba."""

_UPSTREAM = ("raw", "reason", "message")
"""Members of ``error.metadata`` in which OpenRouter repeats the error of the real provider."""

_STATUS_BY_WORD = (
    (402, r"insufficient.{0,3}(?:quota|credit|fund|balance)|payment.required|billing"),
    (429, r"rate.?limit|too.many.requests|resource.exhausted|throttl"),
    (401, r"unauthori[sz]ed|unauthenticated|authentication|access token|api.?key.not.valid|"
          r"(?:invalid|incorrect|missing).{0,3}api.?key"),
    (403, r"permission.denied|forbidden|access.denied"),
    (404, r"not.?found|does not exist|no such model"),
    (503, r"overloaded|unavailable|at capacity|is loading"),
    (400, r"invalid.request|invalid.argument|bad.?request|validation|content.filter|"
          r"not support|unsupported|extra_forbidden|not permitted|context.length|sensitive"),
)  # fmt: skip
"""HTTP statuses by words of an error that names none. The first match counts."""

_FINAL = (400, 401, 402, 403, 404, 413, 422, 429)
"""Codes in the body that say more than the 5xx of the proxy that sends it."""

_FINAL_WORDS = (
    (401, r"(?:invalid|incorrect|missing|wrong).{0,12}api.?key|"
          r"api.?key.{0,12}(?:invalid|not valid)|\bauthentication_?error\b|"
          r"\binvalid_authentication"),
    (403, r"\bpermission_(?:denied|error)\b"),
    (404, r"model.?not.?found|(?:model|模型).{0,80}(?:does not exist|not found|不存在|无可用渠道)|"
          r"no such model|unknown.model|no available channel for model"),
)  # fmt: skip
"""Words that name a wrong key or model, whatever the status of the proxy."""

_LOADING = re.compile(r"\bloading\b|starting up|try again|temporar", re.IGNORECASE)

_SUCCESS = ("0", "200", "ok", "success")
"""Codes of an error that is none."""

_INVALID_JSON = "json_validate_failed"
"""Code of Groq for a reply that does not fit the response format."""

_UNKNOWN_STATUS = 502
"""The status of an error that says nothing of its kind: a failure behind the endpoint."""


@dataclass(frozen=True)
class ServiceError:
    """An error as an endpoint reports it.

    Attributes:
        status: HTTP status, or the code in the body of a reply with status 200.
        text: What it says, on one line.
        code: Its code and type.
        fields: Members of the request that it names as its subject.
        written: What the model wrote, where the endpoint refused that.
    """

    status: int
    text: str
    code: str = ""
    fields: tuple[str, ...] = ()
    written: str = ""

    @property
    def words(self) -> str:
        """Code and text."""
        return f"{self.code} {self.text}"


def read_service_error(document: Any, status: int | None = None) -> ServiceError | None:
    """Read the error in a body or in a choice; ``None`` if there is none.

    Args:
        document: The body, or the member ``error`` of a choice.
        status: The HTTP status; ``None`` if only the body says what went wrong.
    """
    if isinstance(document, list) and len(document) == 1:
        document = document[0]  # Gemini wraps the object in a list
    parts = list(_parts(document))
    text = _one_line(_text(document))
    if not text:
        return None
    code = " ".join(_codes(parts))
    fields = tuple(dict.fromkeys(name for part in parts for name in _fields(part)))
    written = next((part["failed_generation"] for part in parts if _wrote(part)), "")
    if _INVALID_JSON in code:
        written = written or "(empty)"
    number = status or _status(parts) or _status_of_words(f"{code} {text}")
    if status is not None and status >= 500:
        number = _status_inside(parts, code, text) or status
    return ServiceError(number, text, code, fields, str(written))


def is_error(member: Any) -> bool:
    """Return whether a member ``error`` holds an error: some services report success in it."""
    if not isinstance(member, Mapping):
        return bool(member)
    if not any(member.values()):
        return False
    code = member.get("code")
    is_success = code not in (None, "") and not _is_failure_code(code)
    return not is_success


def is_failure(reply: Mapping[str, Any]) -> bool:
    """Return whether a reply says that the call failed, whatever its choices hold."""
    base = reply.get("base_resp")
    if isinstance(base, Mapping) and _is_failure_code(base.get("status_code")):
        return True
    if any(_is_failure_code(reply[name]) for name in _members_named(reply, _CODES)):
        return True
    if any(_says(reply[name], False) for name in _members_named(reply, _SUCCESS_FLAGS)):
        return True
    if any(_says(reply[name], True) for name in _members_named(reply, _FAILURE_FLAGS)):
        return True
    statuses = [str(reply[name]) for name in _members_named(reply, _STATUSES)]
    if any(re.fullmatch(r"[45]\d\d", status) for status in statuses):
        return True
    code = reply.get("code")
    if isinstance(code, str) and _FAILED_CODE.search(code):
        return True
    kinds = (reply.get("object"), reply.get("type"))
    if "error" in kinds or is_error(reply.get("Error")):
        return True
    errors = reply.get("errors")
    return any(map(is_error, errors)) if isinstance(errors, list) else is_error(errors)


def _members_named(reply: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """Return the members with one of the names, in any spelling: ``status_code``, ``StatusCode``.

    Args:
        reply: The object.
        names: Names in small letters, without joints.
    """
    return [name for name in reply if re.sub(r"[\W_]", "", name).lower() in names]


def _says(flag: Any, value: bool) -> bool:
    """Return whether a flag has a value, also as a word."""
    return flag is value or (isinstance(flag, str) and flag.strip().lower() == str(value).lower())


def unfinished_words(reply: Mapping[str, Any]) -> str:
    """Return what a reply says of itself where its status is no success; empty for any other.

    A reply that is incomplete because it reached its token limit is one that was cut.
    """
    for name in sorted(_members_named(reply, _LAST_FLAGS)):
        if reply[name] is False:
            return f"the reply is not the last: its {name!r} is false"
    status = reply.get("status")
    if not isinstance(status, str):
        return ""
    details = [reply[name] for name in _STATUS_DETAILS if reply.get(name)]
    if any(ending(finish_name(detail)) == "cut" for detail in details):
        return ""
    if ending(status) not in ("broken", "withheld", "unfinished"):
        return ""
    said = next(filter(None, map(_text, (*details, _text_of_reply(reply)))), "")
    return f"the reply has the status {status!r}" + (f": {said}" if said else "")


def _text_of_reply(reply: Mapping[str, Any]) -> str:
    """Return the text of a reply itself, where it is one."""
    texts = (reply.get(name) for name in _TEXT_KEYS)
    return next((text for text in texts if isinstance(text, str) and text), "")


def _is_failure_code(code: Any) -> bool:
    text = str(code).strip().lower()
    return code not in (None, "", False) and text not in _SUCCESS and bool(text.strip("0"))


def _parts(value: Any, depth: int = 4) -> Iterable[Mapping[str, Any]]:
    """Yield the objects in an error, the outer ones first."""
    if isinstance(value, Mapping) and depth:
        yield value
        for name in (
            "error",
            "metadata",
            "base_resp",
            "innererror",
            "detail",
            "message",
            "details",
            "errors",
        ):
            yield from _parts(value.get(name), depth - 1)
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _parts(item, depth - 1)


def _text(value: Any) -> str:
    """Return the text of an error of any form; empty if it has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_text, value)))
    if not isinstance(value, Mapping):
        return ""
    if isinstance(value.get("loc"), list) and isinstance(value.get("msg"), str):
        return f"{'.'.join(map(str, value['loc']))}: {value['msg']}"  # of pydantic
    if isinstance(value.get("base_resp"), Mapping):
        base = value["base_resp"]
        if _is_failure_code(base.get("status_code")):
            return str(base.get("status_msg") or f"status code {base['status_code']}")
    texts = (_text(value[name]) for name in _TEXT_KEYS if value.get(name))
    text = next(filter(None, texts), "")
    upstream = _upstream(value.get("metadata"))
    if upstream and upstream not in text:
        text = f"{text}: {upstream}" if text else upstream
    return text or json.dumps(value, ensure_ascii=False, default=str)


def _upstream(metadata: Any) -> str:
    if not isinstance(metadata, Mapping):
        return ""
    texts = (metadata.get(name) for name in _UPSTREAM)
    text = next((text for text in texts if isinstance(text, str) and text), "")
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _text(inner) or text


def _codes(parts: list[Mapping[str, Any]]) -> Iterable[str]:
    seen: set[str] = set()
    for part in parts:
        for name in _CODE_KEYS:
            value = part.get(name)
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                seen.add(str(value))
    return sorted(seen - {"None", "error"})


def _fields(part: Mapping[str, Any]) -> Iterable[str]:
    """Yield the members of the request that an error names as its subject."""
    param = part.get("param")
    if isinstance(param, str):
        yield param
    loc = part.get("loc")
    if isinstance(loc, list):
        yield from (str(name) for name in loc if name != "body")
    violations = part.get("fieldViolations")
    for violation in violations if isinstance(violations, list) else ():
        if isinstance(violation, Mapping) and isinstance(violation.get("field"), str):
            yield violation["field"]


def _wrote(part: Mapping[str, Any]) -> bool:
    return isinstance(part.get("failed_generation"), str)


def _status(parts: list[Mapping[str, Any]]) -> int | None:
    """Return the HTTP status that the body names; ``None`` if it names none."""
    for part in parts:
        for name in _members_named(part, _STATUSES):
            value = part.get(name)
            number = str(value) if isinstance(value, (int, str)) else ""
            if re.fullmatch(r"[45]\d\d", number):
                return int(number)
    return None


def _status_inside(parts: list[Mapping[str, Any]], code: str, text: str) -> int | None:
    """Return the status that a proxy hides behind its 5xx; ``None`` if it hides none."""
    named = _status(parts)
    if named in _FINAL:
        return named
    words = f"{code} {text}"[:_LONGEST]
    for status, pattern in _FINAL_WORDS:
        if re.search(pattern, words, re.IGNORECASE) and not _LOADING.search(words):
            return status
    return None


def _status_of_words(words: str) -> int:
    for status, pattern in _STATUS_BY_WORD:
        if re.search(pattern, words[:_LONGEST], re.IGNORECASE):
            return status
    return _UNKNOWN_STATUS


def _one_line(text: str) -> str:
    return " ".join(text[:_LONGEST].split()).rstrip(".")
