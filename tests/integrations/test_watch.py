from __future__ import annotations

import logging
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, Subset

import chroma
from chroma.errors import ConfigError
from chroma.records import Metrics, RunClosed
from tests.integrations.digits import Digits, samples, signed, snapshots, written


class Plain(nn.Module):
    """As `digits.Net`, without Lightning."""

    def __init__(self) -> None:
        super().__init__()
        self.signature = nn.Identity()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU())
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(16, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.signature(images[:, 0, :1, 0])
        return self.head(self.dropout(self.body(images)))


class Noisy(Digits):
    """Augments with every kind of random numbers there is, its own too."""

    def __init__(self, start: int, n: int) -> None:
        super().__init__(start, n)
        self.rng = np.random.default_rng(5)
        self.generator = torch.Generator().manual_seed(5)

    def __getitem__(self, index: int) -> Any:
        image, label = super().__getitem__(index)
        noise = torch.rand(1, 8, 8, generator=self.generator) + torch.rand(1, 8, 8)
        image = image + 0.01 * (noise + random.random() + np.random.rand() + self.rng.random())
        return image, label


def watching(model: nn.Module, loader: Any, **options: Any) -> Any:
    return chroma.watch(model, loader=loader, **{"silent": True, "project": "tests", **options})


def train(model: nn.Module, loader: Any, epochs: int, after: Any = lambda epoch: None) -> list[float]:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses: list[float] = []
    for epoch in range(epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        after(epoch)
    return losses


@pytest.mark.parametrize("workers", [0, 2])
def test_training_is_the_same_to_the_bit(home: Path, workers: int) -> None:
    """The watched loader is the training's own: shuffled, augmented, with persistent workers."""

    def run(watched: bool) -> Any:
        torch.manual_seed(3)
        random.seed(3)
        np.random.seed(3)
        model = Plain()
        model.body[2].eval()  # a mode of the user's own
        loader = DataLoader(
            Noisy(0, 96), batch_size=32, shuffle=True, num_workers=workers, persistent_workers=workers > 0
        )
        if not watched:
            losses = train(model, loader, 3)
        else:
            with watching(model, loader, split="train", layers=["head", "body.*"]) as watch:
                losses = train(model, loader, 3, lambda epoch: watch.snapshot(epoch=epoch))
            assert watch.receipt.missing == {}
        modes = [module.training for module in model.modules()]
        hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
        states = (torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state()))
        return model.state_dict(), (losses, modes, hooks, states)

    weights, rest = run(False)
    our_weights, our_rest = run(True)
    assert all(torch.equal(weights[name], our_weights[name]) for name in weights)
    assert rest == our_rest
    assert [(s.epoch, len(s.ids)) for s in snapshots(home, "head", "train")] == [(0, 96), (1, 96), (2, 96)]
    assert DataLoader.__dict__["_index_sampler"].fget.__module__ == "torch.utils.data.dataloader"


def test_vectors_are_those_of_evaluation_mode(home: Path) -> None:
    model = Plain()
    with watching(model, DataLoader(Digits(96, 50), batch_size=16), dtype="float32") as watch:
        assert model.training
        watch.snapshot(epoch=0, step=7)
        watch.log_metrics({"loss": 0.5}, epoch=0, step=7)
    (features,) = snapshots(home, "head:input")
    with torch.no_grad():
        model.eval()
        np.testing.assert_allclose(
            features.vectors, model.body(Digits(96, 50).images).numpy(), rtol=1e-5, atol=1e-6
        )
    assert (features.epoch, features.step) == (0, 7)
    assert [dict(m.values) for m in written(home) if isinstance(m, Metrics)] == [{"loss": 0.5}]


@pytest.mark.parametrize("persistent", [False, True])
def test_each_row_belongs_to_the_sample_it_names_while_the_user_reads_the_loader(
    home: Path, persistent: bool
) -> None:
    loader = DataLoader(
        Subset(Digits(96, 100), range(5, 95)),
        batch_size=16,
        shuffle=True,
        num_workers=1 if persistent else 0,
        persistent_workers=persistent,
    )
    theirs: list[int] = []
    first = True
    with watching(Plain(), loader, layers="signature", dtype="float32") as watch:
        for images, _ in loader:
            theirs += np.rint(images[:, 0, 0, 0].numpy() * 1024).astype(int).tolist()
            if first:
                watch.snapshot(epoch=0)
                first = False
        watch.snapshot(epoch=1)
    assert sorted(theirs) == list(range(5, 95))
    captured = snapshots(home, "signature")
    assert len(captured) == 2
    for snapshot in captured:
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
        assert snapshot.ids.tolist() == list(range(5, 95))


def test_several_splits_are_one_run(home: Path) -> None:
    loaders = {
        "train": DataLoader(Digits(0, 60), batch_size=16, shuffle=True),
        "val": DataLoader(Digits(96, 40), batch_size=16),
    }
    with watching(Plain(), loaders, layers="signature", dtype="float32", max_samples=30) as watch:
        for epoch in range(2):
            watch.snapshot(epoch=epoch)
    for split in loaders:
        assert len(samples(home, split).ids) == 30
        for snapshot in snapshots(home, "signature", split):
            np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    assert {(line.split, line.snapshots) for line in watch.receipt.layers} == {("train", 2), ("val", 2)}


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        digits = Digits(96, 50)
        return (digits[index] for index in range(50))


@pytest.mark.parametrize(
    "loader",
    [
        DataLoader(Stream(), batch_size=16),
        DataLoader(Digits(96, 50), batch_size=16, num_workers=2, in_order=False),
        [(torch.rand(10, 1, 8, 8), torch.arange(10)) for _ in range(5)],
    ],
    ids=["stream", "out of order", "list"],
)
def test_without_ids_samples_are_numbered_and_that_is_said(home: Path, loader: Any) -> None:
    with watching(Plain(), loader) as watch:
        watch.snapshot(epoch=0)
    assert samples(home).identity == "order"
    assert samples(home).ids.tolist() == list(range(50))
    assert "numbered in the order they came" in str(watch.receipt)


def test_mappings_go_in_by_name_and_keys_are_the_users(home: Path) -> None:
    class Named(Digits):
        def __getitem__(self, index: int) -> Any:
            image, label = super().__getitem__(index)
            return {"key": f"digit-{index}", "images": image, "label": label}

    with watching(Plain(), DataLoader(Named(96, 20), batch_size=8, shuffle=True), ids="key") as watch:
        watch.snapshot(epoch=0)
    assert samples(home).identity == "key"
    assert sorted(samples(home).ids.tolist()) == sorted(f"digit-{index}" for index in range(20))
    assert watch.receipt.missing == {}


@pytest.mark.filterwarnings("ignore:.*is not a leaf Tensor.*")  # dynamo's own
def test_compiled_models_are_captured_before_and_after_their_first_call(home: Path) -> None:
    model = Plain()
    compiled: Any = torch.compile(model, backend="eager")
    loader = DataLoader(Digits(96, 40), batch_size=20)
    with watching(compiled, loader, layers="head", dtype="float32") as watch:
        watch.snapshot(epoch=0)
        train(compiled, loader, 1)
        watch.snapshot(epoch=1)
    assert [s.vectors.shape for s in snapshots(home, "head")] == [(40, 10), (40, 10)]
    model.head = torch.compile(model.head, backend="eager")
    train(model, loader, 1)
    with watching(model, loader, layers="body.3", run_id="second") as watch:
        watch.snapshot(epoch=0)
    assert [s.vectors.shape for s in snapshots(home, "body.3")] == [(40, 16)]


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace.*")
def test_models_that_hide_their_layers_are_refused() -> None:
    with pytest.raises(ConfigError, match="the module it was scripted from"):
        chroma.watch(torch.jit.trace(nn.Linear(2, 2), torch.rand(1, 2)), loader=[])

    class FSDPModule(nn.Linear):
        """As `fully_shard` names its class."""

    with pytest.raises(ConfigError, match="spread each layer over several processes"):
        chroma.watch(nn.Sequential(FSDPModule(2, 2)), loader=[])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"every": 0}, "every=0"),
        ({"evry": 1}, "no option 'evry'; there are project"),
        ({"loader": iter([])}, "cannot be read twice"),
        ({"split": ""}, "split=''"),
    ],
)
def test_wrong_arguments_are_refused_at_once(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        chroma.watch(Plain(), **{"loader": [], **wrong})


def test_trouble_in_a_snapshot_does_not_reach_the_loop(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")

    class Moody(Plain):
        calls = 0

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            if self.calls in (2, 5):
                raise RuntimeError("out of memory, say")
            return super().forward(images)

    model = Moody()
    with watching(model, DataLoader(Digits(96, 40), batch_size=20), layers="head") as watch:
        taken = [watch.snapshot(epoch=epoch) for epoch in range(4)]
        taken.append(watch.snapshot(epoch=3))
    assert taken == [False, True, False, True, False]
    assert [r.message for r in caplog.records if r.name == "chroma"] == [
        "chroma: taking a snapshot failed (RuntimeError: out of memory, say); training continues, what is "
        "missing is counted in the receipt",
        "chroma: step 3 already has a snapshot; give another epoch= or step=; training continues",
    ]
    assert watch.receipt.missing == {"a snapshot failed": 2, "a snapshot was refused": 1}
    assert "step 3 already has a snapshot" in str(watch.receipt)
    assert [s.epoch for s in snapshots(home, "head")] == [1, 3]
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_model_without_a_layer_to_capture_is_refused_and_did_not_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")

    class Mean(nn.Module):  # one number of the whole batch
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean()

    with watching(nn.Sequential(Mean()), DataLoader(Digits(96, 20), batch_size=10)) as watch:
        for epoch in range(3):
            watch.snapshot(epoch=epoch)
    assert watch.receipt.missing == {"snapshots of a model without a layer to capture": 3}


def test_the_users_error_ends_the_run_as_failed(home: Path) -> None:
    def loop() -> None:
        with watching(Plain(), DataLoader(Digits(96, 40), batch_size=20)) as watch:
            watch.snapshot(epoch=0)
            raise ValueError("the user's own")

    with pytest.raises(ValueError, match="the user's own"):
        loop()
    closed = written(home)[-1]
    assert isinstance(closed, RunClosed)
    assert (closed.status, closed.error) == ("failed", "ValueError: the user's own")


def test_every_and_max_snapshots_are_kept(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.WARNING),
        watching(
            Plain(), DataLoader(Digits(96, 10), batch_size=10), every="10 steps", layers="head"
        ) as watch,
    ):
        taken = [watch.snapshot(step=step) for step in range(0, 40, 5)]
    assert taken == [True, False] * 4
    # the last one is taken at the end, though "every" left it out
    assert [s.step for s in snapshots(home, "head")] == [0, 10, 20, 30, 35]
