"""Labels that are numbers are stored as float32, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.capture.session import max_samples_of
from chroma.errors import ConfigError
from chroma.records import Samples
from chroma.run.arrays import quantities
from tests.run.logged import written


def test_a_number_beyond_float32_is_not_known_rather_than_infinite(home: Path) -> None:
    given = np.array([1e300, -1e300, 2.5, np.inf, np.nan])
    assert np.array_equal(quantities(given), [np.nan, np.nan, 2.5, np.inf, np.nan], equal_nan=True)
    with chroma.init() as run:
        run.log_samples("val", ids=range(5), labels=given)
    (stored,) = [record for record in written(home) if isinstance(record, Samples)]
    assert stored.labels is not None
    assert np.array_equal(stored.labels, quantities(given), equal_nan=True)


@pytest.mark.parametrize("given", ["many", 0, True, 2.5, {"val": "all"}])
def test_a_number_of_samples_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(ConfigError, match="max_samples="):
        max_samples_of("val", given)  # pyright: ignore
    assert max_samples_of("val", np.int64(5)) == 5  # pyright: ignore
