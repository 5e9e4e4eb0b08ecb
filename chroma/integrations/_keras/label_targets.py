"""Which of a model's targets are the labels: of several one is taken, and it is said which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import numpy as np

from chroma.capture.heads import Loss
from chroma.capture.labels import LabelReader
from chroma.integrations._keras.samples import ProbeSamples
from chroma.integrations._keras.targets import loss_of_output, numbers_of_loss
from chroma.records import Array

keras: Any = import_module("keras")  # its types are not complete


@dataclass(frozen=True, slots=True)
class LabelTarget:
    """A target that may be the labels.

    Attributes:
        text: Where it stands, as one would write it: `y`, `y[1]`, `y["class"]`.
        output: Which of the model's outputs it belongs to, in Keras's order; None if that is not known.
        loss: What the loss of that output compares.
        parsed: `[n]` labels, or `[n, C]` bool of samples with several.
    """

    text: str
    output: int | None
    loss: Loss
    parsed: Array


def label_targets(model: Any, samples: ProbeSamples, task: str) -> list[LabelTarget]:
    """The targets that have a label for each sample, the likeliest first.

    Those that tell one class come before those that tell several or a quantity. What is an input again, as
    an autoencoder has it, is none.

    Args:
        model: The model.
        samples: The samples, with their targets.
        task: What the user says is learned, or "auto".
    """
    inputs = keras.tree.flatten(samples.x)
    found: list[LabelTarget] = []
    for key, target in _parts(samples.y):
        if target is None or any(target is given or np.array_equal(target, given) for given in inputs):
            continue
        output = None if key is None else _output_of(model, key, samples.y)
        loss = loss_of_output(model, key, output)
        reader = LabelReader(task, numbers=numbers_of_loss(loss))
        if (parsed := reader.parse(target, len(samples))) is not None:
            text = "y" if key is None else f"y[{key!r}]".replace("'", '"')
            found.append(LabelTarget(text, output, loss, parsed))
    return sorted(found, key=lambda each: (each.parsed.ndim > 1, each.loss == "quantities"))


def about(found: Sequence[LabelTarget]) -> str:
    """Which target the labels are, for people; "" without."""
    if not found:
        return "none found; labels= gives them: an array, or a function of (x, y)"
    if len(found) == 1:
        return found[0].text
    others = ", ".join(each.text for each in found[1:])
    return f"{found[0].text}; {others} kept as columns: labels= says which, an array or a function of (x, y)"


def columns(found: Sequence[LabelTarget]) -> dict[str, Array]:
    """The targets that are not the labels, by where they stand, where there is one value per sample."""
    return {each.text: each.parsed for each in found[1:] if each.parsed.ndim == 1}


def _parts(y: Any) -> list[tuple[str | int | None, Any]]:
    if isinstance(y, Mapping):
        given = cast("Mapping[str, Any]", y)
        return [(key, given[key]) for key in given]
    if isinstance(y, (list, tuple)):
        return list(enumerate(cast("Sequence[Any]", y)))
    return [(None, y)]


def _output_of(model: Any, key: str | int, y: Any) -> int | None:
    """Which of the model's outputs the target under a key belongs to."""
    if isinstance(key, int):
        return key
    structure = getattr(model, "_outputs_struct", None)
    if isinstance(structure, Mapping):
        names = sorted(cast("Mapping[str, Any]", structure))
    else:
        names = list(getattr(model, "output_names", None) or sorted(y))
    return names.index(key) if key in names else None
