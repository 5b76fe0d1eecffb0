"""Every block of the documentation runs, or is a file that a command on its page uses."""

from __future__ import annotations

import configparser
import csv
import doctest
import importlib
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.conftest import Reader
from tests.docs.pages import PAGES, ROOT, Block, blocks, name_of

tomllib: Any = importlib.import_module(
    "tomllib" if sys.version_info >= (3, 11) else "tomli"
)  # comes with pytest

NOT_RUN = {"README.md": 3, "docs/judge.md": 3, "docs/metrics.md": 1, "docs/what-answers.md": 1}
"""How many blocks of each page are not run. Each says why; one more needs a good reason."""

ELLIPSIS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
VOLATILE = {
    r"[=_]{2,}": "==",  # rules, as long as the terminal is wide
    r"(?m)^slowest .*": "slowest",
    r"\b[\d.]+ ?m?s\b": "0 s",
    r"\$[\d.]+": "$0",
    r"[\d,]+ tokens": "0 tokens",
    r"\d{8}T\d{6}-[0-9a-f]{6}": "RUN-ID",
    r"\d{4}-\d\d-\d\d \d\d:\d\d UTC": "TIME",
}
"""What differs from run to run, and what it is compared as."""

PARSERS: dict[str, Callable[[str], Any]] = {
    "csv": lambda text: list(csv.reader(StringIO(text), strict=True)),
    "ini": lambda text: configparser.ConfigParser().read_string(text),
    "jinja": str,
    "json": json.loads,
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "python": lambda text: compile(text, "page", "exec"),
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_a_command_a_file_or_marked(page: Path) -> None:
    found = blocks(page)
    known = [
        block
        for block in found
        if block.reason or block.whole or block.language == "console" or block.file
    ]
    assert known == found, [
        f"{name_of(page)}:{block.line}" for block in found if block not in known
    ]
    assert sum(bool(block.reason) for block in found) == NOT_RUN.get(name_of(page), 0)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_reader_who_follows_the_page_sees_what_it_shows(page: Path, reader: Reader) -> None:
    written: list[str] = []
    commands = ""
    for block in blocks(page):
        place = f"{name_of(page)}:{block.line}"
        if block.reason or block.whole:
            continue
        if block.language == "console":
            follow(block, reader, place)
            commands += block.commands
            continue
        PARSERS[block.language](block.text)
        reader.write(block.file, block.text)
        written.append(block.file)
        if block.language == "yaml":
            rehearse(block, reader, place)
    programs = [name for name in written if name.endswith(".py")]
    unused = [
        name
        for name in programs
        if f"python {name}" not in commands and not reader.was_imported(name)
    ]
    assert not unused, f"{name_of(page)}: no command runs {unused}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_part_of_a_file_stands_in_it(page: Path) -> None:
    for block in blocks(page):
        if block.whole:
            shown, lines = (
                block.text.splitlines(),
                (ROOT / block.whole).read_text(encoding="utf-8").splitlines(),
            )
            places = range(len(lines) - len(shown) + 1)
            parts = (
                textwrap.dedent("\n".join(lines[place : place + len(shown)])).splitlines()
                for place in places
            )
            assert shown in parts, f"{name_of(page)}:{block.line} is not in {block.whole}"


def follow(block: Block, reader: Reader, place: str) -> None:
    """Run a console block. Where it shows no output it must succeed, else print just that."""
    if not block.output:
        done = reader.run(f"set -e\n{block.commands}")
        assert done.returncode == 0, f"{place}\n{block.commands}\n{done.stdout}"
        return
    shown, printed = steady(block.output), steady(reader.output(block.commands))
    checker = doctest.OutputChecker()
    if not checker.check_output(shown, printed, ELLIPSIS):
        difference = checker.output_difference(
            doctest.Example(block.commands, shown), printed, ELLIPSIS
        )
        pytest.fail(f"{place}\n{block.commands}\n{difference}", pytrace=False)


def steady(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, standard in VOLATILE.items():
        text = re.sub(pattern, standard, text)
    return text


def rehearse(block: Block, reader: Reader, place: str) -> None:
    """Collect what a CI job would run, with its options."""
    jobs = [
        text
        for text in strings(yaml.safe_load(block.text))
        if text.startswith(("pytest ", "llmeval "))
    ]
    assert jobs, f"{place}: runs neither pytest nor llmeval"
    for job in jobs:
        done = reader.run(f"{job} --collect-only" if job.startswith("pytest") else job)
        assert done.returncode == 0, f"{place}\n{job}\n{done.stdout}"


def strings(value: object) -> Iterator[str]:
    """Every text in a YAML document."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
