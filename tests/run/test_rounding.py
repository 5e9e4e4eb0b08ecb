from __future__ import annotations

import numpy as np
import pytest

from chroma.run.rounding import rounded

TOPS = [1.0, 65519.0, 65520.0, -65520.0, 1e9, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("top", TOPS)
@pytest.mark.parametrize("beside", [1.0, np.nan])
@pytest.mark.parametrize("gathered", [False, True])
def test_vectors_keep_float32_where_rounding_would_make_a_number_infinite(
    top: float, beside: float, gathered: bool
) -> None:
    array = np.array([[beside, top]], np.float32)
    beyond = np.isfinite(top) and abs(top) >= 65520
    stored, broken = rounded(array, np.array([0]) if gathered else slice(None), "float16")
    assert stored.dtype == (np.float32 if beyond else np.float16)
    assert broken == (not np.isfinite(array).all())


@pytest.mark.parametrize("spike", [None, 1e9])
def test_gathered_rows_are_those_asked_for_in_order(spike: float | None) -> None:
    array = np.arange(6000, dtype=np.float32).reshape(3000, 2) / 8
    array[7, 0] = np.nan
    if spike:
        array[2900, 1] = spike  # beyond float16, in the last chunk
    rows = np.random.default_rng(0).permutation(3000)[:2950]
    rows = np.concatenate([rows[~np.isin(rows, (7, 2900))], [7, 2900]])
    stored, broken = rounded(array, rows, "float16")
    np.testing.assert_array_equal(stored, array[rows] if spike else array[rows].astype(np.float16))
    assert broken == 1
    np.testing.assert_array_equal(rounded(array, rows, "float32")[0], array[rows])
