"""Alarms while an epoch runs, from the rows of a training: each for what it is about alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from chroma.insight.alarms import Alarms
from chroma.records import RunEvent, TrainingOutputs

N, CLASSES, EPOCHS, PARTS = 1000, 5, 7, 5
IDS = np.arange(N)
LABELS = (IDS * 7 % CLASSES).astype(np.int32)


def rows(epoch: int, step: int, ids: np.ndarray, labels: np.ndarray, entropy: np.ndarray) -> TrainingOutputs:
    other = ((LABELS[ids] + 1) % CLASSES).astype(np.int32)
    entropy = entropy.astype(np.float32)
    return TrainingOutputs("train", epoch, step, ids, labels, entropy, other, 1 - np.exp(-entropy), N)


def rung(
    order: Callable[[int], np.ndarray] = lambda epoch: np.random.default_rng(epoch).permutation(N),
    labels: Callable[[int], np.ndarray] = lambda epoch: LABELS,
    entropy: Callable[[int], np.ndarray] = lambda epoch: np.full(N, 0.1),
    broken: Callable[[int], int] = lambda epoch: 0,
) -> list[RunEvent]:
    """Epochs of five parts each; of the last one the second part is at step 61."""
    alarms, found = Alarms(), list[RunEvent]()
    for epoch in range(EPOCHS):
        ids, taught, said = order(epoch), labels(epoch), entropy(epoch)
        for part, few in enumerate(np.array_split(ids, PARTS)):
            record = rows(epoch, 10 * epoch + part, few, taught[few], said[few])
            found += alarms.find_in_part(record, broken(epoch))
        some = np.unique(ids)
        found += alarms.find(rows(epoch, 10 * epoch + 9, some, taught[some], said[some]))
    return found


def of(found: list[RunEvent]) -> list[tuple[str | None, int]]:
    return [(event.rule, event.step) for event in found]


def test_a_sound_training_rings_nothing_in_whatever_order() -> None:
    by_class = np.argsort(LABELS, kind="stable")
    assert rung() == []
    assert rung(order=lambda epoch: by_class) == []
    assert rung(order=lambda epoch: np.random.default_rng(epoch).choice(N, N)) == []


def test_each_rule_rings_in_the_first_parts_of_the_epoch() -> None:
    last = EPOCHS - 1

    def shifted(epoch: int) -> np.ndarray:
        return LABELS if epoch < last else (LABELS + 1) % CLASSES

    def without(epoch: int) -> np.ndarray:
        kept = IDS if epoch < last else IDS[LABELS < 3]
        return np.random.default_rng(epoch).permutation(kept)

    def worse(epoch: int) -> np.ndarray:
        return np.full(N, 0.1 if epoch < last else 0.4)

    def wrong(epoch: int) -> np.ndarray:
        return np.where((IDS % 4 == 0) & (epoch == last), 0.9, 0.1)

    assert of(rung(labels=shifted)) == [("label_shift", 60)]
    assert of(rung(order=without)) == [("drift", 60)]
    assert of(rung(entropy=worse)) == [("divergence", 62)]
    assert of(rung(entropy=wrong))[-1] == ("forgetting", 62)
    assert of(rung(broken=lambda epoch: 5 * (epoch == last))) == [("divergence", 60)]
    for event in rung(order=without, entropy=wrong):
        assert event.title.startswith(("train", "The loss of train", "Samples of train"))
        assert (event.split, event.epoch, event.layer) == ("train", last, None)


def test_a_step_that_the_next_ones_make_good_rings_nothing() -> None:
    def twice(epoch: int) -> np.ndarray:
        return np.where((IDS < 400) & (epoch == EPOCHS - 1), 0.9, 0.1)

    assert rung(order=lambda epoch: IDS, entropy=twice) == []


def test_parts_in_a_row_go_on_from_one_epoch_to_the_next() -> None:
    def late(epoch: int) -> np.ndarray:
        return np.where((IDS >= 800) & (epoch == EPOCHS - 2) | (epoch == EPOCHS - 1), 0.9, 0.1)

    assert ("divergence", 61) in of(rung(order=lambda epoch: IDS, entropy=late))


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_what_was_so_from_the_start_rings_nothing(share: float) -> None:
    few = share * N > IDS

    def noisy(epoch: int) -> np.ndarray:
        chance = np.random.default_rng(epoch).random(N)
        return np.where(few & (chance < 0.5), 2.0, 0.1)

    assert rung(entropy=noisy) == []
    assert rung(broken=lambda epoch: 10) == []


def test_rows_of_unknown_samples_and_epochs_without_any_say_nothing() -> None:
    alarms = Alarms()
    nothing = np.zeros(0, np.int64)
    for epoch in range(4):
        ids = IDS[:200] + 200 * epoch
        assert alarms.find_in_part(rows(epoch, epoch, ids, LABELS[ids], np.full(200, 0.1))) == []
        assert alarms.find_in_part(rows(epoch, epoch, nothing, LABELS[:0], np.zeros(0))) == []
        assert alarms.find(rows(epoch, epoch, ids, LABELS[ids], np.full(200, 0.1))) == []
