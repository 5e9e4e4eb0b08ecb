"""One of two processes that train together, started by `check_passes`; arguments: rank and port."""

from __future__ import annotations

import os
import sys

import keras
import numpy as np

from chroma.integrations.keras import ChromaCallback


def together(rank: int, port: int) -> None:
    """Join the other process, as the backend does it."""
    if keras.backend.backend() == "jax":
        import jax

        jax.distributed.initialize(f"127.0.0.1:{port}", num_processes=2, process_id=rank)
    else:
        import torch.distributed as dist

        dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)


if __name__ == "__main__":
    os.environ.pop("XLA_FLAGS", None)
    together(int(sys.argv[1]), int(sys.argv[2]))
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.zeros((64, 4), np.float32), np.zeros(64, np.int64)
    ours = ChromaCallback(project="tests", silent=True)
    assert len(model.fit(x, y, epochs=1, verbose=0, callbacks=[ours]).history["loss"]) == 1
