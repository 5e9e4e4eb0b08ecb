"""Whatever batches, labels and ids are like: training stays the same, no sample gets the row of another.

CHROMA_FUZZ=334 python -m pytest tests/integrations/test_batch_fuzz.py    makes 334 times as many: 5,000 cases
"""

from __future__ import annotations

import os
import tempfile
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as checks
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, Dataset, default_collate

from chroma.records import Samples, Snapshot
from tests.integrations.digits import written
from tests.integrations.test_watch import watching

CASES = 15 * int(os.environ.get("CHROMA_FUZZ", "1"))
CLASSES = 4
Sample = namedtuple("Sample", ["features", "extra", "target"])


class Data(Dataset[Any]):
    """Samples of a made-up shape; the first feature tells whose row it is."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        rng = np.random.default_rng(case["seed"])
        n = case["n"]
        self.features = torch.tensor(rng.normal(size=(n, 5)), dtype=torch.float32)
        self.features[:, 0] = torch.arange(n)
        self.labels = rng.integers(0, CLASSES, n).tolist()
        self.lengths = rng.integers(0, CLASSES, n).tolist()

    def __len__(self) -> int:
        return self.case["n"]

    def __getitem__(self, key: Any) -> Any:
        index = int(key[1]) if isinstance(key, tuple) else int(str(key).removeprefix("key-"))
        x, label, length = self.features[index], self.labels[index], self.lengths[index]
        key = f"name-{index}" if self.case["keys"] == "strings" else 500 + index
        return {
            "pair": (x, label),
            "triple": (x, length, label),
            "nested": (x, {"target": label, "key": key}),
            "dict": {"x": x, "label": label, "key": key},
            "named": Sample(x, length, label),
            "views": ([x, x + 0.5], label),
            "strings": (x, f"class {label}"),
            "alone": x,
            "floats": (x, label / 3),
            "columns": {"x": x, "first": label, "second": length, "key": key},
        }[self.case["shape"]]


def collated(case: dict[str, Any]) -> Any:
    """The collating function of a case; None for PyTorch's."""

    def place(sample: Any) -> float:
        return float(taken(sample)[1])

    def multiplied(batch: list[Any]) -> Any:
        return default_collate([each for sample in batch for each in (sample, sample)])

    return {
        "default": None,
        "same": lambda batch: default_collate(list(batch)),
        "sorted": lambda batch: default_collate(sorted(batch, key=place)),
        "in place": lambda batch: batch.sort(key=place) or default_collate(batch),
        "dropped": lambda batch: default_collate([each for each in batch if place(each) < 0.8] or batch[:1]),
        "multiplied": multiplied,
        "list": list,
    }[case["collate"]]


def taken(batch: Any) -> Any:
    """The features in a sample or batch."""
    if isinstance(batch, dict):
        return batch["x"]
    if isinstance(batch, torch.Tensor):
        return batch
    first = batch[0]
    return first[0] if isinstance(first, (list, tuple)) and isinstance(first[0], torch.Tensor) else first


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.signature, self.body, self.head = nn.Identity(), nn.Linear(5, 6), nn.Linear(6, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.signature(x[:, :1])
        return self.head(self.body(x).relu())


def caller(case: dict[str, Any]) -> Any:
    """Calls a model on a batch, as a loop of the user's does."""
    if case["collate"] == "list":
        return lambda model, batch: model(torch.stack([taken(sample) for sample in batch]))
    return lambda model, batch: model(taken(batch))


def loader_of(case: dict[str, Any]) -> DataLoader[Any]:
    n = case["n"]
    sampler: Any = {
        "strings": [f"key-{index}" for index in range(n)],
        "pairs": [("a", index) for index in range(n)],
    }.get(case["sampler"])
    return DataLoader(
        Data(case),
        batch_size=case["batch"],
        shuffle=case["sampler"] == "shuffled",
        sampler=sampler,
        collate_fn=collated(case),
    )


def train(case: dict[str, Any], *, watched: bool) -> Any:
    torch.manual_seed(case["seed"])
    model, loader, call = Model(), loader_of(case), caller(case)
    optimizer = torch.optim.SGD(model.parameters(), 0.001)

    def epoch() -> None:
        for batch in loader:
            optimizer.zero_grad()
            call(model, batch).square().mean().backward()
            optimizer.step()

    if not watched:
        epoch()
        epoch()
    else:
        options = {"ids": case["ids"], "labels": case["labels"], "layers": ["signature", "head"]}
        with watching(model, loader, forward=call, dtype="float32", max_samples=case["most"], **options) as w:
            for number in range(2):
                epoch()
                w.snapshot(epoch=number)
    return [*model.state_dict().values(), torch.get_rng_state()]


def index_of(key: Any, case: dict[str, Any]) -> int:
    """Which sample an id names."""
    if case["ids"] == "key":
        return int(str(key).removeprefix("name-")) if isinstance(key, str) else key - 500
    if isinstance(key, str):
        return (
            int(key.removeprefix("key-")) if key.startswith("key-") else int(key.strip("()").split(", ")[1])
        )
    return key


CASE = st.fixed_dictionaries(
    {
        "shape": st.sampled_from(
            [
                *("pair", "triple", "nested", "dict", "named"),
                *("views", "strings", "alone", "floats", "columns"),
            ]
        ),
        "collate": st.sampled_from(
            ["default", "same", "sorted", "in place", "dropped", "multiplied", "list"]
        ),
        "sampler": st.sampled_from(["in order", "shuffled", "strings", "pairs"]),
        "keys": st.sampled_from(["strings", "integers"]),
        "ids": st.sampled_from([None, None, "key", lambda batch: 1.5, lambda batch: 1 / 0]),
        "labels": st.sampled_from([None, None, None, 1, "label", lambda batch: object()]),
        "n": st.integers(1, 30),
        "batch": st.integers(1, 12),
        "most": st.sampled_from([None, 7, 10_000]),
        "seed": st.integers(0, 1000),
    }
)


@pytest.mark.timeout(120 if CASES == 15 else 0)
@checks(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES == 15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(case=CASE)
def test_nothing_is_stored_of_another_sample(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("CHROMA_HOME", folder)
        monkeypatch.setenv("CHROMA_STRICT", "0")
        plain, watched = train(case, watched=False), train(case, watched=True)
        assert all(torch.equal(one, other) for one, other in zip(plain, watched, strict=True))
        records = written(Path(folder))
    data = Data(case)
    for record in records:
        if isinstance(record, Samples) and record.labels is not None and record.identity != "order":
            right = [label_of(case, data, index_of(key, case)) for key in record.ids.tolist()]
            if record.labels.dtype.kind == "f":
                np.testing.assert_allclose(record.labels, right, rtol=1e-6)
            else:
                assert record.labels.tolist() == right
        if isinstance(record, Snapshot) and record.layer == "signature":
            assert len(set(record.ids.tolist())) == len(record.ids)
            known = next(each for each in records if isinstance(each, Samples)).identity
            if known != "order":
                rows = np.rint(record.vectors[:, 0]).astype(int).tolist()
                assert rows == [index_of(key, case) for key in record.ids.tolist()]


def label_of(case: dict[str, Any], data: Data, index: int) -> Any:
    """The label of a sample, as it is stored."""
    label = data.labels[index]
    if case["labels"] == 1 and case["shape"] in ("triple", "named"):
        return data.lengths[index]  # the user says so
    return {"strings": f"class {label}", "floats": label / 3}.get(case["shape"], label)
