"""Small trainings, clean or with one injected fault, watched by Chroma as a user would watch them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

import chroma

EPOCHS = 20
FAULTS = {
    "learning rate": "far too high, from the start",
    "shifted labels": "from an epoch on, y + 1 is taught",
    "dead layer": "from an epoch on, a bias drives the units of the last hidden layer below zero, one by one",
    "half overflow": "from an epoch on, features grow and the head shrinks alike; float16 ends at 65,504",
    "ssl collapse": "self-supervised, without what keeps all vectors from becoming one",
    "forgetting": "from an epoch on, half of the classes are trained no more",
    "leak": "30 % of the validation samples are among the training samples",
    "noise shard": "from an epoch on, 30 % of the training samples are noise with random labels",
}
_SHARE = 0.3
_GROWTH, _DYING = 3.0, 0.8  # an epoch: of features; of a bias, in sums of a unit's weights


@dataclass(frozen=True)
class Trained:
    """What a training gave.

    Attributes:
        steps: In all.
        losses: Validation loss by step, after each epoch.
        fault_at: Step from which the fault is there.
        about: Model and optimizer.
    """

    steps: int
    losses: dict[int, float]
    fault_at: int
    about: str


class Classifier(nn.Module):
    """A body, which may grow its features in half precision, and a head."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.head = body, nn.Linear(width, 10)
        self.growth = 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.body(x)
        return self.head(h if self.growth == 1.0 else (h * self.growth).half().float())


class Twins(nn.Module):
    """Two views are drawn together (SimSiam, Chen & He 2021); if broken, nothing keeps them apart."""

    def __init__(self, body: nn.Module, width: int, *, broken: bool) -> None:
        super().__init__()
        norm = nn.Identity() if broken else nn.BatchNorm1d(32, affine=False)
        self.body, self.projector = body, nn.Sequential(nn.Linear(width, 32), norm)
        self.predictor = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.projector(self.body(x))


