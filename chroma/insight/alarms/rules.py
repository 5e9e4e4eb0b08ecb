"""Rules over the history of a layer's signals: each says in one sentence what it found, or nothing.

A rule compares a run with itself, never with another: what is usual differs from model to model. Thresholds
were chosen on trainings apart from those that `benchmarks/alarms.py` reports; see `docs/alarms.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from chroma.insight.alarms.pairs import PairSignals
from chroma.insight.alarms.signals import VectorSignals
from chroma.records import Level


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found.

    Attributes:
        rule: Its name.
        title: A few words; `{layer}` and `{split}` stand for where.
        text: One sentence with figures.
        figures: The figures, name to number.
        level: How bad it is.
    """

    rule: str
    title: str
    text: str
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    level: Level = "warning"


def not_finite(history: Sequence[VectorSignals]) -> Found | None:
    """divergence: rows with NaN or infinite values, where the first snapshot had fewer than 1 %."""
    now, first = history[-1], history[0]
    if now.broken == 0 or (len(history) > 1 and first.broken >= 0.01):
        return None
    return Found(
        "divergence",
        "Values that are not finite in {layer}",
        f"{round(now.broken * now.n):,} of {now.n:,} rows have NaN or infinite values",
        {"broken": now.broken},
        "error",
    )


def growing(history: Sequence[VectorSignals]) -> Found | None:
    """divergence: the norm of the rows multiplies, after five snapshots.

    It is 8 times that of two snapshots before, and doubled in both steps, after a step in which it moved by
    less than a quarter; or 1.8 times that of the last one, where it moved by less than a quarter in each of
    the three steps before. Not where kNN agreement or the separation of classes grew by .02 meanwhile:
    features that begin to learn multiply too. Float16 ends at 65,504.
    """
    norms = [each.norm for each in history if each.norm]
    if len(history) < 6 or len(norms) < 5:
        return None
    before, between, now = norms[-3:]
    rests = [0.75 < later / earlier < 1.25 for earlier, later in pairwise(norms[:-1])]
    if now > 2 * between > 4 * before and now > 8 * before and any(rests):
        since, then, ago = history[-3], before, "two snapshots before"
    elif now > 1.8 * between and all(rests[-3:]):
        since, then, ago = history[-2], between, "the snapshot before, where it had come to rest"
    else:
        return None
    last = history[-1]
    told = (since.agreement, last.agreement), (since.separation, last.separation)
    if any(one is not None and other is not None and other > one + 0.02 for one, other in told):
        return None
    return Found(
        "divergence",
        "Values of {layer} multiply",
        f"the norm of the rows is {now:.3g}, {now / then:.1f} times that of {ago}",
        {"norm": now, "norm_before": then},
    )


def collapse(history: Sequence[VectorSignals]) -> Found | None:
    """collapse: the rows become one.

    Half of them are equal, where fewer than a quarter were at first (data may repeat itself); or their
    relative spread is below .05 after it was above .1, or below .01 in three snapshots; or all point one way:
    their mean cosine is above .99 in three snapshots, and a third nearer to 1 than at first. (Features of
    language models may have it from the start.)
    """
    now, first = history[-1], history[0]
    if now.equal is None or now.spread is None:
        return None
    if now.equal >= 0.5 and (first.equal or 0) < 0.25:
        what = f"{now.equal:.0%} of the rows are equal"
    elif _shrinks([each.spread for each in history if each.spread is not None]):
        spread = f"{now.spread:.2%}" if now.spread >= 0.0001 else "less than 0.01%"
        what = f"the spread of the rows is {spread} of their norm"
    elif now.cosine is not None and _aligns([each.cosine for each in history if each.cosine is not None]):
        what = f"the rows point one way: their mean cosine is {now.cosine:.4f}"
    else:
        return None
    figures = {"equal": now.equal, "spread": now.spread, "rank": now.rank or 1.0}
    return Found("collapse", "Collapse of {layer}", what, figures, "error")


def _shrinks(spreads: Sequence[float]) -> bool:
    """Whether a spread has become small, or has been very small for long."""
    if spreads[-1] < 0.05 and max(spreads) >= 0.1:
        return True
    return len(spreads) >= 3 and max(spreads[-3:]) < 0.01


