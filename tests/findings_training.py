"""Real small trainings for findings: a network of two layers on digits, in NumPy, with labels flipped."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

import chroma


@dataclass(frozen=True)
class Trained:
    """A finished run, and what was done to its labels.

    Attributes:
        run_id: Its id.
        flipped: Ids of training samples whose label is wrong.
        truth: Right labels of the training samples, by id.
        given: Labels the training saw, by id.
    """

    run_id: str
    flipped: np.ndarray
    truth: np.ndarray
    given: np.ndarray


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return (pixels / 16).astype(np.float32), labels.astype(np.int64)


def train_digits(
    *,
    name: str = "digits",
    flip: float = 0.05,
    n: int = 600,
    epochs: int = 6,
    val: int = 300,
    seed: int = 0,
    splits: tuple[str, ...] = ("train", "val"),
    images: bool = False,
    leaked: int = 0,
    twice: int = 0,
    strange: int = 0,
) -> Trained:
    """Train 64 → 32 → 10 by mini-batches of 20, and log features and logits of both splits at every epoch.

    Args:
        name: Of the run.
        flip: Share of training labels that are made wrong.
        n: Training samples.
        epochs: How many.
        val: Validation samples.
        seed: Of weights, batches and flips.
        splits: Which are captured.
        images: Whether their images are.
        leaked: So many first validation samples are the first training samples.
        twice: So many last training samples are those at their beginning again.
        strange: So many validation samples at the end are noise.
    """
    pixels, labels = digits()
    random = np.random.default_rng(seed)
    order = np.random.default_rng(1).permutation(len(pixels))
    rows = {"train": order[:n], "val": order[n : n + val]}
    given = labels[rows["train"]].copy()
    flipped = random.choice(n, round(flip * n), replace=False)
    given[flipped] = (given[flipped] + random.integers(1, 10, len(flipped))) % 10
    seen = {"train": given, "val": labels[rows["val"]].copy()}
    shown = {split: pixels[at].copy() for split, at in rows.items()}
    shown["val"][:leaked], seen["val"][:leaked] = shown["train"][:leaked], given[:leaked]
    if twice:
        shown["train"][-twice:], given[-twice:] = shown["train"][:twice], given[:twice]
    if strange:
        shown["val"][-strange:] = random.choice([0.0, 1.0], (strange, 64))
    first, second = random.normal(size=(64, 32)) * 0.2, random.normal(size=(32, 10)) * 0.2
    with chroma.init(project="tests", name=name) as run:
        for split in splits:
            pictures = [_png(each) for each in shown[split]] if images else None
            run.log_samples(
                split,
                ids=np.arange(len(rows[split])),
                labels=seen[split],
                images=pictures,
                class_names=[f"digit {value}" for value in range(10)],
            )
        for epoch in range(epochs):
            for batch in np.array_split(random.permutation(n), n // 20):
                x = shown["train"][batch]
                hidden = np.maximum(x @ first, 0)
                gap = _softmax(hidden @ second)
                gap[np.arange(len(batch)), given[batch]] -= 1
                back = (gap @ second.T) * (hidden > 0)
                second -= 0.5 * hidden.T @ gap / len(batch)
                first -= 0.5 * x.T @ back / len(batch)
            for split in splits:
                hidden = np.maximum(shown[split] @ first, 0)
                run.log_embeddings(
                    hidden.astype(np.float32),
                    layer="hidden",
                    ids=np.arange(len(hidden)),
                    split=split,
                    epoch=epoch,
                    step=(epoch + 1) * (n // 20),
                    labels=seen[split],
                    logits=(hidden @ second).astype(np.float32),
                )
    return Trained(run.id, np.sort(flipped), labels[rows["train"]], given)


def _softmax(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _png(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((pixels.reshape(8, 8) * 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
