"""Which passes over a split a Keras call makes, and whether Keras's own can be captured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, cast

from chroma.capture.limits import stops_early
from chroma.capture.options import How
from chroma.integrations._keras.calls import KerasCall, Method
from chroma.integrations._keras.model_facts import devices_of
from chroma.integrations._keras.splits import SplitSamples, validates_after

keras: Any = import_module("keras")  # its types are not complete


def passes_after(call: KerasCall | None, samples: SplitSamples, epoch: int) -> bool:
    """Whether there is a pass over a split after this epoch of a fit: ours, or Keras's validation."""
    return not samples.in_keras_passes or validates_after(call, epoch)


def count_passes(call: KerasCall | None, method: Method, samples: SplitSamples) -> int | None:
    """How many passes over a split a call makes; None if a callback may end it before.

    Args:
        call: What the method was called with; None where that is not seen.
        method: The method.
        samples: The split.
    """
    if method != "fit":
        return 1
    arguments = call.arguments if call else {}
    if stops_early(_listed(arguments.get("callbacks"))):
        return None
    epochs = range(arguments.get("initial_epoch", 0), arguments.get("epochs", 1))
    return sum(1 for epoch in epochs if passes_after(call, samples, epoch))


def comes_in_keras_passes(model: Any, samples: SplitSamples, how: Mapping[str, How] | None) -> bool:
    """Whether a split can be captured from Keras's own passes.

    Args:
        model: The model.
        samples: The split.
        how: How the user wants splits; None leaves it to us.
    """
    return (
        samples.in_keras_passes
        and (how or {}).get(samples.split, "ride") == "ride"
        and samples.samples.order != "unknown"
        # of several steps in one call Keras returns the last only
        and model.steps_per_execution == 1
        and devices_of(model) == 1
    )


def _listed(callbacks: Any) -> Iterable[Any]:
    """Callbacks as `fit` takes them: one, several, or Keras's own list of them."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    return cast("Iterable[Any]", callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
