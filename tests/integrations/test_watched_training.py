"""What a classifier says of the samples that a loop of the user's own trains on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

import chroma
from chroma.records import TrainingOutputs
from tests.integrations.dataset import Digits
from tests.integrations.digits import written


def net() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 10))


def loaders(**options: Any) -> dict[str, Any]:
    train = DataLoader(Digits(0, 96), **{"batch_size": 32, "shuffle": True, **options})
    return {"train": train, "val": DataLoader(Digits(96, 40), batch_size=20)}


def train(
    model: nn.Module,
    loader: Any,
    given: Callable[[Tensor, Tensor], Tensor] = lambda images, labels: images,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An epoch; returns by hand ids, labels and probabilities of what it trained on, by id."""
    steps: list[tuple[Tensor, Tensor, Tensor]] = []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for images, labels in loader:
        scores = model(given(images, labels))
        optimizer.zero_grad()
        F.cross_entropy(scores, labels).backward()
        optimizer.step()
        steps.append((images[:, 0, 0, 0].mul(1024).round().int(), labels, scores.detach().softmax(1)))
    ids, labels, p = (torch.cat(column).numpy() for column in zip(*steps, strict=True))
    order = np.argsort(ids)
    return ids[order], labels[order], p[order]


def kept(home: Path) -> list[TrainingOutputs]:
    return [record for record in written(home) if isinstance(record, TrainingOutputs)]


def watching(model: nn.Module, given: Any, **options: Any) -> Any:
    return chroma.watch(model, loader=given, **{"silent": True, "project": "tests", **options})


def copied(images: Tensor, labels: Tensor) -> Tensor:
    """As on another device."""
    return images.clone()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("given", [lambda images, labels: images, copied], ids=["as it is", "copied"])
def test_every_training_sample_has_its_outputs(home: Path, given: Any, workers: int) -> None:
    model, data = net(), loaders(num_workers=workers, persistent_workers=workers > 0)
    by_hand: list[Any] = []
    with watching(model, data, every=2, max_samples=10) as watch:
        for epoch in range(3):
            by_hand.append(train(model, data["train"], given))
            watch.snapshot(epoch=epoch, step=10 * epoch)
    records = kept(home)
    assert [(record.epoch, record.step) for record in records] == [(0, 0), (1, 10), (2, 20)]
    for record, (ids, labels, p) in zip(records, by_hand, strict=True):
        at = record.ids
        assert len(at) == (64 if record.epoch == 0 else 96)  # the first batch of all shows where the head is
        np.testing.assert_array_equal(ids, np.arange(96))
        np.testing.assert_array_equal(record.labels, labels[at])
        np.testing.assert_allclose(np.exp(-record.cross_entropy), p[at, labels[at]], rtol=1e-4)
        p[np.arange(96), labels] = -1
        np.testing.assert_array_equal(record.other, p[at].argmax(1))
    assert watch.receipt is not None
    assert "outputs of train's own batches: 3 epochs, 96 of 96 samples" in " ".join(watch.receipt.notes)


def test_rows_that_are_not_the_batchs_are_left_out(home: Path) -> None:
    """A prefetcher takes the next batch before this one is trained on; mixed rows are no sample's."""

    class Ahead:
        def __iter__(self) -> Any:
            batches = iter(data["train"])
            coming = next(batches)
            for following in batches:
                yield coming
                coming = following
            yield coming

    for ahead in (True, False):
        model, data = net(), loaders()
        with watching(model, data) as watch:
            if ahead:
                train(model, Ahead())
            else:
                train(model, data["train"], lambda images, _: images + 0.3 * images.flip(0))
            watch.snapshot(epoch=0)
        assert watch.receipt is not None
        said = " ".join(watch.receipt.notes)
        assert "no outputs of train's own batches are kept: the rows that its head gave are not" in said
    assert not kept(home)


def test_epochs_are_numbered_as_the_snapshots_say(home: Path) -> None:
    model, data = net(), loaders()
    with watching(model, data) as watch:
        for epoch in range(5, 9):
            train(model, data["train"])
            if epoch in (6, 7):
                watch.snapshot(epoch=epoch)
    assert sorted(record.epoch or 0 for record in kept(home)) == [5, 6, 7, 8]


def test_passes_that_train_nothing_or_break_off_are_no_epochs(home: Path) -> None:
    model, data = net(), loaders()
    with watching(model, data) as watch:
        next(iter(data["train"]))
        with torch.no_grad():
            for images, _ in data["train"]:
                model(images)
        for images, _ in data["train"]:
            model(images).sum().backward()
            break
        train(model, data["train"])
        watch.snapshot(epoch=0)
    assert [(record.epoch, len(record.ids)) for record in kept(home)] == [(0, 96)]
    assert watch.receipt is not None
    assert "passes over train that were not read to their end: 1;" in " ".join(watch.receipt.notes)


def test_nothing_is_left_and_the_training_is_the_same_to_the_bit(home: Path) -> None:
    from torch.utils.data.dataloader import _BaseDataLoaderIter

    before = vars(_BaseDataLoaderIter)["__next__"]
    weights: list[list[Tensor]] = []
    for outputs in (True, False, None):
        model, data = net(), loaders()
        torch.manual_seed(11)
        if outputs is None:
            for _ in range(3):
                train(model, data["train"])
        else:
            with watching(model, data, outputs=outputs) as watch:
                for epoch in range(3):
                    train(model, data["train"])
                    watch.snapshot(epoch=epoch)
        weights.append([*model.state_dict().values(), torch.get_rng_state()])
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert vars(_BaseDataLoaderIter)["__next__"] is before
    for ours in weights[:2]:
        assert all(torch.equal(one, other) for one, other in zip(ours, weights[2], strict=True))
    assert len(kept(home)) == 3


def test_where_it_cannot_be_done_the_receipt_says_why(home: Path) -> None:
    with watching(net(), loaders()) as unused:
        unused.snapshot(epoch=0)
    batches = list(loaders()["train"])
    with watching(net(), {"train": batches}) as listed:
        listed.snapshot(epoch=0)
    said = [" ".join(each.receipt.notes) for each in (unused, listed)]
    assert "are kept: the loop does not iterate over its loader" in said[0]
    assert "are kept: which samples its rows are is not known" in said[1]
