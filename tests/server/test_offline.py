from __future__ import annotations

import pytest

from chroma.server.film_export import _fitting, _thinned
from chroma.server.store.samples.user_columns import Column

COLUMNS = [
    Column("weight"),
    Column("margin", per_frame=True),
    Column("confidence", per_frame=True),
    Column("label", legend=("cat", "dog")),
]


@pytest.mark.parametrize(
    ("n", "names"),
    [
        (1000, ["label", "confidence", "weight", "margin"]),
        (900_000, ["label", "confidence", "weight"]),  # 64 bytes a point; 20 more are over 64 MiB
        (30_000_000, ["label", "confidence"]),
    ],
)
def test_further_columns_come_along_while_all_points_fit(n: int, names: list[str]) -> None:
    kept = _fitting(n, 10, COLUMNS)
    assert [column.name for column in kept] == names
    assert (len(_thinned(n, 10, kept)) == n) == (n < 10**7)
