"""Which layers of a Keras model a batch passes through, and the shapes of what they take and give."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from chroma.capture.modules import Module
from chroma.integrations._keras.evaluation import InferenceModel, call_once
from chroma.integrations._keras.layer_values import channels_last, layers_of, wrapped_calls

keras: Any = import_module("keras")  # its types are not complete

_PROBABILITIES = ("softmax", "sigmoid")  # activations that give them
_Shape = tuple[int, ...] | None  # None where there is no float tensor


def inspect_layers(model: Any, called: Any, x: Any) -> list[Module]:
    """The layers that a batch passes through, in the order of their outputs.

    Args:
        model: The user's model.
        called: The model that is called: the same, or one within it.
        x: Inputs of two samples or more.
    """
    layers = layers_of(model)
    inputs: dict[str, _Shape] = {}
    outputs: dict[str, _Shape] = {}
    calls: dict[str, int] = {}
    given: list[_Shape] = []  # by the model

    def report(name: str, of_input: bool, value: Any, mask: Any) -> None:
        shape = _shape_of(value)
        if shape is not None and len(shape) > 3:
            if channels_last(layers[name]):
                shape = (shape[0], shape[-1], *shape[1:-1])
            if math.prod(shape[2:]) == 1:  # of a head that is a convolution: one place, and the classes
                shape = shape[:2]
        (inputs if of_input else outputs).setdefault(name, shape)  # the first call counts
        calls[name] = calls.get(name, 0) + of_input

    def through(infer: Callable[[Any], Any], batch: Any) -> Any:
        if not called.built:  # building calls the layers too
            infer(batch)
        # with several devices there is a pass on each: the last one counts
        for found in (inputs, outputs, calls, given):
            found.clear()
        with wrapped_calls(layers, report):
            given.extend(_shape_of(each) for each in keras.tree.flatten(infer(batch)))
        return keras.ops.zeros((1,))

    call_once(InferenceModel(called, through), x)
    inner = {name for name in outputs if getattr(layers[name], "_layers", ())}
    ends = _ends(
        [name for name in outputs if name not in inner and _has_matrix(layers[name])], outputs, given
    )
    return [
        Module(
            name,
            leaf=name not in inner,
            parametrised=bool(layers[name].weights),
            input=inputs.get(name),
            output=shape,
            matrix=_has_matrix(layers[name]),
            gives=ends.get(name),
            calls=calls[name],
            # shapes alone do not tell whether later calls gave the same
            differs=calls[name] > 1,
            channels_in="last",  # so are all, or a layer's own data format tells
            channels_out="last",
            probabilities=any(ends_in(layers[name], activation) for activation in _PROBABILITIES),
        )
        for name, shape in outputs.items()
    ]


def _ends(names: Sequence[str], outputs: Mapping[str, _Shape], given: Sequence[_Shape]) -> dict[str, int]:
    """Which layers give what the model gives: the last ones, one for each output, as far as sizes tell."""
    ends: dict[str, int] = {}
    last = list(reversed(names))[: len(given)]
    for number, shape in enumerate(given):
        size = _size_of(shape)
        fits = [name for name in last if name not in ends and _size_of(outputs[name]) == size > 0]
        if fits:
            ends[fits[-1] if len(given) > 1 else fits[0]] = number
    return ends


def ends_in(layer: Any, activation: str) -> bool:
    """Whether a layer applies this activation to its output."""
    return getattr(getattr(layer, "activation", None), "__name__", None) == activation


def _has_matrix(layer: Any) -> bool:
    return any(len(weight.shape) > 1 for weight in layer.weights)


def _shape_of(value: Any) -> _Shape:
    return tuple(int(size) for size in value.shape) if hasattr(value, "shape") else None


def _size_of(shape: _Shape) -> int:
    return math.prod(shape[1:]) if shape else 0
