"""When a snapshot is taken: every so often, and at growing distance in long runs."""

from __future__ import annotations

import re

from chroma.errors import ConfigError

_LEAST_TRAINED = 30.0  # seconds


class Thinning:
    """Decides for each pass over a split whether it is captured.

    Kept snapshots are dense first: so many at each stride, then the stride doubles. How many at each stride
    follows from the number of passes to come where that is known, so that the whole run is covered.

    Args:
        every: Epochs between snapshots, or steps as in "500 steps".
        max_snapshots: Most snapshots to keep; None for all.
        passes: How many passes will come, None if unknown.
        max_overhead: Largest share of the training's time that capture may take; None for any. Once 30 s of
            training can be judged by, every second, fourth, eighth … pass is captured as need be.

    Attributes:
        seen: Passes that `every` let through.
        kept: Passes that are captured.
        expected: How many passes will be captured, None if unknown.
    """

    def __init__(
        self,
        every: int | str,
        max_snapshots: int | None,
        passes: int | None,
        max_overhead: float | None = None,
    ) -> None:
        self._every, self._by_step = _every(every)
        if max_snapshots is not None and max_snapshots < 1:
            raise ConfigError(
                f"max_snapshots={max_snapshots!r} cannot be used; give 1 or more, or None for all"
            )
        self._max = max_snapshots
        if passes is not None and not self._by_step:
            passes = -(-passes // self._every)
        self._kept_passes = _schedule(max_snapshots, None if self._by_step else passes)
        if self._kept_passes is not None:
            passes = len(self._kept_passes) if passes is not None else None
        self.expected = None if self._by_step else passes
        self._last: int | None = None
        self._max_overhead = max_overhead
        self._stride = 1
        self._ratio = 0.0  # capture's share of the time when the stride was last widened
        self._skipped = 0
        self.seen = 0
        self.kept = 0

    @property
    def by_step(self) -> bool:
        """Whether `every` counts steps."""
        return self._by_step

    def wants(self, epoch: int, step: int, spent: float = 0.0, trained: float = 0.0) -> bool:
        """Whether the pass at this epoch and step is captured; to be asked once for each pass.

        Args:
            epoch: 0-based.
            step: Global optimizer step.
            spent: Seconds capture has taken on the training's thread, without its set-up.
            trained: Seconds the training has taken, likewise.
        """
        if self._by_step:
            if self._last is not None and step - self._last < self._every:
                return False
            self._last = step
        elif epoch % self._every:
            return False
        number, self.seen = self.seen, self.seen + 1
        if self._kept_passes is not None and number not in self._kept_passes:
            return False
        self._judge(spent, trained)
        if number % self._stride:
            self._skipped += 1
            return False
        self.kept += 1
        return True

    def forget(self) -> None:
        """The last pass that was wanted gave nothing; the next one counts in its place."""
        self.seen -= 1
        self.kept -= 1
        self._last = None

    def said(self) -> str | None:
        """The sentence for the receipt, if passes were left out for a reason of ours."""
        if self.kept == self.seen:
            return None
        said = f"{self.kept} of {self.seen} passes kept"
        if self.kept + self._skipped < self.seen:
            said += f", dense first (max_snapshots={self._max})"
        if self._skipped:
            said += (
                f"; every {self._stride}th from then on, as capture took {self._ratio:.1%} of the time "
                f"(max_overhead={self._max_overhead:g})"
            )
        return said

    def _judge(self, spent: float, trained: float) -> None:
        """Widen the stride so far that snapshots as dear as those before keep to the allowed share."""
        if not self._max_overhead or trained < _LEAST_TRAINED or not self.kept or not self.seen:
            return
        ratio = spent / self.kept * self.seen / trained  # if each pass were captured
        while ratio / self._stride > self._max_overhead:
            self._stride *= 2
            self._ratio = ratio


def _every(every: int | str) -> tuple[int, bool]:
    if isinstance(every, int) and not isinstance(every, bool) and every >= 1:
        return every, False
    if isinstance(every, str) and (match := re.fullmatch(r"\s*([1-9]\d*)\s+steps?\s*", every)):
        return int(match[1]), True
    raise ConfigError(f"every={every!r} cannot be used; give a number of epochs, or steps as in '500 steps'")


def _schedule(cap: int | None, passes: int | None) -> frozenset[int] | None:
    """Numbers of the passes to keep; None keeps all."""
    if cap is None or (passes is not None and passes <= cap):
        return None
    if passes is None:
        return frozenset(_dense_first(max(1, cap // 8), None)[:cap])
    per_stride = cap
    while len(numbers := _dense_first(per_stride, passes)) > cap - 1 and per_stride > 1:
        per_stride -= 1
    return frozenset({*numbers[: cap - 1], passes - 1})


def _dense_first(per_stride: int, passes: int | None) -> list[int]:
    """0, 1, 2, … with the stride doubled after each `per_stride` numbers; below `passes`, or 64 strides."""
    numbers: list[int] = []
    number = 0
    for doubling in range(64):
        for _ in range(per_stride):
            if passes is not None and number >= passes:
                return numbers
            numbers.append(number)
            number += 2**doubling
    return numbers
