"""Samplers that draw other samples in each pass: those that only a later one brings are followed as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader, RandomSampler, WeightedRandomSampler

from chroma.records import Samples
from tests.integrations.digits import Digits, fit, signed, snapshots, written
from tests.integrations.lightning_setup import LIGHTNING, callback

pytestmark = LIGHTNING
SAMPLERS: dict[str, Any] = {
    "weighted": lambda data: WeightedRandomSampler([0.0, *[1.0] * 95], 40),
    "some": lambda data: RandomSampler(data, num_samples=40),
    "replacement": lambda data: RandomSampler(data, replacement=True, num_samples=48),
}


@pytest.mark.parametrize(("sampler", "most"), [*((name, None) for name in SAMPLERS), ("weighted", 25)])
def test_samples_that_only_a_later_pass_draws_are_followed(
    home: Path, sampler: str, most: int | None
) -> None:
    data = Digits(0, 96)
    loader = DataLoader(data, 16, sampler=SAMPLERS[sampler](data))
    ours = callback(splits={"train": "ride"}, layers="signature", dtype="float32", max_samples=most)
    fit(ours, train=loader, val=[], limit_val_batches=0, epochs=3)
    taken = snapshots(home, "signature", "train")
    assert len(taken) == 3
    for each in taken:
        np.testing.assert_array_equal(signed(each.vectors), each.ids)
        assert each.of == (most or 96 - (sampler == "weighted"))
    all_drawn = {key for each in taken for key in each.ids.tolist()}
    assert all_drawn > set(taken[0].ids.tolist())
    records = [record for record in written(home) if isinstance(record, Samples)]
    described = [key for record in records for key in record.ids.tolist()]
    assert sorted(described) == sorted(all_drawn)  # each once
    for record in records:
        np.testing.assert_array_equal(record.labels, data.labels[record.ids.astype(int)])
        assert None not in record.images
        assert record.of == 96
