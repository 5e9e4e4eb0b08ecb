"""Chooses the layers of a Keras model to capture, and the one that gives the scores of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from chroma.capture.heads import Facts, Loss, Proof, SeenLabels, prove, task_of
from chroma.capture.labels import LabelReader
from chroma.capture.layers import Chosen, Layer, choose
from chroma.capture.modules import Module
from chroma.capture.places import are_of_places
from chroma.integrations._keras.label_targets import LabelTarget
from chroma.integrations._keras.layer_inspection import inspect_layers
from chroma.integrations._keras.layer_values import layers_of
from chroma.integrations._keras.samples import rows_of
from chroma.integrations._keras.targets import loss_of
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
        proof: What the last layer is.
        task: What is learned.
    """

    layers: Sequence[Chosen]
    read: Sequence[Chosen]
    scores: Scores | None
    proof: Proof
    task: str


def choose_layers(
    model: Any,
    called: Any,
    x: Any,
    labels: Array | None,
    reader: LabelReader,
    asked: str | Layer | Sequence[str | Layer],
    task: str,
    class_names: Sequence[str] = (),
    targets: Sequence[Any] = (),
    label_targets: Sequence[LabelTarget] = (),
) -> Choice:
    """Choose the layers, by passing a few samples through the model in inference.

    Args:
        model: The model, built or not.
        called: The model that is called: the same, or one within it.
        x: Its inputs, `[n, …]` arrays.
        labels: `[n]` labels, None without.
        reader: What read them.
        asked: Layers as the user names them, or "auto".
        task: What is learned, as the labels tell.
        class_names: Names of the classes.
        targets: `[n, …]` arrays, one for each output.
        label_targets: Those of them that may be the labels, the one that is first.

    Raises:
        ConfigError: Nothing in the model can be captured.
        NotFoundError: The model has no layer that the user names.
    """
    n = len(keras.tree.flatten(x)[0])
    rows = np.resize(np.arange(n), max(2, min(n, _ROWS)))
    fired = inspect_layers(model, called, rows_of(x, rows))
    seen = SeenLabels()
    seen.add(labels, reader.label_count, levels=bool(reader.levels))
    target = label_targets[0] if len(label_targets) > 1 else None
    loss = loss_of(model) if target is None else target.loss
    facts = Facts(
        seen,
        named=len(class_names),
        loss="classes" if reader.said == "classification" else loss,
        output=None if target is None else target.output,
        of_places=any(_has_places(target, x, fired, loss_of(model)) for target in targets),
    )
    proof = prove(fired, len(rows), facts)
    task = reader.said if reader.said != "auto" else task_of(task, proof, fired, facts)
    chosen = choose(asked, list(layers_of(model)), fired, len(rows), proof)
    head = proof.module
    if head is None or proof.kind not in ("classes", "binary"):  # no single prediction
        return Choice(chosen, chosen, None, proof, task)
    kind: Head | None = "probabilities" if head.probabilities else None
    same = next((each for each in chosen if each.name == head.name and each.pooling == "none"), None)
    scores = same or Chosen(_SCORES, head.name, False, "auto", "none", "")
    read = chosen if scores in chosen else [*chosen, scores]
    return Choice(chosen, read, Scores(scores.name, kind), proof, task)


def _has_places(target: Any, x: Any, fired: Sequence[Module], loss: Loss) -> bool:
    """Whether a target gives a class for each place of what the last layer with weights gives."""
    last = next((each for each in reversed(fired) if each.leaf and each.matrix), None)
    if last is None or last.output is None or not isinstance(target, np.ndarray) or target.ndim < 2:
        return False
    if target.dtype.kind not in "biuf":
        return False
    first = keras.tree.flatten(x)[0]
    same = target is first or (target.shape == first.shape and np.array_equal(target, first))
    binary = not same and bool(((target == 0) | (target == 1)).all())
    output = (len(target), *last.output[1:])
    whole = target.dtype.kind in "biu" or loss == "classes"
    return are_of_places(target.shape, output, whole=whole, binary=binary)
