"""Which samples are followed, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from chroma.records import Outputs, RunClosed, Samples, Snapshot
from tests.integrations.keras_backend.capturing import HELD_OUT, callback, fit, of
from tests.integrations.keras_backend.models import IMAGES, LABELS, PACKED, SIGNS, TRAIN, VAL, build, signed
from tests.integrations.keras_backend.sources import Shuffling, loader

L = keras.layers


def carries_its_own_signs(home: Path, *, passes: int = 2, first: int = 96) -> None:
    snapshots = of(home, Snapshot, layer="signature")
    assert len(snapshots) == passes
    for snapshot in snapshots:
        assert [row - first for row in signed(snapshot.vectors)] == snapshot.ids.tolist()


@pytest.mark.parametrize(
    "options", [{"shuffle": True}, {"drop_last": True}, {"sampler": "reversed"}], ids=lambda o: next(iter(o))
)
def test_a_loader_in_any_order_keeps_true_ids(home: Path, options: dict[str, Any]) -> None:
    if options.get("sampler"):
        options = {"sampler": list(range(63, -1, -1))}
    fit(build("functional"), callback(layers="signature"), validation_data=loader(**options))
    carries_its_own_signs(home)
    assert all(len(snapshot.ids) == 64 for snapshot in of(home, Snapshot))


def sorted_by_label(rows: list[Any]) -> Any:
    import torch

    return torch.utils.data.default_collate(sorted(rows, key=lambda row: int(row[1])))


def test_what_a_collate_function_does_to_rows_does_not_change_whose_they_are(home: Path) -> None:
    fit(build("functional"), callback(layers="signature"), validation_data=loader(collate_fn=sorted_by_label))
    carries_its_own_signs(home)
    (known,) = of(home, Samples)
    np.testing.assert_array_equal(known.labels, LABELS[VAL])


def test_a_dataset_that_shuffles_itself_keeps_true_ids(home: Path) -> None:
    fit(build("functional"), callback(layers="signature"), validation_data=Shuffling(), epochs=3)
    (known,) = of(home, Samples)
    snapshots = of(home, Snapshot)
    assert len(snapshots) == 3
    rows = signed(snapshots[0].vectors)
    assert all(signed(snapshot.vectors) == rows for snapshot in snapshots)
    np.testing.assert_array_equal(known.labels, LABELS[rows])


def test_a_pass_in_another_order_than_promised_is_noticed_and_made_aside(home: Path) -> None:
    order = np.random.default_rng(1)

    class Secretly(keras.utils.PyDataset):
        """Shuffles where nobody sees it."""

        rows = np.arange(96, 160)

        def __len__(self) -> int:
            return 2

        def __getitem__(self, number: int) -> Any:
            if number == 0:
                self.rows = order.permutation(self.rows)
            rows = self.rows[32 * number : 32 * (number + 1)]
            return PACKED[rows], LABELS[rows]

    fit(build("functional"), callback(layers="signature"), validation_data=Secretly())
    (known,) = of(home, Samples)
    snapshots = of(home, Snapshot)
    rows = signed(snapshots[0].vectors)
    assert [signed(snapshot.vectors) for snapshot in snapshots] == [rows, rows]
    np.testing.assert_array_equal(known.labels, LABELS[rows])
    (closed,) = of(home, RunClosed)
    assert any("since the samples came in another order" in note for note in closed.receipt["notes"])


def test_validation_freq_and_max_samples(home: Path) -> None:
    ours = callback(max_samples=20, layers=["signature", "head"])
    fit(build("functional"), ours, epochs=4, validation_freq=2)
    assert [s.epoch for s in of(home, Snapshot, layer="head")] == [1, 3]
    (known,) = of(home, Samples)
    assert (len(known.ids), known.of) == (20, 64)
    assert known.ids.tolist() != list(range(20))
    np.testing.assert_array_equal(known.labels, LABELS[VAL][known.ids.astype(int)])
    assert "20 of 64" in str(ours.receipt)
    carries_its_own_signs(home)


def test_validation_steps_and_batch_size(home: Path) -> None:
    history = fit(
        build("functional"), callback(layers="signature"), validation_steps=2, validation_batch_size=16
    ).history
    (known,) = of(home, Samples)
    assert known.ids.tolist() == list(range(32))
    carries_its_own_signs(home)
    for said, accuracy in zip(of(home, Outputs), history["val_accuracy"], strict=True):
        assert np.mean(said.prediction == known.labels) == pytest.approx(accuracy, abs=1e-6)


def test_without_validation_training_samples_are_followed(home: Path) -> None:
    fit(build("functional"), callback(layers="signature"), validation_data=None)
    (known,) = of(home, Samples)
    assert (known.split, len(known.ids)) == ("train", 96)
    carries_its_own_signs(home, first=0)


def test_both_splits_if_asked_for(home: Path) -> None:
    given = {"x": PACKED, "y": LABELS, "validation_data": None, "validation_split": 0.4}
    fit(build("functional"), callback(layers="signature", splits=("train", "val")), **given)
    known = {record.split: record.ids.tolist() for record in of(home, Samples)}
    assert known == {"train": list(range(96)), "val": list(range(96, 160))}
    carries_its_own_signs(home, passes=4, first=0)


def test_data_keys_labels_and_metadata_of_the_users_own(home: Path) -> None:
    names = [f"digit-{number}" for number in range(64)]
    ours = callback(
        data={"val": (PACKED[VAL], LABELS[VAL]), "train": (PACKED[TRAIN], LABELS[TRAIN])},
        ids={"val": names},
        metadata={"ink": lambda x, y: x.sum((1, 2, 3))},
    )
    fit(build("sequential"), ours, epochs=1)
    known = {record.split: record for record in of(home, Samples)}
    assert known["val"].ids.tolist() == names
    assert known["val"].identity == "key"
    assert known["train"].ids.tolist() == list(range(96))
    np.testing.assert_allclose(known["val"].metadata["ink"], PACKED[VAL].sum((1, 2, 3)), rtol=1e-5)


def test_keys_of_the_users_own_where_validation_is_ridden_on(home: Path) -> None:
    names = np.array([f"digit-{number}" for number in range(64)], object)
    fit(build("functional"), callback(layers="signature", ids=names, max_samples=50))
    (known,) = of(home, Samples)
    assert (known.identity, len(known.ids), known.of) == ("key", 50, 64)
    for snapshot in of(home, Snapshot):
        assert [f"digit-{row - 96}" for row in signed(snapshot.vectors)] == snapshot.ids.tolist()


def test_sample_weights_are_kept_with_the_samples(home: Path) -> None:
    weights = np.linspace(0.5, 2.0, 64, dtype="float32")
    history = fit(
        build("functional"), callback(), validation_data=(PACKED[VAL], LABELS[VAL], weights)
    ).history
    (known,) = of(home, Samples)
    np.testing.assert_array_equal(known.metadata["sample_weight"], weights)
    said = of(home, Outputs)[-1]
    # Keras's loss is weighted; ours is of each sample
    weighted = (said.cross_entropy * weights).sum() / 64
    assert weighted == pytest.approx(history["val_loss"][-1], rel=1e-3)


def test_several_inputs_in_a_list(home: Path) -> None:
    image, sign = L.Input((8, 8, 1)), L.Input((1,))
    both = L.Concatenate()([L.Dense(8)(L.Flatten()(image)), L.Identity(name="signature")(sign)])
    model = keras.Model([image, sign], L.Dense(10, activation="softmax", name="head")(both))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    cut = [[IMAGES[part], SIGNS[part]] for part in (TRAIN, VAL)]
    fit(model, callback(layers=["signature", "head"]), x=cut[0], validation_data=(cut[1], LABELS[VAL]))
    carries_its_own_signs(home)
    predicted = model.predict(cut[1], verbose=0)
    np.testing.assert_allclose(of(home, Outputs)[-1].logits, predicted, atol=1e-5)


def test_several_outputs(home: Path) -> None:
    image = L.Input((8, 8, 1))
    hidden = L.Dense(8, activation="relu")(L.Flatten()(image))
    ends = {"digit": L.Dense(10, name="digit")(hidden), "ink": L.Dense(1, name="ink")(hidden)}
    model = keras.Model(image, ends)
    model.compile(
        "adam", {"digit": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "ink": "mse"}
    )
    targets = {"digit": LABELS, "ink": PACKED.mean((1, 2, 3))}
    cut = [{name: array[part] for name, array in targets.items()} for part in (TRAIN, VAL)]
    fit(model, callback(layers=["digit", "ink"]), y=cut[0], validation_data=(PACKED[VAL], cut[1]), epochs=1)
    (known,) = of(home, Samples)
    np.testing.assert_array_equal(known.labels, LABELS[VAL])
    predicted = model.predict(PACKED[VAL], verbose=0)
    for name in ("digit", "ink"):
        (snapshot,) = of(home, Snapshot, layer=name)
        np.testing.assert_allclose(snapshot.vectors, predicted[name], atol=1e-5)


def test_samples_of_ones_own_beside_a_generator(home: Path) -> None:
    def generate() -> Iterator[Any]:
        while True:
            yield PACKED[TRAIN], LABELS[TRAIN]

    model = build("functional")
    ours = callback(data=HELD_OUT["validation_data"], layers="signature")
    model.fit(generate(), steps_per_epoch=2, epochs=2, verbose=0, callbacks=[ours])
    carries_its_own_signs(home)
