"""Real trainings for the ten jobs, and what is true of them: `python -m tests.e2e.jobs_training FOLDER`.

The runs go into the home that CHROMA_HOME names: two convolutional networks on digits with wrong labels among
them, a regression, a classifier of texts and one of several labels a sample. FOLDER gets `NAME.npz` for each:
what was done to its labels, and what the model says after each epoch, asked for by this script itself. The
data are those in scikit-learn's package. CHROMA_JOBS_DATA names other images in place of its digits: `.npz`
with `images` of [n, height, width] bytes and `labels` of n digits.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch
from sklearn import datasets
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import nn
from torch.utils.data import DataLoader, Dataset

import chroma

PROJECT = "jobs"
NOISE = 0.03  # share of training labels that are wrong
DATA = os.environ.get("CHROMA_JOBS_DATA")
EPOCHS = {"first": 6, "second": 2}
MARKS = {"0 or 6": (0, 6), "1 or 7": (1, 7), "2 or 3": (2, 3)}


def main() -> None:
    """Train all, in seconds."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for seed, (name, epochs) in enumerate(EPOCHS.items()):
        np.savez(folder / f"{name}.npz", **train_images(name, seed, epochs))
    np.savez(folder / "progression.npz", **train_regression("progression"))
    np.savez(folder / "marks.npz", **train_several_labels("marks"))
    np.savez(folder / "pages.npz", **train_texts("pages"))


def images() -> tuple[np.ndarray, np.ndarray]:
    """Pixels from 0 to 1, [n, height, width], in a random order, and their classes."""
    if DATA:
        with np.load(DATA) as file:
            pixels, labels = file["images"] / 255, file["labels"]
    else:
        digits = datasets.load_digits()
        pixels, labels = digits.images / 16, digits.target
    order = np.random.default_rng(3).permutation(len(labels))
    return pixels[order].astype(np.float32), labels[order].astype(np.int64)


def some(n: int) -> np.ndarray:
    """The ids whose labels are made wrong."""
    return np.sort(np.random.default_rng(5).choice(n, round(NOISE * n), replace=False))


class Rows(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    def __init__(self, inputs: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> None:
        self.inputs, self.labels, self.classes = torch.tensor(inputs), torch.tensor(labels), classes

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.inputs[at], self.labels[at]


class Network(nn.Module):
    """Two convolutions, 64 features, and beside them a branch of which all units are dead."""

    def __init__(self, side: int) -> None:
        super().__init__()
        pool = 2 if side > 16 else 1
        half = (side // pool + 1) // 2
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(pool),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * half**2, 64),
            nn.ReLU(),
        )
        dead = nn.Linear(64, 64)
        nn.init.constant_(dead.bias, -30)  # where one step that was too large leaves it
        self.branch = nn.Sequential(dead, nn.ReLU())
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(64, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.body(images)
        return self.head(self.dropout(features + self.branch(features)))


def said(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """What the model gives for all rows, in evaluation mode."""
    was = model.training
    model.eval()
    with torch.inference_mode():
        given = torch.cat([model(part) for part in inputs.split(256)])
    model.train(was)
    return given


def train_images(name: str, seed: int, epochs: int) -> dict[str, np.ndarray]:
    torch.manual_seed(seed)
    pixels, labels = images()
    pixels, many = pixels[:, None], round(len(labels) * 0.6)
    given, wrong = labels.copy(), some(many)
    given[wrong] = (given[wrong] + np.random.default_rng(6).integers(1, 10, len(wrong))) % 10
    classes = tuple(str(digit) for digit in range(10))
    train, val = Rows(pixels[:many], given[:many], classes), Rows(pixels[many:], labels[many:], classes)
    batches = DataLoader(train, batch_size=32, shuffle=True)
    model = Network(pixels.shape[2])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3 if DATA else 3e-3)
    seen: dict[str, list[np.ndarray]] = {"train": [], "val": []}
    with chroma.watch(
        model,
        loader={"train": batches, "val": DataLoader(val, batch_size=256)},
        layers=["body", "branch"] if name == "first" else ["body"],
        project=PROJECT,
        name=name,
        silent=True,
    ) as watching:
        for epoch in range(epochs):
            model.train()
            for rows, wanted in batches:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(rows), wanted)
                loss.backward()
                optimizer.step()
            watching.snapshot(epoch=epoch)
            for split, of in (("train", train), ("val", val)):
                seen[split].append(said(model, of.inputs).argmax(1).numpy())
            accuracy = float((seen["val"][-1] == labels[many:]).mean())
            watching.log_metrics({"train_loss": loss.item(), "val_acc": accuracy}, epoch=epoch)
    with torch.inference_mode():
        branch = model.eval().branch(model.body(val.inputs)).numpy()
    return {
        **{f"predictions_{split}": np.stack(each) for split, each in seen.items()},
        **{"given_train": given[:many], "right_train": labels[:many], "given_val": labels[many:]},
        **{"wrong": wrong, "branch": branch},
    }


def perceptron(inputs: int, outputs: int, wide: int = 32) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(inputs, wide), nn.ReLU(), nn.Linear(wide, outputs))


