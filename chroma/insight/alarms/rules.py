"""Rules over the history of a run's signals: each says in one sentence what it found, or nothing.

A rule compares a run with itself, never with another: what is usual differs from model to model. Thresholds
were chosen on trainings apart from those that `benchmarks/alarms.py` reports; see `docs/alarms.md`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chroma.insight.alarms.outputs import OutputSignals
from chroma.insight.alarms.pairs import PairSignals
from chroma.insight.alarms.signals import LEAST_ROWS, Array, VectorSignals
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
    """divergence: the norm of the rows is 8 times that of two snapshots before, and doubled in both steps.

    After five snapshots, and where kNN agreement did not grow by .02 meanwhile: features that begin to learn
    multiply too. Float16 ends at 65,504.
    """
    if len(history) < 6:
        return None
    agreed = [each.agreement for each in history[-3:]]
    if agreed[0] is not None and agreed[-1] is not None and agreed[-1] > agreed[0] + 0.02:
        return None
    before, between, now = (each.norm for each in history[-3:])
    if not before or not between or not now or not (now > 2 * between > 4 * before and now > 8 * before):
        return None
    return Found(
        "divergence",
        "Values of {layer} multiply",
        f"the norm of the rows is {now:.3g}, {now / before:.1f} times that of two snapshots before",
        {"norm": now, "norm_before": before},
    )


def collapse(history: Sequence[VectorSignals]) -> Found | None:
    """collapse: the rows become one.

    Half of them are equal, where fewer than a quarter were at first (data may repeat itself); or their
    relative spread is below .05 after it was above .1, or below .01 in three snapshots.
    """
    now, first = history[-1], history[0]
    if now.equal is None or now.spread is None:
        return None
    if now.equal >= 0.5 and (first.equal or 0) < 0.25:
        what = f"{now.equal:.0%} of the rows are equal"
    elif _shrinks([each.spread for each in history if each.spread is not None]):
        what = f"the spread of the rows is {now.spread:.2%} of their norm"
    else:
        return None
    figures = {"equal": now.equal, "spread": now.spread, "rank": now.rank or 1.0}
    return Found("collapse", "Collapse of {layer}", what, figures, "error")


def _shrinks(spreads: Sequence[float]) -> bool:
    """Whether a spread has become small, or has been very small for long."""
    if spreads[-1] < 0.05 and max(spreads) >= 0.1:
        return True
    return len(spreads) >= 3 and max(spreads[-3:]) < 0.01


def flattening(history: Sequence[VectorSignals]) -> Found | None:
    """collapse: the rows keep fewer dimensions, and tell classes apart no better.

    The effective rank is below .4 of the largest since the third snapshot, twice in a row, and kNN agreement
    is .05 below its best. Without labels it does not ring. Features that learned nothing yet have many
    dimensions, and fewer dimensions alone are what a classifier learns (neural collapse).
    """
    ranks = [each.rank for each in history[2:] if each.rank is not None]
    if len(ranks) < 3 or max(ranks) < 3:
        return None
    now, best = history[-1], max(ranks)
    if not all(rank < 0.4 * best for rank in ranks[-2:]):
        return None
    told = [each.agreement for each in history if each.agreement is not None]
    if now.agreement is None or now.agreement > max(told) - 0.05:
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


def failing(history: Sequence[OutputSignals]) -> Found | None:
    """divergence: outputs that are not finite; or a loss above twice that of guessing, ln C."""
    now = history[-1]
    if now.broken > 0 and history[0].broken < 0.01:
        what = f"{round(now.broken * now.n):,} of {now.n:,} rows have NaN or infinite scores"
        return Found("divergence", "Outputs of {split} are not finite", what, {"broken": now.broken}, "error")
    if now.loss is None or now.accuracy is None or now.classes < 2:
        return None
    guessing = math.log(now.classes)
    if now.loss < 2 * guessing or now.accuracy > 0.5:
        return None
    return Found(
        "divergence",
        "Outputs of {split} are worse than guessing",
        f"the cross-entropy is {now.loss:.2f}; guessing among {now.classes} classes gives {guessing:.2f}",
        {"loss": now.loss, "guessing": guessing},
    )


def not_learning(history: Sequence[OutputSignals]) -> Found | None:
    """divergence: predictions of three snapshots are again those of guessing; or still, after six."""
    if len(history) < 3 or history[-1].n < 5 * LEAST_ROWS:
        return None
    now = history[-1]
    if now.accuracy is None or now.classes < 2 or now.renamed is None:
        return None
    told = [each.accuracy for each in history if each.accuracy is not None]
    if max(told[-3:]) > 1.5 / now.classes or (len(told) < 6 and max(told) < 3 / now.classes):
        return None
    return Found(
        "divergence",
        "{split} is predicted no better than by guessing",
        f"the accuracy is {now.accuracy:.1%} for three snapshots, with {now.classes} classes",
        {"accuracy": now.accuracy},
    )


def label_shift(history: Sequence[OutputSignals]) -> Found | None:
    """label_shift: the accuracy fell by .2 from its best while classes are still told apart.

    If each prediction may stand for the label it meets most often, accuracy is back by .15 more than it was
    at its best, and half as high at least: the model learned other names for the classes.
    """
    told = [each for each in history if each.accuracy is not None and each.renamed is not None]
    if len(told) < 2 or told[-1] is not history[-1]:
        return None
    now, best = told[-1], max(told, key=lambda each: each.accuracy or 0)
    assert now.accuracy is not None and now.renamed is not None  # noqa: PT018
    assert best.accuracy is not None and best.renamed is not None  # noqa: PT018
    gap = now.renamed - now.accuracy - (best.renamed - best.accuracy)
    if best.accuracy - now.accuracy < 0.2 or gap < 0.15 or now.renamed < best.accuracy / 2:
        return None
    return Found(
        "label_shift",
        "Classes of {split} bear other names",
        f"the accuracy fell from {best.accuracy:.1%} to {now.accuracy:.1%}, but is {now.renamed:.1%} where "
        "each prediction stands for the label it meets most often: labels of the training may be shifted",
        {"accuracy": now.accuracy, "renamed": now.renamed, "accuracy_before": best.accuracy},
        "error",
    )


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


def forgetting(history: Sequence[OutputSignals]) -> Found | None:
    """forgetting: rows predicted right in two snapshots are wrong in the next, three times as many as ever.

    At least 5 % of the rows, after six snapshots.
    """
    shares = [each.forgotten for each in history if each.forgotten is not None]
    now = history[-1]
    if len(shares) < 4 or now.forgotten is None:
        return None
    usual = max(shares[:-1])
    if now.forgotten < max(0.05, 3 * usual):
        return None
    return Found(
        "forgetting",
        "Samples of {split} are forgotten",
        f"{now.forgotten:.1%} of the rows were predicted right in the two snapshots before and are wrong "
        f"now, at most {usual:.1%} earlier",
        {"forgotten": now.forgotten, "forgotten_before": usual},
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


def leak(pair: PairSignals) -> Found | None:
    """leak: 1 % of a split's rows lie where training rows do, and twice as many as lie on one another."""
    if pair.leaked < 0.01 or pair.leaked * pair.n < 4 or pair.leaked < 2 * pair.own:
        return None
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
