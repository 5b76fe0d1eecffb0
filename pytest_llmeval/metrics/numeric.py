"""Whether the answer's number is the expected one."""

from __future__ import annotations

import math

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected
from pytest_llmeval.metrics.quantities import Quantity, last_quantity
from pytest_llmeval.metrics.results import unscored, version_with
from pytest_llmeval.records import UNIT_SCALE, Case, Completion, Score

DEFAULTS = {"tolerance": 0.0, "rel_tolerance": 1e-6, "decimal": "."}


class Numeric:
    r"""1 if the last number of the answer is the last number of the expected text, else 0.

    A number in ``\boxed{}`` goes before all others. Numbers are the same however they are written: ``1,000`` and
    ``1000``, ``1/2`` and ``0.5``, ``1.5e3`` and ``1.5 * 10^3``, ``2 million``. Units of one kind are converted
    (``3 km`` is ``3000 m``), those of different kinds differ (``3 kg``); where only one of the two has a unit, the
    numbers are compared. A percentage without its sign may be meant as a number or as a share: ``50%`` is ``0.5`` and
    is ``50``. Numbers in words are not read.

    Args:
        tolerance: How far the answer may be off, in the unit of the expected number.
        rel_tolerance: The same as a share of the greater number; the larger of the two counts.
        decimal: What stands before the decimals: a point, or a comma as in ``1.000,5``.

    Raises:
        SettingError: A tolerance is negative, or ``decimal`` neither point nor comma.
    """

    name = "numeric"
    scale = UNIT_SCALE
    about = "1 if the answer's last number is the expected one, whatever its notation and unit, else 0"
    source = "as the last-number rule for GSM8K: Cobbe et al. 2021, arXiv 2110.14168"
    family = "equivalence"

    def __init__(self, tolerance: float = 0.0, rel_tolerance: float = 1e-6, decimal: str = ".") -> None:
        for name, value in (("tolerance", tolerance), ("rel_tolerance", rel_tolerance)):
            if not 0 <= value < math.inf:
                raise SettingError(f"numeric {name}", value, "a number from 0")
        if decimal not in (".", ","):
            raise SettingError("numeric decimal", decimal, "'.' or ','")
        self._tolerance, self._rel_tolerance, self._decimal = tolerance, rel_tolerance, decimal
        params = {"tolerance": tolerance, "rel_tolerance": rel_tolerance, "decimal": decimal}
        self.version = version_with("1", params, DEFAULTS)

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer's number with that of each accepted answer.

        Args:
            case: Has the expected text.
            completion: The answer.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        wanted = [quantity for quantity in map(self.parse, accepted) if quantity is not None]
        if not wanted:
            return unscored(self, f"{case.source}: the expected text has no number")
        found = self.parse(completion.text)
        if found is None:
            return Score(self.name, 0.0, self.scale, "the answer has no number", self.version)
        is_same = any(self._is(found, each) for each in wanted)
        allowed = " or ".join(each.text for each in wanted)
        return Score(
            self.name, float(is_same), self.scale, f"{found.text} is {'' if is_same else 'not '}{allowed}", self.version
        )

    def parse(self, text: str) -> Quantity | None:
        """The last number of a text with its unit; ``None`` if there is none."""
        return last_quantity(text, self._decimal)

    def same(self, one: Quantity, other: Quantity) -> bool:
        """Whether two parsed numbers are the same within the tolerance, in the unit of either."""
        return self._is(one, other) or self._is(other, one)

    def _is(self, found: Quantity, wanted: Quantity) -> bool:
        if found.kind == wanted.kind:
            return self._near(found.in_unit_of(wanted), wanted.number)
        if found.kind and wanted.kind:
            return False
        share = [
            self._near(each.number, other.number * other.factor)
            for each, other in ((found, wanted), (wanted, found))
            if other.kind == "percent"
        ]
        return self._near(found.number, wanted.number) or any(share)

    def _near(self, one: float, other: float) -> bool:
        return math.isclose(one, other, rel_tol=self._rel_tolerance, abs_tol=self._tolerance)
