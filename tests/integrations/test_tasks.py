"""What is learned decides what comes along: one small example of each task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma
from chroma.records import RunOpened
from tests.integrations.digits import Digits, outputs, samples, snapshots, written

N = 48


def captured(home: Path, model: nn.Module, *tensors: torch.Tensor, **options: Any) -> Any:
    loader = DataLoader(TensorDataset(*tensors), batch_size=16)
    with chroma.watch(model, loader=loader, silent=True, project="tests", **options) as watch:
        watch.snapshot(epoch=0)
    assert watch.receipt.missing == {}
    return watch.receipt, [r.task for r in written(home) if isinstance(r, RunOpened)][-1]


def test_regression(home: Path) -> None:
    images = Digits(0, N).images
    ink = images.sum((1, 2, 3))
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 1))
    receipt, task = captured(home, model, images, ink)
    assert task == "regression"
    assert [(line.layer, line.dim) for line in receipt.layers] == [("3:input", 12)]
    np.testing.assert_allclose(samples(home).labels, ink)  # pyright: ignore
    assert not outputs(home)


def test_multilabel(home: Path) -> None:
    digits = Digits(0, N)
    targets = torch.stack([digits.labels % 2 == 0, digits.labels > 4, digits.labels == 3], 1).float()
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 3))
    receipt, task = captured(home, model, digits.images, targets)
    assert task == "multilabel"
    assert [(line.layer, line.dim) for line in receipt.layers] == [("3:input", 12), ("3", 3)]
    labels = samples(home).labels
    assert labels is not None
    assert labels.tolist() == [
        ", ".join(str(index) for index in np.flatnonzero(row)) for row in targets.numpy()
    ]
    assert not outputs(home)  # no single prediction


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 5))
        self.decoder = nn.Sequential(nn.Linear(5, 64), nn.Unflatten(1, (1, 8, 8)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(images))


def test_the_decoder_of_an_autoencoder_is_no_classifier_of_labels_that_ride_along(home: Path) -> None:
    digits = Digits(0, N)
    receipt, _ = captured(home, Autoencoder(), digits.images, digits.labels)
    assert [(line.layer, line.dim) for line in receipt.layers] == [("encoder", 5)]
    assert samples(home).labels is not None
    assert not outputs(home)


class Variational(nn.Module):
    """Returns reconstruction, mean and log-variance, as textbooks do."""

    def __init__(self) -> None:
        super().__init__()
        self.inward, self.logvar, self.mu = nn.Linear(64, 40), nn.Linear(40, 10), nn.Linear(40, 10)
        self.outward, self.pixels = nn.Linear(10, 40), nn.Linear(40, 64)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        hidden = F.relu(self.inward(images.flatten(1)))
        mean, logvar = self.mu(hidden), self.logvar(hidden)
        return torch.sigmoid(self.pixels(F.relu(self.outward(mean)))), mean, logvar


def test_of_a_variational_autoencoder_the_mean_is_captured_and_is_no_head(home: Path) -> None:
    digits = Digits(0, N)
    receipt, _ = captured(home, Variational(), digits.images, digits.labels)
    assert [(line.layer, line.dim) for line in receipt.layers] == [("mu", 10)]
    assert not outputs(home)
    assert any("no predictions" in note and "autoencoder" in note for note in receipt.notes)


@pytest.mark.parametrize("numbers", [torch.int64, torch.float32], ids=str)
@pytest.mark.parametrize("known", [True, False], ids=["the loss", "nothing"])
def test_one_logit_tells_two_classes_where_the_loss_says_so(
    home: Path, numbers: torch.dtype, known: bool
) -> None:
    class Binary(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.loss = nn.BCEWithLogitsLoss() if known else nn.Identity()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 1))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.layers(images).squeeze(1)

    digits, model = Digits(0, N), Binary()
    receipt, task = captured(home, model, digits.images, (digits.labels % 2).to(numbers))
    assert [(line.layer, line.dim) for line in receipt.layers] == [("layers.3:input", 12)]
    if not known:  # least squares would have another threshold
        assert not outputs(home)
        assert any("task='classification'" in note for note in receipt.notes) == (task == "classification")
        return
    assert task == "classification"
    logits = model(digits.images).detach()
    (said,) = outputs(home)
    np.testing.assert_array_equal(said.prediction, (logits > 0).long().numpy())
    labels = samples(home).labels
    assert labels is not None
    assert labels.dtype == np.int64
    exact = F.binary_cross_entropy_with_logits(logits, (digits.labels % 2).float(), reduction="none")
    np.testing.assert_allclose(said.cross_entropy, exact.numpy(), rtol=1e-4)


def test_whole_numbers_that_one_value_fits_are_quantities(home: Path) -> None:
    """Also where the first batch holds zeros and ones alone."""
    digits = Digits(0, N)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 1))
    counts = torch.cat([torch.arange(16) % 2, digits.labels[16:] + 3])
    _, task = captured(home, model, digits.images, counts)
    assert task == "regression"
    labels = samples(home).labels
    assert labels is not None
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, counts.numpy())
    assert not outputs(home)


class SideBySide(nn.Module):
    """Two heads that the step calls itself, the one that was said last is that of the second task."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU())
        self.digit, self.parity = nn.Linear(12, 10), nn.Linear(12, 2)


