from __future__ import annotations

from pathlib import Path

import pytest

CLASSES = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    "you",
]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detoxify checkpoint as published, but with a tiny network and random weights; config and vocabulary beside it.

    As in the published ones, the checkpoint names a model of the Hugging Face hub, and
    ``config.json`` is that model's own, which knows nothing of six labels.
    """
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    folder = tmp_path_factory.mktemp("detoxify")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        max_position_embeddings=64,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    config.save_pretrained(folder)
    config.num_labels = len(CLASSES)
    torch.manual_seed(0)
    network = BertForSequenceClassification(config)
    torch.nn.init.normal_(network.classifier.weight)  # so that texts differ by more than rounding
    args = {
        "model_type": "bert-base-uncased",
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
        "num_classes": len(CLASSES),
    }
    settings = {"dataset": {"args": {"classes": CLASSES}}, "arch": {"args": args}}
    torch.save({"config": settings, "state_dict": network.state_dict()}, folder / "tiny.ckpt")
    return folder
