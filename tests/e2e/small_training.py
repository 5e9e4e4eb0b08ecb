"""A training of a small network on digits, for the browser tests: `python -m tests.e2e.small_training`.

With `--gate FOLDER` each epoch but the first waits for the file `FOLDER/EPOCH`: the page can be looked at
in between.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import chroma

LAYERS = ["encoder.0", "encoder.2", "encoder.4"]  # 64, 32 and 16 wide


def data(samples: int) -> tuple[TensorDataset, TensorDataset]:
    digits = load_digits()
    images = torch.tensor(digits.data / 16, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    kept = torch.arange(samples) % 900
    # digits that come again are seen through a little noise
    noise = torch.randn(samples, 64, generator=torch.Generator().manual_seed(0)) * 0.1
    noise[:900] = 0
    return TensorDataset(images[900:], labels[900:]), TensorDataset(images[kept] + noise, labels[kept])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--gate", type=Path)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)
    training, validation = data(given.samples)
    encoder = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU()
    )
    model = nn.Sequential()
    model.add_module("encoder", encoder)
    model.add_module("head", nn.Linear(16, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = DataLoader(validation, batch_size=100)
    with chroma.watch(
        model, loader=loader, split="val", project="digits", name=given.name, layers=LAYERS
    ) as watching:
        for epoch in range(given.epochs):
            while given.gate and epoch and not (given.gate / str(epoch)).exists():
                time.sleep(0.05)
            for images, labels in DataLoader(training, batch_size=64, shuffle=True):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
            watching.snapshot(epoch=epoch)


if __name__ == "__main__":
    main()