def both(model: Any, batch: Any) -> None:
    features = model.body(batch[0])
    model.digit(features)
    model.parity(features.detach())


def test_heads_beside_each_other_that_the_step_calls_itself_are_all_outputs(home: Path) -> None:
    digits = Digits(0, N)
    tensors = (digits.images, digits.labels, digits.labels % 2)
    captured(home, SideBySide(), *tensors, forward=both)
    known = samples(home)
    assert known.labels is None
    assert {name: column.tolist() for name, column in known.metadata.items()} == {
        "batch[1]": tensors[1].tolist(),
        "batch[2]": tensors[2].tolist(),
    }
    assert not outputs(home)


@pytest.mark.parametrize(("labels", "head", "classes"), [(1, "digit", 10), (2, "parity", 2)])
def test_of_heads_beside_each_other_that_of_the_named_labels_counts(
    home: Path, labels: int, head: str, classes: int
) -> None:
    digits, model = Digits(0, N), SideBySide()
    tensors = (digits.images, digits.labels, digits.labels % 2)
    receipt, _ = captured(home, model, *tensors, forward=both, labels=labels)
    assert [(line.layer, line.dim) for line in receipt.layers] == [(f"{head}:input", 12), (head, classes)]
    logits = getattr(model, head)(model.body(digits.images))
    np.testing.assert_array_equal(outputs(home)[0].prediction, logits.argmax(1).numpy())


class Ordinal(nn.Module):
    """Ranks by one score and a threshold for each rank but the first, as CORAL does."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.score = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU()), nn.Linear(12, 1)
        self.thresholds = nn.Parameter(torch.linspace(1, -1, 9))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.score(self.body(images)) + self.thresholds


def test_ranks_are_classes_but_the_score_that_they_share_is_no_head(home: Path) -> None:
    digits = Digits(0, N)
    receipt, task = captured(home, Ordinal(), digits.images, digits.labels)
    assert task == "classification"
    assert [line.layer for line in receipt.layers] == ["score:input"]
    assert not outputs(home)
    assert any(note.startswith("no predictions:") for note in receipt.notes)


def test_levels_that_come_as_zeros_and_ones_are_classes_without_a_score_each(home: Path) -> None:
    """CORAL's targets: one more one for each rank."""
    digits = Digits(0, N)
    levels = (digits.labels[:, None] > torch.arange(9)).float()
    _, task = captured(home, Ordinal(), digits.images, levels)
    assert task == "classification"
    labels = samples(home).labels
    assert labels is not None
    np.testing.assert_array_equal(labels, digits.labels.numpy())
    assert not outputs(home)


@pytest.mark.parametrize(("width", "proved"), [(1000, True), (10, True), (32, False), (8, False)])
def test_a_head_may_be_wider_than_the_named_classes_but_an_embedding_is_none(
    home: Path, width: int, proved: bool
) -> None:
    class Named(TensorDataset):
        classes = tuple("0123456789")

    digits = Digits(0, N)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, width))
    loader = DataLoader(Named(digits.images, digits.labels), batch_size=16)
    with chroma.watch(model, loader=loader, silent=True, project="tests") as watch:
        watch.snapshot(epoch=0)
    assert watch.receipt is not None
    assert [(line.layer, line.dim) for line in watch.receipt.layers] == [("3:input", 12), ("3", width)]
    assert bool(outputs(home)) == proved
    assert any("no predictions" in note for note in watch.receipt.notes) != proved


