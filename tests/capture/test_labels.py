"""Labels and the task are read the same whatever framework the arrays are of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from chroma.capture.labels import LabelReader
from chroma.records import Array

ONE_HOT = [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
SEVERAL = [[0, 1, 1], [0, 0, 0], [1, 0, 0]]
ARRAYS = pytest.mark.parametrize("array", [np.asarray, torch.tensor, list], ids=["numpy", "torch", "list"])


def read(value: Any, task: str = "auto", **options: Any) -> tuple[list[Any] | None, str]:
    reader = LabelReader(task, **options)
    labels = reader.read(value, len(value))
    return listed(labels), reader.task(labels, value)


def listed(labels: Array | None) -> list[Any] | None:
    return None if labels is None else labels.tolist()


@ARRAYS
@pytest.mark.parametrize(
    ("value", "labels", "task"),
    [
        ([2, 0, 2], [2, 0, 2], "classification"),
        ([[2], [0], [2]], [2, 0, 2], "classification"),
        ([True, False], [1, 0], "classification"),
        (ONE_HOT, [2, 0, 2], "classification"),
        (SEVERAL, ["1, 2", "", "0"], "multilabel"),
        ([0.5, 2.0], [0.5, 2.0], "regression"),
        ([[0.25, 0.75], [1.0, 0.0]], None, "unlabelled"),  # smoothed labels are no classes
        ([[7.0, 1.0], [0.0, 3.0]], None, "unlabelled"),
    ],
)
def test_labels_tell_the_task(
    array: Callable[[Any], Any], value: list[Any], labels: list[Any] | None, task: str
) -> None:
    assert read(array(value)) == (labels, task)


def test_strings_are_classes() -> None:
    assert read(["cat", "dog"]) == (["cat", "dog"], "classification")


@ARRAYS
def test_what_gives_no_row_per_sample_is_no_label(array: Callable[[Any], Any]) -> None:
    assert LabelReader().read(array([1, 2, 3]), 2) is None


@pytest.mark.parametrize("value", [None, {"a": 1}, [[1], [2, 3]], [None, None], [object(), object()]])
def test_what_is_no_array_is_no_label(value: Any) -> None:
    assert LabelReader().read(value, 2) is None


def test_tokens_are_a_sequence() -> None:
    assert LabelReader().task(None, torch.tensor([[5, 6], [7, 8]])) == "sequence"


def test_samples_that_may_have_several_labels_stay_multilabel_where_each_has_one() -> None:
    reader = LabelReader("multilabel")
    assert listed(reader.read(ONE_HOT, 3, ("cat", "dog", "cow"))) == ["cow", "cat", "cow"]
    assert reader.label_count == 3
    seen = LabelReader()
    seen.read(SEVERAL, 3)
    assert listed(seen.read(np.array(ONE_HOT, np.float32), 3)) == ["2", "0", "2"]
    assert listed(seen.read([1, 2], 2)) == ["1", "2"]  # as indices


LEVELS = [
    [1, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 0, 0, 0],
    [1, 1, 1, 0],
    [1, 1, 1, 1],
    [1, 1, 0, 0],
    [1, 0, 0, 0],
    [1, 1, 1, 0],
]


def test_zeros_and_ones_that_rise_with_a_level_are_its_number() -> None:
    reader = LabelReader()
    assert listed(reader.read(np.array(LEVELS, np.float32), 8)) == [2, 1, 0, 3, 4, 2, 1, 3]
    assert (reader.task(np.zeros(1, np.int64)), reader.label_count) == ("classification", 0)
    assert listed(reader.read([[1, 0, 0, 0], [1, 0, 0, 0]], 2)) == [1, 1]  # also where rows are one-hot
    assert reader.read([[0, 1, 0, 1], [1, 0, 0, 0]], 2) is None
    assert read(LEVELS, "multilabel")[1] == "multilabel"


@pytest.mark.parametrize(
    "value",
    [
        [*LEVELS[:7], [0, 1, 1, 0]],
        LEVELS[:3],  # too few to tell
        [[1, 0, 0, 0], [0, 0, 0, 0]] * 8,
        [[1, 0], [0, 0], [1, 1]],
    ],
)
def test_several_labels_that_may_look_like_levels_by_chance_are_none(value: list[Any]) -> None:
    assert read(value)[1] == "multilabel"


def test_the_user_says_what_numbers_are() -> None:
    reader = LabelReader("regression")
    labels = reader.read([1, 2], 2)
    assert labels is not None
    assert labels.dtype == np.float32
    assert reader.read(ONE_HOT, 3) is None


def test_whole_floats_are_classes_where_the_framework_takes_both_alike() -> None:
    assert read([0.0, 3.0], numbers="classes") == ([0, 3], "classification")
    assert read([0.0, 3.5], numbers="classes") == ([0.0, 3.5], "regression")
    assert read([0.0, 5000.0], numbers="classes") == ([0.0, 5000.0], "regression")
    assert read([0.0, 3.0], "regression", numbers="classes") == ([0.0, 3.0], "regression")
    assert read([0.0, 3.0]) == ([0.0, 3.0], "regression")


def test_numbers_are_quantities_where_the_loss_measures_a_distance() -> None:
    assert read([1, 3], numbers="quantities") == ([1.0, 3.0], "regression")
    assert read([1.0, 0.0], numbers="quantities") == ([1, 0], "classification")
    assert read(ONE_HOT, numbers="quantities") == ([2, 0, 2], "classification")
