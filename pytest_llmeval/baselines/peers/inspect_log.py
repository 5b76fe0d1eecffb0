"""The logs of inspect_ai: ``.eval`` archives, and its older logs in JSON.

The members are those of ``EvalLog`` and ``EvalSample``
(https://inspect.aisi.org.uk/reference/inspect_ai.log.html). Letters and words become numbers as
``value_to_float`` of inspect_ai makes them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_llmeval.baselines.columns import Columns, texts_note
from pytest_llmeval.baselines.peers.archive import Archive, opened_archive
from pytest_llmeval.baselines.peers.document import Node, parse_document
from pytest_llmeval.baselines.peers.inspect_methods import (
    first_reducer,
    inspect_methods,
    of_metric,
    scorer_names,
)
from pytest_llmeval.baselines.peers.samples import PeerRun, PeerSample, tags_of, text_of
from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.sampling import MEAN

_TOOL = "inspect_ai"
_EXACT = {"exact", "match"}
"""Scorers that require the target to the letter."""

_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_WHOLE = re.compile(r"samples/[^/]+\.json")
_IN_PARTS = re.compile(r"samples/[^/]+/sample\.json")
"""A sample that is so large that its messages and events have entries of their own."""

_ATTACHMENT = "attachment://"
_FINISHED = ("success", "error", "cancelled")
_MODEL_GRADED = "model_graded"
"""How the names of inspect_ai's own scorers begin that ask a model."""


@dataclass
class _Kinds:
    """Which scorers gave letters and which gave numbers.

    Attributes:
        letters: How often a metric was a letter, a word, or true or false.
        numbers: How often it was a number.
        texts: Where it was another text.
    """

    letters: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    texts: dict[str, list[Node]] = field(default_factory=dict)

    def notes(self) -> Iterator[str]:
        """Yield the texts among the scores of a metric, in words.

        Raises:
            InputError: Most values of a metric are such texts, so it is no score.
        """
        for metric, nodes in self.texts.items():
            if len(nodes) >= self.letters[metric] + self.numbers[metric]:
                raise _no_score(nodes[0])
            yield texts_note(nodes[0].file, repr(nodes[0].value), metric, len(nodes))


def is_inspect_log(document: Any) -> bool:
    """Return whether a JSON document is a log of inspect_ai."""
    return isinstance(document, dict) and isinstance(document.get("eval"), dict)


def read_archive(path: Path, columns: Columns) -> PeerRun:
    """Read an ``.eval`` log.

    Raises:
        InputError: It cannot be read, is not finished, or holds a value that is no score.
        MissingExtraError: A package that unpacks it is not installed.
    """
    with opened_archive(path) as archive:
        names = archive.names
        if "header.json" not in names:
            raise InputError(
                f"{path}: found no header.json; allowed: an .eval log of {_TOOL} that has finished"
            )
        header = _part(archive, "header.json", str(path))
        reductions = Node(str(path), "reductions", None)
        if "reductions.json" in names:
            reductions = _part(archive, "reductions.json")
        return _run(header, _packed_samples(archive), reductions, columns)


def read_inspect_json(document: Node, columns: Columns) -> PeerRun:
    """Read a log in JSON, with the errors of `read_archive`."""
    samples = document.member("samples").items()
    return _run(document, samples, document.member("reductions"), columns)


def _packed_samples(archive: Archive) -> Iterator[Node]:
    """Yield the samples of an archive, each in one entry or in several."""
    for name in archive.names:
        if _WHOLE.fullmatch(name):
            yield _part(archive, name)
        elif _IN_PARTS.fullmatch(name):
            node = _part(archive, name)
            metadata = name.removesuffix("sample.json") + "metadata.json"
            if metadata in archive.names:
                node.members()["metadata"] = _part(archive, metadata).value
            yield node


def _part(archive: Archive, name: str, shown: str = "") -> Node:
    return parse_document(shown or f"{archive.path}!{name}", archive.read(name))


