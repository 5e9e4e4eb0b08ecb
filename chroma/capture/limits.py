"""How many snapshots a user wants, and which passes are taken where their number is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from chroma.errors import ConfigError

_ENDS = {"Timer", "TerminateOnNaN"}  # callbacks besides those that are named as EarlyStopping


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a user wants snapshots, and how many.

    Attributes:
        every: Epochs between snapshots, or steps as in "500 steps".
        max_snapshots: Most snapshots to show; None for all.
        max_overhead: Largest share of the training's time that capture may take; None for any.

    Raises:
        ConfigError: One of them cannot be used.
    """

    every: int | str = 1
    max_snapshots: int | None = None
    max_overhead: float | None = None

    def __post_init__(self) -> None:
        self.interval()
        most, share = self.max_snapshots, self.max_overhead
        if most is not None and not (is_whole(most) and most >= 1):
            raise ConfigError(
                f"max_snapshots={self.max_snapshots!r} cannot be used; give 1 or more, or None for all"
            )
        if share is not None and not (isinstance(share, Real) and 0 < share < 1):
            raise ConfigError(
                f"max_overhead={self.max_overhead!r} cannot be used; give a share of the training's time "
                "between 0 and 1, as 0.02, or None"
            )

    def interval(self) -> tuple[int, bool]:
        """The number in `every`, and whether it counts steps instead of epochs."""
        every = self.every
        if not isinstance(every, str) and is_whole(every) and every >= 1:
            return int(every), False
        if isinstance(every, str) and (match := re.fullmatch(r"\s*([1-9]\d*)\s+steps?\s*", every)):
            return int(match[1]), True
        raise ConfigError(
            f"every={every!r} cannot be used; give a number of epochs, or steps as in '500 steps'"
        )


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, of Python or NumPy; True and False are none."""
    return not isinstance(value, bool) and isinstance(value, Integral)


def dense_first(cap: int | None, passes: int) -> frozenset[int] | None:
    """Numbers of at most `cap` of so many passes, the last among them; None if all are taken."""
    if cap is None or passes <= cap:
        return None
    per_stride = cap
    while len(numbers := _doubling(per_stride, passes)) > cap - 1 and per_stride > 1:
        per_stride -= 1
    return frozenset({*numbers[: cap - 1], passes - 1})


def _doubling(per_stride: int, passes: int) -> list[int]:
    """0, 1, 2, … below `passes`, with the stride doubled after each `per_stride` numbers."""
    numbers: list[int] = []
    number, stride = 0, 1
    while number < passes:
        numbers.append(number)
        number += stride
        if len(numbers) % per_stride == 0:
            stride *= 2
    return numbers


def stops_early(callbacks: Iterable[Any]) -> bool:
    """Whether one of a trainer's callbacks may end the training before it has made all its epochs."""
    names = {kind.__name__ for callback in callbacks for kind in type(callback).__mro__}
    return any("EarlyStopping" in name for name in names) or not names.isdisjoint(_ENDS)
