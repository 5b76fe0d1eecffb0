"""What templates and filters can say about a case."""

from __future__ import annotations

from typing import Any

from pytest_llmeval.records import Case


def variables(case: Case) -> dict[str, Any]:
    """The names that stand for a case in a Jinja2 template or expression.

    ``id, prompt, messages, expected, contexts, tags, file, must_pass, metadata``, and every metadata column under its
    own name where that is an identifier and none of the former.
    """
    own = {
        "id": case.id,
        "prompt": case.prompt,
        "messages": case.messages,
        "expected": case.expected,
        "contexts": case.contexts,
        "tags": case.tags,
        "file": case.source.file,
        "must_pass": case.must_pass,
        "metadata": case.metadata,
    }
    columns = {name: value for name, value in case.metadata.items() if name.isidentifier() and name not in own}
    return {**own, **columns}
