"""Loaders within what Fabric, accelerate or users wrap around them: ids are known, no wrapper notices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import GradientState
from lightning.fabric import Fabric
from torch.utils.data import DataLoader

from tests.integrations.digits import Digits, samples, signed, snapshots
from tests.integrations.test_watch import Plain, watching

pytestmark = [pytest.mark.lightning, pytest.mark.filterwarnings("ignore:.*does not have many workers.*")]


class ToDevice:
    """As tutorials have it."""

    def __init__(self, loader: Any) -> None:
        self.dl = loader

    def __len__(self) -> int:
        return len(self.dl)

    def __iter__(self) -> Any:
        for images, labels in self.dl:
            yield images.to("cpu"), labels.to("cpu")


class OtherSampler(DataLoader[Any]):
    """Has an index sampler of its own, as loaders have that can be resumed."""

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler


WRAPPED = {
    "Fabric": lambda loader: Fabric(accelerator="cpu").setup_dataloaders(loader),
    "accelerate": lambda loader: Accelerator(cpu=True).prepare(loader),
    "both": lambda loader: Fabric(accelerator="cpu").setup_dataloaders(Accelerator(cpu=True).prepare(loader)),
    "one's own": ToDevice,
    "another sampler": lambda loader: OtherSampler(loader.dataset, 16, shuffle=True),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_ids_are_those_of_the_loader_within(home: Path, wrap: Any) -> None:
    loader = wrap(DataLoader(Digits(96, 60), 16, shuffle=True))
    with watching(Plain(), loader, layers="signature", dtype="float32") as watch:
        for epoch in range(2):
            list(loader)
            watch.snapshot(epoch=epoch)
    assert samples(home).identity == "index"
    captured = snapshots(home, "signature")
    assert [len(snapshot.ids) for snapshot in captured] == [60, 60]
    for snapshot in captured:
        assert signed(snapshot.vectors).tolist() == snapshot.ids.tolist()
    assert watch.receipt.missing == {}


def test_a_pass_of_ours_does_not_tell_accelerate_that_an_epoch_ends() -> None:
    loader = Accelerator(cpu=True, gradient_accumulation_steps=2).prepare(
        DataLoader(Digits(96, 48), 16, shuffle=True)
    )
    ends: list[bool] = []
    with watching(Plain(), loader) as watch:
        for number, _ in enumerate(loader):
            watch.snapshot(step=number)
            ends.append(GradientState().end_of_dataloader)
    assert ends == [False, False, True]


def test_a_pass_of_ours_is_none_of_fabrics() -> None:
    loader: Any = Fabric(accelerator="cpu").setup_dataloaders(DataLoader(Digits(96, 48), 16))
    with watching(Plain(), loader) as watch:
        list(loader)
        watch.snapshot(epoch=0)
    assert loader._num_iter_calls == 1


def test_batches_of_a_wrapper_that_changes_them_are_those_that_the_model_gets(home: Path) -> None:
    class Prefetcher:
        def __init__(self, loader: Any) -> None:
            self.loader = loader

        def __iter__(self) -> Any:
            return ((images + torch.tensor(5 / 1024), labels) for images, labels in self.loader)

    loader = Prefetcher(DataLoader(Digits(96, 60), 16, shuffle=True))
    with watching(Plain(), loader, layers="signature", dtype="float32") as watch:
        watch.snapshot(epoch=0)
    (captured,) = snapshots(home, "signature")
    assert (signed(captured.vectors) - 5).tolist() == captured.ids.tolist() == list(range(60))
