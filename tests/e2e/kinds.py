"""Runs whose samples are not images of classes, for the browser tests: `python -m tests.e2e.kinds`."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import chroma

RNG = np.random.default_rng(9)
N = 240
WORDS = ("river", "stone", "cloud", "engine", "market", "winter", "garden", "signal")


def main() -> None:
    """Log them into the home that CHROMA_HOME names."""
    with chroma.init("kinds", "regression") as run:
        target = RNG.uniform(-2, 2, N).astype(np.float32)
        run.log_samples("val", ids=np.arange(N), labels=target)
        for epoch in range(2):
            vectors = np.stack([target * (epoch + 1), target**2, *RNG.normal(size=(4, N)) * 0.3], 1)
            run.log_embeddings(vectors, layer="body", ids=np.arange(N), split="val", epoch=epoch)
            residual = RNG.normal(size=N) / (epoch + 1)
            run.log_columns("val", np.arange(N), epoch=epoch, residual=residual)
    with chroma.init("kinds", "texts") as run:
        topic = RNG.integers(0, 4, N)
        ids = [f"doc-{at}" for at in range(N)]
        texts = [f"{WORDS[2 * t]} and {WORDS[2 * t + 1]}, page {at}" for at, t in enumerate(topic)]
        run.log_samples("val", ids=ids, texts=texts, metadata={"length": [len(text) for text in texts]})
        for epoch in range(2):
            vectors = np.eye(8)[topic] * (epoch + 1) + RNG.normal(size=(N, 8)) * 0.3
            run.log_embeddings(vectors, layer="pooler", ids=ids, split="val", epoch=epoch)
    several_labels()
    with chroma.init("kinds", "coordinates") as run:
        classes = np.arange(N) % 3
        run.log_samples("val", ids=np.arange(N), labels=classes)
        vectors = np.eye(3)[classes] + RNG.normal(size=(N, 3)) * 0.1
        for epoch in range(3):
            run.log_embeddings(vectors, layer="body", ids=np.arange(N), split="val", epoch=epoch)
            for layer in ("body", "map"):  # of `map` there are no vectors
                run.log_projection(lines(classes, epoch), layer=layer, ids=np.arange(N), epoch=epoch)


def several_labels() -> None:
    """A sample may be of any of three classes, or of none."""
    marks = torch.tensor(RNG.integers(0, 2, (N, 3)), dtype=torch.float32)
    noise = torch.tensor(RNG.normal(size=(N, 3)) * 0.1, dtype=torch.float32)
    samples = TensorDataset(marks + noise, marks)
    samples.classes = ["cat", "dog", "owl"]  # type: ignore[attr-defined]
    loader = DataLoader(samples, batch_size=60)
    model = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 3))
    with chroma.watch(model, loader=loader, project="kinds", name="several labels", layers="1") as watched:
        watched.snapshot(epoch=0)


def lines(classes: np.ndarray, epoch: int) -> np.ndarray:
    """A picture no method would draw: each class on a vertical line of its own, longer at each epoch."""
    return np.stack([classes * 10.0, np.arange(N) * (epoch + 1) / N], 1)


if __name__ == "__main__":
    main()
