"""Whether the rows of a split have ids."""

from __future__ import annotations

from chroma.capture.probe import ProbeSet
from chroma.capture.splits import GivenIds, Split
from chroma.records import Ids
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
        made = split.identity == "content"
        split.identity = tally.identity[split.name] = "content" if made else "key"
    else:
        split.identity = "index"
    split.identified = True
    if split.identity != "index" and split.came is not None:  # chosen by indices, which do not count
        split.probe, split.came, split.described = ProbeSet(split.most), None, None
    return ids