@pytest.mark.parametrize("last", ["LogSoftmax", "log_softmax", "normalize", "none"])
def test_a_head_gives_what_the_model_gives_as_scores_or_probabilities(home: Path, last: str) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.head = nn.Linear(64, 12), nn.Linear(12, 10)
            self.end = nn.LogSoftmax(1) if last == "LogSoftmax" else nn.Identity()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            scores = self.end(self.head(self.fc(images.flatten(1)).relu()))
            return getattr(F, last)(scores, dim=1) if hasattr(F, last) else scores

    digits = Digits(0, N)
    receipt, _ = captured(home, Model(), digits.images, digits.labels)
    assert [(line.layer, line.dim) for line in receipt.layers] == [("head:input", 12), ("head", 10)]
    assert bool(outputs(home)) == (last != "normalize")


def test_a_head_called_with_different_inputs_is_not_proved(home: Path) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.head = nn.Linear(64, 12), nn.Linear(12, 10)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            scores = self.head(self.fc(images.flatten(1)))
            self.head(self.fc(images.flip(3).flatten(1)))
            return scores

    digits = Digits(0, N)
    receipt, _ = captured(home, Twice(), digits.images, digits.labels)
    assert not outputs(home)
    assert any("several times per batch" in note for note in receipt.notes)


def test_what_is_given_for_each_pixel_is_captured_before_it(home: Path) -> None:
    images = Digits(0, N).images
    model = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 1))
    receipt, _ = captured(home, model, images, (images[:, 0] > 0.5).long())
    assert [(line.layer, line.dim) for line in receipt.layers] == [("2:input", 6)]
    assert not outputs(home)


def test_an_autoencoder_has_no_labels(home: Path) -> None:
    receipt, task = captured(home, Autoencoder(), Digits(0, N).images)
    assert task == "unlabelled"
    assert [(line.layer, line.dim) for line in receipt.layers] == [("encoder", 5)]
    assert samples(home).labels is None
    assert samples(home).images


def test_contrastive_views_are_captured_from_the_backbone(home: Path) -> None:
    class Contrastive(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU())
            self.projector = nn.Linear(16, 8)

        def forward(self, view: torch.Tensor) -> torch.Tensor:
            return F.normalize(self.projector(self.backbone(view)), dim=1)

    images = Digits(0, N).images
    model = Contrastive()
    receipt, task = captured(home, model, images, images.flip(3))
    assert task == "unlabelled"
    assert [(line.layer, line.dim) for line in receipt.layers] == [("projector:input", 16), ("projector", 8)]
    (snapshot,) = snapshots(home, "projector:input")
    np.testing.assert_allclose(snapshot.vectors, model.backbone(images).detach().numpy(), atol=1e-3)


def test_a_language_models_vocabulary_is_not_stored(home: Path) -> None:
    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(50_000, 8)
            self.block = nn.LSTM(8, 8, batch_first=True)
            self.out = nn.Linear(8, 50_000)

        def forward(self, tokens: torch.Tensor) -> Any:
            return {"logits": self.out(self.block(self.tokens(tokens))[0])}

    tokens = torch.randint(50_000, (N, 6))
    receipt, task = captured(home, Language(), tokens, tokens.roll(-1, 1))
    assert task == "sequence"
    assert [(line.layer, line.dim) for line in receipt.layers] == [("out:input", 8)]
    assert snapshots(home, "out:input")[0].note.pooling == "mean over tokens"
    assert not outputs(home)
    assert receipt.bytes < 100_000


@pytest.mark.parametrize(("task", "dtype"), [("regression", np.float32), ("unlabelled", None)])
def test_the_task_is_as_the_user_says(home: Path, task: Any, dtype: Any) -> None:
    digits = Digits(0, N)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    _, said = captured(home, model, digits.images, digits.labels, task=task)
    assert said == task
    labels = samples(home).labels
    assert (labels is None) if dtype is None else (labels is not None and labels.dtype == dtype)
