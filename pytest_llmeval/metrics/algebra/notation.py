r"""Formulas in one notation, which the parser of LaTeX cannot read in two ways.

The parser is generous: it multiplies ``1.2.3`` to ``1.2*0.3``, adds ``2 3`` to 5, drops the base of
``101_2`` and the prime of ``x'``. What would be read so is refused here, and decimal fractions
become fractions, so that nothing is rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.algebra.applied import is_defined, with_symbols
from pytest_llmeval.metrics.algebra.signs import exact_decimal, in_base, simplified
from pytest_llmeval.metrics.algebra.structure import order_of, rewritten
from pytest_llmeval.metrics.algebra.symbols import (
    ACCENTS,
    ALIASES,
    BARS,
    BIG,
    CLOSING,
    FUNCTIONS,
    MATRICES,
    OPENING,
    OPERANDS,
    OPERATORS,
    SPACES,
    TEXTS,
    WORDS,
)
from pytest_llmeval.metrics.algebra.tokens import Tokens, plain_letters, with_capitals

_DEEPEST = 40
"""Brackets within brackets that are read."""
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}")
_EUROPEAN = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+")
_SHORT_WORDS = frozenset(("no", "yes", "all", "odd", "even", "none", "true", "false"))

_RAISED_SIGNS = ("\\circ", "\\degree", "\\prime")
_NUMBER, _OPERAND, _OPERATOR = "number", "operand", "operator"


@dataclass(frozen=True)
class Written:
    """A formula as the parser gets it.

    Attributes:
        parts: LaTeX of each part, in which decimal fractions are fractions.
        connective: What stands between the parts: ``or``, ``and``, or an empty text.
        order: What it is written like, if the order or the nesting of its parts matters.
        applied: The functions in it of which others may be the same.
        is_defined: Whether it is an equation that gives a value to one of them.
        notation: How its derivatives are written, if it has any.
    """

    parts: tuple[str, ...]
    connective: str
    order: str
    applied: tuple[str, ...]
    is_defined: bool
    notation: str


def write_formula(text: str) -> Written:
    """Write a formula in the notation of the parser.

    Args:
        text: The formula, in LaTeX or typed, without a unit behind it.

    Raises:
        InputError: It cannot be read, or can be read in several ways.
    """
    symbolic = with_symbols(text)
    plain = symbolic.text
    writer = _Writer(simplified(rewritten(plain)))
    parts = writer.parts()
    return Written(
        tuple(map(with_capitals, parts)),
        writer.connective,
        order_of(plain),
        symbolic.applied,
        is_defined(plain),
        symbolic.notation,
    )


class _Writer:
    """Writes the tokens of a formula.

    Attributes:
        connective: ``or`` or ``and``, if one stands between parts.
    """

    def __init__(self, text: str) -> None:
        self._tokens = Tokens(text)
        self._brackets = 0
        self._bars = 0
        self._nested = 0
        self._slashes = [False]
        self._previous = _OPERATOR
        self._is_alone = not re.search(r"[^A-Za-z\s]", text)
        self.connective = ""

    def parts(self) -> list[str]:
        """Write all parts."""
        parts = []
        while True:
            parts.append(self._sequence(""))
            if self._tokens.is_at_end:
                return parts

    def _sequence(self, stop: str) -> str:
        """Write tokens until a closing brace, the end, or a connective between parts."""
        self._nested += 1
        if self._nested > _DEEPEST:
            raise InputError(f"more than {_DEEPEST} brackets stand within each other")
        out: list[str] = []
        while not self._tokens.is_at_end:
            kind, token = self._tokens.step()
            if stop and token == stop:
                self._nested -= 1
                return "".join(out)
            if not stop and not self._brackets and self._is_connective(kind, token):
                break
            self._token(kind, token, out)
        if stop:
            raise InputError(f"a {stop!r} is missing")
        self._nested -= 1
        self._previous = _OPERATOR
        return "".join(out)

    def _is_connective(self, kind: str, token: str) -> bool:
        """Return whether a token is an "or" or "and" between parts, and take it."""
        word = token
        if token in TEXTS:
            start = self._tokens.at
            word = self._tokens.raw_group().strip(" ,~").lower()
            if word not in ("or", "and"):
                self._tokens.at = start
        if word not in ("or", "and") or kind not in ("word", "command"):
            return False
        if self.connective not in ("", word):
            raise InputError('"or" and "and" stand side by side')
        self.connective = word
        return True

    def _token(self, kind: str, token: str, out: list[str]) -> None:
        token = ALIASES.get(token, token)
        if kind == "space" or token in SPACES:
            out.append(" ")
        elif kind == "number":
            self._number(token, out)
        elif kind == "word":
            self._word(token, out)
        elif kind == "greek" or token in OPERANDS:
            self._letters(f"{token} ", out)
        elif kind == "command":
            self._command(token, out)
        else:
            self._sign(token, out)

    def _number(self, token: str, out: list[str]) -> None:
        values = self._values(token)
        if self._previous == _OPERAND:
            raise InputError(f"{token} stands behind an operand without an operator")
        if self._previous == _NUMBER:
            self._mixed(values, out)
            return
        out.append(", ".join(values))
        self._previous = _NUMBER

    def _values(self, token: str) -> list[str]:
        """Write a number, or the numbers of a list without spaces: ``1,2,3``."""
        if _EUROPEAN.fullmatch(token):
            raise InputError(f"{token} is no number with a decimal point")
        head, _, decimals = token.rpartition(".") if "." in token else (token, "", "")
        is_grouped = _THOUSANDS.fullmatch(head) is not None
        if is_grouped and (not self._brackets or ",0" in head) and "," not in decimals:
            return [exact_decimal(f"{head.replace(',', '')}.{decimals}".removesuffix("."))]
        values = [exact_decimal(value) for value in token.split(",")]
        if len(values) > 1 and self._previous == _NUMBER:
            raise InputError(f"{token} cannot be read as one number")
        return values

    def _mixed(self, values: list[str], out: list[str]) -> None:
        """Write ``2 1/2``, of which the 1 was read, as a sum."""
        whole = next((piece for piece in reversed(out) if not piece.isspace()), "")
        following = [token for _, token in self._tokens.rows[self._tokens.at : self._tokens.at + 3]]
        is_fraction = len(following) > 1 and following[0] == "/" and following[1].isdigit()
        if not is_fraction or "/" in following[2:] or not whole.isdigit() or len(values) > 1:
            raise InputError("two numbers stand side by side without an operator")
        _replace_last(out, f"({whole}+\\frac{{{values[0]}}}{{{following[1]}}})")
        self._tokens.at += 2
        self._previous = _OPERAND

    def _word(self, word: str, out: list[str]) -> None:
        if word in WORDS and not (word == "U" and self._previous == _OPERATOR):
            self._known(WORDS[word], out)
            return
        if word[:-1] in FUNCTIONS:
            self._known(f"\\{word[:-1]}", out)
            word = word[-1]
        is_word = len(word) > 3 or (self._is_alone and word.lower() in _SHORT_WORDS)
        if is_word:
            self._letters(f"\\text{{{word.lower()}}}", out)
            return
        # The parser takes a capital I for the imaginary unit.
        self._letters(word.replace("I", "\\text{I}"), out)

    def _known(self, command: str, out: list[str]) -> None:
        if command in OPERANDS:
            self._letters(f"{command} ", out)
        else:
            self._command(command, out)

    def _letters(self, text: str, out: list[str]) -> None:
        """Write variables, which multiply what stands before them."""
        self._check_product()
        out.append(text)
        self._previous = _OPERAND

    def _operand(self, text: str, out: list[str]) -> None:
        """Write an operand that is no variable.

        Behind a number the parser would add it, as in ``2(3)``.
        """
        if self._previous != _OPERATOR:
            self._check_product()
            out.append("\\cdot ")
        out.append(text)
        self._previous = _OPERAND

    def _check_product(self) -> None:
        """Check that a product without an operator is not part of a denominator: ``1/2x``."""
        if self._previous != _OPERATOR and self._slashes[-1]:
            raise InputError("a product behind a slash, as in 1/2x, can be read in two ways")

    def _command(self, command: str, out: list[str]) -> None:
        if command in OPERATORS:
            out.append(f" {OPERATORS[command]} ")
            self._slashes[-1] = OPERATORS[command] == "/"
            self._previous = _OPERATOR
        elif command.removeprefix("\\").partition("_")[0] in FUNCTIONS or command in BIG:
            self._function(command, out)
        elif command == "\\frac":
            self._fraction(out)
        elif command == "\\binom":
            pair = self._argument(is_digit=True), self._argument(is_digit=True)
            self._operand(f"\\binom{''.join(pair)}", out)
        elif command == "\\sqrt":
            self._operand(f"\\sqrt{self._index()}{self._radicand()}", out)
        elif command == "\\boxed":
            self._operand(self._argument(), out)
        elif command in ACCENTS:
            self._letters(f"{command}{{{plain_letters(self._tokens.raw_group())}}}", out)
        elif command in TEXTS:
            self._text(out)
        elif command == "\\begin":
            self._matrix(out)
        else:
            self._sign(command, out)

    def _function(self, command: str, out: list[str]) -> None:
        """Write a function with its index and power, behind which its argument stands."""
        self._check_product()
        out.append(f"{command}")
        while self._tokens.next() in ("_", "^"):
            mark = self._tokens.take()
            out.append(f"{mark}{self._argument()}")
        out.append(" ")
        self._previous = _OPERATOR

    def _fraction(self, out: list[str]) -> None:
        above, below = self._argument(is_digit=True), self._argument(is_digit=True)
        if self._previous != _NUMBER:
            self._operand(f"\\frac{above}{below}", out)
            return
        whole = next((piece for piece in reversed(out) if not piece.isspace()), "")
        digits = f"{above[1:-1]}{below[1:-1]}"
        if whole.isdigit() and digits.isdigit():
            _replace_last(out, f"({whole}+\\frac{above}{below})")
            self._previous = _OPERAND
        else:
            self._operand(f"\\frac{above}{below}", out)

    def _text(self, out: list[str]) -> None:
        content = self._tokens.raw_group().strip()
        letters = content.strip("() ")
        if letters in FUNCTIONS:
            self._function(f"\\{letters}", out)
        elif len(letters) == 1 and letters.isalpha():
            self._word(letters, out)
        elif content:
            word = plain_letters(content)
            self._letters(f"\\text{{{word.lower() if len(word) > 1 else word}}}", out)

    def _matrix(self, out: list[str]) -> None:
        name = self._tokens.raw_group()
        if name == "array" and self._tokens.next() == "{":
            self._tokens.raw_group()
        if name not in MATRICES:
            raise InputError(f"the environment {name!r} cannot be read")
        kind = "matrix" if name == "array" else name.lower()
        body: list[str] = []
        before = self._previous
        self._brackets += 1
        self._previous = _OPERATOR
        while (token := self._tokens.next()) != "\\end":
            if not token:
                raise InputError(f"\\end{{{name}}} is missing")
            self._tokens.at += 1
            if token in ("&", "\\\\"):
                body.append(f" {token} ")
                self._previous = _OPERATOR
            else:
                self._token(self._tokens.rows[self._tokens.at - 1][0], token, body)
        self._tokens.at += 1
        self._tokens.raw_group()
        self._brackets -= 1
        self._previous = before
        self._operand(f"\\begin{{{kind}}}{''.join(body)}\\end{{{kind}}}", out)

    def _sign(self, token: str, out: list[str]) -> None:
        if token in OPENING:
            self._open(OPENING[token], out)
        elif token in CLOSING:
            self._close(CLOSING[token], out)
        elif token in BARS:
            self._bar(out)
        elif token == "{":
            self._tokens.at -= 1
            content = self._argument()[1:-1]
            # Typed braces are those of a set; in LaTeX they group.
            self._operand(f"\\{{{content}\\}}" if "," in content else f"({content})", out)
        elif token == "^":
            self._power(out)
        elif token == "_":
            self._subscript(out)
        elif token in ("!", "'"):
            self._behind(token, out)
        elif token in "+-*/=<>,;:":
            out.append({"*": "\\cdot "}.get(token, token))
            self._slashes[-1] = token == "/"
            self._previous = _OPERATOR
        elif token in ("%", "\\%"):
            _replace_last(out, f"({self._last(out)}\\cdot \\frac{{1}}{{100}})")
            self._previous = _OPERAND
        else:
            raise InputError(f"{token} cannot be read as mathematics")

    def _open(self, bracket: str, out: list[str]) -> None:
        is_call = self._previous == _OPERAND and self._last(out).strip()[-1:].isalpha()
        if self._previous != _OPERATOR and not is_call:
            self._check_product()
            out.append("\\cdot ")
        self._brackets += 1
        if self._brackets > _DEEPEST:
            raise InputError(f"more than {_DEEPEST} brackets stand within each other")
        self._slashes.append(False)
        out.append(bracket)
        self._previous = _OPERATOR

    def _close(self, bracket: str, out: list[str]) -> None:
        self._brackets = max(self._brackets - 1, 0)
        if len(self._slashes) > 1:
            self._slashes.pop()
        out.append(bracket)
        self._previous = _OPERAND

    def _bar(self, out: list[str]) -> None:
        out.append("|")
        if self._bars and self._previous != _OPERATOR:
            self._bars -= 1
            self._previous = _OPERAND
        else:
            self._bars += 1
            self._previous = _OPERATOR

    def _power(self, out: list[str]) -> None:
        following = ALIASES.get(self._tokens.next(), self._tokens.next())
        inner = [token for _, token in self._tokens.rows[self._tokens.at + 1 : self._tokens.at + 3]]
        if following == "{" and inner[1:] == ["}"] and inner[0] in _RAISED_SIGNS:
            self._tokens.at += 2
            following = ALIASES.get(inner[0], inner[0])
        if following == "\\circ":
            self._tokens.at += 1
            _replace_last(out, f"({self._last(out)}\\cdot \\frac{{\\pi}}{{180}})")
        elif following == "\\prime":
            self._tokens.at += 1
            self._behind("'", out)
            return
        else:
            out.append(f"^{self._argument()}")
        self._previous = _OPERAND

    def _subscript(self, out: list[str]) -> None:
        """Write an index, or a number in the notation of another base."""
        content = plain_letters(
            self._tokens.raw_group() if self._tokens.next() == "{" else self._tokens.take()
        )
        if self._previous != _NUMBER:
            out.append(f"_{{{content}}}")
            return
        digits = self._last(out)
        _replace_last(out, in_base(digits, content))

    def _behind(self, token: str, out: list[str]) -> None:
        if self._previous == _OPERATOR or (token == "!" and self._tokens.next() == "!"):
            raise InputError(f"{token} stands behind no operand")
        if token == "!":
            out.append("!")
            return
        if not self._last(out).strip()[-1:].isalpha():
            raise InputError("a prime stands behind no variable")
        primes = 1
        while self._tokens.next() == "'":
            self._tokens.at += 1
            primes += 1
        out.append(f"_{{p{primes}}}")

    def _index(self) -> str:
        """Write the index of a root."""
        if self._tokens.next() != "[":
            return ""
        self._tokens.at += 1
        digits = self._tokens.take()
        if self._tokens.next() != "]" or not digits.isalnum():
            raise InputError("the index of a root cannot be read")
        self._tokens.at += 1
        return f"[{digits}]"

    def _radicand(self) -> str:
        """Write what stands below a root."""
        digits = self._tokens.next().partition(",")[0]
        if digits.isdigit() and len(digits) > 1:
            # In LaTeX only the first digit is below it, but few authors mean that.
            raise InputError(f"\\sqrt{digits} needs braces")
        return self._argument()

    def _argument(self, is_digit: bool = False) -> str:
        """Write what belongs to a command or a power, in braces.

        Args:
            is_digit: Whether an argument without braces is one digit.
        """
        previous, self._previous = self._previous, _OPERATOR
        self._slashes.append(False)
        content = self._one_argument(is_digit)
        self._slashes.pop()
        self._previous = previous
        return f"{{{content}}}"

    def _one_argument(self, is_digit: bool) -> str:
        token = self._tokens.take()
        if token == "{":
            brackets, self._brackets = self._brackets, 1
            content = self._sequence("}")
            self._brackets = brackets
            return content
        if token == "(":
            return self._bracketed()
        if token in ("+", "-"):
            return f"{token}{self._one_argument(is_digit)}"
        kind, _ = self._tokens.rows[self._tokens.at - 1]
        if kind == "number":
            token = self._tokens.first_number(token, is_digit)
        elif kind == "word" and token not in WORDS and len(token) > 1:
            self._tokens.shorten(token[1:])
            token = token[0]
        out: list[str] = []
        self._token(kind, token, out)
        return "".join(out).strip()

    def _bracketed(self) -> str:
        """Write the content of brackets whose opening one was read."""
        out: list[str] = []
        depth = 1
        self._brackets += 1
        while not self._tokens.is_at_end:
            kind, token = self._tokens.step()
            depth += {"(": 1, ")": -1}.get(token, 0)
            if depth == 0:
                self._brackets -= 1
                return "".join(out)
            self._token(kind, token, out)
        raise InputError("a ')' is missing")

    def _last(self, out: list[str]) -> str:
        last = next((piece for piece in reversed(out) if not piece.isspace()), "")
        if not last or self._previous == _OPERATOR:
            raise InputError("a sign stands behind no operand")
        return last


def _replace_last(out: list[str], piece: str) -> None:
    while out and out[-1].isspace():
        out.pop()
    out[-1] = piece
