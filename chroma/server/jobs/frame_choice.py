"""Which snapshots a film of a long run shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from chroma.server.store.films.sources import MOST_FRAMES
from chroma.server.store.tables import Snapshot


def choose(snapshots: Sequence[Snapshot], drawn: Collection[str], most: int = MOST_FRAMES) -> list[Snapshot]:
    """The snapshots a film shows: all, or at most `most` spread evenly, first and last among them.

    Args:
        snapshots: All that are published, by step.
        drawn: Ids of those that have a frame already; they are kept while there is room.
        most: Most frames of a film.
    """
    if len(snapshots) <= most:
        return list(snapshots)
    kept = [place for place, snapshot in enumerate(snapshots) if snapshot.id in drawn]
    fresh = list(range(kept[-1] + 1 if kept else 0, len(snapshots)))
    if fresh and len(kept) >= most:
        # Of the drawn ones, those nearest to evenly spaced places, so that repeated thinning stays even.
        targets = np.linspace(0, fresh[-1], most // 2)
        nearest = {min(kept, key=lambda place, at=at: abs(place - at)) for at in targets.tolist()}
        kept = sorted(nearest | {kept[0]})
    return [snapshots[place] for place in kept + _even(fresh, most - len(kept))]


def _even(places: Sequence[int], most: int) -> list[int]:
    """At most `most` of these, spread evenly, the last one among them."""
    if len(places) <= most:
        return list(places)
    last = len(places) - 1
    return [
        places[at] for at in np.rint(np.linspace(0 if most > 1 else last, last, most)).astype(int).tolist()
    ]
