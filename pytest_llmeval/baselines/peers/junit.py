"""JUnit XML: the outcome of each test case, and the numbers among its properties.

pytest writes a property with ``record_property`` (https://docs.pytest.org/en/stable/how-to/output.html).
A document type is refused, because only an attack on the reader needs one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import ParseError, XMLParser

from pytest_llmeval.baselines.columns import (
    ANSWERS,
    Columns,
    are_numbers,
    is_no_score,
    is_number,
    texts_note,
)
from pytest_llmeval.baselines.peers.samples import PeerRun, PeerSample
from pytest_llmeval.errors import InputError
from pytest_llmeval.goldens.cells import tag_texts
from pytest_llmeval.text import one_line

_TOOL = "JUnit"
_ROOTS = ("testsuites", "testsuite")
_SCORE_PREFIX, _CASE = "llm_score.", "llm_case"
"""Names of the properties that this package writes."""

_UNSCORED = "unscored"
_CHUNK = 2**20
_OUTCOMES = ("failure", "error", "skipped")
_STATES = {
    "failed": "failure",
    "failure": "failure",
    "error": "error",
    "broken": "error",
    "notrun": "skipped",
    "disabled": "skipped",
    "suppressed": "skipped",
    "skipped": "skipped",
}
"""Outcomes that some tools write as the attribute ``status`` or ``result`` of a test case."""


@dataclass
class _Test:
    """A test case as the file holds it."""

    id: str
    outcomes: set[str] = field(default_factory=set)
    properties: dict[str, list[str]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return the last value of a property; empty without one."""
        return self.properties.get(name, [""])[-1]


class _Refused(Exception):
    """What stands in the file is not allowed; its text names what was found."""


class _Reader:
    """The target of the parser: collects the test cases, and builds no tree."""

    def __init__(self) -> None:
        self.tests: list[_Test] = []
        self.test: _Test | None = None
        self.path: list[str] = []

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise _Refused("a document type")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        if not self.path and tag not in _ROOTS:
            raise _Refused(f"the element {tag!r}")
        self.path.append(tag)
        if tag == "testcase":
            self.test = _Test(_id(attributes), _stated(attributes))
            self.tests.append(self.test)
        elif self.test is not None and tag in _OUTCOMES:
            self.test.outcomes.add(tag)
        elif self.test is not None and tag == "property":
            name, value = attributes.get("name", ""), attributes.get("value", "")
            self.test.properties.setdefault(name, []).append(value)

    def end(self, tag: str) -> None:
        if self.path.pop() == "testcase":
            self.test = None

    def close(self) -> list[_Test]:
        return self.tests


def _id(attributes: Mapping[str, str]) -> str:
    parts = (attributes.get("classname") or attributes.get("file"), attributes.get("name"))
    return "::".join(part for part in parts if part)


def _stated(attributes: Mapping[str, str]) -> set[str]:
    states = (attributes.get(name, "").lower() for name in ("status", "result"))
    return {_STATES[state] for state in states if state in _STATES}


def read_junit(path: Path, columns: Columns) -> PeerRun:
    """Read a JUnit file.

    Raises:
        InputError: It cannot be read, or is no JUnit file.
    """
    tests = _tests(path)
    cells = _cells(tests, columns.cluster)
    numbers = _numbers(cells, columns)
    measures = frozenset(
        metric
        for name, metric in numbers.items()
        if name == metric and is_no_score(name, cells[name])
    )
    samples = [sample for test in tests for sample in _samples(path, test, numbers)]
    counted = {name: sum(map(is_number, texts)) for name, texts in cells.items()}
    texts = {name: counted[name] for name in cells if name not in numbers}
    notes = tuple(_notes(path, cells, numbers))
    return PeerRun(
        str(path), _TOOL, samples, is_mixed=True, measures=measures, texts=texts, notes=notes
    )


