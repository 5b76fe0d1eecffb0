"""An address with or without a model: ``[MODEL@]URL``."""

from __future__ import annotations

import re

AZURE_PREFIX = "azure:"
_URL = re.compile(rf"(?:https?://|{AZURE_PREFIX}).*", re.IGNORECASE | re.DOTALL)
_AFTER_MODEL = re.compile(
    rf"(?P<model>.*?)@(?P<url>(?:https?:|{AZURE_PREFIX}).*)", re.IGNORECASE | re.DOTALL
)
_HOST_END = re.compile(r"[/?#]")


def split_model(entry: str) -> tuple[str, str]:
    """Split an entry into model and URL. Each is empty if the entry has none.

    The name of a model may have an ``@`` (Vertex AI's ``claude-3-5-sonnet@20240620``, Cloudflare's
    ``@cf/meta/llama-3``), and so may the path of a URL. So a URL is what begins with a scheme.
    """
    if _URL.fullmatch(entry):
        host = _HOST_END.split(entry.partition("://")[2], maxsplit=1)[0]
        if "@" not in host:
            return "", entry
    match = _AFTER_MODEL.fullmatch(entry)
    if match is not None:
        return match["model"], match["url"]
    return ("", entry) if _URL.fullmatch(entry) else (entry, "")
