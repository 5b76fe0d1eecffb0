"""The tokens of a formula in LaTeX."""

from __future__ import annotations

import re

from pytest_llmeval.errors import InputError

_TOKEN = re.compile(
    r"(?P<command>\\[A-Za-z]+)|(?P<escaped>\\.)|(?P<number>\d+(?:[.,]\d+)*|\.\d+)"
    r"|(?P<word>[A-Za-z]+)|(?P<greek>[α-ωΑ-Ωϵϑϕ])|(?P<space>\s+)|(?P<sign>.)",
    re.DOTALL,
)

_CAPITAL_GAMMA = re.compile(r"\\Gamma(?![A-Za-z])|Γ")


class Tokens:
    """The tokens of a formula, of which one after another is taken.

    Attributes:
        rows: Kind and text of each.
        at: Index of the next one.
    """

    def __init__(self, text: str) -> None:
        self.rows = [(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(text)]
        self.at = 0

    @property
    def is_at_end(self) -> bool:
        """Whether all tokens are taken."""
        return self.at >= len(self.rows)

    def step(self) -> tuple[str, str]:
        """Take the next token, a space included, and return its kind and its text."""
        self.at += 1
        return self.rows[self.at - 1]

    def shorten(self, text: str) -> None:
        """Put back the rest of the token that was taken last."""
        self.at -= 1
        rows = Tokens(text).rows
        self.rows[self.at : self.at + 1] = rows

    def first_number(self, token: str, is_digit: bool) -> str:
        """Return the first number of a list that was taken last, or its first digit.

        The rest is put back.
        """
        first = token[0] if is_digit else token.partition(",")[0]
        if first != token:
            self.shorten(token[len(first) :])
        return first

    def raw_group(self) -> str:
        """Return the text of the next group in braces, or the next token."""
        if self.next() != "{":
            return self.take()
        self.take()
        parts: list[str] = []
        depth = 1
        while not self.is_at_end:
            _, token = self.step()
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0:
                return "".join(parts)
            parts.append(token)
        raise InputError("a '}' is missing")

    def next(self) -> str:
        """Return the next token that is no space; empty at the end."""
        while self.at < len(self.rows) and self.rows[self.at][0] == "space":
            self.at += 1
        return self.rows[self.at][1] if self.at < len(self.rows) else ""

    def take(self) -> str:
        """Take the next token that is no space."""
        token = self.next()
        if not token:
            raise InputError("the formula is not complete")
        self.at += 1
        return token


def with_capitals(latex: str) -> str:
    """Return LaTeX with another name for a capital letter that the parser takes for a small one."""
    return _CAPITAL_GAMMA.sub(r"\\text{capitalgamma}", latex)


def plain_letters(text: str) -> str:
    """Return the letters, digits and signs of an index or a word."""
    plain = re.sub(r"[\s~,.:;?!()\\{}$]+", "", text)
    if not plain or not re.fullmatch(r"[\w+\-*/'=<>&%-]+", plain):
        raise InputError(f"{text.strip()!r} cannot be read as mathematics")
    return plain
