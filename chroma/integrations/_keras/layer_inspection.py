"""Which layers of a Keras model a batch passes through, and the shapes of what they take and give."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from chroma.capture.layers import Module
from chroma.integrations._keras.evaluation import InferenceModel, call_once
from chroma.integrations._keras.layer_values import channels_last, layers_of, wrapped_calls

keras: Any = import_module("keras")  # its types are not complete

_PROBABILITIES = ("softmax", "sigmoid")  # activations that give them
_Shape = tuple[int, ...] | None  # None where there is no float tensor


def inspect_layers(model: Any, x: Any) -> list[Module]:
    """The layers that a batch of two samples or more passes through, in the order of their outputs."""
    layers = layers_of(model)
    inputs: dict[str, _Shape] = {}
    outputs: dict[str, _Shape] = {}
    calls: dict[str, int] = {}

    def report(name: str, of_input: bool, value: Any, mask: Any) -> None:
        shape = None if value is None else tuple(int(size) for size in value.shape)
        if shape is not None and len(shape) > 3 and channels_last(layers[name]):
            shape = (shape[0], shape[-1], *shape[1:-1])
        (inputs if of_input else outputs).setdefault(name, shape)  # the first call counts
        calls[name] = calls.get(name, 0) + of_input

    def through(infer: Callable[[Any], Any], given: Any) -> Any:
        with wrapped_calls(layers, report):
            infer(given)
        return keras.ops.zeros((1,))

    call_once(InferenceModel(model, through), x)
    return [
        Module(
            name,
            leaf=not getattr(layers[name], "_layers", ()),
            parametrised=bool(layers[name].weights),
            input=inputs.get(name),
            output=shape,
            calls=calls[name],
            probabilities=any(ends_in(layers[name], activation) for activation in _PROBABILITIES),
        )
        for name, shape in outputs.items()
    ]


def ends_in(layer: Any, activation: str) -> bool:
    """Whether a layer applies this activation to its output."""
    return getattr(getattr(layer, "activation", None), "__name__", None) == activation
