"""What the loss that a Keras model is compiled with says of its targets."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from chroma.capture.heads import Loss
from chroma.capture.labels import Numbers

keras: Any = import_module("keras")  # its types are not complete

_DISTANCES = {
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
    "poisson",
}


_CLASSES = {
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "sparse_categorical_crossentropy",
}


def loss_of(model: Any) -> Loss:
    """What the loss compares; "unknown" for a function of the user's own, several losses or none."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    # a `Loss` holds its function as `fn`
    name = getattr(getattr(loss, "fn", loss), "__name__", "")
    return "quantities" if name in _DISTANCES else "classes" if name in _CLASSES else "unknown"


def numbers_of(model: Any) -> Numbers:
    """What one number per sample is. Keras converts targets, so the loss tells it, not their dtype."""
    return "quantities" if loss_of(model) == "quantities" else "classes"
