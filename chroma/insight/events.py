"""What happened in a training and when, as few plain sentences with figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.classes import separated_since
from chroma.insight.labels import Probabilities

Series = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one epoch.

    Attributes:
        kind: `separated`, `learned`, `forgotten`, `rank` or `best`.
        epoch: When.
        text: A sentence.
        rank: From 0 to 1, how much of the samples, classes or values it concerns: the largest come first.
        classes: The classes it speaks of.
        rows: int64, the samples it speaks of; None where it speaks of all.
    """

    kind: str
    epoch: int
    text: str
    rank: float
    classes: tuple[int, ...] = ()
    rows: npt.NDArray[np.int64] | None = field(default=None, compare=False)


def ranked(events: Iterable[Event], *, most: int = 12, of_a_kind: int = 4) -> list[Event]:
    """The largest, no more than `of_a_kind` of one kind, in the order of their rank."""
    found: list[Event] = []
    for event in sorted(events, key=lambda event: (-event.rank, event.epoch)):
        if sum(other.kind == event.kind for other in found) < of_a_kind and len(found) < most:
            found.append(event)
    return found


def separations(
    confusions: npt.NDArray[np.int64], epochs: Sequence[int], names: Sequence[str], *, below: float = 0.05
) -> list[Event]:
    """Pairs of classes that were confused at first and are not from some epoch on.

    Args:
        confusions: int `[e, C, C]`, as `confusion` or `confusion_in_space` gives them.
        epochs: Their numbers.
        names: Of the classes.
        below: As in `separated_since`; pairs count that were confused twice as much at any epoch before.
    """
    since = separated_since(confusions, below=below)
    found: list[Event] = []
    for a, b in zip(*np.nonzero(np.triu(since > 0, 1)), strict=True):
        at = int(since[a, b])
        mixed = confusions[:at, a, b] + confusions[:at, b, a]
        shares = mixed / np.maximum(1, mixed + confusions[:at, a, a] + confusions[:at, b, b])
        share = float(shares.max())
        if share >= 2 * below and mixed.max() >= 5:
            text = (
                f"{names[a]} and {names[b]} separated at epoch {epochs[at]}: {share:.0%} were confused before"
            )
            found.append(Event("separated", epochs[at], text, min(1.0, share), (int(a), int(b))))
    return found


def learned_classes(recall: Series, epochs: Sequence[int], names: Sequence[str]) -> list[Event]:
    """Classes whose recall rose by more than half from one epoch to the next.

    Args:
        recall: `[e, C]`, the share of each class's samples that is predicted right; NaN where unknown.
        epochs: Their numbers.
        names: Of the classes.
    """
    rises = np.diff(recall, axis=0)
    found: list[Event] = []
    for at, label in zip(*np.nonzero(np.nan_to_num(rises) > 0.5), strict=True):
        low, high = recall[at, label], recall[at + 1, label]
        text = (
            f"{names[label]} was learned at epoch {epochs[at + 1]}: {low:.0%} right before, {high:.0%} then"
        )
        found.append(Event("learned", epochs[at + 1], text, float(rises[at, label]) / 2, (int(label),)))
    return found


def forgotten_samples(outputs: Probabilities, epochs: Sequence[int], *, share: float = 0.01) -> list[Event]:
    """Epochs at which unusually many samples went from right to wrong.

    Args:
        outputs: Of e epochs.
        epochs: Their numbers.
        share: Of the samples seen at both epochs that must be forgotten, and the double of the usual share.
    """
    there = np.isfinite(outputs.label)
    right = there & (outputs.label >= outputs.other_probability)
    gone = right[:-1] & there[1:] & ~right[1:] & (outputs.labels[:-1] == outputs.labels[1:])
    both = np.maximum(1, (there[:-1] & there[1:]).sum(axis=1))
    shares = gone.sum(axis=1) / both
    usual = float(np.median(shares)) if len(shares) else 0.0
    found: list[Event] = []
    for at in np.flatnonzero((shares >= share) & (shares > 2 * usual)):
        count, epoch = int(gone[at].sum()), epochs[int(at) + 1]
        text = f"{count:,} of {both[at]:,} samples were forgotten at epoch {epoch} ({usual:.1%} usually)"
        found.append(Event("forgotten", epoch, text, float(shares[at]), (), np.flatnonzero(gone[at])))
    return found


def rank_changes(ranks: Series, epochs: Sequence[int], layer: str, *, times: float = 1.5) -> list[Event]:
    """Epochs at which the effective rank of a layer rose or fell by a factor.

    Args:
        ranks: `[e]`, effective ranks, at least 1; NaN where unknown.
        epochs: Their numbers.
        layer: Its name.
        times: Factor.
    """
    found: list[Event] = []
    for at in range(1, len(ranks)):
        before, after = float(ranks[at - 1]), float(ranks[at])
        factor = max(before, after) / min(before, after)
        if factor >= times:
            verb = "fell" if after < before else "rose"
            text = (
                f"The effective rank of {layer} {verb} from {before:.1f} to {after:.1f} at epoch {epochs[at]}"
            )
            found.append(Event("rank", epochs[at], text, 1 - 1 / factor))
    return found


def best_of(
    values: Series, epochs: Sequence[int], name: str, *, worse: float = 0.01, larger: bool = True
) -> list[Event]:
    """The epoch after which a value got worse for good: none where it ends near its best.

    Args:
        values: `[e]`; NaN where unknown.
        epochs: Their numbers.
        name: What it is, as the start of a sentence.
        worse: How much worse the last one is than the best, as a share of it.
        larger: Whether more is better.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2:
        return []
    signed = values[known] if larger else -values[known]
    best, last = known[signed.argmax()], known[-1]
    gap = float(abs(values[best] - values[last])) / (float(abs(values[best])) or 1.0)
    if gap < worse:
        return []
    text = f"{name} was best at epoch {epochs[best]}: {values[best]:.3f}, and {values[last]:.3f} at the end"
    return [Event("best", epochs[best], text, min(1.0, gap))]
