"""What was seen of the modules of a model on the first batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Channels = Literal["", "first", "last"]  # where features stand of `[B, …]`; "" if the number of axes tells


@dataclass(frozen=True, slots=True)
class Module:
    """What was seen of one module on the first batch, in the order of the outputs.

    Attributes:
        name: Qualified name.
        leaf: None of its children was called.
        parametrised: It has parameters of its own.
        input: Shape of its first input, None if that is no float tensor.
        output: Shape of its first output, likewise.
        matrix: One of its parameters is a matrix of weights, or has more axes.
        gives: Its output is what the model gives, also reshaped or as probabilities: which of the model's
            outputs, from 0; None if it feeds a later layer.
        calls: How often it fired.
        differs: It was called several times, and gave different values.
        probabilities: Its output are probabilities, not logits: it ends in a softmax or sigmoid.
        squashed: The model gives its output as probabilities.
        pooled: The rule by which the model makes what it gives of this layer's output for tokens or pixels.
        known: The call that counts is known to be on the batch's rows: the only one, or linked to the batch.
        first: The call that counts is the first one.
        learns: It was called so that gradients can flow, unlike a target network or a frozen one.
        widened: What the model gives has more values per sample than it, and it is the last with weights.
        channels_in: Where features stand in its input; shapes are of their usual form.
        channels_out: Likewise in its output.
    """

    name: str
    leaf: bool
    parametrised: bool
    input: tuple[int, ...] | None
    output: tuple[int, ...] | None
    matrix: bool = False
    gives: int | None = None
    calls: int = 1
    differs: bool = False
    probabilities: bool = False
    squashed: bool = False
    pooled: Literal["", "mean", "cls", "last"] = ""
    known: bool = True
    first: bool = True
    learns: bool = True
    widened: bool = False
    channels_in: Channels = ""
    channels_out: Channels = ""

    @property
    def values_in(self) -> int:
        """Values per sample that go in; 0 if unknown."""
        return _values(self.input)

    @property
    def values_out(self) -> int:
        """Values per sample that come out, pooled where the model itself pools them; 0 if unknown."""
        if self.pooled and self.output:
            return self.output[-1] if len(self.output) == 3 else self.output[1]
        return _values(self.output)


def of_the_batch(fired: Sequence[Module]) -> Sequence[Module]:
    """The modules whose calls are known to be on the batch's rows; of these those that learn, if any do."""
    known = [each for each in fired if each.known]
    learn = [each for each in known if each.learns]
    return learn if any(each.leaf and each.matrix for each in learn) else known


def _values(shape: tuple[int, ...] | None) -> int:
    return math.prod(shape[1:]) if shape else 0
