"""What is read of batches of every shape: how many samples, which part holds labels, and what is said."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader

from chroma.capture.labels import LabelReader
from chroma.errors import ConfigError
from chroma.integrations._torch.batch_parts import rows_in
from chroma.integrations._torch.label_parts import label_parts
from chroma.integrations._torch.label_source import LabelSource
from chroma.records import RunOpened, Snapshot
from tests.integrations.digits import samples, snapshots, written
from tests.integrations.test_watch import watching

X, Y = torch.randn(8, 5), torch.tensor([0, 1, 2, 0, 1, 2, 0, 2])
LENGTHS = torch.tensor([1, 2, 0, 1, 2, 2, 1, 0])  # as small as classes
IMAGES = tuple(torch.randn(3, 4, 5) for _ in range(8))
TARGETS = tuple(
    {"boxes": torch.zeros(1 + i % 3, 4), "labels": torch.zeros(1 + i % 3).long()} for i in range(8)
)
Named = namedtuple("Named", ["x", "lengths", "target"])


@dataclass
class Object:
    inputs: torch.Tensor
    steps: torch.Tensor
    labels: torch.Tensor


class Graphs:
    """Three graphs in one, as libraries for graphs join them; `y` is made when asked for."""

    num_graphs = 3

    def __init__(self) -> None:
        self.x = X
        self.batch = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])
        self.kept = {"y": torch.tensor([1, 0, 2])}

    def __getattr__(self, name: str) -> Any:
        if name == "kept" or name not in self.kept:
            raise AttributeError(name)
        return self.kept[name]


@pytest.mark.parametrize(
    ("batch", "expected", "rows"),
    [
        (X, None, 8),
        ((X, Y), None, 8),
        ([X, Y], 8, 8),
        (((X, X), Y), None, 8),
        ([X, X], None, 8),
        ({"a": X, "b": {"c": Y}}, None, 8),
        ((IMAGES, TARGETS), None, 8),
        ((IMAGES, TARGETS), 8, 8),
        (list(IMAGES), 8, 8),
        (list(zip(IMAGES, TARGETS, strict=True)), None, 8),
        (list(zip(IMAGES, range(8), strict=True)), 8, 8),
        (["a", "b", "c"], None, 3),
        ((["a", "b", "c"], torch.arange(3)), None, 3),
        (([torch.ones(4), torch.ones(4), torch.ones(4)], torch.arange(3)), None, 3),
        ([torch.ones(2), torch.ones(4), torch.ones(3)], 3, 3),
        ({"text": ["a", "b"], "id": ["c", "d"]}, None, 2),
        (Graphs(), 3, 3),
        (Object(X, Y, Y), None, 8),
        (Named(X, LENGTHS, Y), None, 8),
        (pack_sequence([torch.ones(4, 2), torch.ones(3, 2), torch.ones(1, 2)]), None, 3),
        ((torch.tensor(3.0), X), None, 8),
        ((X[:6], Y[:6]), 8, 6),  # two were left out
        ((X[:3], Y[:3], X[:5]), 3, 3),
        ((X[:4], Y[:4]), 2, 4),  # two of each
        ({}, None, None),
        ((), None, None),
        (None, None, None),
        (torch.tensor(1.0), None, None),
        (5, 3, None),
    ],
)
def test_how_many_samples_a_batch_holds(batch: Any, expected: int | None, rows: int | None) -> None:
    assert rows_in(batch, expected) == rows


class Net(nn.Module):
    """Takes what `take` picks of a batch; its head tells three classes apart."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(5, 6), nn.Linear(6, classes)

    def forward(self, x: torch.Tensor, lengths: Any = None, y: Any = None) -> torch.Tensor:
        return self.head(self.body(x).relu())


def read(home: Path, batch: Any, forward: Callable[..., Any], model: Any = None, **options: Any) -> Any:
    """The samples of a list of one batch, and what was printed."""
    with watching(model or Net(), [batch], forward=forward, **options) as watch:
        watch.snapshot(epoch=0)
    assert watch.receipt.missing == {}
    return samples(home)


