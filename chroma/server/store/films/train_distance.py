"""How far the points of a film of several splits are from the training samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.insight.across import nearest_across
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.joint_splits import is_train, members
from chroma.server.store.films.points import Points
from chroma.server.store.snapshots.vectors import snapshot_vectors
from chroma.server.store.tables import Film, Snapshot


def train_distance(
    catalog: Catalog, film: Film, points: Points, snapshot: Snapshot
) -> npt.NDArray[np.float32]:
    """The Euclidean distance of each point to the nearest training sample in the full space.

    A training sample's is that to the nearest other one. It is worked out once, and kept in a file.

    Args:
        catalog: Open for reading.
        film: Of several splits.
        points: Its points.
        snapshot: Of the film.

    Returns:
        float32 `[n]`, NaN where a vector is missing.
    """
    path = f"films/{film.id}/{snapshot.digest}.train"
    known = catalog.files.read_sealed(path)
    if known is not None and len(known) == 4 * len(points):
        return np.frombuffer(known, "<f4")
    found = [
        (points.rows_of(member.split_id, read.ids), read.vectors)
        for member in members(catalog, film, snapshot)
        for read in (snapshot_vectors(catalog, member),)
    ]
    whole = np.full((len(points), found[0][1].shape[1]), np.nan, np.float32)
    for rows, vectors in found:
        here = np.flatnonzero(rows >= 0)[::-1]  # of several parts of a sample the first is written last
        whole[rows[here]] = vectors[here]
    of_train = np.zeros(len(points), np.bool_)
    for part in points.parts:
        of_train[part.start : part.start + len(part.table)] = is_train(part.split.name)
    distances = _nearest(whole, np.flatnonzero(of_train), np.flatnonzero(~of_train))
    catalog.files.write_sealed(path, distances.astype("<f4").tobytes())
    return distances


def _nearest(
    vectors: npt.NDArray[np.float32], train: npt.NDArray[np.int64], rest: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    distances = np.full(len(vectors), np.nan, np.float32)
    reference = vectors[train]
    found = nearest_across(vectors[rest], reference, k=1, normalised=False)[1]
    if found.shape[1]:
        distances[rest] = found[:, 0]
    ids, found = nearest_across(reference, reference, k=2, normalised=False)
    if found.shape[1] > 1:
        # The first is the sample itself, or one at its very place.
        itself = ids[:, 0] == np.arange(len(train))
        distances[train] = np.where(itself, found[:, 1], found[:, 0])
    return distances
