"""Who taught it that: are an error's strongest opponents wrong labels, and does it help to leave them out?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from chroma.insight.across import nearest_across
from chroma.insight.influence import Step, influence, strongest
from insight_parts.texts import LIBRARIES, WORDS

Labels = npt.NDArray[np.int64]
# Training samples left out for an error, and opponents looked at.
LEFT_OUT, LOOKED_AT = 40, 10


class Headed(nn.Module):
    """A body, and the last layer on top of it."""

    def __init__(self, body: nn.Module, width: int, classes: int) -> None:
        super().__init__()
        self.body, self.head = body, nn.Linear(width, classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(inputs))


def cnn(classes: int) -> Headed:
    convolutions = [
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
    ]
    flat = [nn.ReLU(), nn.AdaptiveMaxPool2d(4), nn.Flatten(), nn.Linear(256, 64), nn.ReLU()]
    return Headed(nn.Sequential(*convolutions, *flat), 64, classes)


def text_model() -> Headed:
    bag = nn.EmbeddingBag(WORDS, 32, mode="mean", padding_idx=0)
    return Headed(nn.Sequential(bag, nn.Linear(32, 64), nn.ReLU()), 64, len(LIBRARIES))


@dataclass(frozen=True)
class Task:
    """Inputs and labels to learn, some of them wrong, and others to be asked about."""

    make: Callable[[], Headed]
    epochs: int
    x: torch.Tensor
    y: Labels
    wrong: npt.NDArray[np.bool_]
    asked: torch.Tensor
    truth: Labels


def task(  # noqa: PLR0917
    make: Callable[[], Headed],
    data: tuple[npt.NDArray, Labels],
    size: int,
    rate: float,
    epochs: int,
    seed: int,
) -> Task:
    """`size` samples to learn, of which a share gets another class at random; the rest is asked about."""
    inputs, labels = data
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(inputs))
    x, y = inputs[order], labels[order]
    classes, count = int(labels.max()) + 1, round(rate * size)
    wrong = np.zeros(size, bool)
    wrong[rng.choice(size, count, replace=False)] = True
    given = y[:size].copy()
    given[wrong] = (given[wrong] + rng.integers(1, classes, count)) % classes
    return Task(make, epochs, torch.from_numpy(x[:size]), given, wrong, torch.from_numpy(x[size:]), y[size:])


def learn(asked: Task, kept: Labels, seed: int, each: Callable[[Headed], None] | None = None) -> Headed:
    """Train on the rows `kept`; `each` is called after every epoch."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = asked.make()
    x, y = asked.x[kept], torch.from_numpy(asked.y[kept])
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(asked.epochs):
        net.train()
        for batch in torch.randperm(len(x)).split(64):
            loss = nn.functional.cross_entropy(net(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        if each is not None:
            each(net)
    return net


def watched(asked: Task, seed: int) -> tuple[list[Step], npt.NDArray[np.float32]]:
    """A training with features and logits of both sets after each epoch; and the last logits asked about."""
    steps: list[Step] = []

    def keep(net: Headed) -> None:
        with torch.no_grad():
            ours, theirs = net.body(asked.x), net.body(asked.asked)
            steps.append(Step(*(t.numpy() for t in (ours, net.head(ours), theirs, net.head(theirs)))))

    learn(asked, np.arange(len(asked.y)), seed, keep)
    return steps, np.asarray(steps[-1].asked_logits)


def opponents(asked: Task, seed: int) -> tuple[float, float, int]:
    """Share of wrong labels among the ten strongest opponents of each error, and among its ten nearest."""
    steps, said = watched(asked, seed)
    errors = np.flatnonzero(said.argmax(axis=1) != asked.truth)
    few = [Step(s.features, s.logits, s.asked_features[errors], s.asked_logits[errors]) for s in steps]
    against, _ = strongest(influence(few, asked.y, asked.truth[errors]), count=LOOKED_AT)
    near, _ = nearest_across(steps[-1].asked_features[errors], steps[-1].features, k=LOOKED_AT)
    return float(asked.wrong[against].mean()), float(asked.wrong[near].mean()), len(errors)


def retraining(asked: Task, count: int, seed: int) -> dict[str, npt.NDArray[np.float64]]:
    """What each of `count` errors' margin gains when 40 training samples are left out, by who chose them."""
    steps, said = watched(asked, seed)
    rng = np.random.default_rng(seed)
    errors = np.flatnonzero(said.argmax(axis=1) != asked.truth)
    errors = rng.permutation(errors)[:count]
    few = [Step(s.features, s.logits, s.asked_features[errors], s.asked_logits[errors]) for s in steps]
    against, _ = strongest(influence(few, asked.y, asked.truth[errors]), count=LEFT_OUT)
    n = len(asked.y)
    near, _ = nearest_across(steps[-1].asked_features[errors], steps[-1].features, k=n)
    gains: dict[str, list[float]] = {"influence": [], "nearest of another label": [], "random": []}
    for at, error in enumerate(errors):
        others = near[at][asked.y[near[at]] != asked.truth[error]][:LEFT_OUT]
        chosen = (against[at], others, rng.choice(n, LEFT_OUT, replace=False))
        for name, rows in zip(gains, chosen, strict=True):
            net = learn(asked, np.setdiff1d(np.arange(n), rows), seed)
            with torch.no_grad():
                now = net(asked.asked[error : error + 1]).numpy()
            gains[name].append(
                _margin(now, asked.truth[error]) - _margin(said[error][None], asked.truth[error])
            )
    return {name: np.array(each) for name, each in gains.items()}


def _margin(logits: npt.NDArray[np.float32], label: np.int64) -> float:
    others = np.delete(logits[0], label)
    return float(logits[0, label] - others.max())
