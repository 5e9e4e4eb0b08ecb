"""A forward pass of our own through a user's Keras model, in inference, that changes nothing in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from chroma.capture.layers import Module
from chroma.integrations._keras.layer_values import LayerValues, channels_last, layers_of, shadowed
from chroma.integrations._keras.samples import rows_of
from chroma.records import Array

keras: Any = import_module("keras")  # its types are not complete

_Note = tuple[str, bool, tuple[int, ...] | None]  # name, of input, shape


class _Aside(keras.Model):
    """A model of our own around the user's; Keras compiles it as it compiles `predict`."""

    def __init__(self, model: Any, through: Callable[[Callable[[Any], Any], Any], Any]) -> None:
        super().__init__(name="chroma", autocast=False)
        self.inner = model  # a sublayer, so that its variables are ours
        self.__dict__["through"] = through  # past Keras's tracking, like all that is not a layer
        self.built = True
        self.run_eagerly = model.run_eagerly

    def call(self, inputs: Any) -> Any:
        return vars(self)["through"](self._infer, inputs)

    def _infer(self, inputs: Any) -> Any:
        if self.inner._call_has_training_arg:
            return self.inner(inputs, training=False)
        return self.inner(inputs)


class AsideReader:
    """Reads layers, batch after batch; compiled once.

    Args:
        model: The user's model, built.
        values: The layers to read.
        size: Samples per batch; fewer are filled up, so that nothing is compiled again.

    Attributes:
        size: Most samples of a batch.
    """

    def __init__(self, model: Any, values: LayerValues, size: int) -> None:
        def through(infer: Callable[[Any], Any], inputs: Any) -> Any:
            with values.heard(inputs) as heard:
                infer(inputs)
            return heard

        self._values = values
        self._read = _compiled(_Aside(model, through))
        self.size = size

    def __call__(self, x: Any) -> dict[str, Array]:
        """Layer name to `[B, d]` float32 for a batch of at most `size` samples."""
        rows = len(keras.tree.flatten(x)[0])
        if rows < self.size:
            x = rows_of(x, np.resize(np.arange(rows), self.size))
        return self._values.arrays(self._read(x), rows)


def look(model: Any, x: Any) -> list[Module]:
    """The layers that a batch of two samples or more passes through, in the order of their outputs."""
    layers = layers_of(model)
    noted: list[_Note] = []

    def seen(name: str, of_input: bool, value: Any, mask: Any) -> None:
        shape = None if value is None else tuple(int(size) for size in value.shape)
        if shape is not None and len(shape) > 3 and channels_last(layers[name]):
            shape = (shape[0], shape[-1], *shape[1:-1])
        noted.append((name, of_input, shape))

    def through(infer: Callable[[Any], Any], inputs: Any) -> Any:
        with shadowed(layers, seen):
            infer(inputs)
        return keras.ops.zeros((1,))

    _once(_Aside(model, through), x)
    inputs: dict[str, tuple[int, ...] | None] = {}
    outputs: dict[str, tuple[int, ...] | None] = {}
    calls: dict[str, int] = {}
    for name, of_input, shape in noted:
        if of_input:
            inputs.setdefault(name, shape)
            calls[name] = calls.get(name, 0) + 1
        else:
            outputs.setdefault(name, shape)
    return [
        Module(
            name,
            leaf=not getattr(layers[name], "_layers", ()),
            parametrised=bool(layers[name].weights),
            input=inputs.get(name),
            output=shape,
            calls=calls.get(name, 1),
            probabilities=ends_in(layers[name], "softmax") or ends_in(layers[name], "sigmoid"),
        )
        for name, shape in outputs.items()
    ]


def ends_in(layer: Any, activation: str) -> bool:
    """Whether a layer applies this activation to its output."""
    return getattr(getattr(layer, "activation", None), "__name__", None) == activation


def _once(model: Any, x: Any) -> None:
    """Call a model a single time: not compiled, and on JAX not even computed."""
    if keras.backend.backend() == "jax" and not model.run_eagerly:
        import_module("jax").eval_shape(_stateless(model), *_state(model), x)
    else:
        model.run_eagerly = True
        _compiled(model)(x)


def _compiled(model: Any) -> Callable[[Any], Any]:
    """The model as a function of a batch, compiled as Keras compiles `predict`.

    Not so with JAX: there `predict` writes back the state it was given, which is the user's.
    """
    if keras.backend.backend() != "jax":
        return model.predict_on_batch
    pure = _stateless(model)
    if not model.run_eagerly:
        pure = import_module("jax").jit(pure)

    def call(x: Any) -> Mapping[str, Any]:
        return pure(*_state(model), x)

    return call


def _stateless(model: Any) -> Callable[..., Any]:
    def pure(trainable: Any, rest: Any, x: Any) -> Any:
        return model.stateless_call(trainable, rest, x)[0]

    return pure


def _state(model: Any) -> tuple[list[Any], list[Any]]:
    return (
        [variable.value for variable in model.trainable_variables],
        [variable.value for variable in model.non_trainable_variables],
    )
