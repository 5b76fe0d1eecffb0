from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pytest_llmeval.cli.metrics import metrics
from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.judges.registry import kind_names
from pytest_llmeval.metrics.entry import MetricInfo
from pytest_llmeval.metrics.readability import formulas
from pytest_llmeval.metrics.registry import MetricRegistry
from pytest_llmeval.metrics.similarity import Similarity
from pytest_llmeval.protocols import Scorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Scale

OURS = {
    *formulas(), "text_quality", "toxicity", "sentiment", "bias", "refusal", "exact_match", "contains", "contains_all",
    "contains_any", "contains_none", "starts_with", "regex", "json_schema", "numeric", "math", "bleu", "chrf", "rouge",
    "edit_distance", "similarity", "relevance", "language", "length", "latency", "cost",
}  # fmt: skip
CASE = Case("c", "What?", Source("g.csv", 2))


class Emoji:
    """How many of one emoji the answer has."""

    name = "emoji"
    version = "1"
    scale = Scale(0, None, higher_is_better=False, unit="emoji")

    def __init__(self, which: str = "😀", weight: float = 1, *, limit: int | None = None) -> None:
        self.which, self.weight, self.limit = which, weight, limit

    def score(self, case: Case, completion: Completion) -> float:
        return self.weight * completion.text.count(self.which)


class Labels:
    name = "mood"
    version = "1"

    def __init__(self, label: str) -> None:
        self.name = f"mood.{label}"

    def score(self, case: Case, completion: Completion) -> float:
        return 0.5


@pytest.fixture
def registry() -> MetricRegistry:
    return MetricRegistry()


def test_every_metric_of_ours_is_a_scorer(registry: MetricRegistry) -> None:
    assert {info.name for info in registry.describe()} == OURS
    for name in OURS:
        scorer = registry.create(name, {})
        assert isinstance(scorer, Scorer)
        assert scorer.name == name


def test_the_same_name_and_parameters_give_the_same_object(registry: MetricRegistry) -> None:
    first = registry.create("json_schema", {"schema": {"type": "object"}})
    assert registry.create("json_schema", {"schema": {"type": "object"}}) is first
    assert registry.create("json_schema", {"schema": {"type": "array"}}) is not first
    assert registry.create("json_schema", {}) is not first


def test_a_parameter_goes_before_the_metrics_default_and_that_before_the_familys() -> None:
    registry = MetricRegistry({"readability": {"language": "es"}, "lix": {"language": "sv"}})
    assert registry.create("rix", {}).version.endswith("/es")
    assert registry.create("lix", {}).version.endswith("/sv")
    assert registry.create("lix", {"language": "de"}).version.endswith("/de")


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        (
            "flesch",
            {},
            r"metric: found 'flesch'; allowed: automated_readability_index, .*, words_per_sent",
        ),
        ("smog_indx", {}, "Did you mean 'smog_index'"),
        ("lix.x", {}, "found 'lix.x'"),
        ("toxicity.", {}, "found 'toxicity.'"),
        (
            "contains",
            {"txt": "a"},
            r"metric contains: found 'txt'; allowed: text, ignore_case. Did you mean 't",
        ),
        (
            "contains",
            {"text": 3},
            r"metric contains text: found 3; allowed: str \| None",
        ),
        ("contains", {"ignore_case": "yes"}, "contains ignore_case: found 'yes'; allowed: bool"),
        (
            "difficult_words",
            {"syllable_threshold": True},
            "syllable_threshold: found True; allowed: int",
        ),
        (
            "wiener_sachtextformel",
            {"variant": 5},
            "wiener_sachtextformel variant: found 5; allowed: 1 or 2 or 3 or 4",
        ),
        ("json_schema", {"schema": 3}, "json_schema schema: found 3; allowed: "),
    ],
)
def test_a_wrong_name_or_parameter_is_refused_with_what_is_allowed(
    name: str, params: dict[str, object], message: str, registry: MetricRegistry
) -> None:
    with pytest.raises(SettingError, match=message):
        registry.create(name, params)


