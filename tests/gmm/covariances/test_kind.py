"""What all kinds share."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.gmm.covariances.kind import data_share
from diarize.gmm.covariances.variances import Diagonal


def test_the_share_of_data_lies_between_none_and_all() -> None:
    np.testing.assert_allclose(data_share([0.0, 4.0, 12.0], 4.0), [0.0, 0.5, 0.75])
    np.testing.assert_array_equal(data_share([0.0, 5.0], 0.0), [0.0, 1.0])
    np.testing.assert_array_equal(data_share([0.0, 5.0], np.inf), [0.0, 0.0])


def test_a_kind_says_what_it_lacks_and_what_to_take() -> None:
    with pytest.raises(ValueError, match="'diag' has no wings; take 'full'"):
        Diagonal().lacks("wings")


def test_covariances_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="covars_ must be finite"):
        Diagonal().check(np.array([[np.nan]]), "covars_")
