"""What a user's own code stands between a sampler and the rows of a batch is compared, not trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, default_collate
from torch.utils.data._utils.fetch import _MapDatasetFetcher

from tests.integrations.digits import Digits, Net, fit, samples, signed, snapshots
from tests.integrations.lightning_setup import LIGHTNING, callback
from tests.integrations.test_watch import Plain, watching

pytestmark = LIGHTNING

_fetch = vars(_MapDatasetFetcher)["fetch"]


def sorts(batch: list[Any]) -> Any:
    """As before packing: in place, the brightest first."""
    batch.sort(key=lambda sample: -float(sample[0].sum()))
    return default_collate(batch)


def drops(batch: list[Any]) -> Any:
    """As where broken samples are left out."""
    return default_collate([sample for sample in batch if int(sample[1]) % 4])


def sorts_and_drops(batch: list[Any]) -> Any:
    return sorts([sample for sample in batch if int(sample[1]) % 4])


class Walks(Dataset[Any]):
    """Sequences of different lengths; each value of one is its index."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.full((1 + index * 7 % 5, 4), float(index))


def packs(batch: list[torch.Tensor]) -> Any:
    batch.sort(key=lambda walk: -len(walk))
    return pack_sequence(batch)


def packs_unsorted(batch: list[torch.Tensor]) -> Any:
    return {"walks": pack_sequence(batch, enforce_sorted=False)}


class Tagger(Plain):
    """Pads what was packed."""

    def forward(self, packed: Any) -> torch.Tensor:
        padded, _ = pad_packed_sequence(packed, batch_first=True)
        return self.read(padded)

    def __init__(self) -> None:
        super().__init__()
        self.read = torch.nn.Linear(4, 3)


@pytest.mark.parametrize("collate", [packs, packs_unsorted])
def test_packed_sequences_keep_their_ids_and_are_averaged_over_their_own_length(
    home: Path, collate: Callable[..., Any]
) -> None:
    loader = DataLoader(Walks(), 8, shuffle=True, collate_fn=collate)

    def forward(model: Any, batch: Any) -> Any:
        return model(batch["walks"] if isinstance(batch, dict) else batch)

    with watching(Tagger(), loader, layers="read:input", dtype="float32", forward=forward) as watch:
        watch.snapshot(epoch=0)
    (captured,) = snapshots(home, "read:input")
    assert watch.receipt is not None
    assert (samples(home).identity, len(captured.ids)) == ("index", 40)
    np.testing.assert_allclose(captured.vectors, np.repeat(captured.ids[:, None], 4, 1))
    assert not any("could not be checked" in note for note in watch.receipt.notes)


def scales(batch: list[Any]) -> Any:
    """Inputs become others, in their order; the pixel that tells whose they are stays."""
    images, labels = default_collate(batch)
    kept = images[:, :, :1, :1].clone()
    images = (images - 0.3) / 0.2
    images[:, :, :1, :1] = kept
    return images, labels


def right(home: Path, split: str = "val") -> tuple[int, int]:
    """Rows whose id is that of their sample, of how many, in all snapshots."""
    captured = snapshots(home, "signature", split)
    equal = [int((signed(snapshot.vectors) == snapshot.ids).sum()) for snapshot in captured]
    return sum(equal), sum(len(snapshot.ids) for snapshot in captured)


@pytest.mark.parametrize(
    ("collate", "shuffle", "workers"),
    [
        *((collate, True, 0) for collate in (sorts, drops, sorts_and_drops, scales)),
        *((sorts, False, 0), (sorts, True, 2), (drops, False, 2)),
    ],
)
def test_rows_that_a_collate_fn_moves_keep_their_ids(
    home: Path, collate: Callable[..., Any], shuffle: bool, workers: int
) -> None:
    digits = Digits(96, 100)
    loader = DataLoader(digits, 16, shuffle=shuffle, collate_fn=collate, num_workers=workers)
    with watching(Plain(), loader, layers="signature", dtype="float32") as watch:
        for epoch in range(2):
            watch.snapshot(epoch=epoch)
    kept = 2 * int((digits.labels % 4 > 0).sum()) if "drops" in collate.__name__ else 200
    assert right(home) == (kept, kept)
    known = samples(home)
    assert known.identity == "index"
    np.testing.assert_array_equal(known.labels, digits.labels.numpy()[known.ids])
    assert watch.receipt.missing == {}
    assert watch.receipt.notes == ()
    assert vars(_MapDatasetFetcher)["fetch"] is _fetch


