"""Modules that are called on other rows than the batch's: the batch's own are stored, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from chroma.capture.layers import Chosen
from chroma.guard import Guard
from chroma.integrations._torch.call_origin import CallOrigins
from chroma.integrations._torch.dependence import goes_with, rows_in
from chroma.integrations._torch.layer_hooks import LayerHooks
from tests.integrations.digits import Digits, fit, outputs, snapshots
from tests.integrations.lightning_setup import LIGHTNING, callback

pytestmark = [*LIGHTNING, pytest.mark.filterwarnings("ignore:.*have no `validation_step`.*")]
N, SIZE = 64, 16


def flat() -> TensorDataset:
    digits = Digits(0, N)
    return TensorDataset(digits.images.flatten(1), digits.labels)


class Adversarial(pl.LightningModule):
    """A generator and a critic; `steps` makes the calls of a training step."""

    def __init__(self, steps: Callable[[Any, Tensor, int], Tensor]) -> None:
        super().__init__()
        self.steps = steps
        self.generator = nn.Sequential(nn.Linear(6, 64), nn.Sigmoid())
        self.critic = nn.Sequential(nn.Linear(64, 12), nn.LeakyReLU(), nn.Linear(12, 1))

    def forward(self, noise: Tensor) -> Tensor:
        return self.generator(noise)

    def made(self, like: Tensor) -> Tensor:
        return self(torch.randn(len(like), 6))

    def training_step(self, batch: Any, number: int) -> Tensor:
        return self.steps(self, batch[0], number)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.0)  # what is stored can be computed again


def fakes_first(model: Adversarial, real: Tensor, _: int) -> Tensor:
    return model.critic(model.made(real)).mean() - model.critic(real).mean()


def in_turns(model: Adversarial, real: Tensor, number: int) -> Tensor:
    """The generator's turn at every second batch: then the critic sees no real image."""
    return model.critic(model.made(real) if number % 2 else real).mean()


def rescaled(model: Adversarial, real: Tensor, _: int) -> Tensor:
    return model.critic(model.made(real) - 0.5).mean() - model.critic(real * 2 - 1).mean()


def ride(model: Any, data: Any = None, **options: Any) -> Any:
    ours = callback(splits={"train": "ride"}, dtype="float32", **options)
    train = DataLoader(flat() if data is None else data, batch_size=SIZE)
    fit(ours, model=model, train=train, val=[], epochs=2, limit_val_batches=0)
    return ours.receipt


@pytest.mark.parametrize("steps", [fakes_first, rescaled], ids=lambda steps: steps.__name__)
def test_a_critic_is_captured_on_the_real_images(home: Path, steps: Any) -> None:
    model = Adversarial(steps)
    receipt = ride(model)
    assert [(line.layer, line.n) for line in receipt.layers] == [("critic.2:input", N)]
    real = flat().tensors[0]
    wanted = model.critic[:2](real * 2 - 1 if steps is rescaled else real).detach().numpy()
    taken = snapshots(home, "critic.2:input", "train")
    for captured in taken:
        np.testing.assert_array_equal(captured.ids, np.arange(N))
        np.testing.assert_allclose(captured.vectors, wanted, atol=1e-5)
    assert "the first call on the batch's own rows counts" in taken[-1].note.reason
    assert not outputs(home)


def test_batches_that_a_layer_does_not_see_are_missing_not_wrong(home: Path) -> None:
    model = Adversarial(in_turns)
    receipt = ride(model)
    wanted = model.critic[:2](flat().tensors[0]).detach().numpy()
    (first, _) = snapshots(home, "critic.2:input", "train")
    assert first.ids.tolist() == [*range(SIZE), *range(2 * SIZE, 3 * SIZE)]
    np.testing.assert_allclose(first.vectors, wanted[first.ids], atol=1e-6)
    assert receipt.missing == {"critic.2:input gave no vectors for some batches": 4}


class Step(pl.LightningModule):
    """A network that a training step of the test's own calls."""

    def __init__(self, step: Callable[[Any, Any], Tensor]) -> None:
        super().__init__()
        self.step = step
        self.body, self.head = nn.Linear(64, 12), nn.Linear(12, 8)
        self.slow = nn.Linear(64, 20)

    def forward(self, rows: Tensor) -> Tensor:
        return self.head(self.body(rows).relu())

    def training_step(self, batch: Any, _: int) -> Tensor:
        return self.step(self, batch)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.0)