def _run(header: Node, nodes: Iterable[Node], reductions: Node, columns: Columns) -> PeerRun:
    status = header.member("status")
    if status.text() not in _FINISHED:
        raise status.refusal(f"one of {', '.join(_FINISHED)}: a log that has finished")
    kinds = _Kinds()
    taken: dict[tuple[str, float], PeerSample] = {}
    for node in nodes:
        epoch = node.member("epoch").number() or 1.0
        sample = _sample(node, columns, kinds)
        if (sample.id, epoch) in taken:
            raise InputError(
                f"{node.file}: found sample {sample.id!r} of epoch {epoch:g} twice; allowed: once"
            )
        taken[sample.id, epoch] = sample
    if not taken:
        raise InputError(
            f"{header.file}: found a log without samples; allowed: one that has them. "
            "Run the task again without --no-log-samples"
        )
    graders = _graders(header)
    samples = [
        replace(taken[key], judges=_judges(taken[key].scores, graders))
        for key in sorted(taken, key=lambda key: key[1])
    ]
    samples += _absent(header, samples)
    graded = replace(columns.scale, low=0.0, high=1.0)
    scales = dict.fromkeys(kinds.letters.keys() - kinds.numbers.keys(), graded)
    metrics = {metric for sample in samples for metric in sample.scores}
    epochs = max(Counter(sample.id for sample in samples).values())
    return PeerRun(
        header.file,
        _TOOL,
        samples,
        scales,
        reduced=_reduced(header, reductions, samples, columns),
        methods=inspect_methods(header, metrics, epochs),
        notes=tuple(kinds.notes()),
    )


def _graders(header: Node) -> dict[str, str]:
    """Return the model that grades by scorer; one of inspect_ai without a model asks the tested."""
    evaluated = header.member("eval")
    role = evaluated.member("model_roles").member("grader")
    usual = _model(role) or evaluated.member("model").text()
    graders: dict[str, str] = {}
    for name, scorer in scorer_names(header):
        model = _model(scorer.member("options").member("model"))
        if not model and name.startswith(_MODEL_GRADED):
            model = usual
        if model:
            graders[name] = model
    return graders


def _model(node: Node) -> str:
    """Return the name of a model, or of several as one text."""
    if isinstance(node.value, dict):
        return node.member("model").text()
    return text_of(node.value) or ""


def _judges(scores: Iterable[str], graders: Mapping[str, str]) -> dict[str, str]:
    """Return the grader by metric, of which a scorer may have several."""
    known = {metric: of_metric(graders, metric) for metric in scores}
    return {metric: grader for metric, grader in known.items() if grader}


def _absent(header: Node, samples: Sequence[PeerSample]) -> Iterator[PeerSample]:
    """Yield an unscored sample for each test that has fewer samples than the log planned."""
    evaluated = header.member("eval")
    planned = evaluated.member("dataset").member("sample_ids")
    if header.member("results").member("early_stopping").value is not None:
        return
    if planned.value is None and header.member("status").value != "success":
        raise planned.refusal("the ids of the samples, since the log did not end with success")
    epochs = evaluated.member("config").member("epochs").number() or 1.0
    taken = Counter(sample.id for sample in samples)
    for name in planned.items():
        if taken[_text_id(name)] < epochs:
            yield PeerSample(_text_id(name), error="it did not run")


def _text_id(node: Node) -> str:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, str)) or node.value == "":
        raise node.refusal("the id of a sample, a text or a whole number")
    try:
        return str(node.value)
    except ValueError:  # a whole number of thousands of digits
        raise node.refusal("an id of fewer digits") from None


def _sample(node: Node, columns: Columns, kinds: _Kinds) -> PeerSample:
    metadata = node.member("metadata").members()
    name = _text_id(node.member("id"))
    tags = tags_of(metadata)
    question, reference = _question(node), text_of(node.member("target").value) or ""
    target = node.member("target").value
    sample = PeerSample(
        name,
        tags=tags,
        metadata=metadata,
        question=question,
        reference=reference,
        expected=target if isinstance(target, str) else None,
        is_exact=not _EXACT.isdisjoint(node.member("scores").members()),
    )
    error = _error(node)
    if error:
        return replace(sample, error=error)
    scorers = dict(node.member("scores").named())
    if node.member("score").value is not None:
        scorers.setdefault("score", node.member("score"))
    scores: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for scorer, score in scorers.items():
        for metric, value in _metrics(scorer, score.member("value")):
            if not columns.score or metric in columns.score:
                scores[metric] = _number(value, metric, kinds)
                if isinstance(explanation := score.member("explanation").value, str):
                    reasons[metric] = explanation
    error = "" if scorers else "no scorer gave it a score"
    return replace(sample, scores=scores, error=error, answer=_answer(node), reasons=reasons)


