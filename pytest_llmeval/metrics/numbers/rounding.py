"""When a decimal fraction is taken for the number that it was rounded from."""

from __future__ import annotations

from fractions import Fraction

_SHARE = Fraction(1, 10**6)
"""Largest error of a rounded number, as a share of it: ``0.333333`` is ``1/3``, ``0.33333`` not."""

_SIGNIFICANT = 10**5
"""Place values that a number of six significant digits has at least."""


def is_rounded(
    first: Fraction, first_step: Fraction | None, second: Fraction, second_step: Fraction | None
) -> bool:
    """Return whether one of two numbers is the other, rounded or cut off in its last decimal.

    Args:
        first: A number.
        first_step: Place value of its last decimal; ``None`` if it is exact.
        second: A number.
        second_step: Place value of its last decimal; ``None`` if it is exact.
    """
    if abs(first - second) > _SHARE * max(abs(first), abs(second)):
        return False
    return _comes_from(first, first_step, second, second_step) or _comes_from(
        second, second_step, first, first_step
    )


def _comes_from(
    short: Fraction, step: Fraction | None, whole: Fraction, whole_step: Fraction | None
) -> bool:
    if step is None or (whole_step is not None and whole_step >= step):
        return False
    if abs(short) < _SIGNIFICANT * step:
        return False
    is_cut = abs(short) <= abs(whole) and abs(whole - short) < step
    return is_cut or abs(whole - short) <= step / 2