def train_regression(name: str) -> dict[str, np.ndarray]:
    """Diabetes, some of whose targets are far off."""
    x, y = datasets.load_diabetes(return_X_y=True)
    x, given = (x / x.std(0)).astype(np.float32), ((y - y.mean()) / y.std()).astype(np.float32)
    wrong = some(len(given))
    given[wrong] += 8
    model, inputs, targets = perceptron(10, 1), torch.tensor(x), torch.tensor(given)[:, None]
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    ids = np.arange(len(given))
    with chroma.init(PROJECT, name) as run:
        run.log_samples("train", ids=ids, labels=given)
        for epoch in range(4):
            for part in torch.randperm(len(ids)).split(32):
                optimizer.zero_grad()
                nn.functional.huber_loss(model(inputs[part]), targets[part]).backward()
                optimizer.step()
            hidden = said(model[:2], inputs).numpy()
            run.log_embeddings(hidden, layer="hidden", ids=ids, split="train", epoch=epoch)
            run.log_columns("train", ids, epoch=epoch, prediction=said(model, inputs)[:, 0].numpy())
    return {"wrong": wrong, "given_train": given}


def train_several_labels(name: str) -> dict[str, np.ndarray]:
    """Digits with a mark for each pair of alike ones; of some a mark is wrong."""
    digits = datasets.load_digits()
    pixels, digit = (digits.data[:1200] / 16).astype(np.float32), digits.target[:1200]
    given = np.stack([np.isin(digit, pair) for pair in MARKS.values()], 1).astype(np.float32)
    wrong = some(len(given))
    given[wrong, wrong % 3] = 1 - given[wrong, wrong % 3]
    rows = Rows(pixels, given, tuple(MARKS))
    model, ids = perceptron(64, 3, wide=64), np.arange(len(given))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = DataLoader(rows, batch_size=200)
    with chroma.watch(
        model, loader=loader, split="train", project=PROJECT, name=name, layers="1", silent=True
    ) as watching:
        for epoch in range(8):
            for part in torch.randperm(len(ids)).split(16):
                optimizer.zero_grad()
                nn.functional.binary_cross_entropy_with_logits(
                    model(rows.inputs[part]), rows.labels[part]
                ).backward()
                optimizer.step()
            watching.snapshot(epoch=epoch)
            chances = said(model, rows.inputs).sigmoid().numpy()
            columns = {f"probability:{mark}": chances[:, at] for at, mark in enumerate(MARKS)}
            if watching.run is not None:
                watching.run.log_columns("train", ids, epoch=epoch, **columns)
    return {"wrong": wrong, "given_train": given}


def train_texts(name: str) -> dict[str, np.ndarray]:
    """Paragraphs of the pages on scikit-learn's data sets, and which page each is of."""
    pages = (datasets.load_breast_cancer, datasets.load_diabetes, datasets.load_wine, datasets.load_iris)
    found = [(page, text) for page, load in enumerate(pages) for text in load().DESCR.split("\n")]
    found = [(page, " ".join(text.split())) for page, text in found if len(text.split()) > 3]
    labels, texts = np.array([page for page, _ in found]), [text for _, text in found]
    x = TfidfVectorizer(max_features=300).fit_transform(texts).toarray().astype(np.float32)
    model, inputs, targets = perceptron(x.shape[1], len(pages)), torch.tensor(x), torch.tensor(labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    ids = [f"line-{at}" for at in range(len(texts))]
    classes = [load.__name__.removeprefix("load_") for load in pages]
    with chroma.init(PROJECT, name) as run:
        run.log_samples("val", ids=ids, labels=labels, texts=texts, class_names=classes)
        for epoch in range(4):
            for part in torch.randperm(len(ids)).split(16):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(inputs[part]), targets[part]).backward()
                optimizer.step()
            hidden, logits = said(model[:2], inputs).numpy(), said(model, inputs).numpy()
            run.log_embeddings(hidden, layer="hidden", ids=ids, split="val", epoch=epoch, logits=logits)
    return {"texts": np.array(texts), "given_val": labels}


if __name__ == "__main__":
    main()