@pytest.mark.parametrize("splits", [{"val": "ride"}, {"train": "ride"}, {"train": "probe"}], ids=str)
def test_they_do_in_a_training(home: Path, splits: Any) -> None:
    (split,) = splits
    ours = callback(layers="signature", dtype="float32", splits=splits)
    loader = DataLoader(Digits(96, 100), 16, shuffle=split == "train", collate_fn=sorts)
    fit(ours, **{split: loader})
    assert right(home, split) == (200, 200)
    assert ours.receipt.missing == {}


class Words(Dataset[Any]):
    """Texts of different lengths; a label, and nothing else that survives, tells which is which."""

    def __len__(self) -> int:
        return 60

    def __getitem__(self, index: int) -> Any:
        return "w" * (index * 7 % 11 + 1), index % 5


def tokens(batch: list[Any]) -> Any:
    """Tokens, padded, the longest text first."""
    ordered = sorted(batch, key=lambda sample: -len(sample[0]))
    texts = [torch.arange(1, len(text) + 1) for text, _ in ordered]
    return pad_sequence(texts, batch_first=True), torch.tensor([label for _, label in ordered])


class Reads(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.EmbeddingBag(12, 8)
        self.head = torch.nn.Linear(8, 5)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.embedding(ids))


def test_rows_whose_samples_cannot_be_found_out_are_numbered_and_it_is_said(home: Path) -> None:
    loader = DataLoader(Words(), 20, collate_fn=tokens)
    with watching(Reads(), loader) as watch:
        watch.snapshot(epoch=0)
    known = samples(home)
    assert known.identity == "order"
    assert known.ids.tolist() == list(range(60))
    assert "numbered in the order they came" in str(watch.receipt)
    assert any("collate_fn orders them anew; ids= names" in note for note in watch.receipt.notes)


def test_what_could_not_be_compared_is_said(home: Path) -> None:
    loader = DataLoader(Digits(96, 40), 20, collate_fn=lambda batch: default_collate(batch)[0] * 2 + 1)
    with watching(Plain(), loader) as watch:
        watch.snapshot(epoch=0)
    assert samples(home).identity == "index"
    assert any("could not be checked; ids= makes sure" in note for note in watch.receipt.notes)


def test_rows_that_a_collate_fn_multiplies_are_numbered(home: Path) -> None:
    """As of preference pairs, of multiple choice."""

    def pairs(batch: list[Any]) -> Any:
        images, labels = default_collate(batch)
        return torch.cat([images * 0.5, 1 - images]), torch.cat([labels, labels])

    with watching(Plain(), DataLoader(Digits(96, 40), 8, collate_fn=pairs)) as watch:
        watch.snapshot(epoch=0)
    known = samples(home)
    assert (known.identity, known.ids.tolist()) == ("order", list(range(80)))
    assert [len(snapshot.ids) for snapshot in snapshots(home, "head")] == [80]
    assert any("a batch of 8 samples has 16 rows" in note for note in watch.receipt.notes)


class Keyed(Digits):
    """Its samples are found by strings, by pairs, or by whatever tells a number."""

    def __init__(self, number: Callable[[Any], int]) -> None:
        super().__init__(96, 40)
        self.number = number

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.number(key))


