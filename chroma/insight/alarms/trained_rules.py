"""Rules over the rows of a training, in parts of some tenths of an epoch: see `trained.py`.

They ring while an epoch runs, where all others wait for the next snapshot. Each part is compared with those
of the epochs before, so that a loader whose rows come in an order of their own is compared with itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from chroma.insight.alarms.rules import Found
from chroma.insight.alarms.signals import Array

if TYPE_CHECKING:
    from chroma.insight.alarms.trained import TrainedPart

Parts = Sequence["TrainedPart"]
Pair = tuple[float, float]
_SETTLED = 3  # epochs that are remembered before one is compared with them
_LASTING = 3  # parts in a row
_ROWS_A_CLASS = 10  # from which on the shares of classes are compared


def changed_labels(then: Array, now: Array) -> Found | None:
    """label_shift: 1 % of the samples, at least five, are taught with another label than the epoch before.

    Args:
        then: `[n]` labels of samples in the epoch before; -1 where unknown.
        now: `[n]` those of the same samples.
    """
    known = (then >= 0) & (now >= 0)
    changed, of = int((then != now)[known].sum()), int(known.sum())
    if changed < max(5, 0.01 * of):
        return None
    return Found(
        "label_shift",
        "Labels of {split} changed",
        f"{changed:,} of {of:,} samples were taught with another label than in the epoch before",
        {"changed": changed, "of": of},
        "error",
    )


def broken(parts: Parts, before: Sequence[Parts]) -> Found | None:
    """divergence: scores that are not finite, where the epochs before had fewer than 1 %."""
    now = parts[-1]
    if now.broken == 0 or not before or any(each.broken >= 0.01 for epoch in before for each in epoch):
        return None
    return Found(
        "divergence",
        "Outputs of {split} are not finite",
        f"{now.broken:.1%} of the rows of the last batches have NaN or infinite scores",
        {"broken": now.broken},
        "error",
    )


def jumping(parts: Parts, before: Sequence[Parts]) -> Found | None:
    """divergence: the loss of three parts in a row is 2.5 times that of any part of the epochs before.

    And .3 nats above it. One part alone says little: a sound training at a high learning rate has steps that
    it makes good in the next ones.
    """
    told = _lasting([each.loss for each in parts], [[each.loss for each in epoch] for epoch in before])
    if told is None or told[0] < max(2.5 * told[1], told[1] + 0.3):
        return None
    now, usual = told
    return Found(
        "divergence",
        "The loss of {split} jumps",
        f"the cross-entropy of the last batches is {now:.2f}, at most {usual:.2f} in the epochs before",
        {"loss": now, "loss_before": usual},
    )


def other_classes(parts: Parts, before: Sequence[Parts]) -> Found | None:
    """drift: since the epoch began, classes have other shares than in the epoch before up to there.

    A quarter of the rows are of other classes, and three times as many as between the two epochs before.
    """
    at = len(parts) - 1
    then = [epoch[at] for epoch in before if len(epoch) > at]
    now = parts[-1]
    if len(then) < _SETTLED or now.counts.sum() < _ROWS_A_CLASS * np.count_nonzero(then[-1].counts):
        return None
    usual = max(_apart(one, two) for one, two in pairwise(then))
    moved = _apart(then[-1], now)
    if moved < max(0.25, 3 * usual):
        return None
    return Found(
        "drift",
        "{split} is trained on other classes",
        f"since the epoch began, {moved:.0%} of its rows are of other classes than in the epoch before up to "
        f"there, at most {usual:.0%} earlier",
        {"moved": moved, "moved_before": usual},
    )


def forgetting(parts: Parts, before: Sequence[Parts]) -> Found | None:
    """forgetting: rows right in the two epochs before are wrong, 20 % of them in three parts in a row.

    And three times as many as in any part of the three epochs before.
    """
    shares = [[each.forgotten for each in epoch] for epoch in before]
    told = _lasting([each.forgotten for each in parts], shares)
    if told is None or told[0] < max(0.2, 3 * told[1]):
        return None
    now, usual = told
    return Found(
        "forgetting",
        "Samples of {split} are forgotten",
        f"{now:.1%} of the rows of the last batches were predicted right in the two epochs before and are "
        f"wrong now, at most {usual:.1%} earlier",
        {"forgotten": now, "forgotten_before": usual},
    )


def _lasting(now: Sequence[float | None], before: Sequence[Sequence[float | None]]) -> Pair | None:
    """The least of the last parts, and the most of those before them, in the epochs before."""
    if len(before) < _SETTLED:
        return None
    last = [*before[-1], *now][-_LASTING:]
    late = max(_LASTING - len(now), 0)  # of the last epoch
    earlier = [*before[:-1], before[-1][: len(before[-1]) - late]]
    usual = [value for epoch in earlier for value in epoch if value is not None]
    known = [value for value in last if value is not None]
    return (min(known), max(usual)) if len(known) == _LASTING and usual else None


def _apart(one: TrainedPart, two: TrainedPart) -> float:
    """Share of rows that are of other classes: the total variation of two distributions."""
    width = max(len(one.counts), len(two.counts))
    shares = [
        np.pad(each.counts, (0, width - len(each.counts))) / max(each.counts.sum(), 1) for each in (one, two)
    ]
    return float(np.abs(shares[0] - shares[1]).sum()) / 2
