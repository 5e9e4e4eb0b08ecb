"""Whether two runs captured the same data, as the runs of one film must.

Frames share nothing but ids. Equal keys of the user's own are trusted. Equal indices name the same sample
only within one dataset, so the samples' labels, texts or images must agree as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from chroma.records import KEYED
from chroma.server.store.samples.classes import label_texts
from chroma.server.store.samples.load import SampleTable
from chroma.server.store.tables import Split

_LOOKED_AT = 64  # images whose bytes differ and that are compared by their pixels, evenly spread
# Mean difference of two encodings of one picture, of 255: WebP of another version stays far below.
_ALIKE = 8.0


@dataclass(frozen=True, slots=True)
class Followed:
    """A split of a run and its samples.

    Attributes:
        run: Name of the run, for people.
        split: The split.
        table: Its samples.
    """

    run: str
    split: Split
    table: SampleTable


def difference(one: Followed, other: Followed) -> str | None:
    """How two splits differ in their data, as the end of a sentence; None: they agree."""
    name = one.split.name
    if one.split.keys != other.split.keys:
        return f"split {name!r} of one of {one.run!r} and {other.run!r} has keys for ids, the other numbers"
    places = other.table.positions(one.table.ids)
    here, there = np.flatnonzero(places >= 0), places[places >= 0]
    if len(here) == 0:
        return f"split {name!r} of {one.run!r} and of {other.run!r} has no sample in common"
    if one.split.identity == other.split.identity and one.split.identity in KEYED:
        return None
    return _captured(one, other, here, there)


def _captured(one: Followed, other: Followed, here: Any, there: Any) -> str | None:
    name, proved = one.split.name, False
    for what, mine, others in (
        ("label", label_texts(one.table), label_texts(other.table)),
        ("text", _texts(one.table), _texts(other.table)),
    ):
        pairs = [(mine[a], others[b], a) for a, b in zip(here.tolist(), there.tolist(), strict=True)]
        known = [pair for pair in pairs if pair[0] is not None and pair[1] is not None]
        for left, right, at in known:
            if left != right:
                return (
                    f"sample {one.table.ids[at]} of split {name!r} has the {what} {left!r} in {one.run!r} "
                    f"and {right!r} in {other.run!r}"
                )
        # One value for all would be the same in any order.
        proved = proved or len({left for left, _, _ in known}) > 1
    if proved:
        return None
    seen = [
        (a, mine, others)
        for a, b in zip(here.tolist(), there.tolist(), strict=True)
        if (mine := one.table.image(a)) is not None and (others := other.table.image(b)) is not None
    ]
    if not seen:
        return (
            f"neither labels nor inputs of split {name!r} of {one.run!r} and {other.run!r} can be compared, "
            "and equal indices alone do not prove that the data are the same"
        )
    unlike = [entry for entry in seen if entry[1] != entry[2]]
    for at, mine, others in unlike[:: max(1, len(unlike) // _LOOKED_AT)]:
        if not _same_picture(mine, others):
            return (
                f"sample {one.table.ids[at]} of split {name!r} shows another picture in {one.run!r} "
                f"than in {other.run!r}"
            )
    return None


def _texts(table: SampleTable) -> Any:
    return table.texts if table.texts is not None else [None] * len(table)


def _same_picture(one: bytes, other: bytes) -> bool:
    from PIL import Image

    left, right = (np.asarray(Image.open(BytesIO(body)).convert("RGB"), np.float32) for body in (one, other))
    return left.shape == right.shape and float(np.abs(left - right).mean()) <= _ALIKE
