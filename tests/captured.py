"""A small run, written to a journal as a training process writes it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from chroma.journal import JournalWriter
from chroma.records import LayerNote, Metrics, Outputs, RunClosed, RunOpened, Samples, Snapshot

CLASSES = ("zero", "one", "two")


@dataclass
class Captured:
    """What was written: vectors by (layer, epoch)."""

    run: str
    ids: np.ndarray
    labels: np.ndarray
    vectors: dict[tuple[str, int], np.ndarray]
    predictions: np.ndarray


def capture(
    home: Path,
    run: str = "run-a",
    *,
    name: str = "brave-fox",
    n: int = 60,
    epochs: int = 3,
    dtype: str = "float32",
    keys: bool = False,
    close: bool = True,
) -> Captured:
    """Write a run of two layers on one split: n samples of three classes that move apart."""
    random = np.random.default_rng(7)
    ids = np.arange(n, dtype=np.int64)[::-1] * 3  # not sorted: the order must survive
    if keys:
        ids = np.array([f"smp/ü {each}" for each in ids.tolist()], dtype=object)
    labels = np.arange(n, dtype=np.int64) % len(CLASSES)
    writer = JournalWriter(home / "journal", run)
    writer.commit(RunOpened(project="digits", name=name, framework="lightning 2.6.1", task="classification"))
    writer.commit(
        Samples(
            split="val",
            ids=ids,
            of=2 * n,
            identity="key" if keys else "index",
            labels=labels,
            class_names=CLASSES,
            images=[_png(int(label)) for label in labels],
            metadata={"brightness": random.normal(size=n)},
        )
    )
    vectors: dict[tuple[str, int], np.ndarray] = {}
    predictions = labels.copy()
    predictions[0] = (predictions[0] + 1) % len(CLASSES)
    for epoch in range(epochs):
        step = 10 * (epoch + 1)
        for layer, width in (("encoder.fc1", 8), ("head", 3)):
            apart = np.eye(width)[labels] * epoch
            batch = (apart + random.normal(size=(n, width))).astype(dtype)
            vectors[layer, epoch] = batch
            note = LayerNote(reason="input of the classifier head", default=layer == "encoder.fc1")
            writer.commit(Snapshot(layer, "val", epoch, step, ids, batch, of=n, note=note))
        ones = np.ones(n, dtype=np.float32)
        writer.commit(Outputs("val", epoch, step, ids, predictions, ones * 0.5, ones * 0.25, ones * 0.1))
        writer.commit(Metrics(epoch=epoch, step=step, values={"val_acc": 0.5 + epoch / 10}))
    if close:
        writer.commit(RunClosed("finished"))
        writer.close()
    return Captured(run, ids, labels, vectors, predictions)


def _png(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (8, 8), shade * 80).save(buffer, "PNG")
    return buffer.getvalue()
