"""Intervals of shares, and how many of several tests may be believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
# Two-sided 95 %.
Z = 1.959963984540054


def wilson(
    hits: npt.NDArray[Any] | int, of: npt.NDArray[Any] | int, *, z: float = Z
) -> tuple[Numbers, Numbers]:
    """Wilson's interval of a share: Wilson 1927, "Probable inference, the law of succession".

    `(p + z^2/2n -+ z sqrt(p (1-p)/n + z^2/4n^2)) / (1 + z^2/n)`, p = hits / n.

    Args:
        hits: Any shape.
        of: As many as they are out of; the interval of 0 out of 0 is all of [0, 1].
        z: Standard deviations; 95 % by default.

    Returns:
        Lower and upper ends, float64, in [0, 1].
    """
    n = np.asarray(of, np.float64)
    safe = np.maximum(n, 1)
    share = np.asarray(hits, np.float64) / safe
    middle, scale = share + z**2 / (2 * safe), 1 + z**2 / safe
    half = z * np.sqrt(share * (1 - share) / safe + z**2 / (4 * safe**2))
    low, high = np.clip((middle - half) / scale, 0, 1), np.clip((middle + half) / scale, 0, 1)
    return np.where(n > 0, low, 0.0), np.where(n > 0, high, 1.0)


def adjusted(p_values: Numbers) -> Numbers:
    """P-values so adjusted that what stays below q has at most a share q of false discoveries.

    Benjamini & Hochberg 1995: `min_{j >= i} p_(j) m / j`, `[m]` in the order given.
    """
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p_values)) if len(p_values) else np.empty(0)
