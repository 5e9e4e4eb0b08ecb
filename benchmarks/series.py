"""The captured series: layers of a small network, epoch by epoch, while it learns digits.

    python benchmarks/series.py --data images.npz

`--data` is an npz with `images` uint8 `[n, height, width]` and `labels`; without it scikit-learn's digits (8
x 8). Two layers are captured after each of ten epochs: 512 wide and 128 wide.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

EPOCHS = 10
# Of what is captured: raise it with any change to the training below.
_VERSION = 1


@dataclass(frozen=True)
class Series:
    """What a layer held after each epoch: `snapshots` of float16 `[n, d]`; the samples' labels `[n]`."""

    name: str
    snapshots: list[npt.NDArray[np.float16]]
    labels: npt.NDArray[np.int64]


def load_images(data: Path | None) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Images `[n, height, width]` from 0 to 1, and labels."""
    if data is None:
        from sklearn.datasets import load_digits

        digits = load_digits()
        return (digits.images / 16).astype(np.float32), digits.target.astype(np.int64)
    with np.load(data) as file:
        return (file["images"] / 255).astype(np.float32), file["labels"].astype(np.int64)


class Net(nn.Module):
    """Two convolutions, then 512, 128 and 10 units."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(4), nn.Flatten(),
        )  # fmt: skip
        self.wide = nn.Sequential(nn.Linear(512, 512), nn.ReLU())
        self.narrow = nn.Sequential(nn.Linear(512, 128), nn.ReLU())
        self.head = nn.Linear(128, classes)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Both captured layers and the logits."""
        wide = self.wide(self.body(images))
        narrow = self.narrow(wide)
        return wide, narrow, self.head(narrow)


def capture(data: Path | None, seed: int = 0, epochs: int = EPOCHS) -> dict[str, Series]:
    """Train and capture; the same bits from a file the second time.

    Returns:
        Series `512` and `128`.
    """
    images, labels = load_images(data)
    key = hashlib.sha256(images.tobytes() + bytes([_VERSION, seed, epochs])).hexdigest()[:16]
    cached = Path(tempfile.gettempdir()) / "chroma-bench" / f"series-{key}.npz"
    if not cached.exists():
        cached.parent.mkdir(exist_ok=True)
        np.savez(cached, **_train(images, labels, seed, epochs))
    with np.load(cached) as file:
        return {name: Series(name, list(file[name]), labels) for name in ("512", "128")}


def _train(
    images: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], seed: int, epochs: int
) -> dict[str, npt.NDArray[np.float16]]:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    x, y = torch.from_numpy(images)[:, None], torch.from_numpy(labels)
    net = Net(int(y.max()) + 1)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    kept: dict[str, list[npt.NDArray[np.float16]]] = {"512": [], "128": []}
    for epoch in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            loss = nn.functional.cross_entropy(net(x[batch])[2], y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            wide, narrow, logits = (
                torch.cat(parts) for parts in zip(*(net(part) for part in x.split(1000)), strict=True)
            )
        kept["512"].append(wide.numpy().astype(np.float16))
        kept["128"].append(narrow.numpy().astype(np.float16))
        print(f"epoch {epoch + 1}: accuracy {(logits.argmax(1) == y).float().mean():.4f}")
    return {name: np.stack(parts) for name, parts in kept.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    for name, series in capture(parser.parse_args().data).items():
        print(name, len(series.snapshots), series.snapshots[0].shape)
