"""The validation samples of a fit, from each kind of source."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from tests.integrations.keras_backend.models import IMAGES, LABELS, PACKED, SIGNS, TRAIN, VAL

SOURCES = ("arrays", "dict inputs", "tf.data", "PyDataset", "DataLoader", "validation_split")


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, number: int) -> Any:
        np.random.random()  # as augmentation would: the training must not notice that we read it
        rows = slice(96 + 24 * number, min(96 + 24 * (number + 1), 160))
        return PACKED[rows], LABELS[rows]


class Shuffling(Batches):
    """Gives its samples in another order in each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.order = np.arange(96, 160)
        self.random = np.random.default_rng(1)

    def on_epoch_end(self) -> None:
        self.random.shuffle(self.order)

    def __getitem__(self, number: int) -> Any:
        rows = self.order[24 * number : 24 * (number + 1)]
        return PACKED[rows], LABELS[rows]


def source(name: str) -> dict[str, Any]:
    """What `fit` is given."""
    if name == "arrays":
        return {"validation_data": (PACKED[VAL], LABELS[VAL])}
    if name == "dict inputs":
        both = {"image": IMAGES, "sign": SIGNS}
        cut = [{key: array[part] for key, array in both.items()} for part in (TRAIN, VAL)]
        return {"x": cut[0], "validation_data": (cut[1], LABELS[VAL])}
    if name == "PyDataset":
        return {"validation_data": Batches()}
    if name == "validation_split":
        return {"x": PACKED, "y": LABELS, "validation_data": None, "validation_split": 0.4}
    if name == "tf.data":
        tf = pytest.importorskip("tensorflow")
        return {"validation_data": tf.data.Dataset.from_tensor_slices((PACKED[VAL], LABELS[VAL])).batch(24)}
    return {"validation_data": loader()}


def loader(**options: Any) -> Any:
    """A torch DataLoader of the validation samples."""
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.tensor(PACKED[VAL]), torch.tensor(LABELS[VAL]))
    return torch.utils.data.DataLoader(data, batch_size=24, **options)
