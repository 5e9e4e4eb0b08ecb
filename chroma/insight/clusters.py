"""Groups of points in a layout, found without labels."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Frame

# Points clustered; others take the group of the nearest one. HDBSCAN takes .4 s for so many.
MOST = 10_000
# A group holds at least this share of the points, and never fewer than _SMALLEST.
_SHARE = 0.005
_SMALLEST = 10


def layout_clusters(xy: Frame) -> npt.NDArray[np.int32]:
    """Cluster a layout by density: HDBSCAN (Campello, Moulavi & Sander 2013), as in scikit-learn.

    It needs no number of clusters, leaves points between groups alone, and has no random part: the same
    layout has the same clusters.

    Args:
        xy: float32 `[n, 2]`, NaN where a sample is missing.

    Returns:
        int32 `[n]`: 0 for the largest cluster, 1 for the next, and so on; -1 for points in none.
    """
    from scipy.spatial import KDTree
    from sklearn.cluster import HDBSCAN

    found = np.full(len(xy), -1, np.int32)
    there = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if len(there) < 2 * _SMALLEST:
        return found
    spread = np.unique(np.linspace(0, len(there) - 1, min(MOST, len(there))).astype(np.int64))
    few = there[spread]
    smallest = max(_SMALLEST, int(_SHARE * len(few)))
    points: Any = xy[few].astype(np.float64)
    own = cast("Any", False)  # said, because its default changes with scikit-learn 1.10; its type is wrong
    groups: Any = HDBSCAN(min_cluster_size=smallest, min_samples=5, copy=own).fit_predict(points)
    _, nearest = KDTree(points).query(xy[there].astype(np.float64))
    found[there] = _by_size(groups)[nearest]
    return found


def _by_size(groups: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int32]:
    """The same groups numbered by size, the largest first; of equal ones, the one that comes first."""
    numbers, first, sizes = np.unique(groups[groups >= 0], return_index=True, return_counts=True)
    renumbered = np.full(int(groups.max(initial=-1)) + 2, -1, np.int32)  # the last entry serves -1
    for new, at in enumerate(np.lexsort((first, -sizes))):
        renumbered[numbers[at]] = new
    return renumbered[groups]
