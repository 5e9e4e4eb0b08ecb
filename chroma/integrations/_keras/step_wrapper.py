"""The layers' values in the passes that Keras makes anyway: validation, `evaluate` and `predict`.

During a pass we replace the compiled step of the model by one that Keras builds the same way and that also
returns the layers' outputs: no second forward pass, and nothing more to compile than without us.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from chroma.integrations._keras.layer_values import LayerValues

keras: Any = import_module("keras")  # its types are not complete

Step = Literal["test", "predict"]
_OURS = "chroma"  # key of our part in what a step returns
_THEIRS = "outputs"


@dataclass(frozen=True, slots=True)
class StepValues:
    """What one call of the step gave.

    Attributes:
        rows: `[B]` of anything: its shape tells how many samples, without waiting for values.
        values: Layer name to the backend's tensor, `[B, …]`.
        targets: First leaf of the batch's targets, None without.
    """

    rows: Any
    values: Mapping[str, Any]
    targets: Any


class StepWrapper:
    """Wraps a model's compiled step during passes of `evaluate` or `predict`.

    Args:
        model: The model.
        step: Whose passes.
        values: The layers to read.
        receive: Called with what each batch gave, in the order of the pass; must not raise.
    """

    def __init__(
        self, model: Any, step: Step, values: LayerValues, receive: Callable[[StepValues], None]
    ) -> None:
        self._model = model
        self._step = step
        self._values = values
        self._receive = receive
        self._original: Any = None  # the compiled step that ours was built after
        self._extended: Any = None  # ours
        self._wraps = False

    def wrap(self) -> None:
        """Replace the compiled step, which Keras has ready when a pass begins."""
        original = getattr(self._model, self._name)
        if original is not self._original:
            self._extended, self._original = self._compile(), original
        setattr(self._model, self._name, self._run)
        self._wraps = True

    def unwrap(self) -> None:
        """Put the model's own compiled step back."""
        if self._wraps:
            self._wraps = False
            if getattr(self._model, self._name) == self._run:
                setattr(self._model, self._name, self._original)

    @property
    def _name(self) -> str:
        return f"{self._step}_function"

    def _compile(self) -> Any:
        original = getattr(self._model, self._name)
        try:
            with self._extended_step():
                getattr(self._model, f"make_{self._name}")(force=True)
            return getattr(self._model, self._name)
        finally:
            setattr(self._model, self._name, original)

    def _run(self, *args: Any) -> Any:
        with self._extended_step():
            result = self._extended(*args)
        if keras.backend.backend() == "jax":
            return self._without_ours(result[0]), result[1]
        return self._without_ours(result)

    def _without_ours(self, result: Any) -> Any:
        """Hand on our part of what the step returned; what it returns without us is left."""
        if not isinstance(result, dict) or _OURS not in result:  # Keras did not build it as expected
            return result
        ours = result.pop(_OURS)
        self._receive(StepValues(ours["rows"], ours["values"], ours.get("targets")))
        return result[_THEIRS] if self._step == "predict" else result

    @contextmanager
    def _extended_step(self) -> Generator[None]:
        """Replace the model's `test_step` or `predict_step`, which Keras looks up when it compiles."""
        attributes, name = vars(self._model), f"{self._step}_step"
        own = attributes.get(name)
        attributes[name] = self._extend(getattr(self._model, name))
        try:
            yield
        finally:
            if own is None:
                del attributes[name]
            else:
                attributes[name] = own

    def _extend(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def extended(*args: Any) -> Any:
            data = args[-1]
            with self._values.collected(data) as collected:
                result = step(*args)
            ours: dict[str, Any] = {"values": collected}
            leaf = next(leaf for leaf in keras.tree.flatten(data) if leaf is not None)
            ours["rows"] = keras.ops.zeros(keras.ops.shape(leaf)[:1])
            if isinstance(data, (tuple, list)) and len(data) > 1 and self._step == "test":
                targets = [leaf for leaf in keras.tree.flatten(data[1]) if leaf is not None]
                if targets:
                    ours["targets"] = targets[0]
            if keras.backend.backend() == "jax":
                return self._with_ours(result[0], ours), result[1]
            return self._with_ours(result, ours)

        return extended

    def _with_ours(self, result: Any, ours: Mapping[str, Any]) -> Any:
        if self._step == "predict":
            return {_THEIRS: result, _OURS: ours}
        return {**result, _OURS: ours} if isinstance(result, dict) else result
