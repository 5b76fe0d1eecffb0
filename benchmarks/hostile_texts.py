"""Texts that a model, or somebody who speaks through it, could write to keep a metric busy."""

from __future__ import annotations

import random
from collections.abc import Mapping

SEED = 0


def hostile_texts(length: int) -> Mapping[str, str]:
    """Make thirty texts by name, each of about so many characters."""
    half = length // 2
    texts = {name: _filled(unit, length) for name, unit in _REPEATED.items()}
    return {
        **texts,
        "blanks": f"42{' ' * length}b",
        "line ends": f"42{chr(10) * length}b",
        "fence of blanks": f"```\n{' ' * length}x",
        "fraction of blanks": rf"\frac{{{' ' * length}",
        "nested lists": "[" * half + "]" * half,
        "combining marks": "a" + "\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW}" * half,
        "long box": rf"\boxed{{{'x+' * half}1}}",
        "any characters": _random(length),
    }


_REPEATED = {
    "brackets": "(",
    "digits": "1",
    "versions": "1.",
    "numbers": "1 ",
    "slashes": "1/",
    "exponents": "1e9",
    "powers": "9^{",
    "fractions": r"\frac{",
    "boxes": r"\boxed{",
    "dollars": "$a ",
    "one word": "a",
    "sentences": "The capital is Paris. ",
    "negations": "I can't help you, but no ",
    "half words": "kind of good ",
    "emoji": "\N{GRINNING FACE}\N{THUMBS UP SIGN}",
    "joined emoji": "\N{WOMAN}\N{ZERO WIDTH JOINER}",
    "Hindi": "वह दिल्ली में है। ",
    "Thai": "ภาษาไทย",
    "Chinese": "北京是中国的首都。",
    "emphasis": "*a ",
    "escapes": '"\\',
    "tags": "<a><b>",
}


def _filled(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def _random(length: int) -> str:
    source = random.Random(SEED)
    ranges = ((32, 127), (0xA0, 0x2FFF), (0x1F300, 0x1F6FF))
    return "".join(chr(source.randrange(*source.choice(ranges))) for _ in range(length))
