"""The batches that Keras passes over, looked at on their way: what is computed, and how, stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Literal

keras: Any = import_module("keras")  # its types are not complete

Step = Literal["train", "test", "predict"]


class DataTap:
    """Stands in for a model's compiled step and reports the batches that it is given.

    Args:
        model: The model.
        step: Whose passes.
        receive: Called with each batch, in the order of the pass; must not raise.
    """

    def __init__(self, model: Any, step: Step, receive: Callable[[Any], None]) -> None:
        self._model = model
        self._name = f"{step}_function"
        self._receive = receive
        self._original: Any = None

    def wrap(self) -> None:
        """Replace the compiled step, which Keras has ready when a pass begins."""
        if self._original is None:
            self._original = getattr(self._model, self._name)
            setattr(self._model, self._name, self._run)

    def unwrap(self) -> None:
        """Put the model's own compiled step back."""
        original, self._original = self._original, None
        if original is not None and getattr(self._model, self._name) == self._run:
            setattr(self._model, self._name, original)

    def _run(self, *args: Any) -> Any:
        original, given = self._original, args[-1]
        if isinstance(given, (list, tuple)):
            for batch in given:
                self._receive(batch)
        elif keras.backend.backend() == "tensorflow":
            given = self._one_batch(given)
        else:
            given = self._reported(given)
        return original(*args[:-1], given)

    def _reported(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            self._receive(batch)
            yield batch

    def _one_batch(self, batches: Any) -> Any:
        """The next batch as an iterator of the same kind: compiled code takes its batches by itself."""
        tf: Any = import_module("tensorflow")
        batch = next(batches)
        self._receive(batch)
        one = tf.data.experimental.to_variant(tf.data.Dataset.from_tensors(batch))
        return iter(tf.data.experimental.from_variant(one, batches.element_spec))
