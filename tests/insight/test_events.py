import numpy as np

from chroma.insight.events import (
    Event,
    best_of,
    forgotten_samples,
    learned_classes,
    rank_changes,
    ranked,
    separations,
)
from chroma.insight.labels import Probabilities


def test_classes_separate():
    mixed = np.array([[60, 40, 0], [10, 90, 0], [0, 0, 100]])
    apart = np.diag([100, 100, 100])
    found = separations(np.stack([mixed, mixed, apart, apart]), [0, 2, 4, 6], ["8", "3", "1"])
    assert [event.text for event in found] == ["8 and 3 separated at epoch 4: 25% were confused before"]
    assert (found[0].epoch, found[0].classes) == (4, (0, 1))
    assert separations(np.stack([apart, mixed]), [0, 1], ["8", "3", "1"]) == []


def test_a_class_is_learned():
    recall = np.array([[0.1, 0.8], [0.12, np.nan], [0.9, 0.9]])
    assert [event.text for event in learned_classes(recall, [0, 1, 2], ["cat", "dog"])] == [
        "cat was learned at epoch 2: 12% right before, 90% then"
    ]


def test_many_samples_are_forgotten():
    label = np.full((6, 300), 0.9, np.float32)
    label[3:, :40] = 0.2
    label[1, 50:52] = 0.1
    outputs = Probabilities(np.zeros((6, 300), np.int32), label, np.ones((6, 300), np.int32), 1 - label)
    found = forgotten_samples(outputs, list(range(6)))
    assert [event.text for event in found] == ["40 of 300 samples were forgotten at epoch 3 (0.0% usually)"]
    assert found[0].rows.tolist() == list(range(40))


def test_the_rank_of_a_layer_falls():
    found = rank_changes(np.array([32.2, 11.8, 10.9, np.nan, 30]), [0, 1, 2, 3, 4], "fc1")
    assert [event.text for event in found] == ["The effective rank of fc1 fell from 32.2 to 11.8 at epoch 1"]


def test_a_value_was_best():
    found = best_of(np.array([0.7, 0.938, 0.92, 0.905]), [0, 1, 2, 3], "Validation accuracy")
    assert [e.text for e in found] == ["Validation accuracy was best at epoch 1: 0.938, and 0.905 at the end"]
    assert best_of(np.array([0.7, 0.9, 0.899]), [0, 1, 2], "x") == []
    assert best_of(np.array([1.0, 0.5, 0.8]), [0, 1, 2], "Loss", larger=False)[0].epoch == 1
    assert best_of(np.array([np.nan, 1]), [0, 1], "x") == []


def test_few_are_told_the_largest_first():
    events = [Event("rank", i, "", i / 10) for i in range(10)] + [Event("best", 0, "", 0.05)]
    assert [event.rank for event in ranked(events, most=4, of_a_kind=3)] == [0.9, 0.8, 0.7, 0.05]
