"""What was seen of the modules of a model on the first batch."""

from __future__ import annotations

import math
from dataclasses import dataclass


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

    @property
    def values_in(self) -> int:
        """Values per sample that go in; 0 if unknown."""
        return _values(self.input)

    @property
    def values_out(self) -> int:
        """Values per sample that come out; 0 if unknown."""
        return _values(self.output)


def _values(shape: tuple[int, ...] | None) -> int:
    return math.prod(shape[1:]) if shape else 0
