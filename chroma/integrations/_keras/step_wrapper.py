"""What the layers of a Keras model give in the passes that Keras makes anyway: `evaluate`'s and `predict`'s.

For the length of a pass the model's compiled step gives way to one that Keras makes, by the same recipe, of
the same step, which returns the values of some layers beside what it returns: no second forward pass, and
nothing more to compile than without us.
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
class Batch:
    """What one call of the step gave.

    Attributes:
        rows: `[B]` of anything: its shape tells how many samples, without waiting for values.
        values: Layer name to the backend's tensor, `[B, …]`.
        targets: First leaf of the batch's targets, None without.
    """

    rows: Any
    values: Mapping[str, Any]
    targets: Any


class Ride:
    """Listens to a model's layers in passes of `evaluate` or `predict`.

    Args:
        model: The model.
        step: Whose passes.
        values: The layers to listen to.
        take: Called with what each batch gave, in the order of the pass; must not raise.
    """

    def __init__(self, model: Any, step: Step, values: LayerValues, take: Callable[[Batch], None]) -> None:
        self._model = model
        self._step = step
        self._values = values
        self._take = take
        self._theirs: Any = None  # the compiled step that ours was made after
        self._made: Any = None
        self._riding = False

    def begin(self) -> None:
        """Keras has its compiled step ready and is about to pass over the samples."""
        theirs = getattr(self._model, self._name)
        if theirs is not self._theirs:
            self._made, self._theirs = self._make(), theirs
        setattr(self._model, self._name, self._run)
        self._riding = True

    def end(self) -> None:
        """The pass is over: the model has its own compiled step again."""
        if self._riding:
            self._riding = False
            if getattr(self._model, self._name) == self._run:
                setattr(self._model, self._name, self._theirs)

    @property
    def _name(self) -> str:
        return f"{self._step}_function"

    def _make(self) -> Any:
        theirs = getattr(self._model, self._name)
        try:
            with self._listening():
                getattr(self._model, f"make_{self._name}")(force=True)
            return getattr(self._model, self._name)
        finally:
            setattr(self._model, self._name, theirs)

    def _run(self, *args: Any) -> Any:
        with self._listening():
            given = self._made(*args)
        if keras.backend.backend() == "jax":
            return self._parted(given[0]), given[1]
        return self._parted(given)

    def _parted(self, given: Any) -> Any:
        """What the step gives without us; our part is taken out."""
        if not isinstance(given, dict) or _OURS not in given:  # not compiled by Keras's recipe
            return given
        ours = given.pop(_OURS)
        self._take(Batch(ours["rows"], ours["values"], ours.get("targets")))
        return given[_THEIRS] if self._step == "predict" else given

    @contextmanager
    def _listening(self) -> Generator[None]:
        """Put a step that listens in the place of the model's, for when Keras asks for it: as it compiles."""
        attributes, name = vars(self._model), f"{self._step}_step"
        own = attributes.get(name)
        attributes[name] = self._extended(getattr(self._model, name))
        try:
            yield
        finally:
            if own is None:
                del attributes[name]
            else:
                attributes[name] = own

    def _extended(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def extended(*args: Any) -> Any:
            data = args[-1]
            with self._values.heard(data) as heard:
                given = step(*args)
            ours: dict[str, Any] = {"values": heard}
            leaf = next(leaf for leaf in keras.tree.flatten(data) if leaf is not None)
            ours["rows"] = keras.ops.zeros(keras.ops.shape(leaf)[:1])
            if isinstance(data, (tuple, list)) and len(data) > 1 and self._step == "test":
                targets = [leaf for leaf in keras.tree.flatten(data[1]) if leaf is not None]
                if targets:
                    ours["targets"] = targets[0]
            if keras.backend.backend() == "jax":
                return self._joined(given[0], ours), given[1]
            return self._joined(given, ours)

        return extended

    def _joined(self, given: Any, ours: Mapping[str, Any]) -> Any:
        if self._step == "predict":
            return {_THEIRS: given, _OURS: ours}
        return {**given, _OURS: ours} if isinstance(given, dict) else given