def test_a_whole_number_will_do_for_a_number(registry: MetricRegistry) -> None:
    assert registry.create("reading_time", {"ms_per_char": 20}).version.endswith("/ms_per_char=20")


def test_a_class_of_the_users_is_a_factory_with_its_own_parameters(
    registry: MetricRegistry,
) -> None:
    registry.add(Emoji, "conftest.py")
    metric = registry.create("emoji", {"which": "🎉", "weight": 2, "limit": None})
    assert metric.score(CASE, Completion("🎉🎉")) == 4
    with pytest.raises(
        SettingError,
        match=r"metric emoji: found 'wich'; allowed: which, weight, limit\. Did you mean 'which'",
    ):
        registry.create("emoji", {"wich": "🎉"})
    with pytest.raises(SettingError, match=r"metric emoji limit: found '3'; allowed: int \| None"):
        registry.create("emoji", {"limit": "3"})


def test_an_object_of_the_users_is_a_metric_without_parameters(registry: MetricRegistry) -> None:
    metric = Emoji()
    registry.add(metric, "conftest.py")
    made = registry.create("emoji", {})
    assert made is registry.create("emoji", {})
    assert made.score(CASE, Completion("😀")) == metric.score(CASE, Completion("😀"))
    with pytest.raises(SettingError, match="found 'which'; allowed: no parameters"):
        registry.create("emoji", {"which": "🎉"})


def test_a_function_with_a_name_is_a_factory(registry: MetricRegistry) -> None:
    def make(**params: str) -> Emoji:
        return Emoji(params["which"])

    make.name = "party"  # type: ignore[attr-defined]
    registry.add(make, "conftest.py")
    assert registry.create("party", {"which": "🎉"}).score(CASE, Completion("🎉")) == 1


def test_annotations_that_cannot_be_read_are_not_checked(registry: MetricRegistry) -> None:
    def make(first: Unknown, second=1):  # type: ignore[no-untyped-def, name-defined]  # noqa: F821
        return Emoji(first)

    make.name = "odd"  # type: ignore[attr-defined]
    registry.add(make, "conftest.py")
    assert (
        registry.create("odd", {"first": "🎉", "second": "any"}).score(CASE, Completion("🎉")) == 1
    )


def test_a_metric_may_inherit_the_protocol(registry: MetricRegistry) -> None:
    class Inherits(Scorer):
        name = "inherits"
        version = "1"

        def score(self, case: Case, completion: Completion) -> float:
            return 0.5

    registry.add(Inherits, "conftest.py")
    assert registry.create("inherits", {}).score(CASE, Completion("")) == 0.5
    with pytest.raises(InputError):
        registry.create("inherits", {"which": 1})


def test_a_label_of_the_users_metric_is_written_with_a_dot(registry: MetricRegistry) -> None:
    registry.add(Labels, "conftest.py")
    assert registry.create("mood.joy", {}).name == "mood.joy"
    with pytest.raises(
        SettingError, match=r"metric mood: found 'no parameters'; allowed: label\. Give label"
    ):
        registry.create("mood", {})


def test_a_label_given_twice_is_refused(registry: MetricRegistry) -> None:
    with pytest.raises(
        SettingError, match=r"found 'threat'; allowed: insult, as in 'toxicity\.insult'"
    ):
        registry.create("toxicity.insult", {"label": "threat"})


def test_a_name_that_is_taken_is_refused_with_both_origins(registry: MetricRegistry) -> None:
    registry.add(Emoji, "tests/conftest.py")
    with pytest.raises(
        InputError,
        match=r"metric 'emoji' comes twice: from tests/conftest\.py and from other-plugin",
    ):
        registry.add(Emoji(), "other-plugin")