def siamese(model: Any, batch: Any) -> Tensor:
    return (model(batch[0]) - model(batch[1])).pow(2).mean()


def with_a_target(model: Any, batch: Any) -> Tensor:
    """A network that is not learned gives what the other is to give."""
    with torch.no_grad():
        wanted = model.slow(batch[1]).mean()
    loss = (model(batch[0]).mean() - wanted).pow(2)
    with torch.no_grad():
        model.slow(batch[0])
    return loss


def jittered(model: Any, batch: Any) -> Tensor:
    """Two views made in the step itself, as on a GPU."""
    views = [batch[0] + 0.05 * torch.randn_like(batch[0]) for _ in range(2)]
    one, other = (F.normalize(model(view)) for view in views)
    return F.cross_entropy(one @ other.T, torch.arange(len(one)))


@pytest.mark.parametrize("step", [siamese, with_a_target, jittered], ids=lambda step: step.__name__)
def test_of_several_calls_on_the_batch_the_first_counts(home: Path, step: Any) -> None:
    images = flat().tensors[0]
    model = Step(step)
    receipt = ride(model, TensorDataset(images, images.flip(1), flat().tensors[1]))
    assert [(line.layer, line.dim, line.n) for line in receipt.layers] == [
        ("head:input", 12, N),
        ("head", 8, N),
    ]
    (captured, _) = snapshots(home, "head", "train")
    wanted = model(images).detach().numpy()
    assert np.abs(captured.vectors - wanted).max() < (0.3 if step is jittered else 1e-6)
    assert not outputs(home)


def test_calls_are_linked_by_memory_or_by_what_autograd_remembers() -> None:
    layer, images = nn.Linear(6, 6), torch.rand(4, 6)
    origins = CallOrigins()
    origins.begin({"image": images, "name": ["a", "b", "c", "d"]})

    def call(rows: Tensor) -> tuple[bool, Tensor]:
        origins.enter("layer", layer, (rows,), {})
        linked, given = origins.linked, layer(rows)
        origins.leave("layer", given)
        return linked, given

    given = call(images)[1]
    for rows in (images.view(2, 2, 6)[0], given, given.detach()[:2], given.relu() * 2):
        assert call(rows)[0]
    others = call(torch.rand(4, 6))[1]
    for rows in (images / 2, others, others.detach()):
        assert not call(rows)[0]
    assert (origins.number, origins.outermost) == (9, {"layer"})
    origins.begin(torch.rand(4, 6))
    origins.enter("outer", layer, (images,), {})
    origins.enter("inner", layer, (images,), {})
    origins.leave("outer", images)  # the inner one raised, and the user went on
    assert origins.depth == 0
    assert not call(given)[0]  # of the batch before


def test_what_goes_with_a_batch_is_told_from_noise() -> None:
    torch.manual_seed(0)
    images = Digits(0, 32).images
    batch = rows_in((images, "text"), 32)
    for made in (images / 255 - 1, images.flip(3), images + 0.2 * torch.randn_like(images), images.exp()):
        assert goes_with(rows_in(made, 32), batch)
    for made in (torch.randn(32, 8), images[torch.randperm(32)], torch.zeros(32, 4), images * torch.nan):
        assert not goes_with(rows_in(made, 32), batch)
    assert not goes_with(rows_in(images[:8], 8), rows_in(images[:8], 8))  # too few to tell


def test_following_a_batch_takes_few_calls() -> None:
    """What the training's thread does for each batch beside copying; counted, as times differ."""
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    hooks = LayerHooks(model, Guard())
    hooks.outermost = ("",)
    layer = Chosen("1", "1", False, "auto", "as it is", "asked for")
    taken: list[Any] = []
    batch = (torch.randn(8, 4), torch.zeros(8, dtype=torch.int64))

    def run(*, followed: bool) -> int:
        calls = 0

        def count(_frame: Any, event: str, _of: Any) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            if followed:
                hooks.begin_batch(batch, 8)
            model(batch[0])
            if followed:
                hooks.end_batch()
        finally:
            sys.setprofile(None)
        return calls

    plain = run(followed=False)
    hooks.attach(layer, taken.append)
    with torch.no_grad():
        run(followed=True)
        assert run(followed=True) - plain <= 130
    assert len(taken) == 2