def data_of(path: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images `[n, 1, h, w]`, 0..1, and labels `[n]`: of an .npz with `images` and `labels`, else digits."""
    if path:
        with np.load(Path(path)) as file:
            x, y = file["images"][:2500], file["labels"][:2500]
    else:
        from sklearn.datasets import load_digits

        found: Any = load_digits()
        x, y = found.images, found.target
    return torch.tensor(x[:, None] / x.max(), dtype=torch.float32), torch.tensor(y.astype(np.int64))


def train(
    fault: str, seed: int, x: torch.Tensor, y: torch.Tensor, *, twins: bool = False, **options: Any
) -> Trained:
    """Train 20 epochs of a model that the seed chooses; Chroma writes to `CHROMA_HOME`.

    Args:
        fault: One of `FAULTS`; "" for none.
        seed: Of model, optimizer, batches, splits and the epoch of the fault.
        x: Images.
        y: Labels.
        twins: Self-supervised, as "ssl collapse" is.
        **options: Of `chroma.watch`.
    """
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    twins = twins or fault == "ssl collapse"
    begins = 0 if fault in ("", "learning rate", "ssl collapse", "leak") else int(chance.integers(7, 13))
    order = torch.tensor(chance.permutation(len(x)))
    val, rest = order[: len(x) // 4], order[len(x) // 4 :]
    vx, vy, tx, ty = x[val], y[val], x[rest].clone(), y[rest].clone()
    if fault == "leak":
        few = int(_SHARE * len(val))
        tx, ty = torch.cat([tx[few:], vx[:few]]), torch.cat([ty[few:], vy[:few]])
    body, width, last = _body(int(chance.integers(3)), x.shape[-1])
    model: Any = Twins(body, width, broken=bool(fault)) if twins else Classifier(body, width)
    batch = int(chance.choice([64, 128]))
    optimizer, about = _optimizer(model, chance, wild=fault == "learning rate")
    sampler = SubsetRandomSampler(range(len(tx)))
    loader = DataLoader(TensorDataset(tx, ty), batch, sampler=sampler)
    shown = {"train": loader, "val": DataLoader(TensorDataset(vx, vy), 256)}
    losses: dict[int, float] = {}
    step = fault_at = 0
    name, most = f"{fault or 'clean'} {seed}", {"train": 500, "val": None}
    with chroma.watch(
        model, loader=shown, name=name, silent=True, log_inputs=False, max_samples=most, **options
    ) as watch:
        for epoch in range(EPOCHS):
            if epoch == begins:
                fault_at = step
                _change_data(fault, chance, tx, ty, sampler)
            for images, labels in loader:
                optimizer.zero_grad()
                loss = _twin_loss(model, images, fault) if twins else F.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                step += 1
                if epoch >= begins:
                    _change_model(fault, model, last, 1 / len(loader))
            losses[step] = _validate(model, vx, vy, fault, twins=twins)
            watch.snapshot(epoch=epoch, step=step)
    return Trained(step, losses, fault_at, f"{type(body).__name__} {width}, {about}, batches of {batch}")


def _body(kind: int, side: int) -> tuple[nn.Module, int, nn.Linear]:
    """A body that ends in a ReLU, the width of its features, and its last layer with weights."""
    pixels = side * side
    if kind == 0:
        last = nn.Linear(64, 32)
        return nn.Sequential(nn.Flatten(), nn.Linear(pixels, 64), nn.ReLU(), last, nn.ReLU()), 32, last
    if kind == 1:
        last = nn.Linear(128, 64)
        first = (nn.Flatten(), nn.Linear(pixels, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.2))
        return nn.Sequential(*first, last, nn.ReLU()), 64, last
    last = nn.Linear(16 * (side // 4) ** 2, 48)
    first = (nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    second = (nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*first, *second, nn.Flatten(), last, nn.ReLU()), 48, last


def _optimizer(model: nn.Module, chance: np.random.Generator, *, wild: bool) -> tuple[Any, str]:
    if chance.random() < 0.5:
        rate = float(chance.choice([0.02, 0.05, 0.1])) * (30 if wild else 1)
        return torch.optim.SGD(model.parameters(), rate, momentum=0.9), f"SGD {rate:g}"
    rate = float(chance.choice([1e-3, 3e-3])) * (100 if wild else 1)
    return torch.optim.AdamW(model.parameters(), rate), f"AdamW {rate:g}"


def _change_data(
    fault: str, chance: np.random.Generator, tx: torch.Tensor, ty: torch.Tensor, sampler: SubsetRandomSampler
) -> None:
    """Change the training samples in place, or which of them are drawn."""
    if fault == "shifted labels":
        ty.copy_((ty + 1) % 10)
    elif fault == "noise shard":
        few = torch.tensor(chance.permutation(len(tx))[: int(_SHARE * len(tx))])
        tx[few], ty[few] = torch.rand_like(tx[few]), torch.randint(0, 10, (len(few),))
    elif fault == "forgetting":
        sampler.indices = torch.nonzero(ty < 5).flatten().tolist()


@torch.no_grad()
def _change_model(fault: str, model: Any, last: nn.Linear, share: float) -> None:
    if fault == "dead layer":
        last.bias -= share * _DYING * last.weight.abs().sum(dim=1).mean()
    elif fault == "half overflow":
        model.growth *= _GROWTH**share
        model.head.weight /= _GROWTH**share


def _twin_loss(model: Twins, images: torch.Tensor, fault: str) -> torch.Tensor:
    views = [images + 0.2 * torch.randn_like(images) for _ in range(2)]
    first, second = (model(view) for view in views)
    if fault:  # no predictor, no stopped gradient
        return -F.cosine_similarity(first, second).mean() + 0.1 * (first - second).square().mean()
    one, two = model.predictor(first), model.predictor(second)
    return -0.5 * (
        F.cosine_similarity(one, second.detach()).mean() + F.cosine_similarity(two, first.detach()).mean()
    )


@torch.no_grad()
def _validate(model: Any, x: torch.Tensor, y: torch.Tensor, fault: str, *, twins: bool) -> float:
    state, mode = torch.get_rng_state(), model.training
    model.eval()
    loss = _twin_loss(model, x, fault) if twins else F.cross_entropy(model(x), y)
    model.train(mode)
    torch.set_rng_state(state)
    return float(loss)
