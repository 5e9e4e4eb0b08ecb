"""Trainings whose datasets and collators draw from generators of their own: the same with and without us."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, default_collate

import chroma
from chroma.errors import ConfigError
from chroma.records import RunClosed
from tests.integrations.dataset import Digits
from tests.integrations.digits import Net, fit, snapshots, written
from tests.integrations.lightning_setup import LIGHTNING, callback


class Noisy(Digits):
    """Adds noise from a generator that only a function knows."""

    def __init__(self, start: int, n: int, draw: Callable[[], float]) -> None:
        super().__init__(start, n)
        self.draw = draw

    def __getitem__(self, index: int) -> Any:
        image, label = super().__getitem__(index)
        noise = torch.zeros_like(image)
        noise[0, 1:] = 0.01 * self.draw()
        return image + noise, label


def noisy_collate() -> Callable[[Any], Any]:
    own = torch.Generator().manual_seed(1)

    def collate(rows: Any) -> Any:
        images, labels = default_collate(rows)
        images[:, 0, 1:] += torch.rand(1, generator=own)
        return images, labels

    return collate


def from_closure() -> Callable[[], float]:
    own = np.random.default_rng(2)
    return own.random


def from_iterator() -> Callable[[], float]:
    counter = itertools.count()
    return lambda: next(counter) % 7


SOURCES: dict[str, Callable[[], Any]] = {
    "generator in a closure": lambda: DataLoader(Noisy(0, 64, from_closure()), batch_size=16, shuffle=True),
    "generator of the collate function": lambda: DataLoader(
        Digits(0, 64), batch_size=16, shuffle=True, collate_fn=noisy_collate()
    ),
    "iterator": lambda: DataLoader(Noisy(0, 64, from_iterator()), batch_size=16, shuffle=True),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_with_a_state_of_its_own_trains_the_same(home: Path, source: str) -> None:
    def train(*ours: Any) -> Any:
        return fit(*ours, train=SOURCES[source](), epochs=2)[1].state_dict()

    plain = train()
    captured = train(callback(splits="train", layers="signature", dtype="float32"))
    assert all(torch.equal(plain[name], captured[name]) for name in plain)
    taken = snapshots(home, "signature", "train")
    assert [snapshot.epoch for snapshot in taken] == [0, 1]
    for snapshot in taken:
        assert len(snapshot.ids) == 64
        np.testing.assert_array_equal(np.rint(snapshot.vectors[:, 0] * 1024), snapshot.ids)
    (closed,) = (record for record in written(home) if isinstance(record, RunClosed))
    rides = any("captured from the training's own batches" in note for note in closed.receipt["notes"])
    assert rides == (source == "iterator")


def test_watch_refuses_a_loader_whose_state_it_could_not_put_back(home: Path) -> None:
    with pytest.raises(ConfigError, match="give as loader= a list of its batches"):
        chroma.watch(Net(), loader=SOURCES["iterator"](), silent=True)


def test_watch_leaves_the_generators_of_a_loader_alone(home: Path) -> None:
    loader = SOURCES["generator of the collate function"]()
    with chroma.watch(Net(), loader=loader, layers="signature", silent=True) as watch:
        torch.manual_seed(3)
        expected = [images.sum().item() for images, _ in SOURCES["generator of the collate function"]()]
        assert watch.snapshot(epoch=0)
        torch.manual_seed(3)
        assert [images.sum().item() for images, _ in loader] == expected


pytestmark = LIGHTNING
