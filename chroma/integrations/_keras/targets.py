"""What the loss that a Keras model is compiled with says of its targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, cast

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
    return _compares(getattr(model, "loss", None))


def loss_of_output(model: Any, key: str | int | None, output: int | None) -> Loss:
    """What the loss of one of several outputs compares.

    Args:
        model: The model.
        key: Under which its targets stand; None if it is the only one.
        output: Which output it is, in Keras's order; None if that is not known.
    """
    loss = getattr(model, "loss", None)
    if isinstance(loss, Mapping):
        names = getattr(model, "output_names", None) or ()
        name = names[key] if isinstance(key, int) and key < len(names) else key
        loss = cast("Mapping[Any, Any]", loss).get(name)
    elif isinstance(loss, (list, tuple)):
        losses = cast("Sequence[Any]", loss)
        loss = losses[output] if output is not None and output < len(losses) else None
    return _compares(loss)


def _compares(loss: Any) -> Loss:
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    # a `Loss` holds its function as `fn`
    name = getattr(getattr(loss, "fn", loss), "__name__", "")
    return "quantities" if name in _DISTANCES else "classes" if name in _CLASSES else "unknown"


def numbers_of(model: Any) -> Numbers:
    """What one number per sample is. Keras converts targets, so the loss tells it, not their dtype."""
    return numbers_of_loss(loss_of(model))


def numbers_of_loss(loss: Loss) -> Numbers:
    """The same of one output's loss."""
    return "quantities" if loss == "quantities" else "classes"