@pytest.mark.parametrize(
    ("metric", "lacking"),
    [
        (object(), "name, version, score"),
        (len, "name"),
        (type("NoVersion", (), {"name": "x", "score": len})(), "version"),
        (type("NoScore", (), {"name": "x", "version": "1"})(), "score"),
        (type("NoName", (), {"version": "1", "score": len}), "name"),
        (type("NumberVersion", (), {"name": "x", "version": 1, "score": len})(), "version"),
    ],
)
def test_an_object_that_is_no_metric_is_refused_with_what_it_lacks(
    metric: object, lacking: str, registry: MetricRegistry
) -> None:
    with pytest.raises(
        InputError, match=rf"conftest\.py: a metric has name, version and score.*lacks {lacking}$"
    ):
        registry.add(metric, "conftest.py")


def test_a_factory_that_fails_or_makes_no_metric_is_named(registry: MetricRegistry) -> None:
    def fails(**_: object) -> object:
        raise LookupError("no model")

    def makes_nothing() -> None:
        return None

    fails.name, makes_nothing.name = "fails", "nothing"  # type: ignore[attr-defined]
    registry.add(fails, "conftest.py")
    registry.add(makes_nothing, "conftest.py")
    with pytest.raises(InputError, match=r"metric 'fails' of conftest\.py: LookupError: no model"):
        registry.create("fails", {})
    with pytest.raises(InputError, match="None lacks name, version, score"):
        registry.create("nothing", {})


