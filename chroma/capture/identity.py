"""Whether the rows of a split have ids, and whether they stay those of the same samples from pass to pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chroma.capture.splits import GivenIds, Placed, Split
from chroma.records import Array, Ids
from chroma.run.tally import Tally


def identify(split: Split, given: GivenIds, size: int, tally: Tally) -> Ids | None:
    """Decide by the first batch of a split whether its samples have ids, and of which type.

    Args:
        split: The split, whose `identity` is set.
        given: Ids of the batch, or what finds them out.
        size: Rows of the batch.
        tally: Where it is noted if they have none.

    Returns:
        The ids, None if they cannot be known.
    """
    ids = given() if callable(given) else given
    if ids is None or len(ids) != size:
        split.identity = tally.identity[split.name] = "order"
        known = "" if ids is None else f" (a batch of {len(ids)} samples has {size} rows)"
        tally.note(
            f"{split.name} ids",
            f"which samples the rows of {split.name} are is not known{known}; ids= names a key of the "
            "batch, or a function of it",
        )
    elif ids.dtype == object:
        split.identity = tally.identity[split.name] = "key"
    else:
        split.identity = "index"
    return ids


class LabelCheck:
    """Compares the labels of samples in the second pass with those of the first: others are other samples'.

    Args:
        split: The split.
    """

    def __init__(self, split: Split) -> None:
        self._split = split
        self._second = split.passes == 1
        self._changed = self._compared = 0

    def add(self, read: Callable[[], Array | None], placed: Placed, size: int) -> None:
        """Compare a batch's labels in the second pass.

        Args:
            read: Reads them, `[B]`; called in that pass alone.
            placed: Which rows are followed.
            size: B.
        """
        known = self._split.labels
        labels = None if known is None or not self._second else read()
        if known is None or labels is None or len(labels) != size:
            return
        slots = placed.slots
        here = labels if placed.rows is None else labels[placed.rows]
        followed = (slots >= 0) & (slots < len(known))
        one, other = known[slots[followed]], here[followed]
        if one.dtype.kind != "O" != other.dtype.kind:
            differ = ~np.isclose(one.astype(float), other.astype(float), equal_nan=True)
        else:
            differ = one != other
        self._changed += int(np.count_nonzero(differ))
        self._compared += len(one)

    def end(self, tally: Tally) -> None:
        """The pass is complete: note it if labels changed."""
        self._split.passes += 1
        if not self._changed:
            return
        split = self._split
        if split.identity == "order":
            why = "they are numbered by order, and come in another order each time"
        else:
            why = "the dataset draws labels at random, or rows are not those of their ids"
        tally.note(
            f"{split.name} labels",
            f"{self._changed:,} of {self._compared:,} samples of {split.name} have another label in the "
            f"second pass: {why}; ids= names each sample",
        )
