"""Models without a `call`, whose `train_step` calls models within them: which of these takes the samples."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from chroma.errors import ConfigError

keras: Any = import_module("keras")  # its types are not complete


def called_model(model: Any, x: Any) -> Any:
    """The model that is called on samples: the user's own, or the first within it that takes them.

    Args:
        model: The user's model.
        x: Inputs, `[n, …]` arrays.

    Raises:
        ConfigError: The model has no `call`, and no model within it takes such samples.
    """
    if type(model).call is not keras.Model.call:
        return model
    inner = [layer for layer in model._layers if isinstance(layer, keras.Model)]
    found = next((each for each in inner if _takes(each, x)), None)
    if found is None:
        names = ", ".join(each.name for each in inner) or "there is none"
        raise ConfigError(
            f"the model has no call(), and no model within it ({names}) takes these samples; "
            "ChromaCallback(data=(x, y)) gives samples that one of them takes"
        )
    return found


def _takes(model: Any, x: Any) -> bool:
    """Whether samples have the shapes of a model's inputs."""
    inputs = getattr(model, "inputs", None) if model.built else None
    given = [leaf for leaf in keras.tree.flatten(x) if leaf is not None]
    if inputs is None or len(inputs) != len(given):
        return False
    shapes = [
        (tuple(each.shape[1:]), tuple(leaf.shape[1:])) for each, leaf in zip(inputs, given, strict=True)
    ]
    return all(
        len(wanted) == len(shape)
        and all(size in (None, own) for size, own in zip(wanted, shape, strict=True))
        for wanted, shape in shapes
    )
