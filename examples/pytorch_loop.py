"""Watch a plain PyTorch loop on scikit-learn's 1,797 handwritten digits.

    python examples/pytorch_loop.py
    chroma ui

The lines that matter are `chroma.watch(...)` and `watch.snapshot(...)`.
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset, TensorDataset

import chroma


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs

    torch.manual_seed(7)
    digits = load_digits()
    dataset = TensorDataset(
        torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1), torch.tensor(digits.target)
    )
    train = DataLoader(Subset(dataset, range(0, len(dataset), 2)), batch_size=64, shuffle=True)
    val = DataLoader(Subset(dataset, range(1, len(dataset), 2)), batch_size=256)

    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Linear(96, 32), nn.ReLU(),
        nn.Dropout(0.2), nn.Linear(32, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    with chroma.watch(model, loader=val, split="val", project="digits") as watch:
        for epoch in range(epochs):
            for images, labels in train:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
            watch.snapshot(epoch=epoch)
            watch.log_metrics({"train_loss": loss.item()}, epoch=epoch)


if __name__ == "__main__":
    main()