def test_a_scale_that_is_none_of_ours_is_refused(registry: MetricRegistry) -> None:
    metric = type("Odd", (), {"name": "odd", "version": "1", "score": len, "scale": (0, 1)})()
    with pytest.raises(InputError, match="has a scale that is no"):
        registry.add(metric, "conftest.py")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package on the path that offers a metric as an entry point."""
    (tmp_path / "shouting.py").write_text(
        "class Shouting:\n"
        "    '''Share of capitals.'''\n"
        "    name, version = 'shouting', '1'\n"
        "    def score(self, case, completion):\n"
        "        return sum(map(str.isupper, completion.text)) / len(completion.text)\n",
        "utf-8",
    )
    info = tmp_path / "llm_shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: llm-shouting\nVersion: 1.0\n", "utf-8"
    )
    points = "[pytest_llmeval.metrics]\nshouting = shouting:Shouting\n"
    (info / "entry_points.txt").write_text(points, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shouting", raising=False)
    return info / "entry_points.txt"


def test_an_installed_package_can_bring_a_metric(installed: Path, registry: MetricRegistry) -> None:
    registry.load_entry_points()
    assert registry.create("shouting", {}).score(CASE, Completion("AB cd")) == pytest.approx(0.4)
    info = next(info for info in registry.describe() if info.name == "shouting")
    assert (info.about, info.origin) == ("Share of capitals.", "llm-shouting (shouting:Shouting)")


def test_a_broken_entry_point_names_its_distribution(
    installed: Path, registry: MetricRegistry
) -> None:
    installed.write_text("[pytest_llmeval.metrics]\nshouting = shouting:Missing\n", "utf-8")
    with pytest.raises(
        InputError,
        match=r"metric 'shouting' of llm-shouting \(shouting:Missing\) cannot be loaded: Attr",
    ):
        registry.load_entry_points()


def test_the_description_tells_parameters_with_defaults(registry: MetricRegistry) -> None:
    registry.add(Labels, "conftest.py")
    infos = {info.name: info for info in registry.describe()}
    assert infos["contains"].params == {"text": "null", "ignore_case": "false"}
    assert infos["mood"].params == {"label": "required"}
    assert infos["lix"].params == {"language": '"en_US"'}
    assert (infos["toxicity"].scale.low, infos["toxicity"].scale.high) == (0, 1)
    assert all(info.about and info.source for info in infos.values() if info.name != "mood")


def test_what_is_handed_to_a_metric_is_no_parameter_of_its_users() -> None:
    class Ruled:
        name, version, needs = "ruled", "1", ("ruler",)

        def __init__(self, ruler: float = 1, offset: float = 0) -> None:
            self.ruler, self.offset = ruler, offset

        def score(self, case: Case, completion: Completion) -> float:
            return len(completion.text) / self.ruler + self.offset

    registry = MetricRegistry(parts={"ruler": lambda: 4.0})
    registry.add(Ruled, "conftest.py")
    assert registry.create("ruled", {"offset": 1}).score(CASE, Completion("12345678")) == 3
    infos = {info.name: info for info in registry.describe()}
    assert (infos["ruled"].params, infos["similarity"].params) == ({"offset": "0"}, {})
    assert infos["similarity"].extra == Similarity.extra
    with pytest.raises(SettingError, match=r"metric ruled: found 'ruler'; allowed: offset"):
        registry.create("ruled", {"ruler": 2})
    with pytest.raises(
        SettingError, match=r"metric similarity: found 'embedder'; allowed: no parameters"
    ):
        registry.create("similarity", {"embedder": "minilm"})


def test_a_metric_says_which_parameter_stands_behind_the_dot(registry: MetricRegistry) -> None:
    names = ("rouge.1", "length.characters", "language.es")
    assert [registry.create(name, {}).name for name in names] == list(names)
    with pytest.raises(SettingError, match=r"metric kind: found '2'; allowed: 1, as in 'rouge\.1'"):
        registry.create("rouge.1", {"kind": "2"})
    with pytest.raises(SettingError, match="found 'contains.refund'"):  # noqa: RUF043
        registry.create("contains.refund", {})


def test_scorers_that_are_made_elsewhere_come_first_in_the_list(registry: MetricRegistry) -> None:
    judge = MetricInfo("rubric", "judges", Scale(0, 5), {}, "how good", "us", "pytest_llmeval")
    infos = registry.describe([judge])
    assert infos[0] is judge
    assert len(infos) == len(OURS) + 1


@pytest.mark.parametrize("name", ["exact_match", "numeric", "math"])
def test_answers_can_be_put_to_the_vote(name: str, registry: MetricRegistry) -> None:
    metric: Any = registry.create(name, {})
    one, other = (
        metric.parse("1000"),
        metric.parse("1000" if name == "exact_match" else "It is 1,000."),
    )
    assert metric.same(one, other)
    assert metric.same(other, one)
    assert not metric.same(one, metric.parse("999"))
    assert metric.parse("") is None


def test_the_command_lists_every_judge_and_metric(installed: Path) -> None:
    result = CliRunner().invoke(metrics)
    assert result.exit_code == 0
    names = {
        line.split()[0]
        for line in result.output.splitlines()
        if line.startswith("  ") and line[2] != " "
    }
    assert names == {*OURS, "shouting", *kind_names()}
    assert "  smog_index  (from 3.1291, US grade, lower is better)" in result.output
    assert "      from: llm-shouting (shouting:Shouting)" in result.output


def test_the_command_says_in_one_line_that_a_package_is_broken(installed: Path) -> None:
    installed.write_text("[pytest_llmeval.metrics]\nshouting = nowhere:Missing\n", "utf-8")
    result = CliRunner().invoke(metrics)
    assert result.exit_code == 2
    assert "llm-shouting (nowhere:Missing) cannot be loaded: ModuleNotFoundError" in result.output


def test_importing_and_filling_the_registry_loads_nothing_heavy() -> None:
    heavy = (
        "{'textstat', 'torch', 'transformers', 'detoxify', 'jsonschema', 'numpy', 'pydantic', 'sacrebleu', 'rouge_score',"
        " 'nltk', 'rapidfuzz', 'latex2sympy2_extended', 'sympy', 'regex', 'vaderSentiment', 'py3langid', 'onnxruntime', 'wordllama'}"
    )
    ours = "from pytest_llmeval.metrics.registry import MetricRegistry; MetricRegistry()"
    code = f"import sys; {ours}; print(set(sys.modules) & {heavy})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"
