"""Targets that give a class for each place of a sample: for pixels, tokens or steps in time."""

from __future__ import annotations

import math
from collections.abc import Sequence

Shape = Sequence[int]


def are_of_places(target: Shape, output: Shape, *, whole: bool, binary: bool) -> bool:
    """Whether targets are classes of the places of what a model gives.

    Args:
        target: Shape of the targets, `[B, …]`.
        output: Shape of what the last layer with weights gives, `[B, C, places …]` or `[B, places, C]`.
        whole: Whether targets are integers: a class for each place.
        binary: Whether they are zeros and ones only: whether a place belongs to a class, for each class.
    """
    if len(target) < 2 or len(output) < 3 or target[0] != output[0]:
        return False
    ways = [list(output[2:]), *([list(output[1:-1])] if len(output) == 3 else [])]
    ways = [[size for size in sizes if size > 1] for sizes in ways]
    places = [sizes for sizes in ways if sizes]
    if not places:  # of a head that is a convolution over one place
        return False
    if whole and [size for size in target[1:] if size > 1] in places:
        return True
    return binary and math.prod(target[1:]) == math.prod(output[1:])
