"""Datasets of all kinds with new labels; each keeps the type of its own."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError


class Rows:
    """A map-style dataset, as PyTorch's are."""

    classes = ("cat", "dog")

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        return self.rows[index]


class Row(NamedTuple):
    image: float
    label: int


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (1, "2", 2),
        (np.int64(1), 2, np.int64(2)),
        ("cat", "dog", "dog"),
        (1.0, 2, 2.0),
        (np.array(1), 2, np.array(2)),
    ],
)
def test_a_label_keeps_its_type(old: Any, new: Any, kept: Any):
    patched = chroma.apply_patch(Rows([("x", old), ("y", old)]), {1: new})
    assert patched[0] == ("x", old)
    assert patched[1] == ("y", kept)
    assert type(patched[1][1]) is type(kept)


def test_rows_of_every_kind():
    rows = [{"pixels": 1, "label": 0}, {"pixels": 2, "label": 1}]
    patched = chroma.apply_patch(rows, {"1": 0})
    assert [row["label"] for row in patched] == [0, 0]
    assert rows[1]["label"] == 1
    assert chroma.apply_patch(Rows([Row(0.5, 1)]), {0: 0})[0] == Row(0.5, 0)
    assert chroma.apply_patch(Rows([[5, 1, 9]]), {0: 0}, label=1)[-1] == [5, 0, 9]
    assert chroma.apply_patch(Rows([{"kind": 1}]), {0: 0}, label="kind")[0] == {"kind": 0}


def test_arrays_are_copied():
    x, y = np.zeros((3, 2)), np.array([0, 1, 2], np.int8)
    images, labels = chroma.apply_patch((x, y), {2: 0})
    assert images is x
    assert labels.tolist() == [0, 1, 0]
    assert labels.dtype == np.int8
    assert y.tolist() == [0, 1, 2]
    assert chroma.apply_patch(["cat", "dog"], {0: "dog"}) == ["dog", "dog"]


def test_the_rest_of_a_dataset_is_its_own():
    patched = chroma.apply_patch(Rows([(1, 0), (2, 0)]), {0: 1})
    assert patched.classes == ("cat", "dog")
    assert len(patched) == 2
    assert patched[-2] == (1, 1)
    assert list(pickle.loads(pickle.dumps(patched))) == [(1, 1), (2, 0)]
    assert patched[:1] == [(1, 1)]
    with pytest.raises(AttributeError):
        _ = patched.nothing


def test_no_way_around_the_new_labels():
    """PyTorch's loaders ask for several rows at once, samplers for all labels."""

    class Images(Rows):
        targets = np.array([0, 1])

        def __getitems__(self, indices: list[int]) -> list[Any]:
            return [self.rows[at] for at in indices]

    given = Images([("a", 0), ("b", 1)])
    patched = chroma.apply_patch(given, {1: 0})
    assert patched.__getitems__([1, 0]) == [("b", 0), ("a", 0)]
    assert patched.targets.tolist() == [0, 0]
    assert given.targets.tolist() == [0, 1]


def test_tensors_stay_tensors():
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    pixels, labels = torch.zeros(4, 2), torch.tensor([0, 1, 2, 3])
    patched = chroma.apply_patch(TensorDataset(pixels, labels), {3: 0})
    (batch,) = DataLoader(patched, batch_size=4)
    assert batch[1].tolist() == [0, 1, 2, 0]
    assert batch[1].dtype == torch.int64
    _, changed = chroma.apply_patch((pixels, labels), {3: 0})
    assert changed.tolist() == [0, 1, 2, 0]
    assert labels.tolist() == [0, 1, 2, 3]


def test_a_hugging_face_dataset_keeps_its_features():
    datasets = pytest.importorskip("datasets")
    feature = datasets.ClassLabel(names=["no", "yes"])
    given = datasets.Dataset.from_dict({"label": [0, 1], "text": ["a", "b"]}).cast_column("label", feature)
    patched = chroma.apply_patch(given, {0: 1})
    assert patched["label"][:] == [1, 1]
    assert given["label"][:] == [0, 1]
    assert patched.features == given.features
    assert patched.column_names == ["label", "text"]


@pytest.mark.parametrize(
    ("dataset", "patch", "words"),
    [
        (Rows([(1, 0)]), {0: 1, 7: 1, "key": 0}, "2 of 3 ids of the patch are not in the dataset"),
        (iter([1]), {0: 1}, "no length"),
        ({"train": Rows([(1, 0)])}, {0: 1}, "several datasets"),
        (np.arange(3), {1: "cat"}, "cannot take the place of"),
    ],
)
def test_what_cannot_be_patched_says_why(dataset: Any, patch: Any, words: str):
    with pytest.raises(ConfigError, match=words):
        chroma.apply_patch(dataset, patch)


@pytest.mark.parametrize(
    ("row", "words"), [({"a": 1}, "name its label"), (5, "no label can be found"), ((1,), None)]
)
def test_a_row_without_a_label_says_so(row: Any, words: str | None):
    patched = chroma.apply_patch(Rows([row]), {0: 1})
    if words is None:
        assert patched[0] == (1,)
        return
    with pytest.raises(ConfigError, match=words):
        _ = patched[0]
