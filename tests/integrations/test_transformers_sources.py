"""Datasets and collators of Hugging Face that draw from generators of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

from tests.integrations.digits import samples, snapshots
from tests.integrations.test_transformers import callback
from tests.integrations.words import Net, Reviews, config, made

pytestmark = [
    pytest.mark.transformers,
    # the framework's own, of the installed versions
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*"),
]
COLUMNS = ("input_ids", "attention_mask", "labels")


class Transformed(Dataset[Any]):
    """Reviews that go through a function each time they are read, as `with_transform` has it."""

    def __init__(self, transform: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.rows = [{name: item[name] for name in COLUMNS} for item in Reviews(32)]
        self.format = {"transform": transform}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.format["transform"](self.rows[index])


def transformed(draw: Callable[[], int]) -> Transformed:
    """Reviews whose last word is drawn anew each time."""

    def transform(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "input_ids": [*row["input_ids"][:-2], 204 + draw(), row["input_ids"][-1]]}

    return Transformed(transform)


def from_generator() -> Callable[[], int]:
    own = np.random.default_rng(1)
    return lambda: int(own.integers(8))


def from_iterator() -> Callable[[], int]:
    counter = itertools.count()
    return lambda: next(counter) * 5 % 8


@pytest.mark.parametrize(("draws", "how"), [(from_generator, "probe"), (from_iterator, "ride")])
def test_a_transform_with_a_state_trains_the_same(
    home: Path, tmp_path: Path, draws: Callable[[], Callable[[], int]], how: str
) -> None:
    def train(*ours: Any) -> Any:
        given: dict[str, Any] = {"eval_strategy": "no", "remove_unused_columns": False}
        trainer = made(*ours, folder=tmp_path, train=transformed(draws()), **given)
        trainer.train()
        return trainer.model.state_dict()

    plain = train()
    ours = callback(splits="train", layers="signature")
    captured = train(ours)
    assert all(torch.equal(plain[name], captured[name]) for name in plain)
    taken = snapshots(home, "signature", "train")
    assert [snapshot.epoch for snapshot in taken] == [0, 1]
    for snapshot in taken:
        assert snapshot.ids.tolist() == list(range(32))
        np.testing.assert_array_equal(snapshot.vectors[:, 0], snapshot.ids)
    notes = str(ours.receipt)
    assert ("captured from the training's own batches" in notes) == (how == "ride")


class ClassLabel:
    """A column of classes as `datasets` describes it."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)


@pytest.mark.parametrize("features", [{"labels": ClassLabel("bad", "good"), "text": object()}, None])
def test_classes_are_named_by_the_features_of_a_dataset_else_by_the_configuration(
    home: Path, tmp_path: Path, features: Any
) -> None:
    val = Reviews(16)
    val.features = features  # type: ignore[attr-defined]
    names = {"id2label": {0: "worse", 1: "better"}, "label2id": {"worse": 0, "better": 1}}
    made(callback(), folder=tmp_path, val=val, model=lambda: Net(config(**names)), num_train_epochs=1).train()
    assert list(samples(home, "val").class_names) == (["bad", "good"] if features else ["worse", "better"])