def _tests(path: Path) -> list[_Test]:
    reader = _Reader()
    parser = XMLParser(target=reader)
    allowed = f"a JUnit file, whose outermost element is {' or '.join(_ROOTS)}"
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.feed(chunk)
        parser.close()
    except _Refused as why:
        raise InputError(f"{path}: found {why}; allowed: {allowed}") from None
    except (OSError, ValueError, LookupError, ParseError) as error:
        raise InputError(f"{path}: cannot be read as XML: {error}; allowed: {allowed}") from None
    return reader.tests


def _cells(tests: list[_Test], cluster: str) -> dict[str, list[str]]:
    """Return the texts of each property that may be a score."""
    others = {*ANSWERS, _CASE, cluster, ""}
    cells: dict[str, list[str]] = {}
    for test in tests:
        for name, values in test.properties.items():
            if name not in others:
                texts = [value for value in values if not _is_empty(value)]
                cells.setdefault(name, []).extend(texts)
    cells = {name: values for name, values in cells.items() if values}
    return cells


def _numbers(cells: Mapping[str, list[str]], columns: Columns) -> dict[str, str]:
    """Return the properties that are metrics, with the names of these metrics.

    A text among numbers is a score that could not be made. It must not hide the others.
    """
    scored = [name for name in cells if name.startswith(_SCORE_PREFIX)]
    candidates = scored or [
        name for name, texts in cells.items() if name in columns.known or are_numbers(texts)
    ]
    return {name: name.removeprefix(_SCORE_PREFIX) for name in candidates}


def _notes(path: Path, cells: Mapping[str, list[str]], numbers: Mapping[str, str]) -> Iterator[str]:
    """Yield the texts among the values of each metric, in words."""
    for name, metric in numbers.items():
        texts = [text for text in cells[name] if not is_number(text)]
        if texts:
            yield texts_note(str(path), repr(one_line(texts[0], 40)), metric, len(texts))


def _is_empty(text: str) -> bool:
    return text.strip() in ("", _UNSCORED)


def _samples(path: Path, test: _Test, numbers: Mapping[str, str]) -> Iterator[PeerSample]:
    """Yield the samples of a test: one for each value of a metric that it has recorded."""
    name = test.value(_CASE) or test.id
    if not name:
        raise InputError(f"{path}: found a testcase without a name; allowed: each with a name")
    values = {
        metric: test.properties[key] for key, metric in numbers.items() if key in test.properties
    }
    repeats = max(map(len, values.values()), default=1)
    for metric, texts in values.items():
        if len(texts) not in (1, repeats):
            raise InputError(
                f"{path}: found {len(texts)} values of {metric} in {name}, and {repeats} of "
                f"another score; allowed: one of each, or as many of each"
            )
    for number in range(repeats):
        # A score that was recorded once belongs to each of the samples.
        taken = {metric: texts[min(number, len(texts) - 1)] for metric, texts in values.items()}
        scores = {metric: _value(text) for metric, text in taken.items()}
        yield _sample(name, test, numbers, scores)


def _sample(
    name: str, test: _Test, numbers: Mapping[str, str], scores: Mapping[str, float | None]
) -> PeerSample:
    others = {*numbers, *ANSWERS, _CASE}
    metadata = {key: test.value(key) for key in test.properties if key not in others}
    answers = (test.value(key) for key in ANSWERS if test.value(key))
    is_skipped = "skipped" in test.outcomes and "error" not in test.outcomes
    return PeerSample(
        name,
        scores,
        is_passed=None if is_skipped else not test.outcomes,
        error="it ended with an error" if "error" in test.outcomes else "",
        is_skipped=is_skipped,
        answer=next(answers, None),
        tags=tuple(
            tag
            for key in ("tags", "tag")
            for text in test.properties.get(key, ())
            for tag in tag_texts(text)
        ),
        metadata=metadata,
    )


def _value(text: str) -> float | None:
    """Return a score; ``None`` if it is unscored."""
    number = float(text) if is_number(text) else math.nan
    return None if math.isnan(number) else number
