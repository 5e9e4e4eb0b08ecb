"""What a PyTorch model gave for the first batch, and which layer gave it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

from chroma.integrations._torch.module_calls import ModuleCall, as_tensor, close
from chroma.records import Array
from chroma.run.outputs import MAX_CLASSES

_MOST_OUTPUTS = 16  # of the model that are looked at; hidden states and caches may follow
_PROBABILITIES: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda scores: scores.softmax(1),
    lambda scores: scores.log_softmax(1),
    lambda scores: scores.sigmoid(),
)
_RULES: tuple[Literal["mean", "cls", "last"], ...] = ("last", "cls", "mean")


@dataclass(frozen=True, slots=True)
class _Output:
    """What the model gave: values per sample, the values `[B, …]` if they are few, and their precision."""

    size: int
    values: Tensor | None
    tolerance: float


@dataclass(frozen=True, slots=True)
class Given:
    """How what a layer gave is what the model gave.

    Attributes:
        number: Which of the model's outputs it is, from 0.
        squashed: Whether the model gives it as probabilities.
        pooled: The rule that makes it of what the layer gave for tokens or pixels; "" where none is needed.
    """

    number: int
    squashed: bool = False
    pooled: Literal["", "mean", "cls", "last"] = ""


class ModelOutputs:
    """What the model gave at its first call; without one, what its outermost modules gave last.

    Several of these that took the same values, as heads beside each other do, count together. Of later calls
    that are not linked to the batch, as that of a head is which takes what a function made without gradients,
    those count that go with its rows: `settle` says which.
    """

    def __init__(self) -> None:
        self._given: list[_Output] = []
        self._given_by = (False, False)  # whether that call is linked to the batch, and the model's
        self._taken: Tensor | None = None  # what that call took; kept, so that its memory is no other's
        # what calls gave and took after a linked one, by their numbers
        self._later: list[tuple[int, list[_Output], Tensor | None]] = []

    def see(
        self,
        tensors: Iterable[Tensor],
        taken: Tensor | None,
        rows: int,
        linked: bool,
        of_model: bool,
        number: int,
    ) -> None:
        """The model, or an outermost module, took and gave these for a batch of so many rows.

        Args:
            tensors: What it gave.
            taken: What it took.
            rows: Samples in the batch.
            linked: Whether the call is linked to the batch.
            of_model: Whether it is the model's.
            number: That of the outermost call.
        """
        by = (linked, of_model)
        later = not of_model and by < self._given_by == (True, False) and len(self._later) < _MOST_OUTPUTS
        if not later and (by < self._given_by or (by == self._given_by and of_model)):
            return
        found: list[_Output] = []
        for tensor in tensors:
            if tensor.shape[:1] != (rows,) or len(found) == _MOST_OUTPUTS:
                continue
            size = tensor[0].numel()
            small = tensor.detach().float().reshape(rows, size).clone() if size <= MAX_CLASSES else None
            found.append(_Output(size, small, 1e-4 if tensor.dtype.itemsize >= 4 else 2e-2))
        if found and later:
            self._later.append((number, found, taken))
        elif found:
            self._give(found, taken, beside=by == self._given_by)
            self._given_by = by
            self._later.clear()

    def settle(self, related: Mapping[int, bool]) -> None:
        """The batch is over.

        Args:
            related: By outermost call that is not linked, whether it goes with the batch's samples.
        """
        for number, found, taken in self._later:
            if related.get(number, False):
                self._give(found, taken, beside=True)
        self._later.clear()

    def _give(self, found: list[_Output], taken: Tensor | None, *, beside: bool) -> None:
        beside = beside and _same(taken, self._taken)
        self._given = [*self._given, *found][:_MOST_OUTPUTS] if beside else found
        self._taken = taken

    @property
    def least_values(self) -> int:
        """Values per sample of the output that has the fewest; 0 if there is none."""
        return min((given.size for given in self._given), default=0)

    def which(self, call: ModuleCall, rows: int, *, is_last: bool) -> Given | None:
        """Which of the outputs a call gave, None if none.

        Args:
            call: The call of a module.
            rows: Samples in the batch.
            is_last: Whether it is the last layer with weights.
        """
        shape = call.output
        if shape is None or shape[0] != rows:
            return None
        for number, given in enumerate(self._given):
            if len(shape) <= 2:
                squashed = _squashed(call.kept_output, given)
                if squashed is not None:
                    return Given(number, squashed)
                continue
            for rule in _RULES:
                squashed = _squashed(call.pooled_out.get(rule), given)
                if squashed is not None:
                    return Given(number, squashed, rule)
            if is_last and given.size == np.prod(shape[1:]):  # of tokens or pixels, which are not kept
                return Given(number)
        return None


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    """Whether two tensors are the same values in memory, as a tensor and what is detached from it."""
    if one is None or other is None or not one.numel():
        return False
    return one.data_ptr() == other.data_ptr() and one.shape == other.shape and one.dtype == other.dtype


def _squashed(kept: Array | Tensor | None, given: _Output) -> bool | None:
    """Whether an output is a layer's as probabilities; None where it is another."""
    if kept is None or given.values is None or kept.shape != given.values.shape:
        return None
    scores = as_tensor(kept).to(given.values.device)
    if close(scores, given.values, given.tolerance):
        return False
    if any(close(form(scores), given.values, given.tolerance) for form in _PROBABILITIES):
        return True
    return None
