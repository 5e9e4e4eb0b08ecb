"""Models of every build and precision: what is captured equals what the module gave."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader

from chroma.errors import ConfigError
from tests.integrations.digits import Digits, Net, fit, signed, snapshots
from tests.integrations.lightning_setup import LIGHTNING, callback
from tests.integrations.test_watch import Plain, watching

pytestmark = LIGHTNING
N = 40


@dataclasses.dataclass
class Given:
    features: torch.Tensor
    size: int


class Returns(nn.Module):
    """Gives its features in whatever holds them."""

    def __init__(self, wrap: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.linear, self.wrap = nn.Linear(8, 6), wrap

    def forward(self, rows: torch.Tensor) -> Any:
        return self.wrap(self.linear(rows))


class Attends(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, rows: torch.Tensor) -> Any:
        return self.attention(rows, rows, rows, need_weights=False)


class Shared(nn.Module):
    """Calls one module twice; its first call counts."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, rows: torch.Tensor) -> Any:
        return self.linear(self.linear(rows).relu())


class Residual(nn.Module):
    def __init__(self, block: nn.Module | None = None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(3)])

    def forward(self, rows: torch.Tensor) -> Any:
        for block in self.blocks:
            rows = rows + block(rows)
        return rows


class Around(nn.Module):
    """A part that takes `[B, 8, 8]`, and a head."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part
        self.head = nn.Linear(64, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.part(images[:, 0])
        return self.head(images.flatten(1))


def frozen() -> nn.Module:
    return nn.Linear(8, 6).requires_grad_(False)


BUILDS: dict[str, tuple[Callable[[], nn.Module], str, Callable[[Any, torch.Tensor], torch.Tensor]]] = {
    "LSTM: its sequence": (
        lambda: nn.LSTM(8, 6, batch_first=True), "part", lambda m, x: m(x)[0].mean(1)),
    "GRU: its sequence": (
        lambda: nn.GRU(8, 6, batch_first=True), "part", lambda m, x: m(x)[0].mean(1)),
    "a dict": (
        lambda: Returns(lambda v: {"size": 3, "features": v}), "part", lambda m, x: m.linear(x).mean(1)),
    "a dataclass": (
        lambda: Returns(lambda v: Given(v, 3)), "part", lambda m, x: m.linear(x).mean(1)),
    "a tuple": (
        lambda: Returns(lambda v: (None, [v, v * 2])), "part", lambda m, x: m.linear(x).mean(1)),
    "a module called twice: the first call": (
        Shared, "part.linear", lambda m, x: m.linear(x).mean(1)),
    "MultiheadAttention": (
        Attends, "part.attention", lambda m, x: m(x)[0].mean(1)),
    "frozen": (
        frozen, "part", lambda m, x: m(x).mean(1)),
    "a convolution over time": (
        lambda: nn.Conv1d(8, 6, 3), "part", lambda m, x: m(x).mean(2)),
}  # fmt: skip


@pytest.mark.parametrize("build", BUILDS)
def test_what_a_module_gives_is_found(home: Path, build: str) -> None:
    make, layer, expected = BUILDS[build]
    torch.manual_seed(1)
    model = Around(make())
    digits = Digits(96, N)
    with watching(model, DataLoader(digits, batch_size=16), layers=layer, dtype="float32") as watch:
        watch.snapshot(epoch=0)
    assert watch.receipt.missing == {}
    (captured,) = snapshots(home, layer)
    with torch.no_grad():
        wanted = expected(model.part.eval(), digits.images[:, 0]).numpy()
    np.testing.assert_allclose(captured.vectors, wanted, atol=1e-6)


def test_one_glob_takes_all_blocks(home: Path) -> None:
    model = Around(Residual())
    with watching(model, DataLoader(Digits(96, N), batch_size=16), layers="part.blocks.?") as watch:
        watch.snapshot(epoch=0)
    assert [layer.layer for layer in watch.receipt.layers] == [f"part.blocks.{n}" for n in range(3)]


def test_a_module_that_never_fires_is_not_chosen(home: Path) -> None:
    """The last Linear of MultiheadAttention is used by its weights alone."""

    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(8, 8)
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            rows = self.encoder(images[:, 0])
            return self.attention(rows, rows, rows, need_weights=False)[0]

    with watching(Transformer(), DataLoader(Digits(96, N), batch_size=16)) as watch:
        watch.snapshot(epoch=0)
    assert [layer.layer for layer in watch.receipt.layers] == ["attention:input"]
    with (
        pytest.raises(ConfigError, match="out_proj"),
        watching(Transformer(), [Digits(96, 8).images], layers="attention.out_proj") as watch,
    ):
        watch.snapshot(epoch=0)


def test_lazy_modules_are_captured_once_they_are_made(home: Path) -> None:
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(6), nn.ReLU(), nn.Linear(6, 10))
    loader = DataLoader(Digits(96, N), batch_size=16)
    with watching(model, loader, layers="1", dtype="float32") as watch:
        with pytest.raises(ConfigError, match="call it once before"):
            watch.snapshot(epoch=0)
        model(Digits(96, 4).images)
        assert watch.snapshot(epoch=1)
    (captured,) = snapshots(home, "1")
    assert captured.vectors.shape == (N, 6)


def test_names_are_those_of_the_users_modules(home: Path) -> None:
    """Not those of what compiles or spreads them."""
    model: Any = Plain()
    model.body = torch.compile(model.body, backend="eager")
    with watching(model, DataLoader(Digits(96, N), batch_size=16), layers=["body", "body.1"]) as watch:
        watch.snapshot(epoch=0)
    assert watch.receipt.missing == {}
    assert [layer.layer for layer in watch.receipt.layers] == ["body", "body.1"]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_precisions(home: Path, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    model = Plain().to(dtype)
    digits = Digits(96, N)
    digits.images = digits.images.to(dtype)
    with watching(model, DataLoader(digits, batch_size=16), dtype="float32") as watch:
        watch.snapshot(epoch=0)
    assert watch.receipt.missing == {}
    (captured,) = snapshots(home, "head:input")
    with torch.no_grad():
        model.eval()
        batches = [model.body(digits.images[start : start + 16]).float() for start in range(0, N, 16)]
    np.testing.assert_array_equal(captured.vectors, torch.cat(batches).numpy())


def test_autocast_and_quantised_models(home: Path) -> None:
    torch.manual_seed(1)
    loader = DataLoader(Digits(96, N), batch_size=16)
    with watching(Plain(), loader, layers="head") as watch, torch.autocast("cpu", torch.bfloat16):
        watch.snapshot(epoch=0)
    assert watch.receipt.missing == {}
    quantised: Any = nn.Sequential(nn.Flatten(), Quantised(64, 6))
    with watching(quantised, loader, layers="1", dtype="float32") as watch:
        watch.snapshot(epoch=0)
    (captured,) = snapshots(home, "1")
    with torch.no_grad():
        np.testing.assert_allclose(captured.vectors, quantised(Digits(96, N).images).numpy(), rtol=1e-4)


class Quantised(nn.Module):
    """Weights of eight bits, as torchao and others keep them."""

    def __init__(self, wide: int, narrow: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.randint(-127, 127, (narrow, wide), dtype=torch.int8))
        self.register_buffer("scale", torch.full((narrow, 1), 0.01))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return F.linear(rows, self.weight.float() * self.scale)


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.filterwarnings("ignore:.*requires_grad=True.*")
def test_what_checkpointing_computes_again_is_ignored(home: Path, reentrant: bool) -> None:
    class Checkpointed(Net):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.signature(images[:, 0, :1, 0])
            images = images.clone().requires_grad_()
            return self.head(checkpoint(self.body, images, use_reentrant=reentrant))

    seen: list[np.ndarray] = []

    class Seen(Checkpointed):
        def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
            handle = self.body[3].register_forward_hook(
                lambda _, args, output: seen.append(output.detach().clone().numpy())
            )
            loss = super().training_step(batch, batch_idx)
            handle.remove()  # before the backward pass computes it again
            return loss

    ours = callback(layers=["signature", "body.3"], splits={"train": "ride"}, dtype="float32")
    fit(ours, model=Seen(), epochs=1)
    assert ours.receipt.missing == {}
    (signature,), (body,) = snapshots(home, "signature", "train"), snapshots(home, "body.3", "train")
    np.testing.assert_array_equal(signed(signature.vectors), np.arange(96))
    assert body.ids.tolist() == list(range(96))
    rows = np.concatenate(seen)
    assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, body.vectors.tolist()))


@pytest.mark.filterwarnings("ignore:.*is not a leaf Tensor.*")  # dynamo's own
@pytest.mark.parametrize("order", ["before", "after", "within", "twice"])
def test_compiled_train_steps_have_no_graph_breaks(home: Path, order: str) -> None:
    """Capture aside leaves the compiled train step alone: one graph, no break, no compilation again."""
    from torch._dynamo.utils import counters

    torch._dynamo.reset()
    counters.clear()
    model: Any = Plain()
    digits = Digits(0, 64)
    loader = DataLoader(digits, batch_size=16)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    compiled = torch.compile(model, backend="eager")
    if order == "within":
        model.body = torch.compile(model.body, backend="eager")
        compiled = model

    def epoch() -> None:
        for images, labels in loader:
            optimizer.zero_grad()
            F.cross_entropy(compiled(images), labels).backward()
            optimizer.step()

    if order in ("after", "twice"):
        epoch()
    for _ in range(2 if order == "twice" else 1):
        with watching(
            compiled, DataLoader(digits, batch_size=16), layers=["signature"], dtype="float32"
        ) as watch:
            for number in range(2):
                epoch()
                assert watch.snapshot(epoch=number)
        assert watch.receipt.missing == {}
        assert watch.receipt.layers[0].n == 64
    assert not counters["graph_break"]
    assert counters["stats"]["unique_graphs"] == 1
    for captured in snapshots(home, "signature"):
        np.testing.assert_array_equal(signed(captured.vectors), captured.ids)
