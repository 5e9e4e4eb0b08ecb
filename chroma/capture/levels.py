"""Levels that come as zeros and ones, as for ordinal models such as CORAL: [1, 1, 0, 0] is level 2."""

from __future__ import annotations

from math import comb, log2

import numpy as np

from chroma.records import Array

_BITS = 13  # rows that chance would make in one of 8,000 batches are no chance


def are_levels(several: Array) -> bool:
    """Whether each row of `[B, C]` bool begins with all its ones."""
    return several.shape[1] > 1 and not (several[:, 1:] & ~several[:, :-1]).any()


def prove_levels(several: Array) -> bool:
    """Whether rows are levels, and not several labels of each sample that look so by chance.

    There are three levels or more, and it would be rare for as many ones in other places to stand so.
    """
    if not are_levels(several):
        return False
    width, counts = several.shape[1], several.sum(axis=1)
    bits = sum(log2(comb(width, int(count))) for count in counts)
    return len(np.unique(counts)) > 2 and bits > _BITS
