"""Signals in closed form, and rules: each rings for what it is about, and for nothing near it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chroma.insight.alarms import Alarms
from chroma.insight.alarms.signals import effective_rank, rows_for, vector_signals
from chroma.records import Metrics, Outputs, RunEvent, Samples, Snapshot, TrainingOutputs

N, CLASSES = 200, 10
IDS = np.arange(N)
LABELS = IDS % CLASSES
RANDOM = np.random.default_rng(0)
CENTRES = RANDOM.normal(size=(CLASSES, 16)) * 4
NOISE = RANDOM.normal(size=(N, 16))


def chance(step: int) -> np.random.Generator:
    """Of a step, so that no test depends on those before it."""
    return np.random.default_rng(step)


def healthy(step: int) -> np.ndarray:
    """Classes that move apart, as samples come to rest."""
    return (CENTRES[LABELS] * min(1.0, 0.4 + 0.1 * step) + NOISE + 0.02 * step).astype(np.float32)


def outputs(step: int, prediction: np.ndarray, split: str = "val", **more: Any) -> Outputs:
    right = prediction == LABELS
    entropy = np.where(right, 0.1, 3.0).astype(np.float32)
    about: dict[str, Any] = {"cross_entropy": entropy, **more}
    ones = np.ones(N, np.float32)
    logits = np.zeros((N, CLASSES), np.float32)
    return Outputs(split, step, step, IDS, prediction, ones, ones, logits=logits, **about)


def rung(
    vectors: Callable[[int], np.ndarray] = healthy,
    prediction: Callable[[int], np.ndarray] = lambda step: LABELS,
    steps: int = 10,
    train: Callable[[int], np.ndarray] | None = None,
) -> list[RunEvent]:
    alarms = Alarms()
    found: list[RunEvent] = []
    for split in ("val", "train"):
        alarms.find(Samples(split, IDS, labels=LABELS))
    for step in range(steps):
        if train is not None:
            found += alarms.find(Snapshot("fc", "train", step, step, IDS, train(step), N))
        found += alarms.find(Snapshot("fc", "val", step, step, IDS, vectors(step), N))
        found += alarms.find(outputs(step, prediction(step)))
    return found


def of(found: list[RunEvent]) -> list[tuple[str | None, int]]:
    return [(event.rule, event.step) for event in found]


def test_signals_of_shapes_that_are_known() -> None:
    square = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]] * 10, np.float32)
    signals, near = vector_signals(square, np.array([0, 1, 2, 3] * 10))
    assert signals.equal == 0.25
    assert signals.norm == pytest.approx(1)
    assert signals.spread == pytest.approx(1)
    assert signals.rank == pytest.approx(2)
    assert signals.separation == pytest.approx(1)
    assert signals.cosine == pytest.approx((0 - 40) / (40 * 39))
    assert signals.agreement == pytest.approx(9 / 15)  # nine others of each
    assert vector_signals(square, before=near)[0].turnover == 0
    line = np.outer(np.arange(30), [1, 2, 0]).astype(np.float16)
    assert vector_signals(line)[0].rank == pytest.approx(1, abs=1e-3)
    assert vector_signals(line)[0].dead == pytest.approx(1 / 3)


def test_the_effective_rank_is_that_of_the_singular_values() -> None:
    rows = chance(0).normal(size=(60, 7)) * [5, 4, 3, 2, 1, 0.5, 0.1]
    rows -= rows.mean(axis=0)
    share = np.linalg.svd(rows, compute_uv=False)
    share /= share.sum()
    assert effective_rank(rows) == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-4)


def test_turnover_is_the_share_of_other_neighbours() -> None:
    first = chance(0).normal(size=(300, 8)).astype(np.float32)
    _, near = vector_signals(first)
    signals, _ = vector_signals(chance(1).normal(size=(300, 8)).astype(np.float32), before=near)
    assert signals.turnover == pytest.approx(1 - 15 / 299, abs=0.02)


def test_few_rows_are_looked_at() -> None:
    assert len(rows_for(150, 10**6)) == 150
    assert len(rows_for(10**6, 4)) == 2_000
    assert len(rows_for(10**5, 4096)) < 400
    assert rows_for(10**5, 64)[[0, -1]].tolist() == [0, 10**5 - 1]


def test_a_healthy_training_rings_nothing() -> None:
    assert rung(train=lambda step: healthy(step) + chance(step).normal(size=(N, 16)).astype(np.float32)) == []


def collapsing(step: int) -> np.ndarray:
    return healthy(step) if step < 5 else (healthy(step) * 0.01 + 7).astype(np.float32)


def aligned(step: int) -> np.ndarray:
    """Rows of one direction, and of many lengths."""
    length = np.linspace(1, 3, N)[:, None]
    return (length * (CENTRES[0] + healthy(step) * 0.05)).astype(np.float32)


def dying(step: int) -> np.ndarray:
    return healthy(step) * (np.arange(16) >= 2 * (step - 3))


def multiplied(step: int) -> np.ndarray:
    """At rest until the second step, not where they multiply."""
    return healthy(step) * 1.4 ** max(0, step - 2) * 2.5 ** max(0, step - 5)


def begun(step: int) -> np.ndarray:
    """Features that are small until they begin to learn."""
    return healthy(step) * 1.3**step * 3.0 ** max(0, step - 5)


def broken(step: int) -> np.ndarray:
    vectors = healthy(step)
    vectors[:3] = np.nan if step >= 5 else vectors[:3]
    return vectors


def mixed(step: int) -> np.ndarray:
    return healthy(step) if step < 6 else healthy(step) * 0.2 + chance(step).normal(size=(N, 16)) * 3


@pytest.mark.parametrize(
    ("vectors", "rule", "step"),
    [
        (collapsing, "collapse", 5),
        (lambda step: healthy(step) if step < 5 else np.ones((N, 16)), "collapse", 5),
        (dying, "dead_layer", 5),
        (broken, "divergence", 5),
        (multiplied, "divergence", 7),
        (lambda step: healthy(step) * (2 if step >= 6 else 1), "divergence", 6),
        (lambda step: aligned(step) if step >= 3 else healthy(step), "collapse", 5),
        (mixed, "drift", 6),
    ],
    ids=["point", "equal", "dying", "broken", "growing", "doubled", "aligned", "mixed"],
)
def test_rules_of_vectors(vectors: Callable[[int], np.ndarray], rule: str, step: int) -> None:
    found = rung(vectors)
    assert (rule, step) in of(found)
    first = next(event for event in found if event.rule == rule)
    assert (first.layer, first.split, first.epoch) == ("fc", "val", step)
    assert first.text[0].islower() or first.text[0].isdigit()
    assert "{" not in first.title + first.text
    assert sum(event.rule == rule for event in found) == 1


def test_features_that_begin_to_learn_may_multiply() -> None:
    def late(step: int) -> np.ndarray:
        return NOISE * 0.1 if step < 6 else healthy(step - 6) * 3.5 ** (step - 6)

    assert "divergence" not in dict(of(rung(late, steps=8)))


def test_units_may_die_in_the_first_epochs_and_come_back() -> None:
    def early(step: int) -> np.ndarray:
        return healthy(step) * (np.arange(16) >= (3, 8, 6, 5, 6, 6, 6, 6)[step])

    assert "dead_layer" not in dict(of(rung(early, steps=8)))


def test_features_that_begin_to_learn_do_not_multiply() -> None:
    assert rung(begun) == []


def renamed(step: int) -> np.ndarray:
    return LABELS if step < 5 else (LABELS + 1) % CLASSES


def forgot(step: int) -> np.ndarray:
    return np.where((LABELS >= 8) & (step >= 6), 0, LABELS)


def dipped(step: int, until: int = 6) -> np.ndarray:
    return np.where((IDS % 10 == 0) & (6 <= step <= until), (LABELS + 1) % CLASSES, LABELS)


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        (renamed, [("label_shift", 5), ("forgetting", 5)]),
        (forgot, [("forgetting", 6)]),
        (lambda step: np.where(step < 5, LABELS, -1), [("divergence", 5)]),
        (lambda step: chance(step).permutation(LABELS), [("divergence", 5)]),
        (lambda step: LABELS if step < 2 else chance(step).permutation(LABELS), [("divergence", 4)]),
        (lambda step: dipped(step, 7), [("forgetting", 7)]),
    ],
    ids=["renamed", "forgot", "broken", "guessing", "lost", "for two"],
)
def test_rules_of_outputs(prediction: Callable[[int], np.ndarray], expected: list[tuple[str, int]]) -> None:
    found = of(rung(prediction=prediction))
    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    "prediction", [dipped, lambda step: np.where(20 * step > IDS, LABELS, 0)], ids=["dipped", "slow"]
)
def test_outputs_of_a_sound_training_ring_nothing(prediction: Callable[[int], np.ndarray]) -> None:
    assert rung(prediction=prediction) == []


def test_samples_of_train_in_another_split_are_a_leak_and_natural_duplicates_are_none() -> None:
    other = [chance(step).normal(size=(N, 16)).astype(np.float32) for step in range(10)]
    few = IDS < 20

    def leaking(step: int) -> np.ndarray:
        return np.where(few[:, None], healthy(step), healthy(step) + other[step])

    (event,) = rung(train=leaking)
    assert (event.rule, event.split, event.step, event.figures["leaked"]) == ("leak", "val", 0, 0.1)

    def repeated(step: int) -> np.ndarray:
        return np.repeat(healthy(step)[:20], 10, axis=0)

    assert "leak" not in dict(of(rung(repeated, train=repeated)))


def test_rows_that_come_to_lie_on_training_rows_later_are_no_leak() -> None:
    other = [chance(step).normal(size=(N, 16)).astype(np.float32) for step in range(10)]
    few = IDS[:, None] < 20

    def later(step: int) -> np.ndarray:
        return np.where(few & (step >= 4), healthy(step), healthy(step) + other[step])

    assert "leak" not in dict(of(rung(train=later)))


def test_a_layer_that_collapses_is_no_leak_and_one_that_never_spread_rings_too() -> None:
    few = np.repeat(healthy(0)[:4], N // 4, axis=0)
    assert "leak" not in dict(of(rung(lambda step: few, train=lambda step: few[::-1])))
    assert ("collapse", 2) in of(rung(lambda step: 1000 + healthy(step)))
    narrow = next(event for event in rung(lambda step: 1e6 + healthy(step)) if event.rule == "collapse")
    assert "less than 0.01% of their norm" in narrow.text


def test_training_data_of_another_kind_drift() -> None:
    found = rung(train=lambda step: np.where(IDS[:, None] % 2, healthy(step), NOISE[::-1] * 5 + 20))
    assert ("drift", 1) in of(found)


@pytest.mark.parametrize(("share", "expected"), [(0.02, []), (0.1, [("label_shift", 2)])])
def test_labels_that_change_from_epoch_to_epoch(share: float, expected: list[tuple[str, int]]) -> None:
    alarms = Alarms()
    few = share * N > IDS
    unknown = (IDS % 7 == 3) & ~few
    found: list[RunEvent] = []
    for epoch in range(4):
        order = chance(0).permutation(N)
        labels = np.where(few & (epoch >= 2), (LABELS + 1) % CLASSES, LABELS)
        labels = np.where(unknown & (epoch == 1), -1, labels).astype(np.int32)[order]
        ones = np.ones(N, np.float32)
        found += alarms.find(TrainingOutputs("train", epoch, epoch, IDS[order], labels, ones, labels, ones))
    assert of(found) == expected
    assert all(event.figures == {"changed": 20, "of": N - unknown.sum()} for event in found)


def test_a_loss_that_is_not_finite_rings_at_once() -> None:
    alarms = Alarms()
    assert alarms.find(Metrics(0, 5, {"val_loss": 1.0, "acc": np.nan})) == []
    (event,) = alarms.find(Metrics(1, 9, {"train_loss": np.inf}))
    assert (event.rule, event.step, event.level) == ("divergence", 9, "error")
    assert alarms.find(Metrics(1, 10, {"train_loss": np.nan})) == []


@pytest.mark.parametrize(
    "labels", [None, LABELS.astype(np.float32), np.array([f"c{row}" for row in LABELS], object)]
)
def test_splits_without_classes_are_looked_at_too(labels: Any) -> None:
    alarms = Alarms()
    alarms.find(Samples("val", IDS, labels=labels))
    found = [
        event
        for step in range(8)
        for event in alarms.find(Snapshot("fc", "val", None, step, IDS, collapsing(step), N))
    ]
    assert ("collapse", 5) in of(found)


def test_it_needs_numpy_alone() -> None:
    script = """import sys; import chroma.insight.alarms
print(sorted({name.partition(".")[0] for name in sys.modules} & set(%r)))"""
    heavy = ["scipy", "sklearn", "numba", "pyarrow", "pandas", "torch", "umap"]
    done = subprocess.run([sys.executable, "-c", script % heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import chroma.insight.alarms, sys; print('chroma.projection' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
