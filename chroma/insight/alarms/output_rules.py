"""Rules over the history of a classifier's outputs, as those of `rules.py` are over that of a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chroma.insight.alarms.outputs import OutputSignals
from chroma.insight.alarms.rules import Found
from chroma.insight.alarms.signals import LEAST_ROWS


def failing(history: Sequence[OutputSignals]) -> Found | None:
    """divergence: outputs that are not finite; or a loss twice above 2 ln C, twice that of guessing."""
    now, before = history[-1], history[-2:][0]
    if now.broken > 0 and history[0].broken < 0.01:
        what = f"{round(now.broken * now.n):,} of {now.n:,} rows have NaN or infinite scores"
        return Found("divergence", "Outputs of {split} are not finite", what, {"broken": now.broken}, "error")
    if now.loss is None or now.accuracy is None or now.classes < 2:
        return None
    guessing = math.log(now.classes)
    if now is before or min(now.loss, before.loss or 0) < 2 * guessing or now.accuracy > 0.5:
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


def forgetting(history: Sequence[OutputSignals]) -> Found | None:
    """forgetting: rows predicted right in two snapshots are wrong, three times as many as ever.

    After six snapshots: at least 20 % of the rows in the next one, or 10 % in the next two. A sound training
    at a high learning rate loses some in one epoch, and has them back in the next.
    """
    shares = [each.forgotten for each in history if each.forgotten is not None]
    now = history[-1]
    if len(shares) < 4 or now.forgotten is None:
        return None
    usual, long = max(shares[:-1]), max(shares[:-2])
    if now.forgotten >= max(0.2, 3 * usual):
        share, wrong = now.forgotten, "wrong now"
    elif now.lost is not None and now.lost >= max(0.1, 3 * long):
        share, usual, wrong = now.lost, long, "wrong in the last two"
    else:
        return None
    return Found(
        "forgetting",
        "Samples of {split} are forgotten",
        f"{share:.1%} of the rows were predicted right in the two snapshots before and are {wrong}, "
        f"at most {usual:.1%} earlier",
        {"forgotten": share, "forgotten_before": usual},
    )