@pytest.mark.parametrize(
    ("sampler", "number", "ids"),
    [
        ([f"digit-{i}" for i in range(40)], lambda key: int(key[6:]), [f"digit-{i}" for i in range(40)]),
        ([("a", i) for i in range(40)], lambda key: key[1], [str(("a", i)) for i in range(40)]),
        (torch.arange(40).flip(0), int, list(range(40))),
    ],
    ids=["strings", "pairs", "tensors"],
)
def test_what_a_sampler_emits_is_the_key(home: Path, sampler: Any, number: Any, ids: list[Any]) -> None:
    loader = DataLoader(Keyed(number), 8, sampler=sampler)
    ours = callback(layers="signature", dtype="float32")
    fit(ours, val=loader)
    assert samples(home).ids.tolist() == ids
    for snapshot in snapshots(home, "signature"):
        numbers = (
            [number(key) for key in (sampler if len(snapshot.ids) == 0 else snapshot.ids)]
            if (snapshot.ids.dtype != object or "digit" in ids[0])
            else list(range(40))
        )
        assert signed(snapshot.vectors).tolist() == numbers
    assert ours.receipt.missing == {}


def test_batches_of_indices_may_be_tensors(home: Path) -> None:
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    loader = DataLoader(Digits(96, 40), batch_sampler=list(order.split(8)))
    with watching(Plain(), loader, layers="signature", dtype="float32") as watch:
        watch.snapshot(epoch=0)
    assert samples(home).identity == "index"
    assert right(home) == (40, 40)


class Numbered(Digits):
    def __getitem__(self, index: int) -> Any:
        image, label = super().__getitem__(index)
        return {"x": image, "y": label, "key": 1000 + index, "column": torch.tensor([1000 + index])}


class OfDicts(Net):
    def training_step(self, batch: Any, _: int) -> Any:
        return super().training_step((batch["x"], batch["y"]), _)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self(batch["x"])


@pytest.mark.parametrize("key", ["key", "column", lambda batch: batch["key"].tolist()])
def test_keys_of_ones_own_may_be_integers(home: Path, key: Any) -> None:
    ours = callback(ids=key, layers="signature", dtype="float32", splits={"train": "ride", "val": "ride"})
    loader = DataLoader(Numbered(96, 40), 16, shuffle=True)
    fit(ours, model=OfDicts(), train=loader, val=loader)
    for split in ("train", "val"):
        assert samples(home, split).ids.tolist() == list(range(1000, 1040))
        for snapshot in snapshots(home, "signature", split):
            np.testing.assert_array_equal(signed(snapshot.vectors) + 1000, snapshot.ids)
    assert ours.receipt.identity == {"train": "key", "val": "key"}
    assert ours.receipt.missing == {}


class OfTwo(Net):
    """A batch of each of two loaders in every step; the second goes through the model first."""

    def training_step(self, batch: Any, _: int) -> Any:
        self(batch["b"][0])
        return super().training_step(batch["a"], _)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self(batch["b"][0])
        self(batch["a"][0])


def both() -> Any:
    """A loader of which each batch holds those of two."""
    loaders = {
        name: DataLoader(Digits(start, 48), 16, shuffle=True) for name, start in (("a", 0), ("b", 200))
    }
    return pl.utilities.CombinedLoader(loaders, "min_size")


@pytest.mark.parametrize("split", ["train", "val"])
def test_rows_of_a_step_with_several_loaders_are_not_given_ids_of_one(home: Path, split: str) -> None:
    ours = callback(layers="signature", dtype="float32", splits={split: "ride"})
    fit(ours, model=OfTwo(), train=both(), val=both())
    assert samples(home, split).identity == "order"
    assert any("is not known" in note and "ids=" in note for note in ours.receipt.notes)


def test_several_training_loaders_are_probed_one_by_one(home: Path) -> None:
    ours = callback(layers="signature", dtype="float32", splits=("train",))
    fit(ours, model=OfTwo(), train=both(), val=both())
    assert right(home, "train") == right(home, "train:1") == (96, 96)


def test_a_loader_that_shuffles_what_cannot_be_named_says_so(home: Path) -> None:
    class Stream(torch.utils.data.IterableDataset[Any]):
        def __init__(self) -> None:
            self.digits, self.rng = Digits(96, 60), np.random.default_rng(3)

        def __iter__(self) -> Any:
            return (self.digits[int(index)] for index in self.rng.permutation(60))

    stream = Stream()
    ours = callback()
    fit(ours, val=DataLoader(stream, 16))
    assert any(
        "have another label in epoch 1 than at first: they are numbered by order" in note
        for note in ours.receipt.notes
    )
