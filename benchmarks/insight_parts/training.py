"""The network that learns wrong labels, and what it says of each sample meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from series import load_images
from torch import nn

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Data:
    """Images of the training and the validation set, from 0 to 1, and their true labels."""

    name: str
    images: Floats
    labels: npt.NDArray[np.int64]
    val_images: Floats
    val_labels: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Training:
    """What is known of a training.

    Attributes:
        logits: float32 `[e, n, C]` of the training's own forward passes, as they were before each step.
        features: float32 `[e, n, d]`, input of the head after each epoch, in evaluation mode.
        val_accuracy: `[e]`.
        train_accuracy: On the labels given, after the last epoch.
    """

    logits: Floats
    features: Floats
    val_accuracy: Floats
    train_accuracy: float


def load(path: Path | None, seed: int = 0, most: int | None = None) -> Data:
    """Four fifths to train on, one fifth to validate; of `most` images, if that is given."""
    images, labels = load_images(path)
    order = np.random.default_rng(seed).permutation(len(images))[:most]
    cut = len(order) * 4 // 5
    train, val = order[:cut], order[cut:]
    name = "digits" if path is None else path.stem
    return Data(name, images[train], labels[train], images[val], labels[val])


class Mlp(nn.Module):
    """Two hidden layers with dropout."""

    def __init__(self, pixels: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, 256), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(256, 64), nn.ReLU(), nn.Dropout(dropout),
        )  # fmt: skip
        self.head = nn.Linear(64, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(images))


def network(images: Floats, labels: npt.NDArray[np.int64], dropout: float, seed: int) -> Mlp:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    return Mlp(images[0].size, int(labels.max()) + 1, dropout)


def one_epoch(
    net: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor, y: torch.Tensor, logits: torch.Tensor
) -> None:
    """Train for an epoch, and keep the logits of its own passes."""
    net.train()
    for batch in torch.randperm(len(x)).split(128 if len(x) > 2000 else 32):
        said = net(x[batch])
        logits[batch] = said.detach()
        loss = nn.functional.cross_entropy(said, y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def train(data: Data, labels: npt.NDArray[np.int64], *, epochs: int, dropout: float, seed: int) -> Training:
    """Train on `labels` in place of the true ones."""
    net = network(data.images, data.labels, dropout, seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    x, y = torch.from_numpy(data.images), torch.from_numpy(labels)
    val_x, val_y = torch.from_numpy(data.val_images), torch.from_numpy(data.val_labels)
    logits = torch.empty(epochs, len(x), net.head.out_features)
    features = torch.empty(epochs, len(x), net.head.in_features)
    val_accuracy, correct = np.empty(epochs, np.float32), 0.0
    for epoch in range(epochs):
        one_epoch(net, optimizer, x, y, logits[epoch])
        net.eval()
        with torch.no_grad():
            features[epoch] = net.body(x)
            correct = float((net.head(features[epoch]).argmax(1) == y).float().mean())
            val_accuracy[epoch] = float((net(val_x).argmax(1) == val_y).float().mean())
    return Training(logits.numpy(), features.numpy(), val_accuracy, correct)


def folds_probabilities(
    images: Floats, labels: npt.NDArray[np.int64], *, folds: int, epochs: int, dropout: float, seed: int
) -> Floats:
    """Probabilities `[n, C]` of each sample from a model that did not see it."""
    held = np.random.default_rng(seed).permutation(len(images)) % folds
    found = np.empty((len(images), int(labels.max()) + 1), np.float32)
    for fold in range(folds):
        net = network(images, labels, dropout, 100 * seed + fold)
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        x, y = torch.from_numpy(images[held != fold]), torch.from_numpy(labels[held != fold])
        logits = torch.empty(len(x), net.head.out_features)
        for _ in range(epochs):
            one_epoch(net, optimizer, x, y, logits)
        net.eval()
        with torch.no_grad():
            said = net(torch.from_numpy(images[held == fold])).softmax(1)
        found[held == fold] = said.numpy()
    return found
