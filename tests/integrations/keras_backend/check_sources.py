"""Sources with a state of their own: they are read ahead without a trace, or the first pass is looked at."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from chroma.records import RunClosed, Samples, Snapshot
from tests.integrations.keras_backend.capturing import BACKEND, callback, fit, nothing_of_ours_is_left, of
from tests.integrations.keras_backend.models import LABELS, PACKED, TRAIN, VAL, Apart, signed

L = keras.layers


class Augmented(keras.utils.PyDataset):
    """Adds noise that a function draws."""

    def __init__(self, draw: Callable[[], float], rows: slice) -> None:
        super().__init__()
        self.draw, self.rows = draw, np.arange(160)[rows]

    def __len__(self) -> int:
        return len(self.rows) // 32

    def __getitem__(self, number: int) -> Any:
        rows = self.rows[32 * number : 32 * (number + 1)]
        images = PACKED[rows].copy()
        images[:, 2:] += self.draw()
        return images, LABELS[rows]


def own_generators() -> Callable[[], float]:
    own, seeds = np.random.default_rng(1), keras.random.SeedGenerator(3)
    return lambda: own.random() + float(keras.ops.convert_to_numpy(keras.random.uniform((), seed=seeds)))


def iterator() -> Callable[[], float]:
    counter = itertools.count()
    return lambda: next(counter) % 7 / 7


def small() -> Any:
    """A model that is compiled fast."""
    keras.utils.set_random_seed(3)
    image = L.Input((8, 8, 1))
    sign = L.Identity(name="signature")(Apart()(image)[1])
    both = L.Concatenate()([L.Flatten()(image), 0.0 * sign])
    model = keras.Model(image, L.Dense(10, activation="softmax", name="head")(both))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def same_with_and_without(home: Path, given: Callable[[], dict[str, Any]], **options: Any) -> list[Snapshot]:
    """Train twice without us and once with us; what we captured."""

    def train(*ours: Any) -> Any:
        model = small()
        history = fit(model, *ours, shuffle=False, **given()).history
        return [*model.get_weights(), *(np.array(value) for value in history.values())], model

    plain, (ours, model) = train()[0], train(callback(layers="signature", **options))
    for left, right in zip(plain, ours, strict=True):
        np.testing.assert_array_equal(left, right)
    nothing_of_ours_is_left(model)
    return of(home, Snapshot)


@pytest.mark.parametrize("draws", [own_generators, iterator])
def test_a_dataset_with_a_state_of_its_own_trains_the_same(
    home: Path, draws: Callable[[], Callable[[], float]]
) -> None:
    def given() -> dict[str, Any]:
        return {
            "x": Augmented(draws(), TRAIN),
            "y": None,
            "validation_data": Augmented(draws(), VAL),
        }

    taken = same_with_and_without(home, given, splits=("train", "val"))
    assert {(each.split, each.epoch) for each in taken} == {
        (split, epoch) for split in ("train", "val") for epoch in (0, 1)
    }
    for snapshot in taken:
        first = 96 if snapshot.split == "val" else 0
        rows = [row - first for row in signed(snapshot.vectors)]
        assert rows == list(range(len(snapshot.ids)))
        assert draws is iterator or rows == snapshot.ids.tolist()
    (closed,) = of(home, RunClosed)
    awaited = any("of Keras's first pass" in note for note in closed.receipt["notes"])
    assert awaited == (draws is iterator)


def augmentation() -> Callable[[Any], Any]:
    """By a layer, by a generator of TensorFlow's, and by a Python function."""
    import tensorflow as tf

    flip = keras.layers.RandomTranslation(0.1, 0.1) if BACKEND == "tensorflow" else None
    own, generator = np.random.default_rng(2), tf.random.Generator.from_seed(1)

    def drawn(given: Any) -> Any:
        return given + own.random(dtype="float32")

    def change(image: Any) -> Any:
        noisy = tf.ensure_shape(tf.numpy_function(drawn, [image], tf.float32), image.shape)
        noisy = noisy + generator.normal([])
        return tf.concat([image[:, :2], (flip(noisy, training=True) if flip else noisy)[:, 2:]], 1)

    return change


