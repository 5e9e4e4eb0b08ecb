"""How many samples are announced: what the sampler and the limits of a trainer let through."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from chroma.integrations._torch.drawn import drawn_by
from tests.integrations.digits import Digits, fit
from tests.integrations.lightning_setup import LIGHTNING, callback

pytestmark = LIGHTNING
DATA = torch.arange(100)


class Halves(BatchSampler):
    """A batch sampler of one's own."""


class Endless(SequentialSampler):
    def __len__(self) -> int:
        raise TypeError("nobody knows")


class Stream(IterableDataset[int]):
    def __iter__(self) -> Any:
        return iter(range(5))


@pytest.mark.parametrize(
    ("loader", "batches", "wanted"),
    [
        (DataLoader(DATA, 30), None, (100, True)),
        (DataLoader(DATA, 30, drop_last=True), None, (90, True)),
        (DataLoader(DATA, 30), 2, (60, True)),
        (DataLoader(DATA, 30), float("inf"), (100, True)),
        (DataLoader(DATA, 30, shuffle=True), None, (100, True)),
        (DataLoader(DATA, 30, shuffle=True), 2, (60, False)),
        (DataLoader(DATA, 30, shuffle=True, drop_last=True), None, (90, False)),
        (DataLoader(DATA, 30, sampler=RandomSampler(DATA, replacement=True)), None, (100, False)),
        (DataLoader(DATA, 30, sampler=RandomSampler(DATA, num_samples=300)), None, (100, True)),
        (DataLoader(DATA, 30, sampler=WeightedRandomSampler([1.0] * 100, 40)), None, (40, False)),
        (DataLoader(DATA, 30, sampler=SubsetRandomSampler(range(20))), None, (20, False)),
        (DataLoader(DATA, 30, sampler=DistributedSampler(DATA, 2, 0)), None, (50, False)),
        (DataLoader(DATA, 30, sampler=Endless(DATA)), None, (100, False)),
        (DataLoader(DATA, batch_sampler=Halves(SequentialSampler(DATA), 7, False)), None, (100, False)),
        (DataLoader(Subset(DATA, range(10)), 30), None, (10, True)),
        (DataLoader(Stream(), 30), None, None),
        (DataLoader(DATA, batch_size=None), None, None),
        ([DATA], None, None),
    ],
)
def test_the_most_that_a_pass_brings(loader: Any, batches: float | None, wanted: Any) -> None:
    assert drawn_by(loader, batches) == wanted


@pytest.mark.parametrize(
    ("loader", "limit", "said"),
    [
        (lambda digits: DataLoader(digits, 32), 2, "64 of 100"),
        (lambda digits: DataLoader(digits, 32), 0.25, "32 of 100"),
        (lambda digits: DataLoader(digits, 32, shuffle=True), 2, "up to 64 of 100"),
        (
            lambda digits: DataLoader(digits, 32, sampler=WeightedRandomSampler([1.0] * 100, 80)),
            1.0,
            "up to 80 of 100",
        ),
    ],
)
def test_a_trainers_limits_are_heeded(
    loader: Any, limit: Any, said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = callback(silent=False)
    fit(ours, val=loader(Digits(96, 100)), limit_val_batches=limit, epochs=1)
    assert re.search(rf"^chroma · .* · val: {said} samples$", capsys.readouterr().out, re.M)
    n = ours.receipt.layers[0].n
    most = int(said.removeprefix("up to ").split()[0])
    assert n <= most if said.startswith("up to") else n == most
