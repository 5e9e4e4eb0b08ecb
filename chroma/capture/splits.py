"""What a session remembers of a split from its first pass on. Knows no framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from chroma.capture.probe import ProbeSet, Slots
from chroma.records import Array, Ids

Identity = Literal["index", "key", "order"]
MOST_REMEMBERED = 100_000  # samples of a split whose places are kept from pass to pass, 5 MB at most


@dataclass(slots=True)
class Placed:
    """Which rows of a batch are followed, and where they go."""

    ids: Ids
    rows: Slots
    slots: Slots
    places: Slots | slice  # the slots; as a block where they are one, which takes half the time


@dataclass
class Split:
    """What is known of a split from its first pass on."""

    name: str
    probe: ProbeSet
    identity: Identity
    of: int
    class_names: Sequence[str]
    labels: Array | None = None  # by slot
    metadata: dict[str, Array] = field(default_factory=dict[str, Array])  # by slot
    images: dict[int | str, bytes | None] = field(default_factory=dict[int | str, bytes | None])
    has_images: bool = False
    texts: dict[int | str, str] = field(default_factory=dict[int | str, str])
    said: bool = False  # its samples are recorded
    placed: dict[int, Placed] = field(default_factory=dict[int, "Placed"])  # by number of the batch
    spare: dict[str, Array] = field(default_factory=dict[str, Array])  # buffers free to be filled again
