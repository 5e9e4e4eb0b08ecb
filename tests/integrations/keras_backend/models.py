"""Models of each kind, with dropout and BatchNorm, through which a sample's own number passes.

The number is in what the layer `signature` is given, so that a captured row tells whose it is.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from sklearn.datasets import load_digits

L = keras.layers
KINDS = ("sequential", "functional", "subclassed", "nested")

_BUNCH = load_digits()
IMAGES = (_BUNCH.images[:160] / 16).astype("float32")[..., None]
LABELS = _BUNCH.target[:160]
SIGNS = (np.arange(160) / 256).astype("float32")[:, None]  # sample i carries i
PACKED = IMAGES.copy()  # the same in one array: the first pixel is the sign
PACKED[:, 0, 0, 0] = SIGNS[:, 0]
TRAIN, VAL = slice(0, 96), slice(96, 160)


def signed(vectors: np.ndarray) -> list[int]:
    """Which samples these vectors of the layer `signature` belong to."""
    return np.rint(vectors[:, 0] * 256).astype(int).tolist()


class Apart(L.Layer):
    """Image and sign, of a dict or of one array that holds both."""

    def call(self, inputs: Any) -> Any:
        if isinstance(inputs, dict):
            return inputs["image"], inputs["sign"]
        return inputs, inputs[:, 0, :1, 0]


class SignThrough(L.Layer):
    """Passes images on; the sign goes through `signature` on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.apart = Apart()
        self.signature = L.Identity(name="signature")

    def call(self, inputs: Any) -> Any:
        image, sign = self.apart(inputs)
        return image + 0.0 * self.signature(sign)[:, None, None]


class Net(keras.Model):
    """Subclassed; takes a dict or one array."""

    def __init__(self) -> None:
        super().__init__()
        self.apart = Apart()
        self.flat = L.Flatten()
        self.hidden = L.Dense(16, activation="relu")
        self.norm = L.BatchNormalization()
        self.dropout = L.Dropout(0.3)
        self.signature = L.Identity(name="signature")
        self.head = L.Dense(10, activation="softmax", name="head")

    def call(self, inputs: Any, training: bool = False) -> Any:
        image, sign = self.apart(inputs)
        hidden = self.norm(self.hidden(self.flat(image)), training=training)
        hidden = self.dropout(hidden, training=training)
        return self.head(keras.ops.concatenate([hidden, self.signature(sign)], axis=-1))


def _convolved() -> list[Any]:
    return [L.Conv2D(4, 3), L.BatchNormalization(), L.ReLU(), L.Flatten(), L.Dense(16, activation="relu")]


def _through(layers: list[Any], value: Any) -> Any:
    for layer in layers:
        value = layer(value)
    return value


def build(kind: str, *, packed: bool = True, **options: Any) -> Any:
    """A compiled model.

    Args:
        kind: One of `KINDS`; nested is a functional model with a Sequential one inside.
        packed: It takes one array; else a dict.
        options: Of `compile`.
    """
    keras.utils.set_random_seed(3)
    head = L.Dense(10, activation="softmax", name="head")
    if kind == "subclassed":
        model = Net()
    elif kind == "sequential":
        model = keras.Sequential([SignThrough(), *_convolved(), L.Dropout(0.3), head])
    else:
        image = L.Input((8, 8, 1), name="image")
        inputs: Any = image if packed else {"image": image, "sign": L.Input((1,), name="sign")}
        sign = L.Identity(name="signature")(Apart()(inputs)[1])
        nested = kind == "nested"
        hidden = (
            keras.Sequential(_convolved(), name="encoder")(image) if nested else _through(_convolved(), image)
        )
        both = L.Concatenate()([L.Dropout(0.3)(hidden), sign])
        model = keras.Model(inputs, head(both))
    momentum = keras.optimizers.SGD(0.05, momentum=0.9)  # has state, and compiles faster than Adam
    model.compile(momentum, "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model
