"""Real digits, without any framework but PyTorch: spawned workers of a loader import this module."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import Dataset


class Digits(Dataset[Any]):
    """Digits; sample i carries i in its top left pixel, which is always blank in the originals."""

    def __init__(self, start: int, n: int) -> None:
        from sklearn.datasets import load_digits

        bunch = load_digits()
        self.images = torch.tensor(bunch.images[start : start + n] / 16, dtype=torch.float32).unsqueeze(1)
        self.images[:, 0, 0, 0] = torch.arange(n) / 1024
        self.labels = torch.tensor(bunch.target[start : start + n])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Any:
        return self.images[index], self.labels[index]