@pytest.mark.parametrize(
    ("batch", "forward", "said"),
    [
        ((X, Y), lambda m, b: m(b[0]), "batch[1], 3 classes"),
        ((X, LENGTHS, Y), lambda m, b: m(b[0], b[1]), "batch[2], 3 classes"),
        ((X, Y, LENGTHS), lambda m, b: m(b[0], lengths=b[2]), "batch[1], 3 classes"),
        ((X, LENGTHS, Y), lambda m, b: m(b[0], b[1], b[2]), "batch[2], 3 classes"),
        ((X, LENGTHS + 40, Y), lambda m, b: m(b[0]), "batch[2], 3 classes"),
        ((X, torch.rand(8), Y), lambda m, b: m(b[0]), "batch[2], 3 classes"),
        ((X, (X > 0).long(), Y), lambda m, b: m(b[0]), "batch[2], 3 classes"),
        (Named(X, LENGTHS, Y), lambda m, b: m(b.x), "batch.target, 3 classes"),
        (Object(X, LENGTHS, Y), lambda m, b: m(b.inputs), "batch.labels, 3 classes"),
        ({"x": X, "steps": LENGTHS, "y": Y}, lambda m, b: m(b["x"]), 'batch["y"], 3 classes'),
        ({"x": X, "digit": Y}, lambda m, b: m(b["x"]), 'batch["digit"], 3 classes'),
        ((X, {"target": Y}), lambda m, b: m(b[0]), 'batch[1]["target"], 3 classes'),
        (((X, X), Y), lambda m, b: m(b[0][0]), "batch[1], 3 classes"),
        ((list(X), Y.tolist()), lambda m, b: m(torch.stack(b[0])), "batch[1], 3 classes"),
    ],
)
def test_labels_are_found(
    home: Path, capsys: pytest.CaptureFixture[str], batch: Any, forward: Any, said: str
) -> None:
    known = read(home, batch, forward, silent=False)
    assert known.labels.tolist() == Y.tolist()
    assert f"  labels: {said}; head: head\n" in capsys.readouterr().out
    assert not known.metadata


@pytest.mark.parametrize(
    ("batch", "columns"),
    [
        ((X, LENGTHS, Y), ["batch[1]", "batch[2]"]),
        ((X, {"shape": LENGTHS, "colour": Y}), ['batch[1]["shape"]', 'batch[1]["colour"]']),
        ({"x": X, "labels": {"a": LENGTHS, "b": Y}}, ['batch["labels"]["a"]', 'batch["labels"]["b"]']),
    ],
)
def test_where_several_may_be_labels_each_is_a_column_and_the_option_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], batch: Any, columns: list[str]
) -> None:
    take = (lambda m, b: m(b["x"])) if isinstance(batch, dict) else (lambda m, b: m(b[0]))
    known = read(home, batch, take, silent=False)
    assert known.labels is None
    assert {name: column.tolist() for name, column in known.metadata.items()} == {
        columns[0]: LENGTHS.tolist(),
        columns[1]: Y.tolist(),
    }
    assert (
        f"labels: {columns[0]} or {columns[1]}, each kept as a column; labels= says which"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("batch", "where"),
    [
        ((X, LENGTHS, Y), 2),
        (Named(X, LENGTHS, Y), "target"),
        (Object(X, LENGTHS, Y), "labels"),
        ((X, LENGTHS, Y), lambda batch: batch[2]),
    ],
)
def test_labels_may_be_named(home: Path, batch: Any, where: Any) -> None:
    first = (lambda m, b: m(b.inputs)) if isinstance(batch, Object) else (lambda m, b: m(b[0]))
    assert read(home, batch, first, labels=where).labels.tolist() == Y.tolist()


@pytest.mark.parametrize("option", ["labels", "ids"])
def test_a_batch_that_is_one_tensor_has_no_part_of_a_number(home: Path, option: str) -> None:
    """Its row 1 has as many values as it has rows."""
    with pytest.raises(ConfigError, match=f"{option}=1 is not in the batch, a Tensor"):
        read(home, torch.randn(5, 5), lambda m, b: m(b), **{option: 1})


