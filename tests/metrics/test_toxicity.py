"""Toxicity: the real Detoxify class, on a tiny checkpoint with random weights."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmeval.errors import MissingExtraError, SettingError
from pytest_llmeval.metrics.registry import MetricRegistry
from pytest_llmeval.metrics.toxicity.files import LABELS
from pytest_llmeval.metrics.toxicity.metric import ToxicityMetric
from pytest_llmeval.metrics.toxicity.model import shared_model
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case, Source
from pytest_llmeval.records.score import Score

CASE = Case("c", "What?", Source("g.csv", 2))
TEXTS = ["you are stupid", "kind", "you are kind", "😀 مرحبا", "you " * 300]


def score(metric: ToxicityMetric, text: str) -> Score:
    return metric.score(CASE, Completion(text))


def test_an_answer_that_shows_nothing_is_unscored(metric: ToxicityMetric) -> None:
    assert {score(metric, text).error for text in ("", " ", "\u200b")} == {"the answer is empty"}


@pytest.fixture
def metric(checkpoint: Path) -> ToxicityMetric:
    return ToxicityMetric(str(checkpoint))


@pytest.fixture
def published() -> Iterator[None]:
    """The published models, not yet asked for in this process."""
    shared_model.cache_clear()
    yield
    shared_model.cache_clear()


@pytest.fixture
def altered(
    checkpoint: Path, tmp_path: Path
) -> Callable[[Callable[[dict[str, Any]], None]], ToxicityMetric]:
    """The metric over a copy of the checkpoint in which something was changed."""
    import torch

    def alter(change: Callable[[dict[str, Any]], None]) -> ToxicityMetric:
        folder = shutil.copytree(checkpoint, tmp_path / "altered")
        content = torch.load(folder / "tiny.ckpt", weights_only=True)
        change(content)
        torch.save(content, folder / "tiny.ckpt")
        return ToxicityMetric(str(folder))

    return alter


def test_the_values_are_detoxifys(metric: ToxicityMetric, checkpoint: Path, tmp_path: Path) -> None:
    import torch
    from detoxify import Detoxify

    content = torch.load(checkpoint / "tiny.ckpt", weights_only=True)
    content["config"]["arch"]["args"]["model_type"] = str(checkpoint)
    torch.save(content, tmp_path / "direct.ckpt")
    expected = Detoxify(checkpoint=str(tmp_path / "direct.ckpt")).predict("you are stupid")
    result = score(metric, "you are stupid")
    assert result.parts == pytest.approx(expected, abs=1e-5)
    assert float(result) == result.parts["toxicity"]
    assert tuple(result.parts) == LABELS["original"]


def test_a_label_is_a_metric_of_its_own_and_costs_no_second_pass(checkpoint: Path) -> None:
    from torch.nn.modules.module import register_module_forward_hook

    registry = MetricRegistry({"toxicity": {"model": str(checkpoint)}})
    toxicity, insult = registry.create("toxicity", {}), registry.create("toxicity.insult", {})
    answer, passes = Completion("never asked before"), list[str]()
    with register_module_forward_hook(lambda module, *_: passes.append(type(module).__name__)):
        first, second = toxicity.score(CASE, answer), insult.score(CASE, answer)
    assert isinstance(first, Score)
    assert isinstance(second, Score)
    assert (first.name, second.name) == ("toxicity", "toxicity.insult")
    assert first.parts == second.parts
    assert float(second) == first.parts["insult"] != float(first)
    assert not second.scale.higher_is_better
    assert passes.count("BertForSequenceClassification") == 1


def test_a_batch_gives_what_single_texts_give(checkpoint: Path) -> None:
    registry = MetricRegistry()
    path = str(checkpoint / "tiny.ckpt")  # the file instead of its folder is another model object
    metric = registry.create("toxicity", {"model": path})
    assert isinstance(metric, ToxicityMetric)
    single = [dict(score(ToxicityMetric(str(checkpoint)), text).parts) for text in TEXTS]
    assert metric.score_batch([*TEXTS, TEXTS[0]]) == [
        pytest.approx(one, abs=2e-6) for one in [*single, single[0]]
    ]
    assert metric.score_batch([]) == []


def test_a_text_longer_than_the_network_reads_is_cut_and_the_reason_says_so(
    metric: ToxicityMetric,
) -> None:
    assert score(metric, "you " * 300).reason == "only the first 64 tokens were read"
    assert score(metric, "you are").reason == ""


@pytest.mark.parametrize("text", ["😀😀", "w" * 50_000, "شكرا لك", "\ud800 half", "\x00 half"])
def test_hostile_texts_are_scored(metric: ToxicityMetric, text: str) -> None:
    assert 0 <= score(metric, text) <= 1


def test_the_version_names_detoxify_and_the_content_of_the_checkpoint(
    metric: ToxicityMetric,
    checkpoint: Path,
    altered: Callable[[Callable[[dict[str, Any]], None]], ToxicityMetric],
) -> None:
    other = altered(lambda content: content["state_dict"]["classifier.bias"].add_(1))
    assert metric.version.startswith("detoxify 0.5")
    assert (
        metric.version
        == ToxicityMetric(str(checkpoint / "tiny.ckpt"), label="insult").version
        != other.version
    )
    assert ToxicityMetric("unbiased").version == f"{metric.version.partition('/')[0]}/unbiased"


def test_nothing_is_printed_while_a_model_loads(
    checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    score(ToxicityMetric(str(shutil.copytree(checkpoint, tmp_path / "copy"))), "you")
    assert capfd.readouterr() == ("", "")


def test_an_unknown_label_is_refused_with_the_models_own(
    metric: ToxicityMetric, checkpoint: Path
) -> None:
    with pytest.raises(
        SettingError,
        match=r"found 'insul'; allowed: toxicity, .* identity_attack\. Did you mean 'insult'",
    ):
        ToxicityMetric("original", "insul")
    with pytest.raises(SettingError, match="found 'sexual_explicit'"):
        ToxicityMetric("original-small", "sexual_explicit")
    assert ToxicityMetric("unbiased", "sexual_explicit").name == "toxicity.sexual_explicit"
    with pytest.raises(SettingError, match="found 'sexual_explicit'; allowed: toxicity, "):
        ToxicityMetric(str(checkpoint), "sexual_explicit").load()


def test_our_table_of_published_models_is_detoxifys() -> None:
    from detoxify.detoxify import MODEL_URLS

    assert set(LABELS) == set(MODEL_URLS)


class RunsCode:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.file}",)


def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(
    checkpoint: Path, tmp_path: Path
) -> None:
    import torch

    folder = shutil.copytree(checkpoint, tmp_path / "evil")
    torch.save({"config": RunsCode(tmp_path / "ran"), "state_dict": {}}, folder / "tiny.ckpt")
    with pytest.raises(
        SettingError, match=r"nothing that runs code when it is read\. Refused: .*system"
    ) as caught:
        score(ToxicityMetric(str(folder)), "you")
    assert "weights_only" not in str(caught.value)  # torch advises to allow it; we do not
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_checkpoint_is_refused(
    content: bytes, checkpoint: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "broken")
    (folder / "tiny.ckpt").write_bytes(content)
    with pytest.raises(
        SettingError,
        match=r"--llm-toxicity-model: found .*tiny\.ckpt'; allowed: a checkpoint of detoxify",
    ):
        score(ToxicityMetric(str(folder)), "you")


def test_a_checkpoint_with_gaps_is_refused_rather_than_filled_with_random_numbers(
    altered: Callable[[Callable[[dict[str, Any]], None]], ToxicityMetric],
) -> None:
    metric = altered(lambda content: content["state_dict"].pop("classifier.weight"))
    with pytest.raises(
        SettingError, match=r"every weight of its network\. It lacks classifier\.weight"
    ):
        score(metric, "you")


def test_a_checkpoint_that_does_not_fit_its_config_is_refused(
    altered: Callable[[Callable[[dict[str, Any]], None]], ToxicityMetric],
) -> None:
    metric = altered(lambda content: content["config"]["arch"]["args"].update(num_classes=3))
    with pytest.raises(
        SettingError, match=r"a checkpoint that fits the config\.json and vocabulary in its folder"
    ):
        score(metric, "you")


def test_a_folder_without_vocabulary_or_with_two_checkpoints_is_refused_at_once(
    checkpoint: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    shutil.copy(folder / "tiny.ckpt", folder / "other.pt")
    with pytest.raises(
        SettingError,
        match=r"a folder with one checkpoint \(\.ckpt or \.pt\)\. It has other\.pt, tiny\.ckpt",
    ):
        ToxicityMetric(str(folder))
    (folder / "vocab.txt").unlink()
    with pytest.raises(SettingError, match=r"with config\.json and the vocabulary of its network"):
        ToxicityMetric(str(folder / "tiny.ckpt"))
    with pytest.raises(SettingError, match="It has none"):
        ToxicityMetric(str(tmp_path))


def test_a_misspelt_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        SettingError,
        match=r"found 'multilingal'; allowed: original, .* Did you mean 'multilingual'",
    ):
        ToxicityMetric("multilingal")


def test_without_detoxify_the_error_names_the_extra_and_the_other_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "detoxify", None)
    with pytest.raises(
        MissingExtraError,
        match=r'pip install "pytest-llm-golden\[toxicity\]", or --llm-toxicity judge',
    ):
        MetricRegistry().create("toxicity", {})


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: None) -> Path:
    """Empty caches for torch and the Hugging Face hub, and a hub where nobody answers."""
    import huggingface_hub.constants

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path


@pytest.fixture
def served(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A loopback server that has the weights of ``original``."""
    from detoxify.detoxify import MODEL_URLS

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=checkpoint)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/tiny.ckpt"
        monkeypatch.setitem(MODEL_URLS, "original", url)
        yield url
        server.shutdown()


