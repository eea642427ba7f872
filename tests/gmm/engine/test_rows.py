"""Rows on their way in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diarize.gmm import MixtureParameters
from diarize.gmm.engine.rows import check_rows, open_blocks, pieces, row_weights

PAIR = MixtureParameters([1.0], [[0.0, 0.0]], [[1.0, 1.0]])


@pytest.mark.parametrize("count", [0, 1, 8191, 8192, 8193, 50_000, 3_000_000])
@pytest.mark.parametrize("step", [96, 2496])
def test_pieces_leave_no_row_out(count: int, step: int) -> None:
    found = list(pieces(count, step))
    assert [piece.start for piece in found] == [0, *(piece.stop for piece in found)][: len(found)]
    assert (found[-1].stop if found else 0) == count
    assert all((piece.stop - piece.start) % step == 0 for piece in found[:-1])
    assert all(piece.stop - piece.start < (1 << 16) + step for piece in found)


@pytest.mark.parametrize(
    ("given", "kept"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i1", "f8"), ("u8", "f8"), ("?", "f8")]
)
def test_numbers_of_any_kind_become_floats(given: Any, kept: Any) -> None:
    assert check_rows(np.ones((3, 2), dtype=given), PAIR).dtype == kept


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2, 1)])
def test_a_wrong_shape_is_an_error(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"x must be \(n, 2\)"):
        check_rows(np.ones(shape), PAIR)


@pytest.mark.parametrize("weight", [[1.0], [1.0, -1.0], [1.0, np.nan], [1.0, np.inf]])
def test_a_wrong_weight_is_an_error(weight: np.ndarray) -> None:
    with pytest.raises(ValueError, match="sample_weight must be"):
        row_weights(weight, 2)


def test_blocks_come_with_or_without_weights() -> None:
    found = list(open_blocks(lambda: [np.zeros((2, 2)), (np.ones((1, 2)), [3])], PAIR))
    assert found[0][1] is None
    assert found[1][1] == [3.0]
