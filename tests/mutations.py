"""Files as a bad disk, a stranger or another program leaves them, made at random from good ones.

``python -m tests.mutations 400 [SEED]`` mutates so many run logs, and a quarter as many of each
other file, and runs the commands that read them: none may end in a traceback.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import shutil
import sqlite3
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from click.testing import CliRunner

from pytest_llmeval.cli import main
from pytest_llmeval.records.call import Completion
from pytest_llmeval.runlog.log import RunLog
from pytest_llmeval.store.judge_file import JudgeFile
from pytest_llmeval.store.sqlite import SqliteStore
from tests.finished_run import make_results, make_run
from tests.peer_files import (
    deepeval_case,
    deepeval_file,
    eval_entries,
    inspect_header,
    inspect_sample,
    junit_text,
    promptfoo_file,
    promptfoo_result,
    promptfoo_table,
    rows,
    write_eval,
    write_json,
    write_zstandard,
)

WRONG: tuple[Any, ...] = (
    None, "", "abc", "\0", "[", "{}", "[]", "null", "5", '{"a": 1}', '[{"a": 1}]', '["x"]', "[[[1]]]", '"x"', "NaN",
    "nonsense", "2025-99-99", 'escaped:"', 'escaped:"\\', "\ud800".encode("utf-8", "surrogatepass"), b"\xff\x00", b"",
    0, -1, 2, 10**9, 2**62, -(2**63), 0.5, -3.7, 1e308, float("inf"), float("-inf"), "x" * 10_000, "é\u2028\x1b[31m",
)  # fmt: skip
"""Values of every type, as a column may hold them."""

DEEP = 100_000
"""Brackets of a line that no parser follows."""

_Place = tuple[Any, Any]
"""What holds a value, and its key."""


def mutate_database(path: Path, draw: random.Random) -> str:
    """Spoil a database in place, and say how."""
    kind = draw.choice(
        ("column", "column", "column", "row", "inner", "inner", "bytes", "cut", "table", "drop")
    )
    if kind in ("bytes", "cut"):
        return mutate_bytes(path, draw, kind)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        tables = [
            name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        tables = [name for name in tables if not name.startswith("sqlite_")]
        table = draw.choice(tables)
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        column = draw.choice(columns)
        value = draw.choice(WRONG)
        if kind == "inner":
            return _mutate_inner(db, table, columns, draw)
        # A refusal of the database leaves the file as it was, which is a case, too.
        with suppress(sqlite3.Error):
            if kind == "column":
                db.execute(f"UPDATE {table} SET {column} = ?", (value,))
            elif kind == "row":
                where = f"rowid = (SELECT rowid FROM {table} ORDER BY random() LIMIT 1)"
                db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))
            elif kind == "table":
                db.execute(f"DROP TABLE {table}")
            else:
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        return f"{kind} {table}.{column} = {value!r:.60}"


def _mutate_inner(
    db: sqlite3.Connection, table: str, columns: list[str], draw: random.Random
) -> str:
    """Spoil a value within the JSON of a column, in every row that has it."""
    column = draw.choice(columns)
    seed = draw.random()
    said = "nothing"
    texts = db.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()
    for (text,) in texts:
        document = None
        with suppress(ValueError, TypeError):
            document = json.loads(text)
        if isinstance(document, (dict, list)) and document:
            said = _mutate_document([document], random.Random(seed))
            with suppress(sqlite3.Error):
                spoilt = (json.dumps(document), text)
                db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", spoilt)
    return f"inner {table}.{column}: {said}"


def mutate_bytes(path: Path, draw: random.Random, kind: str = "") -> str:
    """Flip, cut, double or overwrite bytes of a file, and say how."""
    data = bytearray(path.read_bytes())
    kind = kind or draw.choice(("bytes", "cut", "double", "nul", "empty", "latin"))
    position = draw.randrange(max(1, len(data)))
    if kind == "cut":
        data = data[:position]
    elif kind == "double":
        data = data[:position] + data[: position // 2] + data[position:]
    elif kind == "nul":
        data[position : position + 20] = bytes(20)
    elif kind == "empty":
        data = bytearray(
            draw.choice((b"", b"\n", b"\xef\xbb\xbf", b"null", b"[]", b"{}", b"3", b'"x"'))
        )
    elif kind == "latin":
        data[position:position] = "é".encode("latin-1")
    else:
        for _ in range(draw.choice((1, 5, 50))):
            data[draw.randrange(len(data))] = draw.randrange(256)
    path.write_bytes(bytes(data))
    return f"{kind} at {position}"


def mutate_json(path: Path, draw: random.Random) -> str:
    """Spoil one value of a file of JSON or of lines of JSON, and say how."""
    if draw.random() < 0.3:
        return mutate_bytes(path, draw)
    if draw.random() < 0.05:
        path.write_text("[" * DEEP + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
        return "nested deeply"
    text = path.read_text(encoding="utf-8")
    try:
        documents = [json.loads(text)]
    except ValueError:
        documents = [json.loads(line) for line in text.splitlines() if line]
    said = _mutate_document(documents, draw)
    path.write_text("\n".join(json.dumps(document) for document in documents), encoding="utf-8")
    return said


def mutate_archive(path: Path, draw: random.Random) -> str:
    """Spoil the bytes of an archive, or the JSON of one of its entries, and say how."""
    if draw.random() < 0.3:
        return mutate_bytes(path, draw)
    with ZipFile(path) as archive:
        entries = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    name = draw.choice([name for name in entries if not name.startswith("_journal")])
    documents = [entries[name]]
    said = _mutate_document(documents, draw)
    entries[name] = documents[0]
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, json.dumps(content))
    return f"{name}: {said}"


def _mutate_document(documents: list[Any], draw: random.Random) -> str:
    """Replace or remove one member of nested JSON, or every member of a name."""
    places = [place for document in documents for place in _places(document)]
    kind = draw.choice(("any", "any", "container", "text", "name"))
    if kind == "container":
        # Few of all members, and those that the code loops over.
        return _replaced(draw, _of_type(places, (dict, list)), (None, [], {}, "", [None], [[]]))
    if kind == "text":
        return _replaced(draw, _of_type(places, str), ("\ud800", "\udfff a", "a\ud83d", "\0"))
    if kind == "name":
        name = draw.choice(sorted({str(key) for _, key in places}))
        same = [place for place in places if str(place[1]) == name]
        everywhere: Any = draw.choice((None, [], {}, "\ud800", 10**400, True))
        for holder, key in same:
            holder[key] = everywhere
        return f"every {name} = {everywhere!r:.60}"
    holder, key = draw.choice(places)
    texts = [value for value in WRONG if not isinstance(value, bytes)]
    value = draw.choice((*texts, {}, [], [1], {"a": 1}, True, 10**400))
    if draw.random() < 0.25:
        del holder[key]
        value = "nothing"
    else:
        holder[key] = value
    return f"{key} = {value!r:.60}"


def _of_type(places: list[_Place], types: type | tuple[type, ...]) -> list[_Place]:
    fitting = [(holder, key) for holder, key in places if isinstance(holder[key], types)]
    return fitting or places


def _replaced(draw: random.Random, places: list[_Place], values: Sequence[Any]) -> str:
    holder, key = draw.choice(places)
    value = draw.choice(values)
    holder[key] = value
    return f"{key} = {value!r:.60}"


def _places(value: Any) -> Iterator[_Place]:
    """Yield every member of nested JSON, as what holds it and its key."""
    members: list[_Place] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    for key, inner in members:
        yield value, key
        yield from _places(inner)


def ends_badly(arguments: Sequence[str]) -> str:
    """Run a command; return its traceback, or what is wrong with its error, or ``""``."""
    result = CliRunner().invoke(main, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return "".join(traceback.format_exception(result.exception))
    if "Traceback" in result.output:
        return result.output
    if result.exit_code not in (0, 1, 2, 10):
        return f"exit code {result.exit_code}: {result.output}"
    return ""


Mutate = Callable[[Path, random.Random], str]
Commands = Callable[[Path], list[list[str]]]


def failures(
    good: Path, count: int, seed: int, mutate: Mutate, commands: Commands
) -> Iterator[tuple[str, list[str], str]]:
    """Yield every bad end of a command on a mutated file: the mutation, the command, the traceback.

    Args:
        good: The file that is mutated, a copy each time.
        count: Number of mutations.
        seed: What the mutations depend on.
        mutate: Spoils a file.
        commands: Returns the arguments of the commands for a file.
    """
    for number in range(count):
        draw = random.Random(f"{seed} {number}")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / good.name
            shutil.copy(good, file)
            said = mutate(file, draw)
            for arguments in commands(file):
                trace = ends_badly(arguments)
                if trace:
                    yield f"{number}: {said}", arguments, trace


def summarize(name: str, count: int, found: Iterator[tuple[str, list[str], str]]) -> int:
    """Print the bad ends of a kind of file, one of each kind in full."""
    ends = list(found)
    kinds = Counter(trace.strip().splitlines()[-1][:100] for _, _, trace in ends)
    files = len({said for said, _, _ in ends})
    sys.stdout.write(f"{name}: {files} of {count} files, {len(ends)} commands\n")
    for kind, times in kinds.most_common():
        said, arguments, trace = next(
            end for end in ends if kind in end[2].strip().splitlines()[-1]
        )
        place = [line for line in trace.splitlines() if "pytest_llmeval" in line][-1:]
        sys.stdout.write(
            f"  {times} x {kind}\n    {said}\n    {' '.join(arguments)[:150]}\n    {place}\n"
        )
    sys.stdout.flush()
    return files


@dataclass(frozen=True)
class Kind:
    """A kind of file that commands read.

    Attributes:
        name: Name of a good file.
        mutate: Spoils one.
        commands: Returns the arguments of the commands for a file.
    """

    name: str
    mutate: Mutate
    commands: Commands


def make_good_files(folder: Path) -> list[Kind]:
    """Make one good file of every kind, and the commands that read it; the run log is first."""
    log = folder / "runs.sqlite"
    report = folder / "good.json"
    with closing(RunLog(str(log))) as runs:
        for name in ("oldest", "before", "after"):
            run = dataclasses.replace(make_run(), id=f"run-{name}", name=name, exit_code=1)
            runs.begin(run)
            for result in make_results():
                runs.add(run.id, result)
            runs.finish(run)
    for arguments in (
        ("report", "--log", str(log), "--json", str(report), "--html="),
        ("baseline", "accept", "--log", str(log), "--to", str(folder / "base.jsonl")),
    ):
        if trace := ends_badly(arguments):
            raise RuntimeError(trace)
    _fill_store(folder / "completions.sqlite")
    JudgeFile(folder / "judges.json").note(
        "rubric/1:5f2d0c9a41be", name="rubric", model="m", selftest=None
    )
    excused = [
        {"id": name, "until": "2099-01-01", "reason": "flaky"} for name in ("refund-policy", "a::b")
    ]
    (folder / "quarantine.json").write_text(json.dumps(excused), encoding="utf-8")
    (folder / "quarantine.csv").write_text("id,until,reason\nrefund-policy,2099-01-01,flaky\n")
    (folder / "labels.csv").write_text("id,human,judge\nrefund-policy,4,5\nshipping,2,3\n")

    other_log = ("--log", str(folder / "other.sqlite"))
    into = ("--log", str(folder / "merged.sqlite"), "--html=")
    judge = ("--judge-model", "m", "--judge-base-url", "http://127.0.0.1:9/v1", "--dry-run")

    def of_log(file: Path) -> list[list[str]]:
        read = ("--log", str(file))
        outputs = [f"--{kind}={folder / 'out'}.{kind}" for kind in ("json", "html", "csv")]
        return [
            ["report", *read, *outputs, f"--summary={folder / 'out.md'}"],
            ["history", *read],
            ["history", *read, "--json", str(folder / "history.json")],
            ["history", *read, "--case", "refund"],
            ["compare", "before", "after", *read],
            ["baseline", "accept", *read, "--to", str(folder / "accepted.jsonl")],
            ["merge", str(file), *into],
            ["rescore", "before", *read, *judge, "--no-cache"],
        ]

    def of_report(file: Path) -> list[list[str]]:
        return [
            ["compare", str(file), str(report), *other_log],
            ["compare", str(report), str(file), *other_log],
            ["merge", str(file), *into],
            ["baseline", "accept", str(file), "--to", str(folder / "accepted.jsonl")],
            ["merge", str(log), *into, "--baseline", str(file)],
        ]

    def of_baseline(file: Path) -> list[list[str]]:
        return [
            ["compare", str(file), str(report), *other_log],
            ["compare", str(report), str(file), *other_log],
            ["merge", str(log), *into, "--baseline", str(file)],
        ]

    def of_quarantine(file: Path) -> list[list[str]]:
        excusing = ("--quarantine", str(file))
        compare = ["compare", "before", "after", "--log", str(log), *excusing]
        return [["merge", str(log), *into, *excusing], compare]

    def of_judges(file: Path) -> list[list[str]]:
        return [["rescore", "before", "--log", str(log), *judge, "--judges", str(file)]]

    def of_store(file: Path) -> list[list[str]]:
        store = ("--store", str(file))
        prune = ["cache", "prune", "--older-than", "5", *store]
        return [["cache", "info", *store], prune, ["cache", "clear", *store]]

    def of_labels(file: Path) -> list[list[str]]:
        return [
            ["calibrate", str(file), "--log", str(log), *judge],
            ["compare", str(file), str(report), *other_log],
        ]

    return [
        Kind("runs.sqlite", mutate_database, of_log),
        Kind("good.json", mutate_json, of_report),
        Kind("base.jsonl", mutate_json, of_baseline),
        Kind("quarantine.json", mutate_json, of_quarantine),
        Kind("quarantine.csv", mutate_bytes, of_quarantine),
        Kind("judges.json", mutate_json, of_judges),
        Kind("completions.sqlite", mutate_database, of_store),
        Kind("labels.csv", mutate_bytes, of_labels),
        *make_tool_files(folder),
    ]


def make_tool_files(folder: Path) -> list[Kind]:
    """Make one good result file of every tool, and the commands that read it."""
    some = rows(8, wrong=[3], broken=[5])
    samples = [inspect_sample(row) for row in some]
    results = [promptfoo_result(row, n, named={"tone": 0.5}) for n, row in enumerate(some)]
    cases = [deepeval_case(row, order) for order, row in enumerate(some)]
    write_eval(folder / "deflated.eval", samples)
    write_zstandard(folder / "zstandard.eval", eval_entries(samples))
    write_json(folder / "inspect.json", inspect_header(samples) | {"samples": samples})
    write_json(folder / "promptfoo.json", promptfoo_file(results))
    write_json(folder / "table.json", promptfoo_table(some))
    write_json(folder / "deepeval.json", deepeval_file(cases))
    (folder / "lines.jsonl").write_text("\n".join(map(json.dumps, results)), encoding="utf-8")
    (folder / "junit.xml").write_text(junit_text(some), encoding="utf-8")

    def of_tool(file: Path) -> list[list[str]]:
        good = str(folder / file.name)
        return [
            ["compare", str(file), good],
            ["compare", good, str(file), "--cluster", "doc", "--json", str(folder / "out.json")],
        ]

    mutators = {
        "deflated.eval": mutate_archive,
        "zstandard.eval": mutate_bytes,
        "inspect.json": mutate_json,
        "promptfoo.json": mutate_json,
        "table.json": mutate_json,
        "deepeval.json": mutate_json,
        "lines.jsonl": mutate_json,
        "junit.xml": mutate_bytes,
    }
    return [Kind(name, mutate, of_tool) for name, mutate in mutators.items()]


def _fill_store(path: Path) -> None:
    async def fill() -> None:
        store = SqliteStore(path, "run")
        for number in range(20):
            await store.claim(f"key-{number}")
            await store.put(
                f"key-{number}",
                Completion(f"Answer {number}.", model="m", made_at="2025-01-01T00:00:00+00:00"),
            )
        await store.close()

    asyncio.run(fill())


def _main(count: int, seed: int = 1) -> int:
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in make_good_files(Path(folder)):
            number = count if kind.name == "runs.sqlite" else count // 4
            found = failures(Path(folder) / kind.name, number, seed, kind.mutate, kind.commands)
            bad += summarize(kind.name, number, found)
    return bool(bad)


if __name__ == "__main__":
    raise SystemExit(_main(*map(int, sys.argv[1:])))
