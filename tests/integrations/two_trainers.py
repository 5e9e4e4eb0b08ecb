"""A Trainer of two processes, started by `test_transformers`."""

from __future__ import annotations

import sys
import warnings

from chroma.integrations.transformers import ChromaCallback
from tests.integrations.words import Reviews, made

if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    ours = ChromaCallback(
        layers="signature", splits=("train", "val"), dtype="float32", project="tests", silent=True
    )
    trainer = made(
        ours,
        folder=sys.argv[1],
        train=Reviews(30),
        val=Reviews(41),
        per_device_train_batch_size=4,
        per_device_eval_batch_size=8,
        ddp_backend="gloo",
    )
    trainer.train()
