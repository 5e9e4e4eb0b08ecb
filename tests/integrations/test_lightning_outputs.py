"""What a classifier says of the samples that it trains on, taken from the training's own batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from chroma.records import TrainingOutputs
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal
from chroma.server.store.catalog import Store
from chroma.server.store.samples.fit_outputs import FitOutputs, fit_outputs
from chroma.settings import load_settings
from tests.integrations.dataset import Digits
from tests.integrations.digits import Net, fit, outputs, written
from tests.integrations.lightning_setup import LIGHTNING, callback

pytestmark = LIGHTNING


class Said(Net):
    """Keeps by hand what each step said: the signatures, labels and scores of its rows."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def training_step(self, batch: Any, _: int) -> Tensor:
        images, labels = batch
        scores = self(images)
        signs = images[:, 0, 0, 0].mul(1024).round().int().numpy()
        self.steps.append((signs, labels.numpy().copy(), scores.detach().numpy().copy()))
        return F.cross_entropy(scores, labels)

    def by_hand(self, epoch: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids, labels and probabilities of an epoch, by id."""
        part = self.steps[epoch * steps : (epoch + 1) * steps]
        ids, labels, scores = (np.concatenate(column) for column in zip(*part, strict=True))
        order = np.argsort(ids)
        return ids[order], labels[order], torch.tensor(scores[order]).softmax(1).numpy()


def stored(home: Path, run: str) -> FitOutputs | None:
    """What the server reads of a run, after it took in the journal."""
    settings = load_settings()
    store = Store.open(settings)
    try:
        ingest_journal(Context(settings, store, Events(), None))
        with store.reading() as catalog:
            return fit_outputs(catalog, run)
    finally:
        store.close()


def kept(home: Path) -> list[TrainingOutputs]:
    return [record for record in written(home) if isinstance(record, TrainingOutputs)]


def notes(ours: Any) -> str:
    return " ".join(ours.receipt.notes)


def loader(n: int = 96, **options: Any) -> DataLoader[Any]:
    return DataLoader(Digits(0, n), **{"batch_size": 32, "shuffle": True, **options})


@pytest.mark.parametrize("splits", ["auto", {"train": "ride", "val": "ride"}])
def test_every_training_sample_has_its_outputs(home: Path, splits: Any) -> None:
    ours, model = callback(max_samples=10, splits=splits), Said()
    fit(ours, model=model, epochs=3, train=loader())
    found = stored(home, ours.run.id)
    assert found is not None
    assert (found.epochs.tolist(), found.steps.tolist(), found.of) == ([0, 1, 2], [3, 6, 9], 96)
    for epoch in range(3):
        ids, labels, p = model.by_hand(epoch, 3)
        rows = np.arange(96)
        np.testing.assert_array_equal(found.ids, ids)
        np.testing.assert_array_equal(found.labels[epoch], labels)
        np.testing.assert_array_equal(found.prediction[epoch], p.argmax(1))
        np.testing.assert_allclose(found.p_label[epoch], p[rows, labels], rtol=1e-5)
        p[rows, labels] = -1
        np.testing.assert_array_equal(found.other[epoch], p.argmax(1))
        np.testing.assert_allclose(found.p_other[epoch], p.max(1), rtol=1e-5)
    assert "outputs of train's own batches: 3 epochs, 96 of 96 samples" in notes(ours)


def test_samples_that_no_batch_brings_are_counted(home: Path) -> None:
    ours, model = callback(), Said()
    fit(ours, model=model, epochs=2, train=loader(drop_last=True, n=90), accumulate_grad_batches=2)
    found = stored(home, ours.run.id)
    assert found is not None
    assert "2 epochs, 64 of 90 samples" in notes(ours)
    for epoch in range(2):
        ids, labels, p = model.by_hand(epoch, 2)
        at = np.searchsorted(found.ids, ids)
        np.testing.assert_allclose(found.p_label[epoch, at], p[np.arange(64), labels], rtol=1e-5)
        others = np.setdiff1d(np.arange(len(found.ids)), at)
        assert np.isnan(found.p_label[epoch, others]).all()
        assert (found.labels[epoch, others] == -1).all()


class Step(Net):
    """A training step of a user's own."""

    def __init__(self, loss: Callable[[Any, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.mix = Mixing()
        self.loss = loss

    def training_step(self, batch: Any, _: int) -> Tensor:
        return self.loss(self, *batch)


class Mixing(nn.Module):
    """As torchvision's MixUp: images and labels of two samples, mixed."""

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        truth = F.one_hot(labels, 10).float()
        return 0.7 * images + 0.3 * images.flip(0), 0.7 * truth + 0.3 * truth.flip(0)


def mixed(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    scores = model(0.7 * images + 0.3 * images.flip(0))
    return 0.7 * F.cross_entropy(scores, labels) + 0.3 * F.cross_entropy(scores, labels.flip(0))


def mixed_by_module(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    images, soft = model.mix(images, labels)
    return F.cross_entropy(model(images), soft)


def mixed_in_place(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    images.mul_(0.7).add_(0.3 * images.flip(0))
    return focal(model, images, labels)


def mixed_features(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    features = model.body(images)
    return own(model.head(0.7 * features + 0.3 * features.flip(0)), labels)


def reordered(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    order = images.flatten(1).sum(1).argsort()
    return F.cross_entropy(model(images[order]), labels[order])


def focal(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    return own(model(images), labels)


def own(scores: Tensor, labels: Tensor) -> Tensor:
    p = scores.softmax(1)[torch.arange(len(labels)), labels]
    return -((1 - p) ** 2 * p.log()).mean()


def smoothed(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(model(images), labels, label_smoothing=0.1, weight=torch.ones(10))


def augmented(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(model(images + 0.1 * torch.randn_like(images)), labels)


def with_an_unlabelled_half(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    noise = model(torch.randn_like(images)).softmax(1)
    return F.cross_entropy(model(images), labels) + (noise * noise.log()).sum(1).mean()


@pytest.mark.parametrize("loss", [smoothed, augmented, focal, with_an_unlabelled_half])
def test_labels_are_kept_where_the_step_learns_them(home: Path, loss: Any) -> None:
    fit(callback(), model=Step(loss))
    for record in kept(home):
        known = record.labels >= 0  # all, but for the first batch where its loss cannot be read
        assert known.sum() >= 64
        np.testing.assert_array_equal(record.labels[known], Digits(0, 96).labels.numpy()[record.ids][known])
        assert np.isfinite(record.cross_entropy[known]).all()
    assert len(kept(home)) == 2


@pytest.mark.parametrize("loss", [mixed, mixed_by_module, mixed_in_place, mixed_features, reordered])
def test_of_mixed_samples_no_label_is_claimed(home: Path, loss: Any) -> None:
    """Where the loss tells whose rows they are, the prediction is kept; else nothing is, and that is said."""
    ours = callback()
    fit(ours, model=Step(loss))
    assert len(kept(home)) == (2 if loss is mixed else 0)
    for record in kept(home):
        assert (record.labels == -1).all()
        assert np.isnan(record.cross_entropy).all()
        assert (record.other >= 0).all()
    if loss is not mixed:
        assert "the rows that its head gave are not known to be those of the loader's batches" in notes(ours)


def test_soft_targets_are_no_labels(home: Path) -> None:
    model = Step(lambda model, images, soft: F.cross_entropy(model(images), soft))
    model.validation_step = lambda batch, *_: None
    data = DataLoader(Labelled(lambda label: F.one_hot(label, 10) * 0.9 + 0.01), batch_size=32)
    fit(callback(task="classification"), model=model, train=data, val=data)
    for record in kept(home):
        assert (record.labels == -1).all()


def test_the_call_that_is_compared_with_the_labels_counts(home: Path) -> None:
    scores: list[Tensor] = []

    def two_calls(model: Any, images: Tensor, labels: Tensor) -> Tensor:
        other, batch = model(images.flip(0)), model(images)
        scores.append(batch.detach().log_softmax(1)[torch.arange(len(labels)), labels])
        return F.cross_entropy(batch, labels) + 0.1 * other.square().mean()

    fit(callback(layers="head"), model=Step(two_calls), epochs=1, train=loader(shuffle=False))
    (record,) = kept(home)
    np.testing.assert_allclose(record.cross_entropy[32:], -torch.cat(scores).numpy()[32:], rtol=1e-4)


class Labelled(Dataset[Any]):
    """Digits with labels of another kind."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        self.digits, self.change = Digits(0, 96), change

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> Any:
        image, label = self.digits[index]
        return image, self.change(label)


@pytest.mark.parametrize(
    ("change", "width", "loss", "said"),
    [
        (lambda label: label.float(), 1, lambda s, y: F.mse_loss(s[:, 0], y), "labels are quantities"),
        (
            lambda label: (label >= torch.arange(3)).float(),
            3,
            F.binary_cross_entropy_with_logits,
            "samples may have several labels",
        ),
    ],
    ids=["regression", "several labels"],
)
def test_other_tasks_are_refused_in_a_sentence(
    home: Path, change: Any, width: int, loss: Any, said: str
) -> None:
    model = Step(lambda model, images, labels: loss(model(images), labels))
    model.head = nn.Linear(16, width)
    model.validation_step = lambda batch, *_: None
    ours = callback()
    data = DataLoader(Labelled(change), batch_size=32)
    fit(ours, model=model, train=data, val=data)
    assert not kept(home)
    assert f"no outputs of train's own batches are kept: {said}" in notes(ours)


def test_a_binary_head_and_floats_as_labels(home: Path) -> None:
    model = Step(lambda model, x, y: F.binary_cross_entropy_with_logits(model(x)[:, 0], y))
    model.head = nn.Linear(16, 1)
    model.validation_step = lambda batch, *_: None
    data = DataLoader(Labelled(lambda label: (label > 4).float()), batch_size=32)
    fit(callback(), model=model, train=data, val=data, epochs=1)
    (record,) = kept(home)
    np.testing.assert_array_equal(record.labels, Digits(0, 96).labels.numpy() > 4)
    np.testing.assert_array_equal(record.other, 1 - record.labels)
    np.testing.assert_allclose(np.exp(-record.cross_entropy) + record.other_probability, 1, rtol=1e-5)


def test_without_ids_nothing_is_kept_and_that_is_said(home: Path) -> None:
    class Stream(torch.utils.data.IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter(Digits(0, 96))

    ours = callback()
    fit(ours, train=DataLoader(Stream(), batch_size=32))
    assert not kept(home)
    assert "no outputs of train's own batches are kept: which samples its rows are is not known" in notes(
        ours
    )


class Words(Digits):
    """Labels are words, which the step makes classes of; the names of the classes are known."""

    classes = tuple(f"digit {number}" for number in range(10))

    def __getitem__(self, index: int) -> Any:
        image, label = super().__getitem__(index)
        return image, self.classes[int(label)]


def test_words_as_labels_are_no_class_indices_and_cost_nothing(home: Path) -> None:
    class Reads(Net):
        def training_step(self, batch: Any, _: int) -> Tensor:
            numbers = torch.tensor([Words.classes.index(word) for word in batch[1]])
            return F.cross_entropy(self(batch[0]), numbers)

        def validation_step(self, batch: Any, *_: Any) -> None:
            self(batch[0])

    ours = callback()
    fit(ours, model=Reads(), train=DataLoader(Words(0, 96), batch_size=32, shuffle=True))
    assert (ours.receipt.missing, ours.receipt.errors) == ({}, ())
    assert "train's own batches" in notes(ours)
    assert all((record.labels == -1).all() for record in kept(home))


def test_keys_of_the_users_own(home: Path) -> None:
    ours = callback(ids=lambda batch: [f"row {sign:.0f}" for sign in batch[0][:, 0, 0, 0] * 1024])
    fit(ours, epochs=1)
    found = stored(home, ours.run.id)
    assert found is not None
    assert sorted(found.ids.tolist()) == sorted(f"row {number}" for number in range(96))
    assert np.isfinite(found.p_label).all()


def test_they_can_be_left_out(home: Path) -> None:
    ours = callback(outputs=False)
    fit(ours)
    assert not kept(home)
    assert "own batches" not in notes(ours)


def test_they_never_stand_for_the_outputs_of_a_split(home: Path) -> None:
    ours = callback(splits=("train", "val"), max_samples=10)
    fit(ours)
    assert {len(record.ids) for record in kept(home)} == {96}
    assert {len(record.ids) for record in outputs(home)} == {10}
    found = stored(home, ours.run.id)
    assert found is not None
    assert len(found.ids) == 96


def test_an_epoch_that_breaks_off_leaves_nothing(home: Path) -> None:
    class Stops(pl.Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if trainer.global_step == 4:
                raise RuntimeError("the user's own")

    with pytest.raises(RuntimeError, match="the user's own"):
        fit(callback(), Stops())
    assert [record.epoch for record in kept(home)] == [0]
