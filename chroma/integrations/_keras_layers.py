"""What the layers of a Keras model give for a batch, on any backend, without a trace in the model.

A model of our own calls the user's, in inference, while each wanted layer's `call` is shadowed on the
instance; Keras compiles that as it compiles `predict`. The shadows stand only while it is traced. This
reaches layers of functional, sequential, subclassed and nested models alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from chroma.capture.layers import Chosen, Module
from chroma.capture.pooling import pooled, pooling_of
from chroma.errors import ConfigError
from chroma.integrations._keras_samples import rows_of
from chroma.records import Array

keras: Any = import_module("keras")  # its types are not complete
masking: Any = import_module("keras.src.backend.common.masking")  # JAX's tensors do not carry their mask

_Seen = Callable[[str, bool, Any, Any], None]  # name, of input, value, mask
_Note = tuple[str, bool, tuple[int, ...] | None]  # name, of input, shape


def layers_of(model: Any) -> dict[str, Any]:
    """Every layer of a model by qualified name: "encoder.dense" is `dense` of the nested model `encoder`."""
    found: dict[str, Any] = {}
    known: set[int] = set()

    def walk(parent: Any, prefix: str) -> None:
        for layer in getattr(parent, "_layers", ()):
            if id(layer) in known or isinstance(layer, keras.layers.InputLayer):
                continue
            known.add(id(layer))
            name = free = f"{prefix}{layer.name}"
            number = 1
            while name in found:
                number += 1
                name = f"{free}-{number}"
            found[name] = layer
            walk(layer, f"{name}.")

    walk(model, "")
    return found


def ends_in(layer: Any, activation: str) -> bool:
    """Whether a layer applies this activation to its output."""
    return getattr(getattr(layer, "activation", None), "__name__", None) == activation


class _Shadowing(keras.Model):
    """Passes a batch through a model in inference, and tells what goes into and comes out of some layers."""

    def __init__(self, model: Any, layers: Mapping[str, Any]) -> None:
        super().__init__(name="chroma", autocast=False)
        self.inner = model  # a sublayer, so that its variables are ours
        self.__dict__["shadowed"] = layers  # past Keras's tracking, like all that is not a layer
        self.built = True
        self.run_eagerly = model.run_eagerly

    def through(self, inputs: Any, seen: _Seen) -> None:
        with _shadows(vars(self)["shadowed"], seen):
            if self.inner._call_has_training_arg:
                self.inner(inputs, training=False)
            else:
                self.inner(inputs)


class _Looking(_Shadowing):
    """Notes the shapes."""

    def __init__(self, model: Any, layers: Mapping[str, Any], noted: list[_Note]) -> None:
        super().__init__(model, layers)
        self.run_eagerly = True
        self.__dict__["noted"] = noted

    def call(self, inputs: Any) -> Any:
        layers, noted = vars(self)["shadowed"], vars(self)["noted"]

        def seen(name: str, of_input: bool, value: Any, mask: Any) -> None:
            shape = None if value is None else tuple(int(size) for size in value.shape)
            if shape is not None and len(shape) > 3 and _channels_last(layers[name]):
                shape = (shape[0], shape[-1], *shape[1:-1])
            noted.append((name, of_input, shape))

        self.through(inputs, seen)
        return keras.ops.zeros((1,))


class _Reading(_Shadowing):
    """Gives the values of some layers, pooled to `[B, d]` where the rule is ours."""

    def __init__(self, model: Any, layers: Mapping[str, Any], wanted: Sequence[Chosen]) -> None:
        super().__init__(model, layers)
        self.__dict__["wanted"] = wanted

    def call(self, inputs: Any) -> Any:
        layers, wanted = vars(self)["shadowed"], vars(self)["wanted"]
        values: dict[str, Any] = {}

        def seen(name: str, of_input: bool, value: Any, mask: Any) -> None:
            for chosen in wanted:
                asked = chosen.module == name and chosen.of_input == of_input
                if asked and chosen.name not in values and value is not None:
                    values[chosen.name] = _pooled(value, mask, chosen, _channels_last(layers[name]))

        self.through(inputs, seen)
        return values


class LayerReader:
    """Reads chosen layers, batch after batch; traced once.

    Args:
        model: The user's model, built.
        wanted: What to read.
        size: Samples per batch; fewer are filled up, so that nothing is traced again.

    Attributes:
        size: Most samples of a batch.
    """

    def __init__(self, model: Any, wanted: Sequence[Chosen], size: int) -> None:
        layers = layers_of(model)
        self._wanted = wanted
        self.size = size
        self._read = _compiled(
            _Reading(model, {chosen.module: layers[chosen.module] for chosen in wanted}, wanted)
        )

    def __call__(self, x: Any) -> dict[str, Array]:
        """Layer name to `[B, d]` float32 for a batch of at most `size` samples."""
        rows = len(keras.tree.flatten(x)[0])
        if rows < self.size:
            filled = np.resize(np.arange(rows), self.size)
            x = rows_of(x, filled)
        values: Mapping[str, Any] = self._read(x)
        missing = [chosen.name for chosen in self._wanted if chosen.name not in values]
        if missing:
            raise ConfigError(f"layer {missing[0]!r} was not called; name one that the forward pass calls")
        return {
            chosen.name: pooled(
                np.asarray(values[chosen.name], np.float32)[:rows],
                rows,
                chosen.pool,
                f"layer {chosen.name!r}",
            )
            for chosen in self._wanted
        }


def look(model: Any, x: Any) -> list[Module]:
    """The layers that a batch of two samples or more passes through, in the order of their outputs."""
    layers = layers_of(model)
    noted: list[_Note] = []
    _compiled(_Looking(model, layers, noted))(x)
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
            probabilities=ends_in(layers[name], "softmax"),
        )
        for name, shape in outputs.items()
    ]


@contextmanager
def _shadows(layers: Mapping[str, Any], seen: _Seen) -> Generator[None]:
    """Shadow each layer's `call` on the instance, past Keras's own tracking of attributes."""
    own: dict[str, Any] = {}
    for name, layer in layers.items():
        if "call" in vars(layer):
            own[name] = vars(layer)["call"]
        vars(layer)["call"] = _shadow(name, layer.call, seen)
    try:
        yield
    finally:
        for name, layer in layers.items():
            if name in own:
                vars(layer)["call"] = own[name]
            else:
                del vars(layer)["call"]


def _shadow(name: str, call: Callable[..., Any], seen: _Seen) -> Callable[..., Any]:
    def shadow(*args: Any, **kwargs: Any) -> Any:
        taken = _first((args, kwargs))
        mask = None if taken is None else masking.get_keras_mask(taken)
        seen(name, True, taken, mask)
        given = call(*args, **kwargs)
        seen(name, False, _first(given), mask)
        return given

    return shadow


def _first(values: Any) -> Any:
    """The first float tensor in a nest of values."""
    for value in keras.tree.flatten(values):
        if keras.ops.is_tensor(value) and "float" in keras.backend.standardize_dtype(value.dtype):
            return value
    return None


def _channels_last(layer: Any) -> bool:
    form = getattr(layer, "data_format", None) or keras.config.image_data_format()
    return form == "channels_last"


def _pooled(value: Any, mask: Any, chosen: Chosen, channels_last: bool) -> Any:
    ops = keras.ops
    value = ops.cast(value, "float32")
    rank = len(value.shape)
    if callable(chosen.pool) or rank <= 2:
        return value
    rule = pooling_of(value.shape, chosen.pool)
    if rule == "mean over space":
        return ops.mean(value, axis=tuple(range(1, rank - 1) if channels_last else range(2, rank)))
    if rule != "mean over tokens":
        return value[:, 0] if rule == "first token" else value[:, -1]
    if mask is None or tuple(mask.shape) != tuple(value.shape[:2]):
        return ops.mean(value, axis=1)
    weight = ops.expand_dims(ops.cast(mask, "float32"), -1)
    return ops.sum(value * weight, axis=1) / ops.maximum(ops.sum(weight, axis=1), 1.0)


def _compiled(model: Any) -> Callable[[Any], Any]:
    """The model as a function of a batch, compiled as Keras compiles `predict`.

    Not so with JAX: there `predict` writes back the state it was given, which is the user's.
    """
    if keras.backend.backend() != "jax":
        return model.predict_on_batch

    def pure(trainable: Any, rest: Any, x: Any) -> Any:
        return model.stateless_call(trainable, rest, x)[0]

    if not model.run_eagerly:
        pure = import_module("jax").jit(pure)

    def call(x: Any) -> Any:
        trainable = [variable.value for variable in model.trainable_variables]
        rest = [variable.value for variable in model.non_trainable_variables]
        return keras.tree.map_structure(keras.ops.convert_to_numpy, pure(trainable, rest, x))

    return call