def _question(node: Node) -> str:
    """Return the input and the choices; empty if a part of it stands elsewhere."""
    messages = node.member("input").value
    if isinstance(messages, list):
        # The ids of messages are new in each run.
        messages = [
            {name: value for name, value in message.items() if name in ("role", "content")}
            for message in messages
            if isinstance(message, dict)
        ]
    parts = [text_of(part) for part in (messages, node.member("choices").value) if part]
    question = "\n".join(part for part in parts if part)
    return "" if _ATTACHMENT in question else question


def _error(node: Node) -> str:
    """Return why a sample is not judged; empty if it is."""
    if node.member("error").value is not None:
        return "it ended with an error"
    if node.member("limit").value is not None:
        return "it was stopped by a limit"
    if node.member("invalidation").value is not None:
        return "it was declared invalid"
    choices = node.member("output").member("choices").items()
    if choices and choices[0].member("stop_reason").value == "content_filter":
        return "the provider refused it"
    return ""


def _metrics(scorer: str, value: Node) -> Iterator[tuple[str, Node]]:
    """Yield the metrics of a scorer: one, or one per key of a score that is an object."""
    if not isinstance(value.value, dict):
        yield scorer, value
        return
    for key, part in value.named():
        yield f"{scorer}.{key}", part


def _number(node: Node, metric: str, kinds: _Kinds) -> float | None:
    """Return a score as inspect_ai makes it a number; ``None`` if it is unscored."""
    value = node.value
    if isinstance(value, bool):
        kinds.letters[metric] += 1
        return float(value)
    if not isinstance(value, str):
        if isinstance(value, list):
            raise _no_score(node)
        number = node.number()
        if number is not None:
            kinds.numbers[metric] += 1
        return number
    known = _LETTERS.get(value, _WORDS.get(value.lower()))
    if known is not None:
        kinds.letters[metric] += 1
        return known
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        kinds.numbers[metric] += 1
        return number
    kinds.texts.setdefault(metric, []).append(node)
    return None


def _no_score(node: Node) -> InputError:
    return node.refusal(
        "a number, one of C, P, I, N, yes, no, true, false, or an object of these; "
        "compare only the scores that are: --score NAME"
    )


def _answer(node: Node) -> str | None:
    """Return the text of the first choice, which may stand among the attachments."""
    # What an agent did with its tools is more than its last text.
    if any(message.member("role").value == "tool" for message in node.member("messages").items()):
        return None
    output = node.member("output")
    text = output.member("completion").value
    if not isinstance(text, str) or not text:
        choices = output.member("choices").items()
        text = choices[0].member("message").member("content").value if choices else None
    if isinstance(text, list):
        parts = [part.get("text") for part in text if isinstance(part, dict)]
        text = "\n".join(part for part in parts if isinstance(part, str))
    if not isinstance(text, str) or not text:
        return None
    if text.startswith(_ATTACHMENT):
        attached = node.member("attachments").members().get(text.removeprefix(_ATTACHMENT))
        return attached if isinstance(attached, str) else None
    return text


def _reduced(
    header: Node, reductions: Node, samples: Sequence[PeerSample], columns: Columns
) -> Mapping[tuple[str, str], float]:
    """Return the values that the first reducer of the log made of the epochs, unless it is mean."""
    wanted = first_reducer(header) or MEAN
    epochs = Counter(sample.id for sample in samples if sample.is_judged)
    if wanted == MEAN or max(epochs.values(), default=1) < 2:
        return {}
    items = [item for item in reductions.items() if item.member("reducer").value == wanted]
    if not items:
        raise reductions.refusal(f"the values that {wanted!r} makes of the epochs of a sample")
    reduced: dict[tuple[str, str], float] = {}
    for item in items:
        scorer = item.member("scorer").text()
        for sample in item.member("samples").items():
            for metric, value in _metrics(scorer, sample.member("value")):
                if columns.score and metric not in columns.score:
                    continue
                number = _number(value, metric, _Kinds())
                if number is not None:
                    reduced[_text_id(sample.member("sample_id")), metric] = number
    return reduced
