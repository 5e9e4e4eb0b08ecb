"""Chooses the layers of a Keras model to capture, and the one that gives the scores of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from chroma.capture.labels import LabelReader
from chroma.capture.layers import Chosen, Layer, Module, choose, classifier_head
from chroma.integrations._keras.layer_inspection import ends_in, inspect_layers
from chroma.integrations._keras.layer_values import layers_of
from chroma.integrations._keras.samples import rows_of
from chroma.records import Array, Head

keras: Any = import_module("keras")  # its types are not complete

_SCORES = ":scores"  # no layer's name
_ROWS = 8  # samples looked at: enough that no other axis is taken for theirs


@dataclass(frozen=True, slots=True)
class Scores:
    """Where the scores of the classes come from.

    Attributes:
        name: Which of the values that are read.
        head: Whether they are logits or probabilities; None to tell by their values.
    """

    name: str
    head: Head | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What is read in each pass.

    Attributes:
        layers: The layers to capture.
        read: These layers, and the one that gives the scores.
        scores: Which of `read` gives the scores; None without.
    """

    layers: Sequence[Chosen]
    read: Sequence[Chosen]
    scores: Scores | None


def choose_layers(
    model: Any,
    x: Any,
    labels: Array | None,
    reader: LabelReader,
    asked: str | Layer | Sequence[str | Layer],
) -> Choice:
    """Choose the layers, by passing a few samples through the model in inference.

    Args:
        model: The model, built or not.
        x: Its inputs, `[n, …]` arrays.
        labels: `[n]` labels, None without.
        reader: What read them.
        asked: Layers as the user names them, or "auto".

    Raises:
        ConfigError: Nothing in the model can be captured.
        NotFoundError: The model has no layer that the user names.
    """
    n = len(keras.tree.flatten(x)[0])
    rows = np.resize(np.arange(n), max(2, min(n, _ROWS)))
    fired = inspect_layers(model, rows_of(x, rows))
    layers = layers_of(model)
    last = next((module for module in reversed(fired) if module.leaf and module.parametrised), None)
    single = last is None or last.output is None or last.output[-1] == 1  # one score is no choice of classes
    head = classifier_head(fired, len(rows), 0 if single else reader.classes(labels))
    chosen = choose(asked, list(layers), fired, len(rows), head)
    if reader.label_count:  # no single prediction
        return Choice(chosen, chosen, None)
    if head is not None:
        kind: Head | None = "probabilities" if head.probabilities else None
        same = next((each for each in chosen if each.name == head.name and each.pooling == "none"), None)
        scores = same or Chosen(_SCORES, head.name, False, "auto", "none", "")
    elif last is not None and _is_binary(last, layers[last.name], labels):
        kind = "probabilities"
        scores = Chosen(_SCORES, last.name, False, "auto", "none", "")
    else:
        return Choice(chosen, chosen, None)
    read = chosen if scores in chosen else [*chosen, scores]
    return Choice(chosen, read, Scores(scores.name, kind))


def _is_binary(last: Module, layer: Any, labels: Array | None) -> bool:
    """Whether the model gives one probability for two classes."""
    return (
        last.output is not None
        and len(last.output) == 2
        and last.output[1] == 1
        and ends_in(layer, "sigmoid")
        and labels is not None
        and labels.dtype.kind == "i"
        and bool(np.isin(labels, (0, 1)).all())
    )
