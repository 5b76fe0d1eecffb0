"""The body of a reply: its bytes as they were sent, and the JSON document in them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from html import unescape
from typing import Any

from pytest_llmeval.errors import BadReply
from pytest_llmeval.providers.openai.size import MOST_BYTES, too_large

EXCERPT = 200
"""Number of characters of an unreadable reply in an error."""

_CLAIMED = "claimed_content_encoding"
_GZIP = b"\x1f\x8b"
_HEAD = 64
"""Bytes that show whether a body is text."""

_PART = 2**14
"""Bytes that are decompressed at a time: they may unpack to a thousand times as many."""

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_LONGEST_PAGE = 5_000
"""Characters of a page that are searched for its title."""

_HTML = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml)\b", re.IGNORECASE)
_EVENTS = re.compile(r"\s*(?::[^\n]*\n\s*)*(?:data|event|id|retry):")
_NO_STREAM = 'Set {"stream": false} in --llm-extra-body (--llm-judge-extra-body for the judge).'
_STREAMED = "Remove stream from the extra body: a reply must come in one piece."


async def keep_encoded(response: Any) -> None:
    """Have the body read as it was sent, for an event hook of the client.

    A proxy may name a Content-Encoding that the body does not have, and the client would then find
    no answer in it.
    """
    claimed = response.headers.pop("content-encoding", None)
    if claimed:
        response.extensions[_CLAIMED] = claimed


def _body_bytes(response: Any) -> bytes:
    """Return the body of a response, decompressed if it is compressed, whatever the header says.

    Raises:
        BadReply: It cannot be decompressed.
    """
    data: bytes = response.content
    claimed = response.extensions.get(_CLAIMED, "")
    if not claimed and not data.startswith(_GZIP):
        return data
    if _is_text(data):
        return data
    for encoding in (claimed, "gzip"):
        decoded = _decompressed(type(response), encoding, data)
        if decoded and decoded != data:
            return decoded
    named = f"the content encoding {claimed!r}" if claimed else "gzip"
    raise BadReply(f"the body cannot be decoded: it is not valid for {named}")


def _decompressed(response_class: Any, encoding: str, data: bytes) -> bytes:
    """Return a body decompressed; empty if it is not in this encoding.

    Raises:
        BadReply: It is too large.
    """
    parts = (data[start : start + _PART] for start in range(0, len(data), _PART))
    # The response class of the client knows every encoding that can be decoded here.
    response = response_class(200, headers={"content-encoding": encoding}, content=parts)
    decompressed = bytearray()
    try:
        for part in response.iter_bytes():
            decompressed += part
            if len(decompressed) > MOST_BYTES:
                raise too_large()
    except BadReply:
        raise
    except Exception:  # each library of each encoding has its own errors
        return b""
    return bytes(decompressed)


def _is_text(data: bytes) -> bool:
    """Return whether a body begins as text does, without control characters."""
    head = data[:_HEAD]
    if any(byte < 9 or 13 < byte < 32 for byte in head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3  # a character that the cut has divided
    return True


def body_text(response: Any) -> str:
    """Return the body of a response as text, by its bytes.

    JSON is UTF-8 (RFC 8259, 8.1), or names another encoding by its first bytes. The charset of the
    header counts only where the bytes are none of these.

    Raises:
        BadReply: The body cannot be decoded.
    """
    data = _body_bytes(response)
    encodings = (json.detect_encoding(data), response.charset_encoding)
    for encoding in filter(None, encodings):
        with suppress(UnicodeDecodeError, LookupError):
            return data.decode(encoding).removeprefix("\ufeff")
    raise BadReply(
        f"the body is text neither in UTF-8 nor in the encoding of its header; "
        f"it begins {data[:_HEAD]!r}"
    )


def read_document(text: str, is_stream: bool = False) -> Any:
    """Read the one JSON document of a body.

    Args:
        text: The body.
        is_stream: Whether the request demanded a stream.

    Raises:
        BadReply: There is none. The message says what there is instead.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise BadReply(f"the JSON is nested too deeply; the reply begins {_begin(text)}") from None
    except ValueError as error:
        raise _no_document(text, error, is_stream) from None


def _no_document(text: str, error: ValueError, is_stream: bool) -> BadReply:
    """Make the error of a body that is no JSON document."""
    if not text.strip():
        return BadReply("the body is empty")
    if _HTML.match(text):
        bad = BadReply(f"found a web page: {page_text(text)!r}. Check the base URL")
        bad.is_transient = False
        return bad
    is_several = isinstance(error, json.JSONDecodeError) and error.msg == "Extra data"
    if _EVENTS.match(text) or is_several:
        what = "several JSON documents" if is_several else "a stream of events"
        remedy = _STREAMED if is_stream else _NO_STREAM
        bad = BadReply(f"found {what} in one body; the reply begins {_begin(text)}. {remedy}")
        bad.is_transient = False
        return bad
    if text.lstrip()[:1] in ("{", "["):
        return BadReply(
            f"the JSON is broken off or not valid after {len(text):,} characters ({error}); "
            f"the reply begins {_begin(text)}"
        )
    return BadReply(f"found no JSON; the reply begins {_begin(text)}. Check the base URL")


def _begin(text: str) -> str:
    return repr(text[:EXCERPT])


def page_text(text: str) -> str:
    """Return what a web page says: its title, its first heading or its text, on one line."""
    page = text[:_LONGEST_PAGE]
    for part in (_TITLE, _HEADING):
        match = part.search(page)
        if match and match[1].strip():
            return _plain(match[1])
    return _plain(_UNSEEN.sub(" ", page))


def is_page(text: str) -> bool:
    """Return whether a text is a web page."""
    return _HTML.match(text) is not None


def _plain(markup: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", markup)).split())[:EXCERPT]
