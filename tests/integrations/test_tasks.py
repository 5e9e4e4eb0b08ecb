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
    receipt, task = captured(home, Contrastive(), images, images.flip(3))
    assert task == "unlabelled"
    assert [(line.layer, line.dim) for line in receipt.layers] == [("backbone", 16)]


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