@pytest.mark.parametrize("kind", ["augmented", "shuffled"])
def test_a_pipeline_with_a_state_of_its_own_trains_the_same(home: Path, kind: str) -> None:
    tf = pytest.importorskip("tensorflow")

    def given() -> dict[str, Any]:
        def of_part(part: slice) -> Any:
            pipeline = tf.data.Dataset.from_tensor_slices((PACKED[part], LABELS[part]))
            if kind == "shuffled":
                return pipeline.shuffle(100, seed=1).batch(32)
            change = augmentation()
            return pipeline.batch(32).map(lambda image, label: (change(image), label))

        return {"x": of_part(TRAIN), "y": None, "validation_data": of_part(VAL)}

    taken = same_with_and_without(home, given, splits=("train", "val"))
    known = {samples.split: samples for samples in of(home, Samples)}
    rows = {split: signed(next(each for each in taken if each.split == split).vectors) for split in known}
    assert {split: sorted(found) for split, found in rows.items()} == {
        "train": list(range(96)),
        "val": list(range(96, 160)),
    }
    for snapshot in taken:
        assert signed(snapshot.vectors) == rows[snapshot.split]
        np.testing.assert_array_equal(known[snapshot.split].labels, LABELS[rows[snapshot.split]])
        assert known[snapshot.split].of == len(snapshot.ids)
    assert {(known[split].identity, rows[split] != sorted(rows[split])) for split in known} == {
        ("content", True) if kind == "shuffled" else ("index", False)
    }
    assert len(taken) == 4


def test_a_generator_is_followed_on_its_way_into_the_training(home: Path) -> None:
    def generate(part: slice) -> Iterator[Any]:
        """Each batch is another: one that was taken from it would be missed."""
        for number in itertools.count():
            images = PACKED[part][:32].copy()
            images[:, 2:] *= number % 7
            yield images, LABELS[part][:32]

    def given() -> dict[str, Any]:
        return {
            "x": generate(TRAIN),
            "y": None,
            "steps_per_epoch": 2,
            "validation_data": generate(VAL),
            "validation_steps": 1,
        }

    for snapshot in same_with_and_without(home, given, max_samples=20):
        assert signed(snapshot.vectors) == list(range(96, 116))
    (known,) = of(home, Samples)
    assert (known.split, known.identity, known.of, len(known.ids)) == ("val", "content", 20, 20)
    (closed,) = of(home, RunClosed)
    assert any("does not tell how many there are" in note for note in closed.receipt["notes"])


def test_samples_of_an_evaluation_that_shuffles(home: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    pipeline = tf.data.Dataset.from_tensor_slices((PACKED[VAL], LABELS[VAL])).shuffle(64, seed=2).batch(32)
    model = small()
    model.evaluate(pipeline, verbose=0, callbacks=[callback(layers="signature")])
    (known,), (snapshot,) = of(home, Samples), of(home, Snapshot)
    np.testing.assert_array_equal(known.labels, LABELS[signed(snapshot.vectors)])
    assert (known.split, len(snapshot.ids), known.identity) == ("test", 64, "content")


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow's models take strings")
@pytest.mark.parametrize("shuffled", [False, True])
def test_samples_that_are_strings(home: Path, shuffled: bool) -> None:
    tf = pytest.importorskip("tensorflow")
    texts = np.array([f"digit {'even' if label % 2 == 0 else 'odd'} {label}" for label in LABELS[VAL]])
    words = L.TextVectorization(max_tokens=20, output_sequence_length=3, vocabulary=["digit", "even", "odd"])
    text = keras.Input((), dtype="string")
    hidden = L.GlobalAveragePooling1D()(L.Embedding(20, 8)(words(text)))
    model = keras.Model(text, L.Dense(10, activation="softmax", name="head")(hidden))
    model.compile("sgd", "sparse_categorical_crossentropy")
    pipeline = tf.data.Dataset.from_tensor_slices((texts, LABELS[VAL]))
    data = (pipeline.shuffle(64, seed=1) if shuffled else pipeline).batch(32)
    model.fit(data, validation_data=data, epochs=2, verbose=0, callbacks=[callback(layers="head")])
    (known,), taken = of(home, Samples), of(home, Snapshot)
    assert [each.epoch for each in taken] == [0, 1]
    assert [int(text.split()[-1]) for text in known.texts] == known.labels.tolist()
    np.testing.assert_allclose(
        taken[-1].vectors, model.predict(tf.constant(known.texts), verbose=0), atol=1e-5
    )


def test_samples_of_a_shuffled_source_are_known_by_their_content(home: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    images = np.concatenate([PACKED[VAL], PACKED[VAL][:1]])  # one comes twice
    labels = np.concatenate([LABELS[VAL], LABELS[VAL][:1]])
    for seed in (1, 2):
        pipeline = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(99, seed=seed).batch(32)
        small().evaluate(pipeline, verbose=0, callbacks=[callback(layers="signature")])
    first, second = of(home, Samples)
    assert first.identity == second.identity == "content"
    assert first.ids.tolist() != second.ids.tolist()
    assert sorted(first.ids) == sorted(second.ids)
    assert sum(key.endswith("-2") for key in first.ids) == 1
    by_key = [dict(zip(each.ids, each.labels, strict=True)) for each in (first, second)]
    assert by_key[0] == by_key[1]