def test_what_accompanies_inputs_is_no_label(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = read(home, (X, LENGTHS), lambda m, b: m(b[0], b[1]), silent=False)
    assert known.labels is None
    out = capsys.readouterr().out
    assert "labels: none found (batch[1] does not look like them); labels= names a key" in out


@pytest.mark.parametrize("label", [[None] * len(X), [[1], [1, 2]] * (len(X) // 2), [b"cat"] * len(X)])
def test_where_a_part_named_label_cannot_be_read_no_other_is_taken(home: Path, label: Any) -> None:
    known = read(home, {"x": X, "label": label, "size": Y}, lambda m, b: m(b["x"]))
    assert known.labels is None


@pytest.mark.parametrize("label", [["cat", [1, 2]], [[1, 2], [0, 1]]])
def test_what_one_sample_is_labelled_is_not_taken_for_the_labels_of_all(label: Any) -> None:
    """In a batch of two samples, a list of two labels is as long as a sample's two values."""
    assert not label_parts({"x": torch.zeros(2, 5), "label": label}, 2, LabelReader())


def test_indices_beside_the_labels_are_none(home: Path) -> None:
    class Indexed(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return 40

        def __getitem__(self, index: int) -> Any:
            return torch.randn(5), index, index * 7 % 30

    loader = DataLoader(Indexed(), 20)
    with watching(Net(30), loader) as watch:
        watch.snapshot(epoch=0)
    assert samples(home).labels.tolist() == [index * 7 % 30 for index in range(40)]


def test_labels_that_equal_the_ids_of_a_small_batch_are_not_taken_for_ids(home: Path) -> None:
    """Two samples of classes 0 and 1, in order: nothing tells their labels from an index."""
    data = [(torch.randn(5), length, label) for label, length in ((0, 1), (1, 2))]
    with watching(Net(4), DataLoader(data, 2)) as watch:  # pyright: ignore[reportArgumentType]
        watch.snapshot(epoch=0)
    known = samples(home)
    assert known.labels is None
    assert {name: column.tolist() for name, column in known.metadata.items()} == {
        "batch[1]": [1, 2],
        "batch[2]": [0, 1],
    }


def test_the_targets_of_a_loss_are_the_labels(home: Path) -> None:
    class WithLoss(Net):
        def __init__(self) -> None:
            super().__init__()
            self.loss = nn.CrossEntropyLoss()

    def forward(model: Any, batch: Any) -> Any:
        return model.loss(model(batch[0]), batch[2])

    assert read(home, (X, LENGTHS, Y), forward, WithLoss()).labels.tolist() == Y.tolist()


@pytest.mark.parametrize("in_turn", [False, True])
def test_of_joined_views_the_first_counts(home: Path, in_turn: bool) -> None:
    views = [X, X + 10]

    def forward(model: Any, batch: Any) -> Any:
        return model(torch.stack(batch[0], 1).flatten(0, 1) if in_turn else torch.cat(batch[0]))

    read(home, (views, Y), forward, layers=["body:input", "head"], dtype="float32")
    (taken,) = snapshots(home, "body:input")
    np.testing.assert_array_equal(taken.vectors, X.numpy())
    assert len(snapshots(home, "head")[0].ids) == 8
    assert samples(home).labels.tolist() == Y.tolist()
    assert taken.note is not None
    assert taken.note.reason.endswith("of the first of the 2 rows that a sample has there")


def test_views_that_were_joined_in_another_way_are_refused(home: Path) -> None:
    with pytest.raises(Exception, match="one vector per sample"):
        read(home, ([X, X + 10], Y), lambda m, b: m(torch.cat([b[0][1], b[0][0]])))


def test_lists_of_images_are_captured(home: Path) -> None:
    class Detector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 4, 1)

        def forward(self, images: Any) -> Any:
            return self.head(self.backbone(torch.stack(list(images))).relu())

    known = read(home, (IMAGES, TARGETS), lambda m, b: m(b[0]), Detector())
    assert known.ids.tolist() == list(range(8))
    assert known.labels is None


def test_graphs_are_captured(home: Path) -> None:
    class OfGraphs(Net):
        def forward(self, graphs: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
            pooled = torch.stack([graphs.x[graphs.batch == number].mean(0) for number in range(3)])
            return super().forward(pooled)

    assert read(home, Graphs(), lambda m, b: m(b), OfGraphs()).labels.tolist() == [1, 0, 2]


def test_strings_are_captured_and_shown(home: Path) -> None:
    texts = ["one", "two", "three"]

    def forward(model: Any, batch: Any) -> Any:
        return model(torch.tensor([[float(len(text))] * 5 for text in batch[0]]))

    assert read(home, (texts, torch.tensor([2, 1, 0])), forward).texts == texts


def test_graphs_without_their_number_are_counted(home: Path) -> None:
    graphs = SimpleNamespace(x=X, edge_index=torch.zeros(2, 9), batch=torch.arange(8) // 2, y=Y[:4])
    assert rows_in(graphs) == 4


def test_values_of_a_forecast_are_quantities(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with watching(Net(), [(X, torch.rand(8, 3))]) as watch:
        watch.snapshot(epoch=0)
    assert [record.task for record in written(home) if isinstance(record, RunOpened)][-1] == "regression"
    assert samples(home).labels is None


def test_a_forecast_as_hugging_face_has_it_is_of_quantities() -> None:
    batch = {"past_values": torch.zeros(4, 8), "future_values": torch.zeros(4, 2), "series": torch.arange(4)}
    source = LabelSource(None, "auto")
    assert source.task(None, batch) == "regression"
    assert [part.path for part in source.find(batch, 4)] == [("series",)]  # neither past nor future


def test_zeros_and_ones_beside_two_inputs_are_the_labels(home: Path) -> None:
    class Siamese(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Linear(5, 6), nn.Linear(6, 1)

        def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            return self.head((self.body(one) - self.body(other)).abs())

    alike = torch.tensor([0.0, 1.0] * 4)
    known = read(home, (X, X.flip(0), alike), lambda m, b: m(b[0], b[1]), Siamese())
    assert known.labels.tolist() == [0, 1] * 4


def test_classes_have_the_names_of_a_configuration(home: Path) -> None:
    class NetForImageClassification(Net):
        config: Any = None

    model = NetForImageClassification()
    model.config = SimpleNamespace(id2label={0: "cat", 1: "dog", 2: "cow"})
    assert read(home, (X, Y), lambda m, b: m(b[0]), model).class_names == ["cat", "dog", "cow"]


def test_layers_may_be_named_as_a_wrapper_calls_them(home: Path) -> None:
    assert read(home, (X, Y), lambda m, b: m(b[0]), layers=["_forward_module.body:input", "module.head"])
    assert {record.layer for record in written(home) if isinstance(record, Snapshot)} == {
        "body:input",
        "head",
    }
