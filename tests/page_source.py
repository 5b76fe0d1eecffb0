"""The sources of the page that is the HTML report: its script, its styles and its templates, taken apart for tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, nodes
from pygments.lexers.javascript import JavascriptLexer
from pygments.token import Comment, Name, Operator, Punctuation, String

FOLDER = Path(__file__).parents[1] / "pytest_llmeval" / "reports" / "html" / "templates"

ATTRIBUTES = re.compile(r"""\b(?:class|id|for|aria-labelledby|aria-describedby)="([^"]*)\"""")
TAGS = re.compile(r"<[^>]*>")
CSS_NAMES = re.compile(r"(?:[.#]|--)([a-zA-Z][\w-]*)")
CSS_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)

OPENING, CLOSING = {"(", "[", "{", "${"}, {")", "]", "}"}

Found = Iterator[tuple[int, str]]
"""Lines and what stands on them."""


@dataclass
class _Frame:
    """What is between two brackets: whether it is inside a conditional expression, now and from its start on."""

    began_inside: bool
    is_inside: bool


def sources_of_page(*kinds: str) -> list[Path]:
    """The files of these kinds, by their suffix."""
    return sorted(path for path in FOLDER.rglob("*.*") if path.suffix.removeprefix(".") in kinds)


def tokens(script: str) -> Iterator[tuple[int, object, str]]:
    line = 1
    for kind, text in JavascriptLexer(ensurenl=False, stripnl=False).get_tokens(script):
        yield line, kind, text
        line += text.count("\n")


def script_names(script: str) -> Found:
    """Every identifier, and every string without a space: it is a class, an id, a key or an event."""
    for line, kind, text in tokens(script):
        if kind in Name or (kind in String and kind not in String.Regex and " " not in text):
            yield line, text


def script_texts(script: str) -> Found:
    """Every comment, and every string with a space."""
    for line, kind, text in tokens(script):
        if kind in Comment or (kind in String and kind not in String.Regex and " " in text):
            yield line, text


def style_names(style: str) -> Found:
    """Every class, id and variable."""
    bare = CSS_COMMENTS.sub(lambda comment: "\n" * comment[0].count("\n"), style)
    for number, line in enumerate(bare.splitlines(), 1):
        for name in CSS_NAMES.findall(line):
            yield number, name


def style_texts(style: str) -> Found:
    """Every comment."""
    for comment in CSS_COMMENTS.finditer(style):
        yield style.count("\n", 0, comment.start()) + 1, comment[0]


def template_names(template: str) -> Found:
    """Every macro and every variable that the template sets, and the classes and ids of its elements."""
    tree = Environment().parse(template)
    for macro in tree.find_all(nodes.Macro):
        yield macro.lineno, macro.name
    for name in tree.find_all(nodes.Name):
        if name.ctx in ("store", "param"):
            yield name.lineno, name.name
    for number, line in enumerate(template.splitlines(), 1):
        for value in ATTRIBUTES.findall(line):
            yield number, value


def template_texts(template: str) -> Found:
    """Every text between tags, and every string of an expression with a space."""
    tree = Environment().parse(template)
    for data in tree.find_all(nodes.TemplateData):
        yield data.lineno, TAGS.sub(" ", data.data)
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, str) and " " in constant.value.strip():
            yield constant.lineno, constant.value


def nested_conditionals(script: str) -> Iterator[int]:
    """The lines on which a conditional expression begins inside another. The body of a function begins anew."""
    frames = [_Frame(False, False)]
    last = ""
    for (line, kind, text), (_, _, following) in pairwise([*tokens(script), (0, Comment, "")]):
        frame = frames[-1]
        if kind in Operator and text == "?" and following != ".":  # Pygments splits `?.`
            if frame.is_inside:
                yield line
            frame.is_inside = True
        elif (kind in Punctuation or kind in String.Interpol) and text in OPENING:
            is_inside = frame.is_inside and (last, text) != ("=>", "{")
            frames.append(_Frame(is_inside, is_inside))
        elif (kind in Punctuation or kind in String.Interpol) and text in CLOSING:
            frames.pop()
        elif kind in Punctuation and text in (",", ";"):
            frame.is_inside = frame.began_inside
        if text.strip():
            last = text
