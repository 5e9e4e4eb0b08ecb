"""A run with training and validation samples at the same ids and positions, for the browser tests."""

from __future__ import annotations

import numpy as np

import chroma

TRAIN, VAL, EPOCHS, DIM = 90, 60, 3, 6
# The first samples of val are the last of train once more: leaks.
LEAKS = 4
# The last samples of val are like no training sample.
STRANGE = 2


def log_two_splits(name: str = "both", project: str = "together") -> None:
    """Log it into the home that CHROMA_HOME names."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 3, TRAIN + VAL)
    labels[TRAIN : TRAIN + LEAKS] = labels[TRAIN - LEAKS : TRAIN]
    noise = rng.normal(size=(TRAIN + VAL, DIM)) * 0.4
    images = rng.integers(0, 255, (TRAIN + VAL, 8, 8), dtype=np.uint8)
    images[TRAIN : TRAIN + LEAKS] = images[TRAIN - LEAKS : TRAIN]
    splits = {"train": slice(0, TRAIN), "val": slice(TRAIN, None)}
    with chroma.init(project, name) as run:
        for split, rows in splits.items():
            n = len(labels[rows])
            run.log_samples(
                split,
                ids=np.arange(n),
                labels=labels[rows],
                images=images[rows],
                metadata={"place": [f"{split} {at}" for at in range(n)]},
                class_names=["ant", "bee", "cat"],
            )
        for epoch in range(EPOCHS):
            vectors = np.eye(DIM)[labels] * (epoch + 1) + noise
            vectors[TRAIN : TRAIN + LEAKS] = vectors[TRAIN - LEAKS : TRAIN]
            vectors[-STRANGE:] = -6
            for split, rows in splits.items():
                n = len(labels[rows])
                logits = vectors[rows, :3].astype(np.float32)
                run.log_embeddings(
                    vectors[rows], layer="body", ids=np.arange(n), split=split, epoch=epoch, logits=logits
                )
