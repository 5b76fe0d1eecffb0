"""The pages of the documentation, as the tests read them.

A fenced block is one of four:

- ``console``: lines that start with ``$ `` are commands, the others what they print; ``...`` stands
  for anything.
- a file: the paragraph before it is nothing but its path, in backticks.
- a part of a file of this project: the comment ``<!-- part-of: PATH -->`` stands before it, PATH
  from the root.
- not run: the comment ``<!-- no-run: REASON -->`` stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "docs/reference.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NO_RUN = re.compile(r"<!-- no-run: ([^>]+) -->")
PART_OF = re.compile(r"<!-- part-of: (\S+) -->")


def name_of(page: Path) -> str:
    """The page's path from the root."""
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        line: Line of the page where it opens, from 1.
        language: First word of its info string.
        text: What it holds.
        file: The file that it is, or nothing.
        reason: Why it is not run, or nothing.
        whole: The file of this project that it is a part of, or nothing.
    """

    line: int
    language: str
    text: str
    file: str
    reason: str
    whole: str

    @property
    def commands(self) -> str:
        """The commands of a console block, as a shell script."""
        script, continued = [], False
        for line in self.text.splitlines():
            if line.startswith("$ ") or continued:
                script.append(line.removeprefix("$ "))
                continued = line.endswith("\\")
        return "\n".join(script) + "\n"

    @property
    def output(self) -> str:
        """What the commands of a console block print, with ``...`` for what is left out."""
        commands = set(self.commands.splitlines())
        shown = [line for line in self.text.splitlines() if line.removeprefix("$ ") not in commands]
        return "".join(f"{line}\n" for line in shown)


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    return list(_blocks(MarkdownIt().parse(page.read_text(encoding="utf-8"))))


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    for place, token in enumerate(tokens):
        if token.type == "fence":
            before = tokens[max(0, place - 3) : place]
            comment = before[-1].content if before and before[-1].type == "html_block" else ""
            reason, whole = (_first(pattern, comment) for pattern in (NO_RUN, PART_OF))
            line = token.map[0] + 1 if token.map else 0
            language = (token.info.split() or [""])[0]
            yield Block(line, language, token.content, _caption(before), reason, whole)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _caption(before: list[Token]) -> str:
    if [token.type for token in before] != ["paragraph_open", "inline", "paragraph_close"]:
        return ""
    inline = before[1].children or []
    return inline[0].content if [token.type for token in inline] == ["code_inline"] else ""


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    found = []
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                found.append(str(target))
    return found


def headings(page: Path) -> list[tuple[str, str]]:
    """Level (``h2``) and anchor of a page's headings, the anchor as GitHub makes it."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    texts = [
        (token.tag, inside.content)
        for token, inside in pairwise(tokens)
        if token.type == "heading_open"
    ]
    return [
        (level, re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")) for level, text in texts
    ]
