"""A forward pass of our own through a user's Keras model, in inference, that changes nothing in it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from chroma.integrations._keras.layer_values import LayerValues
from chroma.integrations._keras.samples import rows_of
from chroma.integrations._sources.generators import restore_global, restore_of
from chroma.records import Array

keras: Any = import_module("keras")  # its types are not complete

Through = Callable[[Callable[[Any], Any], Any], Any]  # of the model in inference, and its inputs


class InferenceModel(keras.Model):
    """A model of our own around the user's; Keras compiles it as it compiles `predict`.

    Args:
        model: The user's model.
        through: What the model computes: it is given the user's model in inference, and the inputs.
    """

    def __init__(self, model: Any, through: Through) -> None:
        super().__init__(name="chroma", autocast=False)
        self.inner = model  # a sublayer, so that its variables are ours
        self.__dict__["through"] = through  # set so that Keras does not track it, like all that is no layer
        self.built = True
        self.run_eagerly = model.run_eagerly

    def call(self, inputs: Any) -> Any:
        return vars(self)["through"](self._infer, inputs)

    def _infer(self, inputs: Any) -> Any:
        if self.inner._call_has_training_arg:
            return self.inner(inputs, training=False)
        return self.inner(inputs)


class LayerReader:
    """Evaluates a model batch after batch and gives its layers' values; compiled once.

    Args:
        model: The model that is called, built.
        values: The layers to read.
        size: Samples per batch; smaller batches are filled up, so that nothing is compiled again.

    Attributes:
        size: Most samples of a batch.
    """

    def __init__(self, model: Any, values: LayerValues, size: int) -> None:
        def through(infer: Callable[[Any], Any], inputs: Any) -> Any:
            with values.collected(inputs) as collected:
                infer(inputs)
            return collected

        self._values = values
        self._model = InferenceModel(model, through)
        self._evaluate = _compiled(self._model)
        self.size = size

    def read(self, x: Any) -> dict[str, Array]:
        """Layer name to `[B, d]` float32 for a batch of at most `size` samples."""
        rows = len(keras.tree.flatten(x)[0])
        if rows < self.size:
            x = rows_of(x, np.resize(np.arange(rows), self.size))
        with _seeds_kept(self._model):
            return self._values.arrays(self._evaluate(x), rows)


def call_once(model: InferenceModel, x: Any) -> None:
    """Call a model a single time: not compiled, and on JAX not even computed."""
    if keras.backend.backend() == "jax" and not model.run_eagerly:
        import_module("jax").eval_shape(_stateless(model), *_state(model), x)
    else:
        model.run_eagerly = True
        with _seeds_kept(model):
            _compiled(model)(x)


@contextmanager
def _seeds_kept(model: InferenceModel) -> Generator[None]:
    """Put back what layers draw from: those that sample, as a VAE's, draw in inference too."""
    # building draws the weights, which it would draw later without us: nothing global is put back then
    restores = restore_global() if model.inner.built else []
    seeds = [each for layer in model._flatten_layers() for each in layer._seed_generators]
    restores += [restore for each in seeds if (restore := restore_of(each)) is not None]
    try:
        yield
    finally:
        for restore in reversed(restores):
            restore()


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