def _aligns(cosines: Sequence[float]) -> bool:
    """Whether rows have pointed one way for long, and more so than at first."""
    return len(cosines) >= 3 and min(cosines[-3:]) > 0.99 and 1 - cosines[-1] < 0.67 * (1 - cosines[0])


def flattening(history: Sequence[VectorSignals]) -> Found | None:
    """collapse: the rows keep fewer dimensions, and tell classes apart no better.

    The effective rank is below .4 of the largest since the third snapshot, twice in a row, and kNN agreement
    is a fifth below its best. Without labels it does not ring. Features that learned nothing yet have many
    dimensions, and fewer dimensions alone are what a classifier learns (neural collapse).
    """
    ranks = [each.rank for each in history[2:] if each.rank is not None]
    if len(ranks) < 3 or max(ranks) < 3:
        return None
    now, best = history[-1], max(ranks)
    if not all(rank < 0.4 * best for rank in ranks[-2:]):
        return None
    told = [each.agreement for each in history if each.agreement is not None]
    if now.agreement is None or now.agreement > 0.8 * max(told):
        return None
    return Found(
        "collapse",
        "{layer} loses dimensions",
        f"its effective rank fell from {best:.1f} to {ranks[-1]:.1f}, and kNN agreement from "
        f"{max(told):.2f} to {now.agreement:.2f}",
        {"rank": ranks[-1], "rank_before": best, "agreement": now.agreement},
    )


def dead_layer(history: Sequence[VectorSignals]) -> Found | None:
    """dead_layer: units that give one value for every row are 90 %, or 25 % more than they were at least.

    The second after six snapshots, and compared with the third and later ones: of ReLUs many die in the first
    epochs of a sound training, and come back.
    """
    now = history[-1]
    known = [each.dead for each in history if each.dead is not None]
    settled = [each.dead for each in history[2:] if each.dead is not None]
    if now.dead is None or not known:
        return None
    least = min(known)
    if now.dead < 0.9 or least >= 0.9:
        if len(history) < 6:
            return None
        least = min(settled)
        if now.dead - least < 0.25:
            return None
    return Found(
        "dead_layer",
        "Units of {layer} die",
        f"{now.dead:.0%} of its units give the same value for every row, {least:.0%} at least before",
        {"dead": now.dead, "dead_before": least},
        "error" if now.dead >= 0.9 else "warning",
    )


def drift(history: Sequence[VectorSignals]) -> Found | None:
    """drift: neighbours that had come to rest change at once.

    The turnover of neighbours is two and a half times the largest of the last three snapshots, and .08 above.
    """
    now, before = history[-1].turnover, [each.turnover for each in history[-4:-1]]
    turned = [each for each in before if each is not None]
    if len(history) < 6 or now is None or len(turned) < 3 or now < max(2.5 * max(turned), max(turned) + 0.08):
        return None
    return Found(
        "drift",
        "Neighbours in {layer} change at once",
        f"{now:.0%} of the nearest neighbours are others than in the snapshot before, at most "
        f"{max(turned):.0%} in the three before: the data or the learning rate may have changed",
        {"turnover": now, "turnover_before": max(turned)},
    )


def leak(history: Sequence[PairSignals]) -> Found | None:
    """leak: 1 % of a split's rows lie where training rows do, and twice as many as lie on one another.

    In each snapshot so far: what a layer puts in one place only later, it has lost, and nothing leaked.
    """
    if any(each.leaked < 0.01 or each.leaked * each.n < 4 or each.leaked < 2 * each.own for each in history):
        return None
    pair = history[-1]
    return Found(
        "leak",
        "{split} has samples of train",
        f"{round(pair.leaked * pair.n):,} of {pair.n:,} rows lie exactly where one of {pair.of:,} training "
        "rows does: they are likely the same samples",
        {"leaked": pair.leaked, "own": pair.own},
        "error",
    )


def apart(history: Sequence[PairSignals]) -> Found | None:
    """drift: training rows are of another kind than those of the split.

    Of the 15 nearest rows of training rows, .2 more than chance gives are of train, in two snapshots.
    """
    if len(history) < 2 or any(each.mixing < 0.2 for each in history[-2:]):
        return None
    now = history[-1]
    return Found(
        "drift",
        "train and {split} lie apart",
        f"training rows have training rows as neighbours {now.mixing:.0%} beyond chance: they may be of "
        "another kind",
        {"mixing": now.mixing},
    )
