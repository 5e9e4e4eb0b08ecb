"""What goes into and comes out of the layers of a Keras model, on any backend, without a trace in it.

For the length of a forward pass the `call` of each wanted layer is wrapped on the instance. Whoever calls the
model, compiled or not, then calls the wrapper, which reports the layer's input and output. This reaches the
layers of functional, sequential, subclassed and nested models alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from chroma.capture.layers import Chosen
from chroma.capture.pooling import pooled, pooling_of
from chroma.errors import ConfigError
from chroma.guard import Guard
from chroma.records import Array

keras: Any = import_module("keras")  # its types are not complete
masking: Any = import_module("keras.src.backend.common.masking")  # JAX's tensors do not carry their mask

Report = Callable[[str, bool, Any, Any], None]  # layer name, whether of its input, value, mask


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


def channels_last(layer: Any) -> bool:
    """Whether a layer's images are `[B, H, W, C]`."""
    form = getattr(layer, "data_format", None) or keras.config.image_data_format()
    return form == "channels_last"


@contextmanager
def wrapped_calls(layers: Mapping[str, Any], report: Report) -> Generator[None]:
    """Report the first float tensor that goes into and comes out of each call of the layers, in the block.

    The wrappers are set in the instances' own dictionaries, where Keras does not track attributes.
    """
    own: dict[str, Any] = {}
    for name, layer in layers.items():
        if "call" in vars(layer):
            own[name] = vars(layer)["call"]
        vars(layer)["call"] = _wrapped(name, layer.call, report)
    try:
        yield
    finally:
        for name, layer in layers.items():
            if name in own:
                vars(layer)["call"] = own[name]
            else:
                del vars(layer)["call"]


def _wrapped(name: str, call: Callable[..., Any], report: Report) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        value = _first((args, kwargs))
        mask = None if value is None else masking.get_keras_mask(value)
        report(name, True, value, mask)
        output = call(*args, **kwargs)
        report(name, False, _first(output), mask)
        return output

    return wrapper


def _first(values: Any) -> Any:
    """The first float tensor in a nest of values."""
    for value in keras.tree.flatten(values):
        if keras.ops.is_tensor(value) and "float" in keras.backend.standardize_dtype(value.dtype):
            return value
    return None


class LayerValues:
    """Collects the values of chosen layers in a forward pass, pooled to `[B, d]` where the rule is ours.

    Args:
        model: The user's model, built.
        wanted: The layers.
        guard: Stops our errors in the user's forward pass.
    """

    def __init__(self, model: Any, wanted: Sequence[Chosen], guard: Guard) -> None:
        layers = layers_of(model)
        self._wanted = wanted
        self._guard = guard
        self._layers = {chosen.module: layers[chosen.module] for chosen in wanted}

    @contextmanager
    def collected(self, inputs: Any) -> Generator[dict[str, Any]]:
        """Layer name to the backend's tensor, filled by the forward pass in the block.

        Args:
            inputs: The inputs of the pass. Values of another trace (as of a loop within the compiled pass)
                cannot leave it, and are left out.
        """
        values: dict[str, Any] = {}
        trace = _trace_of(inputs)

        def report(name: str, of_input: bool, value: Any, mask: Any) -> None:
            if value is None or _trace_of(value) is not trace:
                return
            for chosen in self._wanted:
                matches = chosen.module == name and chosen.of_input == of_input
                if matches and chosen.name not in values:
                    with self._guard.fail_safe(f"reading layer {chosen.name}"):
                        values[chosen.name] = _pooled(value, mask, chosen, channels_last(self._layers[name]))

        with wrapped_calls(self._layers, report):
            yield values

    def arrays(self, values: Mapping[str, Any], rows: int) -> dict[str, Array]:
        """Layer name to `[rows, d]` float32, of collected values.

        Raises:
            ConfigError: A layer gave nothing, or not one row per sample.
        """
        missing = [chosen.name for chosen in self._wanted if chosen.name not in values]
        if missing:
            raise ConfigError(
                f"layer {missing[0]!r} gave nothing in the compiled forward pass (it was not called, or in a "
                "loop); name a layer that the forward pass calls itself"
            )
        return {
            chosen.name: pooled(
                np.asarray(keras.ops.convert_to_numpy(values[chosen.name]), np.float32)[:rows],
                rows,
                chosen.pool,
                f"layer {chosen.name!r}",
            )
            for chosen in self._wanted
        }


def _trace_of(values: Any) -> Any:
    """What compiles these symbolic values: TensorFlow's graph or JAX's trace; None for computed values."""
    for value in keras.tree.flatten(values):
        if keras.ops.is_tensor(value):
            return getattr(value, "graph", None) or getattr(value, "_trace", None)
    return None


def _pooled(value: Any, mask: Any, chosen: Chosen, is_channels_last: bool) -> Any:
    ops = keras.ops
    value = ops.cast(value, "float32")
    rank = len(value.shape)
    if callable(chosen.pool) or rank <= 2:
        return value
    rule = pooling_of(value.shape, chosen.pool)
    if rule == "mean over space":
        return ops.mean(value, axis=tuple(range(1, rank - 1) if is_channels_last else range(2, rank)))
    if rule != "mean over tokens":
        return value[:, 0] if rule == "first token" else value[:, -1]
    if mask is None or tuple(mask.shape) != tuple(value.shape[:2]):
        return ops.mean(value, axis=1)
    weight = ops.expand_dims(ops.cast(mask, "float32"), -1)
    return ops.sum(value * weight, axis=1) / ops.maximum(ops.sum(weight, axis=1), 1.0)
