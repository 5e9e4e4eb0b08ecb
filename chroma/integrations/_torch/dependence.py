"""Whether values of a batch go with its samples, as augmented images do and noise does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from chroma.integrations._torch.call_origin import tensors_of

Rows = npt.NDArray[np.float64]

LEAST_ROWS = 12  # fewer do not tell chance from dependence
_MOST_ROWS, _MOST_VALUES = 64, 1_024  # that are looked at
_SHUFFLES = 300
_LEAST_SCORE = 5.0  # standard deviations above what shuffled rows give


def rows_in(value: Any, rows: int) -> list[Rows]:
    """The tensors in a value with one row per sample, as `[B, d]`: at most 64 rows of 1,024 values."""
    found: list[Rows] = []
    for tensor in tensors_of(value):
        if tensor.shape[:1] != (rows,) or not tensor.numel() or tensor.is_complex():
            continue
        flat = tensor.detach()[:_MOST_ROWS].reshape(min(rows, _MOST_ROWS), -1)
        flat = flat[:, :: -(-flat.shape[1] // _MOST_VALUES)]
        found.append(flat.to("cpu", torch.float64).numpy())
    return found


def goes_with(values: Iterable[Rows], others: Sequence[Rows]) -> bool:
    """Whether some values go with some others, row by row, beyond chance.

    Rows that are alike among the values are then alike among the others: the Hilbert-Schmidt criterion of
    linear kernels, against that of shuffled rows. False with fewer than 12 rows, which tell nothing.
    """
    kernels = [kernel for each in others if (kernel := _kernel(each)) is not None]
    shuffled = np.random.default_rng(0)
    for each in values:
        kernel = _kernel(each)
        if kernel is None:
            continue
        orders = [shuffled.permutation(len(kernel)) for _ in range(_SHUFFLES)]
        for other in kernels:
            chance = np.array([(kernel * other[np.ix_(order, order)]).sum() for order in orders])
            if (kernel * other).sum() - chance.mean() > _LEAST_SCORE * chance.std():
                return True
    return False


def _kernel(rows: Rows) -> Rows | None:
    """`[B, B]` centred inner products of standardised values; None where they tell nothing."""
    if len(rows) < LEAST_ROWS or not np.isfinite(rows).all():
        return None
    centred = rows - rows.mean(0)
    spread = centred.std(0)
    centred = centred[:, spread > 0] / spread[spread > 0]
    return centred @ centred.T if centred.size else None
