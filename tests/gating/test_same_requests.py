"""The change of a metric apart, for the requests of the baseline that were sent again."""

from __future__ import annotations

from pytest_llmeval.gating.pairing import Paired
from pytest_llmeval.gating.same_requests import same_requests
from pytest_llmeval.gating.scores import CaseScores
from pytest_llmeval.records.comparison import Coverage
from pytest_llmeval.stats.paired import PairedScores


def test_only_a_row_of_a_golden_file_is_of_no_code() -> None:
    row, of_test, unknown = ("f.csv", "f.csv"), ("test_f.py::test", "f.csv"), ("", "")
    cases = [
        CaseScores((suite, file, str(number)), request=b"r", is_live=True)
        for number, (suite, file) in enumerate([row, row, of_test, unknown])
    ]
    pairs = [(case, case) for case in cases]
    scores = PairedScores([1.0] * 4, [1.0] * 4)
    paired = Paired("m", pairs, scores, Coverage(4, 4, 4), "", False, 0.0, 1.0)

    part = same_requests(paired)

    assert part is not None
    assert (part.same.n, part.of_tests) == (4, 2)
