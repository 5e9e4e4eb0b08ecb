"""Whether the last layer of a model is the head of a classifier: proved from what is known, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from chroma.capture.modules import Module, of_the_batch
from chroma.records import Array
from chroma.run.outputs import MAX_CLASSES

Loss = Literal["unknown", "classes", "quantities", "others"]  # others: values that are not the labels
Kind = Literal["classes", "binary", "several"]  # C scores for one class, one score for two, several labels

_PRETRAINED = (
    365,
    1000,
    1001,
)  # classes of Places365 and ImageNet: widths of heads that are used as they are


@dataclass(slots=True)
class SeenLabels:
    """What the labels of a pass tell about the classes; `add` is called for each batch.

    Attributes:
        n: Labels seen.
        dtype: Kind of their NumPy dtype; "" before any came.
        lowest: The smallest of them, if they are numbers.
        highest: The largest.
        binary: Whether all of them are 0 or 1.
        several: Where a sample may have several labels, how many there are to choose from; else 0.
        levels: Whether zeros and ones tell the level of a sample.
    """

    n: int = 0
    dtype: str = ""
    lowest: float = np.inf
    highest: float = -np.inf
    binary: bool = True
    several: int = 0
    levels: bool = False

    def add(self, labels: Array | None, several: int = 0, *, levels: bool = False) -> None:
        """Take in the labels `[B]` of a batch; `several` and `levels` as the attributes."""
        self.several, self.levels = several, levels
        if labels is None or not len(labels):
            return
        self.n += len(labels)
        self.dtype = "i" if labels.dtype.kind in "iub" else labels.dtype.kind
        if self.dtype == "O":
            return
        self.lowest = min(self.lowest, float(labels.min()))
        self.highest = max(self.highest, float(labels.max()))
        self.binary = self.binary and bool(((labels == 0) | (labels == 1)).all())

    @property
    def classes(self) -> int:
        """One more than the largest class index; 0 where labels are no class indices."""
        return int(self.highest) + 1 if self.dtype == "i" and self.lowest >= 0 else 0

    @property
    def two(self) -> bool:
        """Whether all of them are 0 or 1, and both were seen."""
        return self.dtype in ("i", "f") and self.binary and self.lowest < self.highest


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about the classes of a task.

    Attributes:
        labels: What the labels tell.
        named: Number of class names of the dataset; 0 if it has none.
        declared: Width of the head by the framework's configuration; 0 if it does not say.
        loss: What the loss compares the model's output with.
        scores: How many scores per sample it compares with the labels; 0 if it does not say.
        of_places: Whether targets give a class for each place of a sample, as a pixel or a token.
        output: Which of the model's outputs the labels belong to; None if any.
    """

    labels: SeenLabels = field(default_factory=SeenLabels)
    named: int = 0
    declared: int = 0
    loss: Loss = "unknown"
    scores: int = 0
    of_places: bool = False
    output: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What the last layer of a model is.

    Attributes:
        module: The layer whose output is the model's output; None if there is no such layer with weights.
        kind: What its scores mean; None if it is not proved to be a head.
        why: The reason if it is not proved, as part of a sentence.
        of_places: Whether it tells a class for each place of a sample.
    """

    module: Module | None
    kind: Kind | None
    why: str = ""
    of_places: bool = False


def prove(fired: Sequence[Module], rows: int, facts: Facts) -> Proof:
    """Find the head among the layers whose output is the model's output, and prove it.

    Args:
        fired: Modules in the order of their outputs.
        rows: Samples in the batch, B.
        facts: What is known of the classes.
    """
    ends = sorted(
        (
            each
            for each in of_the_batch(fired)
            if _may_be_head(each, rows) and facts.output in (None, each.gives)
        ),
        key=lambda each: -1 if each.gives is None else each.gives,
    )
    if not ends and facts.of_places:
        return Proof(None, None, "the model tells a class for each place of a sample", of_places=True)
    if not ends:
        return Proof(
            None, None, "the model's output is not that of one layer with weights, one row per sample"
        )
    if decoder_of([each for each in fired if each.known]) is not None and _kind(ends[0], facts)[0] is None:
        return Proof(None, None, "the model gives as many values as it takes, as an autoencoder does")
    for end in ends:
        kind, _ = _kind(end, facts)
        if kind is not None and not end.differs:
            return Proof(end, kind)
    first = ends[0]
    if first.differs:
        return Proof(first, None, f"{first.name} is called several times per batch, with different results")
    return Proof(first, None, _kind(first, facts)[1])


def task_of(said: str, proof: Proof, fired: Sequence[Module], facts: Facts) -> str:
    """The task, where the head and the loss tell more than the labels alone.

    Args:
        said: The task by the labels alone.
        proof: What the last layer is.
        fired: Modules in the order of their outputs.
        facts: What is known of the classes.
    """
    if said == "regression" and proof.kind == "binary":
        return "classification"
    if said != "classification" or facts.labels.dtype != "i" or facts.labels.binary:
        return said
    last = next((each for each in reversed(of_the_batch(fired)) if each.leaf and each.matrix), None)
    one_value = last is not None and last.values_out == 1 and not facts.named and facts.loss == "unknown"
    if last is not None and (last.squashed or last.probabilities) and facts.labels.highest > 1:
        one_value = False  # a probability cannot be a quantity above 1
    if last is not None and last.widened:
        one_value = False  # one score that is compared with a threshold for each rank, as ordinal models have
    of_numbers = facts.loss == "quantities" or facts.declared == 1 or one_value
    return "regression" if of_numbers and proof.kind is None else said


def decoder_of(fired: Sequence[Module]) -> Module | None:
    """The last layer with weights, if the model is an autoencoder; else None.

    Then it gives as many values per sample as go into the model, and a layer before it gives fewer.
    """
    last = next((each for each in reversed(fired) if each.leaf and each.matrix), None)
    if last is None or last.values_out != fired[0].values_in:
        return None
    before = fired[: fired.index(last)]
    narrower = any(
        each.leaf and each.parametrised and 0 < each.values_out < last.values_out for each in before
    )
    return last if narrower else None


def _may_be_head(module: Module, rows: int) -> bool:
    shape = module.output
    if not (module.leaf and module.matrix and module.gives is not None and shape is not None):
        return False
    fits = shape[:1] == (rows,) and module.values_out <= MAX_CLASSES
    return fits and (len(shape) <= 2 or bool(module.pooled))


def _kind(module: Module, facts: Facts) -> tuple[Kind | None, str]:
    """What the scores of a module mean; None and the reason if they are not scores of classes."""
    assert module.output is not None
    width, labels = module.values_out, facts.labels
    name = f"the last layer, {module.name}"
    kind: Kind | None = None
    if labels.several:
        kind = "several" if width == labels.several else None
        why = f"{name}, gives {width} scores per sample, but there are {labels.several} labels"
    elif labels.levels:
        why = f"{name}, gives a score for each level above the lowest, and no score for each class"
    elif facts.loss == "quantities" or facts.declared == 1:
        why = "the loss measures a distance between numbers, so the model predicts quantities"
    elif facts.loss == "others":
        why = "the loss compares the model's output with other values than the labels"
    elif facts.scores not in (0, width):
        why = (
            f"the last layer known to take the batch's rows, {module.name}, gives {width} values per sample, "
            f"but the loss compares {facts.scores} with the labels: larger batches, or a forward of the "
            "model, tell more"
        )
    elif width == 1:
        told = facts.loss == "classes" or facts.named == 2 or module.probabilities or module.squashed
        kind = "binary" if labels.two and told else None
        why = f"{name}, gives one value per sample, and the labels are not zeros and ones"
        if labels.two:
            why = f"{name}, gives one value per sample: a score or a quantity; task='classification' decides"
    elif labels.n and labels.dtype != "O" and not labels.classes:
        why = "the labels are not class indices"
    elif labels.classes > width:
        why = f"{name}, gives {width} scores per sample, too few for labels up to {labels.classes - 1}"
    else:
        kind = "classes" if _fits(width, facts) else None
        known = facts.named or labels.classes
        of = "and nothing tells the number of classes"
        if known:
            of = f"but there are {known} classes" if known > 1 else "but all labels are of one class"
        why = f"{name}, gives {width} values per sample, {of}"
    return kind, "" if kind else why


def _fits(width: int, facts: Facts) -> bool:
    """Whether `width` scores are one for each class; every label has a score."""
    known = facts.labels.classes
    if width in (facts.declared, facts.named) or (facts.loss == "classes" and known):
        return True
    if facts.named:
        return width > facts.named and width in _PRETRAINED and bool(known)
    return bool(known) and width <= known + max(1, known // 10)  # a split may lack some of the last classes
