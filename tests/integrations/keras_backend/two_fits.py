"""One of two processes that train together, started by `check_passes`; arguments: rank and port."""

from __future__ import annotations

import os
import sys

rank, port = int(sys.argv[1]), int(sys.argv[2])
backend = os.environ["KERAS_BACKEND"]
os.environ.pop("XLA_FLAGS", None)

if backend == "jax":
    import jax

    jax.distributed.initialize(f"127.0.0.1:{port}", num_processes=2, process_id=rank)
else:
    import torch.distributed as dist

    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
import keras
import numpy as np

from chroma.integrations.keras import ChromaCallback

model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
x, y = np.zeros((64, 4), np.float32), np.zeros(64, np.int64)
history = model.fit(x, y, epochs=1, verbose=0, callbacks=[ChromaCallback(project="tests", silent=True)])
assert len(history.history["loss"]) == 1
if backend == "torch":
    dist.destroy_process_group()