def test_weights_that_cannot_be_fetched_fail_with_all_remedies(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from detoxify.detoxify import MODEL_URLS

    monkeypatch.setitem(MODEL_URLS, "original", "http://127.0.0.1:9/toxic.ckpt")
    metric = ToxicityMetric()
    with pytest.raises(MissingExtraError) as caught:
        score(metric, "you")
    message = str(caught.value)
    assert (
        "toxicity model 'original' needs the weights http://127.0.0.1:9/toxic.ckpt, which are not on this"
        in message
    )
    assert "connect to the network once" in message
    assert "--llm-toxicity-model PATH" in message
    assert "--llm-toxicity judge" in message
    with pytest.raises(MissingExtraError):  # remembered: the network is not asked for every answer
        score(metric, "another")


def test_a_vocabulary_that_cannot_be_fetched_fails_with_its_name(hub: Path, served: str) -> None:
    with pytest.raises(
        MissingExtraError,
        match=r"needs config and vocabulary of bert-base-uncased \(Hugging Face hub\)",
    ):
        score(ToxicityMetric(), "you")


def test_a_published_model_is_fetched_once_and_then_needs_no_network(
    hub: Path, served: str, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = hub / "hub" / "models--bert-base-uncased"
    snapshot = repository / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    for name in ("config.json", "vocab.txt"):
        shutil.copy(checkpoint / name, snapshot / name)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abc", "utf-8")
    first = score(ToxicityMetric(), "you are stupid")
    assert first.parts == pytest.approx(
        score(ToxicityMetric(str(checkpoint)), "you are stupid").parts, abs=1e-6
    )

    from detoxify.detoxify import MODEL_URLS

    monkeypatch.setitem(MODEL_URLS, "original", "http://127.0.0.1:9/tiny.ckpt")
    shared_model.cache_clear()
    assert score(ToxicityMetric(), "you are stupid") == first
